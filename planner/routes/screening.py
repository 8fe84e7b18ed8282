"""Stops that no lorry could serve even alone, found before any search, each with the reason."""

from __future__ import annotations

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.routes.fleet import VehicleClass
from planner.routes.problem import RoundsProblem
from planner.routes.solution import REASONS, Unserved
from planner.solution import Reason

CAPACITY_SLACK = 1e-9
"""Tonnes are sums of decimals; a load this share over a limit is rounding, not excess."""


def parts_needed(problem: RoundsProblem, vehicle: VehicleClass) -> IntArray:
    """(n,) visits of one day in which a class could take what each stop has; 1 fits as it is."""
    parts = np.ones(len(problem.stops), np.int64)
    for streams, measure, limit in vehicle.limits():
        needed = np.ceil(problem.amounts(streams, measure) / limit - CAPACITY_SLACK)
        parts = np.maximum(parts, needed.astype(np.int64))
    return parts


def unservable(problem: RoundsProblem) -> dict[int, Reason]:
    """The reason by stop, for every stop that no class can serve by itself.

    Of several classes the one that comes nearest to serving the stop gives the reason.
    """
    deepest = np.full(len(problem.stops), -1)
    values: list[dict[str, float | str]] = [{} for _ in range(len(problem.stops))]
    for vehicle in problem.vehicles:
        for territory in sorted({int(one) for one in problem.stops.territory}):
            members = np.flatnonzero(problem.stops.territory == territory)
            failed, said = _failures(problem, vehicle, territory)
            better = members[failed[members] > deepest[members]]
            for i in better:
                values[i] = {name: array[i] for name, array in said.items()} | {
                    "vehicle": vehicle.id
                }
            deepest[better] = failed[better]
    return {
        int(i): Reason(REASONS[deepest[i]], (problem.stops.ids[i],), _shown(values[i]))
        for i in np.flatnonzero(deepest < len(REASONS))
    }


def servable_by(problem: RoundsProblem, vehicle: VehicleClass, territory: int) -> BoolArray:
    """(n,) stops that a class could serve by themselves."""
    served: BoolArray = _failures(problem, vehicle, territory)[0] == len(REASONS)
    return served


def _shown(values: dict[str, float | str]) -> dict[str, float | str]:
    return {key: one if isinstance(one, str) else float(one) for key, one in values.items()}


def _failures(
    problem: RoundsProblem, vehicle: VehicleClass, territory: int
) -> tuple[IntArray, dict[str, FloatArray]]:
    """(n,) position in REASONS of the first rule that fails, its length where none does."""
    key = ("failures", vehicle.id, territory)
    if key not in problem.remembered:
        problem.remembered[key] = _first_failures(problem, vehicle, territory)
    found: tuple[IntArray, dict[str, FloatArray]] = problem.remembered[key]
    return found


def _first_failures(
    problem: RoundsProblem, vehicle: VehicleClass, territory: int
) -> tuple[IntArray, dict[str, FloatArray]]:
    n = len(problem.stops)
    failed = np.full(n, len(REASONS))
    at = REASONS.index
    depots, sites = problem.depots_of(vehicle, territory), problem.sites_of(vehicle, territory)
    size = _sizes(problem, vehicle)
    times = _alone(problem, vehicle, depots, sites)

    def fail(where: BoolArray, reason: str) -> None:
        failed[where & (failed == len(REASONS))] = at(reason)

    carried = np.isin(np.arange(len(problem.goods)), vehicle.streams)
    has = (problem.stops.amount_t > 0) | (problem.stops.amount_m3 > 0)
    fail(np.any(has & ~carried, axis=1), "stream_not_carried")
    fail(~problem.may_serve(vehicle), "outside_licence")
    fail(np.full(n, not depots), "no_lorry")
    fail((size["share_of_lorry"] > 1 + CAPACITY_SLACK) & ~problem.stops.divisible,
         "larger_than_any_lorry")  # fmt: skip
    fail(np.full(n, bool(len(problem.disposal)) and not sites), "no_site")
    fail(~np.isfinite(times["round_s"]), "no_way")
    fail(times["arrive_s"] > problem.stops.closes_s, "window_not_reachable")
    too_long = times["round_s"] > vehicle.longest_out_s
    fail(too_long | (times["back_s"] > vehicle.shift_end_s), "longer_than_shift")
    fail(times["on_board_s"] > problem.longest_on_board_s(vehicle), "too_long_on_board")
    return failed, size | times


def _sizes(problem: RoundsProblem, vehicle: VehicleClass) -> dict[str, FloatArray]:
    share = np.zeros(len(problem.stops))
    for streams, measure, limit in vehicle.limits():
        share = np.maximum(share, problem.amounts(streams, measure) / limit)
    tonnes = problem.stops.amount_t.sum(axis=1)
    return {
        "share_of_lorry": share,
        "amount_t": tonnes,
        "payload_t": np.full(len(tonnes), vehicle.payload_t),
    }


def _alone(
    problem: RoundsProblem, vehicle: VehicleClass, depots: tuple[int, ...], sites: tuple[int, ...]
) -> dict[str, FloatArray]:
    """Times of a round to one stop and straight to empty, the quickest of all depots and sites."""
    stops, roads = problem.stops, problem.matrix(vehicle).duration_s
    n = len(stops)
    best = {name: np.full(n, np.inf) for name in ("round_s", "arrive_s", "back_s", "on_board_s")}
    parts = np.where(stops.divisible, parts_needed(problem, vehicle), 1)
    service_s = stops.service_s / parts
    for depot in depots:
        home = int(problem.depots.place[depot])
        out = roads[home, stops.place]
        arrive = np.maximum(vehicle.shift_start_s + out, stops.opens_s)
        ride, back, opens, closes = _homeward(problem, roads, home, sites)
        # Emptying waits for the site to open, and may come after it has closed.
        at_site = (arrive + service_s)[:, None] + ride
        end = at_site + np.maximum(opens - at_site, 0.0) + back
        end = np.where(at_site > closes, np.inf, end)
        found = {
            "round_s": out + service_s + (ride + back).min(axis=1),
            "arrive_s": arrive,
            "back_s": end.min(axis=1),
            "on_board_s": service_s + ride.min(axis=1),
        }
        best = {name: np.minimum(best[name], value) for name, value in found.items()}
    return best


def _homeward(
    problem: RoundsProblem, roads: FloatArray, home: int, sites: tuple[int, ...]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Ways to where a lorry empties, from there to the depot, and the hours of that place.

    Seconds: from each stop to each site (n, m), and of each site (m,) to the depot with emptying,
    from when and until when. Without sites it empties at the depot, at any hour.
    """
    if not sites:
        always = np.zeros(1), np.zeros(1), np.full(1, np.inf)
        return roads[problem.stops.place, home][:, None], *always
    at = list(sites)
    table, place = problem.disposal, problem.disposal.place[at]
    back = table.unload_s[at] + roads[place, home]
    return roads[np.ix_(problem.stops.place, place)], back, table.opens_s[at], table.closes_s[at]


def as_unserved(problem: RoundsProblem, reasons: dict[int, Reason]) -> list[Unserved]:
    """Every visit of these stops is missing."""
    return [Unserved(i, int(problem.stops.visits[i]), why) for i, why in sorted(reasons.items())]

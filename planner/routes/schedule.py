"""From an order of calls to times: leave as late as costs no lateness, wait as little as can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.routes.fleet import VehicleClass
from planner.routes.problem import RoundsProblem
from planner.routes.solution import Kind, Round, Visit

Call = tuple[Kind, int, float]
"""Kind, position, share."""

TIME_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Order:
    """A round before it has times: class, depot and the calls between leaving and coming back."""

    vehicle: int
    depot: int
    calls: tuple[Call, ...]


@dataclass(frozen=True, eq=False)
class Times:
    """When a round is where: what it costs follows, and a search asks that of very many.

    Parameters
    ----------
    calls : the depot first and last
    arrive_s, begin_s, leave_s : of each call
    leg_m : driven to each call but the first
    """

    calls: tuple[Call, ...]
    arrive_s: list[float]
    begin_s: list[float]
    leave_s: list[float]
    leg_m: list[float]

    @property
    def out_s(self) -> float:
        """From leaving the depot to coming back."""
        return self.arrive_s[-1] - self.leave_s[0]

    @property
    def waited_s(self) -> float:
        """Before windows open."""
        return sum(self.begin_s) - sum(self.arrive_s)

    def cost_cny(self, vehicle: VehicleClass) -> float:
        """What the day of this lorry costs."""
        return vehicle.cost_cny(sum(self.leg_m), self.out_s)


def schedule(
    problem: RoundsProblem, order: Order, *, day: int, lorry: int = 0, territory: int = -1
) -> Round | None:
    """The round with times; None where windows, shift, roads or time on board do not allow it."""
    times = times_of(problem, order)
    if times is None:
        return None
    tonnes = _rules(problem).tonnes
    load, visits = 0.0, []
    for k, (kind, position, share) in enumerate(times.calls):
        load = load + float(tonnes[position]) * share if kind is Kind.STOP else 0.0
        leg_m = times.leg_m[k - 1] if k else 0.0
        moments = times.arrive_s[k], times.begin_s[k], times.leave_s[k]
        visits.append(Visit(kind, position, share, *moments, leg_m, load))
    return Round(day, order.vehicle, order.depot, lorry, territory, tuple(visits))


def times_of(problem: RoundsProblem, order: Order) -> Times | None:
    """The times alone; None as :func:`schedule`."""
    vehicle, rules = problem.vehicles[order.vehicle], _rules(problem)
    home: Call = (Kind.DEPOT, order.depot, 1.0)
    calls = (home, *order.calls, home)
    rows = [rules.first[kind] + position for kind, position, _ in calls]
    roads, place = problem.matrix(vehicle), rules.place[rows]
    leg_m = roads.distance_m[place[:-1], place[1:]].tolist()
    if math.inf in leg_m:
        return None
    drive_s = roads.duration_s[place[:-1], place[1:]].tolist()
    service = (rules.service_s[rows] * np.array([share for *_, share in calls])).tolist()
    opens, closes = rules.opens_s[rows].tolist(), rules.closes_s[rows].tolist()
    leave = vehicle.shift_start_s
    if rules.has_windows:
        leave = _latest_departure(leave, drive_s, opens, closes, service)
    arrives, begins, leaves = [leave], [leave], [leave]
    for k, drive in enumerate(drive_s, start=1):
        arrives.append(leave + drive)
        begins.append(max(arrives[-1], opens[k]))
        leave = begins[-1] + service[k]
        leaves.append(leave)
    found = Times(calls, arrives, begins, leaves, leg_m)
    return found if _in_time(vehicle, rules, rows, found, closes) else None


@dataclass(frozen=True, eq=False)
class _Rules:
    """What a problem says of all places that are called at, one kind after the other.

    Parameters
    ----------
    first : row of a kind's first place
    on_board_s : longest that what is taken there may be on board
    has_windows : whether any of them opens or closes
    tonnes : (n,) of all streams at the stops
    """

    first: dict[Kind, int]
    place: IntArray
    opens_s: FloatArray
    closes_s: FloatArray
    service_s: FloatArray
    on_board_s: FloatArray
    has_windows: bool
    tonnes: FloatArray


def _rules(problem: RoundsProblem) -> _Rules:
    key = ("schedule", "", -1)
    if key not in problem.remembered:
        problem.remembered[key] = _made_rules(problem)
    found: _Rules = problem.remembered[key]
    return found


def _made_rules(problem: RoundsProblem) -> _Rules:
    stops, sites, depots = problem.stops, problem.disposal, problem.depots
    always, never = np.zeros(len(depots)), np.full(len(depots), np.inf)
    opens = np.concatenate((stops.opens_s, sites.opens_s, always))
    closes = np.concatenate((stops.closes_s, sites.closes_s, never))
    limit = np.array([goods.longest_on_board_s for goods in problem.goods])
    has = (stops.amount_t > 0) | (stops.amount_m3 > 0)
    strictest = np.where(has, limit, np.inf).min(axis=1, initial=np.inf)
    return _Rules(
        {Kind.STOP: 0, Kind.DISPOSAL: len(stops), Kind.DEPOT: len(stops) + len(sites)},
        np.concatenate((stops.place, sites.place, depots.place)),
        opens,
        closes,
        np.concatenate((stops.service_s, sites.unload_s, always)),
        np.concatenate((strictest, np.full(len(sites) + len(depots), np.inf))),
        bool((opens > 0).any() or np.isfinite(closes).any()),
        stops.amount_t.sum(axis=1),
    )


def _latest_departure(
    earliest: float,
    drive_s: list[float],
    opens_s: list[float],
    closes_s: list[float],
    service: list[float],
) -> float:
    """When to leave so that nothing is later than with the earliest departure, but waits less.

    The forward slack of Savelsbergh (1992): a departure may be put off by the least, over the
    calls, of the waiting up to it and the time its window has left.
    """
    now, waited, slack = earliest, 0.0, math.inf
    calls = zip(drive_s, opens_s[1:], closes_s[1:], service[1:], strict=True)
    for drive, opens, closes, stay in calls:
        now += drive
        wait = max(0.0, opens - now)
        waited += wait
        now += wait
        slack = min(slack, waited + closes - now)
        now += stay
    return earliest + max(0.0, min(slack, waited))


def _in_time(
    vehicle: VehicleClass, rules: _Rules, rows: list[int], found: Times, closes: list[float]
) -> bool:
    if found.arrive_s[-1] > vehicle.shift_end_s + TIME_TOLERANCE_S:
        return False
    if found.out_s > vehicle.longest_out_s + TIME_TOLERANCE_S:
        return False
    if rules.has_windows and any(
        begin > latest + TIME_TOLERANCE_S
        for begin, latest in zip(found.begin_s, closes, strict=True)
    ):
        return False
    return _beyond_on_board_s(rules.on_board_s[rows].tolist(), found) <= TIME_TOLERANCE_S


def _beyond_on_board_s(longest_s: list[float], found: Times) -> float:
    """By how much the worst stop's goods are on board for longer than they may be; <= 0 if none."""
    worst, soonest = -math.inf, math.inf
    for (kind, *_), begin, arrive, longest in zip(
        found.calls, found.begin_s, found.arrive_s, longest_s, strict=True
    ):
        if kind is Kind.STOP:
            soonest = min(soonest, begin + longest)
        else:
            worst, soonest = max(worst, arrive - soonest), math.inf
    return worst

"""Classes of lorries as PyVRP's vehicle types: rooms, hours, and how many could be needed."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pyvrp

from planner.problem import FloatArray
from planner.routes.day_task import DayTask, needs_time
from planner.routes.ways import short_on_board, unit_prices, whole_up

LOAD_SCALES = (1.0, 1e3, 1e4)
ROUNDING = 1e-6
MANY = 2**62

Limit = tuple[tuple[int, ...], str]


def load_limits(task: DayTask) -> dict[Limit, float]:
    """Every limit that some class has, with the scale that makes its amounts whole numbers."""
    found: dict[Limit, float] = {}
    for vehicle in task.problem.vehicles:
        for streams, measure, _ in vehicle.limits():
            amount = task.amounts(streams, measure)
            rooms = [
                room
                for one in task.problem.vehicles
                for s, m, room in one.limits()
                if (s, m) == (streams, measure)
            ]
            found[streams, measure] = _whole_scale(np.concatenate((amount, rooms)), LOAD_SCALES)
    return found


def _whole_scale(values: FloatArray, scales: tuple[float, ...]) -> float:
    """The first scale at which all values are whole numbers, else the last."""
    for scale in scales:
        scaled = values * scale
        if np.abs(scaled - np.round(scaled)).max(initial=0.0) < ROUNDING:
            return scale
    return scales[-1]


def phantom(task: DayTask, loads: int, profile: int, depot_count: int) -> pyvrp.VehicleType:
    """Lorries without limits for stops that are left out, one a stop."""
    return pyvrp.VehicleType(
        num_available=len(task),
        capacity=[MANY] * loads,
        end_depot=depot_count,
        unit_distance_cost=1,
        profile=profile,
    )


def vehicle_type(
    task: DayTask,
    kind: tuple[int, int],
    sites: tuple[int, ...],
    limits: dict[Limit, float],
    profile: int,
    far_m: int,
    scale: float,
) -> pyvrp.VehicleType:
    """Lorries of a class at a depot.

    Parameters
    ----------
    kind : class and depot
    sites : disposal sites in the order of PyVRP's reload depots
    limits : of all classes, with the scale of their amounts
    far_m : a distance from here on may not be driven
    scale : PyVRP's cost units in one CNY
    """
    v, depot = kind
    reload_start = 2 * len(task.problem.depots)
    vehicle = task.problem.vehicles[v]
    room = {(streams, measure): amount for streams, measure, amount in vehicle.limits()}
    capacity = [
        int(np.floor(room[limit] * by + ROUNDING)) if limit in room else MANY
        for limit, by in limits.items()
    ]
    timed = needs_time(task, vehicle)
    one_trip = short_on_board(task, v)
    mine = set(task.sites(v))
    reloads = [reload_start + m for m, site in enumerate(sites) if site in mine]
    if not len(task.problem.disposal):
        reloads = [depot]
    if one_trip or vehicle.longest_trips == 1:
        reloads = []
    per_m, per_s, overtime_per_s, fixed = (round(price * scale) for price in unit_prices(vehicle))
    number = task.fleet[v][depot]
    return pyvrp.VehicleType(
        num_available=enough(task, v) if number is None else number,
        capacity=capacity,
        start_depot=depot,
        end_depot=len(task.problem.depots) + depot,
        fixed_cost=fixed,
        unit_distance_cost=per_m,
        unit_duration_cost=per_s,
        profile=profile,
        # Without hours nothing else keeps a lorry off a way that may not be driven.
        max_distance=MANY if timed or task.allowed[v].all() else far_m - 1,
        reload_depots=reloads,
        max_reloads=_reloads(vehicle.longest_trips, len(task)) if reloads else 0,
        **(_hours(task, v, depot, overtime_per_s) if timed else {}),
    )


def _reloads(longest_trips: int | None, jobs: int) -> int:
    return jobs if longest_trips is None else longest_trips - 1


def _hours(task: DayTask, v: int, depot: int, overtime_per_s: int) -> dict[str, Any]:
    """Shift of a type; with a short time on board it is that time, between narrower hours."""
    vehicle = task.problem.vehicles[v]
    found: dict[str, Any] = {"tw_early": whole_up(vehicle.shift_start_s)}
    end = min(vehicle.shift_end_s, _last_end_s(task, v, depot))
    if short_on_board(task, v):
        back = _way_back_s(task, v, depot)
        on_board = task.problem.longest_on_board_s(vehicle)
        roads = task.problem.matrix(vehicle).duration_s
        out = roads[task.problem.depots.place[depot], task.problem.stops.place[task.stop]]
        out = out[np.isfinite(out) & task.allowed[v]]
        longest = vehicle.longest_out_s - back - float(out.max(initial=0.0))
        found["shift_duration"] = max(1, int(min(on_board, max(longest, on_board / 2))))
        end -= back
    elif np.isfinite(vehicle.longest_shift_s):
        found["shift_duration"] = int(vehicle.longest_shift_s)
        if vehicle.longest_overtime_s > 0:
            found["max_overtime"] = int(vehicle.longest_overtime_s)
            found["unit_overtime_cost"] = overtime_per_s
    if np.isfinite(end):
        found["tw_late"] = int(end)
    return found


def _last_end_s(task: DayTask, v: int, depot: int) -> float:
    """When a lorry has to be home so that its last site was still open, whichever it was."""
    problem = task.problem
    roads = problem.matrix(problem.vehicles[v]).duration_s
    ends = [
        problem.disposal.closes_s[site]
        + problem.disposal.unload_s[site]
        + roads[problem.disposal.place[site], problem.depots.place[depot]]
        for site in task.sites(v)
    ]
    return float(min(ends, default=np.inf))


def _way_back_s(task: DayTask, v: int, depot: int) -> float:
    """The longest way from where a class empties, emptying included, to a depot."""
    problem = task.problem
    roads = problem.matrix(problem.vehicles[v]).duration_s
    ways = np.array(
        [
            problem.disposal.unload_s[site]
            + roads[problem.disposal.place[site], problem.depots.place[depot]]
            for site in task.sites(v)
        ]
    )
    return float(ways[np.isfinite(ways)].max(initial=0.0))


def enough(task: DayTask, v: int) -> int:
    """More lorries than could be needed, but not one a stop: each costs the search time."""
    vehicle = task.problem.vehicles[v]
    allowed = task.allowed[v]
    trips = max(
        (
            float(task.amounts(streams, measure)[allowed].sum()) / room
            for streams, measure, room in vehicle.limits()
        ),
        default=1.0,
    )
    hours = 0.0
    if np.isfinite(vehicle.longest_out_s):
        roads = task.problem.matrix(vehicle).duration_s
        place = task.problem.stops.place[task.stop[allowed]]
        homes = task.problem.depots.place[list(task.depots(v))]
        out = np.median(roads[np.ix_(homes, place)].min(axis=0)) if len(place) else 0.0
        service = float(
            (task.problem.stops.service_s[task.stop[allowed]] * task.share[allowed]).sum()
        )
        usable = max(vehicle.longest_out_s - 2 * float(out), vehicle.longest_out_s / 4)
        if np.isfinite(usable):
            hours = (service + float(out) * trips * 2) / usable
    return int(min(len(task), 10 + 2.5 * trips + 2.5 * hours))


def fewest(task: DayTask) -> int | None:
    """Lorries that the loads need at least; None where more than loads counts."""
    vehicles, depots = task.problem.vehicles, task.problem.depots
    if len(vehicles) > 1 or len(depots) > 1 or vehicles[0].longest_trips != 1:
        return None
    if needs_time(task, vehicles[0]) or task.fleet[0][0] is not None:
        return None
    needed = [
        ceil(float(task.amounts(streams, measure).sum()) / room - ROUNDING)
        for streams, measure, room in vehicles[0].limits()
    ]
    return max(needed, default=None)

"""The rounds of given depots by PyVRP, whose depots have no capacity: the problem in three forms.

See :mod:`planner.routes.location` for what the forms are.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyvrp
from pyvrp import Activity, ActivityType

from planner.routes.location_problem import DepotRound, Depots, LocationRouting

SCALES = (1.0, 10.0, 100.0, 1000.0)
"""PyVRP counts in whole numbers: the first of these that makes all prices whole, else the last."""


def _scale(problem: LocationRouting) -> float:
    prices = np.concatenate((problem.way_cost.ravel(), [problem.lorry_cost]))
    for scale in SCALES:
        if np.abs(prices * scale - np.round(prices * scale)).max() < 1e-6:
            return scale
    return SCALES[-1]


def _rooms(problem: LocationRouting, depot: int, form: str) -> list[tuple[int, int]]:
    """Lorries of a depot: how many of which capacity."""
    full, room = int(problem.lorry_capacity), problem.capacity[depot]
    if form == "relaxed" or not np.isfinite(room):
        need = int(np.ceil(problem.demand.sum() / problem.lorry_capacity)) + 3
        most = len(problem.stop_ids)
        if np.isfinite(room):
            most = int(np.ceil(room / problem.lorry_capacity)) + 1
        return [(min(need, most), full)]
    whole, rest = divmod(int(room), full)
    if form == "equal" and rest:
        number = whole + 1
        return [(number, int(room) // number)]
    return [(number, size) for number, size in ((whole, full), (1, rest)) if number and size]


def routed(
    problem: LocationRouting,
    depots: Depots,
    form: str,
    end_s: float,
    seed: int,
    start: list[DepotRound],
) -> list[DepotRound] | None:
    """The rounds of one set of depots in one of the three forms; None where none hold."""
    m, n = len(problem.depot_ids), len(problem.stop_ids)
    scale = _scale(problem)
    ways: Any = np.round(problem.way_cost * scale).astype(np.int64)
    hours: Any = np.zeros_like(ways)
    whole = form == "whole"
    lorry = round(problem.lorry_cost * scale)
    if whole:
        ways[:m, m:] += lorry  # a reload begins another lorry's round
    np.fill_diagonal(ways, 0)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(m + n)],
        [
            pyvrp.Client(
                m + i, pickup=[int(problem.demand[i])],
                service_duration=int(problem.demand[i]) if whole else 0,
            )
            for i in range(n)
        ],
        [pyvrp.Depot(j) for j in range(m)],
        _lorries(problem, depots, form, lorry),
        [ways],
        [hours],
    )  # fmt: skip
    best = _searched(data, end_s, seed, _as_solution(data, start, whole=whole))
    if best is None:
        return None
    return [one for route in best.routes() for one in _rounds_of(data, route)]


def _lorries(
    problem: LocationRouting, depots: Depots, form: str, lorry: int
) -> list[pyvrp.VehicleType]:
    full = int(problem.lorry_capacity)
    if form == "whole":
        return [_whole_depot(problem, j, full) for j in depots]
    return [
        pyvrp.VehicleType(number, [size], j, j, fixed_cost=lorry)
        for j in depots
        for number, size in _rooms(problem, j, form)
    ]


def _whole_depot(problem: LocationRouting, depot: int, full: int) -> pyvrp.VehicleType:
    """One route a depot, whose hours are what the depot takes."""
    room = problem.capacity[depot]
    limit: dict[str, Any] = {"shift_duration": int(room)} if np.isfinite(room) else {}
    return pyvrp.VehicleType(1, [full], depot, depot, reload_depots=[depot], **limit)


def _searched(
    data: pyvrp.ProblemData, end_s: float, seed: int, start: pyvrp.Solution | None
) -> pyvrp.Solution | None:
    stop = pyvrp.stop.MaxRuntime(max(end_s - time.perf_counter(), 0.01))
    if sum(one.num_available for one in data.vehicle_types()) == 0:
        return None
    found = pyvrp.solve(
        data, stop, seed=seed, collect_stats=False, display=False, initial_solution=start
    )
    return found.best if found.is_feasible() else None


def _as_solution(
    data: pyvrp.ProblemData, rounds: list[DepotRound], *, whole: bool
) -> pyvrp.Solution | None:
    """Rounds as a start; None where a form has no lorry for one of them."""
    types = data.vehicle_types()
    if not rounds:
        return None
    routes = []
    if whole:
        for t, kind in enumerate(types):
            mine = [stops for depot, stops in rounds if depot == kind.start_depot]
            calls: list[Activity] = []
            for k, stops in enumerate(mine):
                if k:
                    calls.append(Activity(ActivityType.DEPOT, kind.start_depot))
                calls += [Activity(ActivityType.CLIENT, i) for i in stops]
            if calls:
                routes.append(pyvrp.Route(data, calls, t))
        return pyvrp.Solution(data, routes)
    free = [one.num_available for one in types]
    for depot, stops in sorted(rounds, key=lambda one: -len(one[1])):
        load = sum(data.client(i).pickup[0] for i in stops)
        fitting = [
            t for t, one in enumerate(types)
            if one.start_depot == depot and free[t] and one.capacity[0] >= load
        ]  # fmt: skip
        if not fitting:
            return None
        t = min(fitting, key=lambda t: types[t].capacity[0])
        free[t] -= 1
        routes.append(pyvrp.Route(data, list(stops), t))
    return pyvrp.Solution(data, routes)


def _rounds_of(data: pyvrp.ProblemData, route: pyvrp.Route) -> list[DepotRound]:
    depot = data.vehicle_type(route.vehicle_type()).start_depot
    trips: list[list[int]] = [[]]
    for one in route:
        if one.is_client():
            trips[-1].append(one.idx)
        elif trips[-1]:
            trips.append([])
    return [(depot, tuple(trip)) for trip in trips if trip]

"""A day's task as PyVRP takes it, and PyVRP's routes as orders of calls.

PyVRP (0.14) wants whole numbers and knows lorries that leave a depot, may reload on the way, and
end at a depot. Four things are expressed in those terms here:

- *The last emptying.* Every depot has a second, virtual place where lorries end. The way there from
  a stop is the way over the best disposal site, emptying included; so no lorry comes home full.
- *Emptying on the way* is a reload at a disposal site, whose service time is the emptying.
- *Which class may go where* is in the class's matrices: a forbidden way is longer than any shift.
- *Stops left out* where lorries do not suffice ride on phantom lorries, whose every way to a stop
  costs what leaving it out costs. (PyVRP's optional clients are seldom inserted where that takes
  another trip.)
- *Longest time on board* shorter than the shift: one emptying a round, the way out and the way back
  after emptying take no time in the matrix, and windows are narrowed by them instead, so that the
  route's duration is the time on board. ``planner.routes.trips`` joins such rounds for one lorry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray
from pyvrp import Activity, ActivityType

from planner.problem import FloatArray
from planner.routes.day_task import DayTask, calls_of, needs_time
from planner.routes.pyvrp_lorries import (
    ROUNDING,
    Limit,
    load_limits,
    phantom,
    vehicle_type,
)
from planner.routes.schedule import Order
from planner.routes.solution import Kind
from planner.routes.ways import Ways, latest, profiles, short_on_board, unit_prices, whole_up

COST_SCALES = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)


@dataclass(frozen=True, eq=False)
class PyvrpModel:
    """A task as PyVRP's data, with what is needed to read its routes.

    Parameters
    ----------
    types : class and depot of each of PyVRP's vehicle types
    sites : disposal sites, in the order of PyVRP's reload depots
    reload_start : position of the first of them among PyVRP's depots
    cost_scale : PyVRP's cost units in one CNY
    """

    task: DayTask
    data: pyvrp.ProblemData
    types: tuple[tuple[int, int], ...]
    ways: tuple[Ways, ...]
    sites: tuple[int, ...]
    reload_start: int
    cost_scale: float
    phantoms: bool = False
    """Whether the last vehicle type is the phantom that stops left out ride on."""

    def left_out(self, solution: pyvrp.Solution) -> list[int]:
        """Jobs that ride on phantoms."""
        return sorted(
            one.idx
            for route in solution.routes()
            if self._is_phantom(route)
            for one in route
            if one.is_client()
        )

    def _is_phantom(self, route: pyvrp.Route) -> bool:
        return self.phantoms and route.vehicle_type() == len(self.types)

    def orders(self, solution: pyvrp.Solution) -> list[Order]:
        """The routes as calls; the last emptying, folded away in the matrix, is back."""
        return [
            self._order(route)
            for route in solution.routes()
            if route.num_clients() and not self._is_phantom(route)
        ]

    def _order(self, route: pyvrp.Route) -> Order:
        vehicle, depot = self.types[route.vehicle_type()]
        calls: list[Any] = []
        last = -1
        for one in route:
            if one.is_client():
                last = one.idx
                calls += calls_of(self.task, [one.idx])
            elif calls and calls[-1][0] is Kind.STOP and one.trip < route.num_trips():
                site = one.idx - self.reload_start
                calls.append(
                    (Kind.DISPOSAL, self.sites[site], 1.0)
                    if site >= 0
                    else (Kind.DEPOT, depot, 1.0)
                )
        if calls and calls[-1][0] is Kind.DEPOT:
            calls.pop()  # it ended empty at its own depot
        site = int(self.ways[route.vehicle_type()].last_site[depot, last])
        if calls and calls[-1][0] is Kind.STOP and site >= 0:
            calls.append((Kind.DISPOSAL, site, 1.0))
        return Order(vehicle, depot, tuple(calls))

    def solution(self, orders: Sequence[Order]) -> pyvrp.Solution:
        """Orders, whose jobs are all in the task, as PyVRP's solution."""
        jobs: dict[int, list[int]] = {}
        for j, stop in enumerate(self.task.stop):
            jobs.setdefault(int(stop), []).append(j)
        routes = [self._route(one, jobs) for one in orders]
        if self.phantoms:
            left = sorted(j for free in jobs.values() for j in free)
            routes += [pyvrp.Route(self.data, [j], len(self.types)) for j in left]
        return pyvrp.Solution(self.data, routes)

    def _route(self, order: Order, jobs: dict[int, list[int]]) -> pyvrp.Route:
        calls = order.calls
        folded = bool(calls) and calls[-1][0] is Kind.DISPOSAL
        activities = []
        for kind, position, _ in calls[:-1] if folded else calls:
            if kind is Kind.STOP:
                activities.append(Activity(ActivityType.CLIENT, jobs[position].pop()))
            else:
                site = kind is Kind.DISPOSAL
                index = self.reload_start + self.sites.index(position) if site else position
                activities.append(Activity(ActivityType.DEPOT, index))
        return pyvrp.Route(self.data, activities, self.types.index((order.vehicle, order.depot)))


def build(task: DayTask, *, prize_cny: FloatArray | None = None) -> PyvrpModel:
    """The model of a task.

    Parameters
    ----------
    prize_cny : (j,) what it costs to leave a job out; None where all have to be done
    """
    types = tuple(
        (v, k)
        for v, _ in enumerate(task.problem.vehicles)
        for k in task.depots(v)
        if task.allowed[v].any()
    )  # fmt: skip
    sites = tuple(sorted({site for v, _ in types for site in task.sites(v)}))
    scale, limits = _cost_scale(task), load_limits(task)
    # A profile for every class and depot with on-board limits, else for every class.
    ways, profile_of = profiles(task, types, sites)
    lorries = [
        vehicle_type(task, kind, sites, limits, profile, ways[profile].far, scale)
        for kind, profile in zip(types, profile_of, strict=True)
    ]
    depots = _depots(task, sites, timed=_timed(task, types))
    locations = len(task) + len(depots)
    distances: list[Any] = [one.distance for one in ways]
    durations: list[Any] = [one.duration for one in ways]
    if prize_cny is not None:
        lorries.append(phantom(task, len(limits), len(ways), len(task.problem.depots)))
        distances.append(_to_jobs(np.round(prize_cny * scale), locations))
        durations.append(np.zeros((locations, locations), np.int64))
    clients = _clients(task, limits, types)
    places = [pyvrp.Location(0, 0) for _ in range(locations)]
    return PyvrpModel(
        task=task,
        data=pyvrp.ProblemData(places, clients, depots, lorries, distances, durations),
        types=types,
        ways=tuple(ways[profile_of[t]] for t in range(len(types))),
        sites=sites,
        reload_start=len(depots) - len(sites),
        cost_scale=scale,
        phantoms=prize_cny is not None,
    )


def _depots(task: DayTask, sites: Sequence[int], *, timed: bool) -> list[pyvrp.Depot]:
    """Where lorries begin, where they end, and where they empty, in the order of the matrices."""
    count, disposal = len(task.problem.depots), task.problem.disposal
    first = len(task)
    ends = [pyvrp.Depot(first + k) for k in range(2 * count)]
    return ends + [
        pyvrp.Depot(
            first + 2 * count + m,
            tw_early=whole_up(disposal.opens_s[site]),
            # PyVRP's closing hour is for the beginning of the service.
            tw_late=latest(disposal.closes_s[site]),
            service_duration=whole_up(disposal.unload_s[site]) if timed else 0,
        )
        for m, site in enumerate(sites)
    ]


def _timed(task: DayTask, types: Sequence[tuple[int, int]]) -> bool:
    """Whether any class of lorry is bound by time."""
    return any(needs_time(task, task.problem.vehicles[v]) for v, _ in types)


def _to_jobs(prize: FloatArray, locations: int) -> NDArray[np.int64]:
    """(locations, locations) phantoms' ways: to a job what leaving it out costs, 0 elsewhere."""
    way = np.zeros((locations, locations), np.int64)
    way[:, : len(prize)] = prize
    np.fill_diagonal(way, 0)
    return way


def _cost_scale(task: DayTask) -> float:
    """The smallest scale at which every price is a whole number but for a thousandth."""
    prices = np.array([price for one in task.problem.vehicles for price in unit_prices(one)])
    prices = prices[prices > 0]
    for scale in COST_SCALES:
        scaled = prices * scale
        if (np.abs(scaled - np.round(scaled)) <= 1e-3 * scaled).all():
            return scale
    return COST_SCALES[-1]


def _clients(
    task: DayTask,
    limits: dict[Limit, float],
    types: tuple[tuple[int, int], ...],
) -> list[pyvrp.Client]:
    stops = task.problem.stops
    loads = [
        np.ceil(task.amounts(*limit) * by - ROUNDING).astype(np.int64)
        for limit, by in limits.items()
    ]
    timed = _timed(task, types)
    opens = np.maximum(stops.opens_s[task.stop], _earliest_s(task, types))
    return [
        pyvrp.Client(
            j,
            pickup=[int(load[j]) for load in loads],
            service_duration=whole_up(stops.service_s[task.stop[j]] * task.share[j])
            if timed
            else 0,
            tw_early=min(whole_up(opens[j]), latest(stops.closes_s[task.stop[j]])),
            tw_late=latest(stops.closes_s[task.stop[j]]),
        )
        for j in range(len(task))
    ]


def _earliest_s(task: DayTask, types: tuple[tuple[int, int], ...]) -> FloatArray:
    """(j,) when a lorry can be there, where the matrix does not know of the way out."""
    earliest = np.zeros(len(task))
    for v, depot in types:
        if not short_on_board(task, v):
            continue
        vehicle = task.problem.vehicles[v]
        way = task.problem.matrix(vehicle).duration_s[
            task.problem.depots.place[depot], task.problem.stops.place[task.stop]
        ]
        there = np.where(np.isfinite(way) & task.allowed[v], vehicle.shift_start_s + way, 0.0)
        earliest = np.maximum(earliest, there)
    return earliest

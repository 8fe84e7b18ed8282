"""A large task by neighbouring parts: the first rounds, and better ones as long as there is time.

An iteration of the search costs time in proportion to all stops although its moves are local. So a
large task is cut into neighbouring rounds of some two hundred stops that are searched by turns (the
partial optimisation of Taillard and Voss, POPMUSIC, 2002).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.routes.day_task import DayTask, fleet_left
from planner.routes.pyvrp_model import build
from planner.routes.schedule import Order
from planner.routes.search import OnOrders, SearchLimits, search
from planner.routes.site_room import excess_t
from planner.routes.solution import Kind
from planner.routes.trips import packed

WHOLE_JOBS = 500
"""Up to so many jobs a task is searched as a whole."""
PART_JOBS = 220
"""Jobs of a part: an iteration is ten times as quick as on 3,000."""
PART_ROUNDS = 4
"""Rounds of a part at least, where they are long."""
PART_S = 2.5
"""Seconds for a part."""
FIRST_ITERATIONS = 25
"""Of each part of the first rounds."""

Price = Callable[[Order], float]


def first_by_parts(task: DayTask, limits: SearchLimits) -> list[Order] | None:
    """First rounds, part by part; None where a part has none that keep every rule.

    Every part takes from the lorries that the parts before have left.
    """
    orders: list[Order] = []
    near = nearness(task)
    for jobs in _clusters(near, _remoteness(task)):
        part = task.part(jobs, fleet_left(task.fleet, orders))
        found = search(
            build(part),
            SearchLimits(limits.end_s, limits.seed, FIRST_ITERATIONS),
        )
        if not found.feasible:
            return None
        orders += packed(task.problem, found.orders)
    return orders


def improve_by_parts(
    task: DayTask,
    orders: list[Order],
    limits: SearchLimits,
    price: Price,
    *,
    hear: OnOrders | None = None,
    beat: Callable[[], None] | None = None,
) -> list[Order]:
    """Parts searched by turns all over the area until time (or ``iterations`` parts) is up."""
    rng = np.random.default_rng(limits.seed)
    near = nearness(task)
    orders = list(orders)
    for count, job in enumerate(_turns(len(task), rng)):
        if limits.left_s <= 0 or (limits.iterations is not None and count >= limits.iterations):
            break
        chosen = _around(task, orders, near[job])
        part = [orders[one] for one in chosen]
        rest = [one for k, one in enumerate(orders) if k not in set(chosen)]
        better = _searched(task, part, rest, limits, int(rng.integers(2**31)), price)
        if better is not None:
            orders = rest + better
            if hear is not None:
                hear(orders, sum(map(price, orders)))
        if beat is not None:
            beat()
    return orders


def nearness(task: DayTask) -> FloatArray:
    """(j, j) metres there and back between jobs, by the roads of the first class."""
    roads = task.problem.matrix(task.problem.vehicles[0]).distance_m
    place = task.problem.stops.place[task.stop]
    there = roads[np.ix_(place, place)].astype(np.float32)
    both: FloatArray = np.asarray(there + there.T, np.float64)
    return both


def _remoteness(task: DayTask) -> FloatArray:
    roads = task.problem.matrix(task.problem.vehicles[0]).distance_m
    place = task.problem.stops.place[task.stop]
    away: FloatArray = roads[np.ix_(task.problem.depots.place, place)].min(axis=0)
    return away


def _clusters(near: FloatArray, away: FloatArray) -> Iterator[IntArray]:
    """Jobs in parts of near ones, the remotest left over first, so that none is left stranded."""
    left = np.ones(len(near), bool)
    while left.any():
        seed = int(np.argmax(np.where(left, away, -1.0)))
        order = np.argsort(np.where(left, near[seed], np.inf), kind="stable")
        jobs = np.sort(order[: min(PART_JOBS, int(left.sum()))])
        left[jobs] = False
        yield jobs


def _turns(count: int, rng: np.random.Generator) -> Iterator[int]:
    """Every job by turns in a new order each time."""
    while True:
        yield from (int(one) for one in rng.permutation(count))


def jobs_of(task: DayTask, orders: list[Order]) -> list[IntArray]:
    """Jobs of each round; parts of one stop are alike, so any of them does."""
    free: dict[int, list[int]] = {}
    for j, stop in enumerate(task.stop):
        free.setdefault(int(stop), []).append(j)
    return [
        np.array([free[at].pop() for kind, at, _ in one.calls if kind is Kind.STOP], np.int64)
        for one in orders
    ]


def _around(task: DayTask, orders: list[Order], near: FloatArray) -> list[int]:
    """The rounds that serve the nearest jobs, until they have enough of them."""
    jobs = jobs_of(task, orders)
    round_of = np.full(len(task), -1)
    for k, one in enumerate(jobs):
        round_of[one] = k
    chosen: list[int] = []
    size = 0
    for job in np.argsort(near, kind="stable"):
        k = int(round_of[job])
        if k < 0 or k in chosen:
            continue
        if size + len(jobs[k]) > PART_JOBS and len(chosen) >= PART_ROUNDS:
            break
        chosen.append(k)
        size += len(jobs[k])
    return chosen


def _searched(
    task: DayTask,
    part: list[Order],
    rest: list[Order],
    limits: SearchLimits,
    seed: int,
    price: Price,
) -> list[Order] | None:
    """Better rounds for the jobs of some, None where none were found."""
    jobs = np.sort(np.concatenate(jobs_of(task, part)))
    inner = task.part(jobs, fleet_left(task.fleet, rest))
    end_s = min(limits.end_s, time.perf_counter() + PART_S)
    iterations = None if limits.iterations is None else FIRST_ITERATIONS
    found = search(build(inner), SearchLimits(end_s, seed, iterations), start=part)
    if not found.feasible or found.left_out:
        return None
    again = packed(task.problem, found.orders)
    cheaper = sum(map(price, again)) < sum(map(price, part)) - 1e-6
    fuller = task.sites_limited and excess_t(task, rest + again) > excess_t(task, rest + part)
    return again if cheaper and not fuller else None

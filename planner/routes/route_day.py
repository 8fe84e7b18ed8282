"""Rounds of one task: quick ones first, better ones with time, and who is left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import FloatArray
from planner.routes.day_task import DayTask
from planner.routes.parts import WHOLE_JOBS, first_by_parts, improve_by_parts, jobs_of
from planner.routes.pyvrp_lorries import fewest
from planner.routes.pyvrp_model import PyvrpModel, build
from planner.routes.schedule import Call, Order, times_of
from planner.routes.search import OnOrders, SearchLimits, search, search_anew
from planner.routes.site_room import (
    excess_t,
    stops_beyond_room,
    with_higher_tolls,
    with_moved_emptyings,
)
from planner.routes.solution import Kind
from planner.routes.tidy import tidied
from planner.routes.trips import packed
from planner.routes.ways import short_on_board, unit_prices

GIVE_UP_SHARE = 0.35
"""Of the time, without rounds that serve everybody; then the fewest stops are left out."""


SMALL_JOBS, SMALL_ITERATIONS, RESTARTS = 25, 3_000, 6
"""A task of so few jobs is searched from new beginnings rather than for long from one."""
LAPS = 4
TOLL_TURNS = 4
"""Searches of a task whose sites would be overfilled, each with higher tolls."""
TIDY_S_A_JOB = 0.004
TIDY_SHARE = 0.1
"""Seconds a job, and share of the time, for moves that the search does not make."""
REMEMBERED = 4_000
"""Prices of rounds; some megabytes."""


@dataclass(frozen=True)
class DayAnswer:
    """Orders of a task, and the stops that they leave out."""

    orders: list[Order]
    left_out: tuple[int, ...]
    """Jobs."""
    no_room: frozenset[int] = frozenset()
    """Those of them that no site has room for."""

    def cost_cny(self, task: DayTask) -> float:
        """Of all rounds."""
        return sum(price(task, one) for one in self.orders)


def price(task: DayTask, order: Order) -> float:
    """CNY of a round, with tolls; ``inf`` where it breaks a rule."""
    known = task.prices_cny
    if order not in known:
        if len(known) >= REMEMBERED:
            known.clear()
        known[order] = _price(task, order)
    return known[order]


def _price(task: DayTask, order: Order) -> float:
    times = times_of(task.problem, order)
    if times is None:
        return float("inf")
    tolls = sum(float(task.toll_cny[at]) for kind, at, _ in order.calls if kind is Kind.DISPOSAL)
    return times.cost_cny(task.problem.vehicles[order.vehicle]) + tolls


def route_day(
    task: DayTask,
    limits: SearchLimits,
    *,
    start: DayAnswer | None = None,
    hear: OnOrders | None = None,
    beat: Callable[[], None] | None = None,
) -> DayAnswer:
    """The best rounds within the limits; ``start`` is an answer to the same task."""
    if not len(task):
        return DayAnswer([], ())
    if task.sites_limited:
        return _within_room(task, limits, start, hear, beat)
    return _routed(task, limits, start, hear, beat)


def _within_room(
    task: DayTask,
    limits: SearchLimits,
    start: DayAnswer | None,
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> DayAnswer:
    """Rounds that overfill no site: see :mod:`planner.routes.site_room`."""

    def plain(order: Order) -> float:
        return price(task, order)

    best, tolled = start, task
    for turn in range(TOLL_TURNS):
        left_s = limits.end_s - time.perf_counter()
        if left_s <= 0 and best is not None:
            break
        part = replace(limits, end_s=limits.end_s - left_s * (1 - 1 / (TOLL_TURNS - turn)))
        found = _routed(tolled, part, best, hear, beat)
        answer = _kept_to_room(task, found, plain)
        best = answer if best is None or _better(task, answer, best) else best
        if excess_t(task, found.orders):
            tolled = with_higher_tolls(tolled, found.orders, plain)
    assert best is not None  # noqa: S101 - the first turn is always taken
    return best


def _better(task: DayTask, one: DayAnswer, other: DayAnswer) -> bool:
    mine, others = len(one.left_out), len(other.left_out)
    return (mine, one.cost_cny(task)) < (others, other.cost_cny(task))


def _kept_to_room(task: DayTask, answer: DayAnswer, plain: Callable[[Order], float]) -> DayAnswer:
    """Emptyings moved to sites with room, then stops left out that no site has room for."""
    orders = with_moved_emptyings(task, answer.orders, plain)
    beyond = stops_beyond_room(task, orders)
    short = [_without(one, beyond) for one in orders]
    kept = _holding(task, DayAnswer([one for one in short if one.calls], ()))
    full = frozenset(j for j in kept.left_out if int(task.stop[j]) in beyond)
    return replace(kept, no_room=full)


def _routed(
    task: DayTask,
    limits: SearchLimits,
    start: DayAnswer | None,
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> DayAnswer:
    whole, limits = limits, _less_tidying(task, limits)
    # Where a short search left somebody out, a longer one may serve everybody.
    whole_start = None if start is not None and start.left_out else start
    if len(task) > WHOLE_JOBS:
        found = _large(task, limits, whole_start, hear, beat)
    else:
        found = _whole(task, limits, whole_start, hear, beat)
    if found is None:
        return _with_prizes(task, limits, hear, beat)
    return _holding(task, DayAnswer(_tidied(task, found, whole.end_s, beat), ()))


def _less_tidying(task: DayTask, limits: SearchLimits) -> SearchLimits:
    """The limits of a search that leaves a moment for tidying."""
    if all(vehicle.longest_trips == 1 for vehicle in task.problem.vehicles):
        return limits
    left_s = limits.end_s - time.perf_counter()
    moment_s = min(TIDY_S_A_JOB * len(task), TIDY_SHARE * left_s)
    return replace(limits, end_s=limits.end_s - moment_s)


def _tidied(
    task: DayTask, orders: list[Order], end_s: float, beat: Callable[[], None] | None = None
) -> list[Order]:
    """Trips on as few lorries as they need, and each round at its best."""
    if all(vehicle.longest_trips == 1 for vehicle in task.problem.vehicles):
        return orders
    orders = packed(task.problem, orders, beat)
    return tidied(task, orders, lambda one: price(task, one), end_s, beat)


def _whole(
    task: DayTask,
    limits: SearchLimits,
    start: DayAnswer | None,
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> list[Order] | None:
    begin_s = time.perf_counter()
    give_up_s = begin_s + GIVE_UP_SHARE * (limits.end_s - begin_s)
    iterations = limits.iterations
    if len(task) <= SMALL_JOBS:
        iterations = min(iterations or SMALL_ITERATIONS, SMALL_ITERATIONS)
    limits = replace(limits, iterations=iterations, give_up_s=give_up_s)
    # Joined rounds of several trips are no start for a model of single ones.
    single = any(short_on_board(task, v) for v in range(len(task.problem.vehicles)))
    orders = None if start is None or single else start.orders
    model = build(task)
    if len(task) > SMALL_JOBS and orders is not None and not single:
        return _in_laps(task, model, limits, orders, hear, beat)
    if len(task) > SMALL_JOBS and orders is None:
        few = fewest(task)
        spare = [] if few is None else [few + 1, few + 2]
        models = [model, *(build(replace(task, fleet=((count,),))) for count in spare)]
        found = search_anew(models, limits, hear=hear, beat=beat)
        return found.orders if found.feasible else None
    found = search(model, limits, start=orders, hear=hear, beat=beat)
    if orders is None:
        return found.orders if found.feasible else None
    best, cost = orders, sum(price(task, one) for one in orders)
    for turn in range(RESTARTS):
        # A handful of stops has few neighbours to leave a local optimum by: begin anew instead.
        if found.feasible:
            tidy = _tidied(task, found.orders, limits.end_s)
            now = sum(price(task, one) for one in tidy)
            best, cost = (tidy, now) if now < cost else (best, cost)
        if time.perf_counter() >= limits.end_s:
            break
        found = search(model, replace(limits, seed=limits.seed + 1 + turn), beat=beat)
    return best


def _in_laps(
    task: DayTask,
    model: PyvrpModel,
    limits: SearchLimits,
    orders: list[Order],
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> list[Order]:
    """Searched, packed and searched again: packing frees lorries that the search then fills."""
    alone = all(vehicle.longest_trips == 1 for vehicle in task.problem.vehicles)
    laps = 1 if alone else LAPS
    best, cost = orders, sum(price(task, one) for one in orders)
    for lap in range(laps):
        left_s = limits.left_s
        if left_s <= 0:
            break
        end_s = min(limits.end_s, time.perf_counter() + left_s / (laps - lap))
        part = replace(limits, end_s=end_s, seed=limits.seed + lap)
        found = search(model, part, start=best, hear=hear, beat=beat)
        if not found.feasible:
            continue
        again = _tidied(task, found.orders, end_s + TIDY_SHARE * max(left_s / laps, 0.1))
        now = sum(price(task, one) for one in again)
        if now < cost:
            best, cost = again, now
    return best


def _large(
    task: DayTask,
    limits: SearchLimits,
    start: DayAnswer | None,
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> list[Order] | None:
    orders = first_by_parts(task, limits, beat) if start is None else start.orders
    if orders is None:
        return _whole(task, limits, None, hear, beat)
    if hear is not None and start is None:
        hear(orders, sum(price(task, one) for one in orders))
    return improve_by_parts(
        task, orders, limits, lambda one: price(task, one), hear=hear, beat=beat
    )


def _with_prizes(
    task: DayTask,
    limits: SearchLimits,
    hear: OnOrders | None,
    beat: Callable[[], None] | None,
) -> DayAnswer:
    """The lorries do not suffice: leave out as little as can be."""
    # From nobody served, which keeps every rule: from everybody, the search would long hold on to
    # rounds that break one.
    model = build(task, prize_cny=_prizes(task))
    found = search(model, limits, start=[], hear=hear, beat=beat)
    orders = found.orders if found.feasible else []
    left_out = found.left_out if found.feasible else list(range(len(task)))
    orders = packed(task.problem, orders)
    return _holding(task, DayAnswer(orders, tuple(left_out)))


def _prizes(task: DayTask) -> FloatArray:
    """More than any round costs, and more for more: no stop is left out to save money."""
    dearest = 1.0
    for v, vehicle in enumerate(task.problem.vehicles):
        roads = task.problem.matrix(vehicle)
        place = task.problem.stops.place[task.stop[task.allowed[v]]]
        homes = task.problem.depots.place[list(task.depots(v))]
        there = roads.distance_m[np.ix_(homes, place)]
        there = there[np.isfinite(there)]
        per_m, per_s, overtime_per_s, fixed = unit_prices(vehicle)
        hours = vehicle.longest_out_s if np.isfinite(vehicle.longest_out_s) else 0.0
        dearest = max(
            dearest,
            fixed + 8 * per_m * float(there.max(initial=0.0)) + (per_s + overtime_per_s) * hours,
        )
    amount = task.problem.stops.amount_t.sum(axis=1)[task.stop] * task.share
    prizes: FloatArray = 3 * dearest * (1 + amount / max(float(amount.max(initial=0.0)), 1e-9))
    return prizes


def _holding(task: DayTask, answer: DayAnswer) -> DayAnswer:
    """Only rounds that keep every rule to the second, and only stops that are served wholly."""
    orders = [one for one in answer.orders if np.isfinite(price(task, one))]
    while True:
        done = np.zeros(len(task), bool)
        for jobs in jobs_of(task, orders):
            done[jobs] = True
        partly = set(task.stop[~done]) & set(task.stop[done])
        if not partly:
            return DayAnswer(orders, tuple(int(j) for j in np.flatnonzero(~done)))
        orders = [short for one in orders if (short := _without(one, partly)).calls]
        orders = [one for one in orders if np.isfinite(price(task, one))]


def _without(order: Order, stops: set[int]) -> Order:
    """A round without some stops, and without emptying where nothing was taken."""
    calls: list[Call] = []
    for call in order.calls:
        kind, position, _ = call
        empty = not calls or calls[-1][0] is not Kind.STOP
        if (kind is Kind.STOP and position in stops) or (kind is not Kind.STOP and empty):
            continue
        calls.append(call)
    if calls and calls[-1][0] is Kind.DEPOT:
        calls.pop()
    return replace(order, calls=tuple(calls))

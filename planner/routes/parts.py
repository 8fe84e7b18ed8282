"""A large task by neighbouring parts: the first rounds, and better ones as long as there is time.

An iteration of the search costs time in proportion to all stops although its moves are local. So a
large task is cut into neighbouring rounds of some hundred stops that are searched by turns (the
partial optimisation of Taillard and Voss, POPMUSIC, 2002). Where a second core is there, a second
process has another part meanwhile, of rounds that are nobody else's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pyvrp

from planner.problem import FloatArray, IntArray
from planner.routes.day_task import DayTask, fleet_left
from planner.routes.pyvrp_model import PyvrpModel, build
from planner.routes.schedule import Order
from planner.routes.search import OnOrders, Searched, SearchLimits, search, searched, solved
from planner.routes.side_process import SideProcess
from planner.routes.site_room import excess_t
from planner.routes.solution import Kind
from planner.routes.trips import packed
from planner.routes.ways import short_on_board

WHOLE_JOBS = 500
"""Up to so many jobs a task is searched as a whole."""
PART_JOBS = 120
"""Jobs of a part: an iteration is some twenty times as quick as on 3,000."""
PART_ROUNDS = 4
"""Rounds of a part at least, where they are long."""
PART_S = 1.2
"""Seconds for a part."""
FIRST_ITERATIONS = 12
"""Of each part of the first rounds: whoever waits sees some soon."""
PART_ITERATIONS = 25
"""Of each part later on, where iterations replace the clock."""
WORTH_S = 10.0
"""A shorter search has no use of a second process, which takes a second to begin."""
LEAST_GAIN_CNY = 1e-6
NEAR_PLACES = 8
"""Depots, and sites, of a part that has more to choose from."""

Price = Callable[[Order], float]


def first_by_parts(
    task: DayTask, limits: SearchLimits, beat: Callable[[], None] | None = None
) -> list[Order] | None:
    """First rounds, part by part; None where a part has none that keep every rule.

    Every part takes from the lorries that the parts before have left.
    """
    orders: list[Order] = []
    near = nearness(task)
    for jobs in _clusters(near, _remoteness(task)):
        part = task.part(jobs, fleet_left(task.fleet, orders))
        few = SearchLimits(limits.end_s, limits.seed, FIRST_ITERATIONS)
        close = with_near_places(part)
        found = search(build(close), few, beat=beat)
        if not found.feasible and close is not part:
            found = search(build(part), few, beat=beat)
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
    turns = _Turns(task, list(orders), limits, price)
    two = limits.processes > 1 and limits.iterations is None and limits.left_s >= WORTH_S
    with SideProcess() if two else nullcontext() as beside:
        for count in itertools.count():
            if limits.left_s <= 0 or (limits.iterations is not None and count >= limits.iterations):
                break
            better = turns.take_in(beside) if beside is not None and not beside.busy else False
            better |= turns.search_one(beat)
            if better and hear is not None:
                hear(turns.orders, sum(map(price, turns.orders)))
            if beat is not None:
                beat()
        if beside is not None and not beside.busy:
            turns.take_in(beside)
    return turns.orders


@dataclass(frozen=True, eq=False)
class _Part:
    """Neighbouring rounds, and the model of what they serve.

    Rounds of several trips are no beginning for a model of single ones; then there is none.
    """

    orders: list[Order]
    model: PyvrpModel
    begin: list[Order] | None


class _Turns:
    """Rounds of a large task, of which some are being searched.

    ``orders`` are always all rounds; those that the second process has are also in ``away``.
    """

    def __init__(
        self, task: DayTask, orders: list[Order], limits: SearchLimits, price: Price
    ) -> None:
        self.orders = orders
        self._task, self._limits, self._price = task, limits, price
        self._single = any(short_on_board(task, v) for v in range(len(task.problem.vehicles)))
        self._near = nearness(task)
        self._rng = np.random.default_rng(limits.seed)
        self._jobs = _jobs_by_turns(len(task), self._rng)
        self._away: _Part | None = None

    def search_one(self, beat: Callable[[], None] | None) -> bool:
        """Search the next part here; whether it became cheaper."""
        part = self._next_part()
        if part is None:
            return False
        found = search(part.model, self._part_limits(), start=part.begin, beat=beat)
        return self._accept(part, found)

    def take_in(self, beside: SideProcess) -> bool:
        """What the second process found, and its next part; whether it found something."""
        part, best = self._away, beside.answer(0.0)
        self._away = None
        better = False
        if part is not None and best is not None:
            better = self._accept(part, searched(part.model, best))
        self._away = self._next_part()
        if self._away is not None:
            model, limits, orders = self._away.model, self._part_limits(), self._away.begin
            begin = None if orders is None else model.solution(orders)
            moment = time.time() + self._limits.left_s
            beside.ask(search_part, model.data, model.cost_scale, limits.seed, begin, moment)
        return better

    def _next_part(self) -> _Part | None:
        """Rounds about the next job; None where the second process has them all."""
        away = {id(one) for one in self._away.orders} if self._away is not None else set()
        free = [one for one in self.orders if id(one) not in away]
        chosen = _around(self._task, free, self._near[next(self._jobs)])
        part = [free[k] for k in chosen]
        if not part:
            return None
        mine = {id(one) for one in part}
        rest = [one for one in self.orders if id(one) not in mine]
        jobs = np.sort(np.concatenate(jobs_of(self._task, part)))
        inner = self._task.part(jobs, fleet_left(self._task.fleet, rest))
        model = build(with_near_places(inner, part))
        return _Part(part, model, None if self._single else part)

    def _part_limits(self) -> SearchLimits:
        limits = self._limits
        end_s = min(limits.end_s, time.perf_counter() + PART_S)
        iterations = None if limits.iterations is None else PART_ITERATIONS
        return SearchLimits(end_s, int(self._rng.integers(2**31)), iterations)

    def _accept(self, part: _Part, found: Searched) -> bool:
        """Put a part's new rounds in the place of the old ones if all is better for it."""
        if not found.feasible or found.left_out:
            return False
        again = packed(self._task.problem, found.orders)
        if sum(map(self._price, again)) >= sum(map(self._price, part.orders)) - LEAST_GAIN_CNY:
            return False
        mine = {id(one) for one in part.orders}
        rest = [one for one in self.orders if id(one) not in mine]
        before, after = rest + part.orders, rest + again
        if self._task.sites_limited and excess_t(self._task, after) > excess_t(self._task, before):
            return False
        if any(n is not None and n < 0 for row in fleet_left(self._task.fleet, after) for n in row):
            return False  # both processes took the same idle lorries
        self.orders = after
        return True


def search_part(
    data: pyvrp.ProblemData,
    cost_scale: float,
    seed: int,
    begin: pyvrp.Solution | None,
    moment: float,
) -> pyvrp.Solution:
    """What the second process does: a part's search, to a moment of the wall's clock at most."""
    left_s = min(PART_S, moment - time.time())
    return solved(data, cost_scale, SearchLimits(time.perf_counter() + left_s, seed), begin)


def with_near_places(task: DayTask, orders: Sequence[Order] = ()) -> DayTask:
    """The task with the depots and sites that are near it, and those that ``orders`` use.

    Each depot is a type of lorries to PyVRP and each site a place to reload at, tried for every
    job: with a hundred of them a search takes a hundred times as long, and none from far is used.
    """
    problem = task.problem
    if max(len(problem.depots), len(problem.disposal)) <= NEAR_PLACES:
        return task
    calls = [call for order in orders for call in order.calls]
    homes = _near(task, problem.depots.place, {order.depot for order in orders}, _homes(task))
    sites = _near(
        task, problem.disposal.place, {at for kind, at, _ in calls if kind is Kind.DISPOSAL},
        {site for v in range(len(problem.vehicles)) for site in task.sites(v)},
    )  # fmt: skip
    fleet = tuple(
        tuple(number if k in homes else 0 for k, number in enumerate(row)) for row in task.fleet
    )
    kept = np.isin(np.arange(len(problem.disposal)), sorted(sites))
    return replace(task, fleet=fleet, room_t=np.where(kept, task.room_t, 0.0))


def _homes(task: DayTask) -> set[int]:
    """Depots with lorries for the task."""
    return {k for v in range(len(task.problem.vehicles)) for k in task.depots(v)}


def _near(task: DayTask, place: IntArray, used: set[int], usable: set[int]) -> set[int]:
    """Positions of the usable places nearest to any job, there and back, and of those in use."""
    at = np.array(sorted(usable), np.int64)
    if not len(at):
        return used
    roads = task.problem.matrix(task.problem.vehicles[0]).distance_m
    stops = np.unique(task.problem.stops.place[task.stop])
    both = roads[np.ix_(stops, place[at])] + roads[np.ix_(place[at], stops)].T
    nearest = at[np.argsort(both.min(axis=0), kind="stable")[:NEAR_PLACES]]
    return used | {int(one) for one in nearest}


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


def _jobs_by_turns(count: int, rng: np.random.Generator) -> Iterator[int]:
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

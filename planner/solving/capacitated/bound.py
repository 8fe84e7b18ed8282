"""The Lagrangian bound: multipliers on "everybody is served", one price on total capacity.

The multipliers are raised by the volume algorithm (Barahona and Anbil 2000): moves start from the
best multipliers so far, along an average of the subgradients that is weighted towards feasibility.
The same average of the subproblem choices estimates the LP solution; it guides search and
branching and never enters the bound, which is one evaluation of the relaxation.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated import knapsack
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import choose, price_openings

OUTWARD = 1e-9
"""Relative amount by which a bound is rounded down against floating-point error."""

WHOLE_WORK = 3_000_000
"""Largest items x capacity x sites for which a 0-1 knapsack is worth its time each round."""


@dataclass(eq=False)
class Multipliers:
    """Where a relaxation stands: what a node of the search hands to its children."""

    demand: FloatArray
    price: float = 0.0

    def moved(self, by: FloatArray) -> Multipliers:
        """These multipliers plus ``by`` (n,)."""
        return Multipliers(self.demand + by, self.price)


@dataclass(eq=False)
class Round:
    """One evaluation: the bound, where, and what the subproblems chose.

    ``gradient`` (n,) is how much service each point still lacks; ``opened`` (m,) the share of each
    site; ``choice`` (m,) the sizes of the choice that has enough capacity.
    """

    bound: float
    multipliers: Multipliers
    value: FloatArray
    gradient: FloatArray
    opened: FloatArray
    choice: IntArray


@dataclass(eq=False)
class BoundResult:
    """A bound and what the search learns from it.

    Parameters
    ----------
    bound : lower bound, rounded outward; ``inf`` is infeasible
    multipliers : at which it holds
    value : (k,) reduced cost of each size option there
    opened : (m,) average share of each site being open
    rounds : evaluations it took
    """

    bound: float
    multipliers: Multipliers
    value: FloatArray
    opened: FloatArray
    rounds: int


class Relaxation:
    """Evaluates the Lagrangian of one problem for any multipliers and any fixed sites."""

    def __init__(
        self, data: CapacitatedData, threads: int = 1, *, whole: bool | None = None
    ) -> None:
        """``whole``: 0-1 knapsacks; None where they are allowed and quick."""
        self.data = data
        self.needed = float(data.weight.sum())
        self.banned: BoolArray | None = None
        self.finite = bool(np.isfinite(data.capacity).all())
        self._cuts = np.linspace(0, data.m, max(1, threads) + 1).astype(np.int64)
        busy = data.n * data.m > 400_000 and threads > 1
        self._pool = ThreadPoolExecutor(threads) if busy else None
        self.whole = self._use_whole_knapsack() if whole is None else whole
        self.whole_weight = data.weight.astype(np.int64)
        room = np.where(np.isfinite(data.capacity), data.capacity, self.needed)
        self.whole_capacity = np.floor(np.minimum(room, self.needed) + 1e-9).astype(np.int64)

    def _use_whole_knapsack(self) -> bool:
        data = self.data
        if not data.single_source or not (data.weight == np.round(data.weight)).all():
            return False
        top = np.minimum(data.largest, self.needed)
        return float(top.sum()) * min(data.n, 60) <= WHOLE_WORK

    def close(self) -> None:
        """End the worker threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def values(self, multiplier: FloatArray, state: IntArray) -> FloatArray:
        """(k,) fixed cost plus what each size would earn."""
        data = self.data
        value = np.empty(len(data.capacity))
        if self._pool is None:
            self._earn(multiplier, state, 0, data.m, value)
        else:
            jobs = [
                self._pool.submit(self._earn, multiplier, state, int(a), int(b), value)
                for a, b in pairwise(self._cuts)
            ]
            for job in jobs:
                job.result()
        value += data.fixed_cost
        if self.banned is not None:
            value[self.banned] = np.inf
        return value

    def _earn(
        self, multiplier: FloatArray, state: IntArray, first: int, last: int, value: FloatArray
    ) -> None:
        """Fill ``value`` (k,) for the sites ``first:last`` with what each size would earn."""
        data = self.data
        if self.whole:
            weight, capacity = self.whole_weight, self.whole_capacity
            knapsack.whole_values(
                data.cost, weight, multiplier, data.size_start, capacity, state, first, last, value
            )
        else:
            knapsack.continuous_values(
                data.cost,
                data.weight,
                multiplier,
                data.size_start,
                data.capacity,
                state,
                first,
                last,
                value,
            )

    def openings(
        self, value: FloatArray, state: IntArray, price: float
    ) -> tuple[float, float, float, IntArray, IntArray]:
        """Bound of the choice of sizes, its price and the two choices it mixes."""
        data = self.data
        under, over = np.empty(data.m, np.int64), np.empty(data.m, np.int64)
        needed = self.needed if self.finite else 0.0
        bound, at, part = price_openings(
            value,
            data.capacity,
            data.size_start,
            state,
            data.group,
            data.group_least,
            data.group_most,
            data.fewest_sites(state, self.banned),
            data.count_most,
            needed,
            price,
            under,
            over,
        )
        return bound, at, part, under, over

    def fill(self, multiplier: FloatArray, chosen: IntArray, share: float, out: FloatArray) -> None:
        """Add ``share`` x what the chosen sizes serve to ``out`` (n,)."""
        data = self.data
        if not self.whole:
            knapsack.continuous_fill(
                data.cost, data.weight, multiplier, chosen, data.capacity, share, out
            )
            return
        for j in np.flatnonzero(chosen >= 0):
            room = int(self.whole_capacity[chosen[j]])
            knapsack.whole_fill(data.cost, self.whole_weight, multiplier, int(j), room, share, out)

    def round(self, multipliers: Multipliers, state: IntArray) -> Round:
        """Evaluate bound and subgradient."""
        value = self.values(multipliers.demand, state)
        bound, price, part, under, over = self.openings(value, state, multipliers.price)
        bound = rounded_down(bound + float(multipliers.demand.sum()))
        served = np.zeros(self.data.n)
        if part < 1.0:
            self.fill(multipliers.demand, under, 1.0 - part, served)
        if part > 0.0:
            self.fill(multipliers.demand, over, part, served)
        opened = (1.0 - part) * (under >= 0) + part * (over >= 0)
        where = Multipliers(multipliers.demand, price)
        return Round(bound, where, value, 1.0 - served, opened, over)

    def at_price(self, value: FloatArray, state: IntArray, price: float) -> float:
        """Bound of the choice of sizes at one price of capacity, not improved."""
        data = self.data
        chosen = np.empty(data.m, np.int64)
        least = choose(
            value,
            data.capacity,
            data.size_start,
            state,
            data.group,
            data.group_least,
            data.group_most,
            data.fewest_sites(state, self.banned),
            data.count_most,
            price,
            chosen,
        )
        return float(least) + price * (self.needed if self.finite else 0.0)

    def restricted(self, banned: BoolArray) -> Relaxation:
        """The same relaxation without some sizes; shares everything else."""
        view = copy(self)
        view.banned = banned
        return view

    def evaluate(self, multipliers: Multipliers, state: IntArray) -> float:
        """The bound at given multipliers and no search: one evaluation re-proves it."""
        value = self.values(multipliers.demand, state)
        bound, *_ = self.openings(value, state, multipliers.price)
        return rounded_down(bound + float(multipliers.demand.sum()))


def rounded_down(bound: float) -> float:
    """A lower bound moved outward by more than the sums behind it can be wrong."""
    return bound - OUTWARD * max(1.0, abs(bound)) if np.isfinite(bound) else bound


def first_multipliers(data: CapacitatedData) -> Multipliers:
    """A start near typical optima: the third cheapest site plus a share of the fixed cost."""
    near = np.partition(data.cost, min(2, data.m - 1), axis=0)[min(2, data.m - 1)]
    cheapest = np.min(data.cost, axis=0)
    near = np.where(np.isfinite(near), near, cheapest)
    per_unit = _least_unit_cost(data)
    return Multipliers(near + per_unit * data.weight)


def _least_unit_cost(data: CapacitatedData) -> float:
    """Fixed cost for one unit of capacity at the best-value size."""
    finite = np.isfinite(data.capacity) & (data.capacity > 0)
    if not finite.any():
        return 0.0
    return float((data.fixed_cost[finite] / data.capacity[finite]).min())


@dataclass(frozen=True)
class Pace:
    """How boldly the volume algorithm moves.

    ``step`` scales the first move, ``weight`` is the most that one round may weigh in the average,
    and after ``patience`` rounds without gain the step shrinks.
    """

    step: float
    weight: float
    patience: int


FROM_SCRATCH = Pace(0.5, 0.2, 5)
FROM_PARENT = Pace(0.03, 0.3, 3)
"""Measured: a node regains two thirds of its lift in 20 rounds; bolder steps lose it again."""


def improve(
    relaxation: Relaxation,
    start: Multipliers,
    state: IntArray,
    *,
    target: Callable[[], float],
    rounds: int,
    stop_at: Callable[[], float],
    on_round: Callable[[int, float, IntArray, FloatArray], None] | None = None,
    pace: Pace = FROM_SCRATCH,
) -> BoundResult:
    """Raise the bound for at most ``rounds`` rounds or until it reaches ``stop_at()``.

    ``target`` gives the best known objective (``inf`` if none), ``on_round(round, bound, choice,
    average)`` may search for plans and may raise to cancel.
    """
    first = relaxation.round(start, state)
    best = BoundResult(first.bound, first.multipliers, first.value, first.opened, 0)
    direction, opened, step, stalled = first.gradient, first.opened, pace.step, 0
    goal = first.bound + 0.01 * abs(first.bound)
    choice = first.choice
    for k in range(1, rounds):
        if on_round is not None:
            on_round(k - 1, best.bound, choice, opened)
        norm = float(direction @ direction)
        if best.bound >= stop_at() or norm < 1e-12 or best.bound == np.inf:
            break
        move = step * (min(target(), goal) - best.bound) / norm
        turn = relaxation.round(best.multipliers.moved(move * direction), state)
        choice = turn.choice
        share = _weight(turn.gradient, direction, pace.weight)
        ascends = float(turn.gradient @ direction) > 0
        direction = share * turn.gradient + (1 - share) * direction
        opened = share * turn.opened + (1 - share) * opened
        if turn.bound > best.bound:
            stalled = 0 if turn.bound > best.bound + 1e-6 * abs(best.bound) else stalled + 1
            step = min(2.0, step * 1.2) if ascends else step
            best = BoundResult(turn.bound, turn.multipliers, turn.value, opened, k)
        else:
            stalled += 1
        if stalled >= pace.patience:
            step, stalled = step * 0.66, 0
            if step < 1e-4:
                break
        if best.bound > goal - 1e-3 * abs(goal):
            goal = best.bound + 0.01 * abs(best.bound)
    best.opened = opened
    return best


def _weight(gradient: FloatArray, direction: FloatArray, most: float) -> float:
    """Share of the new round that makes the average most nearly feasible, within limits."""
    change = gradient - direction
    size = float(change @ change)
    wanted = -float(direction @ change) / size if size > 0 else most
    return min(max(wanted, most / 10), most)

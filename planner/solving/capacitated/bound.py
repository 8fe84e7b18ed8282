"""The Lagrangian bound: multipliers on "everybody is served", one price on total capacity.

The multipliers are raised by the volume algorithm (Barahona and Anbil 2000; compiled in ``ascent``
and ``whole_bound``): moves start from the best multipliers so far, along an average of the
subgradients that is weighted towards feasibility. The same average of the subproblem choices
estimates the LP solution; it guides search and branching and never enters the bound, which is one
evaluation of the relaxation: :class:`Relaxation` makes it by itself, without any search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.solving.capacitated import knapsack
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import price_openings

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

    def __init__(self, data: CapacitatedData, *, whole: bool | None = None) -> None:
        """``whole``: 0-1 knapsacks; None where they are allowed and quick."""
        self.data = data
        self.needed = float(data.weight.sum())
        self.finite = bool(np.isfinite(data.capacity).all())
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

    def values(self, multiplier: FloatArray, state: IntArray) -> FloatArray:
        """(k,) fixed cost plus what each size would earn."""
        data = self.data
        value = np.empty(len(data.capacity))
        sizes, every = data.size_start, (state, 0, data.m, value)
        if self.whole:
            weight, capacity = self.whole_weight, self.whole_capacity
            knapsack.whole_values(data.cost, weight, multiplier, sizes, capacity, *every)
        else:
            knapsack.continuous_values(
                data.cost, data.weight, multiplier, sizes, data.capacity, *every
            )
        value += data.fixed_cost
        return value

    def evaluate(self, multipliers: Multipliers, state: IntArray) -> float:
        """The bound at given multipliers and no search: one evaluation re-proves it."""
        data = self.data
        bound, *_ = price_openings(
            self.values(multipliers.demand, state),
            data.capacity,
            data.size_start,
            state,
            data.group,
            data.group_least,
            data.group_most,
            data.fewest_sites(state),
            data.count_most,
            self.needed if self.finite else 0.0,
            multipliers.price,
            np.empty(data.m, np.int64),
            np.empty(data.m, np.int64),
        )
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

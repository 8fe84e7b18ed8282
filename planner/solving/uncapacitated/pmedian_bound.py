"""Lagrangian bound: pay each demand point ``lambda_i`` for being served, and let sites compete.

For any multipliers with ``lambda_i <= outside_i``

    L(lambda) = sum_i lambda_i + min over allowed S of sum_{j in S} price_j,
    price_j   = fixed_j + sum_i min(0, cost_ij - lambda_i)

is a lower bound (the assignment constraints relaxed: Cornuejols, Fisher and Nemhauser 1977). It is
raised by subgradient steps with a remembered direction (Camerini, Fratta and Maffioli 1975).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray
from planner.solving.uncapacitated.rows import Rows, Rules
from planner.solving.uncapacitated.selection import choose

_UNIT = 2.0**-53
_SLICE_ENTRIES = 30_000_000
"""Entries of rows visited between two looks at the clock and the listener: about 0.1 s."""
_BEST, _SCALE, _IDLE, _DONE, _STEPS, _VISITED = range(6)


class Ascent(NamedTuple):
    """A subgradient ascent between two calls; every array is advanced in place.

    Parameters
    ----------
    multiplier, direction : (n,) where it stands and where it was going
    best_multiplier : (n,) of the best bound
    price, chosen : (m,) prices and cheapest choice at ``best_multiplier``
    use : (m,) smoothed share of the steps in which each site was chosen, near the relaxation's
        own fractional choice
    numbers : best bound, step factor, steps without gain, whether it has come to rest, steps made,
        rows and entries visited
    """

    multiplier: FloatArray
    direction: FloatArray
    best_multiplier: FloatArray
    price: FloatArray
    chosen: BoolArray
    use: FloatArray
    numbers: FloatArray

    @property
    def bound(self) -> float:
        """Best bound so far, rounded down for the errors of its own sums."""
        return float(self.numbers[_BEST]) - self.slack

    @property
    def slack(self) -> float:
        """Most that rounding can have added to the bound.

        Every price is a sum of at most n savings of one sign, so Higham's bound for any order of
        summation (Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 4.4) applies to
        each sum with its own absolute value.
        """
        terms = len(self.multiplier) + 2 * len(self.price) + 8
        size = self.best_multiplier.sum() + np.abs(self.price).sum()
        return float(2.0 * terms * _UNIT * size)

    def reached(self, goal: float) -> bool:
        """Whether the value at the best multipliers is there, or comes no higher."""
        return self.resting or bool(self.numbers[_BEST] >= goal)

    @property
    def resting(self) -> bool:
        """Whether further steps are pointless."""
        return bool(self.numbers[_DONE])

    @property
    def steps(self) -> int:
        """Steps made so far."""
        return int(self.numbers[_STEPS])

    @property
    def visited(self) -> int:
        """Rows and entries visited so far, a measure of effort that no clock enters."""
        return int(self.numbers[_VISITED])


def slice_steps(rows: Rows) -> int:
    """Steps between two looks at the clock and the listener."""
    return int(np.clip(_SLICE_ENTRIES // (1 + len(rows.site)), 5, 60))


def begin(multiplier: FloatArray, sites: int, *, scale: float = 1.5) -> Ascent:
    """An ascent about to start from these multipliers.

    Parameters
    ----------
    multiplier : (n,)
    sites : how many sites there are to choose from
    scale : first step factor
    """
    return Ascent(
        multiplier.copy(),
        np.zeros(len(multiplier)),
        multiplier.copy(),
        np.zeros(sites),
        np.zeros(sites, np.bool_),
        np.zeros(sites),
        np.array([-np.inf, scale, 0.0, 0.0, 0.0, 0.0]),
    )


@njit(cache=True, nogil=True)
def price_sites(rows: Rows, fixed: FloatArray, multiplier: FloatArray, price: FloatArray) -> None:
    """Write each site's price at the multipliers."""
    price[:] = fixed
    for i in range(len(multiplier)):
        pay = multiplier[i]
        for t in range(rows.start[i], rows.start[i + 1]):
            saving = rows.cost[t] - pay
            if saving >= 0.0:
                break
            price[rows.site[t]] += saving


@njit(cache=True, nogil=True)
def _turn(rows: Rows, ascent: Ascent, chosen: BoolArray) -> float:
    """Bend the direction towards the subgradient; the square of its length."""
    square, visited = 0.0, len(rows.outside)
    for i in range(len(rows.outside)):
        pay = ascent.multiplier[i]
        slope = 1.0
        for t in range(rows.start[i], rows.start[i + 1]):
            if rows.cost[t] >= pay:
                break
            visited += 1
            if chosen[rows.site[t]]:
                slope -= 1.0
        bent = slope + 0.7 * ascent.direction[i]
        if bent > 0.0 and pay >= rows.outside[i]:
            bent = 0.0
        ascent.direction[i] = bent
        square += bent * bent
    ascent.numbers[_VISITED] += visited
    return square


@njit(cache=True, nogil=True)
def advance(
    rows: Rows,
    rules: Rules,
    ascent: Ascent,
    goal: float,
    aim: float,
    steps: int,
    patience: int,
    least_scale: float,
) -> None:
    """Take up to ``steps`` steps, fewer if the bound reaches ``goal`` or comes to rest.

    Parameters
    ----------
    aim : value that the step length reaches for, an upper bound
    patience : steps without a gain of a millionth after which the step factor shrinks
    least_scale : step factor at which the ascent rests
    """
    price = np.empty(len(rules.fixed))
    chosen = np.zeros(len(rules.fixed), np.bool_)
    numbers = ascent.numbers
    for _ in range(steps):
        price_sites(rows, rules.fixed, ascent.multiplier, price)
        value = ascent.multiplier.sum() + choose(price, rules, chosen)
        numbers[_STEPS] += 1.0
        for j in range(len(price)):
            ascent.use[j] += 0.05 * ((1.0 if chosen[j] else 0.0) - ascent.use[j])
        numbers[_IDLE] += 1.0
        if value > numbers[_BEST]:
            if value > numbers[_BEST] + 1e-6 * abs(numbers[_BEST]):
                numbers[_IDLE] = 0.0
            numbers[_BEST] = value
            ascent.best_multiplier[:] = ascent.multiplier
            ascent.price[:] = price
            ascent.chosen[:] = chosen
        if numbers[_BEST] >= goal:
            return
        if numbers[_IDLE] >= patience:
            numbers[_SCALE] *= 0.8
            numbers[_IDLE] = 0.0
        square = _turn(rows, ascent, chosen)
        if numbers[_SCALE] < least_scale or square == 0.0:
            numbers[_DONE] = 1.0
            return
        step = numbers[_SCALE] * max(aim - value, 1e-7 * abs(aim)) / square
        for i in range(len(rows.outside)):
            raised = ascent.multiplier[i] + step * ascent.direction[i]
            # Below its cheapest site a multiplier only gives the bound away.
            floor = rows.cost[rows.start[i]] if rows.start[i] < rows.start[i + 1] else 0.0
            ascent.multiplier[i] = min(max(raised, floor), rows.outside[i])


@njit(cache=True, nogil=True)
def first_multipliers(rows: Rows, rank: int) -> FloatArray:
    """(n,) each row's cost at this rank, or the dearest it has: a fair first guess."""
    multiplier = np.empty(len(rows.outside))
    for i in range(len(multiplier)):
        a, b = rows.start[i], rows.start[i + 1]
        if a + rank < b:
            multiplier[i] = rows.cost[a + rank]
        elif rows.outside[i] < np.inf:
            multiplier[i] = rows.outside[i]
        else:
            multiplier[i] = rows.cost[b - 1] if b > a else 0.0
    return multiplier

"""Raising the first tier's bound by the prices of serving a point (volume algorithm).

Barahona and Anbil 2000: steps along an average of the subgradients; the same average of the choices
comes close to the relaxation's solution and says which facilities are worth looking at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray
from planner.solving.tiered.first_tier import FirstTier, evaluate

OUTWARD = 1e-9
"""Relative weakening of every bound against rounding of the sums behind it."""


@dataclass(frozen=True, eq=False)
class Priced:
    """A bound of the first tier at given onward prices.

    ``opened`` and ``supply`` (t, f) are averages over recent rounds: whether a facility was open,
    and the tonnes it took in.
    """

    bound: float
    pay: FloatArray
    opened: FloatArray
    supply: FloatArray


def first_prices(first: FirstTier, onward: FloatArray) -> FloatArray:
    """(t, n) a start: the cheapest way on, and a share of the cheapest building by the tonne."""
    facility = np.repeat(np.arange(first.count), np.diff(first.start))
    owner = np.repeat(np.arange(first.count), np.diff(first.size_start))
    pay = np.full(first.tonnes.shape, np.inf)
    for t in range(len(first.tonnes)):
        by_size = first.fixed[t] / np.maximum(first.capacity, 1e-12)
        dear = np.full(first.count, np.inf)
        np.minimum.at(dear, owner, by_size)
        tonnes = first.tonnes[t, first.point]
        cost = first.cost[t] + tonnes * (onward[t, facility] + dear[facility])
        np.minimum.at(pay[t], first.point, cost)
    return np.where(np.isfinite(pay), pay, 0.0)


def moved_prices(
    first: FirstTier, known: Priced, before: FloatArray, onward: FloatArray
) -> FloatArray:
    """(t, n) a start from prices known for other onward prices: each point pays the difference."""
    facility = np.repeat(np.arange(first.count), np.diff(first.start))
    pay = known.pay.copy()
    for t in range(len(pay)):
        tonnes = first.tonnes[t, first.point]
        for sign, prices in ((-1.0, before), (1.0, onward)):
            least = np.full(pay.shape[1], np.inf)
            np.minimum.at(least, first.point, first.cost[t] + tonnes * prices[t, facility])
            pay[t] += sign * np.where(np.isfinite(least), least, 0.0)
    return pay


def raised(
    first: FirstTier,
    onward: FloatArray,
    pay: FloatArray,
    *,
    rounds: int,
    stop: Callable[[], bool],
) -> Priced:
    """The best bound within some rounds; ``stop()`` is asked in each and may raise."""
    turn = _Turn(first, onward)
    best, served, opened, supply = turn.at(pay)
    average, often, taken, step, stalled = served, opened, supply, 0.1, 0
    goal = best + 0.01 * abs(best)
    reachable = np.zeros(first.tonnes.shape[1], np.bool_)
    reachable[first.point] = True
    for _ in range(rounds):
        if stop():
            break
        direction = np.where(reachable, 1.0 - average, 0.0)
        norm = float((direction**2).sum())
        if norm < 1e-9:
            break
        value, served, opened, supply = turn.at(pay + step * (goal - best) / norm * direction)
        gradient = np.where(reachable, 1.0 - served, 0.0)
        share = _weight(gradient, direction)
        average = share * served + (1 - share) * average
        often = share * opened + (1 - share) * often
        taken = share * supply + (1 - share) * taken
        if value > best:
            stalled = 0 if value > best + 1e-6 * abs(best) else stalled + 1
            best, pay = value, turn.last
            step = min(2.0, step * 1.1) if float((gradient * direction).sum()) > 0 else step
        else:
            stalled += 1
        if stalled >= 6:
            step, stalled = step * 0.66, 0
            if step < 1e-4:
                break
        if best > goal - 1e-3 * abs(goal):
            goal = best + 0.01 * abs(best)
    return Priced(best, pay, often, taken)


def _weight(gradient: FloatArray, direction: FloatArray) -> float:
    """Share of the new round that makes the average most nearly feasible."""
    change = gradient - direction
    size = float((change**2).sum())
    wanted = -float((direction * change).sum()) / size if size > 0 else 0.1
    return min(max(wanted, 0.01), 0.1)


class _Turn:
    """Evaluates the first tier at prices."""

    def __init__(self, first: FirstTier, onward: FloatArray) -> None:
        self._first, self._onward = first, np.ascontiguousarray(onward)
        self._reward = np.zeros_like(self._onward)
        self.last = np.zeros_like(first.tonnes)

    def at(self, pay: FloatArray) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """Bound, shares served, whether open, tonnes taken in."""
        first = self._first
        served = np.zeros_like(first.tonnes)
        state = np.zeros(self._onward.shape, np.int64)
        supply = np.zeros(self._onward.shape)
        value = evaluate(
            first.start,
            first.point,
            first.cost,
            first.tonnes,
            first.grains,
            first.size_start,
            first.capacity,
            first.room,
            first.fixed,
            first.moves,
            first.whole,
            pay,
            self._onward,
            self._reward,
            served,
            state,
            supply,
        )
        self.last = pay
        slack = OUTWARD * (abs(value) + float(np.abs(pay).sum()))
        return value + float(pay.sum()) - slack, served, (state > 0).astype(np.float64), supply

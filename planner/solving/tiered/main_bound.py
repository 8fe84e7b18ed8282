"""The bound of the main tier, raised by the prices of serving a point (volume algorithm).

Barahona and Anbil 2000, as in :mod:`planner.solving.tiered.prices`, around the exact choice of
sizes. Facilities decided one way or the other (branches) are a choice with some sizes impossible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.tiered.main_kernels import knapsacks, served_by
from planner.solving.tiered.main_tier import MainTier
from planner.solving.tiered.prices import OUTWARD

PATIENCE = 12
"""Rounds without a better bound before the step is made shorter."""
LEAST_STEP = 2e-5


@dataclass(frozen=True, eq=False)
class Bounded:
    """A bound of the main tier, without :attr:`MainTier.constant`.

    Parameters
    ----------
    pay : (n,) prices at which it holds
    opened : (o,) how often each option was chosen in recent rounds, averaged
    size : (f,) option chosen at these prices, -1 where closed
    """

    value: float
    pay: FloatArray
    opened: FloatArray
    size: IntArray


def first_pay(main: MainTier) -> FloatArray:
    """(n,) a start: the cheapest way, and a share of the cheapest building by the tonne."""
    choice = main.choice
    dear = np.full(len(choice.facility), np.inf)
    by_tonne = choice.fixed / np.maximum(np.minimum(choice.room, main.tonnes.sum()), 1e-9)
    np.minimum.at(dear, choice.owner, by_tonne)
    pay = np.full(len(main.tonnes), np.inf)
    np.minimum.at(pay, main.point, main.cost + main.weight * dear[main.facility])
    return np.where(np.isfinite(pay), pay, 0.0)


def raised(
    main: MainTier,
    pay: FloatArray,
    *,
    rounds: int,
    stop: Callable[[], bool],
    shut: BoolArray | None = None,
    must: BoolArray | None = None,
    enough: float = np.inf,
) -> Bounded:
    """The best bound within some rounds.

    Parameters
    ----------
    stop : asked in each round; may raise
    shut : (o,) options that may not be chosen; ``must`` (f,) facilities that are open
    enough : a bound from here up needs no better
    """
    turn = _Turn(main, shut, must)
    value, served, size = turn.at(pay)
    best = Bounded(value, pay, turn.opened(size), size)
    if not np.isfinite(value):
        return best
    average, often, step, stalled = served, best.opened, 0.1, 0
    scale = abs(value) + 1e-3 * float(np.abs(pay).sum()) + 1.0
    goal = value + 0.01 * scale
    reachable = np.zeros(len(pay), np.bool_)
    reachable[main.point] = True
    for _ in range(rounds):
        if best.value >= enough or stop():
            break
        direction = np.where(reachable, 1.0 - average, 0.0)
        norm = float((direction**2).sum())
        if norm < 1e-9:
            break
        tried = best.pay + step * (goal - best.value) / norm * direction
        value, served, size = turn.at(tried)
        if not np.isfinite(value):
            break
        gradient = np.where(reachable, 1.0 - served, 0.0)
        share = _weight(gradient, direction)
        average = share * served + (1 - share) * average
        often = share * turn.opened(size) + (1 - share) * often
        if value > best.value:
            stalled = 0 if value > best.value + 1e-6 * scale else stalled + 1
            best = Bounded(value, tried, often, size)
            step = min(2.0, step * 1.1) if float((gradient * direction).sum()) > 0 else step
        else:
            stalled += 1
        if stalled >= PATIENCE:
            step, stalled = step * 0.66, 0
            if step < LEAST_STEP:
                break
        if best.value > goal - 1e-3 * scale:
            goal = best.value + 0.01 * scale
    return replace(best, opened=often)


def _weight(gradient: FloatArray, direction: FloatArray) -> float:
    """Share of the new round that makes the average most nearly feasible."""
    change = gradient - direction
    size = float((change**2).sum())
    wanted = -float((direction * change).sum()) / size if size > 0 else 0.1
    return min(max(wanted, 0.01), 0.1)


class _Turn:
    """Evaluates the main tier at prices."""

    def __init__(self, main: MainTier, shut: BoolArray | None, must: BoolArray | None) -> None:
        choice = main.choice
        fixed = choice.fixed if shut is None else np.where(shut, np.inf, choice.fixed)
        self._main = main
        self._choice = choice if must is None else replace(choice, must=choice.must | must)
        self._fixed = fixed

    def at(self, pay: FloatArray) -> tuple[float, FloatArray, IntArray]:
        """Bound, shares served and options chosen."""
        main, choice = self._main, self._choice
        value = np.empty(len(choice.room))
        size = np.empty(len(choice.facility), np.int64)
        knapsacks(
            main.start,
            main.point,
            main.cost,
            main.weight,
            choice.size_start,
            choice.room,
            self._fixed,
            pay,
            value,
        )
        total = choice.chosen(value, main.relief, size) + float(pay.sum())
        served = np.zeros(len(pay))
        served_by(main.start, main.point, main.cost, main.weight, choice.room, pay, size, served)
        return total - OUTWARD * (abs(total) + 2 * float(np.abs(pay).sum())), served, size

    def opened(self, size: IntArray) -> FloatArray:
        """(o,) 1 where an option is chosen."""
        there = np.zeros(len(self._fixed))
        there[size[size >= 0]] = 1.0
        return there

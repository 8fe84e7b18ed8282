"""Which sizes to open for given values: least total with enough capacity and allowed counts.

The total capacity row ``sum_s capacity_s y_s >= demand`` is priced with one multiplier ``mu``;
for a fixed ``mu`` the choice under laminar counts is greedy and exact. The total is concave in
``mu``, so the best price is bracketed. Any ``mu >= 0`` gives a valid bound.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray

FREE, OPEN, CLOSED = 0, 1, -1


@njit(cache=True, nogil=True)
def choose(  # noqa: C901, PLR0912 - one compiled kernel
    value: FloatArray,
    capacity: FloatArray,
    size_start: IntArray,
    state: IntArray,
    group: IntArray,
    group_least: IntArray,
    group_most: IntArray,
    count_least: int,
    count_most: int,
    price: float,
    chosen: IntArray,
) -> float:
    """Least ``sum (value_s - price x capacity_s)`` over allowed choices; ``inf`` if none is.

    ``chosen`` (m,) receives the size option of each opened site, -1 elsewhere.
    """
    m = state.size
    worth = np.empty(m)
    size = np.empty(m, np.int64)
    for j in range(m):
        lowest = np.inf
        at = size_start[j]
        for s in range(size_start[j], size_start[j + 1]):
            x = value[s] - (price * capacity[s] if price > 0.0 else 0.0)
            if x < lowest:
                lowest = x
                at = s
        if lowest == np.inf and state[j] == OPEN:
            return np.inf
        worth[j] = lowest
        size[j] = at
        chosen[j] = -1
    opened = np.zeros(group_least.size, np.int64)
    total = 0.0
    count = 0
    for j in range(m):
        if state[j] == OPEN:
            chosen[j] = size[j]
            opened[group[j]] += 1
            count += 1
            total += worth[j]
    order = np.argsort(worth)
    for j in order:  # every group its least
        if state[j] == FREE and worth[j] < np.inf and opened[group[j]] < group_least[group[j]]:
            chosen[j] = size[j]
            opened[group[j]] += 1
            count += 1
            total += worth[j]
    for j in order:  # then whatever pays, or is needed for the overall least
        if count >= count_most or (worth[j] >= 0.0 and count >= count_least):
            break
        if state[j] != FREE or worth[j] == np.inf:
            continue
        if chosen[j] < 0 and opened[group[j]] < group_most[group[j]]:
            chosen[j] = size[j]
            opened[group[j]] += 1
            count += 1
            total += worth[j]
    if count < count_least or count > count_most:
        return np.inf
    for g in range(opened.size):
        if opened[g] < group_least[g] or opened[g] > group_most[g]:
            return np.inf
    return total


@njit(cache=True, nogil=True)
def chosen_capacity(capacity: FloatArray, chosen: IntArray) -> float:
    """Capacity of the chosen sizes together."""
    total = 0.0
    for s in chosen:
        if s >= 0:
            total += capacity[s]
    return total


@njit(cache=True, nogil=True)
def _copy(source: IntArray, target: IntArray) -> None:
    """Element by element: a slice assignment of arrays costs seconds of compilation."""
    for j in range(source.size):
        target[j] = source[j]


@njit(cache=True, nogil=True)
def price_openings(  # noqa: C901, PLR0912 - one compiled kernel
    value: FloatArray,
    capacity: FloatArray,
    size_start: IntArray,
    state: IntArray,
    group: IntArray,
    group_least: IntArray,
    group_most: IntArray,
    count_least: int,
    count_most: int,
    needed: float,
    price: float,
    under: IntArray,
    over: IntArray,
) -> tuple[float, float, float]:
    """Best price of capacity and the bound it gives.

    Returns
    -------
    bound : of the choice, ``inf`` where no choice has enough capacity
    price : the ``mu`` it holds at
    part : share of ``over`` in the (fractional) best choice ``(1 - part) under + part over``
    """
    args = (capacity, size_start, state, group, group_least, group_most, count_least, count_most)
    bound = choose(value, *args, 0.0, under)
    if bound == np.inf:
        return np.inf, 0.0, 0.0
    short = needed - chosen_capacity(capacity, under)
    if short <= 1e-9 * needed:
        _copy(under, over)
        return bound, 0.0, 0.0
    # Enough capacity is there at all?  Price it so dearly that nothing else counts.
    choose(np.where(np.isinf(value), np.inf, 0.0), *args, 1.0, over)
    if chosen_capacity(capacity, over) < needed * (1.0 - 1e-9):
        return np.inf, 0.0, 0.0
    low, high = 0.0, max(price, 1e-6) * 1.5
    best, at = bound, 0.0
    for _ in range(200):
        x = choose(value, *args, high, over) + high * needed
        if x > best:
            best, at = x, high
        if chosen_capacity(capacity, over) >= needed:
            break
        low = high
        high *= 2.0
    choose(value, *args, low, under)
    trial = np.empty_like(under)
    for _ in range(40):
        under_capacity = chosen_capacity(capacity, under)
        over_capacity = chosen_capacity(capacity, over)
        # Where the two supporting lines meet: exact once they are neighbours.
        at_under = choose(value, *args, low, trial) + low * needed
        at_over = choose(value, *args, high, trial) + high * needed
        gain, loss = needed - under_capacity, over_capacity - needed
        if gain <= 0.0 or loss <= 0.0:
            break
        middle = (at_over - at_under + gain * low + loss * high) / (gain + loss)
        if not low < middle < high:
            break
        x = choose(value, *args, middle, trial) + middle * needed
        if x > best:
            best, at = x, middle
        meets = at_under + gain * (middle - low)
        if x >= meets - 1e-9 * max(1.0, abs(meets)):
            break
        if chosen_capacity(capacity, trial) < needed:
            low = middle
            _copy(trial, under)
        else:
            high = middle
            _copy(trial, over)
    under_capacity = chosen_capacity(capacity, under)
    over_capacity = chosen_capacity(capacity, over)
    part = 1.0
    if over_capacity > under_capacity:
        part = min(1.0, max(0.0, (needed - under_capacity) / (over_capacity - under_capacity)))
    return best, at, part


@njit(cache=True, nogil=True)
def price_sites(
    value: FloatArray,
    capacity: FloatArray,
    state: IntArray,
    needed: float,
    under: IntArray,
    over: IntArray,
) -> tuple[float, float, float]:
    """As :func:`price_openings` for one size a site and no counts: sorted once, no search.

    Least ``sum v_j y_j`` with ``sum capacity_j y_j >= needed`` and ``0 <= y_j <= 1`` opens what
    pays, then by cost a unit of capacity; the last one opened sets the price.
    """
    m = state.size
    total, filled = 0.0, 0.0
    unit = np.full(m, np.inf)
    for j in range(m):
        under[j] = -1
        if state[j] == OPEN or (state[j] == FREE and value[j] < 0.0):
            if value[j] == np.inf:
                return np.inf, 0.0, 0.0
            under[j] = j
            total += value[j]
            filled += capacity[j]
        elif state[j] == FREE and capacity[j] > 0.0:
            unit[j] = value[j] / capacity[j]
    _copy(under, over)
    if filled >= needed * (1.0 - 1e-9):
        return total, 0.0, 0.0
    for j in np.argsort(unit):
        if unit[j] == np.inf:
            break
        over[j] = j
        if filled + capacity[j] >= needed:
            return total + unit[j] * (needed - filled), unit[j], (needed - filled) / capacity[j]
        under[j] = j
        total += value[j]
        filled += capacity[j]
    if filled >= needed * (1.0 - 1e-9):
        return total, 0.0, 0.0
    return np.inf, 0.0, 0.0

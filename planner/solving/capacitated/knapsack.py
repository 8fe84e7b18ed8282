"""Knapsack kernels: what a site would earn at each size for given multipliers.

The continuous knapsack of a site takes the points whose reduced cost ``c_ij - lambda_i`` is
negative, best ratio to weight first, until the size is full. For single-source problems with whole
weights the 0-1 knapsack (dynamic programme over capacity) gives a stronger bound.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray


@njit(cache=True, nogil=True)
def _collect(
    cost: FloatArray,
    weight: FloatArray,
    multiplier: FloatArray,
    j: int,
    ratio: FloatArray,
    item: IntArray,
) -> tuple[int, int, float]:
    """Points that site ``j`` would earn by: ratio and position of each, from the front.

    Points without weight need no room and stand at the back. Returns how many need room, where the
    others begin, and what the others earn.
    """
    n = weight.size
    count, back = 0, n
    free = 0.0
    for i in range(n):
        reduced = cost[j, i] - multiplier[i]
        if reduced < 0.0:
            if weight[i] > 0.0:
                ratio[count] = reduced / weight[i]
                item[count] = i
                count += 1
            else:
                back -= 1
                item[back] = i
                free += reduced
    return count, back, free


@njit(cache=True, nogil=True)
def _split(
    weight: FloatArray,
    ratio: FloatArray,
    item: IntArray,
    low: int,
    high: int,
    room: float,
) -> tuple[int, float, float]:
    """Partition ``low:high`` so that the best ratios that fit into ``room`` come first.

    A selection like quicksort's that follows one side only (Balas and Zemel 1980): linear time
    where sorting would do more than is asked. Returns the first position that does not fit wholly,
    and the weight and worth of those before it.
    """
    filled, earned = 0.0, 0.0
    while high > low:
        a, b, c = ratio[low], ratio[(low + high) // 2], ratio[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        left, at, right = low, low, high
        less, less_worth, same = 0.0, 0.0, 0.0
        while at < right:
            x = ratio[at]
            if x < pivot:
                less += weight[item[at]]
                less_worth += x * weight[item[at]]
                ratio[at], ratio[left] = ratio[left], x
                item[at], item[left] = item[left], item[at]
                left += 1
                at += 1
            elif x > pivot:
                right -= 1
                ratio[at], ratio[right] = ratio[right], x
                item[at], item[right] = item[right], item[at]
            else:
                same += weight[item[at]]
                at += 1
        if filled + less > room:
            high = left
            continue
        filled += less
        earned += less_worth
        if filled + same > room:
            low = left
            while low < right - 1 and filled + weight[item[low]] <= room:
                filled += weight[item[low]]
                earned += pivot * weight[item[low]]
                low += 1
            return low, filled, earned
        filled += same
        earned += pivot * same
        low = right
    return low, filled, earned


@njit(cache=True, nogil=True)
def continuous_values(
    cost: FloatArray,
    weight: FloatArray,
    multiplier: FloatArray,
    size_start: IntArray,
    capacity: FloatArray,
    state: IntArray,
    first: int,
    last: int,
    value: FloatArray,
) -> None:
    """Fill ``value[s]`` (k,) for the sites ``first:last``: least reduced cost of size ``s``.

    Sites whose ``state`` is closed are passed over: nobody asks what they would earn.
    """
    n = weight.size
    ratio = np.empty(n)
    item = np.empty(n, np.int64)
    for j in range(first, last):
        if state[j] < 0:
            value[size_start[j] : size_start[j + 1]] = 0.0
            continue
        count, _, earned = _collect(cost, weight, multiplier, j, ratio, item)
        low, filled = 0, 0.0
        for s in range(size_start[j], size_start[j + 1]):
            low, more, worth = _split(weight, ratio, item, low, count, capacity[s] - filled)
            filled += more
            earned += worth
            value[s] = earned
            if low < count:
                value[s] += ratio[low] * (capacity[s] - filled)


@njit(cache=True, nogil=True)
def whole_values(
    cost: FloatArray,
    weight: IntArray,
    multiplier: FloatArray,
    size_start: IntArray,
    capacity: IntArray,
    state: IntArray,
    first: int,
    last: int,
    value: FloatArray,
) -> None:
    """As :func:`continuous_values`, with points taken whole or not at all."""
    n = weight.size
    for j in range(first, last):
        start, stop = size_start[j], size_start[j + 1]
        if state[j] < 0:
            value[start:stop] = 0.0
            continue
        top = capacity[stop - 1]
        best = np.zeros(top + 1)
        load = 0
        for i in range(n):
            reduced = cost[j, i] - multiplier[i]
            w = weight[i]
            if reduced < 0.0 and w <= top:
                load = min(load + w, top)
                for c in range(load, w - 1, -1):
                    with_it = best[c - w] + reduced
                    best[c] = min(best[c], with_it)
                # Rooms beyond what is loaded so far are worth what the loaded ones are.
        lowest = 0.0
        c = 0
        for s in range(start, stop):
            while c <= min(capacity[s], load):
                lowest = min(lowest, best[c])
                c += 1
            value[s] = lowest

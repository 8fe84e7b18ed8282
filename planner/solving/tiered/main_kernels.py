"""The main tier at given prices, compiled.

Relaxing "every point is served" with a price ``pay_i`` for serving it leaves

- one divided knapsack a facility and size: the points that earn most within its capacity,
- one choice of sizes for all facilities together, least in sum, with as many open in each group as
  the quotas say and room for all tonnes. It is made exactly, by dynamic programming over the
  facilities with the number open in the group and the units of room still needed as the state.

Room is counted in units of a size, each size rounded up and the need too (Chvatal and Gomory), so
that every plan still has enough of it.
"""

from __future__ import annotations

import numba
import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray


@numba.njit(cache=True, nogil=True)
def _ratios(
    j: int,
    start: IntArray,
    point: IntArray,
    cost: FloatArray,
    weight: FloatArray,
    pay: FloatArray,
) -> FloatArray:  # pragma: no cover - compiled
    """What each item of a facility earns (negative) for a tonne."""
    first, count = start[j], start[j + 1] - start[j]
    ratio = np.empty(count)
    for e in range(count):
        worth = cost[first + e] - pay[point[first + e]]
        tonnes = weight[first + e]
        ratio[e] = worth / tonnes if tonnes > 0.0 else (-1e300 if worth < 0.0 else 1.0)
    return ratio


@numba.njit(cache=True, nogil=True)
def knapsacks(
    start: IntArray,
    point: IntArray,
    cost: FloatArray,
    weight: FloatArray,
    size_start: IntArray,
    room: FloatArray,
    fixed: FloatArray,
    pay: FloatArray,
    value: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Fill ``value`` (o,): fixed cost and the best divided knapsack of each size."""
    for j in range(len(start) - 1):
        first = start[j]
        ratio = _ratios(j, start, point, cost, weight, pay)
        o, end = size_start[j], size_start[j + 1]
        total, taken = 0.0, 0.0
        for e in np.argsort(ratio):
            if ratio[e] >= 0.0 or o == end:
                break
            tonnes = weight[first + e]
            worth = cost[first + e] - pay[point[first + e]]
            while o < end and taken + tonnes > room[o]:
                value[o] = fixed[o] + total + worth * (room[o] - taken) / tonnes
                o += 1
            taken += tonnes
            total += worth
        while o < end:
            value[o] = fixed[o] + total
            o += 1


@numba.njit(cache=True, nogil=True)
def served_by(
    start: IntArray,
    point: IntArray,
    cost: FloatArray,
    weight: FloatArray,
    room: FloatArray,
    pay: FloatArray,
    size: IntArray,
    served: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Add to ``served`` (n,) the shares that the chosen sizes take."""
    for j in range(len(start) - 1):
        if size[j] < 0:
            continue
        first, left = start[j], room[size[j]]
        ratio = _ratios(j, start, point, cost, weight, pay)
        for e in np.argsort(ratio):
            if ratio[e] >= 0.0 or left <= 0.0:
                break
            tonnes = weight[first + e]
            share = 1.0 if tonnes <= left else left / tonnes
            served[point[first + e]] += share
            left -= share * tonnes


@numba.njit(cache=True, nogil=True)
def choose(  # noqa: C901, PLR0912 - one compiled loop
    size_start: IntArray,
    group: IntArray,
    least: IntArray,
    most: IntArray,
    must: BoolArray,
    units: IntArray,
    need: int,
    relief: float,
    value: FloatArray,
    size: IntArray,
) -> float:  # pragma: no cover - compiled
    """The sizes (f,) of least total value with room for all; ``inf`` where there are none.

    Parameters
    ----------
    group : (f,) ascending; ``least``, ``most`` (g,) open in each
    must : (f,) open
    units : (o,) of room; ``need`` in all; units less are needed for ``relief`` each, the first for
        nothing: the need is rounded up, and a little less of it may be a whole unit less
    value : (o,) ``inf`` for a size that may not be chosen
    """
    count = len(size_start) - 1
    members = np.zeros(len(least), np.int64)
    for j in range(count):
        members[group[j]] += 1
    # Counts beyond what a rule asks about are not told apart.
    limited = most < members
    top = np.where(limited, most, least)
    width = top.max() + 1 if len(top) else 1
    now, before = np.full((width, need + 1), np.inf), np.full((width, need + 1), np.inf)
    pick = np.full((count, width, need + 1), -1, np.int16)
    after = np.full(need + 1, np.inf)
    after[0] = 0.0
    j = count
    while j > 0:
        g = group[j - 1]
        for c in range(width):
            for d in range(need + 1):
                now[c, d] = after[d] if least[g] <= c <= top[g] else np.inf
        while j > 0 and group[j - 1] == g:
            j -= 1
            for c in range(top[g] + 1):
                full = limited[g] and c == top[g]
                one_more = min(c + 1, top[g])
                for d in range(need + 1):
                    best = np.inf if must[j] else now[c, d]
                    option = -1
                    if not full:
                        for o in range(size_start[j], size_start[j + 1]):
                            other = value[o] + now[one_more, max(0, d - units[o])]
                            if other < best:
                                best, option = other, o - size_start[j]
                    before[c, d] = best
                    pick[j, c, d] = option
            now, before = before, now
        for d in range(need + 1):
            after[d] = now[0, d]
    d = need
    least_total: float = after[need]
    if np.isfinite(relief):
        for other in range(need):
            total = after[other] + (need - other - 1) * relief
            if total < least_total:
                d, least_total = other, total
    c = 0
    for j in range(count):
        if j > 0 and group[j] != group[j - 1]:
            c = 0
        option = pick[j, c, d]
        size[j] = -1
        if option >= 0:
            size[j] = size_start[j] + option
            d = max(0, d - units[size[j]])
            c = min(c + 1, top[group[j]])
    return least_total

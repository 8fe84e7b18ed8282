"""The single-source Lagrangian at a node of the search, compiled: 0-1 knapsacks over pairs left.

The same relaxation as in ``bound``, with three differences that make it the bound of a search on
assignments too: a node knows which pairs (point, site) are left and which are settled, sites are
held to a range of sizes, and the number of open sites is never under what the weight needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.problem import FloatArray, IntArray
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN, price_openings
from planner.solving.capacitated.whole_knapsack import best_load

Marks = NDArray[np.int8]

LEFT, SETTLED, NEVER = 0, 1, -1
"""A pair may be used, is used, is not used by any plan of the node."""

LEAST_STEP = 1e-4
"""With smaller steps the bound stands still."""


class Pairs(NamedTuple):
    """What does not change from node to node; pairs in order of their sites.

    Parameters
    ----------
    start : (m + 1,) pairs of site ``j`` are ``start[j]:start[j + 1]``
    point, cost : (a,)
    weight : (n,)
    size_start, capacity, fixed_cost : sizes as in the data, capacity no more than the demand
    group, group_least, group_most, count_least, count_most : counts as in the data
    needed : total weight
    tolerance : by how much a knapsack may be missed, in units of the objective
    mark_start : (k + 1,) where the marks of each size begin, one for each pair of its site
    """

    start: IntArray
    point: IntArray
    cost: FloatArray
    weight: FloatArray
    size_start: IntArray
    capacity: FloatArray
    fixed_cost: FloatArray
    group: IntArray
    group_least: IntArray
    group_most: IntArray
    count_least: int
    count_most: int
    needed: float
    tolerance: float
    mark_start: IntArray


class Place(NamedTuple):
    """A node: sites, the range of their sizes, pairs, and multipliers. Changed in place.

    Parameters
    ----------
    state : (m,) of the sites
    low, high : (m,) first and last size that is left
    pair : (a,) LEFT, SETTLED or NEVER
    multiplier : (n,)
    price : (1,) of total capacity
    """

    state: IntArray
    low: IntArray
    high: IntArray
    pair: Marks
    multiplier: FloatArray
    price: FloatArray


class Seen(NamedTuple):
    """What an ascent leaves behind; filled in place.

    Parameters
    ----------
    value : (k,) worth of each size at the best multipliers
    share : (k,) average share of each size being open
    used : (a,) average share of each pair
    direction : (n,) average of the subgradients
    motion : (4,) step, rounds without gain, goal and bound; nothing yet where the step is 0
    """

    value: FloatArray
    share: FloatArray
    used: FloatArray
    direction: FloatArray
    motion: FloatArray


@njit(cache=True, nogil=True)
def items_of(
    pairs: Pairs,
    place: Place,
    j: int,
    multiplier: FloatArray,
    worth: FloatArray,
    weight: FloatArray,
    item: IntArray,
) -> tuple[int, float, float]:
    """Pairs that site ``j`` would earn by, best ratio first; their number.

    Also what settled and weightless pairs cost, and the room that settled ones take.
    """
    count, settled, taken = 0, 0.0, 0.0
    for a in range(pairs.start[j], pairs.start[j + 1]):
        if place.pair[a] == NEVER:
            continue
        i = pairs.point[a]
        reduced = pairs.cost[a] - multiplier[i]
        if place.pair[a] == SETTLED:
            settled += reduced
            taken += pairs.weight[i]
        elif reduced < 0.0:
            if pairs.weight[i] > 0.0:
                worth[count] = reduced / pairs.weight[i]
                item[count] = a
                count += 1
            else:
                settled += reduced
    order = np.argsort(worth[:count])
    sorted_item = item[:count][order]
    for k in range(count):
        a = sorted_item[k]
        item[k] = a
        i = pairs.point[a]
        weight[k] = pairs.weight[i]
        worth[k] = multiplier[i] - pairs.cost[a]
    return count, settled, taken


@njit(cache=True, nogil=True)
def values(
    pairs: Pairs, place: Place, multiplier: FloatArray, value: FloatArray, mark: Marks
) -> None:
    """Fill ``value`` (k,): fixed cost plus what each size would earn, ``inf`` if it cannot be.

    ``mark`` receives which pairs each size takes.
    """
    n = pairs.weight.size
    worth, weight = np.empty(n), np.empty(n)
    item = np.empty(n, np.int64)
    trial, taken, lightest = np.empty(n, np.int8), np.empty(n, np.int8), np.empty(n + 1)
    slack = 1e-9 * max(1.0, pairs.needed)
    for j in range(place.state.size):
        for s in range(pairs.size_start[j], pairs.size_start[j + 1]):
            value[s] = np.inf
        if place.state[j] == CLOSED:
            continue
        first, last = pairs.start[j], pairs.start[j + 1]
        count, settled, full = items_of(pairs, place, j, multiplier, worth, weight, item)
        for s in range(place.low[j], place.high[j] + 1):
            room = pairs.capacity[s] - full
            if room < -slack:
                continue
            room = max(room, 0.0) + slack
            most = best_load(worth, weight, count, room, pairs.tolerance, trial, taken, lightest)
            value[s] = pairs.fixed_cost[s] + settled - most
            at = pairs.mark_start[s] - first
            for a in range(first, last):
                i = pairs.point[a]
                weightless = pairs.weight[i] == 0.0 and pairs.cost[a] < multiplier[i]
                mark[at + a] = (
                    1 if place.pair[a] == SETTLED or (place.pair[a] == LEFT and weightless) else 0
                )
            for q in range(count):
                if taken[q]:
                    mark[at + item[q]] = 1


@njit(cache=True, nogil=True)
def _serve(pairs: Pairs, chosen: IntArray, mark: Marks, share: float, used: FloatArray) -> None:
    """Add ``share`` x what the chosen sizes take to ``used`` (a,)."""
    for j in range(chosen.size):
        if chosen[j] >= 0:
            at = pairs.mark_start[chosen[j]] - pairs.start[j]
            for a in range(pairs.start[j], pairs.start[j + 1]):
                if mark[at + a]:
                    used[a] += share


@njit(cache=True, nogil=True)
def least_count(pairs: Pairs, place: Place) -> int:
    """How many sites must be open for enough capacity, and for the count that is asked."""
    if pairs.needed <= 0.0:
        return pairs.count_least
    room, count = 0.0, 0
    top = np.zeros(place.state.size)
    for j in range(place.state.size):
        if place.state[j] == OPEN:
            room += pairs.capacity[place.high[j]]
            count += 1
        elif place.state[j] == FREE:
            top[j] = pairs.capacity[place.high[j]]
    order = np.argsort(top)
    for k in range(top.size - 1, -1, -1):
        if room >= pairs.needed * (1.0 - 1e-9) or top[order[k]] <= 0.0:
            break
        room += top[order[k]]
        count += 1
    return max(pairs.count_least, count)


@njit(cache=True, nogil=True)
def _round(
    pairs: Pairs,
    place: Place,
    multiplier: FloatArray,
    value: FloatArray,
    share: FloatArray,
    used: FloatArray,
    gradient: FloatArray,
    mark: Marks,
) -> float:
    """One evaluation: the bound, and where the subproblems stand."""
    m, n = place.state.size, multiplier.size
    under, over = np.empty(m, np.int64), np.empty(m, np.int64)
    values(pairs, place, multiplier, value, mark)
    bound, price, part = price_openings(
        value,
        pairs.capacity,
        pairs.size_start,
        place.state,
        pairs.group,
        pairs.group_least,
        pairs.group_most,
        least_count(pairs, place),
        pairs.count_most,
        pairs.needed,
        place.price[0],
        under,
        over,
    )
    if bound == np.inf:
        return bound
    place.price[0] = price
    used[:] = 0.0
    share[:] = 0.0
    if part < 1.0:
        _serve(pairs, under, mark, 1.0 - part, used)
    if part > 0.0:
        _serve(pairs, over, mark, part, used)
    for j in range(m):
        if under[j] >= 0:
            share[under[j]] += 1.0 - part
        if over[j] >= 0:
            share[over[j]] += part
    for i in range(n):
        gradient[i] = 1.0
        bound += multiplier[i]
    for a in range(used.size):
        if used[a] > 0.0:
            gradient[pairs.point[a]] -= used[a]
    return bound - 1e-9 * max(1.0, abs(bound))


@njit(cache=True, nogil=True)
def ascend(  # noqa: C901, PLR0912 - one compiled kernel
    pairs: Pairs,
    place: Place,
    seen: Seen,
    target: float,
    stop_at: float,
    rounds: int,
    step: float,
    most_weight: float,
    patience: int,
) -> float:
    """Raise the bound by the volume algorithm; the multipliers of ``place`` become the best.

    See ``ascent.ascend``, which this follows; ``seen`` receives the averages. Called again with the
    same ``seen`` it goes on where it was.
    """
    n, k, a = pairs.weight.size, seen.value.size, seen.used.size
    gradient, trial = np.empty(n), np.empty(n)
    value, share, used = np.empty(k), np.empty(k), np.empty(a)
    direction, motion = seen.direction, seen.motion
    mark = np.empty(pairs.mark_start[-1], np.int8)
    if motion[0] == 0.0:
        best = _round(
            pairs, place, place.multiplier, seen.value, seen.share, seen.used, direction, mark
        )
        motion[0], motion[1], motion[3] = step, 0.0, best
        motion[2] = best + 0.01 * abs(best)
        if best == np.inf:
            return best
    best, best_price = motion[3], place.price[0]
    for _ in range(rounds):
        norm = 0.0
        for i in range(n):
            norm += direction[i] * direction[i]
        if best >= stop_at or norm < 1e-12 or motion[0] < LEAST_STEP:
            break
        move = motion[0] * (min(target, motion[2]) - best) / norm
        for i in range(n):
            trial[i] = place.multiplier[i] + move * direction[i]
        bound = _round(pairs, place, trial, value, share, used, gradient, mark)
        if bound == np.inf:
            best = bound
            break
        along, size, turn = 0.0, 0.0, 0.0
        for i in range(n):
            change = gradient[i] - direction[i]
            size += change * change
            turn -= direction[i] * change
            along += gradient[i] * direction[i]
        weight = turn / size if size > 0.0 else most_weight
        weight = min(max(weight, most_weight / 10.0), most_weight)
        for i in range(n):
            direction[i] += weight * (gradient[i] - direction[i])
        for s in range(k):
            seen.share[s] += weight * (share[s] - seen.share[s])
        for p in range(a):
            seen.used[p] += weight * (used[p] - seen.used[p])
        if bound > best:
            motion[1] = 0.0 if bound > best + 1e-6 * abs(best) else motion[1] + 1.0
            if along > 0.0:
                motion[0] = min(2.0, motion[0] * 1.2)
            best, best_price = bound, place.price[0]
            for i in range(n):
                place.multiplier[i] = trial[i]
            for s in range(k):
                seen.value[s] = value[s]
        else:
            motion[1] += 1.0
        if motion[1] >= patience:
            motion[0] *= 0.66
            motion[1] = 0.0
        if best > motion[2] - 1e-3 * abs(motion[2]):
            motion[2] = best + 0.01 * abs(best)
    place.price[0] = best_price
    motion[3] = best
    return best


@njit(cache=True, nogil=True)
def evaluated(pairs: Pairs, place: Place) -> float:
    """The bound at the place's multipliers and no search: one evaluation re-proves it."""
    k, n = pairs.capacity.size, pairs.weight.size
    value, share, used = np.empty(k), np.empty(k), np.empty(pairs.point.size)
    mark = np.empty(pairs.mark_start[-1], np.int8)
    bound: float = _round(pairs, place, place.multiplier, value, share, used, np.empty(n), mark)
    return bound

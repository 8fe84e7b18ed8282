"""Reduced-cost fixing for one site a point: sites and pairs that no better plan has.

What would lift the bound at the present multipliers to the limit by itself is ruled out. The
counts and the capacity row stay in every evaluation.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN, choose
from planner.solving.capacitated.whole_bound import (
    LEFT,
    NEVER,
    SETTLED,
    Marks,
    Pairs,
    Place,
    items_of,
    least_count,
)
from planner.solving.capacitated.whole_knapsack import best_load


@njit(cache=True, nogil=True)
def _at_price(pairs: Pairs, place: Place, value: FloatArray, count_least: int) -> float:
    """Bound of the choice of sizes at the place's price, multipliers not yet added."""
    chosen = np.empty(place.state.size, np.int64)
    least = choose(
        value,
        pairs.capacity,
        pairs.size_start,
        place.state,
        pairs.group,
        pairs.group_least,
        pairs.group_most,
        count_least,
        pairs.count_most,
        place.price[0],
        chosen,
    )
    bound: float = least + place.price[0] * pairs.needed
    return bound


@njit(cache=True, nogil=True)
def fix_sites(
    pairs: Pairs, place: Place, value: FloatArray, limit: float, lift: FloatArray
) -> bool:
    """Open or close the sites whose other state would lift the bound to ``limit``.

    ``lift`` (m, 2) receives the bound with each site closed, and open. Returns whether anything
    under the limit is left.
    """
    base = place.multiplier.sum()
    least = least_count(pairs, place)
    for j in range(place.state.size):
        before = place.state[j]
        for side, state in enumerate((CLOSED, OPEN)):
            if before != FREE and before != state:  # noqa: PLR1714 - numba has no set
                lift[j, side] = np.inf
                continue
            place.state[j] = state
            bound = _at_price(pairs, place, value, least) + base
            lift[j, side] = bound - 1e-9 * max(1.0, abs(bound))
        place.state[j] = before
        if lift[j, 0] >= limit and lift[j, 1] >= limit:
            return False
        if before == FREE:
            if lift[j, 0] >= limit:
                place.state[j] = OPEN
            elif lift[j, 1] >= limit:
                place.state[j] = CLOSED
    return True


@njit(cache=True, nogil=True)
def fix_pairs(  # noqa: C901, PLR0912 - one compiled kernel
    pairs: Pairs,
    place: Place,
    value: FloatArray,
    limit: float,
    lift: FloatArray,
    exact: bool,
    halt: IntArray,
) -> int:
    """Rule out pairs whose use would lift the bound to ``limit``; how many, -1 if none is left.

    It ends with what it has once another thread sets ``halt`` (1,).

    Forced into a knapsack, a point adds at least its reduced cost at the price of the last item
    that fits (the dual of the continuous knapsack stays feasible); ``exact`` solves the 0-1
    knapsack of the rest of the room instead. A point with one pair left is settled there.
    """
    n, m = pairs.weight.size, place.state.size
    worth, weight = np.empty(n), np.empty(n)
    item = np.empty(n, np.int64)
    trial, taken, lightest = np.empty(n, np.int8), np.empty(n, np.int8), np.empty(n + 1)
    slack = 1e-9 * max(1.0, pairs.needed)
    rate, least = np.empty(value.size), np.empty(value.size)
    price = place.price[0]
    fixed = 0
    for j in range(m):
        if halt[0] != 0:
            break
        if place.state[j] == CLOSED or lift[j, 1] >= limit:
            for a in range(pairs.start[j], pairs.start[j + 1]):
                if place.pair[a] == SETTLED:
                    return -1
                if place.pair[a] == LEFT:
                    place.pair[a] = NEVER
                    fixed += 1
            continue
        count, settled, full = items_of(pairs, place, j, place.multiplier, worth, weight, item)
        now = np.inf
        for s in range(place.low[j], place.high[j] + 1):
            now = min(now, value[s] - price * pairs.capacity[s])
            spare, earned, q = max(0.0, pairs.capacity[s] - full), 0.0, 0
            while q < count and weight[q] <= spare:
                spare -= weight[q]
                earned += worth[q]
                q += 1
            rate[s] = worth[q] / weight[q] if q < count else 0.0
            least[s] = pairs.fixed_cost[s] + settled - earned - rate[s] * spare
        for a in range(pairs.start[j], pairs.start[j + 1]):
            if place.pair[a] != LEFT:
                continue
            i = pairs.point[a]
            w = pairs.weight[i]
            reduced = pairs.cost[a] - place.multiplier[i]
            then = np.inf
            for s in range(place.low[j], place.high[j] + 1):
                room = pairs.capacity[s] - full
                if w > room + slack or value[s] == np.inf:
                    continue
                forced = least[s] + max(0.0, reduced + rate[s] * w)
                then = min(then, max(value[s], forced) - price * pairs.capacity[s])
            if exact and reduced >= 0.0 and lift[j, 1] + then - now < limit:
                then = _forced(
                    pairs, place, j, a, count, settled, full, worth, weight, trial, taken, lightest
                )
            if lift[j, 1] + then - now >= limit:
                place.pair[a] = NEVER
                fixed += 1
    return fixed if _settle(pairs, place) else -1


@njit(cache=True, nogil=True)
def _forced(
    pairs: Pairs,
    place: Place,
    j: int,
    a: int,
    count: int,
    settled: float,
    full: float,
    worth: FloatArray,
    weight: FloatArray,
    trial: Marks,
    taken: Marks,
    lightest: FloatArray,
) -> float:
    """Least worth of site ``j`` with pair ``a`` (not earning) in its load."""
    i = pairs.point[a]
    slack = 1e-9 * max(1.0, pairs.needed)
    reduced = pairs.cost[a] - place.multiplier[i]
    least = np.inf
    for s in range(place.low[j], place.high[j] + 1):
        room = pairs.capacity[s] - full - pairs.weight[i]
        if room < -slack:
            continue
        room = max(room, 0.0) + slack
        most = best_load(worth, weight, count, room, pairs.tolerance, trial, taken, lightest)
        then = pairs.fixed_cost[s] + settled + reduced - most
        least = min(least, then - place.price[0] * pairs.capacity[s])
    return least


@njit(cache=True, nogil=True)
def _settle(pairs: Pairs, place: Place) -> bool:
    """Settle points with one pair left, whose site must then be open; False if one has none."""
    n, m = pairs.weight.size, place.state.size
    left, last, owner = np.zeros(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for j in range(m):
        for a in range(pairs.start[j], pairs.start[j + 1]):
            if place.pair[a] != NEVER:
                i = pairs.point[a]
                left[i] += 1
                last[i] = a
                owner[i] = j
    for i in range(n):
        if left[i] == 0:
            return False
        if left[i] == 1:
            place.pair[last[i]] = SETTLED
            place.state[owner[i]] = OPEN
    return True


@njit(cache=True, nogil=True)
def settle_pair(pairs: Pairs, place: Place, settled: int, site: int) -> None:
    """Use a pair: no other of its point, and its site open."""
    i = pairs.point[settled]
    for a in range(pairs.point.size):
        if pairs.point[a] == i:
            place.pair[a] = NEVER
    place.pair[settled] = SETTLED
    place.state[site] = OPEN

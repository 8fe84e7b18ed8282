"""The Lagrangian ascent as one compiled loop over the pairs that can matter.

A pair enters a continuous knapsack only where ``c_ij < lambda_i``. Holding every multiplier under
a ceiling ``l_i`` for some rounds therefore leaves out all pairs with ``c_ij >= l_i`` *exactly*:
the bound at any ``lambda <= l`` is that of the whole matrix. The ceilings are drawn around the
multipliers that a call begins with and drawn anew by the next call, so they never bind for long.
The loop holds no Python object: nodes of a search tree are bounded side by side in threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.knapsack import _split
from planner.solving.capacitated.opening import CLOSED, price_openings, price_sites

BOUND, PRICE, STEP, STALLED, GOAL, ROUNDS, REACH = range(7)
"""Places of :attr:`Course.progress`."""

LEAST_STEP = 1e-4
"""Moves shorter than this share of the gap no longer raise a bound that anyone would see."""


@njit(cache=True, nogil=True)
def near_pairs(
    cost: FloatArray,
    weight: FloatArray,
    ceiling: FloatArray,
    state: IntArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs under the ceilings whose points need room, by site.

    Returns start (m + 1,), point (a,) and cost a unit of weight (a,). Written without branches:
    half of the pairs are near, which no processor can foresee.
    """
    m, n = cost.shape
    start = np.zeros(m + 1, np.int64)
    limit, each = np.empty(n), np.empty(n)
    for i in range(n):
        heavy = weight[i] > 0.0
        limit[i] = ceiling[i] if heavy else -np.inf
        each[i] = 1.0 / weight[i] if heavy else 0.0
    for j in range(m):
        count = 0
        if state[j] != CLOSED:
            for i in range(n):
                count += cost[j, i] < limit[i]
        start[j + 1] = start[j] + count
    point = np.empty(start[m] + 1, np.int32)
    unit = np.empty(start[m] + 1)
    for j in range(m):
        at = start[j]
        if state[j] != CLOSED:
            for i in range(n):
                point[at] = i
                unit[at] = cost[j, i] * each[i]
                at += cost[j, i] < limit[i]
    return start, point, unit


@njit(cache=True, nogil=True)
def _gather(
    start: IntArray,
    point: IntArray,
    unit: FloatArray,
    weight: FloatArray,
    pay: FloatArray,
    j: int,
    ratio: FloatArray,
    load: FloatArray,
) -> tuple[int, float, float]:
    """Ratios and weights of the points that site ``j`` earns by; how many, weight and worth."""
    count, filled, earned = 0, 0.0, 0.0
    for at in range(start[j], start[j + 1]):
        i = point[at]
        r, w = unit[at] - pay[i], weight[i]
        ratio[count] = r
        load[count] = w
        kept = r < 0.0
        count += kept
        filled += w if kept else 0.0
        earned += r * w if kept else 0.0
    return count, filled, earned


@njit(cache=True, nogil=True)
def _filled(
    ratio: FloatArray,
    load: FloatArray,
    count: int,
    room: float,
    low: float,
    high: float,
    part: FloatArray,
    item: IntArray,
) -> tuple[float, float]:
    """Worth of the best ratios that fit into ``room`` and the last ratio taken; ``inf`` if missed.

    Only ratios between ``low`` and ``high`` are sorted out one by one: from round to round the
    last ratio moves little, and the window is drawn around the one before.
    """
    filled, earned, inside, doubtful = 0.0, 0.0, 0, 0.0
    for q in range(count):
        r, w = ratio[q], load[q]
        sure = r < low
        filled += w if sure else 0.0
        earned += r * w if sure else 0.0
        maybe = (not sure) and r <= high
        part[inside] = r
        item[inside] = q
        inside += maybe
        doubtful += w if maybe else 0.0
    if filled > room or filled + doubtful < room:
        return 0.0, np.inf
    last, more, worth = _split(load, part, item, 0, inside, room - filled)
    if last < inside:
        return earned + worth + part[last] * (room - filled - more), part[last]
    return earned + worth, high


@njit(cache=True, nogil=True)
def _earn(
    start: IntArray,
    point: IntArray,
    unit: FloatArray,
    weight: FloatArray,
    pay: FloatArray,
    size_start: IntArray,
    capacity: FloatArray,
    fixed_cost: FloatArray,
    state: IntArray,
    banned: BoolArray,
    ratio: FloatArray,
    load: FloatArray,
    part: FloatArray,
    item: IntArray,
    last: FloatArray,
    width: FloatArray,
    value: FloatArray,
) -> None:
    """``value`` (k,): fixed cost plus what each size would earn, ``inf`` where banned.

    ``last`` (k,) is the last ratio that each size takes, ``width`` (k,) how far it may have moved;
    both are for the next round.
    """
    for j in range(state.size):
        count, all_filled, all_earned = 0, 0.0, 0.0
        if state[j] != CLOSED:
            count, all_filled, all_earned = _gather(start, point, unit, weight, pay, j, ratio, load)
        for s in range(size_start[j], size_start[j + 1]):
            if banned[s]:
                value[s] = np.inf
                continue
            if all_filled <= capacity[s]:
                value[s] = fixed_cost[s] + all_earned
                last[s] = 0.0
                continue
            low, high = last[s] - width[s], min(last[s] + width[s], 0.0)
            worth, at = _filled(ratio, load, count, capacity[s], low, high, part, item)
            if at == np.inf:
                worth, at = _filled(ratio, load, count, capacity[s], -np.inf, 0.0, part, item)
            value[s] = fixed_cost[s] + worth
            width[s] = 2.0 * abs(at - last[s]) + 1e-6 * abs(at)
            last[s] = at


@njit(cache=True, nogil=True)
def _take(
    start: IntArray,
    point: IntArray,
    unit: FloatArray,
    weight: FloatArray,
    pay: FloatArray,
    j: int,
    room: float,
    last: float,
    share: float,
    lack: FloatArray,
) -> None:
    """Take ``share`` x what a site of so much room serves from ``lack`` (n,)."""
    for at in range(start[j], start[j + 1]):
        i = point[at]
        if unit[at] - pay[i] < last:
            lack[i] -= share
            room -= weight[i]
    if last >= 0.0:
        return
    for at in range(start[j], start[j + 1]):
        i = point[at]
        if unit[at] - pay[i] == last and room > 0.0:
            lack[i] -= share * min(1.0, room / weight[i])
            room -= weight[i]


@njit(cache=True, nogil=True)
def _weightless(
    cost: FloatArray,
    free: IntArray,
    multiplier: FloatArray,
    state: IntArray,
    size_start: IntArray,
    value: FloatArray,
) -> None:
    """Add to every size what its site earns by the points that need no room."""
    for j in range(state.size):
        earned = 0.0
        for i in free:
            earned += min(0.0, cost[j, i] - multiplier[i])
        if state[j] != CLOSED:
            for s in range(size_start[j], size_start[j + 1]):
                value[s] += earned


@njit(cache=True, nogil=True)
def ascend(  # noqa: C901, PLR0912, PLR0915 - one compiled kernel
    cost: FloatArray,
    weight: FloatArray,
    size_start: IntArray,
    capacity: FloatArray,
    fixed_cost: FloatArray,
    state: IntArray,
    banned: BoolArray,
    group: IntArray,
    group_least: IntArray,
    group_most: IntArray,
    count_least: int,
    count_most: int,
    needed: float,
    plain: bool,
    rounds: int,
    most_weight: float,
    patience: int,
    target: float,
    stop_at: float,
    halt: IntArray,
    progress: FloatArray,
    demand: FloatArray,
    direction: FloatArray,
    opened: FloatArray,
    value: FloatArray,
    choice: IntArray,
) -> None:
    """Up to ``rounds`` rounds of the volume algorithm from where ``progress`` stands.

    ``demand`` (n,) are the best multipliers so far, ``value`` (k,) what they make of the sizes,
    ``direction`` (n,) and ``opened`` (k,) the averages, ``choice`` (m,) the latest choice of sizes
    with enough capacity; all are changed in place. ``halt[0]`` ends the loop from outside.
    """
    m, n, k = state.size, weight.size, capacity.size
    ceiling, pay = np.empty(n), np.zeros(n)
    for i in range(n):
        ceiling[i] = demand[i] + progress[REACH] * abs(demand[i])
    free = np.flatnonzero(weight <= 0.0)
    start, point, unit = near_pairs(cost, weight, ceiling, state)
    ratio, load, ordered, item = (
        np.empty(n + 1), np.empty(n + 1), np.empty(n + 1), np.empty(n + 1, np.int64)
    )  # fmt: skip
    last, width = np.zeros(k), np.full(k, np.inf)
    trial, lack, worth = np.empty(n), np.empty(n), np.empty(k)
    under, over = np.empty(m, np.int64), np.empty(m, np.int64)
    for _ in range(rounds):
        first = progress[ROUNDS] == 0.0
        size = 0.0
        if first:
            trial[:] = demand
        else:
            for i in range(n):
                size += direction[i] * direction[i]
            if progress[BOUND] >= stop_at or size < 1e-12 or progress[BOUND] == np.inf:
                break
            if halt[0] != 0 or progress[STEP] < LEAST_STEP:
                break
            move = progress[STEP] * (min(target, progress[GOAL]) - progress[BOUND]) / size
            for i in range(n):
                trial[i] = min(demand[i] + move * direction[i], ceiling[i])
        for i in range(n):
            pay[i] = trial[i] / weight[i] if weight[i] > 0.0 else 0.0
        _earn(
            start, point, unit, weight, pay, size_start, capacity, fixed_cost, state, banned,
            ratio, load, ordered, item, last, width, worth,
        )  # fmt: skip
        if free.size:
            _weightless(cost, free, trial, state, size_start, worth)
        counts_hold = False
        if plain:
            least, price, part = price_sites(worth, capacity, state, needed, under, over)
            count = 0.0
            for j in range(m):
                count += (1.0 - part) * (under[j] >= 0) + part * (over[j] >= 0)
            # Where the count asks for nothing more, the choice without it is the best with it.
            counts_hold = least == np.inf or count_least - 1e-9 <= count <= count_most + 1e-9
        if not counts_hold:
            least, price, part = price_openings(
                worth, capacity, size_start, state, group, group_least, group_most, count_least,
                count_most, needed, progress[PRICE], under, over,
            )  # fmt: skip
        if least == np.inf:
            progress[BOUND] = np.inf
            break
        bound = least
        for i in range(n):
            bound += trial[i]
        bound -= 1e-9 * max(1.0, abs(bound))
        lack[:] = 1.0
        for j in range(m):
            for side in range(2):
                s = int(under[j] if side == 0 else over[j])
                part_of = 1.0 - part if side == 0 else part
                if s < 0 or part_of <= 0.0:
                    continue
                _take(start, point, unit, weight, pay, j, capacity[s], last[s], part_of, lack)
                for light in free:
                    lack[light] -= part_of if cost[j, light] < trial[light] else 0.0
        progress[ROUNDS] += 1.0
        for j in range(m):
            choice[j] = over[j]
        share, along = 1.0, 0.0
        if not first:
            change, back = 0.0, 0.0
            for i in range(n):
                step = lack[i] - direction[i]
                change += step * step
                back -= direction[i] * step
                along += lack[i] * direction[i]
            share = back / change if change > 0.0 else most_weight
            share = min(max(share, most_weight / 10.0), most_weight)
        for i in range(n):
            direction[i] = share * lack[i] + (1.0 - share) * direction[i] if not first else lack[i]
        for size_at in range(k):
            opened[size_at] *= 0.0 if first else 1.0 - share
        for j in range(m):
            if under[j] >= 0:
                opened[under[j]] += share * (1.0 - part)
            if over[j] >= 0:
                opened[over[j]] += share * part
        if first or bound > progress[BOUND]:
            if first:
                progress[GOAL] = bound + 0.01 * abs(bound)
            elif bound > progress[BOUND] + 1e-6 * abs(progress[BOUND]):
                progress[STALLED] = 0.0
            else:
                progress[STALLED] += 1.0
            if along > 0.0:
                progress[STEP] = min(2.0, progress[STEP] * 1.2)
            progress[BOUND], progress[PRICE] = bound, price
            demand[:] = trial
            value[:] = worth
        else:
            progress[STALLED] += 1.0
        if progress[STALLED] >= patience:
            progress[STEP] *= 0.66
            progress[STALLED] = 0.0
        if progress[BOUND] > progress[GOAL] - 1e-3 * abs(progress[GOAL]):
            progress[GOAL] = progress[BOUND] + 0.01 * abs(progress[BOUND])

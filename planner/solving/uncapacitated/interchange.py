"""Fast interchange: the best swap, addition or removal of a site, until none helps.

Whitaker's swap with Resende and Werneck's bookkeeping (A fast swap-based local search procedure
for location problems, 2007): for each point the nearest and second-nearest open site; ``gain`` of
adding, ``loss`` of removing, and ``extra``, the part of a loss that the added site takes back. Only
points whose nearest two change are accounted anew.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.uncapacitated.rows import Rows, Rules


@njit(cache=True, nogil=True)
def _find_nearest(
    rows: Rows, limit: FloatArray, slot: IntArray, i: int, near: IntArray, pays: FloatArray
) -> None:
    """Write slots and costs of the nearest two open sites of ``i``; -1 and the limit if none."""
    found = 0
    near[i, 0] = near[i, 1] = -1
    pays[i, 0] = pays[i, 1] = limit[i]
    for t in range(rows.start[i], rows.start[i + 1]):
        q = slot[rows.site[t]]
        if q >= 0:
            near[i, found] = q
            pays[i, found] = rows.cost[t]
            found += 1
            if found == 2:
                return


@njit(cache=True, nogil=True)
def _account(
    rows: Rows,
    i: int,
    near: IntArray,
    pays: FloatArray,
    sign: float,
    gain: FloatArray,
    loss: FloatArray,
    extra: FloatArray,
) -> None:
    """Add (sign 1) or take back (-1) what point ``i`` contributes to every possible move."""
    q = near[i, 0]
    first, second = pays[i, 0], pays[i, 1]
    if q >= 0:
        loss[q] += sign * (second - first)
    for t in range(rows.start[i], rows.start[i + 1]):
        cost = rows.cost[t]
        if cost >= second:
            break
        j = rows.site[t]
        if cost < first:
            gain[j] += sign * (first - cost)
            if q >= 0:
                extra[q, j] += sign * (second - first)
        elif q >= 0:
            extra[q, j] += sign * (second - cost)


@njit(cache=True, nogil=True)
def _best_move(
    rules: Rules,
    opened: IntArray,
    count: IntArray,
    slot: IntArray,
    gain: FloatArray,
    loss: FloatArray,
    extra: FloatArray,
    tolerance: float,
) -> tuple[float, int, int]:
    """Best saving and its move: the site to add and the slot to empty, -1 for none."""
    groups = len(rules.least) - 1
    best, enter, leave = tolerance, -1, -1
    for q in range(len(opened)):
        if opened[q] < 0:
            continue
        g = rules.group[opened[q]]
        if count[g] > rules.least[g] and count[groups] > rules.least[groups]:
            saving = rules.fixed[opened[q]] - loss[q]
            if saving > best:
                best, enter, leave = saving, -1, q
    for j in range(len(slot)):
        if slot[j] >= 0:
            continue
        g = rules.group[j]
        alone = gain[j] - rules.fixed[j]
        if count[g] < rules.most[g] and count[groups] < rules.most[groups] and alone > best:
            best, enter, leave = alone, j, -1
        for q in range(len(opened)):
            saving = alone - loss[q] + extra[q, j]
            if saving + rules.fixed[max(opened[q], 0)] > best and opened[q] >= 0:
                h = rules.group[opened[q]]
                if g == h or (count[g] < rules.most[g] and count[h] > rules.least[h]):
                    best, enter, leave = saving + rules.fixed[opened[q]], j, q
    return best, enter, leave


@njit(cache=True, nogil=True)
def _reached_by(rows: Rows, i: int, site: int, below: float) -> bool:
    """Whether ``site`` serves ``i`` for less than ``below``."""
    for t in range(rows.start[i], rows.start[i + 1]):
        if rows.cost[t] >= below:
            return False
        if rows.site[t] == site:
            return True
    return False


@njit(cache=True, nogil=True)
def _mark_touched(
    rows: Rows, near: IntArray, pays: FloatArray, enter: int, leave: int, touched: BoolArray
) -> None:
    """Mark the points whose nearest two the move can change."""
    for i in range(len(touched)):
        loses = leave >= 0 and (near[i, 0] == leave or near[i, 1] == leave)
        touched[i] = loses or (enter >= 0 and _reached_by(rows, i, enter, pays[i, 1]))


@njit(cache=True, nogil=True)
def _carry_out(
    rules: Rules, opened: IntArray, slot: IntArray, count: IntArray, enter: int, leave: int
) -> None:
    """Empty the slot ``leave`` and put ``enter`` there or in a free slot; -1 is neither."""
    groups = len(rules.least) - 1
    place = leave
    if leave >= 0:
        count[rules.group[opened[leave]]] -= 1
        count[groups] -= 1
        slot[opened[leave]] = -1
        opened[leave] = -1
    else:
        place = 0
        while opened[place] >= 0:
            place += 1
    if enter >= 0:
        opened[place] = enter
        slot[enter] = place
        count[rules.group[enter]] += 1
        count[groups] += 1


@njit(cache=True, nogil=True)
def interchange(
    rows: Rows, rules: Rules, limit: FloatArray, first: IntArray, moves: int
) -> tuple[IntArray, float]:
    """Improve an allowed choice of sites by single moves.

    Parameters
    ----------
    limit : (n,) cost of a point that no open site serves; finite (a penalty where ``outside`` is
        infinite, so the caller must look whether every point is served)
    first : (p,) the sites to begin with, an allowed choice
    moves : most moves to make

    Returns
    -------
    sites (rising) and total cost, with the limit's penalties in it
    """
    n, m = len(limit), len(rules.fixed)
    groups = len(rules.least) - 1
    opened = np.full(max(min(m, rules.most[groups]), len(first)), -1, np.int64)
    opened[: len(first)] = first
    slot = np.full(m, -1, np.int64)
    count = np.zeros(groups + 1, np.int64)
    for q in range(len(first)):
        slot[first[q]] = q
        count[rules.group[first[q]]] += 1
        count[groups] += 1
    gain, loss, extra = np.zeros(m), np.zeros(len(opened)), np.zeros((len(opened), m))
    near, pays = np.empty((n, 2), np.int64), np.empty((n, 2))
    for i in range(n):
        _find_nearest(rows, limit, slot, i, near, pays)
        _account(rows, i, near, pays, 1.0, gain, loss, extra)
    tolerance = 1e-9 * (1.0 + pays[:, 0].max()) if n else 1e-9
    touched = np.zeros(n, np.bool_)
    for _ in range(moves):
        _, enter, leave = _best_move(rules, opened, count, slot, gain, loss, extra, tolerance)
        if enter < 0 and leave < 0:
            break
        # Touched points are taken back as they were and accounted anew after the move.
        _mark_touched(rows, near, pays, enter, leave, touched)
        for i in range(n):
            if touched[i]:
                _account(rows, i, near, pays, -1.0, gain, loss, extra)
        _carry_out(rules, opened, slot, count, enter, leave)
        for i in range(n):
            if touched[i]:
                _find_nearest(rows, limit, slot, i, near, pays)
                _account(rows, i, near, pays, 1.0, gain, loss, extra)
    sites = np.flatnonzero(slot >= 0)
    return sites, rules.fixed[sites].sum() + pays[:, 0].sum()

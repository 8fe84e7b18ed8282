"""Local search for set covers: leave something uncovered, and learn which points are hard to cover.

Row weighting local search (Gao, Gao, Yin and Yang: Weighting-based parallel local search for the
unicost set covering problem, 2015), here with costs: whenever everybody is covered, sites are
closed until somebody is not; then one site is closed and others opened, never so many as to be as
dear as the best cover. Points that stay uncovered weigh more and more, which leads out of every
dead end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.uncapacitated.rows import Rows

_RANDOM_STEP = np.int64(6364136223846793005)
_RANDOM_SHIFT = np.int64(1442695040888963407)


class _Cover(NamedTuple):
    """A choice of sites and what it covers; every array is changed in place.

    Parameters
    ----------
    opened, may_open, since : (m,) open sites; whether something near has changed since a site was
        closed; step of its last change
    score : (m,) weight that opening a site would newly cover, or closing it uncover
    covers, weight : (n,) open sites that cover a point, and what the point weighs by now
    """

    opened: BoolArray
    may_open: BoolArray
    since: IntArray
    score: IntArray
    covers: IntArray
    weight: IntArray


@njit(cache=True, nogil=True)
def _flip(j: int, rows: Rows, start: IntArray, row: IntArray, cover: _Cover) -> None:
    """Open or close a site and keep every score right."""
    opening = not cover.opened[j]
    cover.opened[j] = opening
    cover.score[j] = 0
    for k in range(start[j], start[j + 1]):
        i = row[k]
        before = cover.covers[i]
        cover.covers[i] += 1 if opening else -1
        held = cover.weight[i]
        if cover.covers[i] + before == 1:  # covered now and not before, or the other way round
            cover.score[j] += held
        for t in range(rows.start[i], rows.start[i + 1]):
            s = rows.site[t]
            if s == j:
                continue
            cover.may_open[s] = True
            if before == 0 and opening:
                cover.score[s] -= held  # nothing new to cover there any more
            elif before == 1 and opening and cover.opened[s]:
                cover.score[s] -= held  # no longer the only one
            elif (before == 1 and not opening) or (before == 2 and not opening and cover.opened[s]):
                cover.score[s] += held  # uncovered, or left to one


@njit(cache=True, nogil=True)
def _cheapest_to_close(cover: _Cover, fixed: FloatArray, barred: int) -> int:
    """The open site that uncovers least for its cost, the longest open of equals; -1 if none."""
    best = -1
    for j in range(len(fixed)):
        if not cover.opened[j] or j == barred:
            continue
        if best < 0:
            best = j
            continue
        ours, theirs = cover.score[j] * fixed[best], cover.score[best] * fixed[j]
        if ours < theirs or (ours == theirs and cover.since[j] < cover.since[best]):
            best = j
    return best


@njit(cache=True, nogil=True)
def _best_to_open(
    rows: Rows, i: int, cover: _Cover, fixed: FloatArray, room: float, anything: bool
) -> int:
    """The site of row ``i`` that covers most for its cost, cheaper than ``room``; -1 if none."""
    best = -1
    for t in range(rows.start[i], rows.start[i + 1]):
        s = rows.site[t]
        if fixed[s] >= room or not (anything or cover.may_open[s]):
            continue
        if best < 0:
            best = s
            continue
        ours, theirs = cover.score[s] * fixed[best], cover.score[best] * fixed[s]
        if ours > theirs or (ours == theirs and cover.since[s] < cover.since[best]):
            best = s
    return best


@njit(cache=True, nogil=True)
def _close(
    rows: Rows, start: IntArray, row: IntArray, fixed: FloatArray, cover: _Cover, j: int, step: int
) -> float:
    """Close ``j`` and give back its cost."""
    _flip(j, rows, start, row, cover)
    cover.may_open[j] = False
    cover.since[j] = step
    return float(fixed[j])


@njit(cache=True, nogil=True)
def _weigh_uncovered(rows: Rows, cover: _Cover, uncovered: IntArray) -> None:
    for i in uncovered:
        if cover.covers[i] == 0:
            cover.weight[i] += 1
            for t in range(rows.start[i], rows.start[i + 1]):
                cover.score[rows.site[t]] += 1


@njit(cache=True, nogil=True)
def _open_some(
    rows: Rows,
    start: IntArray,
    row: IntArray,
    fixed: FloatArray,
    cover: _Cover,
    room: float,
    random: Any,
    step: int,
) -> tuple[float, Any, int, int]:
    """Open sites for uncovered points while they cost less than ``room`` together.

    Returns
    -------
    what they cost, the state of the random numbers, the step, and the last site opened (-1)
    """
    spent, last = 0.0, -1
    i: Any
    while True:
        step += 1
        uncovered = np.flatnonzero(cover.covers == 0)
        if len(uncovered) == 0:
            break
        random = random * _RANDOM_STEP + _RANDOM_SHIFT
        i = uncovered[(random >> 33) % len(uncovered)]
        j = _best_to_open(rows, i, cover, fixed, room - spent, False)  # noqa: FBT003 - numba takes no names
        if j < 0:
            j = _best_to_open(rows, i, cover, fixed, room - spent, True)  # noqa: FBT003
        if j < 0:
            break
        _flip(j, rows, start, row, cover)
        cover.since[j] = step
        spent += fixed[j]
        last = j
        _weigh_uncovered(rows, cover, uncovered)
    return spent, random, step, last


@njit(cache=True, nogil=True)
def search_cover(
    rows: Rows,
    columns: tuple[IntArray, IntArray],
    fixed: FloatArray,
    first: BoolArray,
    goal: float,
    steps: int,
    seed: int,
) -> BoolArray:
    """The cheapest cover met.

    Parameters
    ----------
    columns : the rows by site: start (m + 1,) and rows of each
    fixed : (m,) cost of each site, above 0
    first : (m,) a cover to begin with
    goal : stop at a cover that costs no more
    steps : sites opened at most

    Returns
    -------
    (m,) sites of the cover
    """
    start, row = columns
    n, m = len(rows.outside), len(fixed)
    cover = _Cover(
        np.zeros(m, np.bool_),
        np.ones(m, np.bool_),
        np.zeros(m, np.int64),
        start[1:] - start[:-1],
        np.zeros(n, np.int64),
        np.ones(n, np.int64),
    )
    j: Any
    cost: Any
    for j in np.flatnonzero(first):
        _flip(j, rows, start, row, cover)
    best, best_cost = first.copy(), fixed[first].sum()
    cost, random, last, step = best_cost, np.int64(seed), -1, 0
    while step < steps and best_cost > goal:
        while cover.covers.min() > 0:
            if cost < best_cost:
                best[:] = cover.opened
                best_cost = cost
            j = _cheapest_to_close(cover, fixed, -1)
            if j < 0 or best_cost <= goal:
                return best
            cost -= _close(rows, start, row, fixed, cover, j, step)
        j = _cheapest_to_close(cover, fixed, last)
        if j >= 0:
            cost -= _close(rows, start, row, fixed, cover, j, step)
        spent, random, step, last = _open_some(
            rows, start, row, fixed, cover, best_cost - cost, random, step
        )
        cost += spent
    return best

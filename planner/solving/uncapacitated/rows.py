"""The one array form behind p-median, set cover and maximal cover.

All three are

    minimise   sum_{j in S} fixed_j + sum_i min(outside_i, min_{j in S} cost_ij)
    subject to least_g <= |S within group g| <= most_g,   least <= |S| <= most

with different numbers: a p-median has its arcs' costs and no way out (``outside`` infinite); a
maximal cover has arcs of cost 0 and ``outside_i`` = the weight lost where ``i`` is left out; a set
cover has arcs of cost 0, no way out and the sites' own cost. A site that must be open is not a
decision: what it offers each demand point joins ``outside`` and its cost joins ``constant``.

So one bound, one interchange and one branch-and-bound serve every family. Rows are sorted by cost,
which lets each of them stop at the first site that is too dear.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.problem import BoolArray, FloatArray, IntArray

SiteIndex = NDArray[np.int32]


class Rows(NamedTuple):
    """What each demand point pays at each site, cheapest first.

    Parameters
    ----------
    start : (n + 1,) row ``i`` is ``start[i]:start[i + 1]``
    site : (a,) int32, site of each entry
    cost : (a,) rising within a row, all below ``outside`` of the row
    outside : (n,) what the point costs where no site of its row is open; ``inf`` is "not allowed"
    """

    start: IntArray
    site: SiteIndex
    cost: FloatArray
    outside: FloatArray


class Rules(NamedTuple):
    """What a choice of sites must keep.

    Parameters
    ----------
    fixed : (m,) cost of opening
    group : (m,) position of the site's group; groups do not overlap
    least, most : (groups + 1,) sites to open in each group, the last entry over all
    """

    fixed: FloatArray
    group: IntArray
    least: IntArray
    most: IntArray


@njit(cache=True, nogil=True)
def sort_rows(start: IntArray, site: SiteIndex, cost: FloatArray) -> None:
    """Sort each row by cost, ties by site, in place."""
    for i in range(len(start) - 1):
        a, b = start[i], start[i + 1]
        rising = True
        for t in range(a + 1, b):
            if cost[t] < cost[t - 1]:
                rising = False
                break
        if rising:
            continue
        order = np.argsort(cost[a:b], kind="mergesort")
        cost[a:b] = cost[a:b][order]
        site[a:b] = site[a:b][order]


@njit(cache=True, nogil=True)
def _sort_by_site(start: IntArray, site: SiteIndex) -> None:
    for i in range(len(start) - 1):
        site[start[i] : start[i + 1]].sort()


def by_site(rows: Rows) -> Rows:
    """The same sites in rising order and without costs: who covers whom, no more."""
    site = rows.site.copy()
    _sort_by_site(rows.start, site)
    return Rows(rows.start, site, np.zeros(len(site)), np.full(len(rows.outside), np.inf))


@njit(cache=True, nogil=True)
def _kept_lengths(rows: Rows, position: SiteIndex, outside: FloatArray) -> IntArray:
    length = np.zeros(len(rows.outside) + 1, np.int64)
    for i in range(len(rows.outside)):
        for t in range(rows.start[i], rows.start[i + 1]):
            if rows.cost[t] >= outside[i]:
                break
            if position[rows.site[t]] >= 0:
                length[i + 1] += 1
    return length


@njit(cache=True, nogil=True)
def _fill_kept(
    rows: Rows, position: SiteIndex, start: IntArray, site: SiteIndex, cost: FloatArray
) -> None:
    for i in range(len(rows.outside)):
        k = start[i]
        for t in range(rows.start[i], rows.start[i + 1]):
            if k == start[i + 1]:
                break
            j = position[rows.site[t]]
            if j >= 0:
                site[k] = j
                cost[k] = rows.cost[t]
                k += 1


@njit(cache=True, nogil=True)
def offered_by(rows: Rows, opened: BoolArray) -> FloatArray:
    """(n,) what each point pays with these sites open, ``outside`` where none serves it.

    Parameters
    ----------
    opened : (m,)
    """
    pays = rows.outside.copy()
    for i in range(len(pays)):
        for t in range(rows.start[i], rows.start[i + 1]):
            if opened[rows.site[t]]:
                pays[i] = rows.cost[t]
                break
    return pays


def select_rows(rows: Rows, kept: BoolArray) -> Rows:
    """The kept rows alone.

    Parameters
    ----------
    kept : (n,)
    """
    if kept.all():
        return rows
    length = np.diff(rows.start)
    start = np.zeros(np.count_nonzero(kept) + 1, np.int64)
    np.cumsum(length[kept], out=start[1:])
    entries = np.repeat(kept, length)
    return Rows(start, rows.site[entries], rows.cost[entries], rows.outside[kept])


def narrowed(rules: Rules, free: BoolArray, opened: BoolArray) -> Rules:
    """Rules over the free sites alone, given that the opened ones are open.

    Counts may become impossible (``most`` below 0 or below ``least``); see :func:`countable`.
    """
    groups = len(rules.least) - 1
    done = np.append(np.bincount(rules.group[opened], minlength=groups), np.count_nonzero(opened))
    left = np.append(np.bincount(rules.group[free], minlength=groups), np.count_nonzero(free))
    return Rules(
        rules.fixed[free],
        rules.group[free],
        np.maximum(rules.least - done, 0),
        np.minimum(rules.most - done, left),
    )


def countable(rules: Rules) -> bool:
    """Whether some choice of sites keeps the counts."""
    groups = len(rules.least) - 1
    fits = bool((rules.least <= rules.most).all() and (rules.most >= 0).all())
    needs = int(rules.least[:groups].sum())
    room = int(rules.most[:groups].sum())
    return fits and needs <= rules.most[groups] and int(rules.least[groups]) <= room


def restrict(rows: Rows, free: BoolArray, opened: BoolArray) -> Rows:
    """Rows over the free sites alone, the opened ones moved into ``outside``.

    Parameters
    ----------
    free, opened : (m,) disjoint; sites in neither are closed for good

    Returns
    -------
    Rows whose sites are numbered in the order of ``flatnonzero(free)``.
    """
    outside = offered_by(rows, opened)
    position = np.full(len(free), -1, np.int32)
    position[free] = np.arange(np.count_nonzero(free), dtype=np.int32)
    start = np.cumsum(_kept_lengths(rows, position, outside))
    site = np.empty(start[-1], np.int32)
    cost = np.empty(start[-1], np.float64)
    _fill_kept(rows, position, start, site, cost)
    return Rows(start, site, cost, outside)

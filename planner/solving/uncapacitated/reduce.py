"""Exact reductions of the row form, and the way back for multipliers.

- Rows with the same sites in the same order are one: whatever opens, all of them go to the same
  place, so their costs (and what they cost outside) add up.
- A row that some other row implies need not be asked about, where only cover counts.
- A site is dominated where another of its group is no dearer for anybody and no dearer to open.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.uncapacitated.rows import Rows, Rules, SiteIndex


@njit(cache=True, nogil=True)
def _sequence_hash(start: IntArray, site: SiteIndex) -> IntArray:
    """(n,) a number for each row's sequence of sites; equal sequences have equal numbers."""
    value = np.empty(len(start) - 1, np.int64)
    for i in range(len(start) - 1):
        mixed = np.int64(start[i + 1] - start[i])
        for t in range(start[i], start[i + 1]):
            mixed = (mixed ^ np.int64(site[t])) * np.int64(1099511628211) + np.int64(site[t] >> 3)
            mixed ^= mixed >> 29
        value[i] = mixed
    return value


@njit(cache=True, nogil=True)
def _differs(start: IntArray, site: SiteIndex, leader: IntArray) -> BoolArray:
    """(n,) whether a row's sequence differs from its leader's, the hash notwithstanding."""
    differs = np.zeros(len(leader), np.bool_)
    for i in range(len(leader)):
        a, b = start[i], start[leader[i]]
        if start[i + 1] - a != start[leader[i] + 1] - b:
            differs[i] = True
            continue
        for t in range(start[i + 1] - a):
            if site[a + t] != site[b + t]:
                differs[i] = True
                break
    return differs


@njit(cache=True, nogil=True)
def _add_up(rows: Rows, member: IntArray, merged: Rows) -> None:
    for i in range(len(member)):
        a, b = rows.start[i], merged.start[member[i]]
        for t in range(rows.start[i + 1] - a):
            merged.site[b + t] = rows.site[a + t]
            merged.cost[b + t] += rows.cost[a + t]
        merged.outside[member[i]] += rows.outside[i]


def merge_rows(rows: Rows) -> tuple[Rows, IntArray]:
    """Rows of equal sequence added up.

    Returns
    -------
    merged rows, and ``member`` (n,): the merged row that each row became part of
    """
    _, first, inverse = np.unique(
        _sequence_hash(rows.start, rows.site), return_index=True, return_inverse=True
    )
    leader = first[inverse]
    differs = _differs(rows.start, rows.site, leader)
    leader[differs] = np.flatnonzero(differs)  # alone, though their hash is shared
    kept, member = np.unique(leader, return_inverse=True)
    start = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(np.diff(rows.start)[kept], out=start[1:])
    merged = Rows(start, np.empty(start[-1], np.int32), np.zeros(start[-1]), np.zeros(len(kept)))
    _add_up(rows, member, merged)
    return merged, member


@njit(cache=True, nogil=True)
def spread_multipliers(
    rows: Rows, member: IntArray, merged: Rows, multiplier: FloatArray
) -> FloatArray:
    """(n,) multipliers of single rows that give the same prices as the merged ones.

    A merged multiplier lies some way between two costs of its row; each member's is put the same
    way between its own two, so every saving adds up to the merged saving.
    """
    bound = np.zeros(len(multiplier))  # members without a way out: they take what is above all
    for i in range(len(member)):
        bound[member[i]] += 1.0 if rows.outside[i] == np.inf else 0.0
    spread = np.zeros(len(member))
    for i in range(len(member)):
        r = member[i]
        a, b, pay = rows.start[i], merged.start[r], multiplier[r]
        length = merged.start[r + 1] - b
        t = -1  # the last cost at or below the multiplier
        while t + 1 < length and merged.cost[b + t + 1] <= pay:
            t += 1
        low, low_all = (rows.cost[a + t], merged.cost[b + t]) if t >= 0 else (0.0, 0.0)
        if t + 1 < length:
            high, high_all = rows.cost[a + t + 1], merged.cost[b + t + 1]
        else:
            high, high_all = rows.outside[i], merged.outside[r]
        if high_all == np.inf:
            spread[i] = low + ((pay - low_all) / bound[r] if high == np.inf else 0.0)
        elif high_all > low_all:
            spread[i] = low + (high - low) * ((pay - low_all) / (high_all - low_all))
        else:
            spread[i] = low
    return spread


@njit(cache=True, nogil=True)
def columns(rows: Rows, sites: int) -> tuple[IntArray, IntArray, FloatArray]:
    """The rows by site: start (m + 1,), row and cost of each entry, rows rising."""
    start = np.zeros(sites + 1, np.int64)
    for t in range(len(rows.site)):
        start[rows.site[t] + 1] += 1
    for j in range(sites):
        start[j + 1] += start[j]
    fill = start[:-1].copy()
    row = np.empty(len(rows.site), np.int64)
    cost = np.empty(len(rows.site))
    for i in range(len(rows.outside)):
        for t in range(rows.start[i], rows.start[i + 1]):
            k = fill[rows.site[t]]
            row[k] = i
            cost[k] = rows.cost[t]
            fill[rows.site[t]] += 1
    return start, row, cost


@njit(cache=True, nogil=True)
def _keep_no_dearer(
    rows: Rows, i: int, cost: float, stamp: IntArray, mark: int, rivals: IntArray, count: int
) -> int:
    """Keep of the first ``count`` rivals those that serve ``i`` for at most ``cost``."""
    for t in range(rows.start[i], rows.start[i + 1]):
        if rows.cost[t] > cost:
            break
        stamp[rows.site[t]] = mark
    left = 0
    for k in range(count):
        if stamp[rivals[k]] == mark:
            rivals[left] = rivals[k]
            left += 1
    return left


@njit(cache=True, nogil=True)
def _list_rivals(rules: Rules, j: int, gone: BoolArray, rivals: IntArray) -> int:
    """Write the other sites of ``j``'s group that are no dearer to open; how many they are."""
    count = 0
    for k in range(len(gone)):
        cheap = rules.fixed[k] <= rules.fixed[j] and rules.group[k] == rules.group[j]
        if k != j and cheap and not gone[k]:
            rivals[count] = k
            count += 1
    return count


@njit(cache=True, nogil=True)
def _cheapest_entry(cost: FloatArray, a: int, b: int) -> int:
    best = a
    for t in range(a, b):
        if cost[t] < cost[best]:
            best = t
    return best


@njit(cache=True, nogil=True)
def dominated_sites(rows: Rows, rules: Rules) -> BoolArray:
    """(m,) sites that some plan as good as any can do without.

    Where counts ask for a number of sites, as many are kept as can be asked for, since a useless
    site may have to be opened all the same; there only free sites are compared.
    """
    m, groups = len(rules.fixed), len(rules.least) - 1
    start, row, cost = columns(rows, m)
    gone = np.zeros(m, np.bool_)
    members = np.zeros(groups, np.int64)
    for j in range(m):
        members[rules.group[j]] += 1
    counted = rules.least.max() > 0
    if counted and rules.fixed.max() > 0.0:
        return gone
    stamp = np.full(m, -1, np.int64)
    rivals = np.empty(m, np.int64)
    mark = 0
    for j in range(m):
        g = rules.group[j]
        if counted and members[g] <= min(rules.most[g], rules.most[groups]):
            continue
        count = _list_rivals(rules, j, gone, rivals)
        a, b = start[j], start[j + 1]
        if a < b:  # few are as near where it is nearest: that row leaves the fewest rivals
            best = _cheapest_entry(cost, a, b)
            mark += 1
            count = _keep_no_dearer(rows, row[best], cost[best], stamp, mark, rivals, count)
        for t in range(a, b):
            if count == 0:
                break
            mark += 1
            count = _keep_no_dearer(rows, row[t], cost[t], stamp, mark, rivals, count)
        if count > 0:
            gone[j] = True
            members[g] -= 1
    return gone


@njit(cache=True, nogil=True)
def implied_rows(rows: Rows, sites: int) -> BoolArray:
    """(n,) rows that are covered whenever some other row is; for covers with no way out.

    A row that asks for a superset of another's sites is implied by it.
    """
    n = len(rows.outside)
    start, row, _ = columns(rows, sites)
    implied = np.zeros(n, np.bool_)
    stamp = np.full(sites, -1, np.int64)
    for i in range(n):
        a, b = rows.start[i], rows.start[i + 1]
        if implied[i] or a == b:
            continue
        rare = rows.site[a]
        for t in range(a, b):
            stamp[rows.site[t]] = i
            if start[rows.site[t] + 1] - start[rows.site[t]] < start[rare + 1] - start[rare]:
                rare = rows.site[t]
        for k in range(start[rare], start[rare + 1]):
            other = row[k]
            longer = rows.start[other + 1] - rows.start[other]
            if other == i or implied[other] or longer < b - a:
                continue
            common = 0
            for t in range(rows.start[other], rows.start[other + 1]):
                if stamp[rows.site[t]] == i:
                    common += 1
            implied[other] = common == b - a
    return implied

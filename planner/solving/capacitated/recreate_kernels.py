"""Compiled loops of ruin and recreate: points put back, exchanged, and annealed round by round."""

# ruff: noqa: NPY002 - compiled code has this generator only; every thread has its own, seeded

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.problem import BoolArray, FloatArray, IntArray

MOST_SITES = 5
"""Sites that are ruined together."""
PASSED_OVER = 0.02
"""How often a place is passed over; a little makes the refilling differ from time to time."""


class Setting(NamedTuple):
    """The problem as the kernel sees it.

    Parameters
    ----------
    cost : (n, m), a point's costs side by side
    weight : (n,)
    near : (n, m) sites of each point, cheapest first
    beside : (m, m) sites of each site, nearest first
    regret : (n,) second cheapest less cheapest
    size_start, capacity, fixed_cost : size options
    always : (m,) sites that are open even where they serve nobody
    group, group_least, group_most, count_least, count_most : as in the data
    """

    cost: FloatArray
    weight: FloatArray
    near: NDArray[np.int32]
    beside: NDArray[np.int32]
    regret: FloatArray
    size_start: IntArray
    capacity: FloatArray
    fixed_cost: FloatArray
    always: BoolArray
    group: IntArray
    group_least: IntArray
    group_most: IntArray
    count_least: int
    count_most: int


@njit(cache=True, nogil=True)
def _opening(setting: Setting, j: int, load: float, number: int) -> float:
    """Fixed cost of the cheapest size of site ``j`` that holds a load; ``inf`` if none does."""
    if number == 0 and not setting.always[j]:
        return 0.0
    least = np.inf
    for s in range(setting.size_start[j], setting.size_start[j + 1]):
        if setting.capacity[s] >= load * (1.0 - 1e-12):
            least = min(least, setting.fixed_cost[s])
    return least


@njit(cache=True, nogil=True)
def _counts_hold(setting: Setting, number: IntArray) -> bool:
    opened = np.zeros(setting.group_least.size, np.int64)
    total = 0
    for j in range(number.size):
        if number[j] > 0 or setting.always[j]:
            opened[setting.group[j]] += 1
            total += 1
    if total < setting.count_least or total > setting.count_most:
        return False
    for g in range(opened.size):
        if opened[g] < setting.group_least[g] or opened[g] > setting.group_most[g]:
            return False
    return True


@njit(cache=True, nogil=True)
def _put_back(
    setting: Setting,
    i: int,
    banned: int,
    opened: int,
    site: IntArray,
    load: FloatArray,
    number: IntArray,
) -> bool:
    """Put a point where it costs least; ``opened`` is a site whose opening is not counted."""
    best, at = np.inf, -1
    w = setting.weight[i]
    for r in range(setting.near.shape[1]):
        b = setting.near[i, r]
        x = setting.cost[i, b]
        if x >= best:
            break
        if b == banned or np.random.random() < PASSED_OVER:
            continue
        after = _opening(setting, b, load[b] + w, number[b] + 1)
        if after == np.inf:
            continue
        if b != opened or number[b] > 0:
            x += after - _opening(setting, b, load[b], number[b])
        if x < best:
            best, at = x, b
    if at < 0:
        return False
    site[i] = at
    load[at] += w
    number[at] += 1
    return True


@njit(cache=True, nogil=True)
def _exchange(
    setting: Setting, moved: IntArray, count: int, site: IntArray, load: FloatArray
) -> None:
    """Swap the sites of two moved points while that pays and no size must grow."""
    # The few sites that matter, side by side: the matrix of all costs is far from the processor.
    place, several = np.full(load.size, -1), np.empty(load.size, np.int64)
    at, number = np.empty(count, np.int64), 0
    for p in range(count):
        j = site[moved[p]]
        if place[j] < 0:
            place[j], several[number] = number, j
            number += 1
        at[p] = place[j]
    cost = np.empty((count, number))
    for p in range(count):
        for r in range(number):
            cost[p, r] = setting.cost[moved[p], several[r]]
    for p in range(count):
        for q in range(p + 1, count):
            a, b = at[p], at[q]
            if a == b:
                continue
            now = cost[p, a] + cost[q, b]
            then = cost[p, b] + cost[q, a]
            if then >= now - 1e-12 * now:
                continue
            more = setting.weight[moved[q]] - setting.weight[moved[p]]
            one, other = several[a], several[b]
            dearer = (
                _opening(setting, one, load[one] + more, 1)
                + _opening(setting, other, load[other] - more, 1)
                - _opening(setting, one, load[one], 1)
                - _opening(setting, other, load[other], 1)
            )
            if then + dearer < now - 1e-12 * now:
                site[moved[p]], site[moved[q]] = other, one
                at[p], at[q] = b, a
                load[one] += more
                load[other] -= more


@njit(cache=True, nogil=True)
def _total(setting: Setting, site: IntArray, load: FloatArray, number: IntArray) -> float:
    total = 0.0
    for i in range(site.size):
        total += setting.cost[i, site[i]]
    for j in range(load.size):
        total += _opening(setting, j, load[j], number[j])
    return total


@njit(cache=True, nogil=True)
def _next(setting: Setting, a: int, number: IntArray) -> int:
    """A closed site near ``a``: mostly the nearest, -1 if there is none."""
    found = -1
    for r in range(setting.beside.shape[1]):
        b = setting.beside[a, r]
        if b != a and number[b] == 0:
            found = b
            if np.random.random() < 0.5:
                break
    return found


@njit(cache=True, nogil=True)
def anneal(  # noqa: C901, PLR0912, PLR0915 - one compiled kernel
    setting: Setting,
    site: IntArray,
    best_site: IntArray,
    rounds: int,
    warm: float,
    cold: float,
    seed: int,
    halt: IntArray,
) -> float:
    """Change ``site`` (n,) for so many rounds; the best plan goes to ``best_site``.

    ``warm`` and ``cold`` are the first and last temperature, in units of the objective. It ends
    early once ``halt`` (1,) is set by another thread.
    """
    np.random.seed(seed)
    n, m = setting.cost.shape
    load, number = np.zeros(m), np.zeros(m, np.int64)
    for i in range(n):
        load[site[i]] += setting.weight[i]
        number[site[i]] += 1
        best_site[i] = site[i]
    current = _total(setting, site, load, number)
    best = current
    moved, before = np.empty(n, np.int64), np.empty(n, np.int64)
    key = np.empty(n)
    ruined = np.zeros(m, np.bool_)
    load_before, number_before = np.empty(m), np.empty(m, np.int64)
    heat = warm
    cooling = (cold / warm) ** (1.0 / max(1, rounds))
    for _ in range(rounds):
        if halt[0] != 0:
            break
        heat *= cooling
        a = site[np.random.randint(n)]
        ruined[:] = False
        ruined[a] = True
        wanted = 1 + np.random.randint(MOST_SITES - 1)
        for r in range(setting.beside.shape[1]):
            b = setting.beside[a, r]
            if number[b] > 0 and wanted > 0 and np.random.random() < 0.8:
                ruined[b] = True
                wanted -= 1
        kind = np.random.random()
        banned = a if kind < 0.12 else -1
        opened = -1
        if 0.06 < kind < 0.18:
            opened = _next(setting, a, number)
        share = 0.05 + 0.4 * np.random.random()
        for j in range(m):
            load_before[j] = load[j]
            number_before[j] = number[j]
        count = 0
        for i in range(n):
            j = site[i]
            leaves = ruined[j] and np.random.random() < share
            if opened >= 0 and setting.cost[i, opened] < setting.cost[i, j]:
                leaves = leaves or np.random.random() < 0.9
            if j == banned or leaves:
                moved[count] = i
                before[count] = j
                count += 1
                load[j] -= setting.weight[i]
                number[j] -= 1
                if number[j] == 0:
                    load[j] = 0.0
        how = np.random.random()
        for p in range(count):
            i = moved[p]
            if how < 0.4:
                key[p] = -setting.weight[i] * (0.8 + 0.4 * np.random.random())
            elif how < 0.7:
                key[p] = -setting.regret[i] * (0.5 + np.random.random())
            else:
                key[p] = np.random.random()
        holds = True
        for p in np.argsort(key[:count]):
            if not _put_back(setting, moved[p], banned, opened, site, load, number):
                holds = False
                break
        if holds:
            _exchange(setting, moved, count, site, load)
            holds = _counts_hold(setting, number)
        change = 0.0
        if holds:
            for p in range(count):
                i = moved[p]
                change += setting.cost[i, site[i]] - setting.cost[i, before[p]]
            for j in range(m):
                change += _opening(setting, j, load[j], number[j])
                change -= _opening(setting, j, load_before[j], number_before[j])
        if holds and change < -heat * np.log(np.random.random()):
            current += change
            if current < best - 1e-10 * abs(best):
                best = current
                for i in range(n):
                    best_site[i] = site[i]
        else:
            for p in range(count):
                site[moved[p]] = before[p]
            for j in range(m):
                load[j] = load_before[j]
                number[j] = number_before[j]
    return best

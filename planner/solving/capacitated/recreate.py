"""Whole plans by ruin and recreate: part of a few neighbouring sites is emptied and filled anew.

After Christiaens and Vanden Berghe (2020, slack induction by string removals): points are put back
one by one where they cost least, now and then passing over the best place, and what comes out is
kept as simulated annealing says. A site costs the cheapest size that holds its load and nothing
when it is empty, so that sites open, close and change their size by themselves.
"""

# ruff: noqa: NPY002 - compiled code has this generator only; every thread has its own, seeded

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.assignment import WholePlan, improve_assignment
from planner.solving.capacitated.attended import Pause, attended
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.neighbourhood import nearness

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


def setting_of(data: CapacitatedData) -> Setting:
    """The kernel's view of a problem; only required sites are open for nobody."""
    cost = np.ascontiguousarray(data.cost.T)
    near = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    every = np.arange(data.n)
    first, second = cost[every, near[:, 0]], cost[every, near[:, min(1, data.m - 1)]]
    return Setting(
        cost=cost,
        weight=np.ascontiguousarray(data.weight, np.float64),
        near=near,
        beside=nearness(data).astype(np.int32),
        regret=np.where(np.isfinite(second), second - first, first + 1e9),
        size_start=data.size_start,
        capacity=data.capacity,
        fixed_cost=np.ascontiguousarray(data.fixed_cost, np.float64),
        always=data.required.copy(),
        group=data.group,
        group_least=data.group_least,
        group_most=data.group_most,
        count_least=int(data.count_least),
        count_most=int(data.count_most),
    )


@dataclass(frozen=True)
class Schedule:
    """How long and how hot: ``warm`` and ``cold`` are shares of the objective a point."""

    rounds: int
    warm: float = 0.3
    cold: float = 0.001


class Recreation:
    """Ruin and recreate for one problem; its view of the problem is made once."""

    def __init__(self, data: CapacitatedData) -> None:
        self.data = data
        self._setting = setting_of(data)

    def improved(
        self,
        plans: list[WholePlan],
        schedule: Schedule,
        seeds: list[int],
        *,
        same_sites: bool = False,
        pause: Pause = lambda: False,
    ) -> list[WholePlan]:
        """What becomes of each plan, side by side; one that got no better is returned as it was.

        ``same_sites`` opens no further ones. ``pause`` is asked in the thread of the caller; once
        it says so, or raises, work ends.
        """
        halt = np.zeros(1, np.int64)
        jobs = [
            partial(self._one, plan, self._view(plan, same_sites), schedule, seed, halt)
            for plan, seed in zip(plans, seeds, strict=True)
        ]
        return attended(jobs, halt, pause)

    def _view(self, plan: WholePlan, same_sites: bool) -> Setting:
        data, opened = self.data, plan.chosen >= 0
        serves = np.bincount(plan.site, minlength=data.m) > 0
        setting = self._setting
        if same_sites:
            setting = setting_of(replace(data, cost=np.where(opened[:, None], data.cost, np.inf)))
        return setting._replace(always=data.required | (opened & ~serves))

    def _one(
        self, plan: WholePlan, setting: Setting, schedule: Schedule, seed: int, halt: IntArray
    ) -> WholePlan:
        site, best_site = plan.site.copy(), plan.site.copy()
        unit = abs(plan.objective) / max(1, self.data.n)
        anneal(
            setting,
            site,
            best_site,
            schedule.rounds,
            max(schedule.warm * unit, 1e-9),
            max(schedule.cold * unit, 1e-10),
            seed,
            halt,
        )
        better = _plan(self.data, setting, best_site, halt)
        return better if better is not None and better.objective < plan.objective else plan


def _plan(
    data: CapacitatedData, setting: Setting, site: IntArray, halt: IntArray
) -> WholePlan | None:
    """The plan of an assignment, exchanged to its end, with the cheapest sizes that hold it."""
    load = np.bincount(site, weights=data.weight, minlength=data.m)
    chosen = np.full(data.m, -1)
    for j in np.flatnonzero((np.bincount(site, minlength=data.m) > 0) | setting.always):
        options = np.arange(data.size_start[j], data.size_start[j + 1])
        holds = options[data.capacity[options] >= load[j] * (1 - 1e-12)]
        if not len(holds):
            return None
        chosen[j] = holds[np.argmin(data.fixed_cost[holds])]
    opened = np.flatnonzero(chosen >= 0)
    at = np.searchsorted(opened, site)
    cost = np.ascontiguousarray(data.cost[opened].T)
    if improve_assignment(cost, data.weight, data.capacity[chosen[opened]], at, 20, halt):
        site = opened[at]
    service = data.cost[site, np.arange(data.n)].sum()
    return WholePlan(chosen, site, float(service + data.fixed_cost[chosen[opened]].sum()))

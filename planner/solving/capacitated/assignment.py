"""One site a point: whole assignments for given open sites.

The divided flow of the transport is nearly whole (at most one divided point a full site). It is
rounded, repaired and improved by shifts and swaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.attended import Pause, attended
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.search import SitePlan


@dataclass(frozen=True, eq=False)
class WholePlan:
    """Opened sizes (m,) and the site of each point (n,)."""

    chosen: IntArray
    site: IntArray
    objective: float


@njit(cache=True, nogil=True)
def improve_assignment(  # noqa: C901, PLR0912 - one compiled kernel
    cost: FloatArray,
    weight: FloatArray,
    room: FloatArray,
    site: IntArray,
    passes: int,
    halt: IntArray,
) -> bool:
    """Repair overloads, then shift and swap while it pays; ``site`` (n,) is changed in place.

    Parameters
    ----------
    cost : (n, q) of each point at each open site
    room : (q,)
    halt : (1,) ends the exchanges once another thread sets it

    Returns
    -------
    Whether no site is over its room.
    """
    n, q = cost.shape
    load = np.zeros(q)
    for i in range(n):
        load[site[i]] += weight[i]
    slack = 1e-9 * max(1.0, weight.sum())
    if not _repair(cost, weight, room, site, load, slack, halt):
        return False
    for _ in range(passes):
        changed = False
        for i in range(n):
            a = site[i]
            best, at = -1e-12 * max(1.0, abs(cost[i, a])), -1
            for b in range(q):
                gain = cost[i, b] - cost[i, a]
                if gain < best and load[b] + weight[i] <= room[b] + slack:
                    best, at = gain, b
            if at >= 0:
                load[a] -= weight[i]
                load[at] += weight[i]
                site[i] = at
                changed = True
        for i in range(n):
            a = site[i]
            if halt[0] != 0:
                return True
            if cost[i].min() >= cost[i, a]:  # of two points that swap, one gets cheaper
                continue
            for k in range(n):
                b = site[k]
                if cost[i, b] >= cost[i, a]:
                    continue
                now = cost[i, a] + cost[k, b]
                if cost[i, b] + cost[k, a] >= now - 1e-12 * max(1.0, now):
                    continue
                more = weight[k] - weight[i]
                if load[a] + more <= room[a] + slack and load[b] - more <= room[b] + slack:
                    site[i], site[k] = b, a
                    load[a] += more
                    load[b] -= more
                    a = b
                    changed = True
        if not changed:
            break
    return True


@njit(cache=True, nogil=True)
def _repair(  # noqa: C901, PLR0912 - one compiled kernel
    cost: FloatArray,
    weight: FloatArray,
    room: FloatArray,
    site: IntArray,
    load: FloatArray,
    slack: float,
    halt: IntArray,
) -> bool:
    """Move points off overfull sites at the least cost a unit; swaps where no shift fits."""
    n, q = cost.shape
    for _ in range(4 * n):
        over = -1
        for a in range(q):
            if load[a] > room[a] + slack and (
                over < 0 or load[a] - room[a] > load[over] - room[over]
            ):
                over = a
        if over < 0:
            return True
        if halt[0] != 0:
            return False
        excess = load[over] - room[over]
        best, one, other, to = np.inf, -1, -1, -1
        for i in range(n):
            if site[i] != over or weight[i] <= 0.0:
                continue
            for b in range(q):
                if b != over and load[b] + weight[i] <= room[b] + slack:
                    x = (cost[i, b] - cost[i, over]) / min(weight[i], excess)
                    if x < best:
                        best, one, other, to = x, i, -1, b
        if one < 0:
            for i in range(n):
                if site[i] != over:
                    continue
                for k in range(n):
                    b = site[k]
                    less = weight[i] - weight[k]
                    if b == over or less <= 0.0 or load[b] + less > room[b] + slack:
                        continue
                    x = cost[i, b] + cost[k, over] - cost[i, over] - cost[k, b]
                    x /= min(less, excess)
                    if x < best:
                        best, one, other, to = x, i, k, b
        if one < 0 or best == np.inf:
            return False
        site[one] = to
        load[over] -= weight[one]
        load[to] += weight[one]
        if other >= 0:
            site[other] = over
            load[over] += weight[other]
            load[to] -= weight[other]
    return False


def rounded(
    data: CapacitatedData, plan: SitePlan, passes: int = 20, pause: Pause | None = None
) -> WholePlan | None:
    """A whole assignment near the plan's flow, None if it could not be repaired.

    Where whole points do not fit into the sizes that the divided ones need, larger sizes may grow.
    """
    site = plan.opened[np.argmax(plan.flow, axis=0)]
    made = improved(data, plan.chosen, site, passes, pause)
    if made is not None:
        return made
    largest = np.where(plan.chosen >= 0, data.size_start[1:] - 1, -1)
    return improved(data, largest, site, passes, pause)


def improved(
    data: CapacitatedData,
    chosen: IntArray,
    site: IntArray,
    passes: int = 20,
    pause: Pause | None = None,
) -> WholePlan | None:
    """A whole assignment to opened sizes, repaired and exchanged to its end; None if it fails.

    Where there are so many points that it takes long, ``pause`` is asked whether to stop.
    """
    opened = np.flatnonzero(chosen >= 0)
    if not len(opened):
        return None
    cost = np.ascontiguousarray(data.cost[opened].T)
    position = np.full(data.m, -1)
    position[opened] = np.arange(len(opened))
    at = np.where(position[site] >= 0, position[site], np.argmin(cost, axis=1)).astype(np.int64)
    halt = np.zeros(1, np.int64)
    room = data.capacity[chosen[opened]]
    job = partial(improve_assignment, cost, data.weight, room, at, passes, halt)
    holds = job() if pause is None else attended([job], halt, pause)[0]
    return _whole(data, chosen, opened[at]) if holds else None


def nearest_with_room(data: CapacitatedData) -> WholePlan | None:
    """A plan in no time: as many sites as may open, heavy points first to the nearest with room.

    Sites that nobody goes to close again, down to the counts. None where it does not come out.
    """
    opened = _most_opened(data)
    room = np.where(opened, data.largest, 0.0)
    site = np.full(data.n, -1)
    left = np.argsort(-data.weight, kind="stable")
    while len(left):
        fits = room[:, None] >= data.weight[left]
        cost = np.where(fits & opened[:, None], data.cost[:, left], np.inf)
        at = np.argmin(cost, axis=0)
        if np.isinf(cost[at, np.arange(len(left))]).any():
            return None
        order = np.argsort(at, kind="stable")
        weight, first = data.weight[left][order], np.searchsorted(at[order], at[order])
        before = np.cumsum(weight) - weight
        taken = before - before[first] + weight <= room[at[order]] * (1 + 1e-12)
        site[left[order[taken]]] = at[order[taken]]
        np.subtract.at(room, at[order[taken]], weight[taken])
        left = np.sort(left[order[~taken]])
        left = left[np.argsort(-data.weight[left], kind="stable")]
    return _whole(data, _closed_again(data, opened, site), site)


def _most_opened(data: CapacitatedData) -> BoolArray:
    """(m,) as many sites as the counts allow, those with most room for their cost."""
    top = data.size_start[1:] - 1
    worth = data.largest / np.maximum(data.fixed_cost[top], 1e-9)
    order = np.lexsort((-worth, ~data.required))
    opened, count = np.zeros(data.m, np.bool_), np.zeros(len(data.group_most), np.int64)
    for j in order[: data.count_most]:
        opened[j] = count[data.group[j]] < data.group_most[data.group[j]]
        count[data.group[j]] += opened[j]
    return opened


def _closed_again(data: CapacitatedData, opened: BoolArray, site: IntArray) -> IntArray:
    """(m,) largest sizes of the sites that serve, are required, or that the counts ask for."""
    kept = (np.bincount(site, minlength=data.m) > 0) | data.required
    for j in np.flatnonzero(opened & ~kept):
        count = np.bincount(data.group[kept], minlength=len(data.group_least))
        short = count[data.group[j]] < data.group_least[data.group[j]]
        kept[j] = short or kept.sum() < data.count_least
    return np.where(kept, data.size_start[1:] - 1, -1)


def _whole(data: CapacitatedData, given: IntArray, site: IntArray) -> WholePlan | None:
    """The plan of an assignment, every site at the cheapest size that holds its load."""
    load = np.bincount(site, weights=data.weight, minlength=data.m)
    chosen, opened = given.copy(), np.flatnonzero(given >= 0)
    for j in opened:
        options = np.arange(data.size_start[j], data.size_start[j + 1])
        holds = options[data.capacity[options] >= load[j] * (1 - 1e-12)]
        chosen[j] = holds[np.argmin(data.fixed_cost[holds])] if len(holds) else chosen[j]
    service = data.cost[site, np.arange(data.n)].sum()
    total = float(service + data.fixed_cost[chosen[opened]].sum())
    return WholePlan(chosen, site, total) if np.isfinite(total) else None

"""One site a point: whole assignments for given open sites.

The divided flow of the transport is nearly whole (at most one divided point a full site). It is
rounded, repaired and improved by shifts and swaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray
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
    cost: FloatArray, weight: FloatArray, room: FloatArray, site: IntArray, passes: int
) -> bool:
    """Repair overloads, then shift and swap while it pays; ``site`` (n,) is changed in place.

    Parameters
    ----------
    cost : (n, q) of each point at each open site
    room : (q,)

    Returns
    -------
    Whether no site is over its room.
    """
    n, q = cost.shape
    load = np.zeros(q)
    for i in range(n):
        load[site[i]] += weight[i]
    slack = 1e-9 * max(1.0, weight.sum())
    if not _repair(cost, weight, room, site, load, slack):
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


def rounded(data: CapacitatedData, plan: SitePlan, passes: int = 20) -> WholePlan | None:
    """A whole assignment near the plan's flow, None if it could not be repaired.

    Where whole points do not fit into the sizes that the divided ones need, larger sizes may grow.
    """
    site = plan.opened[np.argmax(plan.flow, axis=0)]
    made = improved(data, plan.chosen, site, passes)
    if made is not None:
        return made
    largest = np.where(plan.chosen >= 0, data.size_start[1:] - 1, -1)
    return improved(data, largest, site, passes)


def improved(
    data: CapacitatedData, chosen: IntArray, site: IntArray, passes: int = 20
) -> WholePlan | None:
    """A whole assignment to opened sizes, repaired and exchanged to its end; None if it fails."""
    opened = np.flatnonzero(chosen >= 0)
    if not len(opened):
        return None
    cost = np.ascontiguousarray(data.cost[opened].T)
    position = np.full(data.m, -1)
    position[opened] = np.arange(len(opened))
    at = np.where(position[site] >= 0, position[site], np.argmin(cost, axis=1)).astype(np.int64)
    if not improve_assignment(cost, data.weight, data.capacity[chosen[opened]], at, passes):
        return None
    return _whole(data, chosen, opened[at])


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

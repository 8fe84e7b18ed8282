"""One site a point: whole assignments for given open sites.

The divided flow of the transport is nearly whole (at most one divided point a full site). It is
rounded, repaired and improved by shifts and swaps; what then still matters is a small assignment
model: a pair whose reduced cost at the transport's capacity prices is over the gap cannot be in a
better plan, which leaves few pairs to HiGHS and makes its answer exact for these sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray
from planner.solving import highs
from planner.solving.capacitated.bound import rounded_down
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
            for k in range(i + 1, n):
                a, b = site[i], site[k]
                if a == b:
                    continue
                now = cost[i, a] + cost[k, b]
                if cost[i, b] + cost[k, a] >= now - 1e-12 * max(1.0, now):
                    continue
                more = weight[k] - weight[i]
                if load[a] + more <= room[a] + slack and load[b] - more <= room[b] + slack:
                    site[i], site[k] = b, a
                    load[a] += more
                    load[b] -= more
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
    """A whole assignment near the plan's flow, None if it could not be repaired."""
    opened = plan.opened
    cost = np.ascontiguousarray(data.cost[opened].T)
    at = np.argmax(plan.flow, axis=0).astype(np.int64)
    room = data.capacity[plan.chosen[opened]]
    if not improve_assignment(cost, data.weight, room, at, passes):
        return None
    return _whole(data, plan, opened[at])


def _whole(data: CapacitatedData, plan: SitePlan, site: IntArray) -> WholePlan:
    load = np.bincount(site, weights=data.weight, minlength=data.m)
    chosen = plan.chosen.copy()
    for j in plan.opened:
        options = np.arange(data.size_start[j], data.size_start[j + 1])
        holds = options[data.capacity[options] >= load[j] * (1 - 1e-12)]
        chosen[j] = holds[np.argmin(data.fixed_cost[holds])] if len(holds) else chosen[j]
    service = data.cost[site, np.arange(data.n)].sum()
    fixed = data.fixed_cost[chosen[plan.opened]].sum()
    return WholePlan(chosen, site, float(service + fixed))


@dataclass(frozen=True, eq=False)
class Refined:
    """The best whole plan for the sites of a plan, and a proven bound for those sites."""

    plan: WholePlan | None
    bound: float


def refined(
    data: CapacitatedData,
    plan: SitePlan,
    limit: float,
    *,
    gap: float,
    time_limit_s: float | None,
    on_news: highs.OnNews | None = None,
    most_pairs: int = 60_000,
) -> Refined:
    """Best whole assignment under ``limit`` for the plan's sites, by the reduced model.

    Parameters
    ----------
    limit : only plans under it are wanted; with it and the divided cost, pairs are ruled out
    most_pairs : with more left than this the pairs of least reduced cost are tried (the bound is
        then the divided cost)
    """
    opened = plan.opened
    room = data.capacity[plan.chosen[opened]]
    priced = data.cost[opened].T + plan.price[None, :] * data.weight[:, None]
    cheapest = priced.min(axis=1, keepdims=True)
    reduced = priced - cheapest
    fixed = float(data.fixed_cost[plan.chosen[opened]].sum())
    # What the prices prove by themselves, whatever the transport believes it has reached.
    dearth = plan.price * np.minimum(room, data.weight.sum())
    divided = rounded_down(float(cheapest.sum() - dearth.sum()) + fixed)
    at_most = limit - divided
    exact = True
    allowed = (reduced <= at_most) & np.isfinite(reduced)
    if allowed.sum() > most_pairs:
        allowed = reduced <= np.partition(reduced.ravel(), most_pairs)[most_pairs]
        exact = False
    point, at = np.nonzero(allowed)
    answer = highs.run(
        _assignment_model(data, opened, room, point, at),
        highs.HighsOptions(time_limit_s=time_limit_s, gap=gap, threads=1),
        on_news=on_news,
    )
    bound = divided
    if exact:
        proven = limit if answer.ending is highs.Ending.INFEASIBLE else answer.bound + fixed
        bound = max(divided, min(rounded_down(proven), limit))
    used = answer.values > 0.5 if len(answer.values) else np.zeros(len(point), np.bool_)
    site = np.full(data.n, -1)
    site[point[used]] = opened[at[used]]
    if (site < 0).any():
        return Refined(None, bound)
    return Refined(_whole(data, plan, site), bound)


def _assignment_model(
    data: CapacitatedData, opened: IntArray, room: FloatArray, point: IntArray, at: IntArray
) -> highs.LinearProgram:
    """Each point to one of its remaining sites, no site over its room."""
    pairs = len(point)
    by_site = np.argsort(at, kind="stable")
    rows = np.concatenate([point, data.n + at[by_site]])
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=data.n + len(opened)))])
    return highs.LinearProgram(
        cost=data.cost[opened[at], point],
        lower=np.zeros(pairs),
        upper=np.ones(pairs),
        integer=np.ones(pairs, np.bool_),
        row_start=start.astype(np.int64),
        row_index=np.concatenate([np.arange(pairs), by_site]),
        row_value=np.concatenate([np.ones(pairs), data.weight[point[by_site]]]),
        row_lower=np.concatenate([np.ones(data.n), np.full(len(opened), -np.inf)]),
        row_upper=np.concatenate([np.ones(data.n), np.minimum(room, data.weight.sum())]),
    )

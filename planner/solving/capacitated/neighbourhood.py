"""Whole plans improved by small models of neighbouring sites (Kong 2021, after Fischetti's RINS).

A few sites near each other and the points they serve are set free; everything else stays. The small
model chooses sizes and assignments anew and is solved by HiGHS from the present plan, so it never
gets worse. The counts of quotas stay in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_array

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving import highs
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import NO_LIMIT, CapacitatedData

PAIRS_A_POINT = 6
"""Nearest free sites that a free point may go to, its present one besides."""


def nearness(data: CapacitatedData) -> IntArray:
    """(m, m) the other sites of each in order of how well they could take over its points."""
    finite = np.where(np.isfinite(data.cost), data.cost, 0.0)
    top = finite.max() + 1.0
    cost = np.where(np.isfinite(data.cost), data.cost, top)
    order = np.empty((data.m, data.m), np.int64)
    per_weight = cost / np.maximum(data.weight, 1e-12)[None, :]
    count = min(data.n, max(8, data.n // max(1, data.m)))
    for j in range(data.m):
        own = np.argpartition(per_weight[j], count - 1)[:count]
        order[j] = np.argsort(cost[:, own].sum(axis=1), kind="stable")
    return order


def neighbourhoods(data: CapacitatedData, count: int) -> Iterator[IntArray]:
    """Groups of ``count`` neighbouring sites, one around each site."""
    near = nearness(data)
    for j in range(data.m):
        group = near[j, : min(count, data.m)]
        yield np.unique(np.append(group, j))


def improved_by_neighbourhoods(
    data: CapacitatedData,
    plan: WholePlan,
    *,
    count: int,
    seconds_each: float,
    pause: Callable[[], bool],
    listen: Callable[[], None],
    on_better: Callable[[WholePlan], None],
) -> WholePlan:
    """Go round the neighbourhoods once, keeping every improvement."""
    for free in neighbourhoods(data, count):
        if pause():
            break
        better = _solved(data, plan, free, seconds_each, listen)
        if better is not None and better.objective < plan.objective * (1 - 1e-10):
            plan = better
            on_better(plan)
    return plan


def _solved(
    data: CapacitatedData,
    plan: WholePlan,
    free: IntArray,
    seconds: float,
    listen: Callable[[], None],
) -> WholePlan | None:
    freed = np.isin(plan.site, free)
    point = np.flatnonzero(freed)
    if not len(point):
        return None
    pair_point, pair_site = _pairs(data, plan, free, point)
    options = np.concatenate([np.arange(data.size_start[j], data.size_start[j + 1]) for j in free])
    program = _model(data, plan, free, options, point, pair_point, pair_site)
    start = np.concatenate(
        [
            np.isin(options, plan.chosen[free]).astype(np.float64),
            (plan.site[point[pair_point]] == free[pair_site]).astype(np.float64),
        ]
    )
    answer = highs.run(
        program,
        highs.HighsOptions(time_limit_s=seconds, gap=1e-5, threads=1),
        start=start,
        on_news=lambda _news: listen(),
    )
    if not len(answer.values):
        return None
    return _merged(data, plan, free, options, point, pair_point, pair_site, answer.values)


def _pairs(
    data: CapacitatedData, plan: WholePlan, free: IntArray, point: IntArray
) -> tuple[IntArray, IntArray]:
    """Pairs (position in ``point``, position in ``free``) that the small model may use."""
    cost = data.cost[np.ix_(free, point)].T
    keep = min(PAIRS_A_POINT, len(free))
    allowed: BoolArray = cost <= np.partition(cost, keep - 1, axis=1)[:, keep - 1 : keep]
    allowed |= plan.site[point][:, None] == free[None, :]
    allowed &= np.isfinite(cost)
    row, column = np.nonzero(allowed)
    return row, column


def _model(
    data: CapacitatedData,
    plan: WholePlan,
    free: IntArray,
    options: IntArray,
    point: IntArray,
    pair_point: IntArray,
    pair_site: IntArray,
) -> highs.LinearProgram:
    """Sizes of the free sites and assignments of the free points; the rest as it is."""
    k, a, q, p = len(options), len(pair_point), len(free), len(point)
    owner = np.repeat(np.arange(q), np.diff(data.size_start)[free])
    room = np.minimum(data.capacity[options], data.weight.sum())
    rows = [pair_point, p + pair_site, p + owner, p + q + owner, p + 2 * q + np.arange(a)]
    columns = [k + np.arange(a), k + np.arange(a), np.arange(k), np.arange(k), k + np.arange(a)]
    values = [np.ones(a), data.weight[point[pair_point]], -room, np.ones(k), np.ones(a)]
    # an assignment needs its site open: minus every size of that site
    link_row = np.repeat(np.arange(a), np.diff(data.size_start)[free][pair_site])
    link_column = np.concatenate([np.flatnonzero(owner == s) for s in pair_site])
    rows.append(p + 2 * q + link_row)
    columns.append(link_column)
    values.append(-np.ones(len(link_row)))
    low, high = _count_limits(data, plan, free)
    groups = np.append(data.group[free], 0)
    for g, (least, most) in enumerate(zip(low, high, strict=True)):
        inside = np.flatnonzero(groups[owner] == g) if g < len(low) - 1 else np.arange(k)
        rows.append(np.full(len(inside), p + 2 * q + a + g))
        columns.append(inside)
        values.append(np.ones(len(inside)))
        del least, most
    total = p + 2 * q + a + len(low)
    matrix = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(total, k + a),
    ).tocsr()
    needed = data.required[free].astype(np.float64)
    return highs.LinearProgram(
        cost=np.concatenate(
            [data.fixed_cost[options], data.cost[free[pair_site], point[pair_point]]]
        ),
        lower=np.zeros(k + a),
        upper=np.ones(k + a),
        integer=np.ones(k + a, np.bool_),
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate(
            [np.ones(p), np.full(q, -np.inf), needed, np.full(a, -np.inf), low]
        ),
        row_upper=np.concatenate([np.ones(p), np.zeros(q), np.ones(q), np.zeros(a), high]),
    )


def _count_limits(
    data: CapacitatedData, plan: WholePlan, free: IntArray
) -> tuple[FloatArray, FloatArray]:
    """What the counts leave to the free sites: one row a group, then one over all."""
    kept = plan.chosen >= 0
    kept[free] = False
    count = np.bincount(data.group[kept], minlength=len(data.group_least))
    least = np.append(data.group_least, data.count_least) - np.append(count, kept.sum())
    most = np.append(data.group_most, data.count_most) - np.append(count, kept.sum())
    limited = most < NO_LIMIT // 2
    return (
        np.where(least > 0, least, -np.inf).astype(np.float64),
        np.where(limited, most, np.inf).astype(np.float64),
    )


def _merged(
    data: CapacitatedData,
    plan: WholePlan,
    free: IntArray,
    options: IntArray,
    point: IntArray,
    pair_point: IntArray,
    pair_site: IntArray,
    values: FloatArray,
) -> WholePlan:
    """The plan with the small model's answer in it."""
    chosen, site = plan.chosen.copy(), plan.site.copy()
    chosen[free] = -1
    owner = np.repeat(free, np.diff(data.size_start)[free])
    opened = values[: len(options)] > 0.5
    chosen[owner[opened]] = options[opened]
    used = values[len(options) :] > 0.5
    site[point[pair_point[used]]] = free[pair_site[used]]
    service = data.cost[site, np.arange(data.n)].sum()
    fixed = data.fixed_cost[chosen[chosen >= 0]].sum()
    return WholePlan(chosen, site, float(service + fixed))

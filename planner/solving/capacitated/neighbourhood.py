"""Whole plans improved by small models of neighbouring sites (Kong 2021, after Fischetti's RINS).

A few sites near each other and the points they serve are set free; everything else stays. The small
model chooses sizes and assignments anew and is solved by HiGHS from the present plan, so it never
gets worse. The counts of quotas stay in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import coo_array

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving import highs
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.attended import Pause
from planner.solving.capacitated.data import NO_LIMIT, CapacitatedData
from planner.solving.capacitated.redrawing import Drawing, Job, Listen, Redrawing

PAIRS_A_POINT = 6
"""Nearest free sites that a free point may go to, its present one besides."""
GAP = 1e-5
"""Of a small model; what is under it is not worth its seconds."""


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


def neighbourhoods(
    data: CapacitatedData, count: int, among: BoolArray | None = None
) -> Iterator[IntArray]:
    """Groups of ``count`` neighbouring sites, one around each site; of those ``among`` (m,)."""
    near, among = nearness(data), np.ones(data.m, np.bool_) if among is None else among
    for j in np.flatnonzero(among):
        group = near[j][among[near[j]]][:count]
        yield np.unique(np.append(group, j))


def improved_by_neighbourhoods(
    data: CapacitatedData,
    plan: WholePlan,
    *,
    count: int,
    seconds_each: float,
    pause: Pause,
    on_better: Callable[[WholePlan], None],
    threads: int = 1,
    allowed: BoolArray | None = None,
) -> WholePlan:
    """Go round the neighbourhoods once, keeping every improvement.

    Parameters
    ----------
    pause : asked in the caller's thread, also while a model is solved, whether to stop
    allowed : (m, n) pairs that may be used, of open sites, which then stay; without it sites may
        open and close, and points go to the nearest of their group
    """
    among = None if allowed is None else plan.chosen >= 0

    def job(base: WholePlan, site: IntArray, listen: Listen) -> Job:
        free = Freed.of(data, base, site, allowed)
        return partial(solved, data, base, free, seconds=seconds_each, gap=GAP, listen=listen)

    drawing = Drawing(job, lambda one: one.objective, pause, on_better)
    redrawing = Redrawing(data, plan, drawing, threads)
    redrawing.improved(list(neighbourhoods(data, count, among)))
    return redrawing.plan


@dataclass(frozen=True, eq=False)
class Freed:
    """What a small model decides.

    Parameters
    ----------
    site : (q,) sites that are free
    option, owner : (k,) their size options, and the position in ``site`` of each
    point : (p,) points that these sites serve in the plan and that may go elsewhere
    kept : (q,) weight of their other points
    stays : (q,) whether a site has such points, without weight maybe, and so stays open
    pair_point, pair_site : (a,) pairs that may be used, positions in ``point`` and ``site``
    """

    site: IntArray
    option: IntArray
    owner: IntArray
    point: IntArray
    kept: FloatArray
    stays: BoolArray
    pair_point: IntArray
    pair_site: IntArray

    @classmethod
    def of(
        cls,
        data: CapacitatedData,
        plan: WholePlan,
        site: IntArray,
        allowed: BoolArray | None = None,
        *,
        every_point: bool = False,
    ) -> Freed:
        """The part of a plan around some sites.

        ``allowed`` (m, n) says which pairs may be used besides the plan's; without it those of the
        nearest sites. ``every_point`` keeps points in it that have no choice.
        """
        point = np.flatnonzero(np.isin(plan.site, site))
        cost = data.cost[np.ix_(site, point)].T
        usable = _nearest(cost) if allowed is None else allowed[np.ix_(site, point)].T
        here = plan.site[point][:, None] == site[None, :]
        usable = (usable & np.isfinite(cost)) | here
        chooses = usable.sum(axis=1) > (0 if every_point else 1)
        row, column = np.nonzero(usable[chooses])
        sizes = np.diff(data.size_start)[site]
        first = np.repeat(data.size_start[site], sizes)
        within = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cls(
            site=site,
            option=first + within,
            owner=np.repeat(np.arange(len(site)), sizes),
            point=point[chooses],
            kept=data.weight[point[~chooses]] @ here[~chooses],
            stays=here[~chooses].any(axis=0),
            pair_point=row,
            pair_site=column,
        )

    @property
    def columns(self) -> int:
        """Sizes first, then pairs."""
        return len(self.option) + len(self.pair_point)

    def start(self, plan: WholePlan) -> FloatArray:
        """(k + a,) the plan as values of the model."""
        opened = np.isin(self.option, plan.chosen[self.site])
        used = plan.site[self.point[self.pair_point]] == self.site[self.pair_site]
        return np.concatenate([opened, used]).astype(np.float64)

    def merged(self, data: CapacitatedData, plan: WholePlan, values: FloatArray) -> WholePlan:
        """The plan with the model's answer (>= k + a,) in it."""
        chosen, site, k = plan.chosen.copy(), plan.site.copy(), len(self.option)
        chosen[self.site] = -1
        opened = values[:k] > 0.5
        chosen[self.site[self.owner[opened]]] = self.option[opened]
        used = values[k : self.columns] > 0.5
        site[self.point[self.pair_point[used]]] = self.site[self.pair_site[used]]
        service = data.cost[site, np.arange(data.n)].sum()
        fixed = data.fixed_cost[chosen[chosen >= 0]].sum()
        return WholePlan(chosen, site, float(service + fixed))


def _nearest(cost: FloatArray) -> BoolArray:
    """(p, q) whether a site is among the nearest few of a point."""
    keep = min(PAIRS_A_POINT, cost.shape[1])
    near: BoolArray = cost <= np.partition(cost, keep - 1, axis=1)[:, keep - 1 : keep]
    return near


def solved(
    data: CapacitatedData,
    plan: WholePlan,
    free: Freed,
    *,
    seconds: float,
    gap: float,
    listen: Callable[[], None],
) -> WholePlan | None:
    """The plan with its free part solved anew; None where HiGHS has nothing in time."""
    if not len(free.point):
        return None
    answer = highs.run(
        small_model(data, plan, free),
        highs.HighsOptions(time_limit_s=seconds, gap=gap),
        start=free.start(plan),
        on_news=lambda _news: listen(),
    )
    return free.merged(data, plan, answer.values) if len(answer.values) else None


def small_model(data: CapacitatedData, plan: WholePlan, free: Freed) -> highs.LinearProgram:
    """Sizes of the free sites and assignments of the free points; the rest as it is.

    Rows: every point served, loads within sizes, one size a site, pairs of open sites only, counts.
    """
    k, a, q, p = len(free.option), len(free.pair_point), len(free.site), len(free.point)
    pair, sizes = k + np.arange(a), np.diff(data.size_start)[free.site]
    room = np.minimum(data.capacity[free.option], data.weight.sum())
    first = np.cumsum(sizes) - sizes
    of_pair = sizes[free.pair_site]
    within = np.arange(of_pair.sum()) - np.repeat(np.cumsum(of_pair) - of_pair, of_pair)
    count_row, count_column = _count_entries(data, free)
    entries = [
        (free.pair_point, pair, np.ones(a)),
        (p + free.pair_site, pair, data.weight[free.point[free.pair_point]]),
        (p + free.owner, np.arange(k), -room),
        (p + q + free.owner, np.arange(k), np.ones(k)),
        (p + 2 * q + np.arange(a), pair, np.ones(a)),
        (
            p + 2 * q + np.repeat(np.arange(a), of_pair),
            np.repeat(first[free.pair_site], of_pair) + within,
            -np.ones(len(within)),
        ),
        (p + 2 * q + a + count_row, count_column, np.ones(len(count_row))),
    ]
    low, high = _count_limits(data, plan, free.site)
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    shape = (p + 2 * q + a + len(low), k + a)
    matrix = coo_array((value, (row, column)), shape=shape).tocsr()
    needed = (data.required[free.site] | free.stays).astype(np.float64)
    served = data.cost[free.site[free.pair_site], free.point[free.pair_point]]
    return highs.LinearProgram(
        cost=np.concatenate([data.fixed_cost[free.option], served]),
        lower=np.zeros(k + a),
        upper=np.ones(k + a),
        integer=np.ones(k + a, np.bool_),
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate(
            [np.ones(p), np.full(q, -np.inf), needed, np.full(a, -np.inf), low]
        ),
        row_upper=np.concatenate([np.ones(p), -free.kept, np.ones(q), np.zeros(a), high]),
    )


def _count_entries(data: CapacitatedData, free: Freed) -> tuple[IntArray, IntArray]:
    """Rows and columns of the counts: one row a group, then one over all."""
    k, groups = len(free.option), len(data.group_least)
    every = np.arange(k)
    return (
        np.concatenate([data.group[free.site][free.owner], np.full(k, groups)]),
        np.concatenate([every, every]),
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

"""The single-source model that is left once bounds have ruled out sites and pairs, for HiGHS.

A pair (point, site) whose use alone lifts the Lagrangian bound over the best plan is in no better
plan. With multipliers ``lambda`` and the dual price ``pi_s`` of the continuous knapsack of size
``s``, serving ``i`` from ``j`` costs at least

    lift(j open) + min_s max(0, c_ij - lambda_i + pi_s w_i)

because the knapsack's dual stays feasible when ``i`` is forced in. What remains is

    min   sum_s f_s y_s + sum_ij c_ij x_ij
    serve_i:    sum_j x_ij = 1
    load_j:     sum_i w_i x_ij <= sum_{s in j} capacity_s y_s
    size_j:     sum_{s in j} y_s <= 1  (= 1 where j must be open)
    link_i_j:   x_ij <= sum_{s in j} y_s, for the pairs of least reduced cost
    capacity:   sum_s capacity_s y_s >= sum_i w_i
    count_g:    least_g <= sum_{s in g} y_s <= most_g

with ``x`` whole where the model is small and divided where it is not: then it is a bound only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving import child, highs
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.bound import BoundResult, Multipliers, Relaxation, rounded_down
from planner.solving.capacitated.branch import Node, fixed_by_bound
from planner.solving.capacitated.data import NO_LIMIT, CapacitatedData
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN

WHOLE_PAIRS = 12_000
"""Up to this many pairs stay whole, and HiGHS runs in this process: its presolve is short."""
MOST_PAIRS = 400_000
"""With more, HiGHS does not come to a bound in the time that people wait."""
LINKS_A_POINT = 6
"""Strong links of a point in a divided model; the others bind rarely (measured at gya1-5)."""


@dataclass(frozen=True, eq=False)
class ReducedModel:
    """Pairs and sizes that a better plan may use.

    Parameters
    ----------
    state : (m,) of the sites
    option : (k',) sizes left
    point, site : (a,) pairs left, by point
    reduced : (a,) reduced cost of the pairs
    limit : every plan that costs less is a plan of this model
    """

    data: CapacitatedData
    state: IntArray
    option: IntArray
    point: IntArray
    site: IntArray
    reduced: FloatArray
    limit: float

    @property
    def whole(self) -> bool:
        """Whether the pairs are whole, so that the model's optimum is the problem's."""
        return len(self.point) <= WHOLE_PAIRS


def reduced_model(data: CapacitatedData, multipliers: Multipliers, limit: float) -> ReducedModel:
    """What plans under ``limit`` may use, by one evaluation of the continuous relaxation."""
    relaxation = Relaxation(data, whole=False)
    state = np.where(data.required, OPEN, FREE).astype(np.int64)
    first = relaxation.round(multipliers, state)
    result = BoundResult(first.bound, first.multipliers, first.value, first.opened, 1)
    node = Node(first.bound, 0, state, np.zeros(len(data.capacity), np.bool_), multipliers)
    fixed, _, lift = fixed_by_bound(relaxation, result, node, limit)
    with_site = np.where(state == OPEN, first.bound, np.maximum(lift[:, 1], first.bound))
    extra = _forced_cost(data, multipliers.demand)
    slack = 1e-9 * max(1.0, abs(limit))
    may = (with_site[:, None] + extra < limit + slack) & (fixed != CLOSED)[:, None]
    point, site = np.nonzero(may.T)
    owner = np.repeat(np.arange(data.m), np.diff(data.size_start))
    option = np.flatnonzero(fixed[owner] != CLOSED)
    return ReducedModel(data, fixed, option, point, site, extra[site, point], limit)


def _forced_cost(data: CapacitatedData, multiplier: FloatArray) -> FloatArray:
    """(m, n) least that a pair adds to what its site earns; ``inf`` where there is no pair."""
    extra = np.full(data.cost.shape, np.inf)
    heavy = np.maximum(data.weight, 1e-300)
    for j in range(data.m):
        earned = data.cost[j] - multiplier
        items = np.flatnonzero((earned < 0) & (data.weight > 0))
        items = items[np.argsort(earned[items] / heavy[items], kind="stable")]
        filled = np.cumsum(data.weight[items])
        for s in range(data.size_start[j], data.size_start[j + 1]):
            last = int(np.searchsorted(filled, data.capacity[s], side="right"))
            price = -earned[items[last]] / heavy[items[last]] if last < len(items) else 0.0
            extra[j] = np.minimum(extra[j], np.maximum(0.0, earned + price * data.weight))
    return extra


@dataclass(frozen=True, eq=False)
class Proven:
    """What HiGHS proved about the problem, and a plan if it found one."""

    bound: float
    plan: WholePlan | None


def proven(
    model: ReducedModel,
    start: WholePlan | None,
    *,
    gap: float,
    abs_gap: float,
    time_limit_s: float | None,
    threads: int,
    on_bound: Callable[[float], None],
) -> Proven:
    """Solve the model; ``on_bound`` hears of each bound (-inf before there is one)."""
    known = [-np.inf]

    def on_news(news: highs.Incumbent | None) -> None:
        if news is not None and np.isfinite(news.bound):
            known[0] = max(known[0], news.bound)
        on_bound(min(rounded_down(known[0]), model.limit))

    if not model.data.servable or len(np.unique(model.point)) < model.data.n:
        return Proven(model.limit, None)
    options = highs.HighsOptions(time_limit_s, gap, abs_gap, threads)
    program, values = _program(model), _start_values(model, start)
    if model.whole:
        answer = highs.run(program, options, start=values, on_news=on_news)
    else:
        answer = child.run(program, options, start=values, on_news=on_news)
    if answer.ending is highs.Ending.INFEASIBLE:
        return Proven(model.limit, None)
    bound = max(known[0], answer.bound)
    plan = _plan(model, answer.values) if model.whole and len(answer.values) else None
    return Proven(min(rounded_down(bound), model.limit), plan)


def _start_values(model: ReducedModel, start: WholePlan | None) -> FloatArray:
    """Values of a plan in the model; empty without one, or if the model has ruled it out."""
    if start is None:
        return np.zeros(0)
    size = np.isin(model.option, start.chosen[start.chosen >= 0])
    pair = start.site[model.point] == model.site
    if pair.sum() < model.data.n or size.sum() < (start.chosen >= 0).sum():
        return np.zeros(0)
    return np.concatenate([size, pair]).astype(np.float64)


def _plan(model: ReducedModel, values: FloatArray) -> WholePlan | None:
    """The plan in the model's answer; None if it leaves a point out."""
    data, k = model.data, len(model.option)
    chosen, site = np.full(data.m, -1), np.full(data.n, -1)
    opened = model.option[values[:k] > 0.5]
    chosen[_owner(data)[opened]] = opened
    used = values[k:] > 0.5
    site[model.point[used]] = model.site[used]
    load = np.bincount(np.maximum(site, 0), weights=data.weight, minlength=data.m)
    room = np.where(chosen >= 0, data.capacity[chosen], 0.0)
    if (site < 0).any() or (load > room * (1 + 1e-9)).any():
        return None
    cost = data.cost[site, np.arange(data.n)].sum() + data.fixed_cost[opened].sum()
    return WholePlan(chosen, site, float(cost))


def _owner(data: CapacitatedData) -> IntArray:
    return np.repeat(np.arange(data.m), np.diff(data.size_start))


def _linked(model: ReducedModel) -> IntArray:
    """Positions of the pairs with a strong link: all, or each point's best few."""
    if model.whole:
        return np.arange(len(model.point))
    order = np.lexsort((model.reduced, model.point))
    point = model.point[order]
    rank = np.arange(len(order)) - np.searchsorted(point, point)
    return np.sort(order[rank < LINKS_A_POINT])


def _program(model: ReducedModel) -> highs.LinearProgram:
    """Rows in the order of the formulation above."""
    data, k, a = model.data, len(model.option), len(model.point)
    owner = _owner(data)[model.option]
    room = np.minimum(data.capacity[model.option], data.weight.sum())
    linked = _linked(model)
    at = np.cumsum([0, data.n, data.m, data.m, len(linked), 1])
    sizes_of = [np.flatnonzero(owner == j) for j in range(data.m)]
    of_link = [sizes_of[j] for j in model.site[linked]]
    group = data.group[owner]
    low, high = _count_limits(data)
    inside = [*(np.flatnonzero(group == g) for g in range(len(low) - 1)), np.arange(k)]
    entries = [
        (model.point, k + np.arange(a), np.ones(a)),
        (at[1] + model.site, k + np.arange(a), data.weight[model.point]),
        (at[1] + owner, np.arange(k), -room),
        (at[2] + owner, np.arange(k), np.ones(k)),
        (at[3] + np.arange(len(linked)), k + linked, np.ones(len(linked))),
        (
            at[3] + np.repeat(np.arange(len(linked)), [len(one) for one in of_link]),
            np.concatenate(of_link) if of_link else np.zeros(0, np.int64),
            -np.ones(sum(len(one) for one in of_link)),
        ),
        (np.full(k, at[4]), np.arange(k), room),
        *((np.full(len(one), at[5] + g), one, np.ones(len(one))) for g, one in enumerate(inside)),
    ]
    rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    total = at[5] + len(low)
    matrix = coo_array((values, (rows, columns)), shape=(total, k + a)).tocsr()
    must = (model.state == OPEN).astype(np.float64)
    integer: BoolArray = np.ones(k + a, np.bool_)
    integer[k:] = model.whole
    needed = data.weight.sum() * (1 - 1e-9) if np.isfinite(data.capacity).all() else -np.inf
    unbounded = np.full(data.m, -np.inf)
    return highs.LinearProgram(
        cost=np.concatenate([data.fixed_cost[model.option], data.cost[model.site, model.point]]),
        lower=np.zeros(k + a),
        upper=np.ones(k + a),
        integer=integer,
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate(
            [np.ones(data.n), unbounded, must, np.full(len(linked), -np.inf), [needed], low]
        ),
        row_upper=np.concatenate(
            [
                np.ones(data.n),
                np.zeros(data.m),
                np.ones(data.m),
                np.zeros(len(linked)),
                [np.inf],
                high,
            ]
        ),
    )


def _count_limits(data: CapacitatedData) -> tuple[FloatArray, FloatArray]:
    """Least and most open of each group, then over all."""
    least = np.append(data.group_least, data.count_least).astype(np.float64)
    most = np.append(data.group_most, data.count_most)
    return least, np.where(most < NO_LIMIT // 2, most, np.inf).astype(np.float64)

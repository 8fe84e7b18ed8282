"""Small models of neighbouring areas that stay in one piece (Kong 2021).

To the small model of :mod:`planner.solving.capacitated.neighbourhood` come, for a free site j whose
area grows from its root r in some order,

    chain_i_j   x_ij <= sum of x_kj over the neighbours k of i that join before i
    home_j      x_rj  = sum of y_js            (where the site has a home)
    root_j      x_ij <= x_rj
    units_j     least x open_j <= sum of x_ij <= most x open_j

so that every point has a way to the root over points of its own area. The order is drawn from the
present areas (:meth:`Areas.order_of_growth`), which therefore stay possible; it is drawn anew each
time, with distances distorted at random, so that what one order rules out another may find. While
areas do not fit into their sites yet, weight over a site's capacity is allowed and dear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack, vstack

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving import highs
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.neighbourhood import GAP, Freed, small_model
from planner.solving.tiered.areas import Areas


def solved_in_pieces(
    areas: Areas,
    plan: WholePlan,
    site: IntArray,
    allowed: BoolArray,
    distortion: FloatArray,
    *,
    seconds: float,
    listen: Callable[[], None],
) -> WholePlan | None:
    """The plan with the areas of some sites drawn anew, None where nothing was found in time.

    ``allowed`` (m, n) says which pairs may be used besides the plan's; ``distortion`` (n,)
    multiplies distances in the order of growth. Overfull sites are allowed where the plan has some.
    """
    free = _freed(areas, plan, site, allowed)
    if not len(free.point):
        return None
    program = _with_pieces(areas, plan, free, distortion)
    start = free.start(plan)
    over = areas.overload(plan)[free.site]
    if over.any():
        program = _with_overload(areas, program, free)
        start = np.concatenate([start, over])
    answer = highs.run(
        program,
        highs.HighsOptions(time_limit_s=seconds, gap=GAP),
        start=start,
        on_news=lambda _news: listen(),
    )
    return free.merged(areas.data, plan, answer.values) if len(answer.values) else None


def _freed(areas: Areas, plan: WholePlan, site: IntArray, allowed: BoolArray) -> Freed:
    """The part around the sites; closed ones whose home lies outside of it cannot open."""
    freed = np.isin(plan.site, site)
    home = areas.home[site]
    inside = areas.possible[site] & ((home < 0) | freed[np.maximum(home, 0)])
    site = site[inside | (plan.chosen[site] >= 0)]
    with_home = site[areas.home[site] >= 0]
    allowed = allowed.copy()
    allowed[with_home, areas.home[with_home]] = True
    return Freed.of(areas.data, plan, site, allowed, every_point=True)


@dataclass(eq=False)
class _Rows:
    """Rows that are written one after the other."""

    row: list[int]
    column: list[int]
    value: list[float]
    lower: list[float]
    upper: list[float]

    def add(
        self, terms: list[tuple[int, float]], lower: float = -np.inf, upper: float = 0.0
    ) -> None:
        """One row; by itself ``terms <= 0``."""
        at = len(self.lower)
        for column, value in terms:
            self.row.append(at)
            self.column.append(column)
            self.value.append(value)
        self.lower.append(lower)
        self.upper.append(upper)


def _with_pieces(
    areas: Areas, plan: WholePlan, free: Freed, distortion: FloatArray
) -> highs.LinearProgram:
    """The small model with areas in one piece."""
    program = small_model(areas.data, plan, free)
    rows = _Rows([], [], [], [], [])
    upper = program.upper.copy()
    k = len(free.option)
    for q, j in enumerate(free.site.tolist()):
        pair = np.flatnonzero(free.pair_site == q)
        column = dict(
            zip(free.point[free.pair_point[pair]].tolist(), (k + pair).tolist(), strict=True)
        )
        size = np.flatnonzero(free.owner == q).tolist()
        _of_site(areas, plan, j, column, size, distortion, rows, upper)
    columns = len(program.cost)
    more = coo_array(
        (rows.value, (rows.row, rows.column)), shape=(len(rows.lower), columns)
    ).tocsr()
    return _with_rows(replace(program, upper=upper), more, rows)


def _of_site(
    areas: Areas,
    plan: WholePlan,
    j: int,
    column: dict[int, int],
    size: list[int],
    distortion: FloatArray,
    rows: _Rows,
    upper: FloatArray,
) -> None:
    """Rows of one site; what its area cannot reach is ruled out in ``upper``."""
    inside, allowed = plan.site == j, np.zeros(areas.data.n, np.bool_)
    allowed[list(column)] = True
    root = areas.root(j, inside if inside.any() else allowed)
    opened = [(one, 1.0) for one in size]
    if root not in column:
        upper[list(column.values())] = 0.0
        upper[size] = 0.0
        return
    joins = areas.order_of_growth(distortion * areas.far[j], root, allowed, inside)
    if areas.home[j] >= 0:
        rows.add([(column[root], 1.0), *((one, -1.0) for one in size)], lower=0.0)
    for i, at in column.items():
        if joins[i] < 0:
            upper[at] = 0.0
        elif i != root:
            before = [
                k for k in areas.beside(i).tolist() if k in column and 0 <= joins[k] < joins[i]
            ]
            rows.add([(at, 1.0), *((column[k], -1.0) for k in before)])
            if root not in before:
                rows.add([(at, 1.0), (column[root], -1.0)])
    units = [(at, 1.0) for at in column.values()]
    if areas.least_units[j] > 0:
        least = float(areas.least_units[j])
        rows.add([*((at, -one) for at, one in units), *((at, least * one) for at, one in opened)])
    if areas.most_units[j] < len(column):
        most = float(areas.most_units[j])
        rows.add([*units, *((at, -most * one) for at, one in opened)])


def _with_rows(program: highs.LinearProgram, more: csr_array, rows: _Rows) -> highs.LinearProgram:
    matrix = vstack([_matrix(program), more]).tocsr()
    return replace(
        program,
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate([program.row_lower, rows.lower]),
        row_upper=np.concatenate([program.row_upper, rows.upper]),
    )


def _with_overload(areas: Areas, program: highs.LinearProgram, free: Freed) -> highs.LinearProgram:
    """A column a free site for the weight over its size."""
    q, p = len(free.site), len(free.point)
    place = (np.full(q, -1.0), (p + np.arange(q), np.arange(q)))
    more = csr_array(place, shape=(len(program.row_lower), q))
    matrix = hstack([_matrix(program), more]).tocsr()
    return replace(
        program,
        cost=np.concatenate([program.cost, np.full(q, areas.overload_cost)]),
        lower=np.concatenate([program.lower, np.zeros(q)]),
        upper=np.concatenate([program.upper, np.full(q, areas.data.weight.sum())]),
        integer=np.concatenate([program.integer, np.zeros(q, np.bool_)]),
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
    )


def _matrix(program: highs.LinearProgram) -> csr_array:
    shape = (len(program.row_lower), len(program.cost))
    return csr_array((program.row_value, program.row_index, program.row_start), shape=shape)

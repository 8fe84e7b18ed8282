"""The radius formulation of the row form, in PuLP and as its twin in arrays.

Let a row's distinct costs be c_1 < c_2 < ... < c_K and c_{K+1} its way out (Elloumi, A tighter
formulation of the p-median problem, 2010). ``beyond_i_k`` = 1 where ``i`` pays more than c_k.

minimise    sum_j fixed_j open_j + sum_i c_{i,1} + sum_i sum_k (c_{i,k+1} - c_{i,k}) beyond_i_k

subject to  within_i_1   beyond_i_1 + sum_{j: cost_ij = c_1} open_j >= 1
            within_i_k   beyond_i_k + sum_{j: cost_ij = c_k} open_j >= beyond_i_{k-1}
            count_g_*    least_g <= sum_{j in g} open_j <= most_g
            open_j in {0, 1};  0 <= beyond_i_k <= 1

The last ``beyond`` of a row without a way out does not exist. For a maximal cover that is the usual
model (one cost, 0, and ``beyond`` the weight lost), for a set cover ``beyond`` disappears. It has
one variable a distinct cost where the classical model has one an arc, and the same relaxation.
The constant sum_i c_{i,1} stays outside, so that no solver can lose it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.models.modelling import ModelWriter, PulpWriter, Variable
from planner.problem import FloatArray, IntArray
from planner.solving.highs import LinearProgram
from planner.solving.uncapacitated.rows import Rows, Rules


def constant(rows: Rows) -> float:
    """What every point pays at least: the objective's part outside the model."""
    return float(rows.cost[rows.start[:-1][np.diff(rows.start) > 0]].sum())


def state(rows: Rows, rules: Rules) -> ModelWriter:
    """The model in PuLP."""
    model = PulpWriter("radius")
    opened = [model.variable(f"open_{j}", integer=True) for j in range(len(rules.fixed))]
    terms: list[tuple[Variable, float]] = list(zip(opened, map(float, rules.fixed), strict=True))
    for i, outside in enumerate(rows.outside):
        entries = slice(rows.start[i], rows.start[i + 1])
        sites, costs = rows.site[entries], rows.cost[entries]
        levels = np.append(np.unique(costs), outside)
        before: list[Variable] = []
        for k in range(len(levels) - 1):
            there = [opened[j] for j in sites[costs == levels[k]]]
            after: list[Variable] = []
            if np.isfinite(levels[k + 1]):
                after = [model.variable(f"beyond_{i}_{k}")]
                terms.append((after[0], float(levels[k + 1] - levels[k])))
            model.at_least(
                f"within_{i}_{k}",
                [*there, *before, *after],
                [1.0] * len(there) + [-1.0] * len(before) + [1.0] * len(after),
                0.0 if before else 1.0,
            )
            before = after
    model.objective([variable for variable, _ in terms], [weight for _, weight in terms])
    for name, members, least, most in _counts(rules):
        if least > 0:
            model.at_least(
                f"{name}_least", [opened[j] for j in members], [1.0] * len(members), least
            )
        if most < len(members):
            model.at_most(f"{name}_most", [opened[j] for j in members], [1.0] * len(members), most)
    return model


def _counts(rules: Rules) -> list[tuple[str, IntArray, int, int]]:
    groups = len(rules.least) - 1
    parts = [
        (f"count_{g}", np.flatnonzero(rules.group == g), int(rules.least[g]), int(rules.most[g]))
        for g in range(groups)
    ]
    whole = (np.arange(len(rules.fixed)), int(rules.least[groups]), int(rules.most[groups]))
    return [*parts, ("count_all", *whole)]


@njit(cache=True, nogil=True)
def _sizes(rows: Rows) -> tuple[int, int, int]:
    """How many ``beyond``, ``within`` and entries of ``within`` there are."""
    beyonds, withins, entries = 0, 0, 0
    for i in range(len(rows.outside)):
        a, b = rows.start[i], rows.start[i + 1]
        levels = 0
        for t in range(a, b):
            if t == a or rows.cost[t] > rows.cost[t - 1]:
                levels += 1
        ends = levels if rows.outside[i] < np.inf else max(levels - 1, 0)
        beyonds += ends
        withins += levels
        entries += b - a + ends + max(levels - 1, 0)
    return beyonds, withins, entries


@njit(cache=True, nogil=True)
def _fill(
    rows: Rows,
    sites: int,
    cost: FloatArray,
    row_start: IntArray,
    index: IntArray,
    value: FloatArray,
    lower: FloatArray,
) -> None:
    """Write the costs of ``beyond`` and the rows ``within``, entries in order of ``state``."""
    column, row, e = sites, 0, 0
    for i in range(len(rows.outside)):
        t, b = rows.start[i], rows.start[i + 1]
        before = -1
        while t < b:
            level = rows.cost[t]
            while t < b and rows.cost[t] == level:
                index[e], value[e] = rows.site[t], 1.0
                e += 1
                t += 1
            higher = rows.cost[t] if t < b else rows.outside[i]
            lower[row] = 1.0 if before < 0 else 0.0
            if before >= 0:
                index[e], value[e] = before, -1.0
                e += 1
            before = -1
            if higher < np.inf:
                cost[column] = higher - level
                index[e], value[e] = column, 1.0
                e += 1
                before = column
                column += 1
            row += 1
            row_start[row] = e


def arrays(rows: Rows, rules: Rules, *, relaxed: bool = False) -> LinearProgram:
    """The same model as arrays, or its linear relaxation."""
    m = len(rules.fixed)
    beyonds, withins, entries = _sizes(rows)
    counts = _count_rows(rules)
    cost = np.concatenate([rules.fixed, np.zeros(beyonds)])
    start = np.zeros(withins + 1, np.int64)
    index, value, lower = np.empty(entries, np.int64), np.empty(entries), np.empty(withins)
    _fill(rows, m, cost, start, index, value, lower)
    lengths = np.array([len(members) for members, _, _ in counts], np.int64)
    integer = np.zeros(m + beyonds, np.bool_)
    integer[:m] = not relaxed
    return LinearProgram(
        cost=cost,
        lower=np.zeros(m + beyonds),
        upper=np.ones(m + beyonds),
        integer=integer,
        row_start=np.concatenate([start, start[-1] + np.cumsum(lengths)]),
        row_index=np.concatenate([index, *(members for members, _, _ in counts)]),
        row_value=np.concatenate([value, np.ones(lengths.sum())]),
        row_lower=np.concatenate([lower, [low for _, low, _ in counts]]),
        row_upper=np.concatenate([np.full(withins, np.inf), [high for _, _, high in counts]]),
    )


def _count_rows(rules: Rules) -> list[tuple[IntArray, float, float]]:
    rows = []
    for _, members, least, most in _counts(rules):
        if least > 0:
            rows.append((members, float(least), np.inf))
        if most < len(members):
            rows.append((members, -np.inf, float(most)))
    return rows


def first_rows(rows: Rows) -> IntArray:
    """(n,) row of the model that holds ``within_i_1``, -1 where a point has no sites.

    Its dual value is what ``i`` pays above c_1, hence the Lagrangian multiplier less c_1.
    """
    starts_level = np.ones(len(rows.cost), np.bool_)
    starts_level[1:] = rows.cost[1:] > rows.cost[:-1]
    begins = rows.start[:-1]
    held = np.diff(rows.start) > 0
    starts_level[begins[held]] = True
    before = np.concatenate([[0], np.cumsum(starts_level)])
    return np.where(held, before[np.minimum(begins, len(rows.cost))], -1)


def opened_values(program: LinearProgram, sites: int, chosen: IntArray) -> FloatArray:
    """(c,) start values for a solver: the chosen sites open, the rest for it to fill in."""
    values = np.full(len(program.cost), np.nan)
    values[:sites] = 0.0
    values[chosen] = 1.0
    return values

"""Service areas in one connected piece, as a flow of "being reached" in each.

For a facility j and a phase t, over the borders (u, v) between units that it could serve (those of
one home together: one of them is open at most):

``reached_..._i``   in_i - out_i + source_i = served_i       (served_i: share of i given to j)
``through_..._uv``  step_uv <= n x served_v                  (only served units pass it on)
``source_..._i``    source_i <= n x root_i, root_i <= served_i, sum_i root_i <= 1

With a home the root is the home, and the facility serves it when open: ``home_..``
served_home = open_j.

``least_units_..``, ``most_units_..``   least x open_j <= sum_i served_i <= most x open_j

Units of several demand points are merged before (:mod:`planner.solving.tiered.units`): here each
point is a unit.
"""

from __future__ import annotations

import numpy as np

from planner.models.tiered_draft import Draft, Weighted, ones
from planner.tiered.network import DEMAND
from planner.tiered.rules import Contiguity


def add_contiguity(draft: Draft) -> None:
    """Rows for every stream with such a rule."""
    for s, stream in enumerate(draft.problem.streams):
        rule = stream.contiguity
        if rule is None:
            continue
        k = stream.tier_ids.index(rule.tier)
        for t in range(len(draft.problem.phases)):
            served = _served(draft, s, rule, t)
            for j, units in enumerate(served):
                _units(draft, s, k, j, t, units, rule)
            for members in _of_one_home(rule):
                _connected(
                    draft,
                    f"{s}_{k}_{members[0]}_{t}",
                    [served[j] for j in members],
                    int(rule.home[members[0]]),
                    rule,
                )


def _of_one_home(rule: Contiguity) -> list[list[int]]:
    """Facilities by home; those without one by themselves.

    At most one of a home is open, as the home is served by one: their areas are one flow.
    """
    homes: dict[int, list[int]] = {}
    alone = []
    for j, home in enumerate(rule.home.tolist()):
        if home >= 0:
            homes.setdefault(home, []).append(j)
        else:
            alone.append([j])
    return [*homes.values(), *alone]


def _served(draft: Draft, s: int, rule: Contiguity, t: int) -> list[dict[int, int]]:
    """For each facility, unit -> column of its share."""
    stream = draft.problem.streams[s]
    served: list[dict[int, int]] = [{} for _ in range(stream.level_size(rule.tier))]
    for n in stream.legs_to(rule.tier):
        leg = stream.legs[n]
        if leg.origin == DEMAND:
            row, columns = leg.row, draft.carried[s, n][t]
            for a in np.flatnonzero(columns >= 0).tolist():
                served[leg.to[a]][int(row[a])] = int(columns[a])
    return served


def _units(
    draft: Draft, s: int, k: int, j: int, t: int, served: dict[int, int], rule: Contiguity
) -> None:
    """A facility's home and how many units its area may have."""
    name, home, opened = f"{s}_{k}_{j}_{t}", int(rule.home[j]), draft.sizes(s, k, j, t)
    if home >= 0:
        there = {served[home]: 1.0} if home in served else {}
        draft.equal(f"home_{name}", there | ones(opened, -1.0), 0.0)
    if rule.least_units[j] > 0:
        terms = ones(served.values()) | ones(opened, -float(rule.least_units[j]))
        draft.at_least(f"least_units_{name}", terms, 0.0)
    if rule.most_units is not None:
        terms = ones(served.values()) | ones(opened, -float(rule.most_units))
        draft.at_most(f"most_units_{name}", terms, 0.0)


def _connected(
    draft: Draft, name: str, areas: list[dict[int, int]], home: int, rule: Contiguity
) -> None:
    """One flow of being reached over the areas of facilities of which one may be open."""
    served: dict[int, list[int]] = {}
    for area in areas:
        for i, column in area.items():
            served.setdefault(i, []).append(column)
    n = float(len(served))
    reached: dict[int, Weighted] = {i: ones(columns, -1.0) for i, columns in served.items()}
    for u in served:
        for v in rule.neighbour[rule.start[u] : rule.start[u + 1]].tolist():
            if v not in served or v == u:
                continue
            step = draft.add(f"step_{name}_{u}_{v}", upper=n)
            through = {step: 1.0 / n} | ones(served[v], -1.0)
            draft.at_most(f"through_{name}_{u}_{v}", through, 0.0)
            reached[v][step] = reached[v].get(step, 0.0) + 1.0
            reached[u][step] = reached[u].get(step, 0.0) - 1.0
    roots = {}
    for i, columns in served.items():
        if home >= 0 and i != home:
            continue
        source = draft.add(f"source_{name}_{i}", upper=n)
        reached[i][source] = 1.0
        if home < 0:
            roots[i] = draft.add(f"root_{name}_{i}", integer=True)
            draft.at_most(f"source_{name}_{i}", {source: 1.0 / n, roots[i]: -1.0}, 0.0)
            draft.at_most(f"root_{name}_{i}", {roots[i]: 1.0} | ones(columns, -1.0), 0.0)
    if roots:
        draft.at_most(f"one_root_{name}", ones(roots.values()), 1.0)
    for i, terms in reached.items():
        draft.equal(f"reached_{name}_{i}", terms, 0.0)

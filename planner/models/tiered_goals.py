"""What is made best, as linear expressions that are made least.

``ever_p``        >= open_jt of every facility on place p (places that are ever used)
``worst``         >= impedance_a x share_a (used_a, share_a <= used_a in {0, 1}, where divided)
``worst_mean``    >= sum_i tonnes_i impedance share / reachable tonnes, for each district and phase
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from planner.models.tiered_draft import Draft, Weighted, ones
from planner.tiered.network import DEMAND
from planner.tiered.rules import Goal, GoalKind


def expression(draft: Draft, goal: Goal) -> Weighted:
    """The goal as column -> coefficient; columns and rows that it needs are added."""
    total: Weighted = defaultdict(float)
    for kind, weight in goal.parts:
        sign = -1.0 if kind.maximised else 1.0
        for column, value in _MAKERS[kind](draft).items():
            total[column] += sign * weight * value
    return {column: value for column, value in total.items() if value}


def _cost(draft: Draft) -> Weighted:
    return draft.cost


def _sites(draft: Draft) -> Weighted:
    ever: dict[tuple[int, ...], int] = {}
    for s, stream in enumerate(draft.problem.streams):
        for k, tier in enumerate(stream.tiers):
            for j, p in enumerate(tier.facilities.place.tolist()):
                key = (p,) if p >= 0 else (s, k, j)
                if key not in ever:
                    ever[key] = draft.add(f"ever_{'_'.join(map(str, key))}", integer=True)
                for t in range(len(draft.problem.phases)):
                    terms = ones(draft.sizes(s, k, j, t)) | {ever[key]: -1.0}
                    draft.at_most(f"ever_{s}_{k}_{j}_{t}", terms, 0.0)
    return ones(ever.values())


def _first_hauls(draft: Draft) -> Iterator[tuple[int, int, int, int, int, float]]:
    """Stream, phase, column, point, arc-in-leg position and impedance of each first haul."""
    for s, stream in enumerate(draft.problem.streams):
        for n in stream.legs_from(DEMAND):
            leg = stream.legs[n]
            row = leg.row
            for t in range(len(draft.problem.phases)):
                columns = draft.carried[s, n][t]
                for a in np.flatnonzero(columns >= 0).tolist():
                    yield s, t, int(columns[a]), int(row[a]), a, float(leg.impedance[a])


def _covered_tonnes(draft: Draft) -> Weighted:
    streams, weight = draft.problem.streams, draft.problem.phases.weight
    return {
        column: float(weight[t] * streams[s].demand.tonnes[t, i])
        for s, t, column, i, _, _ in _first_hauls(draft)
    }


def _covered_people(draft: Draft) -> Weighted:
    streams, weight = draft.problem.streams, draft.problem.phases.weight
    return {
        column: float(weight[t] * streams[s].demand.people[i])
        for s, t, column, i, _, _ in _first_hauls(draft)
    }


def _mean_distance(draft: Draft) -> Weighted:
    streams, weight = draft.problem.streams, draft.problem.phases.weight
    total = sum(
        float(weight @ stream.demand.tonnes[:, stream.reachable].sum(axis=1)) for stream in streams
    )
    return {
        column: float(weight[t] * streams[s].demand.tonnes[t, i]) * impedance / (total or 1.0)
        for s, t, column, i, _, impedance in _first_hauls(draft)
    }


def _worst_distance(draft: Draft) -> Weighted:
    hauls = list(_first_hauls(draft))
    scale = max((impedance for *_, impedance in hauls), default=1.0) or 1.0
    worst = draft.add("worst")
    for number, (s, _, column, _, _, impedance) in enumerate(hauls):
        used = column
        if not draft.problem.streams[s].single_source:
            used = draft.add(f"used_{number}", integer=True)
            draft.at_most(f"used_{number}", {column: 1.0, used: -1.0}, 0.0)
        draft.at_most(f"worst_{number}", {used: impedance / scale, worst: -1.0}, 0.0)
    return {worst: scale}


def _worst_district(draft: Draft) -> Weighted:
    streams = draft.problem.streams
    sums: dict[tuple[int, int, int], Weighted] = defaultdict(dict)
    scale = max((impedance for *_, impedance in _first_hauls(draft)), default=1.0) or 1.0
    for s, t, column, i, _, impedance in _first_hauls(draft):
        demand = streams[s].demand
        if demand.district[i] >= 0 and demand.tonnes[t, i] > 0:
            key = (s, int(demand.district[i]), t)
            sums[key][column] = float(demand.tonnes[t, i]) * impedance / scale
    worst = draft.add("worst_mean")
    for (s, g, t), terms in sums.items():
        stream = streams[s]
        members = (stream.demand.district == g) & stream.reachable
        total = float(stream.demand.tonnes[t, members].sum())
        mean = {column: value / total for column, value in terms.items()}
        draft.at_most(f"worst_mean_{s}_{g}_{t}", mean | {worst: -1.0}, 0.0)
    return {worst: scale}


_MAKERS = {
    GoalKind.COST: _cost,
    GoalKind.SITES: _sites,
    GoalKind.COVERED_TONNES: _covered_tonnes,
    GoalKind.COVERED_PEOPLE: _covered_people,
    GoalKind.MEAN_DISTANCE: _mean_distance,
    GoalKind.WORST_DISTANCE: _worst_distance,
    GoalKind.WORST_DISTRICT: _worst_district,
}

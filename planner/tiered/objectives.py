"""What a plan comes to by each kind of goal, recomputed from the plan alone.

Independent of the models: no code is shared with :mod:`planner.models`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, Strength
from planner.tiered.loads import served_share, taken_in
from planner.tiered.network import DEMAND, TERMINALS
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import FacilityQuota, Goal, GoalKind
from planner.tiered.solution import StreamPlan

Plans = Sequence[StreamPlan]


@dataclass(frozen=True)
class CostLine:
    """One part of the yearly cost of a phase, CNY a year, unweighted.

    ``stream`` is "" for what streams share; ``what`` is "fixed", "haul", "handling", "gate",
    "unserved", "shared" or "reward"; ``where`` is the tier, the leg or the place.
    """

    stream: str
    phase: int
    what: str
    where: str
    cost_cny_per_yr: float


def goal_value(problem: TieredProblem, plans: Plans, goal: Goal) -> float:
    """The goal's weighted sum; what is maximised counts negatively."""
    total = 0.0
    for kind, weight in goal.parts:
        sign = -1.0 if kind.maximised else 1.0
        total += sign * weight * value_of(problem, plans, kind)
    return total


def value_of(problem: TieredProblem, plans: Plans, kind: GoalKind) -> float:
    """What the plan comes to by one kind of goal."""
    if kind is GoalKind.COST:
        weight = problem.phases.weight
        return float(
            sum(weight[line.phase] * line.cost_cny_per_yr for line in costs(problem, plans))
        )
    if kind is GoalKind.SITES:
        return float(len(_ever_open(problem, plans)))
    return _SERVICE[kind](problem, plans)


def costs(problem: TieredProblem, plans: Plans) -> list[CostLine]:
    """Every part of the cost, by stream and phase."""
    lines: list[CostLine] = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        lines += _stream_costs(stream, plan, len(problem.phases))
    places = problem.places
    for t in range(len(problem.phases)):
        lines += [
            CostLine("", t, "shared", places.ids[p], float(places.shared_cost_cny_per_yr[p]))
            for p in sorted(places_in_use(problem, plans, t))
            if places.shared_cost_cny_per_yr[p]
        ]
    for quota in problem.quotas:
        if quota.strength is Strength.ENCOURAGED and quota.reward_cny_per_yr:
            for t in problem.quota_phases(quota).tolist():
                short, over = off_quota(problem, plans, quota, t)
                lost = float(quota.reward_cny_per_yr * (short + over))
                if lost:
                    lines.append(CostLine(quota.stream, t, "reward", quota.name, lost))
    return lines


def _stream_costs(stream: Stream, plan: StreamPlan, phases: int) -> list[CostLine]:
    lines = []
    for tier, size in zip(stream.tiers, plan.size, strict=True):
        part = tier.facilities
        taken = taken_in(stream, plan, tier.id, phases)
        for t in range(phases):
            fixed = float(part.fixed_cost_cny_per_yr[size[t][size[t] >= 0]].sum())
            handling = float(taken[t] @ part.handling_cny_per_t)
            lines += [
                CostLine(stream.id, t, "fixed", tier.id, fixed),
                CostLine(stream.id, t, "handling", tier.id, handling),
            ]
    for leg, flow in zip(stream.legs, plan.flows, strict=True):
        haul = np.bincount(flow.phase, flow.tonnes * leg.cost_cny_per_t[flow.arc], minlength=phases)
        lines += [CostLine(stream.id, t, "haul", leg.name, float(haul[t])) for t in range(phases)]
    if stream.terminals is not None:
        gate = taken_in(stream, plan, TERMINALS, phases) @ stream.terminals.gate_fee_cny_per_t
        lines += [CostLine(stream.id, t, "gate", TERMINALS, float(gate[t])) for t in range(phases)]
    if stream.unserved_cost_cny_per_t:
        left = (1 - served_share(stream, plan, phases)) * stream.demand.tonnes
        for t in range(phases):
            tonnes = float(left[t][stream.reachable].sum())
            cost = tonnes * stream.unserved_cost_cny_per_t
            lines.append(CostLine(stream.id, t, "unserved", DEMAND, cost))
    return [line for line in lines if line.cost_cny_per_yr]


def places_in_use(problem: TieredProblem, plans: Plans, t: int) -> set[int]:
    """Shared places with anything open in a phase."""
    used: set[int] = set()
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            used |= set(tier.facilities.place[size[t] >= 0].tolist())
    return used - {-1}


def _ever_open(problem: TieredProblem, plans: Plans) -> set[tuple[object, ...]]:
    used: set[tuple[object, ...]] = set()
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            for j in np.flatnonzero((size >= 0).any(axis=0)).tolist():
                p = int(tier.facilities.place[j])
                used.add((p,) if p >= 0 else (stream.id, tier.id, j))
    return used


def opened_in(problem: TieredProblem, plans: Plans, quota: FacilityQuota, t: int) -> int:
    """Open facilities of a quota's group in a phase."""
    s = problem.stream_ids.index(quota.stream)
    k = problem.streams[s].tier_ids.index(quota.tier)
    return int((plans[s].size[k][t, quota.facilities] >= 0).sum())


def off_quota(
    problem: TieredProblem, plans: Plans, quota: FacilityQuota, t: int
) -> tuple[int, int]:
    """How many facilities a group has too few and too many."""
    opened = opened_in(problem, plans, quota, t)
    over = 0 if quota.maximum is None else max(0, opened - quota.maximum)
    return max(0, quota.minimum - opened), over


def _covered_tonnes(problem: TieredProblem, plans: Plans) -> float:
    return sum(
        float(problem.phases.weight @ (share * stream.demand.tonnes).sum(axis=1))
        for stream, share in _shares(problem, plans)
    )


def _covered_people(problem: TieredProblem, plans: Plans) -> float:
    return sum(
        float(problem.phases.weight @ (share @ stream.demand.people))
        for stream, share in _shares(problem, plans)
    )


def _shares(problem: TieredProblem, plans: Plans) -> list[tuple[Stream, FloatArray]]:
    phases = len(problem.phases)
    return [
        (stream, served_share(stream, plan, phases))
        for stream, plan in zip(problem.streams, plans, strict=True)
    ]


def _mean_distance(problem: TieredProblem, plans: Plans) -> float:
    hauled, total = 0.0, 0.0
    for stream, plan in zip(problem.streams, plans, strict=True):
        tonnes = stream.demand.tonnes[:, stream.reachable].sum(axis=1)
        total += float(problem.phases.weight @ tonnes)
        for n in stream.legs_from(DEMAND):
            flow = plan.flows[n]
            far = stream.legs[n].impedance[flow.arc]
            hauled += float((problem.phases.weight[flow.phase] * flow.tonnes) @ far)
    return hauled / total if total else 0.0


def _worst_distance(problem: TieredProblem, plans: Plans) -> float:
    worst = 0.0
    for stream, plan in zip(problem.streams, plans, strict=True):
        for n in stream.legs_from(DEMAND):
            worst = max(worst, float(stream.legs[n].impedance[plan.flows[n].arc].max(initial=0.0)))
    return worst


def _worst_district(problem: TieredProblem, plans: Plans) -> float:
    means = district_means(problem, plans)
    return max(means.values(), default=0.0)


def district_means(problem: TieredProblem, plans: Plans) -> dict[tuple[str, int, int], float]:
    """(stream, district, phase) -> mean impedance of the first haul by tonnes."""
    sums: dict[tuple[str, int, int], float] = defaultdict(float)
    for stream, plan in zip(problem.streams, plans, strict=True):
        for n in stream.legs_from(DEMAND):
            leg, flow = stream.legs[n], plan.flows[n]
            district: IntArray = stream.demand.district[leg.row[flow.arc]]
            weighted = flow.tonnes * leg.impedance[flow.arc]
            for g, t, value in zip(
                district.tolist(), flow.phase.tolist(), weighted.tolist(), strict=True
            ):
                sums[stream.id, g, t] += value
    means = {}
    for (name, g, t), value in sums.items():
        stream = problem.stream(name)
        members = (stream.demand.district == g) & stream.reachable
        total = float(stream.demand.tonnes[t, members].sum())
        if g >= 0 and total > 0:
            means[name, g, t] = value / total
    return means


_SERVICE = {
    GoalKind.COVERED_TONNES: _covered_tonnes,
    GoalKind.COVERED_PEOPLE: _covered_people,
    GoalKind.MEAN_DISTANCE: _mean_distance,
    GoalKind.WORST_DISTANCE: _worst_distance,
    GoalKind.WORST_DISTRICT: _worst_district,
}

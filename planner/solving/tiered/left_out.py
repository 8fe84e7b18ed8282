"""What a plan leaves out: quotas that it does not keep, and points that it does not serve."""

from __future__ import annotations

import numpy as np

from planner.solution import FEASIBILITY_TOLERANCE
from planner.tiered.loads import served_share
from planner.tiered.network import DEMAND, TERMINALS
from planner.tiered.objectives import off_quota, opened_in
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.solution import StreamPlan, Unserved, Yielded


def yielded_of(problem: TieredProblem, plans: tuple[StreamPlan, ...]) -> tuple[Yielded, ...]:
    """Quotas that a plan does not keep, phase by phase."""
    return tuple(
        Yielded(
            quota.name,
            quota.stream,
            quota.tier,
            t,
            quota.strength,
            opened_in(problem, plans, quota, t),
            quota.minimum,
            quota.maximum,
        )
        for quota in problem.quotas
        for t in problem.quota_phases(quota).tolist()
        if any(off_quota(problem, plans, quota, t))
    )


def unserved_of(problem: TieredProblem, plans: tuple[StreamPlan, ...]) -> tuple[Unserved, ...]:
    """Points that a plan does not wholly serve, and why."""
    found = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        served = served_share(stream, plan, len(problem.phases))
        for t, i in np.argwhere(served < 1 - FEASIBILITY_TOLERANCE).tolist():
            missing = 1.0 - float(served[t, i])
            tonnes = missing * float(stream.demand.tonnes[t, i])
            kind = _why(stream, plan, t, i)
            found.append(Unserved(stream.id, t, i, missing, tonnes, kind))
    return tuple(found)


def _why(stream: Stream, plan: StreamPlan, t: int, i: int) -> str:
    if not stream.reachable[i]:
        return "unreachable"
    for n in stream.legs_from(DEMAND):
        leg = stream.legs[n]
        reached = leg.to[leg.start[i] : leg.start[i + 1]]
        if leg.destination == TERMINALS:
            if len(reached):
                return "no_room"
        elif (plan.size[stream.tier_ids.index(leg.destination)][t, reached] >= 0).any():
            return "no_room"
    return "left_out"

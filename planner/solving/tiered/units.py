"""Whole districts as units of a service area: merged, solved, and told apart again.

Where all points of a unit go to one facility, the unit is one point with their tonnes, their people
and the tonnage-weighted mean cost of their hauls; only facilities that every point reaches count.
The merged problem has the same plans at the same cost, and far fewer arcs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Strength
from planner.problem_faults import ProblemError
from planner.solution import Reason
from planner.tiered.network import DEMAND, Leg, TieredDemand
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import Contiguity, FacilityQuota, GoalKind
from planner.tiered.solution import Flow, StreamPlan

OUT_OF_REACH = "tiered_unit_out_of_reach"
"""Reason: no facility is in reach of every point of a unit; ``subjects`` are the units' names."""


def merges(problem: TieredProblem) -> bool:
    """Whether any stream has units of several points."""
    return any(one.contiguity is not None and one.contiguity.merges for one in problem.streams)


def merged(problem: TieredProblem) -> TieredProblem:
    """The problem with every unit as one point.

    Raises
    ------
    ProblemError
        Where the points of a unit do not keep their proportions over the phases, or a goal looks at
        the single haul, which units do not have.
    """
    kinds = {kind for goal in problem.goals for kind, _ in goal.parts}
    if kinds & {GoalKind.WORST_DISTANCE, GoalKind.WORST_DISTRICT}:
        raise ProblemError("units of several points go with no goal of the worst distance; drop it")
    streams = tuple(_merged_stream(one) if _has_units(one) else one for one in problem.streams)
    whole = {one.id for one in problem.streams if _has_units(one)}
    quotas = tuple(_without_demand(problem, q) if q.stream in whole else q for q in problem.quotas)
    return replace(problem, streams=streams, quotas=quotas)


def out_of_reach(problem: TieredProblem, small: TieredProblem) -> tuple[Reason, ...]:
    """Units that no facility can serve whole, though their points can be served apart."""
    found = []
    for old, new in zip(problem.streams, small.streams, strict=True):
        if old.contiguity is not None and _has_units(old):
            there = np.zeros(len(new.demand), np.bool_)
            there[old.contiguity.unit[old.reachable]] = True
            lost = np.flatnonzero(there & ~new.reachable).tolist()
            if lost:
                names = tuple(_unit_name(problem, old, u) for u in lost)
                found.append(Reason(OUT_OF_REACH, names, {"stream": old.id, "proven": True}))
    return tuple(found)


def told_apart(
    problem: TieredProblem, small: TieredProblem, plans: tuple[StreamPlan, ...]
) -> tuple[StreamPlan, ...]:
    """Plans of the merged problem as plans of the problem."""
    return tuple(
        _stream_apart(old, new, plan) if _has_units(old) else plan
        for old, new, plan in zip(problem.streams, small.streams, plans, strict=True)
    )


def _has_units(stream: Stream) -> bool:
    return stream.contiguity is not None and stream.contiguity.merges


def _rule(stream: Stream) -> Contiguity:
    if stream.contiguity is None:
        raise ProblemError(f"stream {stream.id} has no units; give it contiguity")
    return stream.contiguity


def _unit_name(problem: TieredProblem, stream: Stream, unit: int) -> str:
    """The district that the unit is, else its first point."""
    members = np.flatnonzero(_rule(stream).unit == unit)
    district = int(stream.demand.district[members[0]])
    return problem.districts[district] if district >= 0 else stream.demand.ids[members[0]]


def _merged_stream(stream: Stream) -> Stream:
    rule = _rule(stream)
    unit, count, demand = rule.unit, len(rule.start) - 1, stream.demand
    weight = _weights(stream, unit, count)
    counted = stream.reachable

    def summed(values: FloatArray) -> FloatArray:
        total = np.zeros((len(values), count))
        for t, row in enumerate(values):
            np.add.at(total[t], unit[counted], row[counted])
        return total

    district = np.full(count, -1)
    district[unit[::-1]] = demand.district[::-1]
    merged_demand = TieredDemand(
        ids=tuple(f"unit-{u}" for u in range(count)),
        tonnes=summed(demand.tonnes),
        low=summed(demand.low),
        high=summed(demand.high),
        people=summed(demand.people[None])[0],
        district=district,
    )
    legs = tuple(
        _merged_leg(leg, unit, count, weight, counted) if leg.origin == DEMAND else leg
        for leg in stream.legs
    )
    return replace(
        stream, demand=merged_demand, legs=legs, contiguity=replace(rule, unit=np.arange(count))
    )


def _weights(stream: Stream, unit: IntArray, count: int) -> FloatArray:
    """(n,) each point's part of its unit's tonnes, the same in every phase."""
    tonnes = np.where(stream.reachable, stream.demand.tonnes, 0.0)
    total = np.zeros((len(tonnes), count))
    for t, row in enumerate(tonnes):
        np.add.at(total[t], unit, row)
    part = tonnes / np.where(total > 0, total, 1.0)[:, unit]
    has = (total > 0)[:, unit]
    mean: FloatArray = part.sum(axis=0) / np.maximum(has.sum(axis=0), 1)
    if (np.abs(part - mean)[has] > 1e-9).any():
        raise ProblemError(
            f"stream {stream.id}: the points of a unit have other proportions in other phases; "
            "scale a unit as a whole, or leave units out"
        )
    return mean


def _merged_leg(
    leg: Leg, unit: IntArray, count: int, weight: FloatArray, counted: BoolArray
) -> Leg:
    """Arcs of a unit to the facilities that all of its points reach."""
    members = np.bincount(unit[counted], minlength=count)
    width = int(leg.to.max(initial=-1)) + 1
    row = leg.row
    key = unit[row] * max(width, 1) + leg.to
    keys, place, times = np.unique(key, return_inverse=True, return_counts=True)
    cost, far = np.zeros(len(keys)), np.zeros(len(keys))
    even = 1.0 / np.maximum(members, 1)[unit[row]]
    total = np.zeros(count)
    np.add.at(total, unit[counted], weight[counted])
    share = np.where(total[unit[row]] > 0, weight[row], even)
    np.add.at(cost, place, share * leg.cost_cny_per_t)
    np.add.at(far, place, share * leg.impedance)
    of_unit, to = keys // max(width, 1), keys % max(width, 1)
    whole = times == members[of_unit]
    start = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(of_unit[whole], minlength=count), out=start[1:])
    return replace(leg, start=start, to=to[whole], impedance=far[whole], cost_cny_per_t=cost[whole])


def _without_demand(problem: TieredProblem, quota: FacilityQuota) -> FacilityQuota:
    """The quota in the phases that its threshold leaves it, as units have other positions."""
    none = np.zeros(0, np.int64)
    if quota.strength is not Strength.ON_DEMAND:
        return replace(quota, demand=none)
    phases = tuple(problem.quota_phases(quota).tolist())
    return replace(
        quota,
        demand=none,
        phases=phases,
        threshold_t_per_yr=0.0,
        strength=Strength.IN_PRINCIPLE,
    )


def _stream_apart(old: Stream, new: Stream, plan: StreamPlan) -> StreamPlan:
    flows = tuple(
        _flow_apart(old, leg, small, flow) if leg.origin == DEMAND else flow
        for leg, small, flow in zip(old.legs, new.legs, plan.flows, strict=True)
    )
    return replace(plan, flows=flows)


def _flow_apart(old: Stream, leg: Leg, small: Leg, flow: Flow) -> Flow:
    """Every point's own haul, at the share of its unit."""
    unit, width = _rule(old).unit, int(leg.to.max(initial=-1)) + 1
    key = leg.row * max(width, 1) + leg.to
    members = [np.flatnonzero((unit == u) & old.reachable) for u in range(len(small.start) - 1)]
    goes = [members[u] for u in small.row[flow.arc].tolist()]
    times = np.array([len(one) for one in goes], np.int64)
    point = np.concatenate(goes) if goes else np.zeros(0, np.int64)
    phase, share = np.repeat(flow.phase, times), np.repeat(flow.share, times)
    arc = np.searchsorted(key, point * max(width, 1) + np.repeat(small.to[flow.arc], times))
    order = np.lexsort((arc, phase))
    tonnes = share * old.demand.tonnes[phase, point]
    return Flow(phase[order], arc[order], tonnes[order], share[order])

"""Phases that are alike count as one.

Where two phases in a row have the same tonnes, the same facilities alive and the same rules, the
cheaper of a plan's two states serves in both: what may follow what is transitive, and a state may
follow itself. So one phase with the sum of their weights has the same best cost, and its plan,
repeated, is a plan. Budgets tell phases apart, and so do temporary facilities (a state that clears
one may not follow itself) and goals that are not taken one by one.

Quotas that may yield are counted phase by phase before cost is looked at; with such, phases are
merged only where all of them become one, so that every count is multiplied alike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Strength
from planner.solving.tiered.groups import separable
from planner.solving.tiered.reading import Plans
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import FacilityQuota
from planner.tiered.solution import Flow, StreamPlan


def runs_of(problem: TieredProblem) -> IntArray:
    """(t,) the run of phases alike that each phase belongs to, counted from 0."""
    count = len(problem.phases)
    run = np.arange(count)
    if not separable(problem):
        return run
    alike = [_alike(problem, t) for t in range(1, count)]
    run = np.concatenate([[0], np.cumsum(~np.array(alike, np.bool_))]).astype(np.int64)
    strengths = (Strength.IN_PRINCIPLE, Strength.ON_DEMAND)
    if run[-1] > 0 and any(quota.strength in strengths for quota in problem.quotas):
        return np.arange(count)
    return run


def _alike(problem: TieredProblem, t: int) -> bool:
    """Whether a phase says the same as the one before."""
    spoken = [set(problem.quota_phases(quota).tolist()) for quota in problem.quotas]
    return all(_stream_alike(problem, stream, t) for stream in problem.streams) and all(
        (t in phases) == (t - 1 in phases) for phases in spoken
    )


def _stream_alike(problem: TieredProblem, stream: Stream, t: int) -> bool:
    if any(problem.is_temporary(tier).any() for tier in stream.tiers):
        return False
    by_phase: list[FloatArray | BoolArray] = [stream.demand.tonnes, stream.coverage_target]
    by_phase += [problem.alive(tier) for tier in stream.tiers]
    if stream.terminals is not None:
        by_phase.append(stream.terminals.capacity_t_per_yr)
    return all(np.array_equal(one[t], one[t - 1]) for one in by_phase)


def merged(problem: TieredProblem, run: IntArray) -> TieredProblem:
    """The problem with one phase a run."""
    first = np.flatnonzero(np.diff(run, prepend=-1))
    if len(first) == len(run):
        return problem
    phases = problem.phases
    return replace(
        problem,
        streams=tuple(_stream(stream, first) for stream in problem.streams),
        phases=replace(
            phases,
            years=tuple(phases.years[t] for t in first.tolist()),
            weight=np.bincount(run, weights=phases.weight).astype(np.float64),
            budget_cny=phases.budget_cny[first],
        ),
        quotas=tuple(_quota(quota, run) for quota in problem.quotas),
    )


def _stream(stream: Stream, first: IntArray) -> Stream:
    demand, ends = stream.demand, stream.terminals
    if ends is not None:
        ends = replace(ends, capacity_t_per_yr=ends.capacity_t_per_yr[first])
    tonnes = demand.tonnes[first]
    return replace(
        stream,
        demand=replace(demand, tonnes=tonnes, low=tonnes, high=tonnes),
        terminals=ends,
        coverage_target=stream.coverage_target[first],
    )


def _quota(quota: FacilityQuota, run: IntArray) -> FacilityQuota:
    if quota.phases is None:
        return quota
    return replace(quota, phases=tuple(sorted({int(run[t]) for t in quota.phases})))


def repeated(plans: Plans, run: IntArray) -> Plans:
    """Plans of the merged problem as plans of the whole one."""
    return tuple(
        StreamPlan(
            tuple(size[run] for size in plan.size), tuple(_flow(flow, run) for flow in plan.flows)
        )
        for plan in plans
    )


def _flow(flow: Flow, run: IntArray) -> Flow:
    parts = [(t, np.flatnonzero(flow.phase == run[t])) for t in range(len(run))]
    used = np.concatenate([where for _, where in parts])
    phase = np.concatenate([np.full(len(where), t, np.int64) for t, where in parts])
    return Flow(phase, flow.arc[used], flow.tonnes[used], flow.share[used])

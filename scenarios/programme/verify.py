"""Re-check a building programme from its files: nothing is solved, every rule is recomputed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from planner.solution import FEASIBILITY_TOLERANCE, PROVEN_GAP, Certificate, Outcome
from planner.tiered.checker import check_plan
from planner.tiered.objectives import goal_value
from planner.tiered.problem import Stream
from scenarios.programme.file import ProgrammePart

Broken = tuple[str, str, float]
"""Rule, subject, amount: as :class:`scenarios.verify.Finding` has them."""


def broken_in_programme(
    plan: Mapping[str, Any], part: ProgrammePart, certificate: Certificate
) -> Iterator[Broken]:
    """What does not hold of a programme's ``plan.json``."""
    problem = part.problem
    if certificate.problem_hash != problem.fingerprint():
        yield "problem_hash", "", 1.0
    if not np.isfinite(certificate.objective):
        if certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE):
            yield "outcome_without_plan", "", 1.0
        return
    broken = check_plan(problem, part.plans)
    yield from ((one.rule, one.subject, one.amount) for one in broken)
    if any(one.rule == "shape" for one in broken):
        return
    value = goal_value(problem, part.plans, problem.goals[0])
    tolerance = FEASIBILITY_TOLERANCE * max(1.0, abs(value))
    if abs(value - certificate.objective) > tolerance:
        yield "objective", "", value - certificate.objective
    if certificate.bound - certificate.objective > tolerance:
        yield "bound_side", "", certificate.bound - certificate.objective
    if certificate.outcome is Outcome.OPTIMAL and certificate.gap > PROVEN_GAP * (1 + 1e-6):
        yield "false_optimal", "", certificate.gap
    position = problem.stream_ids.index(str(plan["stream"]["id"]))
    for t, phase in enumerate(plan["phases"]):
        yield from _other_sites(phase, part, position, t)
        yield from _other_tonnes(phase, part, position, t)


def _other_sites(
    phase: Mapping[str, Any], part: ProgrammePart, position: int, t: int
) -> Iterator[Broken]:
    """Sites that are open in one of the two files only."""
    stream, plan = part.problem.streams[position], part.plans[position]
    told = {(str(one["tier"]), str(one["id"])) for one in phase["facilities"]}
    ends = {(tier, one) for tier, one in told if tier not in stream.tier_ids}
    stands = {
        (tier.id, tier.facilities.ids[j])
        for tier, size in zip(stream.tiers, plan.size, strict=True)
        for j in np.flatnonzero(size[t] >= 0)
    }
    for tier, one in sorted((told - ends) ^ stands):
        yield "opened", f"{phase['year']}, {tier}, {one}", 0.0


def _other_tonnes(
    phase: Mapping[str, Any], part: ProgrammePart, position: int, t: int
) -> Iterator[Broken]:
    """Hauls whose tonnes differ between the two files."""
    found: dict[tuple[str, str, str], float] = {}
    for one in phase["assignments"]:
        key = (str(one["from_tier"]), str(one["from_id"]), str(one["to_id"]))
        found[key] = found.get(key, 0.0) + float(one["tonnes"] or 0.0)
    kept = _kept_tonnes(part.problem.streams[position], part, position, t)
    for key in sorted(found.keys() | kept.keys()):
        off = found.get(key, 0.0) - kept.get(key, 0.0)
        if abs(off) > FEASIBILITY_TOLERANCE * max(1.0, abs(kept.get(key, 0.0))):
            yield "throughput", f"{phase['year']}, {' - '.join(key[1:])}", off


def _kept_tonnes(
    stream: Stream, part: ProgrammePart, position: int, t: int
) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for leg, flow in zip(stream.legs, part.plans[position].flows, strict=True):
        starts, ends = _ids(stream, leg.origin), _ids(stream, leg.destination)
        row = leg.row
        for k in np.flatnonzero(flow.phase == t):
            arc = int(flow.arc[k])
            key = (leg.origin, starts[int(row[arc])], ends[int(leg.to[arc])])
            found[key] = found.get(key, 0.0) + float(flow.tonnes[k])
    return found


def _ids(stream: Stream, level: str) -> tuple[str, ...]:
    if level == "demand":
        return stream.demand.ids
    if level == "terminals":
        return () if stream.terminals is None else stream.terminals.ids
    return stream.tier(level).facilities.ids

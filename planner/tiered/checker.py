"""The independent checker: every rule of a tiered problem recomputed from the plan.

No solver, no model: NumPy, and the rules as :mod:`planner.tiered` states them. What it accepts is
a plan of the problem.
"""

from __future__ import annotations

import numpy as np

from planner.problem import FloatArray, IntArray, Strength
from planner.solution import FEASIBILITY_TOLERANCE, PROVEN_GAP, Outcome
from planner.solving.checker import Violation
from planner.tiered.areas_checked import contiguity_violations
from planner.tiered.loads import sent_on, served_share, taken_in
from planner.tiered.network import DEMAND, TERMINALS, Tier
from planner.tiered.objectives import Plans, goal_value, off_quota, places_in_use
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.solution import Flow, StreamPlan, TieredSolution


def check_plan(problem: TieredProblem, plans: Plans) -> list[Violation]:
    """Every rule that a plan breaks; empty when it is a plan of the problem.

    Quotas in principle and on demand may yield and are not looked at here; :func:`verify` holds
    the solution's own list of them against the plan.
    """
    shape = _check_shape(problem, plans)
    if shape:
        return shape
    found: list[Violation] = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            found += _check_states(problem, tier, size)
            found += _check_growth(problem, tier, size)
            found += _check_loads(problem, stream, plan, tier, size)
        found += _check_service(problem, stream, plan)
        found += _check_flows(problem, stream, plan)
        found += contiguity_violations(problem, stream, plan)
    found += _check_places(problem, plans)
    found += _check_budget(problem, plans)
    for quota in problem.quotas:
        if quota.strength is Strength.MUST:
            for t in problem.quota_phases(quota).tolist():
                off = sum(off_quota(problem, plans, quota, t))
                if off:
                    found.append(Violation("quota", quota.name, off))
    return found


def verify(problem: TieredProblem, solution: TieredSolution) -> list[Violation]:
    """Re-check a solution: the plan, its objectives, what yielded, who is unserved, the bounds."""
    certificate, found = solution.certificate, list[Violation]()
    if certificate.problem_hash != problem.fingerprint():
        found.append(Violation("problem_hash", "", 1.0))
    if not solution.has_plan:
        if certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE):
            found.append(Violation("outcome_without_plan", "", 1.0))
        return found
    broken = check_plan(problem, solution.streams)
    found += broken
    if any(one.rule == "shape" for one in broken):
        return found
    for number, stage in enumerate(solution.stages):
        value = goal_value(problem, solution.streams, stage.goal)
        tolerance = FEASIBILITY_TOLERANCE * max(1.0, abs(value))
        if stage.bound - stage.objective > tolerance:
            found.append(Violation("bound_side", f"goal {number}", stage.bound - stage.objective))
        # A later goal may worsen an earlier one by its allowance.
        last = number == len(solution.stages) - 1
        allowed = tolerance + (0.0 if last else stage.goal.allowance * abs(stage.objective))
        if value - stage.objective > allowed or (last and stage.objective - value > tolerance):
            found.append(Violation("objective", f"goal {number}", value - stage.objective))
    gap = max((stage.gap for stage in solution.stages), default=np.inf)
    if certificate.outcome is Outcome.OPTIMAL and gap > PROVEN_GAP * (1 + 1e-6):
        found.append(Violation("false_optimal", "", gap))
    return found + _check_yielded(problem, solution) + _check_unserved(problem, solution)


def _check_shape(problem: TieredProblem, plans: Plans) -> list[Violation]:
    phases = len(problem.phases)
    if len(plans) != len(problem.streams):
        return [Violation("shape", "", 1.0)]
    found = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        tiers = len(plan.size) == len(stream.tiers)
        if not tiers or len(plan.flows) != len(stream.legs):
            return [Violation("shape", stream.id, 1.0)]
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            part = tier.facilities
            if size.shape != (phases, len(part)):
                found.append(Violation("shape", f"{stream.id} {tier.id}", 1.0))
                continue
            stray = (size >= 0) & ((size < part.size_start[:-1]) | (size >= part.size_start[1:]))
            if stray.any() or (size < -1).any():
                found.append(Violation("shape", f"{stream.id} {tier.id}", float(stray.sum())))
        for leg, flow in zip(stream.legs, plan.flows, strict=True):
            sizes = {len(flow.phase), len(flow.arc), len(flow.tonnes), len(flow.share)}
            inside = (flow.arc >= 0) & (flow.arc < len(leg))
            inside &= (flow.phase >= 0) & (flow.phase < phases)
            numbers = np.isfinite(flow.tonnes) & np.isfinite(flow.share) & (flow.share > 0)
            once = len(np.unique(flow.phase * (len(leg) + 1) + flow.arc)) == len(flow.arc)
            if len(sizes) > 1 or not (inside.all() and numbers.all() and once):
                found.append(Violation("shape", f"{stream.id} {leg.name}", 1.0))
            if (flow.tonnes < -FEASIBILITY_TOLERANCE).any():
                found.append(Violation("shape", f"{stream.id} {leg.name}", 1.0))
    return found


def _check_states(problem: TieredProblem, tier: Tier, size: IntArray) -> list[Violation]:
    part, alive, is_open = tier.facilities, problem.alive(tier), size >= 0
    stands = part.existing
    must = part.required | (stands & ~part.closable)
    smaller = is_open & stands & (size < part.existing_size)
    grown = is_open & stands & ~part.expandable & (size > part.existing_size)
    rules = (
        ("not_available", is_open & ~alive),
        ("must_be_open", ~is_open & alive & must),
        ("smaller_than_today", smaller),
        ("not_expandable", grown),
    )
    return [
        Violation(rule, part.ids[j], float(wrong[:, j].sum()))
        for rule, wrong in rules
        for j in np.flatnonzero(wrong.any(axis=0)).tolist()
    ]


def _check_growth(problem: TieredProblem, tier: Tier, size: IntArray) -> list[Violation]:
    """From phase to phase: what is open stays open and does not shrink, until it is cleared."""
    part, alive = tier.facilities, problem.alive(tier)
    begun, count = np.argmax(size >= 0, axis=0), np.arange(len(part))
    last = np.where(part.existing, len(size), problem.last_phase(tier)[begun, count])
    over = (size >= 0) & (np.arange(len(size))[:, None] > last)
    found = [
        Violation("not_cleared", part.ids[j], float(over[:, j].sum()))
        for j in np.flatnonzero((over & alive).any(axis=0)).tolist()
    ]
    for t in range(len(problem.phases) - 1):
        now, later = size[t], size[t + 1]
        lives = alive[t] & alive[t + 1] & (t != last)
        may_close = part.existing & part.closable & (now == part.existing_size)
        rules = (
            ("closed_again", lives & (now >= 0) & (later < 0) & ~may_close),
            ("reopened", lives & part.existing & (now < 0) & (later >= 0)),
            ("shrunk", lives & (later >= 0) & (later < now)),
            ("not_expandable", lives & (now >= 0) & (later > now) & ~part.expandable),
        )
        found += [
            Violation(rule, part.ids[j], 1.0)
            for rule, wrong in rules
            for j in np.flatnonzero(wrong).tolist()
        ]
    return found


def _check_service(problem: TieredProblem, stream: Stream, plan: StreamPlan) -> list[Violation]:
    phases, demand, found = len(problem.phases), stream.demand, list[Violation]()
    served = served_share(stream, plan, phases)
    over = np.flatnonzero((served > 1 + FEASIBILITY_TOLERANCE).any(axis=0))
    found += [Violation("served_twice", demand.ids[i], 1.0) for i in over.tolist()]
    reachable = stream.reachable
    for t, target in enumerate(stream.coverage_target.tolist()):
        short = np.maximum(1 - served[t], 0.0)
        if target >= 1 - 1e-9:
            left = np.flatnonzero(reachable & (short > FEASIBILITY_TOLERANCE))
            found += [Violation("served", demand.ids[i], float(short[i])) for i in left.tolist()]
        total = float(demand.tonnes[t][reachable].sum())
        missing = float((short * demand.tonnes[t])[reachable].sum()) - (1 - target) * total
        if missing > FEASIBILITY_TOLERANCE * max(1.0, total):
            found.append(Violation("coverage_target", stream.id, missing))
    if stream.single_source:
        number = np.zeros((phases, len(demand)), np.int64)
        for n in stream.legs_from(DEMAND):
            flow = plan.flows[n]
            np.add.at(number, (flow.phase, stream.legs[n].row[flow.arc]), 1)
        part = (served > 0) & (np.abs(served - 1) > FEASIBILITY_TOLERANCE)
        divided = np.flatnonzero(((number > 1) | part).any(axis=0))
        found += [Violation("single_source", demand.ids[i], 1.0) for i in divided.tolist()]
    return found


def _check_flows(problem: TieredProblem, stream: Stream, plan: StreamPlan) -> list[Violation]:
    phases, found = len(problem.phases), list[Violation]()
    for leg, flow in zip(stream.legs, plan.flows, strict=True):
        if leg.destination != TERMINALS:
            size = plan.size[stream.tier_ids.index(leg.destination)]
            closed = np.flatnonzero(size[flow.phase, leg.to[flow.arc]] < 0)
            ids = stream.tier(leg.destination).facilities.ids
            found += [Violation("closed", ids[leg.to[flow.arc[u]]], 1.0) for u in closed.tolist()]
        if leg.origin == DEMAND:
            tonnes = flow.share * stream.demand.tonnes[flow.phase, leg.row[flow.arc]]
            found += _differ("share", leg.name, flow, tonnes)
    for tier in stream.tiers:
        if not stream.legs_from(tier.id):
            continue
        taken = taken_in(stream, plan, tier.id, phases) * tier.output_share
        sent = sent_on(stream, plan, tier.id, phases)
        off = np.abs(taken - sent) - FEASIBILITY_TOLERANCE * np.maximum(1.0, taken)
        wrong = np.flatnonzero((off > 0).any(axis=0))
        found += [
            Violation("balance", tier.facilities.ids[j], float(off[:, j].max()))
            for j in wrong.tolist()
        ]
        for n in stream.legs_from(tier.id):
            flow = plan.flows[n]
            leaving = sent[flow.phase, stream.legs[n].row[flow.arc]]
            found += _differ("share", stream.legs[n].name, flow, flow.share * leaving)
        if tier.single_destination:
            found += _check_one_way(stream, plan, tier, phases)
    if stream.terminals is not None:
        over = taken_in(stream, plan, TERMINALS, phases) - stream.terminals.capacity_t_per_yr
        limit = np.where(np.isfinite(over), stream.terminals.capacity_t_per_yr, 0.0)
        wrong = np.flatnonzero((over > FEASIBILITY_TOLERANCE * np.maximum(1.0, limit)).any(axis=0))
        ids = stream.terminals.ids
        found += [Violation("terminal", ids[z], float(over[:, z].max())) for z in wrong.tolist()]
    return found


def _differ(rule: str, subject: str, flow: Flow, tonnes: FloatArray) -> list[Violation]:
    off = np.abs(flow.tonnes - tonnes) - FEASIBILITY_TOLERANCE * np.maximum(1.0, tonnes)
    return [Violation(rule, subject, float(off.max()))] if (off > 0).any() else []


def _check_one_way(stream: Stream, plan: StreamPlan, tier: Tier, phases: int) -> list[Violation]:
    ways = np.zeros((phases, len(tier.facilities)), np.int64)
    for n in stream.legs_from(tier.id):
        flow = plan.flows[n]
        np.add.at(ways, (flow.phase, stream.legs[n].row[flow.arc]), 1)
    several = np.flatnonzero((ways > 1).any(axis=0)).tolist()
    return [Violation("single_destination", tier.facilities.ids[j], 1.0) for j in several]


def _check_loads(
    problem: TieredProblem, stream: Stream, plan: StreamPlan, tier: Tier, size: IntArray
) -> list[Violation]:
    """Capacity, least throughput, and stock by period against storage."""
    part, found = tier.facilities, list[Violation]()
    taken = taken_in(stream, plan, tier.id, len(problem.phases))
    for t, j in np.argwhere(size >= 0).tolist():
        load, option = float(taken[t, j]), int(size[t, j])
        capacity = float(part.capacity_t_per_yr[option])
        rate = load
        if tier.seasons is not None and load > 0:
            season = tier.seasons
            rate = load * float((season.outflow_share / season.length_share).max())
            level = np.cumsum(load * (season.inflow_share - season.outflow_share))
            peak, room = float(level.max() - level.min()), float(part.storage_t[option])
            if peak > room + FEASIBILITY_TOLERANCE * max(1.0, room):
                found.append(Violation("storage", part.ids[j], peak - room))
        if rate > capacity + FEASIBILITY_TOLERANCE * max(1.0, capacity):
            found.append(Violation("capacity", part.ids[j], rate - capacity))
        least = float(part.least_throughput_t_per_yr[option])
        if load < least - FEASIBILITY_TOLERANCE * max(1.0, least):
            found.append(Violation("least_throughput", part.ids[j], least - load))
    return found


def _check_places(problem: TieredProblem, plans: Plans) -> list[Violation]:
    found, places = list[Violation](), problem.places
    for t in range(len(problem.phases)):
        land = np.zeros(len(places))
        tenants: dict[int, set[str]] = {}
        for stream, plan in zip(problem.streams, plans, strict=True):
            for tier, size in zip(stream.tiers, plan.size, strict=True):
                part = tier.facilities
                for j in np.flatnonzero((size[t] >= 0) & (part.place >= 0)).tolist():
                    p = int(part.place[j])
                    land[p] += part.land_m2[size[t, j]]
                    tenants.setdefault(p, set()).add(stream.id)
        for p in places_in_use(problem, plans, t):
            land[p] += places.shared_land_m2[p]
        room = places.land_available_m2
        slack = FEASIBILITY_TOLERANCE * np.maximum(1.0, np.where(np.isfinite(room), room, 0.0))
        found += [
            Violation("land", places.ids[p], float(land[p] - room[p]))
            for p in np.flatnonzero(land > room + slack).tolist()
        ]
        found += [
            Violation("incompatible", places.ids[p], 1.0)
            for p, there in sorted(tenants.items())
            for pair in problem.incompatible
            if set(pair) <= there
        ]
    return found + _check_hosts(problem, plans) + _check_apart(problem, plans)


def _check_apart(problem: TieredProblem, plans: Plans) -> list[Violation]:
    found = []
    for rule in problem.apart:
        (size, ids), (other_size, other_ids) = (
            (
                plans[problem.stream_ids.index(stream)].size[
                    problem.stream(stream).tier_ids.index(tier)
                ],
                problem.stream(stream).tier(tier).facilities.ids,
            )
            for stream, tier in (rule.one, rule.other)
        )
        both = (size[:, rule.first] >= 0) & (other_size[:, rule.second] >= 0)
        for q in np.flatnonzero(both.any(axis=0)).tolist():
            pair = f"{ids[rule.first[q]]}, {other_ids[rule.second[q]]}"
            found.append(Violation("apart", pair, 1.0))
    return found


def _check_hosts(problem: TieredProblem, plans: Plans) -> list[Violation]:
    found = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            if tier.hosted_by is None:
                continue
            s = problem.stream_ids.index(tier.hosted_by[0])
            k = problem.streams[s].tier_ids.index(tier.hosted_by[1])
            host = problem.streams[s].tiers[k].facilities
            for t, j in np.argwhere(size >= 0).tolist():
                p = int(tier.facilities.place[j])
                there = (host.place == p) & (plans[s].size[k][t] >= 0)
                if p < 0 or not there.any():
                    found.append(Violation("host", tier.facilities.ids[j], 1.0))
    return found


def _check_budget(problem: TieredProblem, plans: Plans) -> list[Violation]:
    spent = investments(problem, plans)
    found = []
    for t, budget in enumerate(problem.phases.budget_cny.tolist()):
        over = float(spent[t]) - budget
        if over > FEASIBILITY_TOLERANCE * max(1.0, budget if np.isfinite(budget) else 1.0):
            found.append(Violation("budget", str(problem.phases.years[t]), over))
    return found


def investments(problem: TieredProblem, plans: Plans) -> FloatArray:
    """(t,) CNY built in each phase: new facilities, and the difference where one grows."""
    spent = np.zeros(len(problem.phases))
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            part, alive = tier.facilities, problem.alive(tier)
            for j in range(len(part)):
                before = int(part.existing_size[j])
                for t in range(len(spent)):
                    now = int(size[t, j])
                    if now >= 0 and now != before:
                        old = float(part.investment_cny[before]) if before >= 0 else 0.0
                        spent[t] += float(part.investment_cny[now]) - old
                    if alive[t, j]:
                        before = now if now >= 0 else before
                    else:
                        before = int(part.existing_size[j])
    return spent


def _check_yielded(problem: TieredProblem, solution: TieredSolution) -> list[Violation]:
    told = {(one.quota, one.stream, one.tier, one.phase) for one in solution.yielded}
    found = []
    for quota in problem.quotas:
        for t in problem.quota_phases(quota).tolist():
            off = any(off_quota(problem, solution.streams, quota, t))
            if off != ((quota.name, quota.stream, quota.tier, t) in told):
                found.append(Violation("yielded_list", quota.name, 1.0))
    return found


def _check_unserved(problem: TieredProblem, solution: TieredSolution) -> list[Violation]:
    told = {(one.stream, one.phase, one.demand) for one in solution.unserved}
    found = []
    for stream, plan in zip(problem.streams, solution.streams, strict=True):
        served = served_share(stream, plan, len(problem.phases))
        short = np.argwhere(served < 1 - FEASIBILITY_TOLERANCE).tolist()
        there = {(stream.id, t, i) for t, i in short}
        wrong = there ^ {one for one in told if one[0] == stream.id}
        found += [Violation("unserved_list", stream.demand.ids[i], 1.0) for _, _, i in wrong]
    return found

"""Large streams that share places, hosts or a budget.

Bound: every stream by itself with an equal part of the cost of each place that it may share; what
else joins the streams is left out. A place costs at least the sum of the parts of those who use it,
so the streams' bounds add up to a bound of all.

Plan: one stream after the other, hosts first, each with what its predecessors left: land, budget,
places without an incompatible neighbour, hosts that are open. A stream keeps its own plan where
that fits; one that finds no other is let first. Then each is planned again beside the plans of the
others, whose places cost it nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

import numpy as np

from planner.problem import BoolArray, FloatArray
from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered import explain
from planner.solving.tiered.clashes import clashes
from planner.solving.tiered.decomposition import LEAST_ARCS
from planner.solving.tiered.groups import part_of
from planner.solving.tiered.plain import GroupAnswer, arcs_of
from planner.tiered import checker
from planner.tiered.network import Tier
from planner.tiered.objectives import goal_value
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import GoalKind, Places
from planner.tiered.solution import StreamPlan

METHOD = "streams apart, then together"
SolveOne = Callable[[TieredProblem, SolverSettings, Watch, GroupAnswer], None]


def suits(problem: TieredProblem) -> bool:
    """Several streams, too large to be solved as one model, for cost."""
    kinds = [part for goal in problem.goals for part in goal.parts]
    return (
        len(problem.streams) > 1
        and arcs_of(problem) >= LEAST_ARCS
        and kinds == [(GoalKind.COST, 1.0)]
    )


def solve_coupled(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
    solve_one: SolveOne,
) -> None:
    """Bound and plan; ``solve_one`` solves a problem of one stream."""
    answer.reached, answer.bounds = [np.inf], [-np.inf]
    count = len(problem.streams)
    parts = [_alone(problem, s) for s in range(count)]
    share = 0.9 if _only_costs_join(problem) else 0.55
    answers = _solved_apart(parts, settings, watch, share, solve_one)
    answer.method = " + ".join(sorted({METHOD, *(one.method for one in answers)}))
    answer.bound_proof = "lagrangian + solver"
    if any(one.infeasible for one in answers):
        answer.infeasible = True
        answer.reasons = tuple(
            reason
            for part, one in zip(parts, answers, strict=True)
            if one.infeasible
            for reason in clashes(part) or explain.explain(part, settings, watch)
        )
        return
    answer.bounds[0] = float(sum(one.bounds[0] if one.bounds else -np.inf for one in answers))
    alone = [None if one.plans is None else one.plans[0] for one in answers]
    found = _one_after_the_other(problem, settings, watch, alone, solve_one)
    if found is None:
        return
    _take(problem, found, answer)
    _each_again(problem, settings, watch, answer, solve_one)


def _only_costs_join(problem: TieredProblem) -> bool:
    """Whether any plans of the streams are a plan together."""
    hosted = any(tier.hosted_by for stream in problem.streams for tier in stream.tiers)
    land = np.isfinite(problem.places.land_available_m2).any()
    budget = np.isfinite(problem.phases.budget_cny).any()
    near = any(len(rule.first) for rule in problem.apart)
    return not (hosted or land or budget or problem.incompatible or near)


def _solved_apart(
    parts: list[TieredProblem],
    settings: SolverSettings,
    watch: Watch,
    share: float,
    solve_one: SolveOne,
) -> list[GroupAnswer]:
    """Small streams first; each has an equal part of what it and those not yet begun share."""
    workers = max(1, min(settings.threads, len(parts)))
    answers = [GroupAnswer() for _ in parts]
    end_s = watch.seconds + share * watch.remaining_s
    waiting, lock = [len(parts)], Lock()

    def work(s: int) -> None:
        with lock:
            left = max(1.0, end_s - watch.seconds) * min(1.0, workers / waiting[0])
            waiting[0] -= 1
        own = replace(settings, threads=1, time_limit_s=_limit(left))
        solve_one(parts[s], own, watch.part(left), answers[s])

    order = sorted(range(len(parts)), key=lambda s: arcs_of(parts[s]))
    with ThreadPoolExecutor(workers) as pool:
        for job in [pool.submit(work, s) for s in order]:
            job.result()
    return answers


def _limit(seconds: float) -> float | None:
    return None if np.isinf(seconds) else seconds


def _take(problem: TieredProblem, plans: tuple[StreamPlan, ...], answer: GroupAnswer) -> None:
    reached = goal_value(problem, plans, problem.goals[0])
    if reached < answer.reached[0] and not checker.check_plan(problem, plans):
        answer.plans, answer.reached[0] = plans, reached


def _alone(problem: TieredProblem, s: int) -> TieredProblem:
    """A stream with its part of every place's cost, and nothing else of the others."""
    users = np.zeros(len(problem.places))
    for stream in problem.streams:
        there = {int(p) for tier in stream.tiers for p in tier.facilities.place if p >= 0}
        users[sorted(there)] += 1
    part = problem.places.shared_cost_cny_per_yr / np.maximum(users, 1)
    return _by_itself(problem, s, part)


def _by_itself(problem: TieredProblem, s: int, place_cost: FloatArray) -> TieredProblem:
    stream = problem.streams[s]
    tiers = tuple(_with_place_cost(tier, place_cost, stream) for tier in stream.tiers)
    own = part_of(problem, [s])
    return replace(
        own,
        streams=(replace(stream, tiers=tiers),),
        places=Places(),
        phases=replace(own.phases, budget_cny=np.full(len(own.phases), np.inf)),
    )


def _with_place_cost(tier: Tier, place_cost: FloatArray, stream: Stream) -> Tier:
    """The cost of its place on every facility; a stream twice on a place pays half on each."""
    part = tier.facilities
    mine = np.zeros(len(place_cost))
    for one in stream.tiers:
        np.add.at(mine, one.facilities.place[one.facilities.place >= 0], 1.0)
    extra = np.zeros(len(part))
    placed = part.place >= 0
    extra[placed] = (place_cost / np.maximum(mine, 1.0))[part.place[placed]]
    return replace(
        tier,
        hosted_by=None,
        facilities=replace(
            part,
            place=np.full(len(part), -1),
            fixed_cost_cny_per_yr=part.fixed_cost_cny_per_yr + extra[part.facility_of_size],
        ),
    )


def _one_after_the_other(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    alone: list[StreamPlan | None],
    solve_one: SolveOne,
) -> tuple[StreamPlan, ...] | None:
    """Each stream with what its predecessors left; None where some stream finds no plan."""
    order, led = _hosts_first(problem), set[int]()
    while True:
        done: dict[int, StreamPlan] = {}
        for s in order:
            taken = [(problem.streams[o], plan) for o, plan in done.items()]
            part, own = _with_rest(problem, s, taken), alone[s]
            if own is None or checker.check_plan(part, (own,)):
                # What is left is for those that come after, too, and for another order.
                own = _solved(part, settings, watch, 0.4, solve_one)
            if own is None:
                break
            done[s] = own
        if len(done) == len(order):
            return tuple(done[s] for s in range(len(order)))
        stuck = order[len(done)]
        if stuck in led or watch.remaining_s <= 0 or not done:
            return None
        led.add(stuck)
        order = [stuck, *(s for s in order if s != stuck)]


def _solved(
    part: TieredProblem, settings: SolverSettings, watch: Watch, share: float, solve_one: SolveOne
) -> StreamPlan | None:
    """The plan of one stream in a share of the time that is left."""
    left = share * watch.remaining_s
    found = GroupAnswer()
    solve_one(part, replace(settings, time_limit_s=_limit(left)), watch.part(left), found)
    return None if found.plans is None else found.plans[0]


def _each_again(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
    solve_one: SolveOne,
) -> None:
    """Every stream once more beside the others as they are planned; kept where it is better."""
    count = len(problem.streams)
    order = sorted(range(count), key=lambda s: arcs_of(part_of(problem, [s])))
    for number, s in enumerate(order):
        reached, bound, plans = answer.reached[0], answer.bounds[0], answer.plans
        enough = reached - bound <= settings.gap * abs(reached)
        if plans is None or enough or watch.remaining_s <= 0:
            return
        others = [(problem.streams[o], plans[o]) for o in range(count) if o != s]
        part = _with_rest(problem, s, others)
        anew = _solved(part, settings, watch, 1.0 / (count - number), solve_one)
        if anew is not None:
            _take(problem, (*plans[:s], anew, *plans[s + 1 :]), answer)


def _hosts_first(problem: TieredProblem) -> list[int]:
    hosts = {
        problem.stream_ids.index(tier.hosted_by[0])
        for stream in problem.streams
        for tier in stream.tiers
        if tier.hosted_by is not None
    }
    return sorted(range(len(problem.streams)), key=lambda s: (s not in hosts, s))


def _with_rest(
    problem: TieredProblem, s: int, taken: list[tuple[Stream, StreamPlan]]
) -> TieredProblem:
    """A stream by itself, on the places and with the budget that the others left."""
    places, phases = problem.places, len(problem.phases)
    used = np.zeros(len(places), np.bool_)
    land = places.land_available_m2 - places.shared_land_m2
    apart = np.zeros(len(places), np.bool_)
    foes = {a if b == problem.streams[s].id else b for a, b in problem.incompatible}
    spent = np.zeros(phases)
    for stream, plan in taken:
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            part, last = tier.facilities, size.max(axis=0)
            there = (last >= 0) & (part.place >= 0)
            used[part.place[there]] = True
            np.subtract.at(land, part.place[there], part.land_m2[last[there]])
            if stream.id in foes:
                apart[part.place[there]] = True
        alone = part_of(problem, [problem.stream_ids.index(stream.id)])
        spent += checker.investments(alone, (plan,))
    own = _by_itself(problem, s, np.where(used, 0.0, places.shared_cost_cny_per_yr))
    tiers = tuple(
        _on_the_rest(problem, problem.streams[s].id, new, old, land, apart, taken)
        for new, old in zip(own.streams[0].tiers, problem.streams[s].tiers, strict=True)
    )
    budget = np.maximum(problem.phases.budget_cny - spent, 0.0)
    return replace(
        own,
        streams=(replace(own.streams[0], tiers=tiers),),
        phases=replace(own.phases, budget_cny=budget),
    )


def _on_the_rest(
    problem: TieredProblem,
    stream_id: str,
    new: Tier,
    old: Tier,
    land: FloatArray,
    apart: BoolArray,
    taken: list[tuple[Stream, StreamPlan]],
) -> Tier:
    """The tier without places that have no room for its largest size, a foe, or no host."""
    part = old.facilities
    placed = part.place >= 0
    largest = np.maximum.reduceat(part.land_m2, part.size_start[:-1])
    barred = np.zeros(len(part), np.bool_)
    barred[placed] = (largest[placed] > land[part.place[placed]]) | apart[part.place[placed]]
    if old.hosted_by is not None:
        hosted = np.zeros(len(problem.places), np.bool_)
        for stream, plan in taken:
            for tier, size in zip(stream.tiers, plan.size, strict=True):
                if (stream.id, tier.id) == old.hosted_by:
                    always = (size >= 0).all(axis=0) & (tier.facilities.place >= 0)
                    hosted[tier.facilities.place[always]] = True
        barred |= ~placed
        barred[placed] |= ~hosted[part.place[placed]]
    barred |= _too_near(problem, stream_id, old, taken)
    stays = part.existing & ~part.closable
    facilities = replace(new.facilities, forbidden=part.forbidden | (barred & ~stays))
    return replace(new, facilities=facilities)


def _too_near(
    problem: TieredProblem, stream_id: str, tier: Tier, taken: list[tuple[Stream, StreamPlan]]
) -> BoolArray:
    """Facilities that must keep a distance from one that another stream has opened."""
    barred = np.zeros(len(tier.facilities), np.bool_)
    for rule in problem.apart:
        for mine, own, foe, other in (
            (rule.one, rule.first, rule.other, rule.second),
            (rule.other, rule.second, rule.one, rule.first),
        ):
            if mine != (stream_id, tier.id):
                continue
            for stream, plan in taken:
                if stream.id == foe[0]:
                    size = plan.size[stream.tier_ids.index(foe[1])]
                    barred[own[(size[:, other] >= 0).any(axis=0)]] = True
    return barred

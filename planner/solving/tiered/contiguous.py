"""Service areas in one piece, for one tier of many units: bound without the rule, plan with it.

Without contiguity it is single-source capacitated location (:mod:`planner.solving.capacitated`)
whose bound holds here too. Its plan is the start: what hangs together with each site stays, the
rest is dealt out over the borders, and small models of neighbouring areas (:mod:`.area_models`)
make them fit first and then better. What one piece costs beside the relaxation is in the gap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Outcome, SitingSolution, SolverSettings
from planner.solving import judging, loading
from planner.solving.capacitated import data as capacitated
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.method import Watch
from planner.solving.tiered.area_search import AreaSearch
from planner.solving.tiered.areas import Areas, grown
from planner.solving.tiered.plain import GroupAnswer, arcs_of, solve_plain
from planner.tiered import checker
from planner.tiered.network import DEMAND
from planner.tiered.objectives import goal_value
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import GoalKind
from planner.tiered.solution import Flow, StreamPlan

METHOD = "capacitated location, then areas in one piece"
RELAXED_SHARE = 0.35
"""Share of the time for the problem without contiguity."""
MOST_ARCS_WHOLE = 5_000
"""Up to this size the whole model is tried where no areas were found."""
LEAST_UNITS = 150
"""Fewer units are solved as they stand."""


def suits(problem: TieredProblem) -> bool:
    """One stream, one tier, one phase, least cost, contiguous areas; quotas that hold."""
    stream = problem.streams[0]
    kinds = [part for goal in problem.goals for part in goal.parts]
    if len(problem.streams) != 1 or len(stream.tiers) != 1 or len(problem.phases) != 1:
        return False
    part = stream.tiers[0].facilities
    return (
        stream.contiguity is not None
        and len(stream.demand) >= LEAST_UNITS
        and kinds == [(GoalKind.COST, 1.0)]
        and stream.terminals is None
        and bool((stream.coverage_target >= 1 - 1e-9).all())
        and not part.existing.any()
        and not np.isfinite(problem.phases.budget_cny).any()
        and not (part.place >= 0).any()
        and all(quota.binds for quota in problem.quotas)
        and capacitated.suits(one_tier(problem))
    )


def load_kernels(problem: TieredProblem) -> None:
    """Have the kernels ready before the clock starts."""
    loading.practise(one_tier(problem))


def solve_contiguous(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """Bound and plan; ``answer`` holds the best so far."""
    answer.method, answer.bound_proof = METHOD, "lagrangian"
    answer.reached, answer.bounds = [np.inf], [-np.inf]
    began_s = watch.seconds
    relaxed = _without_contiguity(problem, settings, watch)
    answer.stage_seconds["without contiguity"] = watch.seconds - began_s
    if relaxed.outcome is Outcome.INFEASIBLE:
        answer.infeasible = True
        return
    if np.isfinite(relaxed.certificate.bound):
        answer.bounds[0] = judging.outward(relaxed.certificate.bound, maximise=False)
    began_s = watch.seconds
    _draw_areas(problem, relaxed, settings, watch, answer)
    answer.stage_seconds["areas"] = watch.seconds - began_s
    # The whole model's flow of "being reached" has a column a border, facility and direction.
    small = arcs_of(problem) <= MOST_ARCS_WHOLE
    if answer.plans is None and small and watch.remaining_s > 0:
        bound = answer.bounds[0]
        solve_plain(problem, settings, watch, answer)
        if answer.bounds:
            answer.bounds[0] = max(answer.bounds[0], bound)


def _without_contiguity(
    problem: TieredProblem, settings: SolverSettings, watch: Watch
) -> SitingSolution:
    # The public call of the one-tier problems, which itself knows the tiered ones.
    from planner.solving.solve import solve  # noqa: PLC0415 - would be circular at import

    left = watch.remaining_s
    limit = None if np.isinf(left) else RELAXED_SHARE * left
    part = watch.part(np.inf if limit is None else limit)
    return solve(
        one_tier(problem),
        replace(settings, time_limit_s=limit),
        lambda event: part.report(event.phase, bound=event.bound),
    )


def one_tier(problem: TieredProblem) -> SitingProblem:
    """The problem without contiguity, as the one-tier methods know it."""
    stream, weight = problem.streams[0], float(problem.phases.weight[0])
    tier = stream.tiers[0]
    part = tier.facilities
    leg = stream.legs[stream.legs_from(DEMAND)[0]]
    tonnes = stream.demand.tonnes[0]
    price = leg.cost_cny_per_t + part.handling_cny_per_t[leg.to]
    return SitingProblem(
        Objective.MIN_COST,
        Demand(stream.demand.ids, tonnes),
        Sites(
            part.ids,
            part.required,
            ~problem.alive(tier)[0],
            part.existing,
            part.size_start,
            tier.usable_capacity_t_per_yr,
            weight * part.fixed_cost_cny_per_yr,
            part.least_throughput_t_per_yr,
        ),
        Arcs(leg.start, leg.to, leg.impedance, weight * price * tonnes[leg.row]),
        quotas=tuple(
            Quota(quota.name, quota.facilities, quota.minimum, quota.maximum)
            for quota in problem.quotas
            if len(problem.quota_phases(quota))
        ),
    )


def _draw_areas(
    problem: TieredProblem,
    relaxed: SitingSolution,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
) -> None:
    """Areas in one piece, from the plan without contiguity or, without one, around every site."""
    rule = problem.streams[0].contiguity
    assert rule is not None  # noqa: S101 - asked by suits
    data = CapacitatedData.of(one_tier(problem))
    areas = Areas.of(data, rule)
    wanted = np.full(len(problem.streams[0].demand), -1)
    opened = np.flatnonzero(areas.possible)
    if relaxed.has_plan:
        position = np.full(len(relaxed.size), -1)
        position[data.site] = np.arange(data.m)
        wanted[relaxed.demand] = position[relaxed.site]
        opened = np.flatnonzero(relaxed.size[data.site] >= 0)
    plan = grown(areas, opened, wanted[data.point])
    if plan is None:
        return
    keeper = _Keeper(problem, data, answer)
    AreaSearch(
        areas,
        plan,
        watch,
        seed=settings.seed,
        threads=settings.threads,
        on_better=keeper.keep,
        enough=lambda: keeper.enough(settings.gap),
    ).run()


class _Keeper:
    """Turns areas into plans of the problem that the checker accepts, and keeps the best."""

    def __init__(self, problem: TieredProblem, data: CapacitatedData, answer: GroupAnswer) -> None:
        stream = problem.streams[0]
        self._problem, self._data, self._answer = problem, data, answer
        self._leg = stream.legs[stream.legs_from(DEMAND)[0]]
        self._width = len(stream.tiers[0].facilities)
        key = self._leg.row * self._width + self._leg.to
        self._arc = np.argsort(key, kind="stable")
        self._key = key[self._arc]

    def enough(self, gap: float) -> bool:
        """Whether the asked gap is reached."""
        reached, bound = self._answer.reached[0], self._answer.bounds[0]
        return np.isfinite(reached) and reached - bound <= gap * abs(reached)

    def keep(self, plan: WholePlan) -> None:
        """Remember areas that are better than what there is."""
        plans = (self._plan(plan),)
        reached = goal_value(self._problem, plans, self._problem.goals[0])
        if reached < self._answer.reached[0] and not checker.check_plan(self._problem, plans):
            self._answer.plans, self._answer.reached[0] = plans, reached

    def _plan(self, plan: WholePlan) -> StreamPlan:
        data = self._data
        size = np.full(self._width, -1)
        opened = np.flatnonzero(plan.chosen >= 0)
        size[data.site[opened]] = data.size[plan.chosen[opened]]
        wanted = data.point * self._width + data.site[plan.site]
        arc = np.sort(self._arc[np.searchsorted(self._key, wanted)])
        tonnes = self._problem.streams[0].demand.tonnes[0][self._leg.row[arc]]
        flow = Flow(np.zeros(len(arc), np.int64), arc, tonnes, np.ones(len(arc)))
        return StreamPlan((size[None, :],), (flow,))

"""A stream by its main tier: exact choice of sizes under prices for the bound, whole plans for it.

1. Every phase gets a relaxation (:mod:`main_tier`) and its bound (:mod:`main_bound`); over phases
   they add up.
2. Plans of the last phase first, each earlier one with sizes that the later ones allow
   (:mod:`main_plan`), then what is above (:mod:`assembling`). What is above is then held and the
   main tier planned again for the ways that are really there.
3. Where but one facility above may be open, each is a case with a bound of its own
   (:mod:`main_cases`); the weakest are planned.
4. Better plans, until gap or time says enough.

Phases that can be proven outright go to :mod:`main_sited` instead.

Quotas in principle are kept like those that must be. That is what they mean as long as some plan
keeps them all; so the bound counts only once there is such a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from planner.problem import IntArray
from planner.solution import SolverSettings
from planner.solving import judging
from planner.solving.method import Watch
from planner.solving.tiered import main_single, main_siting, main_zones
from planner.solving.tiered.assembling import SolveOne
from planner.solving.tiered.main_bound import Bounded, first_pay, raised
from planner.solving.tiered.main_cases import Cases, by_facility, cases_above
from planner.solving.tiered.main_plan import Planner
from planner.solving.tiered.main_run import MainRun
from planner.solving.tiered.main_sited import SITING_S, SitedRun, WholeAnswer
from planner.solving.tiered.main_tier import MainTier, main_tier, straight, suits
from planner.solving.tiered.plain import GroupAnswer, arcs_of
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import GoalKind

METHOD = "main tier by prices and exact choice"
LEAST_ARCS = 2_000
"""Smaller problems are proven sooner as they stand."""
ROUNDS = 1_000
BOUND_SHARE = 0.25
"""Rounds of the prices of a phase, and their most of the time left."""
TURNS = (
    (20_000, 0.3, False),
    (20_000, 1.0, False),
    (60_000, 3.0, False),
    (100_000, 0.3, True),
    (200_000, 1.0, True),
    (200_000, 3.0, True),
    (400_000, 1.0, True),
)
"""Rounds and warmth of ruin and recreate, and whether small models around each site follow."""
ROOMY_SHARE, SITED_BEFORE = 0.6, 1
"""The share of a siting with limits of room, which comes once, before this turn of the search."""
CASES_SHARE, CASES_PLANNED = 0.4, 3
"""The share of the time in which cases of what is above are raised, and how many are planned."""
AROUND_S = 1.0
"""Seconds for a small model."""


def applies(problem: TieredProblem) -> bool:
    """Whether the relaxation speaks of the whole goal, and the problem is worth it.

    Plans are made phase by phase, the last first, which does not clear temporary facilities.
    """
    kinds = [part for goal in problem.goals for part in goal.parts]
    return (
        len(problem.streams) == 1
        and arcs_of(problem) >= LEAST_ARCS
        and kinds == [(GoalKind.COST, 1.0)]
        and problem.streams[0].single_source
        and (problem.streams[0].contiguity is None or main_zones.suits(problem))
        and not any(problem.is_temporary(tier).any() for tier in problem.streams[0].tiers)
        and suits(problem)
    )


def load_kernels(problem: TieredProblem) -> None:
    """Compile (once a machine) and load the kernels, before a clock runs."""
    main = main_tier(problem, 0)
    if not len(main.cost):
        return
    main_siting.load_kernels()
    bounded = raised(main, first_pay(main), rounds=1, stop=lambda: False)
    allowed = np.ones(len(main.choice.size), np.bool_)
    part = problem.streams[0].tiers[main.tier].facilities
    planner = Planner(main, len(part), allowed, lambda: False, 0)
    if planner.possible:
        planner.from_bound(bounded)
        planner.improve(3, 0.3)


def solve_main(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
    solve_one: SolveOne,
) -> bool:
    """Bound and plan; False where this finds no plan, so that another method has to."""
    answer.method, answer.bound_proof = METHOD, "lagrangian"
    answer.reached, answer.bounds = [np.inf], [-np.inf]
    watch.report("build")
    mains = [main_tier(problem, t) for t in range(len(problem.phases))]
    whole_answer = _whole_answer(problem, mains)
    parts = (problem, settings, watch, answer, solve_one, mains)
    if whole_answer is not None:
        sited = SitedRun(*parts)
        return sited.possible() and sited.solve(whole_answer)
    priced = _PricedRun(*parts)
    return priced.possible() and priced.solve()


def _whole_answer(problem: TieredProblem, mains: list[MainTier]) -> WholeAnswer | None:
    """What proves the phases outright; None where prices have to."""
    rule = problem.streams[0].contiguity
    if rule is not None:
        return partial(main_zones.solved, rule=rule)
    if all(map(main_single.suits, mains)):
        return main_single.solved
    return main_siting.solved if all(map(main_siting.suits, mains)) else None


@dataclass(eq=False)
class _PricedRun(MainRun):
    """One solve of one stream by prices, plans and better plans."""

    _planned: list[MainTier] = field(init=False)
    """As plans know the phases; later for the ways over what is open above."""
    _bounds: list[Bounded] = field(default_factory=list, init=False)
    _prices: list[Bounded] = field(default_factory=list, init=False)
    _planners: list[Planner] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._planned = list(map(straight, self._mains))

    def solve(self) -> bool:
        """The stages in their order."""
        for main in self._mains:
            until_s = self._watch.seconds + BOUND_SHARE * self._watch.remaining_s
            stop = partial(self._past, until_s)
            self._bounds.append(raised(main, first_pay(main), rounds=ROUNDS, stop=stop))
        bound = _sum_of(self._pairs())
        if not np.isfinite(bound):
            return False
        self._plan(self._planned, self._bounds_of_plans())
        if self._answer.plans is None:
            return False
        self._settle(bound)
        self._hold_above()
        self._settle(bound)
        self._by_cases()
        for turn, (rounds, warm, around) in enumerate(TURNS):
            if self._enough():
                break
            if turn == SITED_BEFORE:
                self._site_each()
                self._settle(_sum_of(self._pairs()))
            self._improve(rounds, warm, around=around)
        self._settle(_sum_of(self._pairs()))
        return True

    def _bounds_of_plans(self) -> list[Bounded]:
        """Prices to plan by, where plans know fewer ways than the bound."""
        return [
            one
            if planned is main
            else raised(planned, first_pay(planned), rounds=ROUNDS // 2, stop=self._over)
            for planned, main, one in zip(self._planned, self._mains, self._bounds, strict=True)
        ]

    def _past(self, until_s: float) -> bool:
        """Whether a stage has had its time: a bound without a plan is worth nothing."""
        return self._over() or self._watch.seconds >= until_s

    def _pairs(self) -> list[tuple[Bounded, MainTier]]:
        return list(zip(self._bounds, self._mains, strict=True))

    def _plan(self, mains: list[MainTier], bounds: list[Bounded]) -> None:
        """Plans of every phase, the last first, and the whole plan."""
        later: IntArray | None = None
        self._planners, self._planned, self._prices = [], mains, bounds
        for t in reversed(range(len(mains))):
            planner = self._planner(mains[t], t, later)
            if not planner.possible:
                return
            planner.from_bound(bounds[t])
            if planner.plan is None:
                return
            later = planner.plan.size
            self._planners.insert(0, planner)
        self._assemble_best()

    def _site_each(self) -> None:
        """Plans of every phase by the one-tier methods, the last first.

        Their bound counts where they know every way and size of the phase.
        """
        planners: list[Planner] = []
        later: IntArray | None = None
        for t in reversed(range(len(self._planned))):
            main = self._planned[t]
            allowed = self._of_choice(main, t, later)
            planner = self._planner(main, t, later)
            seconds = self._seconds_of(ROOMY_SHARE / (t + 1), SITING_S)
            count = len(self._problem.streams[0].tiers[main.tier].facilities)
            value, plan = main_siting.solved(
                main, count, allowed, self._settings, self._watch, seconds
            )
            if main is self._mains[t] and later is None:
                value = judging.outward(value, maximise=False)
                self._bounds[t] = replace(self._bounds[t], value=max(self._bounds[t].value, value))
            if plan is None:
                return
            planner.offer(plan)
            if planner.plan is None:
                return
            planners.insert(0, planner)
            later = planner.plan.size
        self._planners = planners
        self._assemble_best()

    def _planner(self, main: MainTier, t: int, later: IntArray | None) -> Planner:
        part = self._problem.streams[0].tiers[main.tier].facilities
        allowed = self._of_choice(main, t, later)
        return Planner(main, len(part), allowed, self._over, self._settings.seed)

    def _assemble_best(self) -> None:
        plans = [one.plan for one in self._planners if one.plan is not None]
        self._assemble(self._planned, plans)

    def _hold_above(self) -> None:
        """Plan again for the ways over what is open above."""
        plans = self._answer.plans
        opened = None if plans is None else self._opened_above(plans[0])
        if not self._enough() and opened is not None:
            self._plan_over(opened, list(zip(self._prices, self._planned, strict=True)))

    def _plan_over(self, opened: IntArray, known: list[tuple[Bounded, MainTier]]) -> None:
        """Plan for the ways over some facilities above, from prices that are known."""
        k = self._mains[0].tier
        mains = [
            straight(main_tier(self._problem, t, only=(k + 1, opened)))
            for t in range(len(self._mains))
        ]
        if all(map(self._everybody, mains)):
            bounds = [
                raised(main, one.pay + old.base - main.base, rounds=ROUNDS // 3, stop=self._over)
                for main, (one, old) in zip(mains, known, strict=True)
            ]
            self._plan(mains, bounds)

    def _by_cases(self) -> None:
        """Where one facility above may be open: the bound by cases, and plans of the weakest."""
        if self._enough():
            return
        stop = partial(self._past, self._watch.seconds + CASES_SHARE * self._watch.remaining_s)
        phases: list[Cases] = []
        for t, (root, main) in enumerate(self._pairs()):
            cases = cases_above(self._problem, t, main, root, stop)
            if cases is None:
                return
            phases.append(cases)
        for cases in phases:
            others = sum(one.weakest.value for one in phases if one is not cases)
            cases.rise(self._answer.reached[0] - others, stop)
        weakest = [cases.weakest for cases in phases]
        self._settle(_sum_of([(one.bounded, one.main) for one in weakest]))
        for facility, value in by_facility(phases)[:CASES_PLANNED]:
            if self._enough() or self._enough_at(value):
                break
            self._plan_case(facility, phases)

    def _plan_case(self, facility: int, phases: list[Cases]) -> None:
        """Plan over one facility above; what was known stays where that is no better."""
        before = self._planners, self._planned, self._prices
        reached = self._answer.reached[0]
        known = [(one.bounded, one.main) for one in (cases.of(facility) for cases in phases)]
        self._plan_over(np.array([facility]), known)
        if self._answer.reached[0] >= reached:
            self._planners, self._planned, self._prices = before

    def _improve(self, rounds: int, warm: float, *, around: bool) -> None:
        """Each phase's plan again, where sizes of the others allow it."""
        if len(self._planners) != len(self._mains):
            return
        for t, planner in enumerate(self._planners):
            before = planner.best
            planner.improve(rounds, warm)
            if around:
                planner.improve_around(AROUND_S)
            if planner.best is not before:
                self._assemble_best()
            if self._over() or (t == 0 and len(self._planners) > 1):
                break


def _sum_of(pairs: Sequence[tuple[Bounded, MainTier]]) -> float:
    """What was found for each phase together, rounded outward."""
    total = sum(one.value + main.constant for one, main in pairs)
    scale = sum(abs(main.constant) + abs(one.value) for one, main in pairs)
    return float(judging.outward(total, maximise=False) - 1e-9 * scale)

"""A stream by its main tier: exact choice of sizes under prices for the bound, whole plans for it.

1. Every phase gets a relaxation (:mod:`main_tier`) and its bound (:mod:`main_bound`); over phases
   they add up.
2. Plans of the last phase first, each earlier one with sizes that the later ones allow
   (:mod:`main_plan`), then what is above (:mod:`assembling`). What is above is then held and the
   main tier planned again for the ways that are really there.
3. Better plans, until gap or time says enough.

Quotas in principle are kept like those that must be. That is what they mean as long as some plan
keeps them all; so the bound counts only once there is such a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.solution import SolverSettings
from planner.solving import judging
from planner.solving.method import Watch
from planner.solving.tiered import main_siting, main_zones
from planner.solving.tiered.assembling import SolveOne, assembled
from planner.solving.tiered.below import allowed_before
from planner.solving.tiered.main_bound import Bounded, first_pay, raised
from planner.solving.tiered.main_plan import MainPlan, Planner
from planner.solving.tiered.main_tier import MainTier, main_tier, straight, suits
from planner.solving.tiered.plain import GroupAnswer, arcs_of
from planner.tiered import checker
from planner.tiered.objectives import goal_value, off_quota
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import GoalKind
from planner.tiered.solution import StreamPlan

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
AGAIN = 3
SITING_SHARE, SITING_S = 0.35, 60.0
"""Times that a sited main tier is planned again, its share of the time, and seconds at most."""
ROOMY_SHARE, SITED_BEFORE = 0.6, 1
"""The share of one with limits of room, which is sited once, before this turn of the search."""
AROUND_S = 1.0
ABOVE_S = 30.0
"""Seconds for a small model, and for what is above the main tier."""


def applies(problem: TieredProblem) -> bool:
    """Whether the relaxation speaks of the whole goal, and the problem is worth it."""
    kinds = [part for goal in problem.goals for part in goal.parts]
    return (
        len(problem.streams) == 1
        and arcs_of(problem) >= LEAST_ARCS
        and kinds == [(GoalKind.COST, 1.0)]
        and problem.streams[0].single_source
        and (problem.streams[0].contiguity is None or main_zones.suits(problem))
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
    run = _Run(problem, settings, watch, answer, solve_one)
    return run.solve()


class _Run:
    """One solve of one stream."""

    def __init__(
        self,
        problem: TieredProblem,
        settings: SolverSettings,
        watch: Watch,
        answer: GroupAnswer,
        solve_one: SolveOne,
    ) -> None:
        self._problem, self._settings, self._watch = problem, settings, watch
        self._answer, self._solve_one = answer, solve_one
        answer.method, answer.bound_proof = METHOD, "lagrangian"
        answer.reached, answer.bounds = [np.inf], [-np.inf]
        watch.report("build")
        self._mains = [main_tier(problem, t) for t in range(len(problem.phases))]
        self._planned = list(map(straight, self._mains))
        """As plans know the phases; later for the ways over what is open above."""
        self._bounds: list[Bounded] = []
        self._prices: list[Bounded] = []
        self._whole_answer: Callable[..., tuple[float, MainPlan | None]] = main_siting.solved
        self._planners: list[Planner] = []

    def solve(self) -> bool:
        """The stages in their order."""
        if not all(map(self._everybody, self._mains)):
            return False
        rule = self._problem.streams[0].contiguity
        if rule is not None:
            self._whole_answer = partial(main_zones.solved, rule=rule)
            return self._by_siting()
        if all(map(main_siting.suits, self._mains)):
            return self._by_siting()
        for main in self._mains:
            until_s = self._watch.seconds + BOUND_SHARE * self._watch.remaining_s
            stop = partial(self._past, until_s)
            self._bounds.append(raised(main, first_pay(main), rounds=ROUNDS, stop=stop))
        bound = self._bound()
        if not np.isfinite(bound):
            return False
        self._plan(self._planned, self._bounds_of_plans())
        if self._answer.plans is None:
            return False
        self._settle(bound)
        self._hold_above()
        self._settle(bound)
        for turn, (rounds, warm, around) in enumerate(TURNS):
            if self._enough():
                break
            if turn == SITED_BEFORE:
                self._site_each()
                self._settle(self._bound())
            self._improve(rounds, warm, around=around)
        self._settle(self._bound())
        return True

    def _bounds_of_plans(self) -> list[Bounded]:
        """Prices to plan by, where plans know fewer ways than the bound."""
        return [
            one
            if planned is main
            else raised(planned, first_pay(planned), rounds=ROUNDS // 2, stop=self._over)
            for planned, main, one in zip(self._planned, self._mains, self._bounds, strict=True)
        ]

    def _by_siting(self) -> bool:
        """Phases with proof; then again for the ways over what is open above."""
        alone = self._sited(self._mains, free=True)
        bound = sum(value + main.constant for value, main in zip(alone, self._mains, strict=True))
        for _ in range(AGAIN):
            plans = self._answer.plans
            if plans is None or self._enough_at(bound):
                break
            opened = self._opened_above(plans[0])
            if opened is None:
                break
            before = self._answer.reached[0]
            k = self._mains[0].tier
            mains = [
                main_tier(self._problem, t, only=(k + 1, opened)) for t in range(len(self._mains))
            ]
            if not all(map(self._everybody, mains)):
                break
            self._sited(mains, free=False)
            if self._answer.reached[0] >= before:
                break
        if self._answer.plans is None:
            return False
        self._settle(judging.outward(bound, maximise=False) - 1e-7 * abs(bound))
        return True

    def _sited(self, mains: list[MainTier], *, free: bool) -> list[float]:
        """Bounds by phase, each free of the others, and the whole plan, the last phase first."""
        later: IntArray | None = None
        bounds: list[float] = []
        plans: list[MainPlan] = []
        count = len(self._problem.streams[0].tiers[mains[0].tier].facilities)
        for t in reversed(range(len(mains))):
            every = np.ones(len(mains[t].choice.size), np.bool_)
            allowed = self._of_choice(mains[t], t, later)
            seconds = SITING_SHARE * self._watch.remaining_s / len(mains)
            seconds = SITING_S if np.isinf(seconds) else max(1.0, seconds)
            ask = (count, allowed, self._settings, self._watch, seconds)
            bound, plan = self._whole_answer(mains[t], *ask)
            if free and not (allowed >= (every & np.isfinite(mains[t].choice.fixed))).all():
                ask = (count, every, self._settings, self._watch, seconds)
                bound, _ = self._whole_answer(mains[t], *ask)
            bounds.insert(0, bound)
            if plan is None:
                return [-np.inf] * len(mains)
            later = plan.size
            plans.insert(0, plan)
        self._assemble(mains, plans)
        return bounds

    def _opened_above(self, plan: StreamPlan) -> IntArray | None:
        """Facilities of the tier above the main one that a plan opens; None without such a tier."""
        k = self._mains[0].tier
        if k + 1 >= len(plan.size):
            return None
        return np.flatnonzero((plan.size[k + 1] >= 0).any(axis=0))

    def _enough_at(self, bound: float) -> bool:
        reached = self._answer.reached[0]
        return self._over() or bound >= reached - self._settings.gap * abs(reached)

    def _everybody(self, main: MainTier) -> bool:
        """Whether every reachable point has a way in the relaxation."""
        there = np.zeros(len(main.tonnes), np.bool_)
        there[main.point] = True
        return bool(there[self._problem.streams[0].reachable].all())

    def _bound(self) -> float:
        total = sum(
            one.value + main.constant for one, main in zip(self._bounds, self._mains, strict=True)
        )
        scale = sum(abs(main.constant) + abs(one.value) for one, main in self._pairs())
        return float(judging.outward(total, maximise=False) - 1e-9 * scale)

    def _pairs(self) -> list[tuple[Bounded, MainTier]]:
        return list(zip(self._bounds, self._mains, strict=True))

    def _over(self) -> bool:
        reached, bound = self._answer.reached[0], self._answer.bounds[0]
        self._watch.report(
            "main tier",
            reached if np.isfinite(reached) else float("nan"),
            bound if np.isfinite(bound) else float("nan"),
        )
        return self._watch.remaining_s <= 0

    def _past(self, until_s: float) -> bool:
        """Whether a stage has had its time: a bound without a plan is worth nothing."""
        return self._over() or self._watch.seconds >= until_s

    def _enough(self) -> bool:
        return self._enough_at(self._answer.bounds[0])

    def _settle(self, bound: float) -> None:
        bound = min(bound, self._answer.reached[0])
        self._answer.bounds[0] = max(self._answer.bounds[0], bound)
        self._over()

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
            seconds = ROOMY_SHARE * self._watch.remaining_s / (t + 1)
            seconds = SITING_S if np.isinf(seconds) else max(1.0, seconds)
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

    def _of_choice(self, main: MainTier, t: int, later: IntArray | None) -> BoolArray:
        """(o,) options of the choice that the next phase's sizes allow."""
        allowed = allowed_before(self._problem, main.tier, t, later)
        of_choice = np.ones(len(main.choice.size), np.bool_)
        there = main.choice.size >= 0
        of_choice[there] = allowed[main.choice.size[there]]
        return of_choice

    def _assemble_best(self) -> None:
        plans = [one.plan for one in self._planners if one.plan is not None]
        self._assemble(self._planned, plans)

    def _assemble(self, mains: list[MainTier], plans: list[MainPlan]) -> None:
        """The whole plan of the phases' plans; kept where it is better and breaks no rule."""
        least = sum(plan.value + main.constant for main, plan in zip(mains, plans, strict=True))
        if least >= self._answer.reached[0]:  # nothing above makes it cheaper
            return
        made = assembled(self._problem, mains, plans, self._solved_above)
        if made is None:
            return
        reached = goal_value(self._problem, (made,), self._problem.goals[0])
        if reached < self._answer.reached[0] and self._keeps_all((made,)):
            self._answer.plans, self._answer.reached[0] = (made,), reached

    def _keeps_all(self, plans: tuple[StreamPlan, ...]) -> bool:
        """Whether no rule is broken and no quota yields."""
        problem = self._problem
        yields = (
            any(off_quota(problem, plans, quota, t))
            for quota in problem.quotas
            if quota.binds
            for t in problem.quota_phases(quota).tolist()
        )
        return not any(yields) and not checker.check_plan(problem, plans)

    def _solved_above(self, above: TieredProblem) -> StreamPlan | None:
        found = GroupAnswer()
        limit = min(ABOVE_S, max(2.0, 0.5 * self._watch.remaining_s))
        settings = replace(
            self._settings, time_limit_s=limit, gap=min(1e-3, self._settings.gap / 5), threads=1
        )
        self._solve_one(above, settings, self._watch.part(limit), found)
        return None if found.plans is None else found.plans[0]

    def _hold_above(self) -> None:
        """Plan again for the ways over what is open above."""
        plans, k = self._answer.plans, self._mains[0].tier
        opened = None if plans is None else self._opened_above(plans[0])
        if self._enough() or opened is None:
            return
        mains = [
            straight(main_tier(self._problem, t, only=(k + 1, opened)))
            for t in range(len(self._mains))
        ]
        if all(map(self._everybody, mains)):
            known = zip(mains, self._planned, self._prices, strict=True)
            bounds = [
                raised(main, one.pay + old.base - main.base, rounds=ROUNDS // 3, stop=self._over)
                for main, old, one in known
            ]
            self._plan(mains, bounds)

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

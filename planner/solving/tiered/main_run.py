"""What every solve of a stream by its main tier shares: its phases, its clock, its best plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.assembling import SolveOne, assembled
from planner.solving.tiered.below import allowed_before
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier
from planner.solving.tiered.plain import GroupAnswer
from planner.tiered import checker
from planner.tiered.objectives import goal_value, off_quota
from planner.tiered.problem import TieredProblem
from planner.tiered.solution import StreamPlan

ABOVE_S, LEAST_ABOVE_S = 30.0, 0.5
"""Seconds for what is above the main tier at most; with less it is left alone."""
FIRST_S, LATE_S = 2.0, 0.8
"""Seconds for it at least where there is no plan yet, but so many past the end at most."""
LEAST_PART_S = 0.1
"""A limit that a method can still be asked with."""


@dataclass(eq=False)
class MainRun:
    """One solve of one stream; the answer keeps the best plan and bound."""

    _problem: TieredProblem
    _settings: SolverSettings
    _watch: Watch
    _answer: GroupAnswer
    _solve_one: SolveOne
    _mains: list[MainTier]

    def possible(self) -> bool:
        """Whether the relaxation has a way for everybody in every phase."""
        return all(map(self._everybody, self._mains))

    def _everybody(self, main: MainTier) -> bool:
        """Whether every reachable point has a way in the relaxation."""
        there = np.zeros(len(main.tonnes), np.bool_)
        there[main.point] = True
        return bool(there[self._problem.streams[0].reachable].all())

    def _opened_above(self, plan: StreamPlan) -> IntArray | None:
        """Facilities of the tier above the main one that a plan opens; None without such a tier."""
        k = self._mains[0].tier
        if k + 1 >= len(plan.size):
            return None
        return np.flatnonzero((plan.size[k + 1] >= 0).any(axis=0))

    def _enough(self) -> bool:
        return self._enough_at(self._answer.bounds[0])

    def _enough_at(self, bound: float) -> bool:
        reached = self._answer.reached[0]
        return self._over() or bound >= reached - self._settings.gap * abs(reached)

    def _over(self) -> bool:
        reached, bound = self._answer.reached[0], self._answer.bounds[0]
        self._watch.report(
            "main tier",
            reached if np.isfinite(reached) else float("nan"),
            bound if np.isfinite(bound) else float("nan"),
        )
        return self._watch.remaining_s <= 0

    def _seconds_of(self, share: float, most: float) -> float:
        """A share of the time that is left; a second where there is one, ``most`` without limit."""
        left = self._watch.remaining_s
        return most if np.isinf(left) else max(share * left, min(1.0, left), LEAST_PART_S)

    def _settle(self, bound: float) -> None:
        bound = min(bound, self._answer.reached[0])
        self._answer.bounds[0] = max(self._answer.bounds[0], bound)
        self._over()

    def _of_choice(self, main: MainTier, t: int, later: IntArray | None) -> BoolArray:
        """(o,) options of the choice that the next phase's sizes allow."""
        allowed = allowed_before(self._problem, main.tier, t, later)
        of_choice = np.ones(len(main.choice.size), np.bool_)
        there = main.choice.size >= 0
        of_choice[there] = allowed[main.choice.size[there]]
        return of_choice

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
        left = self._watch.remaining_s
        limit = min(ABOVE_S, 0.5 * left)
        if self._answer.plans is None:
            limit = max(limit, min(FIRST_S, left + LATE_S))
        elif limit < LEAST_ABOVE_S:
            return None
        found = GroupAnswer()
        settings = replace(
            self._settings, time_limit_s=limit, gap=min(1e-3, self._settings.gap / 5), threads=1
        )
        self._solve_one(above, settings, self._watch.part(limit), found)
        return None if found.plans is None else found.plans[0]

"""A main tier whose phases are proven outright: one-tier location, zones, one for everything.

Then again for the ways over what is open above, while that finds better plans.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from planner.problem import IntArray
from planner.solving import judging
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_run import MainRun
from planner.solving.tiered.main_tier import MainTier, main_tier

AGAIN = 3
SITING_SHARE, SITING_S = 0.35, 60.0
"""Times that the phases are planned again, their share of the time, and seconds at most."""

WholeAnswer = Callable[..., tuple[float, MainPlan | None]]
"""Bound and plan of a phase: :func:`main_siting.solved` and its like."""


class SitedRun(MainRun):
    """One solve of one stream."""

    def solve(self, whole_answer: WholeAnswer) -> bool:
        """Phases by ``whole_answer``; then again for the ways over what is open above."""
        self._whole_answer = whole_answer
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
            seconds = self._seconds_of(SITING_SHARE / len(mains), SITING_S)
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

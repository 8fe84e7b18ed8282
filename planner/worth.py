"""What each site is worth: the loss if an open one closes, the subsidy at which another opens.

Both are differences between two optima, of the problem and of the same problem with one site
closed or required. Each optimum is known between its bound and its objective, so each difference
is an interval; it is called exact only where both solves were to proof. Sites that there was no
time to re-solve for get the interval that evaluation alone can prove: the bound of the restricted
problem at the plan's own multipliers, and the plan repaired for the change.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from planner import changes
from planner.bounds import proven_bound
from planner.problem import SitingProblem
from planner.solution import OnProgress, Outcome, SitingSolution, SolverSettings
from planner.solving.judging import maximised
from planner.solving.repair import repaired
from planner.solving.solve import solve

_LEAST_S = 0.05
"""A question that gets less time than this is not asked."""
_EVALUATION_S = 1.0
"""Multipliers are evaluated for so long whatever the limit, and for half of a longer limit."""
_SHARE = 4.0
"""One question may take so many times its even share of the time left."""


class Question(StrEnum):
    """What was asked of a site."""

    CLOSING = "closing"
    """The loss in the objective if this open site closes and everything else may adapt."""
    OPENING = "opening"
    """The loss in the objective if this closed site must open. For costs that is the subsidy: the
    least reduction of its fixed cost (of every size) at which a plan with it is as good. It may be
    more than the fixed cost; then the site would not open even for nothing."""


class Source(StrEnum):
    """Where the figures come from."""

    SOLVED = "solved"
    """The changed problem was solved, and its gap is in the interval."""
    BOUND = "bound"
    """Evaluation only, for lack of time."""


@dataclass(frozen=True)
class SiteWorth:
    """The worth of one site, in the unit of the objective.

    Parameters
    ----------
    low, high : it lies between these; both ``inf`` where the change leaves no plan, ``high``
        ``inf`` where only "at least" is known. Negative only for a required site that the plan
        would be better without.
    exact : both optima are proven (gap at most ``PROVEN_GAP`` each); ``value`` is then their
        difference
    """

    site_id: str
    question: Question
    low: float
    high: float
    exact: bool
    source: Source
    value: float | None

    @property
    def indispensable(self) -> bool:
        """Proven that there is no plan with this change."""
        return bool(np.isinf(self.low))


@dataclass(frozen=True)
class Worth:
    """Every site that the plan opens and every one that it might have, in the problem's order.

    Forbidden sites are not asked about. ``complete`` is whether all were re-solved.
    """

    opened: tuple[SiteWorth, ...]
    others: tuple[SiteWorth, ...]

    @property
    def complete(self) -> bool:
        """Whether no figure is by evaluation only."""
        return all(one.source is Source.SOLVED for one in (*self.opened, *self.others))


def worth_of_sites(
    problem: SitingProblem,
    solution: SitingSolution,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Worth:
    """What each site of a plan is worth.

    Parameters
    ----------
    solution : the answer to this very problem
    settings : the time limit is for all questions together; opened sites come first, then the
        others from the smallest subsidy that the bound allows

    Raises
    ------
    ValueError
        If the solution has no plan or is one of another problem.
    """
    if not solution.has_plan:
        raise ValueError("there is no plan whose sites could be worth something")
    if solution.certificate.problem_hash != problem.fingerprint():
        raise ValueError("the solution is one of another problem")
    asker = _Asker(problem, solution, settings or SolverSettings(), on_progress)
    opened = [int(j) for j in solution.opened]
    others = [
        j
        for j in range(len(problem.sites))
        if solution.size[j] < 0 and not problem.sites.forbidden[j]
    ]
    return asker.ask(opened, others)


@dataclass(frozen=True, eq=False)
class _Changed:
    """The problem with one site changed and what is known of its optimum, as a minimum."""

    site: int
    question: Question
    problem: SitingProblem
    low: float
    high: float
    source: Source = Source.BOUND
    proven: bool = False


class _Asker:
    """Asks the same problem again with one site changed, as long as the time lasts."""

    def __init__(
        self,
        problem: SitingProblem,
        solution: SitingSolution,
        settings: SolverSettings,
        on_progress: OnProgress | None,
    ) -> None:
        self._problem, self._solution = problem, solution
        self._settings, self._on_progress = settings, on_progress
        self._began_s = time.perf_counter()
        self._stopped = False
        self._sign = -1.0 if maximised(problem.objective) else 1.0
        certificate = solution.certificate
        ends = sorted((self._sign * certificate.objective, self._sign * certificate.bound))
        self._low, self._high = ends

    def ask(self, opened: list[int], others: list[int]) -> Worth:
        """Evaluate every change, then re-solve one after another."""
        closing = [self._evaluated(j, Question.CLOSING) for j in opened]
        opening = [self._evaluated(j, Question.OPENING) for j in others]
        queue = [*closing, *sorted(opening, key=lambda one: one.low)]
        known = {}
        for position, one in enumerate(queue):
            known[one.site] = self._solved(one, len(queue) - position)
        return Worth(
            tuple(self._worth(known[j]) for j in opened),
            tuple(self._worth(known[j]) for j in others),
        )

    def _evaluated(self, j: int, question: Question) -> _Changed:
        """What one evaluation proves of the changed problem."""
        name = self._problem.sites.ids[j]
        changed = changes.free(self._problem, name)
        if question is Question.CLOSING:
            changed = changes.ban(changed, name)
        else:
            changed = changes.lock(changed, name)
        limit_s = self._settings.time_limit_s
        cheap = limit_s is not None and self._seconds > max(_EVALUATION_S, limit_s / 2)
        multipliers = None if cheap else self._solution.certificate.multipliers
        low = self._sign * proven_bound(changed, multipliers)
        if not self._problem.sites.required[j]:
            low = max(low, self._low)  # a rule more can only be worse
        plan = None if cheap else repaired(changed, self._solution.size)
        high = np.inf if plan is None else self._sign * plan.objective(changed)
        return _Changed(j, question, changed, min(low, high), high)

    def _solved(self, one: _Changed, left: int) -> _Changed:
        """The changed problem solved, or as it was where there is no time."""
        if np.isinf(one.low):
            return replace(one, source=Source.SOLVED, proven=True)  # no plan, by evaluation
        limit_s = self._share_s(left)
        if self._stopped or (limit_s is not None and limit_s < _LEAST_S):
            return one
        settings = replace(self._settings, time_limit_s=limit_s)
        answer = solve(one.problem, settings, self._on_progress, start=self._solution)
        self._stopped = answer.outcome is Outcome.CANCELLED
        if answer.outcome is Outcome.INFEASIBLE:
            return replace(one, low=np.inf, high=np.inf, source=Source.SOLVED, proven=True)
        certificate = answer.certificate
        low, high = one.low, one.high
        if np.isfinite(certificate.bound):
            low = max(low, self._sign * certificate.bound)
        if answer.has_plan:
            high = min(high, self._sign * certificate.objective)
        return replace(
            one,
            low=min(low, high),
            high=high,
            source=Source.BOUND if self._stopped else Source.SOLVED,
            proven=answer.outcome is Outcome.OPTIMAL,
        )

    @property
    def _seconds(self) -> float:
        return time.perf_counter() - self._began_s

    def _share_s(self, left: int) -> float | None:
        limit_s = self._settings.time_limit_s
        if limit_s is None:
            return None
        remaining_s = limit_s - self._seconds
        return min(remaining_s, max(_LEAST_S, _SHARE * remaining_s / left))

    def _worth(self, one: _Changed) -> SiteWorth:
        """The difference of two intervals."""
        low, high = one.low - self._high, one.high - self._low
        if not self._problem.sites.required[one.site]:
            low, high = max(0.0, low), max(0.0, high)
        exact = one.proven and (
            self._solution.outcome is Outcome.OPTIMAL or bool(np.isinf(one.low))
        )
        value = None
        if exact:
            value = one.high - self._high
            value = value if self._problem.sites.required[one.site] else max(0.0, value)
        return SiteWorth(
            self._problem.sites.ids[one.site], one.question, low, high, exact, one.source, value
        )

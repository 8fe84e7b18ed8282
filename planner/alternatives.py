"""Near-best plans: what else would do, if the best one cannot be had.

Plans are found one after another, each the best among those that differ enough from all before:
the open sites of every known plan are ruled out by a cut (Balas and Jeroslow 1972). With
``different = 0`` these are exactly the k best sets of open sites; with more, a greedy list in
which every two differ by at least so many sites.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from planner import changes
from planner.problem import SitingProblem
from planner.solution import Cancelled, OnProgress, Outcome, SitingSolution, SolverSettings
from planner.solving.judging import maximised
from planner.solving.solve import solve

_TIE = 1e-9
"""Relative rounding that a plan at the very limit is forgiven."""


@dataclass(frozen=True, eq=False)
class NearBest:
    """One plan of the list.

    Parameters
    ----------
    problem : with the exclusions that the plan was found under; ``planner.verify`` takes both
    above : how much worse than the best of the list, as a fraction of that
    """

    problem: SitingProblem
    solution: SitingSolution
    above: float


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Plans within a margin of the best, best first.

    Parameters
    ----------
    plans : the best plan and those near it
    within, different : as asked
    complete : proven that no other plan within the margin differs enough from these
    rest_bound : no plan left out that differs enough from these is better; ``inf`` (``-inf`` for a
        maximum) where there is none at all, NaN where nothing is known of the rest
    """

    plans: tuple[NearBest, ...]
    within: float
    different: int
    complete: bool
    rest_bound: float

    @property
    def in_order(self) -> bool:
        """Whether each plan is proven to be the best of those that differ from the ones before."""
        return all(one.solution.outcome is Outcome.OPTIMAL for one in self.plans)


def alternatives(
    problem: SitingProblem,
    settings: SolverSettings | None = None,
    *,
    within: float = 0.02,
    count: int = 5,
    different: int = 0,
    on_progress: OnProgress | None = None,
    best: SitingSolution | None = None,
) -> Alternatives:
    """The best plans within a margin of the best.

    Parameters
    ----------
    settings : the time limit is for all plans together, the gap for each
    within : margin as a fraction of the best objective
    count : so many plans at most, the best among them
    different : sites in which every two plans must differ at least; a moved one counts as two.
        0 and 1 mean any other set of open sites
    best : the best plan of this very problem, where it is known already

    Raises
    ------
    ValueError
        If a value makes no sense; names every such value.
    """
    _check(within, count, different)
    search = _Search(problem, settings or SolverSettings(), within, max(1, different), on_progress)
    if best is not None and best.certificate.problem_hash == problem.fingerprint():
        search.take(problem, best)
    while search.goes_on and len(search.found) < count:
        search.ask()
    return search.answer(within, different)


def _check(within: float, count: int, different: int) -> None:
    faults = []
    if not 0 <= within < float("inf"):
        faults.append(f"within is {within}; give a fraction from 0 up, e.g. 0.02 for 2 %")
    if count < 1:
        faults.append(f"count is {count}; give 1 or more")
    if different < 0:
        faults.append(f"different is {different}; give 0 or more")
    if faults:
        raise ValueError("; ".join(faults))


class _Search:
    """The plans so far and what is known of the rest."""

    def __init__(
        self,
        problem: SitingProblem,
        settings: SolverSettings,
        within: float,
        differ_by: int,
        on_progress: OnProgress | None,
    ) -> None:
        self.found: list[tuple[SitingProblem, SitingSolution]] = []
        self.rest_bound = float("nan")
        self.goes_on = True
        self._next = problem
        self._settings, self._within, self._differ_by = settings, within, differ_by
        self._on_progress = on_progress
        self._began_s = time.perf_counter()
        self._sign = -1.0 if maximised(problem.objective) else 1.0

    def ask(self) -> None:
        """Find the next plan, or that there is none."""
        limit_s = self._settings.time_limit_s
        if limit_s is not None:
            limit_s -= time.perf_counter() - self._began_s
            if limit_s <= 0:
                self.goes_on = False
                return
        try:
            settings = replace(self._settings, time_limit_s=limit_s)
            solution = solve(self._next, settings, self._on_progress)
        except Cancelled:
            self.goes_on = False
            return
        self.take(self._next, solution)

    def take(self, problem: SitingProblem, solution: SitingSolution) -> None:
        """Add a plan if it is near enough, and learn what it says of the rest."""
        bound = solution.certificate.bound
        self.rest_bound = bound
        if solution.outcome is Outcome.INFEASIBLE:
            self.rest_bound = self._sign * np.inf
        self.goes_on = solution.has_plan and solution.outcome is not Outcome.CANCELLED
        if not solution.has_plan:
            return
        self.found.append((problem, solution))
        if self._beyond(solution.certificate.objective):
            self.found.pop()
            self.goes_on = False
            return
        self.rest_bound = float("nan")  # known again with the next question
        self._next = changes.exclude(problem, solution, differ_by=self._differ_by)

    def answer(self, within: float, different: int) -> Alternatives:
        """The list, best first, less what a later find has put out of the margin."""
        kept = [one for one in self.found if not self._beyond(one[1].certificate.objective)]
        kept.sort(key=lambda one: self._sign * one[1].certificate.objective)
        best = self._best
        return Alternatives(
            plans=tuple(
                NearBest(problem, solution, _above(solution.certificate.objective, best))
                for problem, solution in kept
            ),
            within=within,
            different=different,
            complete=not np.isnan(self.rest_bound) and self._beyond(self.rest_bound),
            rest_bound=self.rest_bound,
        )

    @property
    def _best(self) -> float:
        """Objective of the best plan so far; NaN without any."""
        values = [one.certificate.objective for _, one in self.found]
        return self._sign * min((self._sign * one for one in values), default=float("nan"))

    def _beyond(self, value: float) -> bool:
        """Whether a value is worse than the margin allows; without any plan, only if infinite."""
        best = self._best
        if np.isnan(best):
            return bool(np.isinf(value) and self._sign * value > 0)
        limit = self._sign * best + self._within * abs(best)
        return bool(self._sign * value > limit + _TIE * max(1.0, abs(limit)))


def _above(objective: float, best: float) -> float:
    difference = abs(objective - best)
    return 0.0 if difference == 0 else float(difference / max(abs(best), 1e-9))

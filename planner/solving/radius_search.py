"""p-centre by bisection over the radius, under every rule of a problem.

The worst impedance of a plan is one of the impedances that occur. Whether everybody can be served
within a given one is a feasibility problem without the arcs beyond it: far smaller and easier than
the model of :mod:`planner.models.p_centre`, and log2 of the number of impedances of them settle the
optimum (Minieka 1970). A radius that is proved impossible is a bound; a plan within a radius is a
plan whose worst impedance may be shorter still.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.models import blocks
from planner.problem import Arcs, FloatArray, Objective, SitingProblem
from planner.solution import Progress, SolverSettings, relative_gap
from planner.solving.assignment import Plan
from planner.solving.method import Found, Watch
from planner.solving.pulp_solver import PulpMethod


class _Range:
    """The radii that may be the optimum, and which to ask about next.

    Those below ``low`` are impossible, that at ``high`` is achieved (the end of the list: none is
    yet). A question that took too long casts ``doubt`` on its radius; those above it may still
    give plans and those below it may still be proved impossible.
    """

    def __init__(self, radii: FloatArray, best: Found | None) -> None:
        self._radii = radii
        self.low, self.high = 0, len(radii)
        self.doubt: tuple[int, int] | None = None
        self._last_resort = False
        if best is not None:
            self.achieved(best.objective)

    @property
    def bound(self) -> float:
        """No plan has a shorter worst impedance."""
        return float(self._radii[min(self.low, len(self._radii) - 1)])

    def next_question(self) -> int | None:
        """Position of the radius to ask about; None when nothing is left to ask."""
        if self.low >= self.high or self._last_resort:
            return None
        if self.high == len(self._radii):  # if even the widest is impossible, so is the problem
            self._last_resort = self.doubt is not None
            return len(self._radii) - 1
        if self.doubt is None:
            return (self.low + self.high) // 2
        first, last = self.doubt
        if last + 1 < self.high:
            return (last + 1 + self.high) // 2
        if self.low < first:
            return (self.low + first) // 2
        self._last_resort = True
        return last

    def slice_of(self, remaining_s: float) -> float:
        """How long to spend on the next question: a third, and all of it on the last one."""
        return remaining_s if self._last_resort else max(0.5, remaining_s / 3)

    def achieved(self, objective: float) -> None:
        """There is a plan with this worst impedance."""
        self.high = int(np.searchsorted(self._radii, objective))
        if self.doubt is not None and self.doubt[0] >= self.high:
            self.doubt = None

    def impossible(self, position: int) -> None:
        """There is no plan within this radius."""
        self.low = position + 1
        if self.doubt is not None and self.doubt[1] < self.low:
            self.doubt = None

    def undecided(self, position: int) -> None:
        """The time of the question was up."""
        first, last = self.doubt or (position, position)
        self.doubt = (min(first, position), max(last, position))


class RadiusSearch:
    """Problems of the worst impedance, with or without limits of sites."""

    name = "radius-search"

    def applies(self, problem: SitingProblem) -> bool:
        """Whether the worst impedance is what is made best."""
        return problem.objective is Objective.MIN_WORST

    def needs_mib(self, problem: SitingProblem) -> float:
        """As the plain model: it asks such questions one by one."""
        return PulpMethod().needs_mib(problem)

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Halve the range of possible radii until one is left or the time is up."""
        radii = _possible_radii(problem)
        if radii is None:
            return Found.nothing(self.name, bound=float("nan"), infeasible=True)
        best = _usable_start(problem, watch)
        range_ = _Range(radii, best)
        asked = 0
        while (position := range_.next_question()) is not None and watch.remaining_s > 0:
            if best is not None and relative_gap(best.objective, range_.bound) <= settings.gap:
                break
            asked += 1
            answer = self._within(problem, radii[position], settings, watch, best, range_)
            if answer.size is not None:
                best = self._found(problem, answer, range_.bound)
                watch.keep(best)
                range_.achieved(best.objective)
            elif not answer.infeasible:
                range_.undecided(position)
            elif position == len(radii) - 1:
                return Found.nothing(self.name, bound=float("nan"), infeasible=True)
            else:
                range_.impossible(position)
        if best is None:
            return Found.nothing(self.name, bound=range_.bound)
        return replace(best, bound=range_.bound, reduced={"radii_asked": asked})

    def _within(
        self,
        problem: SitingProblem,
        radius: float,
        settings: SolverSettings,
        watch: Watch,
        best: Found | None,
        range_: _Range,
    ) -> Found:
        """Any plan within a radius, or the proof that there is none."""
        objective = float("nan") if best is None else best.objective

        def pass_on(_event: Progress) -> None:
            watch.report("radius", objective, range_.bound)

        limit_s = None if np.isinf(watch.remaining_s) else range_.slice_of(watch.remaining_s)
        free = replace(problem.sites, fixed_cost=np.zeros(len(problem.sites.fixed_cost)))
        question = replace(
            problem,
            objective=Objective.MIN_SITES,
            sites=free,
            arcs=_within_radius(problem.arcs, radius),
        )
        inner = Watch(SolverSettings(time_limit_s=limit_s), pass_on)
        return PulpMethod().run(question, settings, inner)

    def _found(self, problem: SitingProblem, answer: Found, bound: float) -> Found:
        assert answer.size is not None  # noqa: S101 - asked for by the caller
        plan = Plan(answer.size, answer.demand, answer.site, answer.share)
        return replace(answer, objective=plan.objective(problem), bound=bound, method=self.name)


def _possible_radii(problem: SitingProblem) -> FloatArray | None:
    """Impedances from the longest that somebody cannot avoid upwards; None if one has no site."""
    arcs = blocks.usable_arcs(problem)
    impedance = problem.arcs.impedance[arcs]
    nearest = np.full(len(problem.demand), np.inf)
    np.minimum.at(nearest, problem.arcs.demand[arcs], impedance)
    if not len(arcs) or not np.isfinite(nearest[problem.reachable]).all():
        return None if problem.reachable.any() else np.zeros(1)
    return np.unique(impedance[impedance >= nearest[problem.reachable].max()])


def _within_radius(arcs: Arcs, radius: float) -> Arcs:
    kept = np.flatnonzero(arcs.impedance <= radius)
    start = np.searchsorted(kept, arcs.start)
    return Arcs(start, arcs.site[kept], arcs.impedance[kept], arcs.cost[kept])


def _usable_start(problem: SitingProblem, watch: Watch) -> Found | None:
    best = watch.best
    if best is None or best.size is None:
        return None
    plan = Plan(best.size, best.demand, best.site, best.share)
    return best if plan.kept_rules(problem) else None

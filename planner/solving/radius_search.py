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


class RadiusSearch:
    """Problems of the worst impedance, with or without limits of sites."""

    name = "radius-search"

    def applies(self, problem: SitingProblem) -> bool:
        """Whether the worst impedance is what is made best."""
        return problem.objective is Objective.MIN_WORST

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Halve the range of possible radii until one is left or the time is up."""
        radii = _possible_radii(problem)
        if radii is None:
            return Found.nothing(self.name, bound=float("nan"), infeasible=True)
        low, high = 0, len(radii)  # radii below low are impossible, radii[high] is achieved
        best = _usable_start(problem, watch)
        if best is not None:
            high = int(np.searchsorted(radii, best.objective))
        asked = 0
        while low < high and not _near_enough(best, radii[low], settings):
            # The widest radius first: if even that is impossible, so is the problem.
            middle = len(radii) - 1 if high == len(radii) else (low + high) // 2
            asked += 1
            answer = self._within(problem, radii[middle], settings, watch, best, radii[low])
            if answer.size is not None:
                best = self._found(problem, answer, float(radii[low]))
                watch.keep(best)
                high = int(np.searchsorted(radii, best.objective))
            elif not answer.infeasible:
                break
            elif middle == len(radii) - 1:
                return Found.nothing(self.name, bound=float("nan"), infeasible=True)
            else:
                low = middle + 1
        bound = float(radii[min(low, len(radii) - 1)])
        if best is None:
            return Found.nothing(self.name, bound=bound)
        return replace(best, bound=bound, reduced={"radii_asked": asked})

    def _within(
        self,
        problem: SitingProblem,
        radius: float,
        settings: SolverSettings,
        watch: Watch,
        best: Found | None,
        bound: float,
    ) -> Found:
        """Any plan within a radius, or the proof that there is none."""
        objective = float("nan") if best is None else best.objective

        def pass_on(_event: Progress) -> None:
            watch.report("radius", objective, bound)

        limit_s = None if np.isinf(watch.remaining_s) else watch.remaining_s
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


def _near_enough(best: Found | None, bound: float, settings: SolverSettings) -> bool:
    return best is not None and relative_gap(best.objective, bound) <= settings.gap

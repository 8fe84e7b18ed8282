"""Bounds that anybody can evaluate again: one pass over the problem, no search, no solver."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.problem import FloatArray, Objective, SitingProblem
from planner.solution import Certificate
from planner.solving.capacitated.data import suits
from planner.solving.capacitated.reverify import reverify_bound as reverify_capacitated
from planner.solving.judging import BOUND_SLACK, maximised, sharpened, trivial_bound
from planner.solving.uncapacitated.reverify import reverify_bound


def proven_bound(problem: SitingProblem, multipliers: FloatArray | None = None) -> float:
    """A bound of the objective by evaluation alone: from below for a minimum, else from above.

    The best of: everybody at the best site they can reach, and, where there are multipliers, the
    Lagrangian relaxation of "everybody is served once" at these, with capacities as knapsacks where
    the capacitated method states the problem. Exclusions and what a relaxation does not state are
    left out, which can only weaken it. ``inf`` (``-inf`` for a maximum) where counts, required and
    forbidden sites already leave no plan.
    """
    if problem.objective is Objective.MIN_WORST:
        return _longest_unavoidable(problem)
    problem = replace(problem, exclusions=())
    candidates = [reverify_bound(problem, _best_alone(problem))]
    if multipliers is not None and _fits(problem, multipliers):
        if (multipliers >= 0).all():
            candidates.append(reverify_bound(problem, multipliers))
        if suits(problem):
            candidates.append(reverify_capacitated(problem, multipliers))
    if maximised(problem.objective):
        best = min(trivial_bound(problem), *candidates)
    else:
        best = max(0.0, *candidates)
    return sharpened(best, problem) if math.isfinite(best) else best


def verify_bound(problem: SitingProblem, certificate: Certificate) -> bool | None:
    """Whether a certificate's bound follows from its multipliers, or from the problem alone.

    Returns
    -------
    True
        It does: one evaluation gives a bound at least as tight (within rounding).
    False
        The certificate says that its multipliers prove it, and they do not.
    None
        It makes no such claim; the bound is the word of whoever solved it (``bound_proof``).
    """
    if not np.isfinite(certificate.bound):
        return None
    again = proven_bound(problem, certificate.multipliers)
    if math.isinf(again):
        return None  # no plan at all, by evaluation; then the bound of an objective says nothing
    slack = 10 * BOUND_SLACK * max(1.0, abs(certificate.bound))
    short = again - certificate.bound if certificate.sense == "max" else certificate.bound - again
    if short <= slack:
        return True
    return False if certificate.bound_verified else None


def _fits(problem: SitingProblem, multipliers: FloatArray) -> bool:
    shape = multipliers.shape == (len(problem.demand),)
    return shape and bool(np.isfinite(multipliers).all())


def _best_alone(problem: SitingProblem) -> FloatArray:
    """(n,) multipliers at which no site saves anything: each point's least cost, 0 for covers."""
    best = np.zeros(len(problem.demand))
    if problem.objective is not Objective.MIN_COST or not len(problem.arcs):
        return best
    allowed = ~problem.sites.forbidden[problem.arcs.site]
    least = np.full(len(best), np.inf)
    np.minimum.at(least, problem.arcs.demand[allowed], problem.arcs.cost[allowed])
    return np.where(np.isfinite(least), least, 0.0)


def _longest_unavoidable(problem: SitingProblem) -> float:
    """The longest way that somebody has to the nearest site that may open."""
    allowed = ~problem.sites.forbidden[problem.arcs.site]
    nearest = np.full(len(problem.demand), np.inf)
    np.minimum.at(nearest, problem.arcs.demand[allowed], problem.arcs.impedance[allowed])
    return float(nearest[problem.reachable].max(initial=0.0))

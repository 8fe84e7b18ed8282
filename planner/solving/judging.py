"""What an objective and a bound amount to: the one place that says "optimal".

Rules, for a minimum (a maximum is the mirror image):

- A bound is rounded outward by :data:`BOUND_SLACK` of its value, so that rounding errors of a
  solver cannot carry it past the optimum.
- Where every plan's objective is whole, a bound is lifted to the next whole number; for the worst
  impedance, to the next impedance that occurs.
- Proven means a relative gap of at most ``PROVEN_GAP``.
- A bound above the objective of a plan that the checker accepts is impossible. Within
  :data:`CROSSING_TOLERANCE` it is rounding and is cut back to the objective; beyond, it is a fault
  of ours and raises :class:`InternalError`.
"""

from __future__ import annotations

import numpy as np

from planner.problem import Objective, SitingProblem
from planner.solution import PROVEN_GAP, Outcome, relative_gap

BOUND_SLACK = 1e-9
CROSSING_TOLERANCE = 1e-6
_WHOLE_SLACK = 1e-4
"""How far a solver's bound on a whole objective may lie above a whole number by rounding."""


class InternalError(RuntimeError):
    """A fault of this program: an answer that its own checker or bound refutes."""


def maximised(objective: Objective) -> bool:
    """Whether more is better."""
    return objective is Objective.MAX_COVERED


def outward(bound: float, *, maximise: bool) -> float:
    """The bound, weakened by what rounding may have added to it."""
    if not np.isfinite(bound):
        return bound
    slack = BOUND_SLACK * abs(bound)
    return bound + slack if maximise else bound - slack


def trivial_bound(problem: SitingProblem) -> float:
    """What no plan can be better than: all the demand, or nothing at all."""
    if maximised(problem.objective):
        return float(problem.demand.weight[problem.reachable].sum())
    return 0.0


def whole_objective(problem: SitingProblem) -> bool:
    """Whether the objective of every plan is a whole number."""
    whole_shares = problem.single_source or not problem.needs_allocation
    fixed, weight = problem.sites.fixed_cost, problem.demand.weight
    if problem.objective is Objective.MIN_SITES:
        return _all_whole(fixed)
    if problem.objective is Objective.MIN_COST:
        return whole_shares and _all_whole(fixed) and _all_whole(problem.arcs.cost)
    if problem.objective is Objective.MAX_COVERED:
        return whole_shares and _all_whole(weight)
    return _all_whole(problem.arcs.impedance)


def sharpened(bound: float, problem: SitingProblem) -> float:
    """The bound, moved inward to the nearest value that an objective can take.

    No bound at all becomes the trivial one.
    """
    pick = np.fmin if maximised(problem.objective) else np.fmax
    bound = float(pick(bound, trivial_bound(problem)))
    slack = max(_WHOLE_SLACK, 10 * BOUND_SLACK * abs(bound))
    if problem.objective is Objective.MIN_WORST:
        return _next_impedance(bound, problem)
    if not whole_objective(problem) or slack > 0.1:
        return bound
    if maximised(problem.objective):
        return float(np.floor(bound + slack))
    return float(np.ceil(bound - slack)) + 0.0  # never -0.0


def settled_bound(objective: float, bound: float, *, maximise: bool) -> float:
    """The bound as the certificate shows it.

    Raises
    ------
    InternalError
        If the bound lies on the wrong side of the objective by more than rounding.
    """
    if np.isnan(bound):
        return np.inf if maximise else -np.inf
    crossed = objective - bound if maximise else bound - objective
    if not np.isfinite(objective) or crossed <= 0:
        return bound
    if relative_gap(objective, bound) > CROSSING_TOLERANCE and crossed > CROSSING_TOLERANCE:
        raise InternalError(
            f"the bound {bound!r} refutes a plan of objective {objective!r}; "
            "please report this problem"
        )
    return objective


def outcome_of(
    objective: float, bound: float, *, infeasible: bool = False, cancelled: bool = False
) -> Outcome:
    """How a run ended."""
    if np.isfinite(objective):
        if relative_gap(objective, bound) <= PROVEN_GAP:
            return Outcome.OPTIMAL
        return Outcome.CANCELLED if cancelled else Outcome.FEASIBLE
    if cancelled:
        return Outcome.CANCELLED
    return Outcome.INFEASIBLE if infeasible else Outcome.NO_ANSWER


def _all_whole(values: np.ndarray) -> bool:
    return bool((values == np.rint(values)).all())


def _next_impedance(bound: float, problem: SitingProblem) -> float:
    values = np.unique(problem.arcs.impedance)
    slack = CROSSING_TOLERANCE * max(1.0, abs(bound))
    position = int(np.searchsorted(values, bound - slack))
    return float(values[position]) if position < len(values) else bound

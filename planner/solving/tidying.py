"""Shorter ways at the same objective.

Where the objective does not count the way (fewest sites, most covered, shortest worst way) and
sites have limits, a solver's assignment may send a village past its neighbour's site to a far one.
With the open sizes and the served weight kept, the assignment of least cost is sought; every
official who looks at the map will ask for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import Arcs, BoolArray, Demand, FloatArray, Objective, Sites, SitingProblem
from planner.solution import Progress, SolverSettings
from planner.solving.assignment import Plan
from planner.solving.method import Found, Watch
from planner.solving.pulp_solver import PulpMethod

LIMIT_S = 5.0
"""Tidying is worth no more than this, nor more than what is left of the time."""


def tidied(problem: SitingProblem, found: Found, settings: SolverSettings, watch: Watch) -> Found:
    """The same sites and objective with shorter ways, or what was found if there are none.

    Raises
    ------
    Cancelled
        When the listener asks to stop; what was found is still good.
    """
    wanted = problem.needs_allocation and problem.objective is not Objective.MIN_COST
    if found.size is None or not wanted or not len(found.demand) or watch.remaining_s < 0.1:
        return found
    plan = Plan(found.size, found.demand, found.site, found.share)
    served: FloatArray = np.bincount(plan.demand, plan.share, len(problem.demand)).astype(float)
    worst = plan.objective(problem) if problem.objective is Objective.MIN_WORST else np.inf

    def pass_on(_event: Progress) -> None:
        watch.report("tidy", found.objective, found.bound)

    inner = Watch(SolverSettings(time_limit_s=min(LIMIT_S, watch.remaining_s)), pass_on)
    narrow = _assignment_alone(problem, plan, served, worst)
    answer = PulpMethod().run(narrow, replace(settings, gap=max(settings.gap, 1e-4)), inner)
    if answer.size is None:
        return found
    better = Plan(plan.size, answer.demand, answer.site, answer.share * served[answer.demand])
    if not better.kept_rules(problem) or not _as_good(problem, better, plan):
        return found
    return replace(found, demand=better.demand, site=better.site, share=better.share)


def _assignment_alone(
    problem: SitingProblem, plan: Plan, served: FloatArray, worst: float
) -> SitingProblem:
    """The served weight to the open sites at least cost."""
    sites, arcs = problem.sites, problem.arcs
    is_open: BoolArray = plan.size >= 0
    size = np.where(is_open, plan.size, 0)
    kept = is_open[arcs.site] & (served[arcs.demand] > 0) & (arcs.impedance <= worst)
    start = np.concatenate([[0], np.cumsum(np.bincount(arcs.demand[kept], minlength=len(served)))])
    return SitingProblem(
        objective=Objective.MIN_COST,
        demand=Demand(problem.demand.ids, problem.demand.weight * np.minimum(served, 1.0)),
        sites=Sites.simple(
            sites.ids,
            capacity=np.where(is_open, sites.capacity[size], np.inf),
            least_throughput=np.where(is_open, sites.least_throughput[size], 0.0),
            required=is_open,
            forbidden=~is_open,
        ),
        arcs=Arcs(start, arcs.site[kept], arcs.impedance[kept], _way(arcs)[kept]),
        single_source=problem.single_source,
    )


def _way(arcs: Arcs) -> FloatArray:
    """What a way costs; its impedance where costs are not given."""
    return arcs.cost if arcs.cost.any() else arcs.impedance


def _as_good(problem: SitingProblem, plan: Plan, other: Plan) -> bool:
    one, before = plan.objective(problem), other.objective(problem)
    slack = 1e-9 * max(1.0, abs(before))
    if problem.objective is Objective.MAX_COVERED:
        return one >= before - slack
    return one <= before + slack

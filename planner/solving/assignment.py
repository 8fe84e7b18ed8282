"""Who goes where once it is known which sites are open, and the reading of a model's values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, Objective, SitingProblem
from planner.solving import checker

_DUST = 1e-7
"""Shares below this are a solver's rounding, not a decision."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Open sizes and flows, as in :class:`planner.solution.SitingSolution`."""

    size: IntArray
    demand: IntArray
    site: IntArray
    share: FloatArray

    def objective(self, problem: SitingProblem) -> float:
        """Recomputed from the plan, not taken from a solver."""
        return checker.objective_of(problem, self.size, self.demand, self.site, self.share)

    def kept_rules(self, problem: SitingProblem) -> bool:
        """Whether the independent checker has no complaint."""
        return not checker.check_plan(problem, self.size, self.demand, self.site, self.share)


def to_best_open_site(problem: SitingProblem, size: IntArray) -> Plan:
    """Everybody to the open site that is best for them; for sites without limits.

    Best is the least cost under ``MIN_COST`` and the least impedance otherwise; ties go to the
    other of the two, then to the site that comes first.
    """
    arcs = problem.arcs
    usable = np.flatnonzero(size[arcs.site] >= 0)
    first, second = arcs.impedance[usable], arcs.cost[usable]
    if problem.objective is Objective.MIN_COST:
        first, second = second, first
    demand = arcs.demand[usable]
    order = np.lexsort((arcs.site[usable], second, first, demand))
    served, position = np.unique(demand[order], return_index=True)
    return Plan(size, served, arcs.site[usable[order[position]]], np.ones(len(served)))


def open_sizes(problem: SitingProblem, open_values: FloatArray) -> IntArray:
    """(m,) the opened size option of each site, -1 where closed, from values in [0, 1]."""
    size = np.full(len(problem.sites), -1)
    opened = np.flatnonzero(open_values > 0.5)
    size[problem.sites.site_of_size[opened]] = opened
    return size


def plan_of_values(
    problem: SitingProblem, open_values: FloatArray, arcs: IntArray, use_values: FloatArray
) -> Plan:
    """Plan from a model's values: sizes made whole, dust swept, shares summing to one again.

    Parameters
    ----------
    open_values : (k,) of each size option
    arcs : (u,) positions in ``problem.arcs`` that ``use_values`` (u,) belong to
    """
    size = open_sizes(problem, open_values)
    if not problem.needs_allocation:
        return to_best_open_site(problem, size)
    share = np.where(size[problem.arcs.site[arcs]] >= 0, use_values, 0.0)
    used = np.flatnonzero(share > (0.5 if problem.single_source else _DUST))
    demand, site = problem.arcs.demand[arcs[used]], problem.arcs.site[arcs[used]]
    if problem.single_source:
        return Plan(size, demand, site, np.ones(len(used)))
    share = share[used]
    total = np.bincount(demand, share, minlength=len(problem.demand))[demand]
    if problem.objective is Objective.MAX_COVERED:
        total = np.maximum(total, 1.0)
    return Plan(size, demand, site, share / total)

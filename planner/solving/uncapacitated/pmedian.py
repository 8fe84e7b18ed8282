"""p-median and uncapacitated location, to proof."""

from __future__ import annotations

from planner.problem import Objective, SitingProblem
from planner.solution import SolverSettings
from planner.solving.method import Found, Watch
from planner.solving.uncapacitated.core import core_of, keeps_rules, needed_mib
from planner.solving.uncapacitated.prove import Prover
from planner.solving.uncapacitated.search import Search


class PMedian:
    """Least cost of serving everybody from sites without limits (``MIN_COST``).

    Keeps fixed costs, counts of sites, disjoint quotas, required and forbidden sites, and arcs
    that are missing because of a cutoff.
    """

    name = "p-median"

    def applies(self, problem: SitingProblem) -> bool:
        """Whether the row form states every rule of the problem."""
        return problem.objective is Objective.MIN_COST and keeps_rules(problem)

    def needs_mib(self, problem: SitingProblem) -> float:
        """By the number of arcs."""
        return needed_mib(problem)

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""
        watch.report("reduce")
        return Prover(Search(problem, core_of(problem), settings, watch, self.name)).run()

"""Set cover and maximal cover, to proof."""

from __future__ import annotations

from planner.problem import Objective, SitingProblem
from planner.solution import SolverSettings
from planner.solving.method import Found, Watch
from planner.solving.uncapacitated.core import core_of, keeps_rules, needed_mib
from planner.solving.uncapacitated.prove import Prover
from planner.solving.uncapacitated.search import Search


class SetCover:
    """Everybody covered by the fewest or cheapest sites without limits (``MIN_SITES``)."""

    name = "set-cover"
    _objective = Objective.MIN_SITES

    def applies(self, problem: SitingProblem) -> bool:
        """Whether the row form states every rule of the problem."""
        return problem.objective is self._objective and keeps_rules(problem)

    def needs_mib(self, problem: SitingProblem) -> float:
        """By the number of arcs."""
        return needed_mib(problem)

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""
        watch.report("reduce")
        return Prover(Search(problem, core_of(problem), settings, watch, self.name)).run()


class MaximalCover(SetCover):
    """Most weight covered by a number of sites without limits (``MAX_COVERED``)."""

    name = "maximal-cover"
    _objective = Objective.MAX_COVERED

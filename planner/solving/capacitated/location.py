"""Capacitated location as a method of the house: divided or one site a point."""

from __future__ import annotations

from typing import ClassVar

from planner.problem import SitingProblem
from planner.solution import SolverSettings
from planner.solving.capacitated.course import NAME
from planner.solving.capacitated.data import needed_mib, suits
from planner.solving.capacitated.divided import DividedRun
from planner.solving.capacitated.whole import WholeRun
from planner.solving.method import Found, Watch

SMALL_PAIRS = 500
"""Single-source problems of fewer pairs go to the plain model, which proves them sooner."""


class CapacitatedLocation:
    """The method as ``planner.solve`` sees it."""

    name: ClassVar[str] = NAME

    def applies(self, problem: SitingProblem) -> bool:
        """Least cost with capacities, no least throughput, quotas that do not overlap."""
        small = problem.single_source and len(problem.arcs.site) < SMALL_PAIRS
        return suits(problem) and not small

    def needs_mib(self, problem: SitingProblem) -> float:
        """By the number of pairs, used or not."""
        return needed_mib(len(problem.demand), len(problem.sites))

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""
        course = WholeRun if problem.single_source else DividedRun
        return course(problem, settings, watch).solve()

"""Large groups by decomposition."""

from __future__ import annotations

from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.plain import GroupAnswer, solve_plain
from planner.tiered.problem import TieredProblem


def suits(problem: TieredProblem) -> bool:  # noqa: ARG001
    """Whether the decomposition is worth while."""
    return False


def solve_decomposed(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """Solve."""
    solve_plain(problem, settings, watch, answer)

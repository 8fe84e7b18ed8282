"""Linear programs whose duals are wanted."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from planner.problem import FloatArray
from planner.solving import highs
from planner.solving.highs import HighsOptions, LinearProgram


@dataclass(frozen=True, eq=False)
class Solved:
    """What a linear program came to; ``dual`` (r,) is None where it did not finish."""

    objective: float
    dual: FloatArray | None
    infeasible: bool = False


def solved(program: LinearProgram, seconds: float | None) -> Solved:
    """Solve a program without whole decisions."""
    solver = highs.loaded(program, HighsOptions(seconds))
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        objective = float(solver.getInfo().objective_function_value)
        return Solved(objective, np.array(solver.getSolution().row_dual, np.float64))
    return Solved(np.inf, None, infeasible=status == highspy.HighsModelStatus.kInfeasible)

"""Multipliers from the linear relaxation, where subgradient steps stall short of it.

HiGHS solves the relaxation of the radius formulation; its dual values are only used as multipliers
of the Lagrangian bound, which is then evaluated here: no word of the solver enters the bound.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from planner.problem import FloatArray
from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.uncapacitated import radius_model
from planner.solving.uncapacitated.rows import Rows, Rules

_LISTEN_EVERY_S = 0.2
_MOST_ITERATIONS = 30_000


def relaxed_multipliers(
    rows: Rows, rules: Rules, settings: SolverSettings, watch: Watch
) -> FloatArray | None:
    """(n,) multipliers at the relaxation's optimum; None where there was no time for them.

    Raises
    ------
    Cancelled
        When the listener of the watch asks to stop.
    """
    program = radius_model.arrays(rows, rules, relaxed=True)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.row_lower)
    model.col_cost_, model.col_lower_ = program.cost, program.lower
    model.col_upper_ = program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.row_start.astype(np.int32)
    model.a_matrix_.index_ = program.row_index.astype(np.int32)
    model.a_matrix_.value_ = program.row_value
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # the binding has no types
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - positional in the binding
    solver.setOptionValue("random_seed", settings.seed)
    # Effort is limited by work, not by the clock, so that the same input gives the same answer.
    solver.setOptionValue("simplex_iteration_limit", _MOST_ITERATIONS)
    if np.isfinite(watch.remaining_s):
        solver.setOptionValue("time_limit", watch.remaining_s)
    raised: list[BaseException] = []
    _listen(solver, watch, raised)
    solver.passModel(model)
    solver.run()
    if raised:
        raise raised[0]
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    dual = np.asarray(solver.getSolution().row_dual)
    first = radius_model.first_rows(rows)
    held = first >= 0
    multiplier = np.where(np.isfinite(rows.outside), rows.outside, 0.0)
    cheapest = rows.cost[rows.start[:-1][held]]
    multiplier[held] = np.minimum(cheapest + np.maximum(dual[first[held]], 0.0), rows.outside[held])
    return multiplier


def _listen(solver: Any, watch: Watch, raised: list[BaseException]) -> None:
    heard_s = [watch.seconds]

    def hear(_which: int, _message: str, _out: Any, back: Any, _user: Any) -> None:
        # An exception must not cross the C++ frames: keep it, ask for a stop, raise it after.
        try:
            if raised:
                back.user_interrupt = True
            elif watch.seconds - heard_s[0] > _LISTEN_EVERY_S:
                heard_s[0] = watch.seconds
                watch.report("relaxation")
        except BaseException as problem:  # noqa: BLE001 - KeyboardInterrupt too
            raised.append(problem)
            back.user_interrupt = True

    solver.setCallback(hear, None)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackIpmInterrupt)

"""One linear or mixed-integer program straight into HiGHS, and what really came of it.

Knows neither siting nor PuLP, so that the child process starts fast. What HiGHS says is turned
into five plain words here and nowhere else; whether an answer is optimal is judged from objective
and bound, in ``planner.solving.judging``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

EMPTY = np.zeros(0)

START_LIMIT_S = 5.0
"""Seconds for filling in what a start leaves open."""


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Best ``cost @ x`` with ``row_lower <= A x <= row_upper`` and ``lower <= x <= upper``.

    Parameters
    ----------
    cost, lower, upper : (c,); bounds may be infinite
    integer : (c,) columns that must be whole
    row_start : (r + 1,) row ``r`` of A is ``row_start[r]:row_start[r + 1]`` of the next two
    row_index, row_value : (z,) column and coefficient
    row_lower, row_upper : (r,)
    """

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    row_start: IntArray
    row_index: IntArray
    row_value: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    maximise: bool = False

    @property
    def nonzeros(self) -> int:
        """Entries of the matrix; what the size of a program is measured by."""
        return len(self.row_index)


@dataclass(frozen=True)
class HighsOptions:
    """How HiGHS is to run.

    Parameters
    ----------
    time_limit_s : None is no limit
    gap, abs_gap : relative and absolute gap at which to stop
    threads : None takes what the process already uses
    feasibility : tolerance of a row, absolute; None is HiGHS's own
    quick_branching : branch on what is known of the columns instead of trying them out first;
        for covers, where trying out was measured to take nine tenths of the time
    memory_mib : that a process of its own may take; this one is not held to it
    """

    time_limit_s: float | None = None
    gap: float = 0.0
    abs_gap: float = 1e-9
    threads: int | None = None
    seed: int = 0
    feasibility: float | None = None
    quick_branching: bool = False
    memory_mib: float = float("inf")


class Ending(StrEnum):
    """Why HiGHS stopped."""

    FINISHED = "finished"  # the asked gap reached
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"  # time, or asked to
    FAILED = "failed"  # numerical trouble, memory, or anything unknown


@dataclass(frozen=True, eq=False)
class Incumbent:
    """News from a running solve; ``values`` is empty where only the bound moved."""

    objective: float
    bound: float
    values: FloatArray


@dataclass(frozen=True, eq=False)
class HighsAnswer:
    """What HiGHS ended with; ``values`` is empty and ``objective`` NaN without a solution."""

    ending: Ending
    objective: float
    bound: float
    values: FloatArray
    status: str
    version: str

    @property
    def has_values(self) -> bool:
        """Whether there is a solution (of a program without columns too)."""
        return bool(np.isfinite(self.objective))


OnNews = Callable[[Incumbent], None]


def version() -> str:
    """Version of HiGHS."""
    return str(_new_solver().version())


def run(
    program: LinearProgram,
    options: HighsOptions,
    *,
    start: FloatArray = EMPTY,
    on_news: OnNews | None = None,
) -> HighsAnswer:
    """Solve; ``on_news`` hears of incumbents and bounds and stops the solve by raising.

    Parameters
    ----------
    start : (c,) values of an earlier plan to begin from, NaN where unknown; or empty

    Raises
    ------
    Whatever ``on_news`` raised, once HiGHS has come to a stop.
    """
    if not len(program.cost):
        return _without_columns(program)
    start = _whole_start(program, options, start)
    solver = loaded(program, options)
    known = np.flatnonzero(np.isfinite(start)).astype(np.int32)
    if len(known):
        solver.setSolution(len(known), known, np.asarray(start[known], np.float64))
    raised: list[BaseException] = []
    if on_news is not None:
        _listen(solver, program, on_news, raised)
    solver.run()
    if raised:
        raise raised[0]
    return _answer(solver, program)


def _whole_start(program: LinearProgram, options: HighsOptions, start: FloatArray) -> FloatArray:
    """The start with every whole column known, or none.

    HiGHS fills in missing whole columns by a search of its own, in which the listener hears the
    bound of that search: it was seen above the optimum of the program.
    """
    if not len(start) or np.isfinite(start[program.integer]).all():
        return start
    held = program.integer & np.isfinite(start)
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[held] = upper[held] = np.rint(start[held])
    seconds = START_LIMIT_S if options.time_limit_s is None else options.time_limit_s / 4
    filled = run(
        replace(program, lower=lower, upper=upper),
        replace(options, time_limit_s=min(seconds, START_LIMIT_S)),
    )
    return filled.values if filled.has_values else EMPTY


def loaded(program: LinearProgram, options: HighsOptions) -> Any:
    """A solver with a program in it, for those who want more of it than an answer (duals)."""
    solver = _new_solver()
    _configure(solver, options)
    _load(solver, program)
    return solver


def _new_solver() -> Any:
    return highspy.Highs()  # type: ignore[no-untyped-call]  # highspy has no annotations


def _configure(solver: Any, options: HighsOptions) -> None:
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - no keyword
    solver.setOptionValue("mip_rel_gap", options.gap)
    solver.setOptionValue("mip_abs_gap", options.abs_gap)
    solver.setOptionValue("random_seed", options.seed)
    if options.feasibility is not None:
        solver.setOptionValue("primal_feasibility_tolerance", options.feasibility)
        solver.setOptionValue("mip_feasibility_tolerance", options.feasibility)
    if options.threads is not None:
        # The scheduler of a process is made once; asking for another size later is an error.
        highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003 - no keyword
        solver.setOptionValue("threads", options.threads)
    if options.time_limit_s is not None:
        solver.setOptionValue("time_limit", max(0.0, options.time_limit_s))
    if options.quick_branching:
        solver.setOptionValue("mip_pscost_minreliable", 0)


def _load(solver: Any, program: LinearProgram) -> None:
    model = highspy.HighsLp()
    model.num_col_ = len(program.cost)
    model.num_row_ = len(program.row_lower)
    model.col_cost_ = program.cost
    model.col_lower_ = program.lower
    model.col_upper_ = program.upper
    model.row_lower_ = program.row_lower
    model.row_upper_ = program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.row_start.astype(np.int32)
    model.a_matrix_.index_ = program.row_index.astype(np.int32)
    model.a_matrix_.value_ = program.row_value
    if program.integer.any():
        whole, any_value = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [whole if one else any_value for one in program.integer]
    if program.maximise:
        model.sense_ = highspy.ObjSense.kMaximize
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise ValueError("HiGHS refuses the model: a number in it is not finite")


def _listen(
    solver: Any, program: LinearProgram, on_news: OnNews, raised: list[BaseException]
) -> None:
    kind = highspy.cb.HighsCallbackType
    improved = int(kind.kCallbackMipImprovingSolution)

    def hear(which: int, _message: str, out: Any, back: Any, _user: Any) -> None:
        # An exception must not cross the C++ frames: keep it, ask for a stop, raise it after.
        try:
            if raised:
                back.user_interrupt = True
            elif int(which) == improved:
                values = np.array(out.mip_solution, np.float64)
                on_news(Incumbent(float(program.cost @ values), _bound(out, program), values))
            else:
                on_news(Incumbent(float("nan"), _bound(out, program), EMPTY))
        except BaseException as problem:  # noqa: BLE001 - KeyboardInterrupt too
            raised.append(problem)
            back.user_interrupt = True

    solver.setCallback(hear, None)
    for one in (
        kind.kCallbackMipImprovingSolution,
        kind.kCallbackMipInterrupt,
        kind.kCallbackSimplexInterrupt,
    ):
        solver.startCallback(one)


def _bound(out: Any, program: LinearProgram) -> float:
    """The dual bound that a callback carries, NaN before there is one."""
    value = float(out.mip_dual_bound)
    if not program.integer.any() or not np.isfinite(value) or abs(value) >= 1e100:
        return float("nan")
    return value


def _answer(solver: Any, program: LinearProgram) -> HighsAnswer:
    status = solver.getModelStatus()
    info = solver.getInfo()
    solution = solver.getSolution()
    held = info.primal_solution_status == highspy.kSolutionStatusFeasible
    values = np.array(solution.col_value, np.float64) if held else EMPTY
    objective = float(program.cost @ values) if held else float("nan")
    ending = _ending(status, program)
    if program.integer.any():
        bound = float(info.mip_dual_bound)
    else:
        bound = objective if ending is Ending.FINISHED else float("nan")
    worst = np.inf if program.maximise else -np.inf
    if not np.isfinite(bound) or ending is Ending.FAILED:
        bound = worst
    return HighsAnswer(
        ending, objective, bound, values, solver.modelStatusToString(status), solver.version()
    )


def _ending(status: Any, program: LinearProgram) -> Ending:
    known = highspy.HighsModelStatus
    if status == known.kOptimal:
        return Ending.FINISHED
    bounded = np.isfinite(program.lower).all() and np.isfinite(program.upper).all()
    if status == known.kInfeasible or (bounded and status == known.kUnboundedOrInfeasible):
        return Ending.INFEASIBLE
    if status in (known.kTimeLimit, known.kInterrupt, known.kSolutionLimit, known.kIterationLimit):
        return Ending.STOPPED
    return Ending.FAILED


def _without_columns(program: LinearProgram) -> HighsAnswer:
    """Nothing to decide: feasible when every row allows 0 (HiGHS calls such a model empty)."""
    possible = bool(((program.row_lower <= 0) & (program.row_upper >= 0)).all())
    if possible:
        return HighsAnswer(Ending.FINISHED, 0.0, 0.0, EMPTY, "Empty", version())
    return HighsAnswer(Ending.INFEASIBLE, np.nan, np.nan, EMPTY, "Infeasible", version())

"""The plain way: the PuLP model of the whole problem, solved by HiGHS.

PuLP states the model; its rows are then handed to HiGHS as arrays (:mod:`planner.solving.highs`)
instead of through PuLP's own solver class, because

- PuLP 3.3 says "Optimal" at a time limit with whatever incumbent there is, and hides the bound;
- only arrays can go to a child process, and only a child can be ended during presolve;
- an earlier plan can be a warm start (PuLP 3.3 cannot pass one to HiGHS).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner import models
from planner.models.blocks import SitingModel
from planner.problem import FloatArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving import assignment, child, highs, judging, memory
from planner.solving.assignment import Plan
from planner.solving.highs import EMPTY, Ending, HighsAnswer, HighsOptions, Incumbent, LinearProgram
from planner.solving.memory import NotEnoughMemoryError
from planner.solving.method import Found, Watch

SMALL_NONZEROS = 40_000
"""Up to this size a program runs in this process. Measured on two busy cores: a child costs
0.3-0.5 s to start, and presolve, the one part that does not listen, takes about as long at this
size (0.4 s at 35,000 non-zeros, 1.3 s at 96,000), so that a cancel is obeyed within a second."""

BYTES_AN_ARC = 600
"""What a model of arcs with their links holds at most, while it is written and handed over."""

_TELL_EVERY_S = 0.05

OnIncumbent = Callable[[FloatArray, float], None]
"""Called with the values of a new incumbent and the bound (NaN if none yet)."""


def run_program(
    program: LinearProgram,
    settings: SolverSettings,
    watch: Watch,
    *,
    phase: str,
    start: FloatArray = EMPTY,
    on_incumbent: OnIncumbent | None = None,
    abs_gap: float = 1e-9,
    quick_branching: bool = False,
) -> HighsAnswer:
    """Solve a program within the watch's time, small ones here and large ones in a child.

    The best values and the best bound that were heard of survive a process that had to be ended.

    Raises
    ------
    Cancelled
        When the listener of the watch asks to stop; ``on_incumbent`` has had every incumbent.
    NotEnoughMemoryError, ChildDiedError
        If the solver's process died of memory, or of anything, and there is no plan.
    """
    # 1e-8 under the asked gap, so that rounding the bound outward does not miss it.
    options = HighsOptions(
        None if np.isinf(watch.remaining_s) else watch.remaining_s,
        max(0.0, settings.gap - 1e-8),
        abs_gap,
        settings.threads,
        settings.seed,
        quick_branching=quick_branching,
        memory_mib=memory.allowed_mib(settings),
    )
    news = _News(program, watch, phase, on_incumbent)
    if program.nonzeros <= SMALL_NONZEROS:
        # One process, one scheduler: its number of threads is left as it is.
        answer = highs.run(program, replace(options, threads=None), start=start, on_news=news.hear)
    else:
        try:
            answer = child.run(program, options, start=start, on_news=news.hear)
        except child.ChildDiedError as died:
            # A plan found on the way is an answer, whatever became of the process.
            if not news.has_values and watch.best is None:
                if died.out_of_memory:
                    raise NotEnoughMemoryError(_memory_spent(program, options)) from died
                raise
            answer = news.last_words()
    return news.completed(answer)


def _memory_spent(program: LinearProgram, options: HighsOptions) -> str:
    return (
        f"the solver's process has used up the {options.memory_mib:,.0f} MiB that it may take on a "
        f"model of {program.nonzeros:,} entries and found no plan; raise memory_mib, or leave out "
        "pairs that nobody would use by a shorter cutoff"
    )


class _News:
    """Best values and bound of a running program, passed on to the watch as they come."""

    def __init__(
        self, program: LinearProgram, watch: Watch, phase: str, on_incumbent: OnIncumbent | None
    ) -> None:
        self._maximise = program.maximise
        self._watch = watch
        self._phase = phase
        self._on_incumbent = on_incumbent
        self._values = EMPTY
        self._objective = float("nan")
        self._bound = float("nan")
        self._told_s = -np.inf

    def hear(self, news: Incumbent | None) -> None:
        """Take in an incumbent, a bound or a mere heartbeat, and tell the listener."""
        if news is not None:
            if np.isfinite(news.bound):
                self._bound = self._tighter(news.bound)
            if len(news.values):
                self._values, self._objective = news.values, news.objective
                if self._on_incumbent is not None:
                    self._on_incumbent(news.values, self._bound)
            elif self._watch.best is not None and np.isfinite(self._bound):
                self._watch.best = replace(
                    self._watch.best, bound=judging.outward(self._bound, maximise=self._maximise)
                )
        # HiGHS calls back thousands of times a second; nobody reads that fast.
        now_s = self._watch.seconds
        if now_s - self._told_s > _TELL_EVERY_S or (news is not None and len(news.values)):
            self._told_s = now_s
            self._watch.report(self._phase, self._objective, self._bound)

    @property
    def has_values(self) -> bool:
        """Whether there has been an incumbent."""
        return len(self._values) > 0

    def last_words(self) -> HighsAnswer:
        """What is known when the process ended by itself."""
        worst = np.inf if self._maximise else -np.inf
        return HighsAnswer(
            Ending.FAILED, self._objective, worst, self._values, "process died", highs.version()
        )

    def completed(self, answer: HighsAnswer) -> HighsAnswer:
        """The answer, with what was heard before where the process had to be ended."""
        if answer.ending is Ending.INFEASIBLE:
            return answer
        if not answer.has_values and self.has_values:
            answer = replace(answer, values=self._values, objective=self._objective)
        if np.isfinite(self._bound):
            answer = replace(answer, bound=self._tighter(answer.bound))
        return answer

    def _tighter(self, bound: float) -> float:
        pick = np.fmin if self._maximise else np.fmax
        return float(pick(bound, self._bound))


class PulpMethod:
    """Any problem, as its PuLP model."""

    name = "pulp"

    def applies(self, problem: SitingProblem) -> bool:  # noqa: ARG002 - of the protocol
        """Whether the model states every rule; it states all of them."""
        return True

    def needs_mib(self, problem: SitingProblem) -> float:
        """By the number of arcs: the model here; the solver's process is held by the system."""
        return len(problem.arcs) * BYTES_AN_ARC / memory.MIB

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Build, solve, read; the plan is the checker's, the bound is HiGHS's word."""
        watch.report("build")
        began_s = watch.seconds
        model = models.build(problem, lambda: watch.report("build"))
        program = model.linear.arrays()
        built_s = watch.seconds
        keeper = _Keeper(problem, model, watch)
        answer = run_program(
            program,
            settings,
            watch,
            phase="solve",
            start=_start_values(problem, model, program, watch.best),
            on_incumbent=keeper.keep,
            abs_gap=0.999 if judging.whole_objective(problem) else 1e-9,
        )
        stages = {"build": built_s - began_s, "solve": watch.seconds - built_s}
        if answer.ending is Ending.INFEASIBLE:
            nothing = Found.nothing(self.name, bound=float("nan"), infeasible=True)
            return replace(nothing, stage_seconds=stages)
        return replace(keeper.final(answer, program, settings), stage_seconds=stages)


class _Keeper:
    """Turns a model's values into plans that the checker accepts, and keeps the best."""

    def __init__(self, problem: SitingProblem, model: SitingModel, watch: Watch) -> None:
        self._problem, self._model, self._watch = problem, model, watch
        self._maximise = judging.maximised(problem.objective)

    def keep(self, values: FloatArray, bound: float) -> None:
        """Remember an incumbent; one that rounding has spoiled is passed over."""
        plan = self._plan(values)
        if plan.kept_rules(self._problem):
            self._watch.keep(self._found(plan, bound))

    def final(self, answer: HighsAnswer, program: LinearProgram, settings: SolverSettings) -> Found:
        """What the solve ended with."""
        bound = answer.bound
        if answer.has_values:
            plan = self._plan(answer.values)
            if not plan.kept_rules(self._problem):
                plan = self._repaired(answer.values, program, settings)
            if plan.kept_rules(self._problem):
                found = self._found(plan, bound)
                if not self._kept_is_better(found):
                    return found
        if self._watch.best is not None:
            return replace(self._watch.best, bound=self._settled(bound))
        return Found.nothing(PulpMethod.name, bound=self._settled(bound))

    def _plan(self, values: FloatArray) -> Plan:
        model = self._model
        return assignment.plan_of_values(
            self._problem, values[model.open_columns], model.arcs, values[model.arc_columns]
        )

    def _found(self, plan: Plan, bound: float) -> Found:
        return Found(
            plan.size,
            plan.demand,
            plan.site,
            plan.share,
            plan.objective(self._problem),
            self._settled(bound),
            PulpMethod.name,
        )

    def _settled(self, bound: float) -> float:
        outward = judging.outward(bound, maximise=self._maximise)
        return judging.sharpened(outward, self._problem)

    def _kept_is_better(self, found: Found) -> bool:
        best = self._watch.best
        if best is None:
            return False
        gain = found.objective - best.objective
        return gain < 0 if self._maximise else gain > 0

    def _repaired(
        self, values: FloatArray, program: LinearProgram, settings: SolverSettings
    ) -> Plan:
        """The best plan with the same sites, solved again with these fixed.

        A value of 1e-6 where 0 was meant lets a large capacity serve a little from a closed site;
        rounding it away leaves rules broken by as little.
        """
        columns = self._model.open_columns
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[columns] = upper[columns] = np.rint(values[columns])
        fixed = replace(program, lower=lower, upper=upper)
        limit_s = max(1.0, min(self._watch.remaining_s, 10.0))
        options = HighsOptions(limit_s, settings.gap, seed=settings.seed, feasibility=1e-9)
        answer = highs.run(fixed, options)
        return self._plan(answer.values if answer.has_values else values)


def _start_values(
    problem: SitingProblem, model: SitingModel, program: LinearProgram, best: Found | None
) -> FloatArray:
    """(c,) values of an earlier plan for HiGHS to begin from; what it leaves out HiGHS finds."""
    if best is None or best.size is None or len(model.arc_columns) + len(best.size) == 0:
        return EMPTY
    values = np.full(len(program.cost), np.nan)
    values[model.open_columns] = 0.0
    values[model.open_columns[best.size[best.size >= 0]]] = 1.0
    if len(model.arc_columns):
        key = problem.arcs.demand * len(problem.sites) + problem.arcs.site
        used = np.searchsorted(key, best.demand * len(problem.sites) + best.site)
        share = np.zeros(len(key))
        share[used] = best.share
        values[model.arc_columns] = share[model.arcs]
    return values

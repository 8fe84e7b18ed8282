"""The plain way: the model of a group of streams, goal by goal, solved by HiGHS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from planner.models.modelling import PULP_ARC_LIMIT, ArrayWriter, PulpWriter
from planner.models.tiered import TieredModel, build
from planner.problem import FloatArray, Strength
from planner.solution import FEASIBILITY_TOLERANCE, Reason, SolverSettings
from planner.solving import judging
from planner.solving.highs import EMPTY, Ending, HighsAnswer
from planner.solving.method import Watch
from planner.solving.pulp_solver import run_program
from planner.solving.tiered.reading import (
    Plans,
    plans_of_values,
    polished,
    values_of_plans,
)
from planner.tiered.objectives import goal_value
from planner.tiered.problem import TieredProblem


@dataclass(eq=False)
class GroupAnswer:
    """What is known of a group of streams, while it is solved and after.

    ``reached`` and ``bounds`` have one entry for each goal that was looked at.
    """

    plans: Plans | None = None
    reached: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    infeasible: bool = False
    method: str = "pulp"
    bound_proof: str = "solver"
    reasons: tuple[Reason, ...] = ()
    stage_seconds: dict[str, float] = field(default_factory=dict)


def hopeless_lowered(problem: TieredProblem) -> TieredProblem:
    """Quotas that may yield and that ask for more than there can be, lowered to what there is."""
    lowered = []
    for quota in problem.quotas:
        may_yield = quota.strength in (Strength.IN_PRINCIPLE, Strength.ON_DEMAND)
        tier = problem.stream(quota.stream).tier(quota.tier)
        alive = problem.alive(tier)[:, quota.facilities]
        phases = problem.quota_phases(quota)
        if not may_yield or not len(phases) or alive[phases].sum(axis=1).min() >= quota.minimum:
            lowered.append(quota)
            continue
        lowered += [
            replace(quota, phases=(t,), minimum=min(quota.minimum, int(alive[t].sum())))
            for t in phases.tolist()
        ]
    return replace(problem, quotas=tuple(lowered))


def arcs_of(problem: TieredProblem) -> int:
    """Arcs over all streams, legs and phases: what the size of a model is measured by."""
    return len(problem.phases) * sum(len(leg) for stream in problem.streams for leg in stream.legs)


def writer_for(problem: TieredProblem, watch: Watch) -> Any:
    """PuLP, or straight into arrays where PuLP would take too long."""
    writer = PulpWriter if arcs_of(problem) <= PULP_ARC_LIMIT else ArrayWriter
    return partial(writer, tick=lambda: watch.report("build"))


class OutOfTimeError(Exception):
    """The time was up before a model was built."""


def _timed_writer_for(problem: TieredProblem, watch: Watch) -> Any:
    """As :func:`writer_for`; ends the build of a large model when the time is up."""

    def tick() -> None:
        watch.report("build")
        if watch.remaining_s <= 0:
            raise OutOfTimeError

    return partial(writer_for(problem, watch), tick=tick)


def solve_plain(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """Goal by goal; ``answer`` holds the best so far at every moment."""
    yielded = 0.0
    _run_goal(problem, settings, watch, answer, 0, (), yielded)
    if answer.infeasible and _may_yield(problem):
        least = _least_yielded(problem, settings, watch)
        # No plan found with quotas that may yield is no proof that there is none.
        answer.infeasible = least == np.inf
        if least is None or answer.infeasible:
            return
        yielded = least
        _run_goal(problem, settings, watch, answer, 0, (), yielded)
    held: list[float] = []
    for stage in range(1, len(problem.goals)):
        if answer.plans is None or watch.remaining_s <= 0:
            return
        held.append(_most(answer.reached[-1], problem.goals[stage - 1].allowance))
        _run_goal(problem, settings, watch, answer, stage, held, yielded)


def _most(reached: float, allowance: float) -> float:
    return reached + max(allowance, 1e-9) * abs(reached) + FEASIBILITY_TOLERANCE * 1e-2


def _may_yield(problem: TieredProblem) -> bool:
    return any(
        quota.strength in (Strength.IN_PRINCIPLE, Strength.ON_DEMAND) for quota in problem.quotas
    )


def _least_yielded(problem: TieredProblem, settings: SolverSettings, watch: Watch) -> float | None:
    """How much quotas in principle must yield in all.

    ``inf`` where even that is no help, None where the time did not suffice to say.
    """
    model = build(problem, writer_for(problem, watch), most_yielded=None, measure_yielded=True)
    program = model.linear.arrays()
    exact = replace(settings, gap=0.0)
    found = run_program(program, exact, watch, phase="quotas that yield", abs_gap=0.999)
    if not found.has_values:
        return np.inf if found.ending is Ending.INFEASIBLE else None
    return float(np.ceil(found.objective - 1e-6))


def _run_goal(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
    stage: int,
    held: Sequence[float],
    most_yielded: float,
) -> None:
    watch.report("build")
    write = _timed_writer_for(problem, watch)
    try:
        model = build(problem, write, stage=stage, held=held, most_yielded=most_yielded)
    except OutOfTimeError:
        return
    program = model.linear.arrays()
    start = EMPTY
    if answer.plans is not None:
        start = values_of_plans(problem, model, len(program.cost), answer.plans)
    goal = problem.goals[stage]
    if len(answer.reached) <= stage:
        reached = goal_value(problem, answer.plans, goal) if answer.plans else float("inf")
        answer.reached.append(reached)
        answer.bounds.append(-np.inf)

    def keep(values: FloatArray, bound: float) -> None:
        # Never a plan that a rounding made worse than the one that is there.
        plans = plans_of_values(problem, model, polished(program, values))
        reached = goal_value(problem, plans, goal)
        if reached < answer.reached[stage]:
            answer.plans, answer.reached[stage] = plans, reached
        if np.isfinite(bound):
            answer.bounds[stage] = max(answer.bounds[stage], judging.outward(bound, maximise=False))

    found = run_program(program, settings, watch, phase="solve", start=start, on_incumbent=keep)
    _take(found, keep, answer, stage)


def _take(found: HighsAnswer, keep: Any, answer: GroupAnswer, stage: int) -> None:
    if found.has_values:
        keep(found.values, found.bound)
    elif found.ending is Ending.INFEASIBLE and answer.plans is None:
        answer.infeasible = True
    elif np.isfinite(found.bound):
        bound = judging.outward(found.bound, maximise=False)
        answer.bounds[stage] = max(answer.bounds[stage], bound)


def solved_model(problem: TieredProblem, watch: Watch) -> TieredModel:
    """The model of the first goal, for those who restrict it."""
    return build(problem, writer_for(problem, watch))

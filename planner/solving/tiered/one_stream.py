"""Which method solves a group of streams that is taken as it is, and what follows a weak result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered import contiguous, main_solve
from planner.solving.tiered.decomposition import solve_decomposed, suits
from planner.solving.tiered.plain import GroupAnswer, solve_plain
from planner.tiered.problem import TieredProblem

LEAST_LEFT_S = 3.0
"""With less time left a second method is not begun."""


def solve_one(
    part: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """A group by the method that suits it; no second one is begun when the time is up."""
    if settings.accelerate and main_solve.applies(part):
        if main_solve.solve_main(part, settings, watch, answer, solve_one):
            _use_what_is_left(part, settings, watch, answer)
            return
        _start_anew(answer)
        if watch.remaining_s <= 0:
            return
    if settings.accelerate and suits(part):
        solve_decomposed(part, settings, watch, answer)
    elif settings.accelerate and contiguous.suits(part):
        contiguous.solve_contiguous(part, settings, watch, answer)
    else:
        solve_plain(part, settings, watch, answer)


def _use_what_is_left(
    part: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """A weak result has the next method look too, in the time left; the better of each is kept."""
    weak = answer.reached[0] - answer.bounds[0] > settings.gap * abs(answer.reached[0])
    if not weak or watch.remaining_s < LEAST_LEFT_S or not suits(part):
        return
    other, left = GroupAnswer(), watch.remaining_s
    limit = None if np.isinf(left) else left
    solve_decomposed(part, replace(settings, time_limit_s=limit), watch.part(left), other)
    if other.plans is not None and other.reached[0] < answer.reached[0]:
        answer.plans, answer.reached[0] = other.plans, other.reached[0]
    if other.bounds:
        answer.bounds[0] = min(max(answer.bounds[0], other.bounds[0]), answer.reached[0])
    answer.method = f"{answer.method} + {other.method}"
    answer.bound_proof = f"{answer.bound_proof} + {other.bound_proof}"


def _start_anew(answer: GroupAnswer) -> None:
    """What a method leaves that found no plan says nothing to the next."""
    blank = GroupAnswer()
    answer.reached, answer.bounds, answer.stage_seconds = [], [], {}
    answer.method, answer.bound_proof = blank.method, blank.bound_proof

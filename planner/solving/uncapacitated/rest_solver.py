"""HiGHS on the radius formulation of what the bounds leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.solving.highs import Ending
from planner.solving.pulp_solver import run_program
from planner.solving.uncapacitated import radius_model
from planner.solving.uncapacitated.rest import Rest
from planner.solving.uncapacitated.search import Search

_LARGEST_MODEL = 3_000_000
"""Nonzeros up to which what is left goes to HiGHS."""


def solve_rest(search: Search, rest: Rest) -> float | None:
    """Solve what is left; every plan on the way is offered to the search.

    Returns
    -------
    float or None
        Lower bound of the whole problem in row form, at most the cutoff, on the solver's word;
        None where the model is too large, or the solver failed.

    Raises
    ------
    Cancelled
        When the listener asks to stop.
    NotEnoughMemoryError
        If the solver's process has used up its memory and there is no plan.
    """
    if len(rest.rows.site) > _LARGEST_MODEL:
        return None
    search.report("solve")
    program = radius_model.arrays(rest.rows, rest.rules)
    if program.nonzeros > _LARGEST_MODEL:
        return None
    constant = rest.constant + radius_model.constant(rest.rows)

    def hear(values: FloatArray, _bound: float) -> None:
        chosen = values[: len(rest.sites)] > 0.5
        search.offer(np.flatnonzero(rest.with_opened(chosen)))

    answer = run_program(
        program,
        replace(search.settings, gap=0.0),
        search.watch,
        phase="solve",
        start=radius_model.opened_values(program, len(rest.sites), _standing(search, rest)),
        on_incumbent=hear,
        abs_gap=max(1e-9, 0.999 * (search.value - search.cutoff)) if search.has_plan else 1e-9,
        quick_branching=not rest.rows.cost.any(),
    )
    if answer.ending is Ending.FAILED:
        return None
    if answer.ending is Ending.INFEASIBLE:
        return search.cutoff
    if len(answer.values):
        hear(answer.values, answer.bound)
    outward = answer.bound - 1e-9 * max(1.0, abs(answer.bound))
    return min(outward + constant, search.cutoff)


def _standing(search: Search, rest: Rest) -> IntArray:
    """Positions among the free sites of those that the best plan opens."""
    return np.flatnonzero(np.isin(rest.sites, search.chosen))

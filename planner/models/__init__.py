"""The siting models, one file each, stated in PuLP and built sparse from arrays.

To add one: a module with a formulation as its docstring and a ``build``, a line in
:data:`MODELS`, a golden LP in ``tests/planner/golden`` and a case in the brute-force oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from planner.models import (
    capacitated_location,
    maximal_cover,
    p_centre,
    p_median,
    set_cover,
)
from planner.models.blocks import SitingModel
from planner.models.modelling import (
    PULP_ARC_LIMIT,
    ArrayWriter,
    PulpWriter,
    WriterMaker,
    no_tick,
)
from planner.problem import Objective, SitingProblem

MODELS: Mapping[str, Callable[[SitingProblem, WriterMaker], SitingModel]] = {
    "p_median": p_median.build,
    "p_centre": p_centre.build,
    "set_cover": set_cover.build,
    "maximal_cover": maximal_cover.build,
    "capacitated_location": capacitated_location.build,
}


def model_name(problem: SitingProblem) -> str:
    """Name of the smallest model that states the whole problem."""
    if problem.objective is Objective.MIN_COST:
        return "capacitated_location" if problem.needs_allocation else "p_median"
    return {
        Objective.MIN_SITES: "set_cover",
        Objective.MAX_COVERED: "maximal_cover",
        Objective.MIN_WORST: "p_centre",
    }[problem.objective]


def build(problem: SitingProblem, tick: Callable[[], None] = no_tick) -> SitingModel:
    """The problem as a linear model; ``tick`` is called now and then while it is written."""
    return MODELS[model_name(problem)](problem, writer_for(problem, tick))


def writer_for(problem: SitingProblem, tick: Callable[[], None] = no_tick) -> WriterMaker:
    """PuLP, or straight into arrays where PuLP would take too long."""
    writer = PulpWriter if len(problem.arcs) <= PULP_ARC_LIMIT else ArrayWriter
    return partial(writer, tick=tick)

"""Which method solves which problem: the accelerated ones first, the PuLP model for the rest.

To add a method: a module with a class as :class:`planner.solving.method.Method` says, and its
place in :data:`ACCELERATED`. They are imported when first needed, because some compile kernels.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from planner.models.blocks import usable_arcs
from planner.problem import SitingProblem
from planner.solution import SolverSettings
from planner.solving.method import Method
from planner.solving.pulp_solver import PulpMethod

ACCELERATED: tuple[str, ...] = (
    "planner.solving.uncapacitated.pmedian:PMedian",
    "planner.solving.uncapacitated.pcentre:PCentre",
    "planner.solving.uncapacitated.cover:SetCover",
    "planner.solving.uncapacitated.cover:MaximalCover",
    "planner.solving.capacitated.location:CapacitatedLocation",
    "planner.solving.radius_search:RadiusSearch",
)
"""``module:class`` of each accelerated method, in the order in which they are asked."""


def applicable(problem: SitingProblem, settings: SolverSettings) -> Iterator[Method]:
    """The methods that keep every rule of the problem, best first; the last always can."""
    # Nobody to serve, or nowhere to serve from, needs no speed.
    if settings.accelerate and len(usable_arcs(problem)):
        for place in ACCELERATED:
            module, name = place.split(":")
            method: Method = getattr(import_module(module), name)()
            if method.applies(problem):
                yield method
    yield PulpMethod()

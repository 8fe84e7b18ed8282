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
from planner.solving import memory
from planner.solving.memory import NotEnoughMemoryError
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
    """The methods that keep every rule of the problem and fit into memory, best first.

    The last, the plain model, keeps the rules of every problem.

    Raises
    ------
    NotEnoughMemoryError
        Where no method fits.
    """
    allowed_mib, least_mib = memory.allowed_mib(settings), float("inf")
    for method in _suited(problem, settings):
        needed_mib = method.needs_mib(problem)
        if needed_mib <= allowed_mib:
            least_mib = 0.0
            yield method
        least_mib = min(least_mib, needed_mib)
    if least_mib > allowed_mib:
        n, m = len(problem.demand), len(problem.sites)
        raise NotEnoughMemoryError(memory.too_little(least_mib, settings, n, m))


def _suited(problem: SitingProblem, settings: SolverSettings) -> Iterator[Method]:
    # Nobody to serve, or nowhere to serve from, needs no speed.
    if settings.accelerate and len(usable_arcs(problem)):
        for place in ACCELERATED:
            module, name = place.split(":")
            method: Method = getattr(import_module(module), name)()
            if method.applies(problem):
                yield method
    yield PulpMethod()

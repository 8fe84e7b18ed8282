"""The decision problem: arrays in, certified plan out.

:func:`solve` is the one public call; :mod:`planner.presets` makes the classic problems from an
impedance matrix, :mod:`planner.coverage` needs no optimiser at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.problem import (
    Arcs,
    Demand,
    Objective,
    ProblemError,
    Quota,
    Sites,
    SitingProblem,
    Strength,
)
from planner.solution import (
    Cancelled,
    Certificate,
    Outcome,
    Progress,
    Reason,
    SitingSolution,
    SolverSettings,
)

if TYPE_CHECKING:
    from planner.solving.checker import verify
    from planner.solving.solve import solve

__all__ = [
    "Arcs",
    "Cancelled",
    "Certificate",
    "Demand",
    "Objective",
    "Outcome",
    "ProblemError",
    "Progress",
    "Quota",
    "Reason",
    "Sites",
    "SitingProblem",
    "SitingSolution",
    "SolverSettings",
    "Strength",
    "solve",
    "verify",
]


def __getattr__(name: str) -> Any:
    # PuLP and HiGHS are loaded when first solved with: a check of a table should not wait for
    # them, nor should the child process that needs HiGHS alone.
    if name == "solve":
        from planner.solving.solve import solve  # noqa: PLC0415

        return solve
    if name == "verify":
        from planner.solving.checker import verify  # noqa: PLC0415

        return verify
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

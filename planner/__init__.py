"""The decision problem: arrays in, certified plan out.

:func:`solve` is the one public call; :mod:`planner.presets` makes the classic problems from an
impedance matrix, :mod:`planner.coverage` needs no optimiser at all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from planner.problem import (
    Arcs,
    Demand,
    Exclusion,
    Objective,
    Quota,
    Sites,
    SitingProblem,
    Strength,
)
from planner.problem_faults import ProblemError
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
    from planner.bounds import verify_bound
    from planner.solving.checker import verify
    from planner.solving.solve import solve
    from planner.worth import worth_of_sites

__all__ = [
    "Arcs",
    "Cancelled",
    "Certificate",
    "Demand",
    "Exclusion",
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
    "verify_bound",
    "worth_of_sites",
]

_LAZY = {
    "solve": "planner.solving.solve",
    "verify": "planner.solving.checker",
    "verify_bound": "planner.bounds",
    "worth_of_sites": "planner.worth",
}


def __getattr__(name: str) -> Any:
    # PuLP and HiGHS are loaded when first solved with: a check of a table should not wait for
    # them, nor should the child process that needs HiGHS alone.
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

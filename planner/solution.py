"""The answer to a siting problem and the proof that comes with it.

The gap, the tolerances and what counts as proven are defined here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from planner.problem import FloatArray, IntArray, Objective

PROVEN_GAP = 1e-6
"""A relative gap at or below this counts as proven optimal."""

FEASIBILITY_TOLERANCE = 1e-6
"""Relative slack (absolute for values under 1) that the checker forgives in a rule."""


class Outcome(StrEnum):
    """How a run ended; judged from bound and gap, never from a solver's own word."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"


def relative_gap(objective: float, bound: float) -> float:
    """Distance between an answer and its bound, as a fraction of the answer.

    ``|objective - bound| / max(|objective|, 1e-9)``; 0 where both are equal, ``inf`` where either
    is missing. The same for a minimum and a maximum.
    """
    if not (np.isfinite(objective) and np.isfinite(bound)):
        return float("inf")
    difference = abs(objective - bound)
    return 0.0 if difference == 0 else float(difference / max(abs(objective), 1e-9))


@dataclass(frozen=True)
class SolverSettings:
    """How hard to try.

    Parameters
    ----------
    time_limit_s : seconds for the whole call, None is no limit
    gap : relative gap at which to stop
    threads : processor cores that may be used
    seed : of every random choice
    accelerate : use the decompositions; False is the plain PuLP model alone, as tests compare
    memory_mib : that this process and the solver's may each take; None is a share of what the
        machine has free (see :mod:`planner.solving.memory`)

    Raises
    ------
    ValueError
        If a value makes no sense; names every such value.
    """

    time_limit_s: float | None = None
    gap: float = PROVEN_GAP
    threads: int = 2
    seed: int = 0
    accelerate: bool = True
    memory_mib: int | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.time_limit_s is not None and not self.time_limit_s >= 0:
            faults.append(f"time_limit_s is {self.time_limit_s}; give seconds from 0 up, or None")
        if not 0 <= self.gap < float("inf"):
            faults.append(f"gap is {self.gap}; give a fraction from 0 up, e.g. 0.01 for 1 %")
        if self.memory_mib is not None and self.memory_mib < 1:
            faults.append(f"memory_mib is {self.memory_mib}; give MiB from 1 up, or None")
        if self.threads < 1:
            faults.append(f"threads is {self.threads}; give 1 or more")
        if not 0 <= self.seed < 2**31:
            faults.append(f"seed is {self.seed}; give a whole number from 0 to 2147483647")
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True)
class Progress:
    """One event of a running solve. ``objective`` and ``bound`` are NaN until there is one."""

    phase: str
    seconds: float
    objective: float = float("nan")
    bound: float = float("nan")

    @property
    def gap(self) -> float:
        """Relative gap, ``inf`` until there are both."""
        return relative_gap(self.objective, self.bound)


OnProgress = Callable[[Progress], None]
"""Called with each event; raising :class:`Cancelled` stops the solve with the best plan so far."""


class Cancelled(Exception):  # noqa: N818 - a request, not an error
    """Raised by a progress listener to stop a solve."""


@dataclass(frozen=True)
class Certificate:
    """What is claimed of an answer and on whose word.

    Parameters
    ----------
    objective, bound : of the same objective; NaN where there is none
    seconds : of the whole call; ``stage_seconds`` by stage
    bound_proof : "solver" (the solver's word), "lagrangian" (re-verifiable from ``multipliers``),
        "trivial" or another method's name
    reduced : what the reductions removed, by name
    checked : whether the independent checker recomputed objective and rules without complaint
    """

    outcome: Outcome
    sense: str  # "min" | "max"
    objective: float
    bound: float
    seconds: float
    method: str
    solver: str
    solver_version: str
    problem_hash: str
    bound_proof: str = "solver"
    bound_verified: bool = False
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    reduced: Mapping[str, int] = field(default_factory=dict)
    checked: bool = False
    multipliers: FloatArray | None = None

    @property
    def gap(self) -> float:
        """Relative gap as a fraction."""
        return relative_gap(self.objective, self.bound)


@dataclass(frozen=True)
class Reason:
    """Why something cannot be had, and the smallest change that would allow it.

    ``kind`` is a stable word (see ``planner/solving/explain.py``); ``subjects`` are ids of demand
    points, sites or quotas; ``values`` are numbers for the message, with units in their names.
    """

    kind: str
    subjects: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SitingSolution:
    """Which sites open at which size, and who goes where.

    Parameters
    ----------
    size : (m,) position of the opened size option of each site, -1 where closed
    demand, site, share : (f,) flows: the share (0..1] of a demand point that a site serves
    unserved : positions of demand points not (wholly) served; the unreachable among them too
    reasons : why there is no plan, or why points are unserved
    """

    certificate: Certificate
    objective_kind: Objective
    size: IntArray
    demand: IntArray
    site: IntArray
    share: FloatArray
    unserved: IntArray
    reasons: tuple[Reason, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How the run ended."""
        return self.certificate.outcome

    @property
    def opened(self) -> IntArray:
        """Positions of the opened sites."""
        return np.flatnonzero(self.size >= 0)

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan to show."""
        return bool(np.isfinite(self.certificate.objective))

"""The answer to a tiered problem: the building programme, the flows, and the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, Strength
from planner.solution import Certificate, Outcome, Reason, relative_gap
from planner.tiered.rules import Goal


@dataclass(frozen=True, eq=False)
class Flow:
    """Tonnes on the arcs of one leg; only arcs in use are listed.

    Parameters
    ----------
    phase, arc : (u,) phase and position in the leg's arcs
    tonnes : (u,) t/yr
    share : (u,) of what leaves the origin in that phase (0..1], over all legs that leave it
    """

    phase: IntArray
    arc: IntArray
    tonnes: FloatArray
    share: FloatArray

    @classmethod
    def none(cls) -> Flow:
        """No arc in use."""
        no = np.zeros(0, np.int64)
        return cls(no, no, np.zeros(0), np.zeros(0))


@dataclass(frozen=True, eq=False)
class StreamPlan:
    """What is open and what flows in one stream.

    Parameters
    ----------
    size : for each tier (t, f) position of the open size option in the tier, -1 where closed
    flows : for each leg
    """

    size: tuple[IntArray, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True)
class Unserved:
    """A demand point that is not (wholly) served in a phase.

    ``kind`` is "unreachable" (no way to an end), "left_out" (no open facility in reach) or
    "no_room" (one in reach, but others weighed more).
    """

    stream: str
    phase: int
    demand: int
    share: float
    tonnes: float
    kind: str


@dataclass(frozen=True)
class Yielded:
    """A quota that the plan does not keep in a phase, encouraged ones too.

    ``opened`` facilities where it asks for ``minimum`` to ``maximum``.
    """

    quota: str
    stream: str
    tier: str
    phase: int
    strength: Strength
    opened: int
    minimum: int
    maximum: int | None


@dataclass(frozen=True)
class Stage:
    """One goal of an ordered objective: what was reached and what is proven impossible to beat."""

    goal: Goal
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """Relative gap."""
        return relative_gap(self.objective, self.bound)


@dataclass(frozen=True, eq=False)
class GroupResult:
    """What became of streams that are solved together, apart from the others.

    Where one group has no plan the whole has none, and what the others have is found here.

    Parameters
    ----------
    streams : their ids
    objective, bound : of the first goal; nan without a plan, and where it is infeasible
    plans : by stream; empty where there is none
    reasons : why there is none
    """

    streams: tuple[str, ...]
    outcome: Outcome
    objective: float
    bound: float
    plans: tuple[StreamPlan, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, eq=False)
class TieredSolution:
    """The programme of all streams with its certificate.

    Parameters
    ----------
    certificate : of the first goal (sense "min"; what is maximised counts negatively);
        ``stages`` has one objective and bound for each goal
    streams : in the problem's order; empty where there is no plan
    reasons : why there is no plan, and the smallest change that would allow one
    """

    certificate: Certificate
    streams: tuple[StreamPlan, ...] = ()
    stages: tuple[Stage, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    yielded: tuple[Yielded, ...] = ()
    reasons: tuple[Reason, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    """What became of each group of streams that share no place."""

    @property
    def bounds_by_group(self) -> Mapping[str, float]:
        """Lower bound of each group for the first goal, by its streams' names."""
        return {", ".join(one.streams): one.bound for one in self.groups}

    def group_of(self, stream: str) -> GroupResult | None:
        """What became of the streams that were solved with this one."""
        return next((one for one in self.groups if stream in one.streams), None)

    @property
    def outcome(self) -> Outcome:
        """How the run ended."""
        return self.certificate.outcome

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan to show."""
        return bool(self.streams)

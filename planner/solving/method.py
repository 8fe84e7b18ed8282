"""What every solution method takes and gives: the seam between ``solve`` and the methods.

``planner.solve`` picks the first registered method that applies, gives it the problem and a
:class:`Watch`, and turns what it found into a checked, certified solution. A method knows nothing
of certificates, processes or listeners; it reports to the watch and looks at its deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solution import OnProgress, Progress, Reason, SolverSettings


class Watch:
    """Clock, listener and best-known values of one solve.

    ``report`` raises :class:`planner.solution.Cancelled` when the listener asks to stop; a method
    may let it pass through after storing its incumbent with ``keep``.
    """

    def __init__(self, settings: SolverSettings, on_progress: OnProgress | None = None) -> None:
        self._start_s = time.perf_counter()
        self._limit_s = settings.time_limit_s
        self._listener = on_progress
        self._ended = threading.Event()
        self.best: Found | None = None
        """The best plan kept so far; what a cancelled or timed-out solve answers with."""

    @property
    def seconds(self) -> float:
        """Seconds since the solve began."""
        return time.perf_counter() - self._start_s

    @property
    def remaining_s(self) -> float:
        """Seconds left; ``inf`` without a limit, never negative."""
        if self._ended.is_set():
            return 0.0
        return float("inf") if self._limit_s is None else max(0.0, self._limit_s - self.seconds)

    def end(self) -> None:
        """No more time from now on, for its parts neither: what there is will do."""
        self._ended.set()

    def part(self, limit_s: float) -> Watch:
        """A watch of the same listener for a question by itself, with a time limit of its own."""
        began_s, listener = self.seconds, self._listener

        def pass_on(event: Progress) -> None:
            if listener is not None:
                listener(replace(event, seconds=began_s + event.seconds))

        part = Watch(SolverSettings(time_limit_s=limit_s), pass_on)
        part._ended = self._ended
        return part

    def forgive(self, seconds: float) -> None:
        """Leave these seconds out of the count."""
        self._start_s += seconds

    def keep(self, found: Found) -> None:
        """Remember an incumbent (the latest is taken to be the best)."""
        self.best = found

    def report(
        self, phase: str, objective: float = float("nan"), bound: float = float("nan")
    ) -> None:
        """Tell the listener how far it is."""
        if self._listener is not None:
            self._listener(Progress(phase, self.seconds, objective, bound))


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found: a plan, a bound, and how.

    ``size`` is None where no plan was found. ``bound`` is rounded outward by the method and is a
    lower bound for a minimum, an upper bound for a maximum; ``infeasible`` is a proof, not a guess.
    """

    size: IntArray | None
    demand: IntArray
    site: IntArray
    share: FloatArray
    objective: float
    bound: float
    method: str
    bound_proof: str = "solver"
    bound_verified: bool = False
    infeasible: bool = False
    reduced: Mapping[str, int] = field(default_factory=dict)
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    multipliers: FloatArray | None = None
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def nothing(cls, method: str, *, bound: float, infeasible: bool = False) -> Found:
        """No plan found."""
        none = np.zeros(0, np.int64)
        return cls(
            None, none, none, np.zeros(0), float("nan"), bound, method, infeasible=infeasible
        )

    def with_plan_of(self, kept: Found) -> Found:
        """An earlier plan with this bound, or as it was kept where this has no bound."""
        if not np.isfinite(self.bound):
            return kept
        plan = {name: getattr(kept, name) for name in ("size", "demand", "site", "share")}
        return replace(self, objective=kept.objective, **plan)


class Method(Protocol):
    """A way of solving some problems; registered in ``planner/solving/methods.py``."""

    name: str

    def applies(self, problem: SitingProblem) -> bool:
        """Whether every rule of the problem is one this method keeps."""

    def needs_mib(self, problem: SitingProblem) -> float:
        """About what it holds at most beside the problem, trees' open nodes left out."""

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""

"""How hard to search for rounds, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.routes.solution import RoundsSolution


@dataclass(frozen=True)
class RoundsSettings:
    """How hard to try.

    Parameters
    ----------
    time_limit_s : for the whole call
    seed : of every random choice
    iterations : of each search in place of the clock, so that two runs are alike; None is the clock
    processes : 2 searches long tasks twice at once, from two beginnings, on two cores
    """

    time_limit_s: float = 30.0
    seed: int = 0
    iterations: int | None = None
    processes: int = 2

    def __post_init__(self) -> None:
        faults = []
        if not self.time_limit_s > 0:
            faults.append(f"time_limit_s is {self.time_limit_s}; give seconds above 0")
        if not 0 <= self.seed < 2**31:
            faults.append(f"seed is {self.seed}; give a whole number from 0 to 2147483647")
        if self.iterations is not None and self.iterations < 1:
            faults.append(f"iterations is {self.iterations}; give 1 or more, or None")
        if self.processes not in (1, 2):
            faults.append(f"processes is {self.processes}; give 1 or 2")
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, eq=False)
class RoundsProgress:
    """One event of a running search.

    Parameters
    ----------
    phase : "screen", "calendar", "quick" or "improve"
    cost_cny : of the best rounds of one cycle so far, NaN until every day has some
    incumbent : makes the solution so far; None until there is one
    """

    phase: str
    seconds: float
    cost_cny: float = float("nan")
    rounds: int = 0
    incumbent: Callable[[], RoundsSolution] | None = None


OnRounds = Callable[[RoundsProgress], None]
"""Raising :class:`planner.solution.Cancelled` in it ends the search with the best so far."""

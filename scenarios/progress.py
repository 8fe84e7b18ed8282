"""What a running scenario tells its listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.solution import Progress


@dataclass(frozen=True)
class RunProgress:
    """One event of a run.

    Parameters
    ----------
    step : "inputs", "assess", "sites", "distances", "solve", "solved", "rounds", "write"; tiers of
        several streams may be solved at once, while another stream is at another step
    stream, tier : ids, "" where the step is of the whole run
    done, total : tiers planned so far and in all
    solving : the solver's own event, None outside "solve"
    """

    step: str
    stream: str = ""
    tier: str = ""
    done: int = 0
    total: int = 0
    solving: Progress | None = None


OnRunProgress = Callable[[RunProgress], None]
"""Called with each event; raising :class:`planner.solution.Cancelled` ends the run with what there
is so far."""


def unheard(_event: RunProgress) -> None:
    """A listener that does nothing."""

"""Phases of a scenario: the years that its document plans for, and what differs in each.

They become :class:`planner.tiered.rules.Phases` and the tonnes of each phase; a pipeline that
plans for one year takes the last.
"""

from __future__ import annotations

from pydantic import Field

from scenarios.evidence import Model, Sourced


class Phase(Model):
    """A year of the building programme."""

    year: int = Field(ge=1990, le=2100)
    tonnes: dict[str, Sourced] = Field(default_factory=dict)
    """Stream id -> its tonnes in this year / the layers' tonnes; 1 where not named."""
    coverage: dict[str, Sourced] = Field(default_factory=dict)
    """Stream id -> share of its tonnes that is collected at least by this year, 0..1; 1 where not
    named. What a share below 1 leaves out is left out by cost."""
    budget_wan_cny: float | None = Field(default=None, ge=0)
    """万元 for what is built in this phase; None is no limit."""
    lasts_yr: float | None = Field(default=None, gt=0)
    """Years that it stands for in the costs; None is until the next phase."""

"""Tiered networks: several levels of facilities, several streams, built in phases.

A :class:`TieredProblem` goes to :func:`planner.solve` as the one-tier problems do.
"""

from planner.tiered.facilities import NO_YEAR, Facilities
from planner.tiered.filters import own_or_adjacent, within_areas, within_memberships
from planner.tiered.haulage import Vehicle, annualised_cny_per_yr
from planner.tiered.network import (
    DEMAND,
    TERMINALS,
    Leg,
    Seasons,
    Terminals,
    Tier,
    TieredDemand,
)
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import (
    Apart,
    Contiguity,
    FacilityQuota,
    Goal,
    GoalKind,
    Phases,
    Places,
    quotas_by_district,
)
from planner.tiered.solution import (
    Flow,
    Stage,
    StreamPlan,
    TieredSolution,
    Unserved,
    Yielded,
)

__all__ = [
    "DEMAND",
    "NO_YEAR",
    "TERMINALS",
    "Apart",
    "Contiguity",
    "Facilities",
    "FacilityQuota",
    "Flow",
    "Goal",
    "GoalKind",
    "Leg",
    "Phases",
    "Places",
    "Seasons",
    "Stage",
    "Stream",
    "StreamPlan",
    "Terminals",
    "Tier",
    "TieredDemand",
    "TieredProblem",
    "TieredSolution",
    "Unserved",
    "Vehicle",
    "Yielded",
    "annualised_cny_per_yr",
    "own_or_adjacent",
    "quotas_by_district",
    "within_areas",
    "within_memberships",
]

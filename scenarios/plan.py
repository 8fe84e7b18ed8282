"""A plan: what ``scenarios.run`` makes and every deliverable, checker and page reads.

Tables are GeoDataFrames in WGS84 (EPSG:4326) or DataFrames with the columns listed here; a
deliverable may rely on every one of them being there (values may be null where it says so).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from geodata.crs import WGS84
from geodata.faults import Fault
from geodata.stacking import stacked
from planner.solution import Certificate, Reason
from scenarios.provenance import versions
from scenarios.schema import Scenario, StreamProfile

if TYPE_CHECKING:
    from scenarios.inputs import Inputs

FACILITY_COLUMNS = (
    "id",  # stable
    "name",
    "stream",  # id of the stream
    "tier",  # id of the tier, e.g. "village_point", "township_store", "county_centre"
    "district",  # name of the township, "" if unknown
    "village",  # name, "" if unknown
    "status",  # 现状保留 "kept" | "expanded" | "closed" | "new" | "not_chosen"
    "state",  # the state of the input facility (domain.md 1.10), "" for a candidate
    "size",  # name of the size option opened, "" where closed
    "capacity_t_per_yr",  # null where unlimited
    "throughput_t_per_yr",
    "load_rate",  # throughput / capacity, null where unlimited
    "land_m2",  # null where unknown
    "investment_wan_cny",  # 万元, null where unknown
    "n_served",  # demand points (or lower-tier sites) served
    "population_served",  # null where not given
    "mean_impedance",  # of what it serves, in the tier's unit; null if none
    "worst_impedance",
    "phase",  # year in which it is built, expanded or closed; "" without phases or change
    "responsible",  # free text of the profile
    "geometry",
)

DEMAND_COLUMNS = (
    "id",
    "name",
    "district",
    "stream",
    "population",  # null where not given
    "demand_t_per_yr",
    "demand_basis",  # "stated" | "estimated" | "count"
    "served",  # bool
    "facility_id",  # "" where unserved; the largest share where divided
    "facility_name",
    "impedance",  # road metres or seconds to that facility incl. access legs, null if unserved
    "straight_m",  # straight line to it
    "snap_m",  # access leg of the village
    "within_radius",  # of the tier that serves it; null where that promises none
    "reason",  # why unserved: "" | "no_road" | "no_candidate_in_reach" | "capacity" | "left_out"
    "geometry",
)

ASSIGNMENT_COLUMNS = (
    "from_id",
    "to_id",
    "tier",
    "impedance",
    "unit",  # "m" | "s"
    "share",
    "tonnes_per_yr",
)
# A programme adds "from_tier": "demand" or a tier's id, as tiers may be passed over.
# The pipeline adds "measured": "road" | "walk" | "straight", as a straight line x circuity is no
# road distance and must not be shown as one.

CANDIDATE_COLUMNS = (
    "id",
    "name",
    "stream",
    "kept",  # bool
    "dropped_by",  # the rule that drops it, "" where kept
    "geometry",
)


@dataclass(frozen=True)
class Indicator:
    """One figure of a plan, with its formula in words so that nobody has to guess its 口径."""

    id: str
    name: str  # English msgid, translated where shown
    value: float | None
    unit: str
    formula: str  # English msgid
    target: float | None = None


@dataclass(frozen=True)
class TierResult:
    """The siting answer of one tier of a stream."""

    tier: str
    certificate: Certificate
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, eq=False)
class PhaseState:
    """What stands in one year of a building programme and who goes where; tables as above."""

    year: int
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    assignments: pd.DataFrame
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, eq=False)
class StreamPlan:
    """One stream planned: tables as named above, a certificate a tier and one over all."""

    profile: StreamProfile
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    assignments: pd.DataFrame
    indicators: tuple[Indicator, ...]
    tiers: tuple[TierResult, ...]
    certificate: Certificate
    assessment: Mapping[str, Any]  # present state: see scenarios/assess.py
    input_hash: str
    answers: tuple[Any, ...] = ()
    """Problem and solution of every tier (``scenarios.answers.TierAnswer``): what a checker needs;
    deliverables read the tables."""
    phases: tuple[PhaseState, ...] = ()
    """Of a building programme, by year; the tables above are then those of the last."""
    programme: Any = None
    """Its problem and plan (``scenarios.programme.file.ProgrammePart``): what a checker needs."""
    what_if: Any = None
    """Outages and estimates that the scenario asks for (``scenarios.programme.what_if.WhatIf``)."""

    @property
    def from_demand(self) -> pd.DataFrame:
        """Flows that come from the demand points themselves, to whichever tier."""
        flows = self.assignments
        if "from_tier" in flows:
            return flows[flows["from_tier"] == "demand"]
        serving = [tier.id for tier in self.profile.tiers if tier.serves == "demand"]
        return flows[flows["tier"].isin(serving)]

    @property
    def has_plan(self) -> bool:
        """Whether anything was decided."""
        if self.answers:
            return bool(self.answers[0].solution.has_plan)
        return math.isfinite(self.certificate.objective)


@dataclass(frozen=True, eq=False)
class Plan:
    """The answer to a scenario: its streams and the backdrop that a map shows."""

    scenario: Scenario
    title: str
    synthetic: bool
    streams: Mapping[str, StreamPlan]
    roads: gpd.GeoDataFrame  # columns class, name, geometry (lines); may be simplified
    districts: gpd.GeoDataFrame  # id, name, geometry (may be empty polygons), seat bool
    exclusions: gpd.GeoDataFrame  # id, name, kind, geometry
    candidates: gpd.GeoDataFrame  # as named above
    faults: tuple[Fault, ...] = ()
    sources: tuple[str, ...] = ()  # lines for the map's source note
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def plan_of(
    scenario: Scenario,
    inputs: Inputs,
    streams: Mapping[str, StreamPlan],
    *,
    screened: Sequence[gpd.GeoDataFrame] = (),
    faults: Iterable[Fault] = (),
    seconds: Mapping[str, float] | None = None,
) -> Plan:
    """The streams of a scenario on the backdrop of what they were planned from.

    Parameters
    ----------
    streams : by id, in the order in which they are shown
    screened : the candidates of each tier, kept or dropped; none where nothing was sited anew
    faults : met while planning; those of the inputs come before them
    seconds : of the run, by step
    """
    return Plan(
        scenario=scenario,
        title=scenario.title,
        synthetic=inputs.synthetic,
        streams=streams,
        roads=inputs.road_lines,
        districts=inputs.layer("districts"),
        exclusions=inputs.layer("exclusions"),
        candidates=stacked(screened or [_no_candidates()]),
        faults=(*inputs.faults, *faults),
        sources=(*scenario.sources, *inputs.sources),
        versions=versions(),
        seconds=seconds or {},
    )


def _no_candidates() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns=list(CANDIDATE_COLUMNS), geometry="geometry", crs=WGS84)

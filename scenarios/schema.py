"""What a scenario and a stream may say: frozen, unknown keys refused, every field described.

A *stream profile* is knowledge (one YAML a stream, ``scenarios/streams``): tiers, radii, sizes,
quotas, factors, each number with its source and evidence class (:mod:`scenarios.profile`). A
*scenario* is a question about a place: its layers, its streams, what it overrides. Neither holds
code or equations.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from scenarios.document import Document
from scenarios.evidence import Evidence, Model, Sourced, Words
from scenarios.joint import Joint
from scenarios.phases import Phase
from scenarios.profile import (
    CandidateSource,
    DemandFactor,
    DemandLayer,
    DemandRule,
    Metric,
    ProblemType,
    QuotaRule,
    ScreeningRule,
    SizeOption,
    StreamProfile,
    Target,
    Tier,
)

__all__ = (
    "CandidateSource",
    "DemandFactor",
    "DemandLayer",
    "DemandRule",
    "Evidence",
    "LayerSpec",
    "LorryDepot",
    "Metric",
    "Model",
    "ProblemType",
    "QuotaRule",
    "RoadClosure",
    "RoadsSpec",
    "Scenario",
    "ScreeningRule",
    "SiteChange",
    "SizeOption",
    "SolverSpec",
    "Sourced",
    "StreamProfile",
    "StreamUse",
    "SyntheticSpec",
    "Target",
    "Tier",
    "Words",
)


class LayerSpec(Model):
    """Where a layer's table is and how to read it."""

    file: str
    sheet: str | None = None
    """Excel sheet or layer name inside a GeoPackage."""
    crs: str | None = None
    """wgs84, cgcs2000, gcj02, bd09 or an EPSG code; never guessed."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Standard name -> header in the file, where the aliases do not know it."""
    streams: tuple[str, ...] = ()
    """Streams this layer belongs to; empty is all."""


class RoadsSpec(Model):
    """Where the road network comes from."""

    file: str | None = None
    place: str | None = None
    """Place name for OSMnx; needs the internet."""
    crs: str | None = None
    tolerance_m: float = Field(default=0.5, ge=0)
    """Ends of lines nearer than this are one junction."""
    sheet: str | None = None


class UrbanSpec(Model):
    """Size of a made-up city district: 街道 with estates, perhaps 镇 with villages around them."""

    area_km2: float = Field(gt=0, le=20_000)
    built_up_km2: float = Field(gt=0)
    """At most the area."""
    population: int = Field(ge=1_000, le=30_000_000)
    subdistricts: int = Field(ge=1, le=500)
    towns: int = Field(default=0, ge=0, le=100)
    villages: int = Field(default=2, ge=2, le=5_000)
    sown_area_mu: float = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _built_up_within(self) -> UrbanSpec:
        if self.built_up_km2 > self.area_km2:
            raise ValueError("built_up_km2 is larger than area_km2")
        return self


class SyntheticSpec(Model):
    """A made-up county in place of layers, or a city district where ``urban`` is given."""

    villages: int = Field(default=352, ge=10, le=200_000)
    seed: int = 0
    urban: UrbanSpec | None = None
    """Then ``villages`` is that of this size."""
    note: str = ""
    """Where the size is from; what the document does not give is an assumption."""


class StreamUse(Model):
    """A stream of the scenario with what it changes: dotted keys into the profile."""

    stream: str
    set: dict[str, Any] = Field(default_factory=dict)


class SiteChange(Model):
    """What a planner decides about one site of an earlier plan, by hand."""

    action: Literal["lock", "ban", "move"]
    """It must stand; it must not; it must stand at another place."""
    stream: str
    site: str
    """Id of the site, as the earlier plan names it."""
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    """Where a moved site goes, WGS84."""

    @model_validator(mode="after")
    def _a_move_has_a_goal(self) -> SiteChange:
        if (self.action == "move") != (self.lon is not None and self.lat is not None):
            raise ValueError("'move' takes lon and lat, and no other action does")
        return self


class LorryDepot(Model):
    """Where lorries of collection rounds stand, and how many."""

    id: str
    """Of a site of the plan, where lorries start at the sites: it then says only how many."""
    name: str = ""
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    """WGS84; of a depot of its own, for streams whose rounds start at a depot."""
    streams: tuple[str, ...] = ()
    """Streams whose lorries stand here; none named is all."""
    lorries: dict[str, int] = Field(default_factory=dict)
    """Vehicle class -> how many; of a class that is not named there are as many as are needed."""

    @model_validator(mode="after")
    def _no_negative_lorries(self) -> LorryDepot:
        if any(number < 0 for number in self.lorries.values()):
            raise ValueError("a number of lorries is below 0")
        return self


class RoadClosure(Model):
    """A road that is closed: the one nearest to a point, in both directions."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    reason: str = ""


class SolverSpec(Model):
    """Limits of the search."""

    time_limit_s: float = Field(default=60, gt=0)
    """For each tier."""
    gap: float = Field(default=0.01, ge=0, lt=1)
    seed: int = 0
    threads: int = Field(default=2, ge=1)
    memory_mib: int | None = Field(default=None, ge=1)
    """That a solve may take; None is most of what is free."""


class Scenario(Model):
    """A question about a place."""

    title: str
    area: str = ""
    """Name of the county or district."""
    base_year: int | None = None
    synthetic: SyntheticSpec | None = None
    layers: dict[str, LayerSpec] = Field(default_factory=dict)
    """villages, facilities, candidates, districts, exclusions, shops, estates ..."""
    roads: RoadsSpec | None = None
    streams: tuple[StreamUse, ...] = Field(min_length=1)
    solver: SolverSpec = SolverSpec()
    max_snap_m: float = Field(default=500, gt=0)
    """A point farther than this from every usable road is on no road."""
    off_road: Literal["unserved", "straight"] = "unserved"
    """Points on no road: listed as unserved, or measured straight x circuity and labelled so."""
    discount_rate: float = Field(default=0.05, ge=0, lt=1)
    output_crs: str = "EPSG:4490"
    site_changes: tuple[SiteChange, ...] = ()
    """Sites locked, banned or moved by hand."""
    closed_roads: tuple[RoadClosure, ...] = ()
    lorry_depots: tuple[LorryDepot, ...] = ()
    """For collection rounds: depots that they start and end at, or lorries that a site has."""
    sources: tuple[str, ...] = ()
    """Lines for the map's source note."""
    phases: tuple[Phase, ...] = ()
    """Years of a building programme; none is one phase."""
    joint: Joint | None = None
    """Rules that join tiers and streams; with it a scenario of one year is one question too."""
    document: Document | None = None
    """The plan document that the scenario answers to: targets, figures, named sites, heaps."""

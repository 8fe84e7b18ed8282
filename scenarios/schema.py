"""What a scenario and a stream may say: frozen, unknown keys refused, every field described.

A *stream profile* is knowledge (one YAML a stream, ``scenarios/streams``): tiers, radii, sizes,
quotas, factors, each number with its source and evidence class. A *scenario* is a question about a
place: its layers, its streams, what it overrides. Neither holds code or equations.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from planner.problem import Strength


class Model(BaseModel):
    """Frozen, refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Evidence(StrEnum):
    """How well a number is known (domain.md's classes)."""

    DOCUMENT = "document"  # [S] stands in a source document
    SEEN = "seen"  # [V] standard or page read
    CHECKED = "checked"  # [C] checked by running code
    RECALLED = "recalled"  # [R] editable default: 规划取值（非规范条文）
    DERIVED = "derived"  # [D] arithmetic on their numbers
    ASSUMED = "assumed"  # set for this tool; editable default


class Words(Model):
    """A name in both languages."""

    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        """The name for ``zh`` or ``en``."""
        return self.zh if lang == "zh" else self.en


class Sourced(Model):
    """A number with its unit and where it is from."""

    value: float | None
    """None is an unknown number (``X%`` in a draft), which stays unknown."""
    unit: str
    source: str
    clause: str = ""
    edition: str = ""
    evidence: Evidence
    note: str = ""


class Metric(StrEnum):
    """How a distance is measured; always shown with the answer."""

    ROAD = "road"
    WALK = "walk"
    STRAIGHT = "straight"  # straight line x circuity (绕行系数)


class ProblemType(StrEnum):
    """The models by the field's names; ArcGIS's and the literature's are accepted as aliases."""

    P_MEDIAN = "p_median"
    P_CENTRE = "p_centre"
    SET_COVER = "set_cover"
    MAXIMAL_COVER = "maximal_cover"
    CAPACITATED_LOCATION = "capacitated_location"

    @classmethod
    def _missing_(cls, value: object) -> ProblemType | None:
        """The type an alias means: ``Minimize Facilities``, ``LSCP``, ``p-center`` ..."""
        word = "_".join(str(value).casefold().replace("-", " ").replace("_", " ").split())
        known = _PROBLEM_ALIASES.get(word, word)
        return next((one for one in cls if one.value == known), None)


_PROBLEM_ALIASES = {
    # ArcGIS Network Analyst, location-allocation.
    "minimize_impedance": "p_median",
    "minimize_weighted_impedance": "p_median",
    "minimize_weighted_impedance_(p_median)": "p_median",
    "maximize_coverage": "maximal_cover",
    "maximize_capacitated_coverage": "maximal_cover",
    "minimize_facilities": "set_cover",
    # The literature's own names.
    "pmedian": "p_median",
    "p_center": "p_centre",
    "pcenter": "p_centre",
    "lscp": "set_cover",
    "mclp": "maximal_cover",
    "cflp": "capacitated_location",
    "cpmp": "capacitated_location",
}


class QuotaRule(Model):
    """A count of sites in a text's own words."""

    per: Literal["district", "county"]
    minimum: int = Field(default=0, ge=0)
    maximum: int | None = Field(default=None, ge=0)
    strength: Strength = Strength.MUST
    except_names: tuple[str, ...] = ()
    """Districts whose name has one of these words in it are not meant (开发区, 功能区, 农场)."""
    text: str = ""
    """The sentence it comes from."""

    def means(self, district: str) -> bool:
        """Whether a district of this name is one that the text speaks of."""
        return not any(word in district for word in self.except_names)

    source: str = ""


class SizeOption(Model):
    """A size a facility may have."""

    id: str
    name: Words
    capacity_t_per_yr: float | None = Field(default=None, gt=0)
    """None is unlimited."""
    least_throughput_t_per_yr: float = Field(default=0, ge=0)
    land_m2: float | None = Field(default=None, ge=0)
    investment_wan_cny: float = Field(default=0, ge=0)
    operation_wan_cny_per_yr: float = Field(default=0, ge=0)
    lifetime_yr: float = Field(default=15, gt=0)
    source: str = ""
    evidence: Evidence = Evidence.RECALLED


class CandidateSource(StrEnum):
    """Where candidate sites come from when the planner has none."""

    GIVEN = "given"  # the scenario's candidates layer
    EXISTING = "existing"
    VILLAGES = "villages"
    DISTRICT_SEATS = "district_seats"
    SHOPS = "shops"
    PUBLIC_LAND = "public_land"
    ROADSIDE = "roadside"
    PERMITTED_LAND = "permitted_land"


class ScreeningRule(Model):
    """A candidate inside, or nearer than the setback to, an exclusion of this kind is dropped."""

    kind: str
    """``kind`` of the exclusion layer: farmland, water, dwelling, red_line, hv_line ..."""
    setback_m: float = Field(default=0, ge=0)
    source: str = ""
    evidence: Evidence = Evidence.RECALLED


class Tier(Model):
    """One level of a stream's network and the model that sites it."""

    id: str
    name: Words
    problem: ProblemType
    serves: str = "demand"
    """``demand`` or the id of the tier whose opened sites it serves."""
    metric: Metric = Metric.ROAD
    circuity: float = Field(default=1.3, ge=1)
    vehicle: str = "light_truck"
    """Id in ``geodata/roads/vehicles.yaml``: access, payload, cost of a tonne-kilometre."""
    radius_km: Sourced | None = None
    """The promise shown to officials; also the cutoff of cover models."""
    cutoff_km: float | None = Field(default=None, gt=0)
    """No assignment is made beyond this, where no radius is promised."""
    sites: int | None = Field(default=None, ge=1)
    """p, where the problem asks for a number of sites."""
    sizes: tuple[SizeOption, ...] = ()
    single_source: bool = True
    own_district_only: bool = False
    """Demand may be served only by a site in its own district."""
    adjacent_districts_only: bool = False
    """Demand may be served only by a site in its own or a bordering district (共建共享)."""
    existing: Literal["required", "optional"] = "required"
    """Whether standing sites must stay open, or may be closed where that is better."""
    share_taken: Sourced | None = None
    """Part of the lower tier's tonnes that is hauled here, 0..1; the rest is used on the spot."""
    facility_names: tuple[str, ...] = ()
    """Words in a facility table's tier column that mean this tier."""
    responsible: str = ""
    """Who builds and runs it, as the document names them."""
    quotas: tuple[QuotaRule, ...] = ()
    candidates: tuple[CandidateSource, ...] = (CandidateSource.GIVEN, CandidateSource.EXISTING)
    candidate_spacing_km: float = Field(default=3.0, gt=0)
    """Roadside candidates: one about every so many km."""
    least_area_m2: float = Field(default=0, ge=0)
    screening: tuple[ScreeningRule, ...] = ()


class DemandFactor(Model):
    """``tonnes = quantity x factor x times...``, summed over the factors of a stream."""

    of: str
    """Standard column: population, sown_area_mu, floor_area_m2, households, count ..."""
    factor: Sourced
    times: tuple[Sourced, ...] = ()
    """Further shares, each with its own source: collectable, off the field, sorted out ..."""

    @property
    def product(self) -> float | None:
        """Factor and shares in the factor's unit; None where a part of it is unknown."""
        product = 1.0
        for number in (self.factor, *self.times):
            if number.value is None:
                return None
            product *= number.value
        return product


class DemandRule(Model):
    """Who wants service and how many tonnes a year that is."""

    layer: str = "villages"
    """Layer of demand points: villages, estates, restaurants, clinics, repair_shops, works ..."""
    weight: Literal["tonnes", "population", "count"] = "tonnes"
    """What a cover or median model counts."""
    stated_column: str | None = None
    """Column that states tonnes a year for this stream; used where filled."""
    factors: tuple[DemandFactor, ...] = ()
    definition: Words | None = None
    """口径: what the tonnes count."""


class Target(Model):
    """A figure the document asks for in a year."""

    indicator: str
    year: int
    value: float | None = None
    unit: str = "%"
    source: str = ""


class StreamProfile(Model):
    """Everything known of one stream."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Words
    summary: Words
    colour: str = "#2b6cb0"
    department: str = ""
    systems: tuple[str, ...] = ()
    """Ids of the source documents' systems it stands for (A1 ... G4)."""
    demand: DemandRule
    tiers: tuple[Tier, ...] = Field(min_length=1)
    facility_states: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    facility_stream_names: tuple[str, ...] = ()
    """Words in a facility table's stream column that mean this stream."""


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


class SyntheticSpec(Model):
    """A made-up county in place of layers."""

    villages: int = Field(default=352, ge=10, le=200_000)
    seed: int = 0


class StreamUse(Model):
    """A stream of the scenario with what it changes: dotted keys into the profile."""

    stream: str
    set: dict[str, Any] = Field(default_factory=dict)


class SolverSpec(Model):
    """Limits of the search."""

    time_limit_s: float = Field(default=60, gt=0)
    """For each tier."""
    gap: float = Field(default=0.01, ge=0, lt=1)
    seed: int = 0
    threads: int = Field(default=2, ge=1)


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
    sources: tuple[str, ...] = ()
    """Lines for the map's source note."""

"""A stream profile: tiers, sizes, quotas, factors, each number with its source and evidence class.

One YAML a stream in ``scenarios/streams``; the format is told in ``docs/streams.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from planner.problem import Strength
from scenarios.evidence import Cited, Evidence, Grounded, Model, Sourced, Words
from scenarios.operations import (
    Amount,
    Discussed,
    EachPoint,
    Equipment,
    HoldingLimit,
    Incompatible,
    LayerSites,
    Leg,
    MassChange,
    Role,
    Rounds,
    Seasonality,
    ServiceMode,
    SharedSite,
    Zones,
)


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


class QuotaRule(Cited):
    """A count of sites in a text's own words."""

    per: Literal["district", "county"]
    minimum: int = Field(default=0, ge=0)
    maximum: int | None = Field(default=None, ge=0)
    strength: Strength = Strength.MUST
    except_names: tuple[str, ...] = ()
    """Districts whose name has one of these words in it are not meant (开发区, 功能区, 农场)."""
    text: str = ""
    """The sentence it comes from."""
    year: int | None = None
    """From this year on; None is from the first phase."""
    above_t_per_yr: Sourced | None = None
    """按需: only a district with at least so many tonnes is meant."""
    reward_wan_cny_per_yr: Sourced | None = None
    """鼓励: what a site of the count is worth a year (奖补); unknown is told, and not counted."""

    def means(self, district: str) -> bool:
        """Whether a district of this name is one that the text speaks of."""
        return not any(word in district for word in self.except_names)


class SizeOption(Grounded, Cited):
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
    storage_t: float | None = Field(default=None, gt=0)
    """Stock that fits, where stock is what sizes it; None is unlimited."""
    handling_cny_per_t: float = Field(default=0, ge=0)
    """Of a tonne taken in, besides the yearly running cost."""
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


class ScreeningRule(Cited):
    """A candidate inside, or nearer than the setback to, an exclusion of this kind is dropped."""

    kind: str
    """``kind`` of the exclusion layer: farmland, water, dwelling, red_line, hv_line ..."""
    setback_m: float = Field(default=0, ge=0)
    evidence: Evidence = Evidence.RECALLED


class Tier(Grounded):
    """One level of a stream's network and the model that sites it."""

    id: str
    name: Words
    role: Role = Role.COLLECTION
    problem: ProblemType
    serves: str = "demand"
    """``demand`` or the id of the tier whose opened sites it serves."""
    may_skip: bool = False
    """What comes from below may pass over this tier to the next (直运)."""
    metric: Metric = Metric.ROAD
    circuity: float = Field(default=1.3, ge=1)
    vehicle: str = "light_truck"
    """Id in ``geodata/roads/vehicles.yaml``: access, payload, cost of a tonne-kilometre."""
    leg: Leg | None = None
    """What of the vehicle differs for this stream."""
    rounds: Rounds | None = None
    """The way here is a collection round."""
    modes: tuple[ServiceMode, ...] = ()
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
    passes_on: tuple[MassChange, ...] = ()
    """What leaves this tier for the next, of what comes in; none is all of it."""
    gate_fee: Sourced | None = None
    """cny/t paid where it is handed over, besides the haul."""
    holding: HoldingLimit | None = None
    zones: Zones | None = None
    within_licence_area: bool = False
    """Nobody is served across the border of a layer ``licence_areas`` (不跨许可区域)."""
    lasts_yr: Sourced | None = None
    """Temporary sites: years until they are cleared."""
    facility_names: tuple[str, ...] = ()
    """Words in a facility table's tier column that mean this tier."""
    responsible: str = ""
    """Who builds and runs it, as the document names them."""
    quotas: tuple[QuotaRule, ...] = ()
    each_point: EachPoint | None = None
    """Every point has a site of its own: one room in every estate."""
    candidates: tuple[CandidateSource, ...] = (CandidateSource.GIVEN, CandidateSource.EXISTING)
    candidate_layers: tuple[LayerSites, ...] = ()
    """Sites of other layers or streams as candidates; one that is 刚性 allows no others."""
    candidate_spacing_km: float = Field(default=3.0, gt=0)
    """Roadside candidates: one about every so many km."""
    least_area_m2: float = Field(default=0, ge=0)
    screening: tuple[ScreeningRule, ...] = ()
    equipment: tuple[Equipment, ...] = ()

    @property
    def radius_m(self) -> float | None:
        """The promised radius in metres; None where none is promised or its value is unknown."""
        value = None if self.radius_km is None else self.radius_km.value
        return None if value is None else value * 1000

    @property
    def passed_on(self) -> float:
        """Tonnes that leave for each tonne that comes in; unknown changes change nothing."""
        share = 1.0
        for change in self.passes_on:
            share *= 1.0 if change.passed_on.value is None else change.passed_on.value
        return share


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

    def product_at(self, end: Literal["low", "high"]) -> float | None:
        """The product with the low or high ends of those of its numbers that have a range."""
        product = 1.0
        for number in (self.factor, *self.times):
            if number.value is None:
                return None
            stated = getattr(number, end)
            product *= number.value if stated is None else stated
        return product


class DemandLayer(Model):
    """A further layer of demand points; taken where a scenario has it."""

    layer: str
    stated_column: str | None = None
    factors: tuple[DemandFactor, ...] = ()


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
    also: tuple[DemandLayer, ...] = ()
    """Other layers whose points want the same service, with factors of their own."""
    growth_per_yr: Sourced | None = None
    """Change of the tonnes a year, e.g. 0.02; None is not stated."""


class Target(Cited):
    """A figure the document asks for in a year."""

    indicator: str
    year: int
    value: float | None = None
    unit: str = "%"


class StreamProfile(Model):
    """Everything known of one stream."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Words
    summary: Words
    colour: str = "#2b6cb0"
    department: str = ""
    sensitive: bool = False
    """Whether the public is not told where its sites are (hazardous, medical)."""
    systems: tuple[str, ...] = ()
    """Ids of the source documents' systems it stands for (A1 ... G4)."""
    demand: DemandRule
    tiers: tuple[Tier, ...] = Field(min_length=1)
    facility_states: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    facility_stream_names: tuple[str, ...] = ()
    """Words in a facility table's stream column that mean this stream."""
    seasonality: Seasonality | None = None
    incompatible: tuple[Incompatible, ...] = ()
    shares_sites: tuple[SharedSite, ...] = ()
    amounts: tuple[Amount, ...] = ()
    """Tonnages that texts state, each with its 口径."""
    remarks: tuple[Discussed, ...] = ()
    """What a planner must know of the texts."""

"""How a tier is run: legs, rounds, seasons, storage limits, losses, sharing; parts of a profile.

Knowledge only. What of it a model uses today is named in ``docs/streams.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from planner.problem import Strength
from scenarios.evidence import Cited, Grounded, Model, Sourced, Words
from scenarios.rounds_kinds import WithKinds, kind_faults


class Role(StrEnum):
    """What a tier is for."""

    COLLECTION = "collection"  # 投放点、收集点、回收点、暂存点
    TRANSFER = "transfer"  # 转运站、收储暂存场所、调配场
    TREATMENT = "treatment"  # 分拣、处理、利用
    TERMINAL = "terminal"  # 已有末端，区域内外；只分配流量，不选址


class ChangeKind(StrEnum):
    """Why less (or denser) stuff leaves a tier than came."""

    BALING = "baling"
    COMPACTION = "compaction"
    MOISTURE = "moisture"
    SORTING = "sorting"  # what is no part of the stream goes out to residual waste
    USE_ON_SITE = "use_on_site"
    TREATMENT = "treatment"  # composting, digestion, rendering ...
    LOSS = "loss"


class MassChange(Model):
    """Tonnes that leave a tier for each tonne that comes in."""

    kind: ChangeKind
    passed_on: Sourced
    """t/t, 0..1; several changes of a tier multiply."""
    density_after: Sourced | None = None
    """t/m3 of what leaves; a lorry limited by volume carries more of it."""


class Leg(Grounded, Cited):
    """The haul to a tier, where this stream differs from its vehicle class."""

    payload_t: float | None = Field(default=None, gt=0)
    """Tonnes of this stream that the vehicle takes: light stuff fills the box first."""
    speed_kph: float | None = Field(default=None, gt=0)
    """Average speed on the whole way, where the class's speeds by road do not hold."""
    cost_cny_per_t_km: float | None = Field(default=None, ge=0)
    """A loaded tonne-kilometre with the empty return in it."""
    empty_return: bool = True


class Oftener(Model):
    """Stops with more are visited more often."""

    above_t_per_yr: float = Field(gt=0)
    """Tonnes a year of one stop."""
    every_days: Sourced


class Rounds(WithKinds):
    """Stops of a collection round (巡回收运), where a tier is reached by one."""

    every_days: Sourced
    """Days between two visits of a stop; 1 is 日产日清."""
    oftener: tuple[Oftener, ...] = ()
    """By size of the stop; the largest that it is above of counts."""
    on_board_h: Sourced | None = None
    """Longest time from the first pick-up to unloading."""
    stop_min: Sourced | None = None
    """Minutes at a stop."""
    shift_h: Sourced | None = None
    """Length of a crew's day."""
    shift_start_h: Sourced | None = None
    """Hour of the day at which lorries may leave; else that of their class."""
    opens_h: Sourced | None = None
    """Hour of the day from which stops may be served."""
    closes_h: Sourced | None = None
    """Hour until which service must have begun; past midnight counts on: 26 is 2 a.m."""
    vehicles: tuple[str, ...] = ()
    """Further classes beside the tier's; each lorry goes where it is the cheapest."""
    territories: int | None = Field(default=None, ge=1)
    """Compact territories of equal work that rounds keep to, in place of the sites' own areas."""
    start_stop: Literal["depot", "site"] = "site"
    """Where lorries stand: at the sites they empty at, or at the scenario's ``lorry_depots``."""
    hours: str = ""
    """What a text says of times of day; drivers are shown it, ``opens_h`` and others say it to the
    planning."""
    sets_haul_cost: bool = False
    """Sites are chosen with a haul cost fitted to rounds that were really planned."""
    shared_stores: bool = False
    """Stores for dense clusters and rounds for scattered stops, the split that costs least."""

    @model_validator(mode="after")
    def _kinds_fit_bodies(self) -> Rounds:
        faults = kind_faults(self)
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Harvest(Model):
    """Weeks in which the material arises."""

    name: Words
    start_week: int = Field(ge=1, le=53)
    """ISO week of the year in which it begins."""
    weeks: int = Field(ge=1, le=53)
    share: Sourced
    """Part of the year's tonnes, 0..1."""


class Seasonality(Model):
    """Inflow by season, outflow, and the stock between that stores are sized by."""

    harvests: tuple[Harvest, ...] = ()
    """Empty: what arises, arises evenly."""
    outflow: Literal["even", "with_use"] = "even"
    """Whether stores are emptied evenly over the year, or in the weeks of ``use``."""
    use: tuple[Harvest, ...] = ()
    """Weeks in which it is used (冬储夏用: stored in winter, spread in spring and autumn)."""
    peak_stock_share: Sourced | None = None
    """Largest stock as a share of the year's tonnes, where it is stated or worked out."""


class HoldingLimit(Model):
    """How long the material may stay at a site."""

    hours: Sourced
    above_celsius: Sourced | None = None
    """The limit holds above this temperature, where the text says so."""


class Zones(Cited):
    """Contiguous zones of several districts that share a site (多个相邻乡镇为一片区)."""

    least_districts: int = Field(default=2, ge=1)
    most_districts: int | None = Field(default=None, ge=1)
    strength: Strength = Strength.IN_PRINCIPLE
    text: str = ""

    @model_validator(mode="after")
    def _most_is_not_below_least(self) -> Zones:
        if self.most_districts is not None and self.most_districts < self.least_districts:
            raise ValueError("most_districts is below least_districts")
        return self


class ServiceMode(Cited):
    """A way of service that a text asks for in some districts: 城区直运, 乡镇就地."""

    where: Literal["urban", "rural", "everywhere"]
    mode: Literal["direct_haul", "on_the_spot", "by_transfer"]
    strength: Strength = Strength.IN_PRINCIPLE
    text: str = ""


class EachPoint(Cited):
    """Every demand point has a site of its own (每个小区、每村不少于一处)."""

    strength: Strength = Strength.MUST
    """刚性: nobody else's site serves it; weaker: it is shown, neighbours may share."""
    text: str = ""


class LayerSites(Cited):
    """Sites of another layer, or facilities of another stream, as candidates of this tier."""

    layer: str = ""
    """A layer's points or plots: estates, clinics, repair_shops, works, livestock_farms ..."""
    stream: str = ""
    """Instead of a layer: standing facilities of this stream ..."""
    tier: str = ""
    """... and tier; empty is any."""
    strength: Strength = Strength.ENCOURAGED
    """刚性: nowhere else; weaker: these too."""
    text: str = ""


class Incompatible(Cited):
    """A stream that may not share a site with this one."""

    stream: str
    """Id of a stream; one that a scenario does not plan is passed over."""
    distance_m: float = Field(default=0, ge=0)
    """Apart at least so far; 0 is only not on one site."""


class SharedSite(Cited):
    """A tier of another stream that may share a site with one of this stream, and what that saves.

    刚性 and planned together, this stream's tier stands nowhere else.
    """

    stream: str
    tier: str = ""
    """Of the other stream; empty is any that is sited."""
    at: str = ""
    """The tier of this stream; empty is any that is sited."""
    saving: Sourced | None = None
    """Part of the smaller one's fixed cost and land that is saved, 0..1."""
    strength: Strength = Strength.ENCOURAGED
    text: str = ""


class Equipment(Model):
    """Bins, vehicles and people counted per household, village or site."""

    name: Words
    per: Literal["household", "village", "estate", "site", "tonne_per_day", "person"]
    count: Sourced


class Amount(Cited):
    """A tonnage that a text states, with what it counts (口径)."""

    of: Words
    """产生量, 清运量, 可收集量 ...; whole area or built-up area."""
    year: int | None = None
    value: float | None
    unit: str


class Discussed(Cited):
    """Something in the texts that a planner must know and that is no number."""

    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        """The remark for ``zh`` or ``en``."""
        return self.zh if lang == "zh" else self.en

"""A scenario with phases as a :class:`planner.tiered.TieredProblem`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from geodata.faults import N_, Fault, Severity
from planner.tiered import (
    DEMAND,
    NO_YEAR,
    TERMINALS,
    Apart,
    Facilities,
    FacilityQuota,
    Goal,
    Leg,
    Phases,
    Places,
    Seasons,
    Stream,
    Terminals,
    TieredDemand,
    TieredProblem,
)
from planner.tiered import Tier as TieredTier
from scenarios.joint import joint_of
from scenarios.operations import Harvest
from scenarios.programme.levels import Haul, StreamLevels, tonnes_by_phase
from scenarios.programme.places import Grounds, kept_apart, with_shared_places
from scenarios.programme.quotas import quotas_of_stream
from scenarios.programme.zones import may_yield, with_zones, zoned_tier, zones_dropped
from scenarios.schema import Scenario, StreamProfile, Tier
from scenarios.sizes import WAN, Size

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WEEKS = 52
UNCOSTED_SITE_CNY_PER_YR = 1000.0
"""What a site counts whose profile has no costs, so that none is opened for nothing."""


@dataclass(frozen=True, eq=False)
class Programme:
    """The problem of all streams with the tables behind it."""

    problem: TieredProblem
    levels: tuple[StreamLevels, ...]
    faults: tuple[Fault, ...]

    def without_zones(self) -> Programme | None:
        """The programme without the zones that may yield; None where it has none."""
        soft = {
            one.profile.id: (one, tier)
            for one in self.levels
            for tier in (zoned_tier(one),)
            if tier is not None and tier.zones is not None and may_yield(tier.zones)
        }
        dropped = [
            one.id for one in self.problem.streams if one.contiguity is not None and one.id in soft
        ]
        if not dropped:
            return None
        streams = tuple(
            replace(one, contiguity=None) if one.id in dropped else one
            for one in self.problem.streams
        )
        told = tuple(zones_dropped(*soft[name]) for name in dropped)
        problem = replace(self.problem, streams=streams)
        return replace(self, problem=problem, faults=(*self.faults, *told))

    @property
    def years(self) -> tuple[int, ...]:
        """Of the phases."""
        return self.problem.phases.years


def programme_problem(
    scenario: Scenario,
    levels: Sequence[StreamLevels],
    *,
    metric_crs: CRS,
    neighbours: Mapping[str, frozenset[str]],
) -> Programme:
    """The tiered problem of a scenario's streams.

    Parameters
    ----------
    metric_crs : that distances between sites are measured in
    neighbours : townships that border on each other, see :func:`with_zones`
    """
    joint = joint_of(scenario)
    districts = _districts(levels)
    phases = phases_of(scenario)
    faults: list[Fault] = []
    streams: list[Stream] = []
    quotas: list[FacilityQuota] = []
    for one in levels:
        stream = _stream(scenario, one, phases, districts, faults)
        if joint.zones:
            stream, told = with_zones(stream, one, neighbours)
            faults += told
        streams.append(stream)
        quotas += quotas_of_stream(one, phases, scenario.area or "county")
    grounds = Grounds(levels, metric_crs)
    made, places, apart = tuple(streams), Places(), tuple[Apart, ...]()
    if joint.share_sites:
        made, places = with_shared_places(made, levels, grounds)
    if joint.keep_apart:
        made, apart, told = kept_apart(made, levels, grounds)
        faults += told
    problem = TieredProblem(
        streams=made,
        phases=phases,
        places=places,
        apart=apart,
        quotas=tuple(quotas),
        goals=tuple(Goal(tuple(one.parts.items()), one.allowance) for one in joint.goals)
        or (Goal(),),
        districts=tuple(districts),
    )
    return Programme(problem, tuple(levels), tuple(faults))


def phases_of(scenario: Scenario) -> Phases:
    """Years, the years that each stands for in the costs, and budgets."""
    years = [one.year for one in scenario.phases]
    spans = [float(later - year) for year, later in itertools.pairwise(years)]
    spans.append(spans[-1] if spans else 1.0)
    lasts = [
        span if one.lasts_yr is None else one.lasts_yr
        for one, span in zip(scenario.phases, spans, strict=True)
    ]
    budget = [
        np.inf if one.budget_wan_cny is None else one.budget_wan_cny * WAN
        for one in scenario.phases
    ]
    return Phases(tuple(years), np.array(lasts), np.array(budget))


def _districts(levels: Sequence[StreamLevels]) -> dict[str, int]:
    names = {
        str(name)
        for one in levels
        for table in (one.points.table, *(part.sites for part in one.sites.values()))
        for name in table["district"]
        if name
    }
    return {name: position for position, name in enumerate(sorted(names))}


def _positions(names: pd.Series, districts: Mapping[str, int]) -> IntArray:
    return np.array([districts.get(str(name), -1) for name in names], np.int64)


def _stream(
    scenario: Scenario,
    levels: StreamLevels,
    phases: Phases,
    districts: Mapping[str, int],
    faults: list[Fault],
) -> Stream:
    profile, terminal = levels.profile, levels.terminal
    tonnes = tonnes_by_phase(scenario, levels)
    people = pd.to_numeric(levels.points.table["population"], errors="coerce").to_numpy(float)
    return Stream(
        id=profile.id,
        demand=TieredDemand(
            ids=levels.points.place.ids,
            tonnes=getattr(tonnes, joint_of(scenario).estimate),
            low=tonnes.low,
            high=tonnes.high,
            people=np.nan_to_num(people),
            district=_positions(levels.points.table["district"], districts),
        ),
        tiers=tuple(
            _tier(levels, position, districts, faults) for position in range(len(levels.sited))
        ),
        legs=tuple(_leg(one, terminal) for one in levels.hauls),
        terminals=None if terminal is None else _terminals(levels, terminal, len(phases)),
        single_source=levels.tiers[0].single_source,
        coverage_target=_coverage(scenario, profile),
    )


def _coverage(scenario: Scenario, profile: StreamProfile) -> FloatArray:
    """(t,) share of the tonnes that must be collected in each phase."""
    shares = [phase.coverage.get(profile.id) for phase in scenario.phases]
    return np.array([1.0 if one is None or one.value is None else one.value for one in shares])


def _leg(haul: Haul, terminal: Tier | None) -> Leg:
    trips, end = haul.tier_problem.trips, haul.destination
    at_end = terminal is not None and end == terminal.id
    return Leg(
        origin=DEMAND if haul.origin == "demand" else haul.origin,
        destination=TERMINALS if at_end else end,
        start=trips.start,
        to=trips.site,
        impedance=trips.out_m,
        cost_cny_per_t=haul.tier_problem.problem.arcs.cost,
    )


def _terminals(levels: StreamLevels, tier: Tier, phases: int) -> Terminals:
    sites = levels.sites[tier.id].sites
    capacity = sites["capacity_t_per_yr"].to_numpy(np.float64)
    fee = _fee(tier)
    return Terminals(
        ids=tuple(sites["id"].astype(str)),
        capacity_t_per_yr=np.tile(np.where(np.isnan(capacity), np.inf, capacity), (phases, 1)),
        gate_fee_cny_per_t=np.full(len(sites), fee),
    )


def _fee(tier: Tier) -> float:
    known = tier.gate_fee is not None and tier.gate_fee.value is not None
    return float(tier.gate_fee.value) if known else 0.0  # type: ignore[union-attr,arg-type]


def _tier(
    levels: StreamLevels,
    position: int,
    districts: Mapping[str, int],
    faults: list[Fault],
) -> TieredTier:
    tier = levels.tiers[position]
    above = levels.tiers[position + 1] if position + 1 < len(levels.tiers) else None
    taken = 1.0
    if above is not None and above.share_taken is not None and above.share_taken.value is not None:
        taken = above.share_taken.value
    stores = any(size.storage_t is not None for size in tier.sizes)
    seasons = seasons_of(levels.profile)
    return TieredTier(
        id=tier.id,
        facilities=_facilities(levels, tier, districts, faults),
        output_share=tier.passed_on * taken,
        single_destination=above is not None and above.single_source,
        seasons=seasons if stores or (position == 0 and _only_told(levels)) else None,
    )


def _only_told(levels: StreamLevels) -> bool:
    """Seasons without a stated storage: the first tier's stock is told, and limits nothing."""
    rule = levels.profile.seasonality
    sizes = [size for tier in levels.sited for size in tier.sizes]
    return (
        rule is not None
        and bool(rule.harvests)
        and rule.outflow == "even"
        and all(size.storage_t is None for size in sizes)
    )


def _facilities(
    levels: StreamLevels,
    tier: Tier,
    districts: Mapping[str, int],
    faults: list[Fault],
) -> Facilities:
    found = levels.hauls_to(tier.id)[0].tier_problem
    sites, parts = found.problem.sites, found.sites
    existing, stated = sites.existing, parts["end_year"].to_numpy(np.float64)
    choices = np.diff(sites.size_start)
    fixed = _fixed_costs(levels.profile, tier, found.sizes, sites.fixed_cost, faults)
    return Facilities(
        ids=sites.ids,
        size_start=sites.size_start,
        capacity_t_per_yr=sites.capacity,
        fixed_cost_cny_per_yr=fixed,
        least_throughput_t_per_yr=sites.least_throughput,
        investment_cny=np.array([(one.investment_wan_cny or 0.0) * WAN for one in found.sizes]),
        land_m2=np.array([one.land_m2 or 0.0 for one in found.sizes]),
        storage_t=np.array([_storage(one) for one in found.sizes]),
        handling_cny_per_t=np.full(len(sites.ids), _handling(tier)),
        existing_size=np.where(existing, sites.size_start[:-1], -1),
        expandable=choices > 1,
        closable=existing & ~sites.required,
        required=sites.required,
        forbidden=sites.forbidden,
        end_year=np.where(np.isfinite(stated), stated, NO_YEAR).astype(np.int64),
        lasts_yr=_lasts_yr(tier, existing | np.isfinite(stated)),
        district=_positions(parts["district"], districts),
    )


def _fixed_costs(
    profile: StreamProfile,
    tier: Tier,
    sizes: Sequence[Size],
    costs: FloatArray,
    faults: list[Fault],
) -> FloatArray:
    """Yearly cost of each size; sites of a profile without any cost count a nominal one."""
    if tier.sizes:
        return costs
    message = N_(
        "{tier} has no sizes with costs: a new site counts {cost:.0f} CNY a year, so that none is "
        "opened for nothing; give the tier sizes to have it planned by its own costs"
    )
    values = {"tier": tier.id, "cost": UNCOSTED_SITE_CNY_PER_YR}
    faults.append(Fault(profile.id, message, values, Severity.WARNING))
    new = np.array([one.investment_wan_cny is None for one in sizes], np.bool_)
    return np.where(new, UNCOSTED_SITE_CNY_PER_YR, costs)


def _storage(size: Size) -> float:
    if size.option is None or size.option.storage_t is None:
        return np.inf
    return size.option.storage_t


def _handling(tier: Tier) -> float:
    handling = [size.handling_cny_per_t for size in tier.sizes]
    return max(0.0, (min(handling) if handling else 0.0) + _fee(tier))


def _lasts_yr(tier: Tier, settled: NDArray[np.bool_]) -> IntArray:
    """Years that each new site of a temporary tier stands from its own opening.

    What stands today, and what its layer gives a last year (终止年份), is ``settled`` by that.
    """
    lasting = tier.lasts_yr
    years = np.full(len(settled), NO_YEAR)
    if lasting is not None and lasting.value is not None:
        years[~settled] = int(lasting.value)
    return years


def seasons_of(profile: StreamProfile) -> Seasons | None:
    """Weekly inflow and outflow of the stream's year; None where it has no seasons."""
    rule = profile.seasonality
    if rule is None:
        return None
    even = np.full(WEEKS, 1.0 / WEEKS)
    inflow = _weekly(rule.harvests, even)
    outflow = _weekly(rule.use, even) if rule.outflow == "with_use" else even
    return Seasons(inflow, outflow)


def _weekly(harvests: Sequence[Harvest], even: FloatArray) -> FloatArray:
    """Shares of the weeks; what the harvests leave out arises evenly."""
    weeks: FloatArray = np.zeros(WEEKS)
    for one in harvests:
        share = 0.0 if one.share.value is None else one.share.value
        at = (one.start_week - 1 + np.arange(one.weeks)) % WEEKS
        np.add.at(weeks, at, share / one.weeks)
    total = float(weeks.sum())
    return weeks / total if total > 1 else weeks + even * (1 - total)

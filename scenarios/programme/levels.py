"""The levels of a stream for a programme: its demand, its sites by tier, and the hauls between.

A tier that may be skipped (``may_skip``) is passed over by hauls of their own, so that direct haul
and transfer stand in one model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.faults import Fault
from geodata.stacking import stacked
from scenarios.changes import changes_of, with_changes, with_new_places
from scenarios.demand_points import DemandPoints, demand_points
from scenarios.joint import joint_of
from scenarios.operations import Role
from scenarios.problems import TierProblem, Wants, cutoff_of, place_key, tier_problem
from scenarios.programme.hosts import hosted_sites, hosts_of
from scenarios.schema import ProblemType, Scenario, Sourced, StreamProfile, Tier
from scenarios.sites import TierSites, facilities_of, gather_sites
from scenarios.stream_run import Shared, no_terminal
from scenarios.travel import Place

DEMAND = "demand"


@dataclass(frozen=True, eq=False)
class Haul:
    """Everything that may go from one level to a tier.

    Parameters
    ----------
    origin : ``demand`` or a tier's id
    tier_problem : of the origin's points and the tier's sites, one tonne a year from each point;
        its arc costs are CNY a tonne
    """

    origin: str
    tier_problem: TierProblem

    @property
    def destination(self) -> str:
        """Id of the tier."""
        return self.tier_problem.tier.id


@dataclass(frozen=True, eq=False)
class StreamLevels:
    """A stream's demand points, the sites of its tiers and the hauls between them.

    Parameters
    ----------
    tiers : those that have sites, in the direction of the flow
    sites : by tier id
    hauls : every one leads forward
    """

    profile: StreamProfile
    points: DemandPoints
    tiers: tuple[Tier, ...]
    sites: Mapping[str, TierSites]
    hauls: tuple[Haul, ...]
    facilities: Mapping[str, gpd.GeoDataFrame]
    faults: tuple[Fault, ...]

    def hauls_to(self, tier: str) -> tuple[Haul, ...]:
        """The hauls that end at a tier, from the lowest level up."""
        return tuple(one for one in self.hauls if one.destination == tier)

    @property
    def terminal(self) -> Tier | None:
        """The tier whose sites are given ends rather than sited; the last, or none."""
        last = self.tiers[-1]
        return last if last.role is Role.TERMINAL else None

    @property
    def sited(self) -> tuple[Tier, ...]:
        """Tiers whose sites are decided."""
        return self.tiers if self.terminal is None else self.tiers[:-1]


def stream_levels(
    shared: Shared, profile: StreamProfile, profiles: Mapping[str, StreamProfile] | None = None
) -> StreamLevels:
    """Gather what a stream's part of the programme is made from.

    Parameters
    ----------
    profiles : of all streams planned; a tier that stands only at another's sites has those as its
        candidates
    """
    inputs, scenario = shared.inputs, shared.scenario
    hosts = hosts_of(profile, profiles or {}) if joint_of(scenario).share_sites else {}
    points = demand_points(inputs, profile)
    facilities, faults = facilities_of(inputs, profile)
    faults += points.faults
    sites: dict[str, TierSites] = {}
    for tier in profile.tiers:
        if tier.role is Role.TERMINAL and not len(facilities[tier.id]):
            faults.append(no_terminal(profile, tier))
            continue
        with shared.clock.of("sites"):
            found = gather_sites(inputs, profile, tier, facilities[tier.id])
            if tier.id in hosts:
                found = hosted_sites(inputs, profile, tier, found, *hosts[tier.id])
            sites[tier.id] = with_new_places(found, changes_of(scenario, profile))
        faults += sites[tier.id].faults
    tiers = tuple(tier for tier in profile.tiers if tier.id in sites)
    with shared.clock.of("distances"):
        hauls = tuple(_hauls(shared, profile, points, tiers, sites))
    return StreamLevels(profile, points, tiers, sites, hauls, facilities, tuple(faults))


def _hauls(
    shared: Shared,
    profile: StreamProfile,
    points: DemandPoints,
    tiers: tuple[Tier, ...],
    sites: Mapping[str, TierSites],
) -> Iterator[Haul]:
    for position, tier in enumerate(tiers):
        for below in _levels_below(tiers, position):
            wants = (
                _demand_wants(points, tier)
                if below is None
                else _site_wants(profile, below, sites[below.id])
            )
            yield Haul(
                DEMAND if below is None else below.id,
                _haul_problem(
                    shared, profile, tier, wants, sites[tier.id], of_points=below is None
                ),
            )


def _levels_below(tiers: tuple[Tier, ...], position: int) -> list[Tier | None]:
    """Levels that a tier may be reached from; None is the demand itself."""
    found: list[Tier | None] = []
    for below in reversed(tiers[:position]):
        found.append(below)
        if not below.may_skip:
            return found
    found.append(None)
    return found


def _demand_wants(points: DemandPoints, tier: Tier) -> Wants:
    one = np.ones(len(points.place))
    return replace(points.wants(tier), tonnes=one, weight=one, weight_unit="t/yr")


def _site_wants(profile: StreamProfile, below: Tier, sites: TierSites) -> Wants:
    """The sites of the tier below, opened or not, as what wants service."""
    table = sites.sites[["id", "name", "district", "geometry"]].assign(population=np.nan)
    one = np.ones(len(table))
    key = f"{profile.id}:{below.id}:{place_key(sites.sites)}"
    return Wants(table, Place.of(table, key), one, one, "t/yr")


def _haul_problem(
    shared: Shared,
    profile: StreamProfile,
    tier: Tier,
    wants: Wants,
    sites: TierSites,
    *,
    of_points: bool,
) -> TierProblem:
    problem = tier_problem(
        as_costed(tier),
        wants,
        sites.sites,
        shared.travel,
        discount_rate=shared.scenario.discount_rate,
        neighbours=shared.neighbours,
        site_key=place_key(sites.sites),
        county=shared.scenario.area or "county",
        modes=tier.modes if of_points and joint_of(shared.scenario).modes else (),
    )
    return with_changes(problem, changes_of(shared.scenario, profile))


def as_costed(tier: Tier) -> Tier:
    """The tier with costs as its objective; a cover's radius stays as the limit of its hauls."""
    cutoff_m = cutoff_of(tier)
    return tier.model_copy(
        update={
            "problem": ProblemType.CAPACITATED_LOCATION,
            "cutoff_km": None if np.isinf(cutoff_m) else cutoff_m / 1000,
        }
    )


@dataclass(frozen=True, eq=False)
class Estimates:
    """(t, n) tonnes of a stream's points in each phase: the range and what is between."""

    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]


def tonnes_by_phase(scenario: Scenario, levels: StreamLevels) -> Estimates:
    """Tonnes of the stream's points in each phase, with their range.

    The scenario's factor for the year where it states one, else the profile's growth from the base
    year, else the layers' tonnes. Points and years that state no range have none.
    """
    points = levels.points
    middle = np.nan_to_num(points.tonnes)
    low = middle if points.low is None else np.minimum(np.nan_to_num(points.low), middle)
    high = middle if points.high is None else np.maximum(np.nan_to_num(points.high), middle)
    factors = [*_factors(scenario, levels.profile)]
    return Estimates(
        *(
            np.stack([tonnes * factor[which] for factor in factors])
            for which, tonnes in enumerate((low, middle, high))
        )
    )


def _factors(scenario: Scenario, profile: StreamProfile) -> Iterator[tuple[float, float, float]]:
    """Low, middle and high factor of each phase on the tonnes of today."""
    growth = profile.demand.growth_per_yr
    for phase in scenario.phases:
        stated = phase.tonnes.get(profile.id)
        if stated is not None and stated.value is not None:
            yield _range(stated)
        else:
            since = 0 if scenario.base_year is None else phase.year - scenario.base_year
            slow, usual, fast = (0.0, 0.0, 0.0) if growth is None else _range(growth)
            yield (1 + slow) ** since, (1 + usual) ** since, (1 + fast) ** since


def _range(number: Sourced) -> tuple[float, float, float]:
    value = 0.0 if number.value is None else number.value
    low = value if number.low is None else min(number.low, value)
    high = value if number.high is None else max(number.high, value)
    return low, value, high


def joined_sites(levels: StreamLevels, tiers: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Sites of several tiers one under another."""
    return stacked([levels.sites[tier].sites for tier in tiers])

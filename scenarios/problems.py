"""A tier of a stream as a :class:`planner.problem.SitingProblem`, and the tables behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.faults import N_
from geodata.roads.speeds import vehicle
from planner.problem import (
    Arcs,
    Demand,
    Objective,
    Quota,
    Sites,
    SitingProblem,
    Strength,
)
from scenarios.licence_areas import same_licence_area
from scenarios.operations import ServiceMode
from scenarios.schema import ProblemType, Tier
from scenarios.service_modes import allowed_by_modes
from scenarios.sites import TierSites
from scenarios.sizes import Size, site_sizes
from scenarios.travel import Place, Travel, Trips

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COUNTY = "county"
OWN_SITE_M = 50.0
"""A site nearer than this stands at the point itself; candidates nearer to each other are one."""

OBJECTIVES: Mapping[ProblemType, Objective] = {
    ProblemType.P_MEDIAN: Objective.MIN_COST,
    ProblemType.P_CENTRE: Objective.MIN_WORST,
    ProblemType.SET_COVER: Objective.MIN_SITES,
    ProblemType.MAXIMAL_COVER: Objective.MAX_COVERED,
    ProblemType.CAPACITATED_LOCATION: Objective.MIN_COST,
}
COVERS = (ProblemType.SET_COVER, ProblemType.MAXIMAL_COVER)


@dataclass(frozen=True, eq=False)
class Wants:
    """Who wants service of a tier: demand points, or the opened sites of the tier below.

    Parameters
    ----------
    table : id, name, district, population (null where not given), geometry
    place : the same points for travel
    tonnes : (n,) a year; NaN where not known
    weight : (n,) what the model counts
    weight_unit : "t/yr", "people" or "points"
    """

    table: gpd.GeoDataFrame
    place: Place
    tonnes: FloatArray
    weight: FloatArray
    weight_unit: str

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, eq=False)
class TierProblem:
    """One tier, ready to be solved, and what is needed to read the answer.

    Parameters
    ----------
    wants, sites : tables in the problem's order
    sizes : (k,) of the problem's size options
    trips : pairs of the problem's arcs, in their order
    on_road : (n,) points that could be measured at all
    cutoff_m : ``inf`` where there is none
    """

    tier: Tier
    problem: SitingProblem
    wants: Wants
    sites: gpd.GeoDataFrame
    site_place: Place
    sizes: tuple[Size, ...]
    trips: Trips
    on_road: NDArray[np.bool_]
    cutoff_m: float


def cutoff_of(tier: Tier) -> float:
    """The distance beyond which nobody is assigned, in metres."""
    if tier.problem in COVERS and tier.radius_m is not None:
        return tier.radius_m
    return np.inf if tier.cutoff_km is None else tier.cutoff_km * 1000


def tier_problem(
    tier: Tier,
    wants: Wants,
    sites: gpd.GeoDataFrame,
    travel: Travel,
    *,
    discount_rate: float,
    neighbours: Mapping[str, frozenset[str]],
    site_key: str,
    county: str = COUNTY,
    modes: Sequence[ServiceMode] = (),
) -> TierProblem:
    """The tier's model over everything it may use.

    Parameters
    ----------
    sites : columns of :data:`scenarios.sites.SITE_COLUMNS`
    discount_rate : for annualised investment
    neighbours : district -> districts that border on it; used by ``adjacent_districts_only``
    site_key : names the set of sites, so that streams which share it snap it once
    county : what a county-wide quota is called
    modes : ways of service that a text asks for; 刚性 ones bind the points (:mod:`service_modes`)
    """
    place = Place.of(sites, site_key)
    cutoff_m = cutoff_of(tier)
    trips = travel.trips(wants.place, place, tier, cutoff_m)
    trips = _within_districts(trips, tier, wants.table, sites, neighbours)
    if modes:
        trips = trips.keep(allowed_by_modes(modes, tier, wants.table, sites, trips.row, trips.site))
    if tier.within_licence_area:
        trips = trips.keep(same_licence_area(wants.table, sites, trips.row, trips.site))
    if tier.each_point is not None and tier.each_point.strength is Strength.MUST:
        straight_m = travel.straight_m(wants.place, place)(trips.row, trips.site)
        trips = trips.keep(straight_m <= OWN_SITE_M)
    sizes = site_sizes(tier, sites, discount_rate)
    return TierProblem(
        tier=tier,
        problem=SitingProblem(
            objective=OBJECTIVES[tier.problem],
            demand=Demand(wants.place.ids, wants.weight),
            sites=_sites(tier, sites, sizes),
            arcs=_arcs(tier, trips, wants),
            site_count=(None, None) if tier.sites is None else (tier.sites, tier.sites),
            quotas=quotas_of(tier, sites, wants.table, county),
            single_source=tier.single_source,
            impedance_unit="m",
            weight_unit=wants.weight_unit,
            cost_unit=_cost_unit(tier, wants),
        ),
        wants=wants,
        sites=sites,
        site_place=place,
        sizes=sizes,
        trips=trips,
        on_road=travel.on_road(wants.place, tier),
        cutoff_m=cutoff_m,
    )


PRACTICE_SIZE = (200, 20)
"""Points and places of a problem that stands for those of a county; nobody solves it."""


def practice_problem(tier: Tier) -> SitingProblem:
    """A problem of the tier's kind, and large enough for the methods that large ones need."""
    located = tier.problem is ProblemType.CAPACITATED_LOCATION
    points, places = PRACTICE_SIZE
    return SitingProblem(
        objective=OBJECTIVES[tier.problem],
        demand=Demand(tuple(f"i{i}" for i in range(points)), np.ones(points)),
        sites=Sites.simple(
            [f"j{j}" for j in range(places)],
            capacity=np.full(places, float(points)) if located else None,
            fixed_cost=np.ones(places),
        ),
        arcs=Arcs.from_dense(np.ones((points, places)), np.ones(points)),
        site_count=(2, 2) if tier.sites is not None else (None, None),
        single_source=tier.single_source,
    )


def place_key(sites: gpd.GeoDataFrame) -> str:
    """Names a set of points by what it is, so that equal sets are measured once."""
    digest = hashlib.sha256("\0".join(sites["id"].astype(str)).encode())
    digest.update(np.ascontiguousarray(sites.geometry.x.to_numpy()).tobytes())
    digest.update(np.ascontiguousarray(sites.geometry.y.to_numpy()).tobytes())
    return digest.hexdigest()


STRANDED = N_("no site of the tier above ({tier}) can be reached from it")


def without_stranded(lower: TierSites, upper: TierSites, above: Tier, travel: Travel) -> TierSites:
    """The lower tier's sites less the candidates from which the upper tier's lorry gets nowhere.

    Tiers are sited one after the other, so that the lower one would not know.
    """
    start = Place.of(lower.sites, place_key(lower.sites))
    end = Place.of(upper.sites, place_key(upper.sites))
    trips = travel.trips(start, end, above, cutoff_of(above))
    stranded = (np.diff(trips.start) == 0) & ~lower.sites["existing"].to_numpy(bool)
    if not stranded.any() or len(end) == 0:
        return lower
    ids = set(lower.sites["id"][stranded])
    screened = lower.screened.copy()
    rows = screened["id"].isin(ids).to_numpy(bool)
    screened.loc[rows, "kept"] = False
    screened.loc[rows, "dropped_by"] = STRANDED.format(tier=above.name.en)
    return replace(lower, sites=lower.sites[~stranded].reset_index(drop=True), screened=screened)


def _sites(tier: Tier, sites: gpd.GeoDataFrame, sizes: Sequence[Size]) -> Sites:
    counts = np.bincount([size.site for size in sizes], minlength=len(sites))
    fixed = {
        ProblemType.CAPACITATED_LOCATION: [size.fixed_cny_per_yr for size in sizes],
        ProblemType.SET_COVER: [1.0] * len(sizes),
    }.get(tier.problem, [0.0] * len(sizes))
    least = [
        0.0 if size.option is None else size.option.least_throughput_t_per_yr for size in sizes
    ]
    return Sites(
        ids=tuple(sites["id"].astype(str)),
        required=sites["required"].to_numpy(bool),
        forbidden=np.zeros(len(sites), np.bool_),
        existing=sites["existing"].to_numpy(bool),
        size_start=np.concatenate(([0], np.cumsum(counts))),
        capacity=np.array([size.capacity_t_per_yr for size in sizes], np.float64),
        fixed_cost=np.array(fixed, np.float64),
        least_throughput=np.array(least, np.float64),
    )


def _arcs(tier: Tier, trips: Trips, wants: Wants) -> Arcs:
    row = trips.row
    if tier.problem is ProblemType.CAPACITATED_LOCATION:
        rate = haul_rate_cny_per_t_km(tier)
        # The rate is of a loaded kilometre with its empty return in it, so that half of it is
        # driven out and half back, wherever the two ways differ.
        driven_km = (trips.out_m + trips.back_m) / 2000
        cost = np.nan_to_num(wants.tonnes[row]) * rate * driven_km
    else:
        cost = wants.weight[row] * trips.out_m
    return Arcs(trips.start, trips.site, trips.out_m, cost)


def haul_rate_cny_per_t_km(tier: Tier) -> float:
    """Cost of a loaded tonne-kilometre to a tier, its empty return in it.

    The vehicle's own, unless the profile states another; light stuff that fills the box before it
    reaches the payload costs so many times more.
    """
    lorry = vehicle(tier.vehicle)
    if tier.leg is None:
        return lorry.cost_cny_per_t_km
    if tier.leg.cost_cny_per_t_km is not None:
        return tier.leg.cost_cny_per_t_km
    payload_t = tier.leg.payload_t or lorry.payload_t
    return lorry.cost_cny_per_t_km * lorry.payload_t / payload_t


def _cost_unit(tier: Tier, wants: Wants) -> str:
    return {
        ProblemType.CAPACITATED_LOCATION: "cny/yr",
        ProblemType.SET_COVER: "sites",
        ProblemType.MAXIMAL_COVER: wants.weight_unit,
        ProblemType.P_CENTRE: "m",
        ProblemType.P_MEDIAN: f"{wants.weight_unit}·m",
    }[tier.problem]


def _within_districts(
    trips: Trips,
    tier: Tier,
    points: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    neighbours: Mapping[str, frozenset[str]],
) -> Trips:
    """Only pairs that the districts allow."""
    if not (tier.own_district_only or tier.adjacent_districts_only):
        return trips
    of_point = points["district"].to_numpy(object)[trips.row]
    of_site = sites["district"].to_numpy(object)[trips.site]
    allowed = of_point == of_site
    if tier.adjacent_districts_only:
        allowed |= np.fromiter(
            (b in neighbours.get(a, ()) for a, b in zip(of_point, of_site, strict=True)),
            np.bool_,
            len(of_point),
        )
    return trips.keep(allowed)


def quotas_of(
    tier: Tier, sites: gpd.GeoDataFrame, points: gpd.GeoDataFrame, county: str = COUNTY
) -> tuple[Quota, ...]:
    """Counts that bind: 刚性 and 原则上. 鼓励 and 按需 reward or allow, they force nothing.

    A maximum below what must stay anyway is raised to it where the wording is 原则上: texts do not
    tear down what stands.
    """
    found: list[Quota] = []
    required = sites["required"].to_numpy(bool)
    district = sites["district"].to_numpy(object)
    for rule in tier.quotas:
        if rule.strength not in (Strength.MUST, Strength.IN_PRINCIPLE):
            continue
        groups = {county: np.arange(len(sites))}
        if rule.per == "district":
            names = sorted({str(one) for one in points["district"] if one and rule.means(one)})
            groups = {name: np.flatnonzero(district == name) for name in names}
        for name, members in groups.items():
            maximum = rule.maximum
            if maximum is not None and rule.strength is Strength.IN_PRINCIPLE:
                maximum = max(maximum, int(required[members].sum()))
            found.append(Quota(name, members, rule.minimum, maximum, rule.strength))
    return tuple(found)

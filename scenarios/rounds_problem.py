"""From a stream of a plan to the question of its rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError
from planner.routes import (
    Depots,
    DisposalSites,
    Goods,
    RoundsProblem,
    Stops,
    Territory,
)
from planner.routes.territories import with_territories
from scenarios.answers import is_open
from scenarios.inputs import Inputs
from scenarios.licence_areas import COLUMN, with_licence_area
from scenarios.operations import Role, Rounds
from scenarios.plan import Plan, StreamPlan
from scenarios.profile import Tier
from scenarios.rounds_changed import with_changed_lorries, with_changed_stops
from scenarios.rounds_changes import RoundsChanges
from scenarios.rounds_costs import RoundsCosts, rounds_costs
from scenarios.rounds_fleet import LorryDepots, classes_of, lorry, lorry_depots, lorry_roads
from scenarios.rounds_kinds import amounts
from scenarios.rounds_roads import LorryRoads
from scenarios.rounds_stops import (
    DAYS_PER_YR,
    S_PER_H,
    S_PER_MIN,
    Cycle,
    Visiting,
    cycle_of,
    loads_t,
    value_of,
    visiting,
)


@dataclass(frozen=True, eq=False)
class RoundsCase:
    """A problem with what is needed to tell and draw its answer.

    Parameters
    ----------
    stops, sites, depots : tables in the order of the problem's positions
    roads : of each vehicle class, between the places of the problem
    cycle_days : calendar days in one cycle
    """

    stream: StreamPlan
    tier: Tier
    rule: Rounds
    problem: RoundsProblem
    stops: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    depots: gpd.GeoDataFrame
    roads: Mapping[str, LorryRoads]
    cycle_days: int

    @property
    def cycles_per_yr(self) -> float:
        """Cycles in one year."""
        return DAYS_PER_YR / self.cycle_days


def rounds_tiers(stream: StreamPlan) -> list[Tier]:
    """Tiers that lorries bring to on rounds, from the demand itself first.

    What residents carry to a point on foot is no round; the rounds that a text has for such a point
    are those of the tier above.
    """
    known = rounds_costs().vehicles
    found = [one for one in stream.profile.tiers if one.rounds and one.vehicle in known]
    return sorted(found, key=lambda one: one.serves != "demand")


def rounds_case(
    plan: Plan,
    inputs: Inputs,
    stream_id: str,
    *,
    service_areas: bool = True,
    changes: RoundsChanges | None = None,
) -> RoundsCase:
    """The rounds of a stream of a plan.

    Parameters
    ----------
    inputs : that the plan was made from; roads are theirs
    service_areas : lorries serve points of one site only, those that the plan gives to it
    changes : of stops and lorries since the plan was made

    Raises
    ------
    InputError
        The stream is not planned, has no rounds, or nothing that a round could serve.
    """
    stream = _stream(plan, stream_id)
    tier = _tier(stream)
    rule = tier.rounds
    assert rule is not None  # noqa: S101 - _tier looks for one
    costs = rounds_costs()
    sites = _open_sites(stream, tier)
    stops, site_of = _served(stream, tier, sites)
    classes = classes_of(tier, rule)
    depots = lorry_depots(plan, stream_id, rule, sites, classes)
    if changes is not None:
        stops, site_of = with_changed_stops(stops, site_of, sites, changes)
        depots = with_changed_lorries(depots, classes, changes)
    layer = _layer(inputs, stream)
    visits = visiting(rule, stops, layer)
    cycle = cycle_of(visits.every_days, costs.working_days)
    loads = amounts(rule, stops, layer, loads_t(stops, cycle))
    places = [stops.geometry, sites.geometry]
    places += [] if depots.at_sites else [depots.table.geometry]
    roads = {name: lorry_roads(plan, inputs, tier, name, costs, places) for name in classes}
    own = service_areas and rule.territories is None
    territory, territories = _territories(inputs, tier, stops, sites, site_of, own=own)
    problem = RoundsProblem(
        goods=_goods(stream, rule),
        stops=_stops(stops, loads, visits, cycle, territory),
        depots=_depots(stops, sites, depots),
        disposal=DisposalSites.simple(
            _ids(sites),
            len(stops) + np.arange(len(sites)),
            unload_s=np.full(len(sites), costs.unload_min * S_PER_MIN),
            capacity_t_per_day=_daily_t(tier, sites, cycle, costs),
            streams=max(len(rule.kinds), 1),
        ),
        vehicles=tuple(lorry(tier, name, costs, depots.available(name)) for name in classes),
        matrices={name: one.matrix() for name, one in roads.items()},
        day_names=cycle.names,
        territories=territories,
    )
    if rule.territories is not None:
        problem = _with_crews(problem, rule.territories, stream_id)
    return RoundsCase(stream, tier, rule, problem, stops, sites, depots.table, roads, cycle.length)


def _below(stream: StreamPlan, tier: Tier, links: pd.DataFrame) -> gpd.GeoDataFrame:
    """Open sites of the tier below as points, with what they pass on: small boxes to big boxes."""
    table = stream.facilities
    found = table[(table["tier"] == tier.serves) & is_open(table["status"])]
    passed_on = links.groupby("from_id")["tonnes_per_yr"].sum()
    return found.assign(demand_t_per_yr=found["id"].map(passed_on).fillna(0.0))


def _with_crews(problem: RoundsProblem, count: int, stream: str) -> RoundsProblem:
    """Territories of about equal work; not where licence areas are territories already."""
    if problem.territories:
        message = N_("rounds of stream {stream} keep to licence areas; leave territories out")
        raise InputError([Fault("rounds", message, {"stream": stream})])
    return with_territories(problem, min(count, len(problem.stops)))


def _goods(stream: StreamPlan, rule: Rounds) -> tuple[Goods, ...]:
    """The stream, or each of its kinds that lorries keep apart."""
    longest_s = value_of(rule.on_board_h, np.inf) * S_PER_H
    names = [one.id for one in rule.kinds] or [stream.profile.id]
    return tuple(Goods(name, longest_s) for name in names)


def _stops(
    stops: gpd.GeoDataFrame,
    loads: tuple[NDArray[np.float64], NDArray[np.float64]],
    visits: Visiting,
    cycle: Cycle,
    territory: NDArray[np.int64],
) -> Stops:
    tonnes, cubic_metres = loads
    return Stops.simple(
        _ids(stops),
        np.arange(len(stops)),
        tonnes,
        amount_m3=cubic_metres,
        day_count=len(cycle.names),
        service_s=visits.service_s,
        opens_s=visits.opens_s,
        closes_s=visits.closes_s,
        visits=cycle.visits,
        smallest_gap_days=cycle.smallest_gap_days,
        largest_gap_days=cycle.largest_gap_days,
        days=cycle.days,
        territory=territory,
        divisible=np.ones(len(stops), bool),
    )


def _depots(stops: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, depots: LorryDepots) -> Depots:
    first = len(stops) + (0 if depots.at_sites else len(sites))
    return Depots(_ids(depots.table), first + np.arange(len(depots.table)))


def _territories(
    inputs: Inputs,
    tier: Tier,
    stops: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    site_of: NDArray[np.int64],
    *,
    own: bool,
) -> tuple[NDArray[np.int64], tuple[Territory, ...]]:
    """Territory of each stop: its site's, its licence area's, or none."""
    at_site = tier.rounds is not None and tier.rounds.start_stop == "site"
    if own:
        named = tuple(
            Territory(site, (k,), (k,) if at_site else None) for k, site in enumerate(_ids(sites))
        )
        return site_of, named
    free = np.full(len(stops), -1, np.int64)
    if not tier.within_licence_area:
        return free, ()
    areas = inputs.layer("licence_areas")
    placed, of_site = with_licence_area(stops, areas), with_licence_area(sites, areas)
    if COLUMN not in placed or COLUMN not in of_site:
        return free, ()
    names = sorted({str(name) for name in of_site[COLUMN] if name})
    held = of_site[COLUMN].astype(str).to_numpy(object)
    within = {name: tuple(int(k) for k in np.flatnonzero(held == name)) for name in names}
    at = {name: k for k, name in enumerate(names)}
    # Who lies in no area is bound by none; neither is an area whose points a site outside serves.
    territory = np.array([at.get(str(name), -1) for name in placed[COLUMN]], np.int64)
    return territory, tuple(
        Territory(name, within[name], within[name] if at_site else None) for name in names
    )


def _daily_t(
    tier: Tier, sites: gpd.GeoDataFrame, cycle: Cycle, costs: RoundsCosts
) -> NDArray[np.float64]:
    """(m,) tonnes a day that sites take.

    Stores are limited by their stock, not by the day; so is what receives a month's load at once.
    """
    often = cycle.length / float(cycle.visits.max()) <= costs.working_days.up_to_days
    if tier.role not in (Role.TRANSFER, Role.TREATMENT) or not often:
        return np.full(len(sites), np.inf)
    yearly = pd.to_numeric(sites["capacity_t_per_yr"], errors="coerce").to_numpy(np.float64)
    running = max(cycle.running_days, 1)
    daily: NDArray[np.float64] = yearly * cycle.length / DAYS_PER_YR / running
    return np.where(np.isnan(daily), np.inf, daily * costs.site_day_peak)


def _layer(inputs: Inputs, stream: StreamPlan) -> gpd.GeoDataFrame:
    """The demand layers of a stream one under another, with every column their files have."""
    rule = stream.profile.demand
    names = (rule.layer, *(one.layer for one in rule.also))
    tables = [table for table in map(inputs.layer, names) if len(table)]
    found = pd.concat(tables, ignore_index=True)
    return gpd.GeoDataFrame(found, geometry="geometry", crs="EPSG:4326")


def _ids(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(table["id"].astype(str))


def _stream(plan: Plan, stream_id: str) -> StreamPlan:
    if stream_id not in plan.streams:
        message = N_("the plan has no stream '{stream}'; it has {known}")
        values = {"stream": stream_id, "known": ", ".join(plan.streams)}
        raise InputError([Fault("rounds", message, values)])
    found = plan.streams[stream_id]
    if not found.has_plan:
        message = N_("no sites were found for stream {stream}; allow more solver.time_limit_s")
        raise InputError([Fault("rounds", message, {"stream": stream_id})])
    return found


def _tier(stream: StreamPlan) -> Tier:
    found = rounds_tiers(stream)
    if found:
        return found[0]
    message = N_("stream {stream} has no tier that is reached by rounds; add 'rounds:' to one")
    raise InputError([Fault("rounds", message, {"stream": stream.profile.id})])


def _open_sites(stream: StreamPlan, tier: Tier) -> gpd.GeoDataFrame:
    table = stream.facilities
    found = table[(table["tier"] == tier.id) & is_open(table["status"])].reset_index(drop=True)
    if len(found):
        return found
    message = N_("stream {stream} has no open site of tier {tier}: there is nowhere to empty")
    raise InputError([Fault("rounds", message, {"stream": stream.profile.id, "tier": tier.id})])


def _served(
    stream: StreamPlan, tier: Tier, sites: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Points (or sites of the tier below) with tonnes that go to a site, and its position."""
    at = {site: k for k, site in enumerate(_ids(sites))}
    links = stream.assignments[stream.assignments["tier"] == tier.id]
    # Where tonnes are divided, the lorry of the site with the largest share comes.
    best = links.sort_values("share").drop_duplicates("from_id", keep="last")
    site_of = dict(zip(best["from_id"].astype(str), best["to_id"].astype(str), strict=True))
    demand = stream.demand if tier.serves == "demand" else _below(stream, tier, links)
    tonnes = pd.to_numeric(demand["demand_t_per_yr"], errors="coerce").fillna(0.0)
    known = demand["id"].astype(str).map(site_of).isin(list(at))
    stops = demand[known & (tonnes > 0)].reset_index(drop=True)
    if len(stops) == 0:
        message = N_("stream {stream} serves no point with tonnes; rounds have nothing to fetch")
        raise InputError([Fault("rounds", message, {"stream": stream.profile.id})])
    positions = np.array([at[site_of[one]] for one in _ids(stops)], np.int64)
    return stops, positions


def with_rounds(plan: Plan) -> Sequence[str]:
    """Streams of a plan whose rounds can be planned."""
    return [key for key, one in plan.streams.items() if rounds_tiers(one) and one.has_plan]

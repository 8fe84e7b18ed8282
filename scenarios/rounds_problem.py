"""From a stream of a plan to the question of its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.faults import N_, Fault, InputError
from geodata.roads.speeds import vehicle as vehicle_class
from planner.routes import (
    Compartment,
    Depots,
    DisposalSites,
    Goods,
    RoundsProblem,
    Stops,
    Territory,
    VehicleClass,
)
from scenarios.answers import is_open
from scenarios.evidence import Sourced
from scenarios.inputs import Inputs
from scenarios.operations import Rounds
from scenarios.plan import Plan, StreamPlan
from scenarios.profile import Tier
from scenarios.rounds_costs import RoundsCosts, rounds_costs
from scenarios.rounds_roads import OFF_ROAD_SNAP_M, LorryRoads

DAYS_PER_YR = 365.0
S_PER_MIN, S_PER_H = 60.0, 3_600.0
WEEK, MONTH = 7, 28
DEFAULT_STOP_MIN, DEFAULT_SHIFT_H = 5.0, 8.0
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class RoundsCase:
    """A problem with what is needed to tell and draw its answer.

    Parameters
    ----------
    stops, sites : rows of the plan's tables, in the order of the problem's positions
    cycle_days : calendar days in one cycle
    """

    stream: StreamPlan
    tier: Tier
    rule: Rounds
    problem: RoundsProblem
    stops: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    roads: LorryRoads
    cycle_days: int

    @property
    def cycles_per_yr(self) -> float:
        """Cycles in one year."""
        return DAYS_PER_YR / self.cycle_days

    def place_of_site(self, site: int) -> int:
        """Position in the road matrix."""
        return len(self.stops) + site


def rounds_tiers(stream: StreamPlan) -> list[Tier]:
    """Tiers that are reached by rounds from the demand itself."""
    return [
        one for one in stream.profile.tiers if one.rounds is not None and one.serves == "demand"
    ]


def rounds_case(
    plan: Plan, inputs: Inputs, stream_id: str, *, service_areas: bool = True
) -> RoundsCase:
    """The rounds of a stream of a plan.

    Parameters
    ----------
    inputs : that the plan was made from; roads are theirs
    service_areas : lorries of a site serve only the points that the plan gives to it

    Raises
    ------
    InputError
        The stream is not planned, has no rounds, or nothing that a round could serve.
    """
    stream = _stream(plan, stream_id)
    tier = _tier(stream)
    rule = tier.rounds
    assert rule is not None  # noqa: S101 - _tier looks for one
    sites = _open_sites(stream, tier)
    stops, site_of = _served(stream, tier, sites)
    costs = rounds_costs()
    names, visits, cycle, allowed = _calendar(rule, costs)
    roads = _roads(plan, inputs, tier, costs, stops, sites)
    per_visit_t = stops["demand_t_per_yr"].to_numpy(np.float64) * cycle / DAYS_PER_YR / visits
    problem = RoundsProblem(
        goods=(Goods(stream.profile.id, _seconds(rule.on_board_h, S_PER_H, np.inf)),),
        stops=Stops.simple(
            _ids(stops),
            np.arange(len(stops)),
            per_visit_t,
            day_count=len(names),
            service_s=np.full(len(stops), _seconds(rule.stop_min, S_PER_MIN, DEFAULT_STOP_MIN)),
            visits=np.full(len(stops), visits),
            smallest_gap_days=np.full(len(stops), max(1, (cycle // visits) - 1)),
            days=np.tile(allowed, (len(stops), 1)),
            territory=site_of if service_areas else np.full(len(stops), -1),
            divisible=np.ones(len(stops), bool),
        ),
        depots=Depots(_ids(sites), len(stops) + np.arange(len(sites))),
        disposal=DisposalSites.simple(
            _ids(sites),
            len(stops) + np.arange(len(sites)),
            unload_s=np.full(len(sites), costs.unload_min * S_PER_MIN),
        ),
        vehicles=(_vehicle(tier, rule, costs, len(sites)),),
        matrices={tier.vehicle: roads.matrix()},
        day_names=names,
        territories=tuple(
            Territory(site, (k,), (k,)) for k, site in enumerate(_ids(sites)) if service_areas
        ),
    )
    return RoundsCase(stream, tier, rule, problem, stops, sites, roads, cycle)


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
    """Points with tonnes that the plan gives to a site, and that site's position."""
    at = {site: k for k, site in enumerate(_ids(sites))}
    links = stream.assignments[stream.assignments["tier"] == tier.id]
    # Where tonnes are divided, the lorry of the site with the largest share comes.
    best = links.sort_values("share").drop_duplicates("from_id", keep="last")
    site_of = dict(zip(best["from_id"].astype(str), best["to_id"].astype(str), strict=True))
    demand = stream.demand
    tonnes = pd.to_numeric(demand["demand_t_per_yr"], errors="coerce").fillna(0.0)
    known = demand["id"].astype(str).map(site_of).isin(list(at))
    stops = demand[known & (tonnes > 0)].reset_index(drop=True)
    if len(stops) == 0:
        message = N_("stream {stream} serves no point with tonnes; rounds have nothing to fetch")
        raise InputError([Fault("rounds", message, {"stream": stream.profile.id})])
    positions = np.array([at[site_of[one]] for one in _ids(stops)], np.int64)
    return stops, positions


def _calendar(rule: Rounds, costs: RoundsCosts) -> tuple[tuple[str, ...], int, int, np.ndarray]:
    """Day names, visits a cycle, days of the cycle, and days on which rounds run.

    Up to weekly, the cycle is a week (a single day where every day is alike); rarer stops share a
    cycle of four weeks, as many visits in it as their frequency asks for.
    """
    every = max(1.0, _value(rule.every_days, 1.0))
    if every < 2:
        return ("1",), 1, 1, np.ones(1, bool)
    if every <= costs.working_days.up_to_days:
        # A cycle of exactly that many days: each stop once, the gap kept for ever.
        length = int(every)
        names = tuple(str(day + 1) for day in range(length))
        return names, 1, length, np.ones(length, bool)
    cycle = WEEK if every <= WEEK else MONTH
    names = tuple(
        WEEKDAYS[day % WEEK] if cycle == WEEK else f"{day // WEEK + 1}-{day % WEEK + 1}"
        for day in range(cycle)
    )
    allowed = np.arange(cycle) % WEEK < costs.working_days.otherwise
    return names, max(1, ceil(cycle / every - 1e-9)), cycle, allowed


def _roads(
    plan: Plan,
    inputs: Inputs,
    tier: Tier,
    costs: RoundsCosts,
    stops: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
) -> LorryRoads:
    points = pd.concat([stops.geometry, sites.geometry])
    shape = gpd.GeoSeries(points, crs="EPSG:4326").representative_point()
    straight = plan.scenario.off_road == "straight"
    return LorryRoads(
        inputs.roads,
        vehicle_class(tier.vehicle),
        inputs.metric_crs,
        shape.x.to_numpy(np.float64),
        shape.y.to_numpy(np.float64),
        max(plan.scenario.max_snap_m, OFF_ROAD_SNAP_M) if straight else plan.scenario.max_snap_m,
        costs.access_kph,
        None if tier.leg is None else tier.leg.speed_kph,
    )


def _vehicle(tier: Tier, rule: Rounds, costs: RoundsCosts, sites: int) -> VehicleClass:
    known = vehicle_class(tier.vehicle)
    prices = costs.lorry(tier.vehicle)
    payload_t = known.payload_t
    if tier.leg is not None and tier.leg.payload_t is not None:
        payload_t = tier.leg.payload_t
    shift_s = _seconds(rule.shift_h, S_PER_H, DEFAULT_SHIFT_H)
    start_s = prices.shift_start_h * S_PER_H
    overtime_s = costs.longest_overtime_h * S_PER_H
    return VehicleClass(
        id=tier.vehicle,
        matrix=tier.vehicle,
        compartments=(Compartment((0,)),),
        available=(None,) * sites,
        shift_start_s=start_s,
        shift_end_s=start_s + shift_s + overtime_s,
        longest_shift_s=shift_s,
        longest_overtime_s=overtime_s,
        fixed_cny=prices.fixed_cny,
        cny_per_km=prices.cny_per_km,
        cny_per_h=costs.crew_cny_per_h,
        overtime_cny_per_h=costs.overtime_cny_per_h,
        payload_t=payload_t,
        co2_kg_per_km=costs.co2_kg_per_km(tier.vehicle),
    )


def _value(number: Sourced | None, otherwise: float) -> float:
    return otherwise if number is None or number.value is None else float(number.value)


def _seconds(number: Sourced | None, unit_s: float, otherwise: float) -> float:
    return _value(number, otherwise) * unit_s


def with_rounds(plan: Plan) -> Sequence[str]:
    """Streams of a plan whose rounds can be planned."""
    return [key for key, one in plan.streams.items() if rounds_tiers(one) and one.has_plan]

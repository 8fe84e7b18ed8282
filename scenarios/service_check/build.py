"""The service check of a plan, made once when the plan is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.roads.graph import CostGraph, RoadGraph, RoadPositions
from geodata.roads.speeds import by_length, by_time, vehicle
from geodata.snapping import snap
from scenarios.answers import is_open
from scenarios.deliverables.service_areas import largest_share
from scenarios.inputs import Inputs
from scenarios.plan import Plan, StreamPlan
from scenarios.schema import Evidence, Metric, Scenario, StreamProfile, Tier
from scenarios.service_check.index import (
    LANE_KPH,
    NEAREST,
    Near,
    Places,
    ServiceIndex,
    TierFacts,
    TierIndex,
    tidy,
)
from scenarios.service_check.network import FloatArray, IntArray, Line, Network, Position
from scenarios.travel import WALKER

SEARCH_MARGIN = 1.5
"""Sites are looked for this much farther than the farthest that serves, or than the radius."""
LEAST_SEARCH_M = 3000.0
RECALLED = "规划取值（非规范条文）"


def build_index(plan: Plan, inputs: Inputs) -> ServiceIndex:
    """Everything that the service check answers from.

    Parameters
    ----------
    inputs : that the plan was made from, as ``scenarios.run.run`` gives to ``on_inputs``
    """
    scenario = plan.scenario
    tiers = [
        (stream, tier)
        for stream in plan.streams.values()
        for tier in stream.profile.tiers
        if (stream.from_demand["tier"] == tier.id).any()
    ]
    graphs = {
        name: by_length(inputs.roads, vehicle(name))
        for name in dict.fromkeys(_vehicle_of(tier) for _, tier in tiers)
        if inputs.roads is not None and name
    }
    network = _network(inputs, graphs, scenario.max_snap_m)
    snapper = _Snapper(inputs.roads, graphs, scenario.max_snap_m)
    return ServiceIndex(
        network, [_tier_index(stream, t, scenario, network, snapper) for stream, t in tiers]
    )


def _vehicle_of(tier: Tier) -> str:
    if tier.metric is Metric.STRAIGHT:
        return ""
    return WALKER if tier.metric is Metric.WALK else tier.vehicle


def _network(inputs: Inputs, graphs: Mapping[str, CostGraph], max_snap_m: float) -> Network:
    roads = inputs.roads
    metric = inputs.metric_crs.to_string()
    if roads is None:
        none, nothing = np.zeros(0, np.int32), np.zeros(0)
        start = np.zeros(1, np.int64)
        return Network(
            none, none, none, nothing, start, nothing, nothing, nothing, nothing, {}, {}, metric,
            max_snap_m,
        )  # fmt: skip
    seconds = {
        name: np.nan_to_num(by_time(roads, vehicle(name)).cost, posinf=0.0).astype(np.float32)
        for name in graphs
    }
    return Network(
        edge_from=roads.topology.edge_from,
        edge_to=roads.topology.edge_to,
        reverse=roads.reverse,
        length_m=np.asarray(roads.length_m, np.float64),
        shape_start=roads.shape_start,
        shape_lon=roads.shape_lon,
        shape_lat=roads.shape_lat,
        node_lon=roads.topology.node_lon,
        node_lat=roads.topology.node_lat,
        usable={name: np.isfinite(graph.cost) for name, graph in graphs.items()},
        seconds=seconds,
        metric=metric,
        max_snap_m=max_snap_m,
    )


class _Snapper:
    """Places on the roads of a vehicle; equal sets are snapped once."""

    def __init__(
        self, roads: RoadGraph | None, graphs: Mapping[str, CostGraph], max_snap_m: float
    ) -> None:
        self.graphs = graphs
        self._roads, self._cap = roads, max_snap_m
        self._known: dict[tuple[str, bytes], tuple[IntArray, FloatArray, FloatArray]] = {}

    def places(self, table: gpd.GeoDataFrame, vehicle_id: str) -> Places:
        """A table with where each row meets the road."""
        geometry = table.geometry
        lon, lat = geometry.x.to_numpy(np.float64), geometry.y.to_numpy(np.float64)
        edge, fraction, leg = self._snapped(lon, lat, vehicle_id)
        return Places(
            _texts(table["id"]), _texts(table["name"]), _texts(table["district"]),
            lon, lat, edge, fraction, leg,
        )  # fmt: skip

    def _snapped(
        self, lon: FloatArray, lat: FloatArray, vehicle_id: str
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        n = len(lon)
        if self._roads is None or vehicle_id not in self.graphs or n == 0:
            return np.full(n, -1, np.int32), np.zeros(n), np.full(n, np.inf)
        key = (vehicle_id, lon.tobytes() + lat.tobytes())
        if key not in self._known:
            found = snap(lon, lat, self._roads, self.graphs[vehicle_id], self._cap)
            positions = found.positions
            self._known[key] = (positions.edge, positions.fraction, found.distance_m)
        return self._known[key]


def _texts(values: pd.Series) -> tuple[str, ...]:
    return tuple(one if isinstance(one, str) else "" for one in values)


def _tier_index(
    stream: StreamPlan, tier: Tier, scenario: Scenario, network: Network, snapper: _Snapper
) -> TierIndex:
    name = _vehicle_of(tier) if network.usable else ""
    mine = (stream.facilities["tier"] == tier.id) & is_open(stream.facilities["status"])
    facilities = stream.facilities[mine.to_numpy(bool)]
    sites = snapper.places(facilities, name)
    villages = snapper.places(stream.demand, name)
    links = stream.from_demand
    links = links[(links["tier"] == tier.id).to_numpy(bool)]
    served_by, metres, measured = _served(links, sites, villages)
    facts = _facts(stream.profile, tier, scenario, name)
    nodes = _nearest_of_nodes(snapper.graphs.get(name), network, name, sites, facts, metres)
    blank = np.full((len(villages), 3), np.nan)
    index = TierIndex(
        facts, sites, villages, served_by, metres, np.full(len(villages), np.nan), measured,
        _within(facts, metres), _reasons(stream, served_by), _answers_for(stream, tier),
        np.full((len(villages), 3), -1, np.int32),
        blank, blank.copy(), *nodes, detours={}, site_status=_texts(facilities["status"]),
    )  # fmt: skip
    return _with_villages(index, network, snapper.graphs.get(name))


def _facts(profile: StreamProfile, tier: Tier, scenario: Scenario, vehicle_id: str) -> TierFacts:
    radius = tier.radius_km
    clause, evidence = "", ""
    if radius is not None:
        parts = [radius.source, radius.edition, radius.clause]
        if radius.evidence in (Evidence.RECALLED, Evidence.ASSUMED) and not any(
            RECALLED in part for part in parts
        ):
            parts.insert(0, RECALLED)
        clause, evidence = " ".join(part for part in parts if part), radius.evidence.value
    return TierFacts(
        stream=profile.id,
        stream_names=profile.name.model_dump(),
        tier=tier.id,
        tier_names=tier.name.model_dump(),
        metric=tier.metric.value if vehicle_id else "straight",
        vehicle=vehicle_id,
        circuity=tier.circuity,
        straight_off_road=scenario.off_road == "straight",
        radius_m=tier.radius_m,
        clause=clause,
        evidence=evidence,
    )


def _served(
    links: pd.DataFrame, sites: Places, villages: Places
) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    """The site of each village by its largest share, and how far that is."""
    owner = largest_share(links)
    served_by = np.full(len(villages), -1, np.int32)
    metres = np.full(len(villages), np.nan)
    measured = [""] * len(villages)
    rows = {
        (a, b): (metre, how)
        for a, b, metre, how in zip(
            links["from_id"], links["to_id"], links["impedance"], links["measured"], strict=True
        )
    }
    for village, name in enumerate(villages.ids):
        site = sites.at.get(owner.get(name, ""))
        if site is not None:
            served_by[village] = site
            metres[village], measured[village] = rows[name, sites.ids[site]]
    return served_by, metres, tuple(measured)


def _within(facts: TierFacts, metres: FloatArray) -> NDArray[np.int8]:
    if facts.radius_m is None:
        return np.full(len(metres), -1, np.int8)
    near = np.nan_to_num(metres, nan=np.inf) <= facts.radius_m * (1 + 1e-9)
    return near.astype(np.int8)


def _reasons(stream: StreamPlan, served_by: IntArray) -> tuple[str, ...]:
    stated = _texts(stream.demand["reason"])
    return tuple(
        "" if site >= 0 else reason or "left_out"
        for site, reason in zip(served_by.tolist(), stated, strict=True)
    )


def _answers_for(stream: StreamPlan, tier: Tier) -> NDArray[np.bool_]:
    """(n,) villages that this tier answers for.

    In a building programme waste takes one way: the tier with the largest share answers, and the
    first for a village without service. Else every tier that serves points serves them all.
    """
    points = stream.demand["id"]
    if "from_tier" not in stream.assignments:
        return np.ones(len(points), np.bool_)
    taking = set(stream.from_demand["tier"])
    first = next(one.id for one in stream.profile.tiers if one.id in taking)
    ordered = stream.from_demand.sort_values("share", ascending=False, kind="stable")
    owner = ordered.drop_duplicates("from_id").set_index("from_id")["tier"]
    return np.asarray(points.map(owner).fillna(first) == tier.id)


NodeArrays = tuple[IntArray, IntArray, FloatArray, NDArray[np.float32]]


def _nearest_of_nodes(
    graph: CostGraph | None,
    network: Network,
    vehicle_id: str,
    sites: Places,
    facts: TierFacts,
    metres: FloatArray,
) -> NodeArrays:
    """(v, k) the nearest sites of every junction: site, edge to leave by, metres, seconds."""
    n = len(network.node_lon)
    shape = (n, NEAREST)
    site, edge = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    far, slow = np.full(shape, np.inf), np.zeros(shape, np.float32)
    if graph is None:
        return site, edge, far, slow
    reach_m = max(np.nan_to_num(metres, nan=0.0).max(initial=0.0), facts.radius_m or 0.0)
    limit_m = max(reach_m * SEARCH_MARGIN, LEAST_SEARCH_M)
    for s, cost, by_edge, seconds in _searches(graph, network, vehicle_id, sites, limit_m):
        nodes = np.flatnonzero(cost < far[:, -1])
        # With the access leg of the site: the order is that of the whole way.
        rank = (far[nodes] <= cost[nodes, None]).sum(axis=1)
        for k in range(NEAREST - 1, -1, -1):
            later = nodes[rank < k]
            for array in (site, edge, far, slow):
                array[later, k] = array[later, k - 1]
            here = nodes[rank == k]
            site[here, k], edge[here, k] = s, by_edge[here]
            far[here, k], slow[here, k] = cost[here], seconds[here]
    legs = np.where(site >= 0, np.nan_to_num(sites.leg_m, posinf=0.0)[site], 0.0)
    return site, edge, far - legs, slow


def _searches(
    graph: CostGraph, network: Network, vehicle_id: str, sites: Places, limit_m: float
) -> Iterator[tuple[int, FloatArray, IntArray, FloatArray]]:
    """A search towards each site: its position, (v,) metres with the site's leg, edges, seconds."""
    from geodata.impedance.arcs import usable_arcs  # noqa: PLC0415 - compiles on import
    from geodata.impedance.dijkstra import tree_search  # noqa: PLC0415
    from geodata.impedance.positions import arrivals  # noqa: PLC0415

    arcs = usable_arcs(graph, backward=True)
    for s in np.flatnonzero(sites.edge >= 0).tolist():
        ends = arrivals(graph, RoadPositions(sites.edge[[s]], sites.fraction[[s]]))
        seeds = np.flatnonzero(ends.node[0] >= 0)
        if not len(seeds):
            continue
        cost, by_arc, _ = tree_search(
            arcs.start, arcs.head, arcs.cost, ends.node[0, seeds], ends.offset[0, seeds],
            np.zeros(len(seeds), np.int32), np.empty(0, np.int32), limit_m,
        )  # fmt: skip
        by_edge = np.where(by_arc >= 0, arcs.edge[by_arc], -1).astype(np.int32)
        yield s, cost + sites.leg_m[s], by_edge, _seconds(network, vehicle_id, cost, by_edge)


def _seconds(network: Network, vehicle_id: str, cost: FloatArray, by_edge: IntArray) -> FloatArray:
    """(v,) seconds along the tree's ways: steps joined two and two until all end at the site."""
    reached = np.flatnonzero(np.isfinite(cost))
    position = np.full(len(cost), -1, np.int64)
    position[reached] = np.arange(len(reached))
    edge = by_edge[reached]
    root = edge < 0
    onward = np.where(root, np.arange(len(reached)), position[network.edge_to[edge]])
    step = np.where(root, 0.0, network.seconds[vehicle_id][edge]).astype(np.float64)
    while not root[onward].all():
        step += step[onward]
        onward = onward[onward]
    # The rest, on the site's own road, at a lane's pace.
    step += cost[reached][onward] * 3.6 / LANE_KPH
    seconds = np.zeros(len(cost))
    seconds[reached] = step
    return seconds


def _with_villages(index: TierIndex, network: Network, graph: CostGraph | None) -> TierIndex:
    """The index with the other sites of every village, and the minutes to its own."""
    near, near_metres, near_seconds = (
        index.near.copy(), index.near_metres.copy(), index.near_seconds.copy(),
    )  # fmt: skip
    seconds = index.seconds.copy()
    detours: dict[int, Line] = {}
    for village in range(len(index.villages)):
        position = position_of(index.villages, village, network)
        found = index.nearest_sites(network, position, NEAREST)
        own = int(index.served_by[village])
        others = [one for one in found if one.site != own][:3]
        for k, one in enumerate(others):
            near[village, k], near_metres[village, k] = one.site, one.metres
            near_seconds[village, k] = one.seconds
        if own < 0:
            continue
        mine = next((one for one in found if one.site == own), None)
        if mine is None and index.measured[village] == index.facts.metric and graph is not None:
            mine, detours[village] = _detour(index, network, graph, position, own)
        seconds[village] = _own_seconds(index, village, mine)
    return replace(
        index, near=near, near_metres=near_metres, near_seconds=near_seconds, seconds=seconds,
        detours=detours,
    )  # fmt: skip


def position_of(places: Places, k: int, network: Network) -> Position:
    """One place as a position on the road."""
    lon, lat = float(places.lon[k]), float(places.lat[k])
    x, y = network.metres(lon, lat)
    leg = float(places.leg_m[k])
    return Position(lon, lat, x, y, int(places.edge[k]), float(places.fraction[k]), leg)


def _own_seconds(index: TierIndex, village: int, mine: Near | None) -> float:
    if mine is not None:
        return mine.seconds
    return float(index.metres[village]) * 3.6 / LANE_KPH


def _detour(
    index: TierIndex, network: Network, graph: CostGraph, position: Position, site: int
) -> tuple[Near, Line]:
    """The way to a site that is none of the nearest (they were full), searched for by itself."""
    from geodata.impedance import path  # noqa: PLC0415 - compiles on import

    start = RoadPositions(np.array([position.edge], np.int32), np.array([position.fraction]))
    end = RoadPositions(index.sites.edge[[site]], index.sites.fraction[[site]])
    way = path(graph, start, end)
    seconds_of = network.seconds[index.facts.vehicle]
    legs = position.leg_m + float(index.sites.leg_m[site])
    seconds = float(((way.end - way.start) * seconds_of[way.edge]).sum()) + legs * 3.6 / LANE_KPH
    points: Line = [[position.lon, position.lat]]
    for edge, first, last in zip(way.edge, way.start, way.end, strict=True):
        points += network.line(int(edge), float(first), float(last))
    points.append([float(index.sites.lon[site]), float(index.sites.lat[site])])
    return Near(site, way.cost + legs, seconds, index.facts.metric), tidy(points)

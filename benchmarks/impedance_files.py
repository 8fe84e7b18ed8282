"""Road files as the impedance benchmarks take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import CostGraph, RoadGraph, RoadTopology
from geodata.roads.read import load_roads
from geodata.roads.speeds import by_length, vehicle


def file_roads(file: Path, *, bends: bool = False) -> CostGraph:
    """A road file by length, as a car drives it; with every bend a node where ``bends`` is set."""
    road = load_roads(file, **({"crs": "EPSG:32650"} if "wuhan" in file.name else {}))
    graph = by_length(road, vehicle("car"))
    return with_bends(road, graph) if bends else graph


def with_bends(road: RoadGraph, graph: CostGraph) -> CostGraph:
    """The same costs on a graph whose edges are straight: each point of a line is a node."""
    topology = road.topology
    points = np.diff(road.shape_start)
    leader = np.where(
        (road.reverse >= 0) & (road.reverse < np.arange(road.n_edges)), road.reverse, -1
    )
    # A reverse edge shares the bends of the edge that leads its line, in the opposite order.
    owned = np.where(leader < 0, points - 2, 0).clip(0)
    first_bend = topology.n_nodes + np.cumsum(owned) - owned
    edge = np.repeat(np.arange(road.n_edges), points - 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(points - 1) - (points - 1), points - 1)
    turned = leader[edge] >= 0
    line = np.where(turned, leader[edge], edge)
    last = points[edge] - 2

    def node(place: NDArray[np.int64]) -> NDArray[np.int64]:
        along = np.where(turned, last + 1 - place, place)
        bend = first_bend[line] + along - 1
        inner = np.where(place > last, topology.edge_to[edge], bend)
        return np.where(place == 0, topology.edge_from[edge], inner)

    start = road.shape_start[edge] + step
    scale = np.cos(np.radians(road.shape_lat.mean()))
    apart = np.hypot(
        (road.shape_lon[start + 1] - road.shape_lon[start]) * scale,
        road.shape_lat[start + 1] - road.shape_lat[start],
    )
    whole = np.bincount(edge, apart, road.n_edges)
    share = np.where(whole[edge] > 0, apart / np.where(whole > 0, whole, 1)[edge], 1 / (last + 1))
    lon, lat = (
        np.r_[ends, np.empty(owned.sum())] for ends in (topology.node_lon, topology.node_lat)
    )
    tail, head = node(step), node(step + 1)
    lon[tail], lat[tail] = road.shape_lon[start], road.shape_lat[start]
    bare = RoadTopology(lon, lat, tail.astype(np.int32), head.astype(np.int32))
    usable = np.isfinite(graph.cost)[edge]
    cost = np.full(len(edge), np.inf)
    cost[usable] = graph.cost[edge[usable]] * share[usable]
    return CostGraph(bare, cost, np.full(len(edge), -1, np.int32), graph.unit)

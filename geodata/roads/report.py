"""What a road network is worth: kilometres, pieces, dead data, circuity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod
from scipy import sparse

from geodata.roads.access import MOTOR
from geodata.roads.classes import is_known
from geodata.roads.components import component_of_node
from geodata.roads.graph import CostGraph, RoadGraph

_EARTH = Geod(ellps="WGS84")
_LEAST_STRAIGHT_M = 500.0
"""Nearer pairs say more of the bend in one street than of the network."""


@dataclass(frozen=True)
class NetworkReport:
    """Figures of a road network; lengths count a road once, whatever its directions.

    Parameters
    ----------
    source : where the network is from
    nodes, edges : of the directed graph, copies at split junctions included
    roads : lines of road between junctions
    length_km : of all roads
    length_km_by_class : by the file's class names, longest first
    unknown_classes : class names that no speed is known for; they get that of other roads
    components : parts without a road between them, for motor vehicles
    largest_share : 0..1 of the motor roads' length that the largest part holds
    one_way_share : 0..1 of the motor roads' length that is one-way
    closed_km : of roads closed to all
    weight_limited_km, height_limited_km : with a known limit
    circuity : road over straight distance, mean over sampled pairs; None where none could be
    circuity_p90 : the same, 90th percentile
    circuity_pairs : number of sampled pairs
    dead_ends : share of junctions with one road only
    loops : roads that begin and end at one junction
    parallel : pairs of junctions with more than one road between them
    duplicates : roads with the same line as an earlier one
    zero_length : pieces without length that were left out, or are in the graph
    counts : what reading met, left out or could not use
    """

    source: str
    nodes: int
    edges: int
    roads: int
    length_km: float
    length_km_by_class: Mapping[str, float]
    unknown_classes: tuple[str, ...]
    components: int
    largest_share: float
    one_way_share: float
    closed_km: float
    weight_limited_km: float
    height_limited_km: float
    circuity: float | None
    circuity_p90: float | None
    circuity_pairs: int
    dead_ends: float
    loops: int
    parallel: int
    duplicates: int
    zero_length: int
    counts: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def network_report(graph: RoadGraph, *, seed: int = 0, sources: int = 40) -> NetworkReport:
    """Measure a network.

    Parameters
    ----------
    seed, sources : circuity is measured from so many junctions, drawn with this seed, each to as
        many others; the same seed gives the same figure
    """
    leader = np.flatnonzero(graph.is_line_leader)
    length = graph.length_m[leader]
    motor = (graph.access & np.uint16(MOTOR)) != 0
    back = graph.reverse[leader]
    motor_ways = motor[leader].astype(int) + (motor[back] & (back >= 0))
    on_motor = length * (motor_ways > 0)
    part = component_of_node(graph.topology, motor)
    motor_part = part[graph.topology.edge_from[leader]]
    in_parts = np.bincount(motor_part, weights=on_motor)
    by_class = pd.Series(length).groupby(graph.road_class[leader]).sum() / 1000
    names = [graph.class_names[i] for i in by_class.index]
    km = pd.Series(by_class.to_numpy(), index=names).sort_values(ascending=False)
    circuity = _circuity(graph, motor & ~graph.closed, part, seed, sources)
    ends, duplicated, no_length = _ends(graph, leader), _duplicates(graph, leader), length == 0
    return NetworkReport(
        source=graph.source,
        nodes=graph.n_nodes,
        edges=graph.n_edges,
        roads=len(leader),
        length_km=float(length.sum() / 1000),
        length_km_by_class={str(name): float(value) for name, value in km.items()},
        unknown_classes=tuple(sorted(name for name in names if not is_known(name))),
        components=int((in_parts > 0).sum()),
        largest_share=_share(in_parts.max(initial=0.0), on_motor.sum()),
        one_way_share=_share(length[motor_ways == 1].sum(), on_motor.sum()),
        closed_km=float(length[graph.closed[leader]].sum() / 1000),
        weight_limited_km=float(length[~np.isnan(graph.max_weight_t[leader])].sum() / 1000),
        height_limited_km=float(length[~np.isnan(graph.max_height_m[leader])].sum() / 1000),
        circuity=float(circuity.mean()) if len(circuity) else None,
        circuity_p90=float(np.quantile(circuity, 0.9)) if len(circuity) else None,
        circuity_pairs=len(circuity),
        dead_ends=_share((np.bincount(ends.ravel()) == 1).sum(), len(np.unique(ends))),
        loops=int((ends[:, 0] == ends[:, 1]).sum()),
        parallel=_parallel(ends),
        duplicates=duplicated,
        zero_length=int(no_length.sum()) + graph.counts.get("zero_length", 0),
        counts=dict(graph.counts),
    )


def _share(part: float, whole: float) -> float:
    return min(float(part / whole), 1.0) if whole > 0 else 0.0


def _ends(graph: RoadGraph, leader: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 2) ends of the roads, copies of a split junction as one."""
    place = np.column_stack([graph.topology.node_lon, graph.topology.node_lat])
    _, junction = np.unique(place, axis=0, return_inverse=True)
    pairs = np.column_stack([graph.topology.edge_from[leader], graph.topology.edge_to[leader]])
    return np.sort(junction.ravel()[pairs], axis=1)


def _parallel(ends: NDArray[np.int64]) -> int:
    """Pairs of different junctions with more than one road between them."""
    apart = ends[ends[:, 0] != ends[:, 1]]
    _, times = np.unique(apart, axis=0, return_counts=True)
    return int((times > 1).sum())


def _duplicates(graph: RoadGraph, leader: NDArray[np.int64]) -> int:
    """Roads whose points are those of an earlier road, in either order."""
    lines = set()
    for edge in leader:
        span = slice(graph.shape_start[edge], graph.shape_start[edge + 1])
        points = np.column_stack([graph.shape_lon[span], graph.shape_lat[span]])
        lines.add(min(points.tobytes(), points[::-1].tobytes()))
    return len(leader) - len(lines)


def _circuity(
    graph: RoadGraph,
    usable: NDArray[np.bool_],
    part: NDArray[np.int32],
    seed: int,
    sources: int,
) -> NDArray[np.float64]:
    """Road over straight distance of sampled pairs of junctions of the largest part."""
    generator = np.random.default_rng(seed)
    nodes = np.flatnonzero(part == 0)
    picked = generator.choice(nodes, min(2 * sources, len(nodes)), replace=False)
    starts, ends = picked[: len(picked) // 2], picked[len(picked) // 2 :]
    if not len(starts):
        return np.zeros(0)
    cost = CostGraph(graph.topology, np.where(usable, graph.length_m, np.inf), graph.reverse)
    by_road = sparse.csgraph.dijkstra(_matrix(cost), indices=starts)[:, ends]
    lon, lat = graph.topology.node_lon, graph.topology.node_lat
    a, b = np.repeat(starts, len(ends)), np.tile(ends, len(starts))
    _, _, straight = _EARTH.inv(lon[a], lat[a], lon[b], lat[b])
    straight = straight.reshape(by_road.shape)
    fit = np.isfinite(by_road) & (straight >= _LEAST_STRAIGHT_M)
    return np.asarray(by_road[fit] / straight[fit])


def _matrix(graph: CostGraph) -> sparse.csr_array:
    """The least cost between neighbours, (v, v); SciPy would add parallel edges up."""
    topology = graph.topology
    edges = np.flatnonzero(np.isfinite(graph.cost) & (topology.edge_from != topology.edge_to))
    order = edges[
        np.lexsort((graph.cost[edges], topology.edge_to[edges], topology.edge_from[edges]))
    ]
    pair = np.column_stack([topology.edge_from[order], topology.edge_to[order]])
    first = np.ones(len(order), bool)
    first[1:] = (pair[1:] != pair[:-1]).any(axis=1)
    # A cost of 0 would be no edge to SciPy: connectors get a micrometre.
    values = np.maximum(graph.cost[order[first]], 1e-6)
    shape = (topology.n_nodes, topology.n_nodes)
    return sparse.csr_array((values, (pair[first, 0], pair[first, 1])), shape=shape)

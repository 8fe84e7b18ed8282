"""Points to the nearest place on a road that the vehicle may use, with a cap on the distance."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geodata.crs import metric_crs, to_metric
from geodata.roads.components import component_of_edge
from geodata.roads.graph import CostGraph, FloatArray, RoadGraph, RoadPositions
from geodata.roads.lines import ragged_indices

_TIE_M = 1e-6  # rounding of a projection; what lies this much apart is equally near


@dataclass(frozen=True, eq=False)
class Snapped:
    """Where points meet the road.

    Parameters
    ----------
    positions : one a point; edge -1 where the nearest usable road is beyond the cap
    distance_m : (q,) straight-line distance to the road, also where it is beyond the cap; ``inf``
        where there is no usable road at all, NaN where the point has no coordinates
    lon, lat : (q,) the foot of the perpendicular, WGS84
    component : (q,) the part of the usable network that the road belongs to, 0 the largest; -1
        where the point is on no road
    """

    positions: RoadPositions
    distance_m: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    component: NDArray[np.int32] | None = None

    @property
    def ok(self) -> NDArray[np.bool_]:
        """(q,) whether the point found a road within the cap."""
        return self.positions.edge >= 0


def snap(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    graph: RoadGraph,
    usable: NDArray[np.bool_] | CostGraph,
    cap_m: float,
) -> Snapped:
    """Nearest point of the usable roads for each point.

    Where several are equally near, as at a junction, the edge with the lowest position is taken.

    Parameters
    ----------
    lon, lat : (q,) WGS84 degrees
    usable : (e,) edges that may be snapped to, or the cost graph whose finite edges are meant
    cap_m : beyond this distance a point is on no road
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    may_use = np.isfinite(usable.cost) if isinstance(usable, CostGraph) else np.asarray(usable)
    network = _network(graph, may_use)
    placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if network is None or not len(placed):
        return _nowhere(lon, lat)
    segments = network.segments
    x, y = to_metric(lon[placed], lat[placed], network.metric)
    segment = _nearest_segment(network, x, y)
    along, off = _foot(segments, segment, x, y)

    edge = np.full(len(lon), -1, np.int32)
    fraction = np.zeros(len(lon))
    distance = np.full(len(lon), np.nan)
    foot_lon, foot_lat = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    within = off <= cap_m
    edge[placed] = np.where(within, segments.edge[segment], -1)
    fraction[placed] = np.where(within, _edge_fraction(segments, segment, along), 0.0)
    distance[placed] = off
    at = segments.point[segment]
    foot_lon[placed] = _between(graph.shape_lon, at, along)
    foot_lat[placed] = _between(graph.shape_lat, at, along)
    part = network.component
    return Snapped(
        RoadPositions(edge, fraction),
        distance,
        foot_lon,
        foot_lat,
        np.where(edge >= 0, part[edge], np.int32(-1)),
    )


@dataclass(frozen=True, eq=False)
class _Segments:
    """Straight pieces of the usable lines, metres.

    Parameters
    ----------
    edge : (s,) the edge each is on
    point : (s,) the shape point it begins at
    x, y : (p,) of all shape points
    before_m : (p,) length of the edge's line before each shape point
    edge_length_m : (s,) of the edge's whole line
    """

    edge: NDArray[np.int64]
    point: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    before_m: FloatArray
    edge_length_m: FloatArray


@dataclass(frozen=True, eq=False)
class _Network:
    """The usable roads of a graph, ready to be asked for the nearest.

    Parameters
    ----------
    tree : of the segments
    component : (e,) of each edge
    """

    metric: CRS
    segments: _Segments
    tree: shapely.STRtree
    component: NDArray[np.int32]


def _network(graph: RoadGraph, may_use: NDArray[np.bool_]) -> _Network | None:
    """The network of some edges, kept as long as the graph lives; None where no edge is usable.

    A tier of a stream snaps its points to the same roads as the next one does.
    """
    made = _networks.setdefault(graph, {})
    key = may_use.tobytes()
    if key in made:
        return made[key]
    network = _made_network(graph, may_use)
    if len(graph.shape_lon) <= MOST_POINTS_KEPT:
        if len(made) >= MOST_KEPT:
            made.clear()
        made[key] = network
    return network


def _made_network(graph: RoadGraph, may_use: NDArray[np.bool_]) -> _Network | None:
    edges = _one_edge_a_line(graph, may_use)
    if not len(edges):
        return None
    metric = metric_crs(graph.topology.node_lon, graph.topology.node_lat)
    segments = _segments(graph, edges, *to_metric(graph.shape_lon, graph.shape_lat, metric))
    a, b = segments.point, segments.point + 1
    ends = np.stack([segments.x[a], segments.y[a], segments.x[b], segments.y[b]], axis=1)
    tree = shapely.STRtree(np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2))))
    return _Network(metric, segments, tree, component_of_edge(graph.topology, may_use))


_networks: WeakKeyDictionary[RoadGraph, dict[bytes, _Network | None]] = WeakKeyDictionary()
MOST_KEPT = 6
"""Sets of usable edges of one graph: about one a vehicle."""
MOST_POINTS_KEPT = 500_000
"""Shape points of a graph whose networks are kept; larger ones would hold gigabytes."""


def _one_edge_a_line(graph: RoadGraph, may_use: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Usable edges, without connectors, and of both directions of a line only the first."""
    edges = np.arange(graph.n_edges)
    first = (graph.reverse < 0) | (edges < graph.reverse) | ~may_use[graph.reverse]
    return np.flatnonzero(may_use & first & ~graph.is_connector)


def _segments(
    graph: RoadGraph, edges: NDArray[np.int64], x: FloatArray, y: FloatArray
) -> _Segments:
    step = np.zeros(len(x))
    step[1:] = np.hypot(np.diff(x), np.diff(y))
    step[graph.shape_start[:-1]] = 0.0
    run = np.cumsum(step)
    before = run - np.repeat(run[graph.shape_start[:-1]], np.diff(graph.shape_start))
    count = np.diff(graph.shape_start)[edges] - 1
    point = ragged_indices(graph.shape_start[:-1][edges], count)
    edge = np.repeat(edges, count)
    return _Segments(edge, point, x, y, before, before[graph.shape_start[1:] - 1][edge])


def _nearest_segment(network: _Network, x: FloatArray, y: FloatArray) -> NDArray[np.int64]:
    """(q,) the nearest segment; of equally near ones the first."""
    points = shapely.points(x, y)
    _, distance = network.tree.query_nearest(points, return_distance=True, all_matches=False)
    point, found = network.tree.query(points, predicate="dwithin", distance=distance + _TIE_M)
    nearest = np.full(len(x), len(network.segments.edge))
    np.minimum.at(nearest, point, found)
    return nearest


def _foot(
    segments: _Segments, segment: NDArray[np.int64], x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(q,) 0..1 along the segment to the foot of the perpendicular, and the distance to it."""
    a = segments.point[segment]
    dx, dy = segments.x[a + 1] - segments.x[a], segments.y[a + 1] - segments.y[a]
    square = dx**2 + dy**2
    dot = (x - segments.x[a]) * dx + (y - segments.y[a]) * dy
    along = np.clip(np.divide(dot, square, out=np.zeros_like(dot), where=square > 0), 0, 1)
    off = np.hypot(segments.x[a] + along * dx - x, segments.y[a] + along * dy - y)
    return along, off


def _edge_fraction(
    segments: _Segments, segment: NDArray[np.int64], along: FloatArray
) -> FloatArray:
    """(q,) 0..1 along the edge."""
    at = _between(segments.before_m, segments.point[segment], along)
    length = segments.edge_length_m[segment]
    share = np.divide(at, length, out=np.zeros_like(at), where=length > 0)
    return np.clip(share, 0.0, 1.0)


def _between(values: FloatArray, at: NDArray[np.int64], along: FloatArray) -> FloatArray:
    return np.asarray(values[at] + along * (values[at + 1] - values[at]))


def _nowhere(lon: FloatArray, lat: FloatArray) -> Snapped:
    n = len(lon)
    unplaced = ~(np.isfinite(lon) & np.isfinite(lat))
    return Snapped(
        RoadPositions(np.full(n, -1, np.int32), np.zeros(n)),
        np.where(unplaced, np.nan, np.inf),
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, -1, np.int32),
    )

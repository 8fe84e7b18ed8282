"""The roads of a run as the service check needs them: snapping a point, drawing a way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import cos, hypot, radians
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geodata.roads.graph import CostGraph, RoadTopology

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
Line = list[list[float]]
"""Longitude and latitude of the points of a line."""


DECIMALS = 6
"""Of a degree in drawn lines: about 0.1 m."""


class Position(NamedTuple):
    """A point on a road: ``edge`` -1 where the nearest one is beyond the cap.

    ``x``, ``y`` are metres of the place's system, of the point itself.
    """

    lon: float
    lat: float
    x: float
    y: float
    edge: int
    fraction: float
    leg_m: float


@dataclass(frozen=True, eq=False)
class Network:
    """Edges with their lines; usable or not by vehicle.

    Parameters
    ----------
    edge_from, edge_to, reverse : (e,) as in :class:`geodata.roads.graph.RoadGraph`
    length_m : (e,)
    shape_start, shape_lon, shape_lat : lines of the edges
    node_lon, node_lat : (v,)
    usable : (e,) by vehicle
    seconds : (e,) to drive the whole edge, by vehicle
    metric : name of the system that metres are measured in
    max_snap_m : a point farther from every usable road is on no road
    """

    edge_from: IntArray
    edge_to: IntArray
    reverse: IntArray
    length_m: FloatArray
    shape_start: NDArray[np.int64]
    shape_lon: FloatArray
    shape_lat: FloatArray
    node_lon: FloatArray
    node_lat: FloatArray
    usable: Mapping[str, NDArray[np.bool_]]
    seconds: Mapping[str, NDArray[np.float32]]
    metric: str
    max_snap_m: float
    _trees: dict[str, _Segments] = field(default_factory=dict, repr=False)

    @cached_property
    def _to_metric(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", CRS.from_user_input(self.metric), always_xy=True)

    def metres(self, lon: float, lat: float) -> tuple[float, float]:
        """A place in metres."""
        x, y = self._to_metric.transform(lon, lat)
        return float(x), float(y)

    def metres_of(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """(n, 2) places in metres."""
        x, y = self._to_metric.transform(lon, lat)
        return np.column_stack((x, y)).astype(np.float64)

    def snapped(self, lon: float, lat: float, vehicle: str) -> Position:
        """Where a point meets the road that a vehicle may use."""
        x, y = self.metres(lon, lat)
        if vehicle not in self.usable:
            return Position(lon, lat, x, y, -1, 0.0, float("inf"))
        edge, fraction, leg_m = self._segments(vehicle).nearest(x, y)
        if leg_m > self.max_snap_m:
            edge = -1
        return Position(lon, lat, x, y, edge, fraction, leg_m)

    def prepare(self) -> None:
        """Build what the first question would otherwise wait for."""
        for vehicle in self.usable:
            self._segments(vehicle).nearest(*self.metres(self.node_lon[0], self.node_lat[0]))

    def graph(self, vehicle: str) -> CostGraph:
        """The roads under a vehicle's lengths, for searches."""
        topology = RoadTopology(self.node_lon, self.node_lat, self.edge_from, self.edge_to)
        cost = np.where(self.usable[vehicle], self.length_m, np.inf)
        return CostGraph(topology, cost, self.reverse)

    def leaves(self, position: Position, vehicle: str) -> list[tuple[int, int, float]]:
        """Ways off a position: the edge driven on, the node at its end, the part 0..1 driven."""
        usable = self.usable[vehicle]
        ways = []
        edge, back = position.edge, int(self.reverse[position.edge])
        if usable[edge]:
            ways.append((edge, int(self.edge_to[edge]), 1.0 - position.fraction))
        if back >= 0 and usable[back]:
            ways.append((back, int(self.edge_to[back]), position.fraction))
        return ways

    @cached_property
    def _drawn(self) -> FloatArray:
        """(p, 2) points of the lines as they are drawn."""
        return np.column_stack((self.shape_lon, self.shape_lat)).round(DECIMALS)

    @cached_property
    def _first(self) -> list[int]:
        starts: list[int] = self.shape_start.tolist()
        return starts

    def line(self, edge: int, start: float = 0.0, end: float = 1.0) -> Line:
        """The part of an edge between two fractions of its length, in driving order."""
        whole: Line = self._drawn[self._first[edge] : self._first[edge + 1]].tolist()
        return whole if start <= 0.0 and end >= 1.0 else _part(whole, start, end)

    def _segments(self, vehicle: str) -> _Segments:
        if vehicle not in self._trees:
            self._trees[vehicle] = _Segments.of(self, vehicle)
        return self._trees[vehicle]


@dataclass(frozen=True, eq=False)
class _Segments:
    """Straight pieces of the lines that a vehicle may use, in a tree."""

    tree: shapely.STRtree
    edge: NDArray[np.int64]
    ends: FloatArray
    before_m: FloatArray
    edge_m: FloatArray

    @classmethod
    def of(cls, network: Network, vehicle: str) -> _Segments:
        usable = network.usable[vehicle]
        edges = np.arange(len(usable))
        back = network.reverse
        leader = (back < 0) | (edges < back) | ~usable[back]
        xy = network.metres_of(network.shape_lon, network.shape_lat)
        step = np.zeros(len(xy))
        step[1:] = np.hypot(*np.diff(xy, axis=0).T)
        counts = np.diff(network.shape_start)
        step[network.shape_start[:-1]] = 0.0
        run = np.cumsum(step)
        run -= np.repeat(run[network.shape_start[:-1]], counts)
        of_point = np.repeat(edges, counts)
        first = np.flatnonzero((of_point[:-1] == of_point[1:]) & (usable & leader)[of_point[:-1]])
        total = run[network.shape_start[1:] - 1]
        ends = np.concatenate((xy[first], xy[first + 1]), axis=1)
        tree = shapely.STRtree(np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2))))
        edge = of_point[first].astype(np.int64)
        return cls(tree, edge, ends, run[first], total[edge])

    def nearest(self, x: float, y: float) -> tuple[int, float, float]:
        """Edge, fraction along it, metres to it."""
        if not len(self.edge):
            return -1, 0.0, float("inf")
        found = int(self.tree.nearest(shapely.points(np.array((x, y)))))
        ax, ay, bx, by = self.ends[found].tolist()
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        t = 0.0 if square == 0 else min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
        leg_m = hypot(ax + t * dx - x, ay + t * dy - y)
        whole = float(self.edge_m[found])
        along = float(self.before_m[found]) + t * square**0.5
        return int(self.edge[found]), 0.0 if whole == 0 else min(along / whole, 1.0), leg_m


def _part(line: Line, start: float, end: float) -> Line:
    """A line between two fractions of its length."""
    squeeze = cos(radians(line[0][1]))
    steps = [hypot((b[0] - a[0]) * squeeze, b[1] - a[1]) for a, b in pairwise(line)]
    first, last = max(start, 0.0) * sum(steps), min(end, 1.0) * sum(steps)
    points: Line = []
    done = 0.0
    for (a, b), step in zip(pairwise(line), steps, strict=True):
        if not points and done + step >= first:
            points.append(_between(a, b, (first - done) / step if step else 0.0))
        if points and done + step >= last:
            return [*points, _between(a, b, (last - done) / step if step else 1.0)]
        if points:
            points.append(b)
        done += step
    return points or line[:1]


def _between(a: list[float], b: list[float], part: float) -> list[float]:
    lon, lat = a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
    return [round(lon, DECIMALS), round(lat, DECIMALS)]

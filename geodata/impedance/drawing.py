"""Ways as lines on the map: parts of edges cut out of their shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.routes import Route
from geodata.roads.graph import RoadGraph

FloatArray = NDArray[np.float64]


def way_points(road: RoadGraph, route: Route) -> FloatArray:
    """Points, (p, 2) longitude and latitude, of a way, none twice in a row; none of no way."""
    pieces = [
        whole_edge(road, edge) if (start, end) == (0.0, 1.0) else edge_part(road, edge, start, end)
        for edge, start, end in zip(
            route.edge.tolist(), route.start.tolist(), route.end.tolist(), strict=True
        )
    ]
    return without_repeats(np.concatenate([np.empty((0, 2)), *pieces]))


def without_repeats(points: FloatArray) -> FloatArray:
    """Points without those that are where the one before them is."""
    if len(points) == 0:
        return points
    moves = (points[1:] != points[:-1]).any(axis=1)
    return points[np.concatenate(([True], moves))]


def whole_edge(road: RoadGraph, edge: int) -> FloatArray:
    """Points, (p, 2) longitude and latitude, of an edge in its direction."""
    points = slice(road.shape_start[edge], road.shape_start[edge + 1])
    return np.stack((road.shape_lon[points], road.shape_lat[points]), axis=1)


def edge_part(road: RoadGraph, edge: int, start: float, end: float) -> FloatArray:
    """Points, (p, 2) longitude and latitude, of an edge from one fraction of its length to another.

    The fractions are of the length on the ground: a degree of longitude counts for less.
    """
    points = slice(road.shape_start[edge], road.shape_start[edge + 1])
    lon, lat = road.shape_lon[points], road.shape_lat[points]
    across = np.cos(np.radians(lat.mean()))
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(lon) * across, np.diff(lat)))))
    first, last = start * along[-1], end * along[-1]
    inner = along[(along > first) & (along < last)]
    at = np.concatenate(([first], inner, [last]))
    return np.column_stack((np.interp(at, along, lon), np.interp(at, along, lat)))

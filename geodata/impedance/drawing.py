"""Routes and service areas as lines on the map: parts of edges cut out of their shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.impedance.routes import Route
from geodata.impedance.service_areas import EdgePortions
from geodata.roads.graph import RoadGraph

FloatArray = NDArray[np.float64]


def lines(road: RoadGraph, parts: Route | EdgePortions) -> NDArray[Any]:
    """The line of every part, (m,) shapely LineStrings in WGS84, in driving direction.

    Parts without length on the ground (connectors of a split junction) are None.
    """
    found = np.full(len(parts.edge), None, dtype=object)
    for i, (edge, start, end) in enumerate(zip(parts.edge, parts.start, parts.end, strict=True)):
        points = edge_part(road, int(edge), float(start), float(end))
        if np.ptp(points, axis=0).any():
            found[i] = shapely.LineString(points)
    return found


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

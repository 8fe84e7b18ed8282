"""Who meets whom among lines without node ids: by the places of their ends."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from geodata.crs import metric_crs, to_metric
from geodata.roads.graph import FloatArray


def join_ends(
    start: NDArray[np.int64], lon: FloatArray, lat: FloatArray, tolerance_m: float
) -> tuple[NDArray[np.int64], FloatArray, FloatArray, NDArray[np.int64], int]:
    """Find who meets whom.

    Returns
    -------
    node : (p,) identity of each point, -1 inside lines
    lon, lat, start : geometry, with a point added where an end meets the middle of a line
    n_touching : number of those
    """
    ends = np.unique(np.concatenate([start[:-1], start[1:] - 1]))
    x, y = to_metric(lon, lat, metric_crs(lon, lat))
    node = np.full(len(lon), -1, np.int64)
    node[ends] = _clusters(np.column_stack([x[ends], y[ends]]), tolerance_m)
    line, after, at_lon, at_lat, identity = _touching(start, x, y, lon, lat, node, tolerance_m)
    if not len(line):
        return node, lon, lat, start, 0
    start = start + np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(start) - 1))])
    return (
        np.insert(node, after + 1, identity),
        np.insert(lon, after + 1, at_lon),
        np.insert(lat, after + 1, at_lat),
        start,
        len(line),
    )


def _clusters(points: NDArray[np.float64], tolerance_m: float) -> NDArray[np.int64]:
    """(q,) number of the cluster of each point: chains of points nearer than the tolerance."""
    places, place = np.unique(points, axis=0, return_inverse=True)
    place = place.ravel()
    near = cKDTree(places).query_pairs(tolerance_m, output_type="ndarray")
    graph = sparse.coo_array((np.ones(len(near)), near.T), shape=(len(places), len(places)))
    _, cluster = sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray(cluster[place], np.int64)


def _touching(
    start: NDArray[np.int64],
    x: FloatArray,
    y: FloatArray,
    lon: FloatArray,
    lat: FloatArray,
    node: NDArray[np.int64],
    tolerance_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray, FloatArray, NDArray[np.int64]]:
    """Nodes within the tolerance of a segment of a line that does not end there.

    Returns
    -------
    line, after : (t,) the line, and its point after which the meeting comes, in that order
    lon, lat : (t,) the foot on the line
    identity : (t,) of the node
    """
    is_first = np.ones(len(x), bool)
    is_first[start[1:-1] - 1] = False
    is_first[-1] = False
    first = np.flatnonzero(is_first)  # segments by their first point
    line_of_point = np.repeat(np.arange(len(start) - 1), np.diff(start))
    segments = shapely.linestrings(
        np.stack(
            [np.column_stack([x[first], y[first]]), np.column_stack([x[first + 1], y[first + 1]])],
            1,
        )
    )
    ends = np.flatnonzero(node >= 0)
    _, one = np.unique(node[ends], return_index=True)
    ends = ends[one]
    which, segment = shapely.STRtree(np.asarray(segments)).query(
        shapely.points(x[ends], y[ends]), predicate="dwithin", distance=tolerance_m
    )
    end, after = ends[which], first[segment]
    line, identity = line_of_point[after], node[end]
    own = (node[start[:-1]][line] == identity) | (node[start[1:] - 1][line] == identity)
    end, after, line, identity = end[~own], after[~own], line[~own], identity[~own]
    along = _share_along(x, y, after, end)
    # One meeting a line and node: the segment that is nearest to it.
    off = np.hypot(
        x[after] + along * (x[after + 1] - x[after]) - x[end],
        y[after] + along * (y[after + 1] - y[after]) - y[end],
    )
    order = np.lexsort((after, off, identity, line))
    _, keep = np.unique(np.column_stack([line, identity])[order], axis=0, return_index=True)
    order = order[keep]
    order = order[np.lexsort((along[order], after[order]))]
    after, along = after[order], along[order]
    return (
        line[order],
        after,
        lon[after] + along * (lon[after + 1] - lon[after]),
        lat[after] + along * (lat[after + 1] - lat[after]),
        identity[order],
    )


def _share_along(
    x: FloatArray, y: FloatArray, after: NDArray[np.int64], end: NDArray[np.int64]
) -> FloatArray:
    """(t,) 0..1 along the segment that begins at ``after`` to the foot of ``end``."""
    dx, dy = x[after + 1] - x[after], y[after + 1] - y[after]
    square = dx**2 + dy**2
    dot = (x[end] - x[after]) * dx + (y[end] - y[after]) * dy
    return np.clip(np.divide(dot, square, out=np.zeros_like(dot), where=square > 0), 0, 1)

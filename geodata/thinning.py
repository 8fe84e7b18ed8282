"""Points spread evenly: along lines, inside polygons, and no two nearer than a distance."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

FloatArray = NDArray[np.float64]


def keep_apart(
    points: FloatArray, distance_m: float, always: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Which points to keep so that kept ones are at least ``distance_m`` apart, first come first.

    Parameters
    ----------
    points : (n, 2) metres, in order of preference
    distance_m : a point nearer than this to a kept one is dropped
    always : (n,) kept whatever stands beside them, and before all others

    Returns
    -------
    (n,) kept
    """
    n = len(points)
    kept = np.zeros(n, np.bool_) if always is None else always.copy()
    if n == 0:
        return kept
    tree = cKDTree(points)
    reach = np.nextafter(distance_m, 0.0)
    free = ~kept
    for near in tree.query_ball_point(points[kept], reach):
        free[near] = False
    for at in range(n):
        if free[at]:
            kept[at] = True
            free[tree.query_ball_point(points[at], reach)] = False
    return kept


def along_lines(lines: NDArray[np.object_], step_m: float) -> tuple[FloatArray, NDArray[np.int64]]:
    """Points on lines at most ``step_m`` apart, one at least a line, from west to east.

    The order depends on where the points lie and not on the order of the lines, so that what is
    chosen from them stays the same when a road file is saved anew.

    Returns
    -------
    Points, (m, 2) metres, and the position of each one's line, (m,).
    """
    there = np.flatnonzero(~(shapely.is_missing(lines) | shapely.is_empty(lines)))
    lengths = shapely.length(lines[there])
    pieces = np.maximum(np.ceil(lengths / step_m).astype(np.int64), 1)
    line = np.repeat(there, pieces)
    first = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(len(line)) - first + 0.5) / np.repeat(pieces, pieces)
    spots = shapely.line_interpolate_point(lines[line], share, normalized=True)
    points = np.column_stack([shapely.get_x(spots), shapely.get_y(spots)]).reshape(-1, 2)
    order = np.lexsort((points[:, 1].round(3), points[:, 0].round(3)))
    return points[order], line[order].astype(np.int64)


def grid_in_polygon(polygon: shapely.Geometry, spacing_m: float) -> FloatArray:
    """Points of a square grid inside a polygon, or the one point that is surely inside.

    The grid is that of the metric system, so that neighbouring plots share it.

    Returns
    -------
    (m, 2) metres, m >= 1, from west to east
    """
    west, south, east, north = shapely.bounds(polygon)
    if east - west > spacing_m or north - south > spacing_m:
        columns = np.arange(np.ceil(west / spacing_m), np.floor(east / spacing_m) + 1)
        rows = np.arange(np.ceil(south / spacing_m), np.floor(north / spacing_m) + 1)
        grid = np.stack(np.meshgrid(columns, rows, indexing="ij"), axis=-1).reshape(-1, 2)
        grid = grid * spacing_m
        shapely.prepare(polygon)
        grid = grid[shapely.contains_xy(polygon, grid[:, 0], grid[:, 1])]
        if len(grid):
            return np.asarray(grid, np.float64)
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(polygon)), np.float64)

"""Which areas border on each other, which area a point lies in, and areas where none were drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry

from geodata.crs import (
    declared_crs,
    geometries_to_metric,
    geometries_to_wgs84,
    metric_crs,
    to_metric,
)

FloatArray = NDArray[np.float64]

_LEAST_MARGIN_M = 500.0  # around a lone village, or a row of them


def shared_borders(
    polygons: Sequence[BaseGeometry | None], *, sliver_m: float = 30.0, least_border_m: float = 50.0
) -> sparse.csr_array:
    """Metres of border that each two areas share.

    Parameters
    ----------
    polygons : (n,) WGS84 areas; None (and empty) borders on nothing. They may overlap, as a
        development zone lies over its townships: such areas are neighbours too
    sliver_m : gaps and overlaps of drawing up to this wide still are a shared border
    least_border_m : less than this, such as a touch at a corner, is no border

    Returns
    -------
    scipy.sparse.csr_array
        (n, n), symmetric, nothing on the diagonal; absent where areas are no neighbours.
    """
    n = len(polygons)
    areas = np.array([shapely.Polygon() if p is None else p for p in polygons], dtype=object)
    drawn = np.flatnonzero(~shapely.is_empty(areas))
    if len(drawn) < 2:
        return sparse.csr_array((n, n))
    flat = shapely.make_valid(geometries_to_metric(areas[drawn], _metric_of(areas[drawn])))
    first, second = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=sliver_m)
    first, second = first[first != second], second[first != second]
    reach = shapely.buffer(flat, sliver_m)
    within = shapely.length(shapely.intersection(shapely.boundary(flat)[first], reach[second]))
    # The flanks of a border run on for about one sliver at each end, and so do those of a corner.
    border = within - 2 * sliver_m
    is_border = border >= least_border_m
    one_way = sparse.coo_array(
        (border[is_border], (drawn[first[is_border]], drawn[second[is_border]])), shape=(n, n)
    ).tocsr()
    return sparse.csr_array(one_way.maximum(one_way.T))


def membership(
    lon: FloatArray, lat: FloatArray, polygons: Sequence[BaseGeometry | None]
) -> NDArray[np.int32]:
    """(q,) the area each point lies in, -1 where in none; borders count.

    Where areas overlap the smallest is meant: a development zone inside its township.
    """
    found = np.full(len(lon), -1, np.int32)
    areas = np.array([shapely.Polygon() if p is None else p for p in polygons], dtype=object)
    if not len(areas):
        return found
    by_size = np.argsort(shapely.area(areas), kind="stable")
    placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    points = np.asarray(shapely.points(np.asarray(lon)[placed], np.asarray(lat)[placed]))
    point, area = shapely.STRtree(shapely.make_valid(areas[by_size])).query(
        points, predicate="intersects"
    )
    smallest = np.full(len(points), len(areas))
    np.minimum.at(smallest, point, area)
    inside = smallest < len(areas)
    found[placed[inside]] = by_size[smallest[inside]]
    return found


def voronoi_areas(
    lon: FloatArray, lat: FloatArray, outline: BaseGeometry | None = None
) -> list[BaseGeometry]:
    """The area nearer to each point than to any other (Thiessen polygons), WGS84.

    Points at one place have the same area; a point without coordinates has an empty one.

    Parameters
    ----------
    lon, lat : (q,) WGS84 degrees
    outline : WGS84 area that the areas are clipped to; None: the points' hull and as much around
        it as the points are apart
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    areas = np.full(len(lon), shapely.Polygon(), dtype=object)
    placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not len(placed):
        return list(areas)
    metric = metric_crs(lon, lat)
    xy = np.column_stack(to_metric(lon[placed], lat[placed], metric))
    places, place = np.unique(xy, axis=0, return_inverse=True)
    if outline is None:
        frame = _hull_around(places)
    else:
        frame = shapely.make_valid(
            geometries_to_metric(np.array([outline], dtype=object), metric)[0]
        )
    cells = shapely.intersection(_cells(places, frame), frame)
    areas[placed] = geometries_to_wgs84(cells, declared_crs(metric, "areas"))[place.ravel()]
    return list(areas)


def _cells(places: FloatArray, frame: BaseGeometry) -> NDArray[np.object_]:
    """(k,) the cell of each place, larger than the frame."""
    if len(places) == 1:
        return np.array([frame], dtype=object)
    points = np.asarray(shapely.points(places))
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    cells = shapely.get_parts(diagram)
    point, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    _, first = np.unique(point, return_index=True)
    return np.asarray(cells[cell[first]], dtype=object)


def _hull_around(places: FloatArray) -> BaseGeometry:
    """The hull of the places with the usual distance between neighbours around it."""
    hull = MultiPoint(places).convex_hull
    spacing_m = np.sqrt(hull.area / len(places)) if hull.area > 0 else hull.length / 2
    return hull.buffer(max(float(spacing_m), _LEAST_MARGIN_M))


def _metric_of(areas: NDArray[np.object_]) -> CRS:
    middle = shapely.centroid(areas)
    return metric_crs(shapely.get_x(middle), shapely.get_y(middle))

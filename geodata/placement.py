"""Points in the wrong place: exchanged axes, outside the area, a GCJ-02 layer called WGS84."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from geodata.crs import geometries_to_metric, metric_crs, to_metric
from geodata.faults import N_, Fault, Phrase, Severity, list_names
from geodata.gcj02 import LonLat, bd09_to_wgs84, gcj02_to_wgs84, in_china
from geodata.layers import Layer

FloatArray = NDArray[np.float64]

NEAR_M = 5_000.0  # a border village of a neighbour's list is no mistake worth a word
FAR_M = 50_000.0
_LEAST_POINTS = 20
_MOST_POINTS = 2_000
_REACH_M = 1_500.0
_SOFT_M = 10.0
_CHANCE = 2e-3
_DIRECTIONS = 8


@dataclass(frozen=True)
class OffsetFinding:
    """Distances of points to a reference, as declared and with a Chinese offset taken out.

    Parameters
    ----------
    suspected : the points look shifted
    system : the system that fits best, "gcj02" or "bd09"; "" where none is suspected
    n_points : points near the reference that the finding rests on
    declared_m, shifted_m : median distance to the reference before and after
    chance : probability of so clear a difference in points that are placed correctly
    """

    suspected: bool
    n_points: int
    declared_m: float
    shifted_m: float
    system: str = ""
    chance: float = 1.0


def detect_gcj02_offset(points: gpd.GeoDataFrame, reference: gpd.GeoDataFrame) -> OffsetFinding:
    """Whether points declared as WGS84 look like GCJ-02 or BD-09 beside roads or other points.

    Villages and facilities stand at roads. If the points are shifted, taking the offset out brings
    them nearer to the roads, and this direction does so better than any other: both are asked. The
    first by Wilcoxon's signed-rank test on the logarithms of each point's two distances (at a
    chance of 2e-3), the second against the same offset turned by eighths of a circle. Points that
    stand correctly come nearer in no direction in particular.

    Parameters
    ----------
    points : declared as WGS84 (whatever was converted is no longer shifted), EPSG:4326
    reference : roads, or points known to be right, EPSG:4326
    """
    lon, lat = _centres(points)
    usable = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat) & in_china(lon, lat))
    shapes = np.asarray(reference.geometry.to_numpy(), dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if len(usable) < _LEAST_POINTS or len(shapes) == 0:
        return OffsetFinding(False, len(usable), float("nan"), float("nan"))  # noqa: FBT003
    if len(usable) > _MOST_POINTS:
        usable = usable[np.linspace(0, len(usable) - 1, _MOST_POINTS).astype(np.int64)]
    metric = metric_crs(lon[usable], lat[usable])
    tree = shapely.STRtree(geometries_to_metric(shapes, metric))
    findings = [
        _compare(lon[usable], lat[usable], tree, metric, system, unshift)
        for system, unshift in (("gcj02", gcj02_to_wgs84), ("bd09", bd09_to_wgs84))
    ]
    return min(findings, key=lambda finding: (not finding.suspected, finding.chance))


def check_offset(layer: Layer, reference: gpd.GeoDataFrame) -> tuple[Fault, ...]:
    """A warning where :func:`detect_gcj02_offset` suspects the layer, else nothing."""
    finding = detect_gcj02_offset(layer.table, reference)
    if not finding.suspected:
        return ()
    message = N_(
        "the points look like {system}: taking its offset out brings them from {declared} m to "
        "{shifted} m from the roads (median of {n} points); declare crs: {code} if they come from "
        "Gaode, Tencent or Baidu"
    )
    values = {
        "system": finding.system.upper().replace("GCJ02", "GCJ-02").replace("BD09", "BD-09"),
        "code": finding.system,
        "declared": round(finding.declared_m),
        "shifted": round(finding.shifted_m),
        "n": finding.n_points,
    }
    return (Fault(layer.where, message, values, Severity.WARNING),)


def check_area(layer: Layer, area: gpd.GeoDataFrame) -> tuple[Fault, ...]:
    """Points far outside ``area`` (district polygons, roads or other points), by name and row.

    Over 5 km outside is a warning. Over 50 km, and over the area's own width, is an error, except
    for facilities: terminals do lie in other districts.

    Parameters
    ----------
    layer : of points
    area : polygons as they are; of lines and points the convex hull, without far stray points
    """
    table = layer.table
    if len(table) == 0 or len(area) == 0:
        return ()
    shape, metric = _outline(area)
    if shape is None:
        return ()
    x, y = to_metric(*_centres(table), metric)
    lost_m = np.asarray(shapely.distance(shapely.points(x, y), shape), np.float64)
    lost_m[~np.isfinite(lost_m)] = np.inf
    west, south, east, north = shapely.bounds(shape)
    far = lost_m > max(FAR_M, float(np.hypot(east - west, north - south)))
    if layer.kind == "facilities":
        far &= False
    near = (lost_m > NEAR_M) & ~far
    faults = []
    if far.any():
        swapped = _swapped(layer, far, shape, metric)
        faults.append(_outside(layer, far, lost_m, Severity.ERROR, swapped=swapped))
    if near.any():
        faults.append(_outside(layer, near, lost_m, Severity.WARNING, swapped=False))
    return tuple(faults)


def _outline(area: gpd.GeoDataFrame) -> tuple[shapely.Geometry | None, CRS]:
    """The area as one shape in metres, and the metric system of it."""
    shapes = np.asarray(area.geometry.to_numpy(), dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    centre = shapely.centroid(shapes)
    lon, lat = shapely.get_x(centre), shapely.get_y(centre)
    if len(shapes) == 0:
        return None, CRS.from_epsg(4326)
    metric = metric_crs(lon, lat)
    moved = geometries_to_metric(shapes, metric)
    polygons = np.isin(shapely.get_type_id(moved), (3, 6))
    if polygons.all():
        return shapely.union_all(shapely.make_valid(moved)), metric
    x, y = to_metric(lon, lat, metric)
    from_middle = np.hypot(x - np.median(x), y - np.median(y))
    close = from_middle <= max(FAR_M, 5 * float(np.median(from_middle)))
    return shapely.convex_hull(shapely.geometrycollections(list(moved[close]))), metric


def _swapped(layer: Layer, far: NDArray[np.bool_], shape: shapely.Geometry, metric: CRS) -> bool:
    """Whether most far points lie inside once longitude and latitude change places."""
    lat, lon = _centres(layer.table[far])
    if (np.abs(lat) > 90).all():
        return False
    x, y = to_metric(lon, np.clip(lat, -90, 90), metric)
    good = shapely.distance(shapely.points(x, y), shape) <= NEAR_M
    return bool(np.mean(good) > 0.5)


def _outside(
    layer: Layer,
    chosen: NDArray[np.bool_],
    lost_m: FloatArray,
    severity: Severity,
    *,
    swapped: bool,
) -> Fault:
    """Points outside the area, the farthest first."""
    order = np.flatnonzero(chosen)[np.argsort(-lost_m[chosen], kind="stable")]
    names = layer.table["name"].to_numpy(dtype=object)
    shown = [
        Phrase(
            N_("{name} (row {row}, {km} km)"),
            {"name": names[k], "row": layer.rows[k], "km": f"{lost_m[k] / 1000:.0f}"},
        )
        for k in order
    ]
    message = N_("{n} of {total} points lie outside the area: {names}; check their coordinates")
    if swapped:
        message = N_(
            "{n} of {total} points lie outside the area: {names}; longitude and latitude look "
            "exchanged"
        )
    values = {"n": len(order), "total": len(lost_m), "names": list_names(shown)}
    return Fault(layer.where, message, values, severity)


def _compare(
    lon: FloatArray,
    lat: FloatArray,
    tree: shapely.STRtree,
    metric: CRS,
    system: str,
    unshift: Callable[[ArrayLike, ArrayLike], LonLat],
) -> OffsetFinding:
    """Distances as declared, with the system's offset taken out, and with it turned."""
    here = np.column_stack(to_metric(lon, lat, metric))
    moved = np.column_stack(to_metric(*unshift(lon, lat), metric)) - here
    declared_m, shifted_m = _nearest(tree, here), _nearest(tree, here + moved)
    informative = (declared_m < _REACH_M) & (shifted_m < _REACH_M)
    n = int(informative.sum())
    if n < _LEAST_POINTS:
        return OffsetFinding(False, n, float("nan"), float("nan"))  # noqa: FBT003
    before = np.log(declared_m[informative] + _SOFT_M)
    after = np.log(shifted_m[informative] + _SOFT_M)
    difference = before - after
    chance = 1.0
    if np.any(difference != 0):
        from scipy.stats import wilcoxon  # noqa: PLC0415 - takes a second to load

        chance = float(wilcoxon(difference, alternative="greater").pvalue)
    suspected = chance < _CHANCE and float(np.median(difference)) > 0
    if suspected:
        turned = [
            np.log(_nearest(tree, (here + _turn(moved, k))[informative]) + _SOFT_M).mean()
            for k in range(1, _DIRECTIONS)
        ]
        suspected = float(after.mean()) < min(turned)
    return OffsetFinding(
        bool(suspected),
        n,
        float(np.median(declared_m[informative])),
        float(np.median(shifted_m[informative])),
        system if suspected else "",
        chance,
    )


def _centres(table: gpd.GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of points, and of the middle of plots."""
    centre = shapely.centroid(np.asarray(table.geometry.to_numpy(), dtype=object))
    return np.asarray(shapely.get_x(centre)), np.asarray(shapely.get_y(centre))


def _turn(moved: FloatArray, eighths: int) -> FloatArray:
    """Displacements turned by eighths of a circle."""
    angle = 2 * np.pi * eighths / _DIRECTIONS
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(moved @ np.array([[cos, sin], [-sin, cos]]), np.float64)


def _nearest(tree: shapely.STRtree, points: FloatArray) -> FloatArray:
    """Metres from each point to the nearest shape."""
    (at, _), metres = tree.query_nearest(
        shapely.points(points), return_distance=True, all_matches=False
    )
    out = np.full(len(points), np.inf)
    out[at] = metres
    return out

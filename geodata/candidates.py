"""Candidate sites where the planner has none: from villages, sites, shops, land and roadsides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from geodata.cells import object_series
from geodata.crs import WGS84, geometries_to_metric, to_metric
from geodata.thinning import along_lines, grid_in_polygon, keep_apart

COLUMNS = ("id", "name", "district", "source", "stream", "area_m2", "state", "merged_ids")
NEVER_MERGED = ("given", "existing")


@dataclass(frozen=True)
class _Place:
    """What a source is made from.

    ``layers`` by name, ``roads`` lines or None, ``metric`` the system of distances, ``spacing_m``
    of points along roads and in large plots.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    roads: gpd.GeoDataFrame | None
    metric: CRS
    spacing_m: float


def generate_candidates(
    sources: Sequence[str],
    layers: Mapping[str, gpd.GeoDataFrame],
    metric_crs: CRS,
    *,
    roads: gpd.GeoDataFrame | None = None,
    spacing_m: float = 3000.0,
    merge_within_m: float = 50.0,
) -> gpd.GeoDataFrame:
    """Candidates of all ``sources``, near-duplicates merged in their order of preference.

    Parameters
    ----------
    sources : in order of preference: "given" (layer candidates), "existing" (facilities),
        "villages", "district_seats" (districts), "shops", "public_land", "roadside" (``roads``),
        "permitted_land"; a source whose layer is absent adds nothing
    layers : tables by layer name, EPSG:4326
    metric_crs : what distances are measured in
    roads : lines with a ``class`` and ``name`` where known
    spacing_m : distance of roadside points, and of points in large polygons of permitted land
    merge_within_m : candidates nearer than this are one, except that given and existing sites
        are never merged away

    Returns
    -------
    Table with id, name, district, source, stream, area_m2, state, merged_ids, geometry.
    "given" and "existing" keep their ids; the others get ``<source>-<id>``, stable from run to run.

    Raises
    ------
    ValueError
        For a source that is not known, or a spacing that is not positive.
    """
    unknown = [source for source in sources if source not in _SOURCES]
    if unknown:
        raise ValueError(f"unknown candidate sources {unknown}; known are {list(_SOURCES)}")
    if spacing_m <= 0:
        raise ValueError(f"spacing_m is {spacing_m}; it must be over 0")
    place = _Place(layers, roads, metric_crs, spacing_m)
    parts = [_SOURCES[source](place) for source in dict.fromkeys(sources)]
    filled = [part for part in parts if len(part)]
    if not filled:
        return _candidates("given", _no_rows(), [])
    table = pd.concat(filled, ignore_index=True)
    joined = gpd.GeoDataFrame(table, geometry="geometry", crs=WGS84)
    return merge_near(joined, merge_within_m, metric_crs)


def merge_near(candidates: gpd.GeoDataFrame, within_m: float, metric_crs: CRS) -> gpd.GeoDataFrame:
    """Keep the first of candidates that lie nearer than ``within_m`` to each other.

    Rows come in order of preference. Given and existing sites stay whatever stands beside them;
    what a kept candidate stands for is named in its ``merged_ids``, and a plot's area fills the
    area of a kept candidate that has none.
    """
    if within_m <= 0 or len(candidates) < 2:
        return candidates
    points = _metric_points(candidates, metric_crs)
    fixed = candidates["source"].isin(NEVER_MERGED).to_numpy(bool)
    kept = keep_apart(points, within_m, always=fixed)
    _, nearest = cKDTree(points[kept]).query(points[~kept])
    ids = candidates["id"].to_numpy(dtype=object)
    area = candidates["area_m2"].to_numpy(dtype=np.float64, na_value=np.nan).copy()
    merged: dict[int, list[str]] = {}
    owners = np.flatnonzero(kept)[np.asarray(nearest, np.int64)]
    for lost, owner in zip(np.flatnonzero(~kept), owners, strict=True):
        merged.setdefault(int(owner), []).append(ids[lost])
        if np.isnan(area[owner]):
            area[owner] = area[lost]
    texts = ["; ".join(merged.get(at, ())) for at in range(len(candidates))]
    out = candidates.assign(merged_ids=object_series(texts, candidates.index), area_m2=area)
    return out[kept].reset_index(drop=True)


def _given(place: _Place) -> gpd.GeoDataFrame:
    """The planner's own list."""
    table = _layer(place, "candidates")
    return _candidates("given", table, table["id"])


def _existing(place: _Place) -> gpd.GeoDataFrame:
    """Facilities that stand or are decided, by their own ids."""
    table = _layer(place, "facilities")
    return _candidates("existing", table, table["id"])


def _villages(place: _Place) -> gpd.GeoDataFrame:
    """Every village as a site."""
    return _from_points("villages", "villages", place)


def _shops(place: _Place) -> gpd.GeoDataFrame:
    """Shops of the trade, which by the rule 谁销售谁收集 take back what they sell."""
    return _from_points("shops", "shops", place)


def _public_land(place: _Place) -> gpd.GeoDataFrame:
    """Listed plots; of an area a point inside, with the plot's size."""
    return _from_points("public_land", "public_land", place)


def _from_points(source: str, layer: str, place: _Place) -> gpd.GeoDataFrame:
    """Rows of a layer, areas as a point inside."""
    table = _with_area(_layer(place, layer), place.metric)
    table = table.set_geometry(gpd.GeoSeries(table.geometry).representative_point())
    return _candidates(source, table, [f"{source}-{given}" for given in table["id"]])


def _district_seats(place: _Place) -> gpd.GeoDataFrame:
    """Township seats: the stated place, else a point inside the polygon."""
    table = _layer(place, "districts", drop_missing=False)
    lon, lat = (_numbers(table, name) for name in ("seat_lon", "seat_lat"))
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object)
    seats = np.asarray(shapely.point_on_surface(shapes), dtype=object)
    stated = np.isfinite(lon) & np.isfinite(lat)
    seats[stated] = shapely.points(lon[stated], lat[stated])
    table = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=seats, crs=WGS84)
    table = table.assign(district=table["name"], area_m2=np.nan)
    table = table[~shapely.is_missing(seats)]
    return _candidates("district_seats", table, [f"district_seats-{i}" for i in table["id"]])


def _roadside(place: _Place) -> gpd.GeoDataFrame:
    """Points along the roads, one about every ``spacing_m`` of the network."""
    if place.roads is None or len(place.roads) == 0:
        return _candidates("roadside", _no_rows(), [])
    lines = geometries_to_metric(place.roads.geometry.to_numpy(), place.metric)
    points, line = along_lines(lines, place.spacing_m / 3)
    kept = keep_apart(points, place.spacing_m)
    points, line = points[kept], line[kept]
    back = gpd.GeoSeries(shapely.points(points), crs=place.metric).to_crs(WGS84)
    lon, lat = back.x.to_numpy(), back.y.to_numpy()
    ids = [f"roadside-{x:.5f}-{y:.5f}" for x, y in zip(lon, lat, strict=True)]
    roads = _texts(place.roads, "name")[line]
    table = gpd.GeoDataFrame(
        {"name": _roadside_names(place, points, roads, ids)}, geometry=back.to_numpy(), crs=WGS84
    )
    return _candidates("roadside", table, ids)


def _roadside_names(
    place: _Place, points: NDArray[np.float64], roads: NDArray[np.object_], ids: Sequence[str]
) -> list[str]:
    """Each point by its nearest village and its road, as people tell places: 康营村X921旁.

    Parameters
    ----------
    points : (n, 2) metres
    roads : (n,) names of the roads, "" where they have none
    ids : what a point is called where no village has a name
    """
    villages = _layer(place, "villages")
    villages = villages[_texts(villages, "name") != ""]
    if len(villages) == 0:
        return [road or given for road, given in zip(roads, ids, strict=True)]
    _, nearest = cKDTree(_metric_points(villages, place.metric)).query(points)
    near = villages["name"].to_numpy(dtype=object)[nearest]
    seen: Counter[str] = Counter()
    names: list[str] = []
    for village, road in zip(near, roads, strict=True):
        name = f"{village}{road or '路'}旁"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}{seen[name]}")
    return names


def _permitted_land(place: _Place) -> gpd.GeoDataFrame:
    """A point inside each plot, and a grid of them in plots larger than the spacing."""
    table = _with_area(_layer(place, "permitted_land"), place.metric)
    shapes = geometries_to_metric(table.geometry.to_numpy(), place.metric)
    points: list[NDArray[np.float64]] = []
    plots: list[int] = []
    ids: list[str] = []
    for at, (shape, given) in enumerate(zip(shapes, table["id"], strict=True)):
        inside = grid_in_polygon(shape, place.spacing_m)
        points.append(inside)
        plots += [at] * len(inside)
        several = len(inside) > 1
        ids += [
            f"permitted_land-{given}" + (f"-{k + 1}" if several else "") for k in range(len(inside))
        ]
    rows = table.iloc[plots].reset_index(drop=True)
    found = np.concatenate(points) if points else np.empty((0, 2))
    back = gpd.GeoSeries(shapely.points(found), crs=place.metric).to_crs(WGS84)
    rows = gpd.GeoDataFrame(rows.drop(columns="geometry"), geometry=back.to_numpy(), crs=WGS84)
    return _candidates("permitted_land", rows, ids)


_SOURCES: dict[str, Callable[[_Place], gpd.GeoDataFrame]] = {
    "given": _given,
    "existing": _existing,
    "villages": _villages,
    "district_seats": _district_seats,
    "shops": _shops,
    "public_land": _public_land,
    "roadside": _roadside,
    "permitted_land": _permitted_land,
}


def _layer(place: _Place, name: str, *, drop_missing: bool = True) -> gpd.GeoDataFrame:
    """A layer's rows that have a place, none where the layer is absent."""
    table = place.layers.get(name)
    if table is None or len(table) == 0:
        return _no_rows()
    if not drop_missing:
        return table
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object)
    return table[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]


def _no_rows() -> gpd.GeoDataFrame:
    """A layer without rows."""
    blank = {name: np.empty(0, object) for name in ("id", "name")}
    return gpd.GeoDataFrame(blank, geometry=np.empty(0, object), crs=WGS84)


def _candidates(source: str, table: gpd.GeoDataFrame, ids: Sequence[Any]) -> gpd.GeoDataFrame:
    """Rows in the columns of candidates."""
    n = len(table)
    blank = np.full(n, None, dtype=object)
    columns: dict[str, Any] = dict.fromkeys(COLUMNS, blank)
    columns["merged_ids"] = np.full(n, "", dtype=object)
    for name in ("name", "district", "stream", "state"):
        if name in table:
            columns[name] = table[name].to_numpy(dtype=object)
    columns["id"] = np.array([str(given) for given in ids], dtype=object)
    columns["source"] = np.full(n, source, dtype=object)
    columns["area_m2"] = _numbers(table, "area_m2")
    kept = {k: object_series(v) if v.dtype == object else v for k, v in columns.items()}
    return gpd.GeoDataFrame(kept, geometry=table.geometry.to_numpy(), crs=WGS84)


def _numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A numeric column, NaN where the table does not have it."""
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(pd.to_numeric(table[name], errors="coerce"), np.float64)


def _texts(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """A column of names, "" where there is none."""
    if name not in table:
        return np.full(len(table), "", dtype=object)
    return np.array(["" if pd.isna(one) else str(one) for one in table[name]], dtype=object)


def _with_area(table: gpd.GeoDataFrame, metric: CRS) -> gpd.GeoDataFrame:
    """Areas measured where they are not stated."""
    stated = _numbers(table, "area_m2")
    shapes = geometries_to_metric(table.geometry.to_numpy(), metric)
    measured = np.asarray(shapely.area(shapes), np.float64)
    unknown = np.isnan(stated) & (measured > 0)
    return table.assign(area_m2=np.where(unknown, measured, stated))


def _metric_points(table: gpd.GeoDataFrame, metric: CRS) -> NDArray[np.float64]:
    """(n, 2) metres."""
    x, y = to_metric(table.geometry.x.to_numpy(), table.geometry.y.to_numpy(), metric)
    return np.column_stack([x, y])

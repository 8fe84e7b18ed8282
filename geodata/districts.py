"""Which township a point belongs to: its own attribute first, a polygon only where it has none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.cells import object_series
from geodata.columns import nearest_word
from geodata.faults import N_, Fault, Phrase, Severity, list_names, nearest_hint
from geodata.numerals import fold

_BRACKETS = re.compile(r"[(（][^)）]*[)）]")
_ENDINGS = re.compile(
    r"(街道办事处|街道办|办事处|人民政府|镇人民政府|乡人民政府|街道|地区|民族乡|镇|乡|功能区)$"
)


def assign_districts(
    points: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, where: str = "points"
) -> tuple[gpd.GeoDataFrame, tuple[Fault, ...]]:
    """``points`` with ``district`` in the spelling of the districts layer and gaps filled.

    A stated attribute is never overridden: districts overlap (开发区) and may have no polygon. It
    may be a district's name, its id, or its name with another ending (富锋镇 for 富锋街道) where
    only one district has that name. Where nothing is stated, the polygon that the point lies in
    decides, the smallest where several do.

    Parameters
    ----------
    points : EPSG:4326, with or without a column ``district``
    districts : id, name and polygons or nulls, EPSG:4326; may have no rows
    where : the layer's name in faults
    """
    stated = np.full(len(points), None, dtype=object)
    if "district" in points:
        given = points["district"].to_numpy(dtype=object)
        known = points["district"].notna().to_numpy(bool) & (given != "")
        stated[known] = given[known]
    if len(districts) == 0:
        return points.assign(district=object_series(stated, points.index)), ()
    names, unknown = _spelled(stated, districts)
    faults = [_unknown(unknown, districts, where)] if unknown else []
    missing = np.array([name is None for name in names], np.bool_)
    if missing.any():
        found, shared = _by_polygon(points, districts, missing)
        names[missing] = found
        if shared:
            faults.append(_several(points, shared, where))
    lost = np.array([name is None for name in names], np.bool_)
    if lost.any():
        faults.append(_without(points, lost, where))
    return points.assign(district=object_series(names, points.index)), tuple(faults)


def district_key(name: str) -> str:
    """A township's name without its kind: 富锋街道办事处, 富锋镇 and 富锋 are one."""
    plain = _BRACKETS.sub("", re.sub(r"\s", "", fold(name)))
    while len(plain) > 2 and (shorter := _ENDINGS.sub("", plain)) != plain and len(shorter) > 1:
        plain = shorter
    return plain


def _spelled(
    stated: NDArray[np.object_], districts: gpd.GeoDataFrame
) -> tuple[NDArray[np.object_], list[str]]:
    """Stated districts in the layer's spelling; those that it does not know stay as written."""
    names = districts["name"].tolist()
    exact = {fold(name): name for name in names}
    by_id = {str(given): name for given, name in zip(districts["id"], names, strict=True)}
    by_key: dict[str, set[str]] = defaultdict(set)
    for name in names:
        by_key[district_key(name)].add(name)
    out = stated.copy()
    unknown: dict[str, None] = {}
    spelled: dict[str, str] = {}
    for at, said in enumerate(stated):
        if said is None:
            continue
        if said not in spelled:
            alike = by_key.get(district_key(said), set())
            meant = exact.get(fold(said)) or by_id.get(said)
            if meant is None and len(alike) == 1:
                meant = next(iter(alike))
            if meant is None:
                unknown[said] = None
            spelled[said] = meant or said
        out[at] = spelled[said]
    return out, list(unknown)


def _by_polygon(
    points: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.object_], list[tuple[int, list[str]]]]:
    """District of the wanted points by polygon, and the points that lie in several."""
    shapes = np.asarray(districts.geometry.to_numpy(), dtype=object)
    at_points = np.flatnonzero(wanted)
    spots = shapely.point_on_surface(np.asarray(points.geometry.to_numpy(), object)[at_points])
    inside, zone = shapely.STRtree(shapes).query(spots, predicate="intersects")
    order = np.lexsort((zone, shapely.area(shapes[zone]), inside))
    names = districts["name"].to_numpy(dtype=object)
    hits: dict[int, list[str]] = defaultdict(list)
    for k in order:
        hits[int(inside[k])].append(names[zone[k]])
    found = np.full(len(at_points), None, dtype=object)
    for at, several in hits.items():
        found[at] = several[0]
    shared = [
        (int(at_points[at]), several) for at, several in sorted(hits.items()) if len(several) > 1
    ]
    return found, shared


def _unknown(unknown: Sequence[str], districts: gpd.GeoDataFrame, where: str) -> Fault:
    """Districts that points name and the layer lacks."""
    names = districts["name"].tolist()
    shown = []
    for said in unknown:
        near = nearest_word([said], names)
        shown.append(Phrase("{said}{hint}", {"said": said, "hint": nearest_hint(near)}))
    message = N_(
        "{n} districts are not in the districts layer: {names}; correct the spelling or add them"
    )
    values = {"n": len(unknown), "names": list_names(shown)}
    return Fault(where, message, values, Severity.WARNING)


def _several(
    points: gpd.GeoDataFrame, shared: Sequence[tuple[int, list[str]]], where: str
) -> Fault:
    """Points in overlapping districts, where the smallest was taken."""
    names = points["name"].tolist()
    shown = [f"{names[at]} ({' / '.join(several)})" for at, several in shared]
    message = N_(
        "{n} points state no district and lie in several; the smallest was taken: {names}; state "
        "it in a column"
    )
    values = {"n": len(shared), "names": list_names(shown)}
    return Fault(where, message, values, Severity.WARNING)


def _without(points: gpd.GeoDataFrame, lost: NDArray[np.bool_], where: str) -> Fault:
    """Points that belong to no district."""
    names = [str(name) for name in points["name"].to_numpy(dtype=object)[lost]]
    message = N_(
        "{n} points state no district and lie in no district polygon: {names}; district quotas "
        "leave them out"
    )
    values = {"n": len(names), "names": list_names(names)}
    return Fault(where, message, values, Severity.WARNING)

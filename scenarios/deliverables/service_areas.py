"""Service areas: the ground nearer to a facility's villages than to any other village.

Villages are points, so an area is drawn around them: their Voronoi cells, joined by facility and
cut at the county's boundary. The ground around an uncovered village belongs to nobody. Areas are
for showing; shares of villages, people and tonnes are counted from the tables, never from areas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from scenarios.plan import Plan, StreamPlan

AREA_COLUMNS = ("stream", "tier", "facility_id", "facility_name", "n_served", "geometry")
MARGIN = 0.03
"""Without district polygons, the hull of the points is widened by this share of its extent."""

Objects = NDArray[np.object_]


_drawn: WeakKeyDictionary[StreamPlan, gpd.GeoDataFrame] = WeakKeyDictionary()
"""Map and GeoPackage show the same areas: they are drawn once, as long as the plan lives."""


def service_areas(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    """One area for each open facility of each tier that serves somebody.

    Returns
    -------
    Table with :data:`AREA_COLUMNS`, EPSG:4326; a higher tier's area joins those it is fed from.
    """
    if stream not in _drawn:
        _drawn[stream] = _areas(plan, stream)
    return _drawn[stream].copy()


def _areas(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    areas_of_tier: dict[str, dict[str, BaseGeometry]] = {}
    for tier in stream.profile.tiers:
        links = stream.assignments[stream.assignments["tier"] == tier.id]
        below = links["from_tier"] if "from_tier" in links else pd.Series(tier.serves, links.index)
        parts = []
        for level in dict.fromkeys((tier.serves, *below)):
            lower = _cells(plan, stream) if level == "demand" else areas_of_tier.get(level, {})
            parts.append(_joined(lower, largest_share(links[below == level])))
        areas_of_tier[tier.id] = _merged(parts)
    boundary = boundary_of(plan, stream)
    facilities = stream.facilities.set_index(["tier", "id"])
    rows = []
    for tier_id, areas in areas_of_tier.items():
        for facility_id, area in areas.items():
            clipped = _polygonal(area.intersection(boundary))
            if clipped.is_empty or (tier_id, facility_id) not in facilities.index:
                continue
            facility = facilities.loc[(tier_id, facility_id)]
            facts = (stream.profile.id, tier_id, facility_id, facility["name"])
            rows.append((*facts, facility["n_served"], clipped))
    frame = pd.DataFrame(rows, columns=list(AREA_COLUMNS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def largest_share(links: pd.DataFrame) -> Mapping[str, str]:
    """The facility that takes the largest share of each demand point or lower site."""
    ordered = links.sort_values("share", ascending=False, kind="stable")
    first = ordered.drop_duplicates("from_id")
    return dict(zip(first["from_id"], first["to_id"], strict=True))


def boundary_of(plan: Plan, stream: StreamPlan) -> BaseGeometry:
    """The districts joined; without polygons, a margin around the points of the stream."""
    polygons = [
        shapely.make_valid(shape)
        for shape in plan.districts.geometry
        if shape is not None and not shape.is_empty and shape.area > 0
    ]
    hull = shapely.MultiPoint(shapely.get_coordinates(stream.demand.geometry)).convex_hull
    west, south, east, north = hull.bounds if not hull.is_empty else (0.0, 0.0, 0.0, 0.0)
    around = hull.buffer(max(east - west, north - south, 0.01) * MARGIN)
    if not polygons:
        return around
    county = shapely.union_all(polygons)
    # A township without a polygon of its own still has villages: their surroundings count too.
    return county if county.contains(hull) else county.union(_outside(stream, county))


def _outside(stream: StreamPlan, county: BaseGeometry) -> BaseGeometry:
    """A kilometre around the villages that no district polygon holds."""
    places = np.asarray(stream.demand.geometry.array)
    away = places[~shapely.intersects(county, places)]
    return shapely.union_all(shapely.buffer(away, 0.01))


def _cells(plan: Plan, stream: StreamPlan) -> dict[str, BaseGeometry]:
    """Voronoi cell of each demand point by id; points at one place share theirs."""
    demand = stream.demand
    lonlat = shapely.get_coordinates(demand.geometry)
    if len(lonlat) == 0:
        return {}
    # Equal scales east and north, so that "nearer" means nearer on the ground.
    squeeze = np.array([np.cos(np.radians(lonlat[:, 1].mean())), 1.0])
    distinct, place = np.unique(np.round(lonlat, 7), axis=0, return_inverse=True)
    bounds = shapely.box(*boundary_of(plan, stream).bounds)
    if len(distinct) == 1:
        return dict.fromkeys(demand["id"], bounds)
    frame = shapely.transform(bounds, lambda xy: xy * squeeze)
    points = shapely.points(distinct * squeeze)
    parts = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    cells: Objects = np.asarray(shapely.get_parts(parts), dtype=object)
    which_cell, which_point = shapely.STRtree(points).query(cells, predicate="contains")
    of_place = np.full(len(distinct), None, dtype=object)
    of_place[which_point] = shapely.transform(cells[which_cell], lambda xy: xy / squeeze)
    return {
        str(name): of_place[k]
        for name, k in zip(demand["id"], place.ravel(), strict=True)
        if of_place[k] is not None
    }


def _joined(lower: Mapping[str, BaseGeometry], owner: Mapping[str, str]) -> dict[str, BaseGeometry]:
    """The areas of ``lower`` joined by who owns them."""
    members: dict[str, list[BaseGeometry]] = {}
    for key, area in lower.items():
        if key in owner:
            members.setdefault(owner[key], []).append(area)
    return {key: shapely.union_all(areas) for key, areas in members.items()}


def _merged(parts: Sequence[Mapping[str, BaseGeometry]]) -> dict[str, BaseGeometry]:
    """Areas of the same facility from several levels joined."""
    found: dict[str, BaseGeometry] = {}
    for part in parts:
        for key, area in part.items():
            found[key] = found[key].union(area) if key in found else area
    return found


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of ``shape`` as one MultiPolygon; cutting can leave lines and points."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)

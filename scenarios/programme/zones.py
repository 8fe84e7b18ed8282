"""Zones of several townships (多个相邻乡镇为一片区): sites serve whole townships in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geodata.adjacency import shared_borders, voronoi_areas
from geodata.faults import N_, Fault, Severity
from planner.problem import Strength
from planner.tiered import DEMAND, Contiguity, Stream
from scenarios.operations import Zones
from scenarios.programme.levels import StreamLevels
from scenarios.schema import Tier

IntArray = NDArray[np.int64]
Neighbours = Mapping[str, frozenset[str]]


def with_zones(
    stream: Stream, levels: StreamLevels, neighbours: Neighbours
) -> tuple[Stream, tuple[Fault, ...]]:
    """The stream with the zones of its tier that takes from the points; unchanged without any.

    Parameters
    ----------
    neighbours : township -> those that it borders on, by their polygons; townships that are not in
        it border on those whose villages' surroundings (Thiessen polygons) touch theirs
    """
    tier = zoned_tier(levels)
    if tier is None or tier.zones is None:
        return stream, ()
    of_point = _districts(levels.points.table)
    names = sorted(set(of_point.tolist()))
    if len(names) < max(2, tier.zones.least_districts):
        return stream, (_too_few(levels, tier, len(names)),)
    borders = _borders(levels, of_point, names, neighbours)
    part = stream.tier(tier.id).facilities
    standing = part.existing & ~part.closable
    rule = Contiguity(
        tier=tier.id,
        start=borders.indptr.astype(np.int64),
        neighbour=borders.indices.astype(np.int64),
        home=np.where(standing, -1, _homes(levels, tier, names)),
        unit=np.array([names.index(one) for one in of_point], np.int64),
        # What stands was not built for zones: it may serve one township, or stand beside them.
        least_units=np.where(standing, 0, tier.zones.least_districts),
        most_units=tier.zones.most_districts,
    )
    return replace(stream, contiguity=rule), ()


def zoned_tier(levels: StreamLevels) -> Tier | None:
    """The tier with zones that the points themselves go to."""
    return next(
        (
            tier
            for tier in levels.sited
            if tier.zones is not None
            and tier.zones.strength is not Strength.ENCOURAGED
            and any(haul.origin == DEMAND for haul in levels.hauls_to(tier.id))
        ),
        None,
    )


def may_yield(zones: Zones) -> bool:
    """Whether a plan without zones is better than none."""
    return zones.strength is not Strength.MUST


def _districts(points: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(n,) each point's township; one that has none is with the nearest that has."""
    names = points["district"].fillna("").astype(str).to_numpy(object)
    known = np.flatnonzero(names != "")
    if not len(known) or len(known) == len(names):
        return np.asarray(names, object)
    spots = points.geometry
    lon, lat = spots.x.to_numpy(), spots.y.to_numpy()
    for i in np.flatnonzero(names == "").tolist():
        # Nearest of a few hundred points: degrees will do, shrunk to the latitude.
        far = ((lon[known] - lon[i]) * np.cos(np.radians(lat[i]))) ** 2 + (lat[known] - lat[i]) ** 2
        names[i] = names[known[int(np.argmin(far))]]
    return np.asarray(names, object)


def _borders(
    levels: StreamLevels,
    of_point: NDArray[np.object_],
    names: list[str],
    neighbours: Neighbours,
) -> csr_array:
    """(d, d) which townships border on each other, symmetric, without themselves."""
    position = {name: n for n, name in enumerate(names)}
    pairs = {
        (position[one], position[other])
        for one in names
        for other in neighbours.get(one, ())
        if other in position
    }
    without = {n for name, n in position.items() if not neighbours.get(name)}
    if without:
        place = levels.points.place
        cells = shared_borders(voronoi_areas(place.lon, place.lat)).tocoo()
        unit = np.array([position[one] for one in of_point], np.int64)
        row, column = cells.coords
        touching = zip(unit[row].tolist(), unit[column].tolist(), strict=True)
        pairs |= {(a, b) for a, b in touching if a != b and (a in without or b in without)}
    both = sorted(pairs | {(b, a) for a, b in pairs})
    row = np.array([a for a, _ in both], np.int64)
    column = np.array([b for _, b in both], np.int64)
    shape = (len(names), len(names))
    return csr_array((np.ones(len(both), np.int64), (row, column)), shape=shape)


def _homes(levels: StreamLevels, tier: Tier, names: list[str]) -> IntArray:
    """(f,) the township a site stands in, which its zone then holds; -1 outside all of them."""
    of_site = levels.sites[tier.id].sites["district"].fillna("").astype(str)
    return np.array([names.index(one) if one in names else -1 for one in of_site], np.int64)


def _too_few(levels: StreamLevels, tier: Tier, count: int) -> Fault:
    message = N_("{tier} serves zones of several townships, and its points name {count}; not held")
    values = {"tier": tier.id, "count": str(count)}
    return Fault(levels.profile.id, message, values, Severity.WARNING)


def zones_dropped(levels: StreamLevels, tier: Tier) -> Fault:
    """Zones that no plan could keep and that are worded so that they yield."""
    message = N_("no plan keeps the zones of {tier} (原则上); it is planned without them")
    return Fault(levels.profile.id, message, {"tier": tier.id}, Severity.WARNING)

"""Geometry for the map page: whole numbers of 1e-5 degrees, differences after the first point.

``[x0, y0, dx1, dy1, ...]``: a third of the bytes of GeoJSON, at about a metre.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

SCALE = 100_000
"""Units to a degree: 1e-5 degrees are 1.1 m."""
VERTEX_BUDGET = 120_000
"""Vertices of roads on the page; beyond it lines are simplified more, then minor roads left out."""
FIRST_TOLERANCE = 3e-5
"""Degrees; 3 m cannot be seen at the map's scale."""
TOLERANCE_STEPS = 6

ROAD_RANKS: tuple[frozenset[str], ...] = (
    frozenset({"motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"}),
    frozenset({"secondary", "secondary_link", "county"}),
    frozenset({"tertiary", "tertiary_link", "township"}),
)
"""Road classes by drawing rank, trunk roads first; everything else is rank 3."""

Lines = list[list[int]]
Objects = NDArray[np.object_]


def encoded(lines: Objects) -> Lines:
    """Each line or ring as differences; points that fall together are one.

    Parameters
    ----------
    lines : (n,) line strings or rings, degrees
    """
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    places = np.rint(coordinates * SCALE).astype(np.int64)
    first = np.ones(len(line), dtype=np.bool_)
    first[1:] = line[1:] != line[:-1]
    kept = first.copy()
    kept[1:] |= np.any(np.diff(places, axis=0) != 0, axis=1)
    places, first = places[kept], first[kept]
    steps = np.diff(places, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    steps[first] = places[first]
    flat: list[int] = steps.ravel().tolist()
    limits = [*(2 * np.flatnonzero(first)).tolist(), len(flat)]
    return [flat[start:end] for start, end in pairwise(limits)]


def rings(shapes: Iterable[BaseGeometry | None], tolerance: float) -> list[Lines]:
    """Every ring of each polygon or line of any kind; holes are drawn by the even-odd rule.

    Returns
    -------
    A list for each shape, empty where it is null or empty.
    """
    every = np.array([*shapes, None], dtype=object)[:-1]  # a lone shape must not be unpacked
    parts, owner = shapely.get_parts(shapely.simplify(every, tolerance), return_index=True)
    outlines = np.where(shapely.area(parts) > 0, shapely.boundary(parts), parts)
    lines, part = shapely.get_parts(outlines, return_index=True)
    filled = ~shapely.is_empty(lines)
    found: list[Lines] = [[] for _shape in every]
    for shape, line in zip(owner[part[filled]].tolist(), encoded(lines[filled]), strict=True):
        if len(line) >= 4:
            found[shape].append(line)
    return found


def road_rank(road_class: object) -> int:
    """Drawing rank of a road class, 0 trunk ... 3 village roads and whatever is not known."""
    name = str(road_class).casefold()
    return next((rank for rank, names in enumerate(ROAD_RANKS) if name in names), len(ROAD_RANKS))


def road_lines(roads: gpd.GeoDataFrame, budget: int = VERTEX_BUDGET) -> dict[str, Any]:
    """Roads by rank, simplified until they fit the budget.

    Returns
    -------
    ``{"ranks": [lines of rank 0, ...], "dropped": number of ranks left out}``
    """
    usable = [
        (road_rank(road_class), shape)
        for road_class, shape in zip(roads.get("class", []), roads.geometry, strict=True)
        if shape is not None and not shape.is_empty
    ]
    ranks = np.array([rank for rank, _ in usable], dtype=np.int64)
    shapes = np.array([shape for _, shape in usable], dtype=object)
    shapes, ranks = _merged(shapes, ranks)
    tolerance = FIRST_TOLERANCE
    for _step in range(TOLERANCE_STEPS):
        simple = shapely.simplify(shapes, tolerance)
        if shapely.get_num_coordinates(simple).sum() <= budget:
            break
        tolerance *= 2
    count = np.bincount(ranks, weights=shapely.get_num_coordinates(simple), minlength=4)
    shown = max(1, int(np.searchsorted(np.cumsum(count), budget, side="right")))
    by_rank: list[Lines] = [[] for _rank in range(len(ROAD_RANKS) + 1)]
    for rank in range(min(shown, len(by_rank))):
        lines = encoded(shapely.get_parts(simple[ranks == rank]))
        by_rank[rank] = [line for line in lines if len(line) >= 4]
    return {"ranks": by_rank, "dropped": int((count[shown:] > 0).sum())}


def _merged(
    shapes: NDArray[np.object_], ranks: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Edges of one rank joined end to end, so that a line needs few points."""
    lines: list[BaseGeometry] = []
    rank_of: list[int] = []
    for rank in range(len(ROAD_RANKS) + 1):
        parts = shapely.get_parts(shapes[ranks == rank])
        # A two-way road comes as two edges; drawn once.
        _wkb, first = np.unique(shapely.to_wkb(shapely.normalize(parts)), return_index=True)
        parts = parts[np.sort(first)]
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
        lines.extend(merged)
        rank_of.extend([rank] * len(merged))
    return np.array(lines, dtype=object), np.array(rank_of, dtype=np.int64)


def whole(degrees: NDArray[np.float64]) -> list[int]:
    """Degrees of points as whole numbers."""
    values: list[int] = np.rint(degrees * SCALE).astype(np.int64).tolist()
    return values

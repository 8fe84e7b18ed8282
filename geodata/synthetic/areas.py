"""Who owns which land: the villages' fields, the townships and the development zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

from geodata.synthetic.draws import Draws
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ZONE_VILLAGES = 8


@dataclass(frozen=True, eq=False)
class Areas:
    """Land on the drawing board.

    Parameters
    ----------
    township : (n,) township whose polygon holds the village
    zone : (n,) development zone that runs the village instead, -1 where none does
    cell_start, corner_xy : the land of village ``i`` has the corners
        ``corner_xy[cell_start[i]:cell_start[i + 1]]``, anticlockwise
    cell_m2 : (n,) its area
    polygons : (d,) the townships'
    outline : the county's
    """

    township: IntArray
    zone: IntArray
    cell_start: IntArray
    corner_xy: FloatArray
    cell_m2: FloatArray
    polygons: NDArray[np.object_]
    outline: BaseGeometry


def divide_land(seed: int, made: Settlements) -> Areas:
    """Land to the nearest village, villages to a near seat, and some to a zone by the town."""
    draws = Draws(seed, "areas")
    n, seats = len(made.village_xy), len(made.seat_xy)
    own = np.concatenate([made.village_xy, made.seat_xy])
    start, corner_xy = _cells(np.concatenate([own, made.ghost_xy]), len(own))
    township = _nearest_seat(made, draws.uniform(0.93, 1.07, seats))
    rings = shapely.linearrings(corner_xy, indices=np.repeat(np.arange(len(own)), np.diff(start)))
    cells = np.asarray(shapely.polygons(rings), dtype=object)
    home = np.concatenate([township, np.arange(seats)])
    order = np.argsort(home, kind="stable")
    first = np.searchsorted(home[order], np.arange(seats + 1))
    polygons = np.empty(seats, dtype=np.object_)
    for k in range(seats):
        polygons[k] = shapely.coverage_union_all(cells[order[first[k] : first[k + 1]]])
    return Areas(
        township=township,
        zone=_zones(made),
        cell_start=start[: n + 1],
        corner_xy=corner_xy[: start[n]],
        cell_m2=np.asarray(shapely.area(cells[:n])),
        polygons=polygons,
        outline=shapely.coverage_union_all(polygons),
    )


def _cells(xy: FloatArray, wanted: int) -> tuple[IntArray, FloatArray]:
    """Corners of the first ``wanted`` Voronoi cells, anticlockwise; the others close them in."""
    diagram = Voronoi(xy)
    regions = [diagram.regions[region] for region in diagram.point_region[:wanted]]
    size = np.array([len(region) for region in regions])
    if any(-1 in region for region in regions):
        message = "a cell is open: the ring of places beyond the outline is too thin"
        raise AssertionError(message)
    start = np.concatenate([[0], np.cumsum(size)])
    corner = diagram.vertices[np.concatenate(regions)]
    owner = np.repeat(np.arange(wanted), size)
    angle = np.arctan2(corner[:, 1] - xy[owner, 1], corner[:, 0] - xy[owner, 0])
    return start, corner[np.lexsort((angle, owner))]


def _nearest_seat(made: Settlements, reach: FloatArray) -> IntArray:
    """Each village's township: the nearest seat, some reaching a little farther than others."""
    near = min(4, len(made.seat_xy))
    distance, which = cKDTree(made.seat_xy).query(made.village_xy, k=near)
    reach = reach * np.where(made.is_town, 1.12, 1.0)
    which = np.asarray(which).reshape(len(made.village_xy), near)
    best = np.argmin(np.asarray(distance).reshape(which.shape) / reach[which], axis=1)
    chosen: IntArray = which[np.arange(len(which)), best].astype(np.int64)
    return chosen


def _zones(made: Settlements) -> IntArray:
    """The villages east of each county town belong to its development zone (one a town)."""
    towns = made.seat_xy[made.is_town]
    zone = np.full(len(made.village_xy), -1)
    near = min(_ZONE_VILLAGES, max(1, len(made.village_xy) // 44))
    nearest = cKDTree(made.village_xy).query(towns + np.array([4_500.0, 800.0]), k=near)[1]
    for k, villages in enumerate(np.atleast_2d(nearest.reshape(len(towns), -1))):
        zone[villages] = k
    return zone

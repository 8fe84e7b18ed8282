"""Land on which something may be built: free ground by the villages, public and permitted land."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.synthetic.administration import Units
from geodata.synthetic.areas import Areas
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import area_frame, ids, point_frame
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DWELLING_SCALE = 1.08
"""Free ground and fields begin beyond this much of a village's built-up square."""


@dataclass(frozen=True, eq=False)
class FreeGround:
    """One stretch of land beside each village that is neither basic farmland nor built on.

    Parameters
    ----------
    side : (n,) which corner of the village's cell it lies behind
    spot_xy : (n, 2) a place on it
    room_m : (n,) half the width of the largest square parcel that fits about the place
    village : (d + z,) villages with a road of each township and zone, in a random order
    """

    side: IntArray
    spot_xy: FloatArray
    room_m: FloatArray
    village: list[IntArray]


def free_ground(
    seed: int, made: Settlements, areas: Areas, on_network: NDArray[np.bool_]
) -> FreeGround:
    """A wedge of each village's land, between two corners of its cell."""
    draws = Draws(seed, "free ground")
    n = len(made.village_xy)
    first, count = areas.cell_start[:-1], np.diff(areas.cell_start)
    corner = np.arange(areas.cell_start[-1])
    owner = np.repeat(np.arange(n), count)
    after = np.where(corner + 1 == areas.cell_start[owner + 1], first[owner], corner + 1)
    middle = (areas.corner_xy + areas.corner_xy[after]) / 2
    width = np.linalg.norm(areas.corner_xy - areas.corner_xy[after], axis=1)
    reach = np.linalg.norm(middle - made.village_xy[owner], axis=1)
    # The widest side whose middle is not too near; ties and fashions differ, so some chance.
    score = np.minimum(width, 900) + np.minimum(reach, 900) + draws.uniform(0, 350, len(corner))
    order = np.lexsort((score, owner))
    chosen = order[areas.cell_start[1:] - 1]
    out = middle[chosen] - made.village_xy
    length = np.maximum(np.linalg.norm(out, axis=1), 1.0)
    wanted = np.minimum(made.half_m * DWELLING_SCALE * 1.42 + 175, 0.8 * length)
    spot = made.village_xy + out * (wanted / length)[:, None]
    room = np.clip(0.25 * width[chosen] * wanted / length, 15, 70)
    home = np.where(areas.zone >= 0, len(areas.polygons) + areas.zone, areas.township)
    mixed = draws.order(n)
    mixed = mixed[on_network[mixed]]
    mixed = mixed[np.argsort(home[mixed], kind="stable")]
    units = len(areas.polygons) + max(0, int(areas.zone.max()) + 1)
    bounds = np.searchsorted(home[mixed], np.arange(units + 1))
    village = [mixed[bounds[k] : bounds[k + 1]] for k in range(units)]
    return FreeGround(chosen - first, spot, room, village)


def take_villages(ground: FreeGround, each: int, skip: int = 0) -> IntArray:
    """Villages of every unit in its random order, ``each`` of them after the first ``skip``."""
    taken = []
    for villages in ground.village:
        turned = np.roll(villages, -skip) if len(villages) else villages
        taken.append(turned[:each])
    return np.concatenate(taken)


def _names(units: Units, village: IntArray, tail: str) -> list[str]:
    return [units.village[k] + tail for k in village.tolist()]


def _homes(units: Units, village: IntArray) -> list[str]:
    return [units.village_district[k] for k in village.tolist()]


def candidate_layer(seed: int, units: Units, ground: FreeGround) -> gpd.GeoDataFrame:
    """Sites that townships put forward: straw yards, transfer stations, some C&D yards."""
    draws = Draws(seed, "candidates")
    straw = take_villages(ground, 3)
    station = take_villages(ground, 1, skip=3)
    construction = take_villages(ground, 1, skip=4)
    construction = construction[draws.order(len(construction))][: max(2, len(construction) // 3)]
    parts = (
        (straw, "秸秆", "秸秆收储场址", 6_000.0),
        (station, "生活垃圾转运", "转运站址", 1_800.0),
        (construction, "建筑垃圾", "建筑垃圾场址", 24_000.0),
    )
    village = np.concatenate([part[0] for part in parts])
    size = np.concatenate([draws.lognormal(part[3], 0.4, len(part[0])) for part in parts])
    return point_frame(
        {
            "id": ids("N", len(village)),
            "name": [name for part in parts for name in _names(units, part[0], part[2])],
            "district": _homes(units, village),
            "source": ["given"] * len(village),
            "stream": [part[1] for part in parts for _ in part[0]],
            "area_m2": np.round(size, -1),
        },
        ground.spot_xy[village],
    )


def public_land_layer(
    seed: int, units: Units, made: Settlements, ground: FreeGround
) -> gpd.GeoDataFrame:
    """Disused schools, threshing floors and yards that villages own, as points."""
    draws = Draws(seed, "public land")
    village = take_villages(ground, 5, skip=1)
    kinds = np.array(["闲置校舍", "废弃窑厂", "打谷场", "集体仓库"], dtype=object)
    kind = draws.pick(len(kinds), len(village))
    # Half within the village's edge, half on the free ground beside it.
    inside = made.village_xy[village] + (
        draws.uniform(-0.9, 0.9, (len(village), 2)) * made.half_m[village][:, None]
    )
    outside = draws.happens(0.6, len(village))
    at = np.where(outside[:, None], ground.spot_xy[village], inside)
    return point_frame(
        {
            "id": ids("P", len(village)),
            "name": [a + b for a, b in zip(_names(units, village, ""), kinds[kind], strict=True)],
            "district": _homes(units, village),
            "area_m2": np.round(draws.lognormal(3_200, 0.6, len(village)), -1),
        },
        at,
    )


def permitted_land_layer(seed: int, units: Units, ground: FreeGround) -> gpd.GeoDataFrame:
    """Polygons of unbuilt construction land, two in every township and zone."""
    draws = Draws(seed, "permitted land")
    village = take_villages(ground, 2, skip=6)
    room = ground.room_m[village] * draws.uniform(0.75, 1.0, len(village))
    stretch = np.sqrt(draws.uniform(0.8, 1.25, len(village)))
    half = np.column_stack([room * stretch, room / stretch])
    low, high = ground.spot_xy[village] - half, ground.spot_xy[village] + half
    parcels = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return area_frame(
        {
            "id": ids("L", len(village)),
            "name": _names(units, village, "建设用地"),
            "district": _homes(units, village),
            "area_m2": np.round(shapely.area(parcels)),
        },
        parcels,
    )

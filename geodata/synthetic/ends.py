"""Where streams end: plants and buyers in the county and beyond it, fill sites, licence areas."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.synthetic.administration import Units
from geodata.synthetic.areas import Areas
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import area_frame, ids, point_frame
from geodata.synthetic.land import FreeGround
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class _End:
    """A plant: how many to a county of 352 villages, and whether beyond the border."""

    stream: str
    tier: str
    title: str
    count: int
    capacity_t_per_yr: float
    area_m2: float
    outside: bool = False


_ENDS = (
    _End("秸秆利用", "use_plant", "生物质热电厂", 2, 120_000, 60_000),
    _End("农膜再生", "recycler", "废旧农膜再生厂", 1, 3_000, 8_000),
    _End("危险废物处置", "disposal", "危险废物处置中心", 1, 40_000, 40_000, outside=True),
    _End("医疗废物处置", "disposal", "医疗废物处置中心", 1, 6_000, 12_000, outside=True),
    _End("污泥干化", "drying_plant", "污泥干化处理厂", 1, 30_000, 9_000),
    _End("污泥协同处置", "co_processing", "水泥窑协同处置线", 1, 60_000, 30_000, outside=True),
    _End("工程渣土", "fill_site", "填土场", 6, 90_000, 30_000),
    _End("建筑垃圾直接利用", "direct_use", "建筑垃圾直接利用点", 5, 60_000, 6_000),
    _End("一般工业固废利用", "user", "新型建材厂", 3, 60_000, 25_000),
)


def end_facilities(
    seed: int,
    units: Units,
    ground: FreeGround,
    gateways: FloatArray,
    first_number: int,
) -> gpd.GeoDataFrame:
    """Terminals of the streams, numbered on from the other facilities."""
    draws = Draws(seed, "ends")
    rows: list[tuple[object, ...]] = []
    spots: list[FloatArray] = []
    open_to = np.flatnonzero(units.on_network)
    for end in _ENDS:
        scale = 1.0 if end.outside or end.count == 1 else len(units.village) / 352
        count = max(1, round(end.count * scale))
        village = open_to[draws.pick(len(open_to), count)]
        at = ground.spot_xy[village]
        if end.outside:
            at = gateways[cKDTree(gateways).query(at)[1]] + np.array([130.0, -80.0])
        load = draws.uniform(0.3, 0.8, count)
        for k, share in zip(village.tolist(), load.tolist(), strict=True):
            rows.append((
                f"{'邻县' if end.outside else units.village[k]}{end.title}",
                None if end.outside else units.village_district[k],
                end.stream, end.tier, "kept", end.capacity_t_per_yr,
                round(end.capacity_t_per_yr * share), end.area_m2,
            ))  # fmt: skip
        spots.append(at)
    numbers = ids("F", first_number + len(rows))[first_number:]
    columns = ("name", "district", "stream", "tier", "state", "capacity_t_per_yr",
               "throughput_t_per_yr", "area_m2")  # fmt: skip
    values = {name: [row[k] for row in rows] for k, name in enumerate(columns)}
    return point_frame({"id": numbers, **values}, np.concatenate(spots))


def licence_area_layer(units: Units, made: Settlements, areas: Areas) -> gpd.GeoDataFrame:
    """许可收集区域: the townships in two halves, west and east of the middle one."""
    east = made.seat_xy[:, 0] > np.median(made.seat_xy[:, 0])
    halves = [half for half in (~east, east) if half.any()]
    return area_frame(
        {
            "id": ids("Q", len(halves)),
            "name": [f"{units.township[int(np.flatnonzero(half)[0])]}片许可区" for half in halves],
        },
        np.array([shapely.union_all(areas.polygons[half]) for half in halves], object),
    )

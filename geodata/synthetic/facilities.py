"""Facilities that stand, are being built or are agreed, of several streams, tiers and states."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.synthetic.administration import Units
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import ids, point_frame
from geodata.synthetic.land import FreeGround, take_villages
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DAYS = 365.0


@dataclass(frozen=True)
class _Kind:
    """Facilities of one stream and tier, so many to a county of eighteen townships.

    ``states`` are dealt out in this order; ``capacity_t_per_yr`` 0 is unlimited. ``single`` stands
    by one town however many there are: what plans order one of for the whole county.
    """

    stream: str
    tier: str
    title: str
    states: tuple[str, ...]
    capacity_t_per_yr: tuple[float, ...]
    area_m2: tuple[float, float]
    load: tuple[float, float]
    outside: bool = False
    single: bool = False


_TOWNSHIP_KINDS = (
    _Kind(
        "生活垃圾转运", "transfer_station", "生活垃圾转运站",
        ("kept", "upgrade", "kept", "building", "kept", "expand", "close", "kept"),
        (20 * DAYS, 30 * DAYS, 50 * DAYS), (700, 2_400), (0.55, 1.08),
    ),
    _Kind(
        "秸秆", "township_store", "秸秆收储点",
        ("kept", "seasonal", "kept", "temporary", "kept"),
        (2_000.0, 3_000.0, 5_000.0), (3_500, 9_000), (0.4, 0.95),
    ),
    _Kind(
        "可回收物", "station", "再生资源回收站",
        ("kept", "move", "kept", "kept", "approved"),
        (900.0, 1_500.0), (300, 1_200), (0.3, 0.8),
    ),
    _Kind(
        "废旧农膜", "township_store", "废旧农膜回收点",
        ("kept", "kept", "temporary"), (60.0, 90.0), (80, 260), (0.2, 0.6),
    ),
    _Kind(
        "畜禽粪污", "manure_centre", "畜禽粪污集中收处中心",
        ("kept", "approved"), (18_000.0, 30_000.0), (6_000, 14_000), (0.5, 0.9),
    ),
)  # fmt: skip

_COUNTY_KINDS = (
    _Kind(
        "可回收物", "sorting_centre", "再生资源分拣中心",
        ("expand",), (12_000.0,), (7_000, 11_000), (0.7, 0.9), single=True,
    ),
    _Kind(
        "建筑垃圾", "disposal_centre", "建筑垃圾消纳场",
        ("kept", "close"), (45_000.0, 30_000.0), (20_000, 34_000), (0.5, 0.9),
    ),
    _Kind(
        "生活垃圾焚烧", "terminal", "生活垃圾焚烧发电厂",
        ("kept",), (1_200 * DAYS,), (60_000, 80_000), (0.6, 0.8), outside=True,
    ),
    _Kind(
        "厨余垃圾", "plant", "厨余垃圾处理厂",
        ("approved",), (30 * DAYS,), (8_000, 12_000), (0.0, 0.0),
    ),
    _Kind(
        "医疗废物", "store", "医疗废物暂存转运站",
        ("kept",), (900.0,), (600, 900), (0.5, 0.8),
    ),
    _Kind(
        "危险废物", "store", "小微企业危险废物集中贮存点",
        ("planned",), (1_500.0,), (1_200, 2_000), (0.0, 0.0),
    ),
    _Kind(
        "病死畜禽", "plant", "病死畜禽无害化处理厂",
        ("kept",), (4_000.0,), (6_000, 9_000), (0.5, 0.8),
    ),
)  # fmt: skip

_NOT_YET = frozenset({"building", "approved", "planned"})


def facility_layer(
    seed: int, units: Units, made: Settlements, ground: FreeGround, gateways: FloatArray
) -> gpd.GeoDataFrame:
    """Existing and agreed facilities; terminals outside the county stand by one of the gateways."""
    draws = Draws(seed, "facilities")
    rows: list[dict[str, object]] = []
    spots: list[FloatArray] = []
    for skip, kind in enumerate(_TOWNSHIP_KINDS):
        pool = take_villages(ground, 1, skip=skip + 2)
        share = len(kind.states) / 18
        count = max(1, round(len(units.township) * share))
        villages = pool[draws.order(len(pool))][:count]
        _add(rows, draws, units, kind, villages)
        spots.append(ground.spot_xy[villages])
    for kind in _COUNTY_KINDS:
        villages, at = _near_towns(draws, units, made, ground, kind)
        if kind.outside:
            at = gateways[cKDTree(gateways).query(at)[1]] + np.array([90.0, 60.0])
        _add(rows, draws, units, kind, villages)
        spots.append(at)
    shops = _pesticide_points(draws, units, made)
    rows += shops[0]
    spots.append(shops[1])
    for number, row in zip(ids("F", len(rows)), rows, strict=True):
        row["id"] = number
    columns = ("id", "name", "district", "stream", "tier", "state", "capacity_t_per_yr",
               "throughput_t_per_yr", "area_m2")  # fmt: skip
    return point_frame({c: [row[c] for row in rows] for c in columns}, np.concatenate(spots))


def _add(
    rows: list[dict[str, object]], draws: Draws, units: Units, kind: _Kind, villages: IntArray
) -> None:
    count = len(villages)
    load = draws.uniform(*kind.load, count)
    area = draws.uniform(*kind.area_m2, count)
    size = draws.pick(len(kind.capacity_t_per_yr), count)
    for order, village in enumerate(villages.tolist()):
        state = kind.states[order % len(kind.states)]
        capacity = kind.capacity_t_per_yr[int(size[order])]
        used = np.nan if state in _NOT_YET else round(capacity * float(load[order]))
        head = "邻县" if kind.outside else units.village[village]
        rows.append(
            {
                "name": f"{head}{kind.title}",
                "district": None if kind.outside else units.village_district[village],
                "stream": kind.stream,
                "tier": kind.tier,
                "state": state,
                "capacity_t_per_yr": capacity,
                "throughput_t_per_yr": used,
                "area_m2": round(float(area[order])),
            }
        )


def _near_towns(
    draws: Draws, units: Units, made: Settlements, ground: FreeGround, kind: _Kind
) -> tuple[IntArray, FloatArray]:
    """One of each state a county town, some kilometres off: the village by it and the place."""
    seats = made.seat_xy[made.is_town][: 1 if kind.single else None]
    towns = np.repeat(seats, len(kind.states), axis=0)
    angle = draws.uniform(0, 2 * np.pi, len(towns))
    way = np.column_stack([np.cos(angle), np.sin(angle)])
    goal = towns + way * draws.uniform(4_000, 7_500, len(towns))[:, None]
    open_to = np.flatnonzero(units.on_network)
    villages: IntArray = open_to[cKDTree(made.village_xy[open_to]).query(goal)[1]]
    return villages, ground.spot_xy[villages]


def _pesticide_points(
    draws: Draws, units: Units, made: Settlements
) -> tuple[list[dict[str, object]], FloatArray]:
    """Take-back points in one village of eight, without a stated capacity."""
    n = len(made.village_xy)
    mixed = draws.order(n)
    village = np.sort(mixed[units.on_network[mixed]][: max(1, n // 8)])
    state = draws.happens(0.12, len(village))
    at = made.village_xy[village] + (
        draws.uniform(-0.5, 0.5, (len(village), 2)) * made.half_m[village][:, None]
    )
    rows: list[dict[str, object]] = [
        {
            "name": f"{units.village[k]}农药包装废弃物回收点",
            "district": units.village_district[k],
            "stream": "农药包装废弃物",
            "tier": "village_point",
            "state": "upgrade" if worn else "kept",
            "capacity_t_per_yr": np.nan,
            "throughput_t_per_yr": np.nan,
            "area_m2": 12.0,
        }
        for k, worn in zip(village.tolist(), state.tolist(), strict=True)
    ]
    return rows, at

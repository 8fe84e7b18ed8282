"""Points of farms, works and public life where waste arises: what ``town_points`` leaves out."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.synthetic.administration import Units, seat_points
from geodata.synthetic.calibration import figure
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import ids, point_frame
from geodata.synthetic.naming import pair_names
from geodata.synthetic.settlements import Settlements
from geodata.synthetic.terrain import River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FARM_KINDS = ("生猪", "肉牛", "肉羊", "家禽")
FARM_COLUMNS = ("pigs", "cattle", "sheep", "poultry")
FARM_HEADS = (1_500.0, 220.0, 900.0, 24_000.0)
MANURE_FIGURES = ("manure_t_per_pig", "manure_t_per_cattle", "manure_t_per_sheep",
                  "manure_t_per_poultry")  # fmt: skip


def _per_village(made: Settlements, per_hundred: float, least: int) -> int:
    return max(least, round(len(made.village_xy) * per_hundred / 100))


def _at_villages(
    draws: Draws, units: Units, made: Settlements, count: int, spread: float
) -> tuple[IntArray, FloatArray]:
    """Villages with a road, drawn evenly, and a place about each of them."""
    open_to = np.flatnonzero(units.on_network)
    village = np.sort(open_to[draws.pick(len(open_to), count)])
    off = draws.uniform(-spread, spread, (count, 2)) * made.half_m[village][:, None]
    return village, made.village_xy[village] + off


def _homes(units: Units, village: IntArray) -> list[str]:
    return [units.village_district[k] for k in village.tolist()]


def livestock_farm_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """规模养殖场 by kind of animal, with the manure of a year."""
    draws = Draws(seed, "livestock farms")
    count = _per_village(made, 34, 4)
    village, at = _at_villages(draws, units, made, count, 1.0)
    kind = draws.pick(len(FARM_KINDS), count)
    heads = np.round(np.array(FARM_HEADS)[kind] * draws.lognormal(1.0, 0.6, count))
    per_head = np.array([figure(name) for name in MANURE_FIGURES])[kind]
    dead = heads * np.array([0.004, 0.012, 0.0018, 0.00006])[kind]
    return point_frame(
        {
            "id": ids("L", count),
            "name": [
                f"{units.village[k]}{FARM_KINDS[j]}养殖场"
                for k, j in zip(village, kind, strict=True)
            ],
            "district": _homes(units, village),
            "kind": [FARM_KINDS[j] for j in kind.tolist()],
            **{name: np.where(kind == k, heads, 0.0) for k, name in enumerate(FARM_COLUMNS)},
            "manure_t_per_yr": np.round(heads * per_head, 1),
            "dead_livestock_t_per_yr": np.round(dead, 2),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        at,
    )  # fmt: skip


def institution_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """Schools, offices and shopping centres: canteens, paper, laboratories, collection boxes."""
    draws = Draws(seed, "institutions")
    count = max(6, round(units.urban_population.sum() / 1000 * 0.35))
    seat = np.sort(draws.pick(len(units.township), count, units.urban_population))
    kind = draws.pick(3, count)
    names = np.array(["学校", "机关", "商场"])[kind]
    people = np.round(np.array([900.0, 160.0, 350.0])[kind] * draws.lognormal(1.0, 0.5, count))
    laboratory = np.where((kind == 0) & draws.happens(0.3, count), people * 0.0002, np.nan)
    return point_frame(
        {
            "id": ids("I", count),
            "name": [
                a + b
                for a, b in zip(
                    pair_names(draws, count, "families", "places"), names, strict=True
                )
            ],
            "district": [units.township[k] for k in seat.tolist()],
            "kind": list(names),
            "population": people,
            "laboratory_t_per_yr": np.round(laboratory, 3),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        seat_points(draws, made, seat, 0.8),
    )  # fmt: skip


def park_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """公园、公共绿地 in the towns and 生态林 by the villages."""
    draws = Draws(seed, "parks")
    town = max(4, round(units.urban_population.sum() / 12_000))
    seat = np.sort(draws.pick(len(units.township), town, units.urban_population))
    village, at = _at_villages(draws, units, made, _per_village(made, 4, 2), 1.0)
    area = np.concatenate([
        np.round(draws.lognormal(60_000, 0.8, town), -2),
        np.round(draws.lognormal(400_000, 0.6, len(village)), -3),
    ])  # fmt: skip
    homes = [units.township[k] for k in seat.tolist()]
    count = len(area)
    return point_frame(
        {
            "id": ids("G", count),
            "name": [f"{home}第{k + 1}公园" for k, home in enumerate(homes)]
            + [f"{units.village[k]}生态林" for k in village.tolist()],
            "district": homes + _homes(units, village),
            "kind": ["公园"] * town + ["生态林"] * len(village),
            "area_m2": area,
            "demand_t_per_yr": np.full(count, np.nan),
        },
        np.concatenate([seat_points(draws, made, seat, 0.9), at]),
    )


def sewage_works_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """污水处理厂: one by each county town, smaller ones by every third township seat."""
    draws = Draws(seed, "sewage works")
    towns = np.flatnonzero(made.is_town)
    others = np.flatnonzero(~made.is_town)[::3]
    seat = np.concatenate([towns, others])
    flow = np.concatenate([
        units.urban_population[towns] * 0.15,
        np.maximum(units.urban_population[others] * 0.12, 300.0),
    ]) * draws.uniform(0.85, 1.15, len(seat))  # fmt: skip
    homes = [units.township[k] for k in seat.tolist()]
    return point_frame(
        {
            "id": ids("P", len(seat)),
            "name": [f"{home}污水处理厂" for home in homes],
            "district": homes,
            "flow_m3_per_d": np.round(flow),
            "sludge_t_per_yr": np.round(flow / 10_000 * figure("sludge_t_per_wan_m3") * 365, 1),
            "demand_t_per_yr": np.full(len(seat), np.nan),
        },
        seat_points(draws, made, seat, 1.0),
    )


def river_reach_layer(
    seed: int, units: Units, made: Settlements, rivers: tuple[River, ...]
) -> gpd.GeoDataFrame:
    """清淤河段: a landing place at the village nearest to every stretch of river."""
    draws = Draws(seed, "river reaches")
    open_to = np.flatnonzero(units.on_network)
    stretches = np.concatenate([river.line(5_000.0) for river in rivers])
    away, near = (np.asarray(one) for one in cKDTree(made.village_xy[open_to]).query(stretches))
    # A river runs on beyond the border; of a small county even the nearest stretch may be far.
    village = np.unique(open_to[near[away <= max(4_000.0, away.min())]])
    count = len(village)
    return point_frame(
        {
            "id": ids("H", count),
            "name": [f"{units.village[k]}清淤河段" for k in village.tolist()],
            "district": _homes(units, village),
            "dredged_t_per_yr": np.round(draws.lognormal(900, 0.6, count)),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        made.village_xy[village] + 0.6 * made.half_m[village][:, None],
    )


def works_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """工业企业: most are small producers of hazardous waste; some have steel scrap, ash or slag."""
    draws = Draws(seed, "works")
    count = _per_village(made, 45, 8)
    in_zone = np.array([home.endswith("开发区") for home in units.village_district])
    village_weight = np.where(in_zone, 12.0, 1.0) * units.on_network
    village = np.sort(draws.pick(len(made.village_xy), count, village_weight))
    kind = draws.pick(4, count)
    kinds = np.array(["金属加工", "纺织", "建材", "热电"])
    size = draws.lognormal(1.0, 0.9, count)
    solid = size * np.array([60.0, 40.0, 180.0, 900.0])[kind]
    steel = np.where(kind == 0, size * 45.0, np.nan)
    hazardous = np.clip(size * np.array([4.0, 1.5, 0.8, 2.0])[kind], 0.1, 60.0)
    off = draws.uniform(-0.9, 0.9, (count, 2)) * made.half_m[village][:, None]
    return point_frame(
        {
            "id": ids("K", count),
            "name": pair_names(draws, count, "works_words", ["制造厂", "有限公司", "加工厂"]),
            "district": _homes(units, village),
            "kind": list(kinds[kind]),
            "industrial_waste_t_per_yr": np.round(solid, 1),
            "scrap_steel_t_per_yr": np.round(steel, 1),
            "hazardous_waste_t_per_yr": np.round(hazardous, 2),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        made.village_xy[village] + off,
    )


def energy_plant_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """光伏电站 and 风电场 with their installed capacity."""
    draws = Draws(seed, "energy plants")
    count = _per_village(made, 6, 3)
    village, at = _at_villages(draws, units, made, count, 1.0)
    wind = draws.happens(0.25, count)
    power = np.round(np.where(wind, 40.0, 12.0) * draws.lognormal(1.0, 0.6, count), 1)
    return point_frame(
        {
            "id": ids("N", count),
            "name": [
                f"{units.village[k]}{'风电场' if w else '光伏电站'}"
                for k, w in zip(village.tolist(), wind.tolist(), strict=True)
            ],
            "district": _homes(units, village),
            "kind": np.where(wind, "风电", "光伏").astype(object),
            "photovoltaic_mw": np.where(wind, np.nan, power),
            "wind_mw": np.where(wind, power, np.nan),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        at,
    )


def excavation_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """出土工地: sites that dig, with the soil of a year."""
    draws = Draws(seed, "excavations")
    count = _per_village(made, 7, 4)
    seat = np.sort(draws.pick(len(units.township), count, units.urban_population))
    return point_frame(
        {
            "id": ids("X", count),
            "name": [f"{units.township[k]}{n + 1}号基坑" for n, k in enumerate(seat.tolist())],
            "district": [units.township[k] for k in seat.tolist()],
            "soil_t_per_yr": np.round(draws.lognormal(12_000, 0.7, count), -1),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        seat_points(draws, made, seat, 0.95),
    )


def heap_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """历史堆存场 with what is left, a deadline and what has been cleared."""
    draws = Draws(seed, "heaps")
    count = _per_village(made, 1, 2)
    village, at = _at_villages(draws, units, made, count, 1.0)
    tonnes = np.round(draws.lognormal(200_000, 0.9, count), -3)
    return point_frame(
        {
            "id": ids("J", count),
            "name": [f"{units.village[k]}堆场" for k in village.tolist()],
            "district": _homes(units, village),
            "kind": [("矸石", "钢渣", "垃圾")[k] for k in draws.pick(3, count).tolist()],
            "tonnes": tonnes,
            "removed_t": np.round(tonnes * draws.uniform(0.1, 1.0, count), -3),
            "deadline_year": 2023.0 + draws.pick(3, count),
        },
        at,
    )

"""Points of town life: estates, restaurants, clinics, repair and farm shops, building sites."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.synthetic.administration import Units, seat_points
from geodata.synthetic.calibration import figure
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import ids, point_frame
from geodata.synthetic.naming import pair_names
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _districts(units: Units, seat: IntArray) -> list[str]:
    return [units.township[k] for k in seat.tolist()]


def _seats_by_people(draws: Draws, units: Units, count: int) -> IntArray:
    return np.sort(draws.pick(len(units.township), count, units.urban_population))


def _shared(total: float, weight: FloatArray, decimals: int = 2) -> FloatArray:
    """``total`` divided by weight."""
    shares: FloatArray = np.round(weight * total / max(weight.sum(), 1e-9), decimals)
    return shares


def estate_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """小区 with households and floor area; together they house the townspeople."""
    draws = Draws(seed, "estates")
    homes = units.urban_population / figure("persons_per_urban_household")
    count = np.maximum(1, np.round(homes / 700)).astype(np.int64)
    seat = np.repeat(np.arange(len(homes)), count)
    size = draws.lognormal(1.0, 0.55, len(seat))
    households = np.round(size * (homes / np.bincount(seat, size))[seat])
    area = figure("estate_floor_area_m2_per_household") * draws.uniform(0.8, 1.25, len(seat))
    return point_frame(
        {
            "id": ids("E", len(seat)),
            "name": pair_names(draws, len(seat), "estates", "estate_kinds"),
            "district": _districts(units, seat),
            "population": np.round(households * figure("persons_per_urban_household")),
            "households": households,
            "floor_area_m2": np.round(households * area, -2),
            "built_year": np.round(draws.uniform(1996, 2024, len(seat))),
            "demand_t_per_yr": np.full(len(seat), np.nan),
        },
        seat_points(draws, made, seat),
    )


def restaurant_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """Restaurants and canteens; kitchen waste as 000 has it per head of the townspeople."""
    draws = Draws(seed, "restaurants")
    people = units.urban_population.sum()
    count = max(5, round(people / 1000 * figure("restaurants_per_1000_urban")))
    seat = _seats_by_people(draws, units, count)
    seats = np.clip(np.round(draws.lognormal(55, 0.7, count)), 8, 600)
    total = people * figure("kitchen_kg_per_person_day") * 365 / 1000
    return point_frame(
        {
            "id": ids("R", count),
            "name": pair_names(
                draws, count, "restaurant_words", ["饭店", "餐馆", "酒家", "面馆", "食堂"]
            ),
            "district": _districts(units, seat),
            "seats": seats,
            "kitchen_waste_t_per_yr": _shared(total, seats),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        seat_points(draws, made, seat),
    )


def clinic_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """Hospitals in the town, a health centre in every township, a clinic in most villages."""
    draws = Draws(seed, "clinics")
    n, townships = len(made.village_xy), len(units.township)
    village = np.flatnonzero(draws.happens(0.85, n) & units.on_network)
    towns = np.flatnonzero(made.is_town)
    hospital = np.repeat(towns, 3)
    centre = np.arange(townships)
    kind = ["医院"] * len(hospital) + ["卫生院"] * townships + ["卫生室"] * len(village)
    beds = np.concatenate(
        [
            np.round(draws.lognormal(420, 0.4, len(hospital))),
            np.round(draws.lognormal(45, 0.4, townships)),
            np.zeros(len(village)),
        ]
    )
    heads = [*_districts(units, hospital), *units.township, *(units.village[k] for k in village)]
    total = units.urban_population.sum() * figure("medical_kg_per_person_yr") / 1000
    point = np.concatenate(
        [
            seat_points(draws, made, np.concatenate([hospital, centre]), 0.6),
            made.village_xy[village]
            + draws.uniform(-0.5, 0.5, (len(village), 2)) * made.half_m[village][:, None],
        ]
    )
    return point_frame(
        {
            "id": ids("C", len(kind)),
            "name": [head + tail for head, tail in zip(heads, kind, strict=True)],
            "district": _districts(units, np.concatenate([hospital, centre]))
            + [units.village_district[k] for k in village],
            "kind": kind,
            "beds": beds,
            "medical_waste_t_per_yr": _shared(total, beds + 0.6, 3),
            "demand_t_per_yr": np.full(len(kind), np.nan),
        },
        point,
    )


def repair_shop_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """Vehicle repair shops: waste oil and lead batteries (社会源危险废物)."""
    draws = Draws(seed, "repair shops")
    count = max(
        3, round(units.urban_population.sum() / 1000 * figure("repair_shops_per_1000_urban"))
    )
    seat = _seats_by_people(draws, units, count)
    bays = 1 + draws.pick(6, count)
    return point_frame(
        {
            "id": ids("W", count),
            "name": pair_names(draws, count, "works_words", ["汽修厂", "汽车维修部", "轮胎店"]),
            "district": _districts(units, seat),
            "bays": bays,
            "hazardous_waste_t_per_yr": np.round(bays * draws.uniform(0.25, 0.7, count), 2),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        seat_points(draws, made, seat, 1.0),
    )


def building_site_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """Sites of one year: new floor area and demolition, together 000's tonnage per townsman."""
    draws = Draws(seed, "building sites")
    total = units.urban_population.sum() * figure("construction_t_per_person_yr")
    count = max(6, round(60 * len(made.village_xy) / figure("villages")))
    seat = _seats_by_people(draws, units, count)
    new = draws.happens(0.6, count)
    new[:2] = (True, False)
    size = draws.lognormal(1.0, 0.8, count)
    tonnes = np.zeros(count)
    for kind, share in ((new, 0.3), (~new, 0.7)):
        tonnes[kind] = size[kind] * share * total / size[kind].sum()
    floor = tonnes / figure("new_build_t_per_wan_m2") * 10_000 * draws.uniform(0.9, 1.12, count)
    return point_frame(
        {
            "id": ids("B", count),
            "name": [
                f"{name}{'新建' if fresh else '拆除'}工程"
                for name, fresh in zip(
                    pair_names(draws, count, "estates", "estate_kinds"), new.tolist(), strict=True
                )
            ],
            "district": _districts(units, seat),
            "kind": np.where(new, "新建", "拆除").astype(object),
            "floor_area_m2": np.where(new, np.round(floor, -1), np.nan),
            "demolition_m2": np.where(
                new, np.nan, np.round(tonnes / figure("demolition_t_per_m2"), -1)
            ),
            "construction_waste_t_per_yr": np.round(tonnes, 1),
            "demand_t_per_yr": np.full(count, np.nan),
        },
        seat_points(draws, made, seat, 0.9),
    )


def shop_layer(seed: int, units: Units, made: Settlements) -> gpd.GeoDataFrame:
    """农资店 that sell pesticides: some at every seat, the rest in the larger villages."""
    draws = Draws(seed, "shops")
    n = len(made.village_xy)
    at_seats = np.repeat(np.arange(len(units.township)), 2)
    in_villages = max(1, round(n * figure("shops_per_village")) - len(at_seats))
    village = np.sort(draws.pick(n, in_villages, made.population * units.on_network))
    point = np.concatenate(
        [
            seat_points(draws, made, at_seats, 0.7),
            made.village_xy[village]
            + draws.uniform(-0.6, 0.6, (in_villages, 2)) * made.half_m[village][:, None],
        ]
    )
    count = len(point)
    return point_frame(
        {
            "id": ids("S", count),
            "name": pair_names(
                draws, count, "shop_words", ["农资店", "农资服务部", "植保站", "农资超市"]
            ),
            "district": _districts(units, at_seats) + [units.village_district[k] for k in village],
            "area_m2": np.round(draws.lognormal(90, 0.5, count)),
        },
        point,
    )

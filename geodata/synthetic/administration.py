"""The administrative layers: townships, development zones, villages and what they grow and keep."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.synthetic.areas import Areas
from geodata.synthetic.calibration import figure
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import area_frame, ids, point_frame
from geodata.synthetic.naming import county_name, township_names, village_names
from geodata.synthetic.plane import to_degrees
from geodata.synthetic.settlements import Settlements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MU_M2 = 2000 / 3
_STRAW_OFF_FIELD = 0.30
_BREEDING_TOWNSHIPS = 3  # 003 names three townships that breed cattle and sheep


@dataclass(frozen=True, eq=False)
class Units:
    """Names of the units, and which unit each village reports to.

    Parameters
    ----------
    township : (d,) names
    zone : names of the development zones, one a county town
    village_id, village : (n,)
    village_district : (n,) name of the township or, where there is one, the zone
    urban_population : (d,) people in each seat's built-up area
    on_network : (n,) roads lead to the village; nothing else is put where none do
    """

    township: list[str]
    zone: list[str]
    village_id: list[str]
    village: list[str]
    village_district: list[str]
    urban_population: FloatArray
    on_network: NDArray[np.bool_]


def make_units(seed: int, made: Settlements, areas: Areas, on_network: NDArray[np.bool_]) -> Units:
    """Names of every unit, and the townspeople of every seat."""
    draws = Draws(seed, "units")
    towns = int(made.is_town.sum())
    township = township_names(draws, _street_offices(made))
    county = county_name()[:-1]
    heads = [county] if towns == 1 else [township[k][:-2] for k in np.flatnonzero(made.is_town)]
    zone = [f"{head}经济开发区" for head in heads]
    home = np.where(areas.zone >= 0, len(township) + areas.zone, areas.township)
    every = township + zone
    n = len(made.village_xy)
    return Units(
        township=township,
        zone=zone,
        village_id=ids("V", n),
        village=village_names(draws, home),
        village_district=[every[k] for k in home.tolist()],
        urban_population=_urban_population(draws, made),
        on_network=on_network,
    )


def _street_offices(made: Settlements) -> NDArray[np.bool_]:
    """The town and the two townships nearest to it are 街道, the others 镇 and 乡."""
    street = made.is_town.copy()
    for town in np.flatnonzero(made.is_town).tolist():
        distance = np.linalg.norm(made.seat_xy - made.seat_xy[town], axis=1)
        street[np.argsort(distance, kind="stable")[: 1 + min(2, len(distance) // 6)]] = True
    return street


def _urban_population(draws: Draws, made: Settlements) -> FloatArray:
    """People of the built-up areas: 003's cleared tonnage over 000's waste per head.

    A county of another size has as many in proportion. Five in six live in the county town.
    """
    waste_kg = figure("urban_waste_kg_per_person_day") * 365
    people = figure("urban_cleared_t_per_yr") * 1000 / waste_kg
    people *= len(made.village_xy) / figure("villages")
    weight = draws.uniform(0.6, 1.4, len(made.seat_xy))
    weight[made.is_town] = 0
    in_towns = np.where(made.is_town, people / 1.2 / made.is_town.sum(), 0.0)
    rest = people - in_towns.sum()
    return np.round(in_towns + (rest * weight / weight.sum() if weight.any() else 0.0))


def district_layer(units: Units, made: Settlements, areas: Areas) -> gpd.GeoDataFrame:
    """Townships with polygons, and development zones without: zones lie over the townships."""
    seat = np.concatenate([made.seat_xy, _zone_seats(units, made, areas)])
    lon, lat = to_degrees(*seat.T)
    polygons = np.concatenate([areas.polygons, np.full(len(units.zone), None, dtype=object)])
    return area_frame(
        {
            "id": ids("D", len(seat)),
            "name": units.township + units.zone,
            "seat_lon": lon,
            "seat_lat": lat,
            "urban_population": np.concatenate(
                [units.urban_population, np.full(len(units.zone), np.nan)]
            ),
        },
        polygons,
    )


def _zone_seats(units: Units, made: Settlements, areas: Areas) -> FloatArray:
    """(z, 2) a zone's office stands in that of its villages with a road nearest to the town."""
    seats = []
    for zone, town in enumerate(made.seat_xy[made.is_town]):
        own = np.flatnonzero((areas.zone == zone) & units.on_network)
        village = own[np.argmin(np.linalg.norm(made.village_xy[own] - town, axis=1))]
        seats.append(made.village_xy[village] + 0.3 * made.half_m[village])
    return np.array(seats)


def village_layer(seed: int, units: Units, made: Settlements, areas: Areas) -> gpd.GeoDataFrame:
    """Villages with people, crops, film and animals, and tonnages that about half of them state."""
    draws = Draws(seed, "villages")
    n = len(made.village_xy)
    # The village's point is its committee's house, some steps off the main crossing.
    point = made.village_xy + draws.uniform(-0.2, 0.2, (n, 2)) * made.half_m[:, None]
    household = figure("persons_per_rural_household") * draws.uniform(0.9, 1.12, n)
    sown = _sown_mu(draws, areas)
    wheat = sown * np.clip(figure("wheat_share") + 0.03 * draws.normal(n), 0.2, 0.5)
    maize = sown * np.clip(figure("maize_share") + 0.03 * draws.normal(n), 0.2, 0.5)
    return point_frame(
        {
            "id": units.village_id,
            "name": units.village,
            "district": units.village_district,
            "population": made.population,
            "households": np.round(made.population / household),
            "sown_area_mu": np.round(sown),
            "wheat_mu": np.round(wheat),
            "maize_mu": np.round(maize),
            **_film_areas(draws, sown),
            **_animals(draws, areas, n),
            "demand_t_per_yr": np.full(n, np.nan),
            **_stated(draws, made.population, sown),
        },
        point,
    )


def _sown_mu(draws: Draws, areas: Areas) -> FloatArray:
    """播种面积: wheat and maize on the same field count twice; the county's total is calibrated."""
    n = len(areas.cell_m2)
    share = areas.cell_m2 * np.clip(1 + 0.12 * draws.normal(n), 0.6, 1.4)
    county_m2 = figure("area_per_village_km2") * 1e6 * n
    total = county_m2 * figure("arable_share") * figure("cropping_index") / MU_M2
    sown: FloatArray = share * total / share.sum()
    return sown


def _film_areas(draws: Draws, sown: FloatArray) -> dict[str, FloatArray]:
    """Mulch on many fields, greenhouses in few villages; both totals calibrated."""
    n = len(sown)
    mulch = sown * draws.lognormal(1.0, 0.7, n) * draws.happens(0.7, n)
    sheds = sown * draws.lognormal(1.0, 1.0, n) * draws.happens(0.3, n)
    mulch_total = sown.sum() * figure("mulch_area_share")
    shed_total = sown.sum() * figure("shed_film_kg_per_sown_mu") / figure("shed_film_kg_per_mu")
    return {
        "mulch_area_mu": np.round(mulch * mulch_total / max(mulch.sum(), 1e-9), 1),
        "greenhouse_mu": np.round(sheds * shed_total / max(sheds.sum(), 1e-9), 1),
    }


def _animals(draws: Draws, areas: Areas, n: int) -> dict[str, FloatArray]:
    """Cattle and sheep mostly in three townships of eighteen, pigs all over."""
    townships = len(areas.polygons)
    breeding = draws.order(townships)[: max(1, townships * _BREEDING_TOWNSHIPS // 18)]
    more = np.where(np.isin(areas.township, breeding), 3.5, 0.5)
    counts = {}
    for kind, factor in (("cattle", more), ("sheep", more), ("pigs", np.ones(n))):
        herd = factor * draws.lognormal(1.0, 0.9, n) * draws.happens(0.75, n)
        total = figure(f"{kind}_per_village") * n
        counts[kind] = np.round(herd * total / max(herd.sum(), 1e-9))
    return counts


def _stated(draws: Draws, population: FloatArray, sown: FloatArray) -> dict[str, FloatArray]:
    """Tonnages from ledgers, null where a village has none; a few are far from any estimate."""
    n = len(population)
    per_head = figure("rural_waste_kg_per_person_day") * 365 / 1000
    estimates = {
        "household_transfer": (population * per_head, 0.45),
        "straw_storage": (sown * figure("straw_collectable_t_per_mu") * _STRAW_OFF_FIELD, 0.4),
    }
    stated = {}
    for stream, (tonnes, share) in estimates.items():
        off = np.clip(0.07 * draws.normal(n), -0.18, 0.18)
        odd = draws.happens(0.02, n)
        off[odd] = np.where(draws.happens(0.5, n)[odd], 0.45, -0.4)
        known = draws.happens(share, n)
        stated[f"{stream}_t_per_yr"] = np.where(known, np.round(tonnes * (1 + off), 1), np.nan)
    return stated


def seat_points(
    draws: Draws, made: Settlements, seat: IntArray, spread: float = 0.85
) -> FloatArray:
    """(q, 2) places within the built-up area of the given seats."""
    return (
        made.seat_xy[seat]
        + draws.uniform(-spread, spread, (len(seat), 2)) * (made.seat_half_m[seat][:, None])
    )

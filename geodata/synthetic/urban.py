"""A believable city district from a seed and its size; 合成数据 / synthetic: none such exists.

A county has villages on a plain; a city district has 街道 side by side, whose people live in
estates, and perhaps some 镇 around them with villages. Streets, units and land are made here, the
points of town life by the same functions as a county's, from the same figures a head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.stacking import stacked
from geodata.synthetic.administration import Units
from geodata.synthetic.calibration import figure
from geodata.synthetic.county import LABEL, County
from geodata.synthetic.draws import Draws
from geodata.synthetic.ends import end_facilities
from geodata.synthetic.facilities import facility_layer
from geodata.synthetic.frames import area_frame, ids, point_frame
from geodata.synthetic.land import (
    FreeGround,
    candidate_layer,
    permitted_land_layer,
    public_land_layer,
)
from geodata.synthetic.naming import township_names, village_names
from geodata.synthetic.plane import to_degrees
from geodata.synthetic.settlements import Settlements, balanced_groups
from geodata.synthetic.town_points import (
    building_site_layer,
    clinic_layer,
    estate_layer,
    repair_shop_layer,
    restaurant_layer,
    shop_layer,
)
from geodata.synthetic.urban_streets import Board, make_board, street_lattice
from geodata.synthetic.urban_units import (
    PEOPLE_A_COMMUNITY,
    DistrictLand,
    DistrictSize,
    divide_land,
)
from geodata.synthetic.waste_points import (
    energy_plant_layer,
    excavation_layer,
    heap_layer,
    institution_layer,
    livestock_farm_layer,
    park_layer,
    sewage_works_layer,
    works_layer,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROOM_M = 45.0


@dataclass(frozen=True, eq=False)
class _UrbanSettlements(Settlements):
    """Seats whose built-up land fills their unit."""

    unit_half_m: FloatArray

    @property
    def seat_half_m(self) -> FloatArray:
        """(d,) half the width of each unit's built-up square."""
        return self.unit_half_m


def make_urban_district(size: DistrictSize, seed: int = 0) -> County:
    """Make the district of a size and a seed; the same two give the same values."""
    if seed < 0:
        message = f"seed is {seed}; give 0 or more"
        raise ValueError(message)
    board = make_board(size.area_km2, size.built_up_km2)
    roads, gateways = street_lattice(seed, board, LABEL)
    land = divide_land(seed, size, board)
    made = _settlements(seed, size, land)
    units = _units(seed, size, land)
    ground = _ground(seed, land)
    layers = _layers(seed, size, units, made, land, ground, gateways, board)
    for layer in layers.values():
        layer.attrs["synthetic"] = LABEL
    return County(
        title=f"穗汀区（{LABEL}）",
        seed=seed,
        villages=int(land.is_village.sum()),
        roads=roads,
        layers=MappingProxyType(layers),
        exceptions=MappingProxyType({}),
        sources=(f"{LABEL}：地名、道路、设施均为虚构，仅面积、人口和单位数参照公开文件",),
    )


def _settlements(seed: int, size: DistrictSize, land: DistrictLand) -> _UrbanSettlements:
    draws = Draws(seed, "urban settlements")
    n = len(land.place_xy)
    middles = shapely.get_coordinates(shapely.point_on_surface(land.polygons))
    half = 0.46 * np.sqrt(shapely.area(land.polygons))
    is_town = np.arange(len(land.polygons)) < size.subdistricts
    people = np.where(
        land.is_village,
        draws.lognormal(figure("population_per_village"), figure("population_spread"), n),
        float(PEOPLE_A_COMMUNITY),
    )
    return _UrbanSettlements(
        village_xy=land.place_xy,
        population=np.asarray(np.round(people), np.float64),
        half_m=np.full(n, 110.0),
        ghost_xy=np.empty((0, 2)),
        seat_xy=middles,
        is_town=is_town,
        unit_half_m=np.where(is_town, half, 420.0),
    )


def _units(seed: int, size: DistrictSize, land: DistrictLand) -> Units:
    draws = Draws(seed, "urban names")
    is_street = np.arange(len(land.polygons)) < size.subdistricts
    names = [name.removesuffix("乡") + ("镇" if name.endswith("乡") else "")
             for name in township_names(draws, is_street)]  # fmt: skip
    places = village_names(draws, land.place_unit)
    places = [
        name if village else f"{name.removesuffix('村')}社区"
        for name, village in zip(places, land.is_village.tolist(), strict=True)
    ]
    rural = figure("population_per_village") * size.villages
    urban = max(size.population - rural, 0.3 * size.population)
    weight = np.where(is_street, draws.uniform(0.7, 1.3, len(is_street)), 0.05)
    return Units(
        township=names,
        zone=[],
        village_id=ids("V", len(places)),
        village=places,
        village_district=[names[k] for k in land.place_unit.tolist()],
        urban_population=np.round(urban * weight / weight.sum()),
        on_network=np.ones(len(places), np.bool_),
    )


def _ground(seed: int, land: DistrictLand) -> FreeGround:
    """A free plot in the block beside each place, in every unit in a random order."""
    draws = Draws(seed, "urban ground")
    n = len(land.place_xy)
    spot = land.place_xy + draws.uniform(-90, 90, (n, 2))
    mixed = draws.order(n)
    villages = [mixed[land.place_unit[mixed] == k] for k in range(len(land.polygons))]
    return FreeGround(np.zeros(n, np.int64), spot, np.full(n, _ROOM_M), villages)


def _layers(
    seed: int,
    size: DistrictSize,
    units: Units,
    made: _UrbanSettlements,
    land: DistrictLand,
    ground: FreeGround,
    gateways: FloatArray,
    board: Board,
) -> dict[str, gpd.GeoDataFrame]:
    """Every layer that a county has, but for rivers to dredge; farms stand by villages only."""
    rural, rural_made = _villages_only(units, made, land)
    standing = facility_layer(seed, units, made, ground, gateways)
    ends = end_facilities(seed, units, ground, gateways, len(standing))
    facilities = stacked([standing, ends])
    estates = estate_layer(seed, units, made)
    return {
        "districts": _district_layer(units, made, land),
        "villages": _village_layer(seed, size, units, made, land),
        "exclusions": _exclusion_layer(seed, estates, board),
        "facilities": facilities,
        "candidates": candidate_layer(seed, units, ground),
        "shops": shop_layer(seed, rural, rural_made),
        "estates": estates,
        "restaurants": restaurant_layer(seed, units, made),
        "clinics": clinic_layer(seed, units, made),
        "repair_shops": repair_shop_layer(seed, units, made),
        "building_sites": building_site_layer(seed, units, made),
        "public_land": public_land_layer(seed, units, made, ground),
        "permitted_land": permitted_land_layer(seed, units, ground),
        "livestock_farms": livestock_farm_layer(seed, rural, rural_made),
        "institutions": institution_layer(seed, units, made),
        "parks": park_layer(seed, rural, rural_made),
        "sewage_works": sewage_works_layer(seed, units, made),
        "works": works_layer(seed, units, made),
        "energy_plants": energy_plant_layer(seed, rural, rural_made),
        "excavations": excavation_layer(seed, units, made),
        "heaps": heap_layer(seed, rural, rural_made),
        "licence_areas": _licence_layer(units, land),
    }


def _villages_only(
    units: Units, made: _UrbanSettlements, land: DistrictLand
) -> tuple[Units, _UrbanSettlements]:
    """The same district with its villages as the only places."""
    rows = np.flatnonzero(land.is_village)
    listed = rows.tolist()
    rural = replace(
        units,
        village_id=[units.village_id[k] for k in listed],
        village=[units.village[k] for k in listed],
        village_district=[units.village_district[k] for k in listed],
        on_network=units.on_network[rows],
    )
    rural_made = replace(
        made,
        village_xy=made.village_xy[rows],
        population=made.population[rows],
        half_m=made.half_m[rows],
    )
    return rural, rural_made


def _district_layer(units: Units, made: Settlements, land: DistrictLand) -> gpd.GeoDataFrame:
    lon, lat = to_degrees(*made.seat_xy.T)
    return area_frame(
        {
            "id": ids("D", len(land.polygons)),
            "name": units.township,
            "seat_lon": lon,
            "seat_lat": lat,
            "urban_population": units.urban_population,
        },
        land.polygons,
    )


def _village_layer(
    seed: int, size: DistrictSize, units: Units, made: Settlements, land: DistrictLand
) -> gpd.GeoDataFrame:
    """The villages; townspeople are in the estates."""
    draws = Draws(seed, "urban villages")
    rows = np.flatnonzero(land.is_village)
    count = len(rows)
    share = draws.lognormal(1.0, 0.4, count)
    sown = np.round(size.sown_area_mu * share / share.sum())
    household = figure("persons_per_rural_household")
    animals = {
        kind: np.round(figure(f"{kind}_per_village") * draws.lognormal(0.4, 0.9, count))
        for kind in ("cattle", "sheep", "pigs")
    }
    return point_frame(
        {
            "id": [units.village_id[k] for k in rows.tolist()],
            "name": [units.village[k] for k in rows.tolist()],
            "district": [units.village_district[k] for k in rows.tolist()],
            "population": made.population[rows],
            "households": np.round(made.population[rows] / household),
            "sown_area_mu": sown,
            "wheat_mu": np.zeros(count),
            "maize_mu": np.round(0.85 * sown),
            "mulch_area_mu": np.round(sown * figure("mulch_area_share"), 1),
            "greenhouse_mu": np.round(
                sown * figure("shed_film_kg_per_sown_mu") / figure("shed_film_kg_per_mu"), 1
            ),
            **animals,
            "demand_t_per_yr": np.full(count, np.nan),
        },
        made.village_xy[rows],
    )


def _exclusion_layer(seed: int, estates: gpd.GeoDataFrame, board: Board) -> gpd.GeoDataFrame:
    """Houses about each estate, a canal across the district with a wetland on it."""
    draws = Draws(seed, "urban exclusions")
    degree = 1 / 111_000.0
    at = shapely.get_coordinates(estates.geometry.to_numpy())
    half = 45.0 * degree
    (west, south), (east, north) = (at - half).T, (at + half).T
    houses = np.asarray(shapely.box(west, south, east, north), dtype=object)
    across, up = board.half_m
    wave = draws.uniform(-0.2, 0.2, 5) * up
    line = shapely.LineString(np.column_stack([np.linspace(-across, across, 5), wave]))
    own = area_frame(
        {"id": ["Z0001", "Z0002"], "name": ["汀渠", "汀渠湿地生态保护红线"],
         "kind": ["water", "red_line"]},
        np.array([line.buffer(18), line.interpolate(0.7, normalized=True).buffer(250)]),
    )  # fmt: skip
    dwellings = gpd.GeoDataFrame(
        {
            "id": ids("X", len(houses)),
            "name": [f"{name}居住区" for name in estates["name"]],
            "kind": "dwelling",
        },
        geometry=houses,
        crs="EPSG:4326",
    )
    return stacked([own, dwellings])


def _licence_layer(units: Units, land: DistrictLand) -> gpd.GeoDataFrame:
    """许可收集区域: the units in two halves of about as many."""
    middle = shapely.get_coordinates(shapely.point_on_surface(land.polygons))
    half = balanced_groups(middle, min(2, len(middle)))
    groups = [np.flatnonzero(half == k) for k in range(int(half.max()) + 1)]
    return area_frame(
        {
            "id": ids("Q", len(groups)),
            "name": [f"{units.township[int(group[0])]}片许可区" for group in groups],
        },
        np.array([shapely.union_all(land.polygons[group]) for group in groups], object),
    )

"""A believable county from a seed and a size; 合成数据 / synthetic: no such county exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import RoadGraph
from geodata.stacking import stacked
from geodata.synthetic.administration import Units, district_layer, make_units, village_layer
from geodata.synthetic.areas import Areas, divide_land
from geodata.synthetic.calibration import figures
from geodata.synthetic.draws import Draws
from geodata.synthetic.ends import end_facilities, licence_area_layer
from geodata.synthetic.exclusions import exclusion_layer
from geodata.synthetic.facilities import facility_layer
from geodata.synthetic.land import (
    FreeGround,
    candidate_layer,
    free_ground,
    permitted_land_layer,
    public_land_layer,
)
from geodata.synthetic.main_roads import lay_main_roads
from geodata.synthetic.naming import county_name
from geodata.synthetic.network import Network, build_network
from geodata.synthetic.settlements import Settlements, place_settlements, settle
from geodata.synthetic.terrain import River, make_outline, make_rivers
from geodata.synthetic.town_points import (
    building_site_layer,
    clinic_layer,
    estate_layer,
    repair_shop_layer,
    restaurant_layer,
    shop_layer,
)
from geodata.synthetic.waste_points import (
    energy_plant_layer,
    excavation_layer,
    heap_layer,
    institution_layer,
    livestock_farm_layer,
    park_layer,
    river_reach_layer,
    sewage_works_layer,
    works_layer,
)

FloatArray = NDArray[np.float64]

LABEL = "合成数据 / synthetic"
"""Stands on every map, sheet and file that shows the county."""


@dataclass(frozen=True, eq=False)
class County:
    """A made-up county with everything that a plan of it reads.

    Parameters
    ----------
    title : its invented name with the label that it is synthetic
    seed, villages : what it was made from
    roads : the road network
    layers : GeoDataFrames in EPSG:4326 with the standard columns; each says ``synthetic`` in
        its ``attrs``
    exceptions : village id -> why no road serves it ("separate": streets that join no other
        road, "off_road": no road within 600 m, "track": a field track is the only way)
    sources : lines for a source note, one a published figure it is calibrated to
    metric_crs : the projected system to measure in
    synthetic : always true
    """

    title: str
    seed: int
    villages: int
    roads: RoadGraph
    layers: Mapping[str, gpd.GeoDataFrame]
    exceptions: Mapping[str, str]
    sources: tuple[str, ...]
    metric_crs: str = "EPSG:4548"
    synthetic: bool = True


def make_county(villages: int = 352, seed: int = 0) -> County:
    """Make the county of a seed and a size; the same two give the same values.

    Parameters
    ----------
    villages : 10 to 200,000; area, townships, towns and roads grow in proportion
    seed : >= 0

    Raises
    ------
    ValueError
        If either is out of range.
    """
    if not 10 <= villages <= 200_000:
        message = f"villages is {villages}; give 10 to 200,000"
        raise ValueError(message)
    if seed < 0:
        message = f"seed is {seed}; give 0 or more"
        raise ValueError(message)
    terrain = Draws(seed, "terrain")
    outline = make_outline(terrain, villages)
    rivers = make_rivers(terrain, outline)
    made = place_settlements(seed, villages, outline, rivers)
    main = lay_main_roads(seed, made, outline, rivers)
    made = settle(made, rivers, main.bend_xy)
    network = build_network(seed, made, main, rivers, LABEL)
    areas = divide_land(seed, made)
    units = make_units(seed, made, areas, network.on_network)
    gateways = main.place_xy[len(made.seat_xy) :]
    ground = free_ground(seed, made, areas, network.on_network)
    layers = _layers(seed, units, made, areas, ground, network, rivers, gateways)
    reasons = {
        "separate": network.separate,
        "off_road": network.off_road,
        "track": network.by_track,
    }
    exceptions = {
        units.village_id[village]: reason
        for reason, which in reasons.items()
        for village in which.tolist()
    }
    return County(
        title=f"{county_name()}（{LABEL}）",
        seed=seed,
        villages=villages,
        roads=network.roads,
        layers=MappingProxyType(layers),
        exceptions=MappingProxyType(exceptions),
        sources=_sources(),
    )


def _layers(
    seed: int,
    units: Units,
    made: Settlements,
    areas: Areas,
    ground: FreeGround,
    network: Network,
    rivers: tuple[River, ...],
    gateways: FloatArray,
) -> dict[str, gpd.GeoDataFrame]:
    """Every layer, each from draws of its own, labelled."""
    layers = {
        "districts": district_layer(units, made, areas),
        "villages": village_layer(seed, units, made, areas),
        "exclusions": exclusion_layer(seed, units, made, areas, ground, rivers, network),
        "facilities": _facilities(seed, units, made, ground, gateways),
        "candidates": candidate_layer(seed, units, ground),
        "shops": shop_layer(seed, units, made),
        "estates": estate_layer(seed, units, made),
        "restaurants": restaurant_layer(seed, units, made),
        "clinics": clinic_layer(seed, units, made),
        "repair_shops": repair_shop_layer(seed, units, made),
        "building_sites": building_site_layer(seed, units, made),
        "public_land": public_land_layer(seed, units, made, ground),
        "permitted_land": permitted_land_layer(seed, units, ground),
        "livestock_farms": livestock_farm_layer(seed, units, made),
        "institutions": institution_layer(seed, units, made),
        "parks": park_layer(seed, units, made),
        "sewage_works": sewage_works_layer(seed, units, made),
        "river_reaches": river_reach_layer(seed, units, made, rivers),
        "works": works_layer(seed, units, made),
        "energy_plants": energy_plant_layer(seed, units, made),
        "excavations": excavation_layer(seed, units, made),
        "heaps": heap_layer(seed, units, made),
        "licence_areas": licence_area_layer(units, made, areas),
    }
    for layer in layers.values():
        layer.attrs["synthetic"] = LABEL
    return layers


def _facilities(
    seed: int, units: Units, made: Settlements, ground: FreeGround, gateways: FloatArray
) -> gpd.GeoDataFrame:
    """What stands in the county, then where its streams end."""
    standing = facility_layer(seed, units, made, ground, gateways)
    ends = end_facilities(seed, units, ground, gateways, len(standing))
    return stacked([standing, ends])


def _sources() -> tuple[str, ...]:
    """The label, and each published figure with its document and line."""
    return (
        f"{LABEL}：地名、道路、设施均为虚构，仅总量参照公开文件",
        *(
            f"{name} = {figure.value:g} {figure.unit} ({figure.source})"
            for name, figure in figures().items()
            if figure.evidence in ("document", "derived")
        ),
    )

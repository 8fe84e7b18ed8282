"""Where nothing may be built: fields, water, dwellings, red lines, wells and power lines."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.synthetic.administration import Units
from geodata.synthetic.areas import Areas
from geodata.synthetic.draws import Draws
from geodata.synthetic.frames import area_frame, ids
from geodata.synthetic.land import DWELLING_SCALE, FreeGround
from geodata.synthetic.network import Network
from geodata.synthetic.settlements import Settlements
from geodata.synthetic.terrain import River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Named = list[tuple[str, BaseGeometry]]

_FIELD_REACH = 0.95  # of the way from the village to the edge of its land; the rest is lanes


def exclusion_layer(
    seed: int,
    units: Units,
    made: Settlements,
    areas: Areas,
    ground: FreeGround,
    rivers: tuple[River, ...],
    network: Network,
) -> gpd.GeoDataFrame:
    """All exclusions, by kind: farmland, dwelling, water, red_line, water_source, hv_line."""
    draws = Draws(seed, "exclusions")
    parts: dict[str, Named] = {
        "farmland": _farmland(units, made, areas, ground),
        "dwelling": _dwellings(units, made, network),
        "water": _water(areas, rivers),
        "red_line": _red_lines(draws, areas, rivers),
        "water_source": _water_sources(draws, units, made),
        "hv_line": _power_lines(draws, areas),
    }
    kind = [kind for kind, named in parts.items() for _ in named]
    every = [entry for named in parts.values() for entry in named]
    return area_frame(
        {"id": ids("X", len(every)), "name": [name for name, _ in every], "kind": kind},
        np.array([shape for _, shape in every], dtype=object),
    )


def _farmland(units: Units, made: Settlements, areas: Areas, ground: FreeGround) -> Named:
    """永久基本农田: each village's land but for its houses and one wedge of free ground."""
    first, count = areas.cell_start[:-1], np.diff(areas.cell_start)
    owner = np.repeat(np.arange(len(count)), 2 * count)
    place = np.arange(len(owner)) - 2 * first[owner]
    outward = place < count[owner]  # along the edge of the land, then back around the houses
    turn = np.where(outward, place, 2 * count[owner] - 1 - place) + ground.side[owner] + 1
    spoke = areas.corner_xy[first[owner] + turn % count[owner]] - made.village_xy[owner]
    hole_m = made.half_m * DWELLING_SCALE * 1.42 + 60
    inner = np.minimum(hole_m[owner] / np.hypot(spoke[:, 0], spoke[:, 1]), 0.8)
    ring = made.village_xy[owner] + spoke * np.where(outward, _FIELD_REACH, inner)[:, None]
    shapes = shapely.polygons(shapely.linearrings(ring, indices=owner))
    return _named([f"{name}永久基本农田" for name in units.village], shapes)


def _named(names: list[str], shapes: Any) -> Named:
    return list(zip(names, shapes, strict=True))


def _dwellings(units: Units, made: Settlements, network: Network) -> Named:
    """The land built on in villages, seats and towns, somewhat wider than their streets."""
    township = np.array(units.township, dtype=object)
    kinds = (
        (list(units.village), network.streets[0], 1.4),
        (township[~made.is_town].tolist(), network.streets[1], 1.15),
        (township[made.is_town].tolist(), network.streets[2], 1.06),
    )
    named: Named = []
    for names, grids, scale in kinds:
        shapes = shapely.polygons(grids.built_up(scale))
        named += _named([f"{name}居住区" for name in names], shapes)
    return named


def _water(areas: Areas, rivers: tuple[River, ...]) -> Named:
    named: Named = []
    for number, river in enumerate(rivers):
        bed = shapely.LineString(river.line()).buffer(river.width_m / 2, quad_segs=2)
        name = "穗水" if number == 0 else f"汀渠{number}"
        named.append((name, shapely.intersection(bed, areas.outline)))
    return [(name, shape) for name, shape in named if not shape.is_empty]


def _red_lines(draws: Draws, areas: Areas, rivers: tuple[River, ...]) -> Named:
    """生态保护红线: a wetland stretch on the main river, wider than the water."""
    line = rivers[0].line()
    begin = int(draws.uniform(0.3, 0.45, 1)[0] * len(line))
    reach = line[begin : begin + max(6, len(line) // 14)]
    shape = shapely.intersection(shapely.LineString(reach).buffer(260), areas.outline)
    return [] if shape.is_empty else [("穗水湿地生态保护红线", shape)]


def _water_sources(draws: Draws, units: Units, made: Settlements) -> Named:
    """饮用水水源保护区: a well field some way from every county town."""
    named: Named = []
    for town in np.flatnonzero(made.is_town).tolist():
        angle = draws.uniform(0, 2 * np.pi, 1)[0]
        well = made.seat_xy[town] + 5_200 * np.array([np.cos(angle), np.sin(angle)])
        named.append((f"{units.township[town]}饮用水水源保护区", shapely.Point(well).buffer(400)))
    return named


def _power_lines(draws: Draws, areas: Areas) -> Named:
    """High-voltage lines across the county, with an angle tower in the middle."""
    west, south, east, north = areas.outline.bounds
    count = max(2, round((east - west) / 25_000))
    named: Named = []
    for k in range(count):
        at = south + (north - south) * (k + draws.uniform(0.35, 0.65, 3)) / count
        line = shapely.LineString([(west, at[0]), ((west + east) / 2, at[1]), (east, at[2])])
        named.append(
            (
                f"{500 if k % 2 == 0 else 220}千伏线路{k + 1}",
                shapely.intersection(line, areas.outline),
            )
        )
    return named

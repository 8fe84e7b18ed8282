"""Units of a city district (街道 in rows, 镇 in sectors around them) and the places in each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.synthetic.draws import Draws
from geodata.synthetic.urban_streets import BLOCK_M, Board

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PEOPLE_A_COMMUNITY = 8_000
"""Of a 社区; candidate sites are looked for beside each."""


@dataclass(frozen=True)
class DistrictSize:
    """What is known of a district.

    Parameters
    ----------
    area_km2, built_up_km2 : of the whole and of what is built on
    population : residents, villagers among them
    subdistricts : 街道 (and 地区) of the built-up area
    towns : 镇 around it
    villages : 行政村 in the towns, or on the rim of the built-up area where there are none
    sown_area_mu : 播种面积; 0 where nothing is sown
    """

    area_km2: float
    built_up_km2: float
    population: int
    subdistricts: int
    towns: int = 0
    villages: int = 2
    sown_area_mu: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.subdistricts <= 500 or self.towns < 0 or not 2 <= self.villages <= 5_000:
            message = "a district has 1 to 500 subdistricts and 2 to 5,000 villages"
            raise ValueError(message)
        if not 0 < self.built_up_km2 <= self.area_km2 <= 20_000:
            message = (
                f"built-up {self.built_up_km2} km² of {self.area_km2} km²: give 0 < built <= all"
            )
            raise ValueError(message)
        if not 1_000 <= self.population <= 30_000_000:
            message = f"population is {self.population}; give 1,000 to 30 million"
            raise ValueError(message)


@dataclass(frozen=True, eq=False)
class DistrictLand:
    """Units on the board, and the places (communities, then villages) that they hold.

    Parameters
    ----------
    polygons : (d,) subdistricts, then towns
    place_xy : (n, 2) metres
    place_unit : (n,) position of the unit
    is_village : (n,) a village rather than a community
    """

    polygons: NDArray[np.object_]
    place_xy: FloatArray
    place_unit: IntArray
    is_village: NDArray[np.bool_]


def divide_land(seed: int, size: DistrictSize, board: Board) -> DistrictLand:
    """Subdistricts as rows of rectangles in the built-up area, towns as sectors around it."""
    draws = Draws(seed, "urban units")
    polygons = [*_rectangles(board, size.subdistricts), *_sectors(board, size.towns)]
    communities = max(size.subdistricts, round(size.population / PEOPLE_A_COMMUNITY))
    unit = np.arange(communities) % size.subdistricts
    # Villages stand in the towns; where there are none, in the later half of the city's units.
    hosts = size.towns or max(size.subdistricts // 2, 1)
    village_unit = len(polygons) - 1 - np.arange(size.villages) % hosts
    place_unit = np.sort(unit)
    place_unit = np.concatenate([place_unit, np.sort(village_unit)])
    xy = np.array([_inside(draws, polygons[k]) for k in place_unit.tolist()])
    is_village = np.arange(len(place_unit)) >= communities
    return DistrictLand(np.array(polygons, dtype=object), xy, place_unit, is_village)


def _rectangles(board: Board, count: int) -> list[shapely.Polygon]:
    """Rows of rectangles of equal area that fill the built-up area."""
    width, height = (2 * half for half in board.built_half_m)
    rows = max(1, round(float(np.sqrt(count * height / width))))
    cells = np.diff(np.round(np.linspace(0, count, rows + 1)).astype(int)).tolist()
    boxes, bottom = [], -height / 2
    for many in cells:
        top = bottom + height * many / count
        edges = np.linspace(-width / 2, width / 2, many + 1)
        boxes += [shapely.box(west, bottom, east, top) for west, east in pairwise(edges)]
        bottom = top
    return boxes


def _sectors(board: Board, count: int) -> list[BaseGeometry]:
    """Equal angles of the land around the built-up area."""
    if count == 0:
        return []
    rest = shapely.difference(board.box, board.built_box)
    far = 4 * max(board.half_m)
    sectors = []
    for k in range(count):
        turn = 2 * np.pi * (k + np.linspace(0, 1, 24)) / count + 0.4
        rim = far * np.column_stack([np.cos(turn), np.sin(turn)])
        wedge = shapely.Polygon([(0.0, 0.0), *rim.tolist()])
        sectors.append(shapely.intersection(rest, wedge))
    return sectors


def _inside(draws: Draws, polygon: BaseGeometry) -> FloatArray:
    """A place well inside a unit, half a block from the crossings."""
    west, south, east, north = polygon.bounds
    for x, y in zip(draws.uniform(west, east, 60), draws.uniform(south, north, 60), strict=True):
        snapped = (np.round(np.array([x, y]) / BLOCK_M) + 0.5) * BLOCK_M
        if polygon.contains(shapely.Point(snapped)):
            return np.asarray(snapped, np.float64)
    return np.asarray(shapely.get_coordinates(polygon.representative_point())[0], np.float64)

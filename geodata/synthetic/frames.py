"""From the drawing board to layers in WGS84."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.synthetic.plane import to_degrees

FloatArray = NDArray[np.float64]


def ids(letter: str, count: int) -> list[str]:
    """Ids of one layer, ``V0001`` ...; as many digits as the count needs, four at least."""
    digits = max(4, len(str(count)))
    return [f"{letter}{number:0{digits}d}" for number in range(1, count + 1)]


def in_degrees(geometry: Any) -> Any:
    """Geometry of the drawing board (one or an array) in WGS84 degrees."""
    return shapely.transform(geometry, lambda xy: np.column_stack(to_degrees(*xy.T)))


def point_frame(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]], xy: FloatArray
) -> gpd.GeoDataFrame:
    """A point layer."""
    return area_frame(columns, shapely.points(xy))


def area_frame(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]], geometry: Any
) -> gpd.GeoDataFrame:
    """A layer of any geometry; null where the geometry is None."""
    return gpd.GeoDataFrame(dict(columns), geometry=in_degrees(geometry), crs="EPSG:4326")

"""Licence areas that collection may not cross (不跨许可区域): which one a point lies in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

COLUMN = "licence_area"


def with_licence_area(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The points with the name of the licence area that holds each, "" where none does."""
    if len(areas) == 0 or len(points) == 0:
        return points
    spots = points.geometry.representative_point()
    row, area = areas.sindex.query(spots, predicate="within")
    names = np.full(len(points), "", dtype=object)
    of_area = areas["name"].astype(str).to_numpy(object)
    # Where areas overlap, the first of the layer is meant.
    order = np.lexsort((area, row))
    held, first = np.unique(row[order], return_index=True)
    names[held] = of_area[area[order][first]]
    return points.assign(**{COLUMN: names})


def same_licence_area(
    points: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    row: NDArray[np.int64],
    site: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which pairs stay in one area; who lies in none is bound by none."""
    if COLUMN not in points or COLUMN not in sites:
        return np.ones(len(row), np.bool_)
    of_point = points[COLUMN].fillna("").to_numpy(object)[row]
    of_site = sites[COLUMN].fillna("").to_numpy(object)[site]
    allowed: NDArray[np.bool_] = (of_point == of_site) | (of_point == "") | (of_site == "")
    return allowed

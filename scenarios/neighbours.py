"""Which districts border on which: what 共建共享 between neighbours is allowed by."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from geodata.adjacency import shared_borders


def district_neighbours(districts: gpd.GeoDataFrame) -> dict[str, frozenset[str]]:
    """District name -> names of those that share a border; without polygons nobody has any."""
    geometry = districts.geometry
    if len(districts) == 0 or not (geometry.notna() & ~geometry.is_empty).any():
        return {}
    borders = shared_borders(list(geometry)).tocoo()
    names = districts["name"].astype(str).to_numpy(object)
    found: dict[str, set[str]] = {str(name): set() for name in names}
    row, column = borders.coords
    for a, b in zip(np.asarray(row), np.asarray(column), strict=True):
        if a != b:
            found[str(names[a])].add(str(names[b]))
    return {name: frozenset(others) for name, others in found.items()}

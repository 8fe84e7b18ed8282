"""Which township a point belongs to: its own attribute first, a polygon only where it has none."""

from __future__ import annotations

import geopandas as gpd

from geodata.faults import Fault


def assign_districts(
    points: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, *, where: str = "points"
) -> tuple[gpd.GeoDataFrame, tuple[Fault, ...]]:
    """``points`` with ``district`` in the spelling of the districts layer and gaps filled.

    Districts overlap (开发区) and may have no polygon: a stated attribute is never overridden.
    """
    raise NotImplementedError

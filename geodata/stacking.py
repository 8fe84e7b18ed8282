"""Tables of points or lines one under another."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from geodata.crs import WGS84


def stacked(tables: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Tables of the same columns, all WGS84, as one with rows numbered anew.

    A table without rows has no say in the type of a column: its blank columns would turn whole
    numbers and truth values into objects, which no file format takes. Where none has rows, the
    first is returned for its columns.
    """
    filled = [table for table in tables if len(table)]
    if not filled:
        return tables[0] if tables else gpd.GeoDataFrame({"geometry": []}, crs=WGS84)
    rows = pd.concat([pd.DataFrame(table) for table in filled], ignore_index=True)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=WGS84)

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from shapely import points

from geodata.crs import WGS84
from geodata.stacking import stacked


def places(*names: str) -> gpd.GeoDataFrame:
    """Points with a whole number and a truth value each; without names, a blank table."""
    if not names:
        blank = pd.DataFrame({"name": [], "count": [], "kept": []}, dtype=object)
        return gpd.GeoDataFrame(blank, geometry=gpd.GeoSeries([], crs=WGS84))
    rows = {"name": names, "count": range(len(names)), "kept": True}
    return gpd.GeoDataFrame(rows, geometry=points([[115.4, 36.5]] * len(names)), crs=WGS84)


def test_rows_keep_their_order_and_are_numbered_anew():
    table = stacked([places("甲", "乙"), places("丙")])
    assert table["name"].tolist() == ["甲", "乙", "丙"]
    assert table.index.tolist() == [0, 1, 2]
    assert table.crs == WGS84
    assert table.geometry.geom_type.eq("Point").all()


def test_a_table_without_rows_changes_no_column_s_type():
    table = stacked([places(), places("甲"), places()])
    assert table["count"].dtype.kind == "i"
    assert table["kept"].dtype == bool


def test_without_any_rows_the_columns_are_there():
    assert list(stacked([places(), places()]).columns) == ["name", "count", "kept", "geometry"]
    nothing = stacked([])
    assert len(nothing) == 0
    assert nothing.crs == WGS84

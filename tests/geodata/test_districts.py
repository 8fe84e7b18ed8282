from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geodata.districts import assign_districts, district_key
from tests.geodata.tables_on_disk import points, squares


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("富锋街道", "富锋"),
        ("富锋镇", "富锋"),
        ("清泉街道办事处", "清泉"),
        ("贾镇", "贾镇"),
        ("永春 镇", "永春"),
        ("高碑店地区", "高碑店"),
        ("东小口（地区）镇", "东小口"),
        ("乡", "乡"),
    ],
)
def test_the_kind_of_a_township_is_not_its_name(name, key):
    assert district_key(name) == key


def layer():
    table = squares(id=["01", "02", "03"], name=["贾镇", "富锋街道", "清泉街道"])
    zone = gpd.GeoDataFrame(
        {"id": ["04", "05"], "name": ["开发区", "国有农场"]},
        geometry=[shapely.box(115.44, 36.44, 115.46, 36.46), None],
        crs=4326,
    )
    return gpd.GeoDataFrame(gpd.pd.concat([table, zone], ignore_index=True), crs=4326)


def test_the_attribute_comes_before_the_polygon():
    table = points(
        [115.45, 115.45, 115.45, 115.45],
        [36.42] * 4,
        name=list("abcd"),
        district=["清泉街道", "国有农场", "富锋镇", "02"],
    )
    found, faults = assign_districts(table, layer())
    assert found["district"].tolist() == ["清泉街道", "国有农场", "富锋街道", "富锋街道"]
    assert not faults


def test_gaps_are_filled_by_polygon_the_smallest_where_several():
    table = points(
        [115.45, 115.42, 115.95],
        [36.45, 36.42, 36.45],
        name=list("abc"),
        district=[None, "", np.nan],
    )
    found, faults = assign_districts(table, layer(), where="villages.csv")
    assert found["district"].tolist() == ["开发区", "贾镇", None]
    said = [str(fault) for fault in faults]
    assert any("a (开发区 / 贾镇)" in text for text in said)
    assert any("no district polygon: c" in text for text in said)


def test_unknown_districts_stay_as_written_with_a_warning():
    table = points([115.45], [36.42], name=["a"], district=["清泉街"])
    found, faults = assign_districts(table, layer())
    assert found["district"].tolist() == ["清泉街"]
    assert "清泉街 (do you mean 清泉街道?)" in str(faults[0])


def test_without_districts_nothing_changes():
    table = points([115.45], [36.42], name=["a"], district=["贾镇"])
    found, faults = assign_districts(table, layer().iloc[:0])
    assert found["district"].tolist() == ["贾镇"]
    assert not faults


def test_two_townships_of_one_key_are_not_mixed_up():
    both = squares(id=["1", "2"], name=["永春镇", "永春街道"])
    found, faults = assign_districts(points([115.45], [36.42], name=["a"], district=["永春"]), both)
    assert found["district"].tolist() == ["永春"]
    assert faults

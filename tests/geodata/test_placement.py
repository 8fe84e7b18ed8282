from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geodata.faults import Severity
from geodata.gcj02 import wgs84_to_bd09, wgs84_to_gcj02
from geodata.layers import Layer, read_layer
from geodata.placement import check_area, check_offset, detect_gcj02_offset
from tests.geodata.tables_on_disk import points, squares


def layer(table: gpd.GeoDataFrame, kind: str = "villages") -> Layer:
    return Layer(kind, table, (), f"{kind}.csv", np.arange(2, len(table) + 2), {})


@pytest.fixture(scope="module")
def county():
    """Roads about 1 km apart with bends, and 150 villages within 60 m of them."""
    chance = np.random.default_rng(7)
    lines = []
    for k in range(24):
        along = np.linspace(0, 0.25, 60)
        bend = np.cumsum(chance.normal(0, 3e-4, 60))
        lines.append(shapely.LineString(np.column_stack([115.4 + along, 36.4 + k * 0.0105 + bend])))
        lines.append(shapely.LineString(np.column_stack([115.4 + k * 0.0113 + bend, 36.4 + along])))
    roads = gpd.GeoDataFrame(geometry=lines, crs=4326)
    at = chance.integers(0, len(lines), 150)
    spots = shapely.line_interpolate_point(
        np.array(lines, dtype=object)[at], chance.random(150), normalized=True
    )
    lon = shapely.get_x(spots) + chance.normal(0, 3e-4, 150)
    lat = shapely.get_y(spots) + chance.normal(0, 3e-4, 150)
    return roads, lon, lat


def named(lon, lat):
    return points(
        lon, lat, id=[f"V{k}" for k in range(len(lon))], name=[f"村{k}" for k in range(len(lon))]
    )


@pytest.mark.parametrize(("system", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shifted_layers_are_caught_and_named(county, system, shift):
    roads, lon, lat = county
    finding = detect_gcj02_offset(named(*shift(lon, lat)), roads)
    assert finding.suspected
    assert finding.system == system
    assert finding.shifted_m < finding.declared_m
    faults = check_offset(layer(named(*shift(lon, lat))), roads)
    assert [fault.severity for fault in faults] == [Severity.WARNING]
    assert f"declare crs: {system}" in str(faults[0])


def test_correct_layers_are_left_alone(county):
    roads, lon, lat = county
    assert check_offset(layer(named(lon, lat)), roads) == ()


@pytest.mark.parametrize("turn", range(1, 8))
def test_another_offset_of_the_same_length_is_not_called_gcj02(county, turn):
    roads, lon, lat = county
    x, y = wgs84_to_gcj02(lon, lat)
    dx, dy = (x - lon) * np.cos(np.radians(36.5)), y - lat
    angle = np.pi / 4 * turn
    wrong_x = lon + (dx * np.cos(angle) - dy * np.sin(angle)) / np.cos(np.radians(36.5))
    wrong_y = lat + dx * np.sin(angle) + dy * np.cos(angle)
    assert detect_gcj02_offset(named(wrong_x, wrong_y), roads).system != "gcj02"


def test_points_that_have_nothing_to_do_with_roads_raise_no_alarm(county):
    roads, _, _ = county
    chance = np.random.default_rng(1)
    alarms = 0
    for _ in range(20):
        lon, lat = chance.uniform(115.4, 115.65, 200), chance.uniform(36.4, 36.65, 200)
        alarms += detect_gcj02_offset(named(lon, lat), roads).suspected
    assert alarms <= 1


def test_few_points_places_abroad_and_no_roads_say_nothing(county):
    roads, lon, lat = county
    assert not detect_gcj02_offset(named(*wgs84_to_gcj02(lon[:10], lat[:10])), roads).suspected
    assert not detect_gcj02_offset(named(lon - 106, lat), roads).suspected
    assert not detect_gcj02_offset(named(lon, lat), roads.iloc[:0]).suspected


class TestArea:
    area = squares(id=["1", "2"], name=["a", "b"])

    def test_inside_and_just_outside_are_no_fault(self):
        assert check_area(layer(named([115.45, 115.63], [36.45, 36.45])), self.area) == ()

    def test_outside_is_a_warning_and_far_outside_an_error_by_name_and_row(self):
        faults = check_area(layer(named([115.45, 115.8, 121.5], [36.45, 36.45, 31.2])), self.area)
        assert [fault.severity for fault in faults] == [Severity.ERROR, Severity.WARNING]
        assert "村2 (row 4, 795 km)" in str(faults[0])
        assert "村1 (row 3, 18 km)" in str(faults[1])

    def test_terminals_may_lie_in_other_districts(self):
        faults = check_area(layer(named([118.0], [36.45]), "facilities"), self.area)
        assert [fault.severity for fault in faults] == [Severity.WARNING]

    def test_exchanged_axes_where_numbers_alone_cannot_show_them(self):
        area = gpd.GeoDataFrame(geometry=[shapely.box(9.47, 47.05, 9.63, 47.28)], crs=4326)
        faults = check_area(layer(named([47.1, 47.2], [9.5, 9.5])), area)
        assert "look exchanged" in str(faults[0])

    def test_roads_or_points_serve_as_area_and_their_own_strays_do_not(self):
        lon, lat = np.linspace(115.4, 115.6, 20), np.linspace(36.4, 36.6, 20)
        others = named(np.append(lon, 0.001), np.append(lat, 0.001))
        faults = check_area(layer(others), others)
        assert len(faults) == 1
        assert "1 of 21" in str(faults[0])

    def test_plots_have_a_middle(self):
        plots = squares(id=["1"], name=["a"])
        assert check_area(layer(plots, "public_land"), self.area) == ()
        assert check_area(layer(plots, "public_land"), self.area.iloc[:0]) == ()


@pytest.mark.real
def test_the_points_of_wuhan_beside_its_roads(real_data: Path):
    roads = gpd.read_parquet(real_data / "roads/neatnet_wuhan_8989_original.parquet").to_crs(4326)
    west, south, east, north = roads.total_bounds
    columns = {"id": "#1", "name": "#3", "lon": "#13", "lat": "#14"}

    def towns_and_villages(crs):
        files = sorted((real_data / "places/adcode2016").glob("adcode_4201*.csv"))
        tables = [read_layer(file, "villages", crs=crs, columns=columns).table for file in files]
        table = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=4326)
        return table.cx[west:east, south:north]

    wrong = detect_gcj02_offset(towns_and_villages("wgs84"), roads)
    assert wrong.suspected
    assert wrong.system == "gcj02"
    assert wrong.shifted_m < wrong.declared_m
    right = towns_and_villages("gcj02")
    assert not detect_gcj02_offset(right, roads).suspected
    for seed in range(2):
        assert not detect_gcj02_offset(right.sample(100, random_state=seed), roads).suspected

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod

from geodata.crs import (
    Shift,
    declared_crs,
    geometries_to_metric,
    geometries_to_wgs84,
    metric_crs,
    same_system,
    to_metric,
    to_wgs84,
)
from geodata.faults import InputError, Severity
from geodata.gauss_kruger import resolve_grid
from geodata.gcj02 import wgs84_to_gcj02


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("wgs84", 4326), ("WGS-84", 4326), ("WGS 84", 4326), (4326, 4326), ("EPSG:4326", 4326),
        ("cgcs2000", 4490), ("国家大地2000", 4490), ("2000国家大地坐标系", 4490),
        ("EPSG:4547", 4547), ("epsg 4526", 4526), ("CGCS2000 / 3-degree GK CM 117E", 4548),
        ("CGCS2000_3_Degree_GK_Zone_39", 4527), ("3857", 3857),
    ],
)  # fmt: skip
def test_declarations(text, code):
    assert declared_crs(text, "villages.csv").crs == CRS.from_epsg(code)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("gcj02", Shift.GCJ02),
        ("GCJ-02", Shift.GCJ02),
        ("高德", Shift.GCJ02),
        ("火星坐标系", Shift.GCJ02),
        ("bd09", Shift.BD09),
        ("BD-09", Shift.BD09),
        ("百度坐标", Shift.BD09),
    ],
)
def test_chinese_offsets(text, shift):
    assert declared_crs(text, "shops.csv").shift is shift


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no coordinate system is declared"),
        ("  ", "no coordinate system"),
        ("wgs48", "do you mean wgs84"),
        ("EPSG:999999", "unknown"),
        ("+proj=longlat +nadgrids=/etc/passwd", "unknown"),
    ],
)
def test_an_undeclared_or_unknown_system_says_how_to_declare(text, words):
    with pytest.raises(InputError) as error:
        declared_crs(text, "villages.csv")
    assert words in str(error.value)
    assert "villages.csv" in str(error.value)
    assert "gcj02" in str(error.value)


@pytest.mark.parametrize("text", ["beijing54", "西安80", "EPSG:2436", "EPSG:2383"])
def test_old_datums_are_accepted_with_a_warning(text):
    declared = declared_crs(text, "villages.csv")
    assert [fault.severity for fault in declared.warnings] == [Severity.WARNING]
    x, y = (116.0, 36.0) if not declared.is_projected else (500_000.0, 4_000_000.0)
    lon, lat = to_wgs84(x, y, declared)
    assert 36 <= lat <= 36.2
    assert 114 <= lon + 0.01 <= 117.1


def test_axes_are_east_north_whatever_epsg_says():
    lon, lat = to_wgs84(500_000.0, 4_000_000.0, declared_crs("EPSG:4547", "x"))
    assert (lon, lat) == pytest.approx((114.0, 36.13029), abs=1e-5)


def test_web_mercator_is_transformed_and_not_measured_in():
    lon, lat = to_wgs84(12_850_000.0, 4_370_000.0, declared_crs(3857, "x"))
    assert (lon, lat) == pytest.approx((115.4335, 36.5026), abs=1e-3)
    assert metric_crs(lon, lat).to_epsg() == 4547


@settings(deadline=None)  # the first use of a system builds its transformer
@given(
    st.floats(73.6, 134.9),
    st.floats(18, 53),
    st.sampled_from([4547, 4548, 4526, 3857, 4490, 32650]),
)
def test_round_trips_stay_within_a_millimetre(lon, lat, code):
    declared = declared_crs(code, "x")
    centre = {4547: 114, 4548: 117, 4526: 114, 32650: 117}.get(code)
    if centre is not None:
        lon = centre + (lon - 104.25) / 20
    x, y = to_metric(lon, lat, declared.crs)
    back_lon, back_lat = to_wgs84(x, y, declared)
    assert (float(back_lon), float(back_lat)) == pytest.approx((lon, lat), abs=1e-8)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (125.28, 43.83, 4551), (116.44, 39.92, 4548), (117.80, 36.10, 4548), (114.3, 30.5, 4547),
        (75.0, 39.5, 4534), (134.9, 48.0, 4554),
        (9.55, 47.15, 32632), (-71.3, -29.9, 32719), (-122.27, 37.8, 32610),
    ],
)  # fmt: skip
def test_one_metric_system_a_place(lon, lat, code):
    assert metric_crs(np.full(3, lon), np.full(3, lat)).to_epsg() == code


def test_a_county_across_a_zone_edge_has_one_zone_and_its_distances_hold():
    # 冠县 lies across 115.5 degrees; one zone costs some 10 m over 45 km
    lon, lat = np.array([115.27, 115.78, 115.53]), np.array([36.4, 36.6, 36.5])
    metric = metric_crs(lon, lat)
    x, y = to_metric(lon, lat, metric)
    measured = float(np.hypot(x[1] - x[0], y[1] - y[0]))
    true = Geod(ellps="GRS80").inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert abs(measured - true) < 15
    with pytest.raises(ValueError, match="at least one point"):
        metric_crs([np.nan], [np.nan])


def test_geometries_lose_their_offset_and_their_height():
    inside = shapely.Polygon([(115.4, 36.4, 5), (115.5, 36.4, 5), (115.5, 36.5, 5)])
    shifted = shapely.transform(inside, lambda p: np.column_stack(wgs84_to_gcj02(p[:, 0], p[:, 1])))
    back = geometries_to_wgs84([shifted, None], declared_crs("gcj02", "x"))
    assert back[1] is None
    assert not back[0].has_z
    assert shapely.hausdorff_distance(back[0], shapely.force_2d(inside)) < 1e-8
    assert shapely.area(geometries_to_metric(back[:1], CRS.from_epsg(4548)))[0] == pytest.approx(
        4.97e7, rel=0.02
    )


def test_same_system():
    assert same_system(declared_crs("wgs84", "x"), declared_crs("cgcs2000", "x"))
    assert not same_system(declared_crs("wgs84", "x"), declared_crs("gcj02", "x"))
    assert not same_system(declared_crs(4547, "x"), declared_crs(4548, "x"))


class TestChineseGrids:
    """X and Y of survey tables: point at 117.2°E 36.1°N, in zone 39 (117°E)."""

    lon, lat = np.array([117.2, 117.3]), np.array([36.1, 36.2])

    def grid(self, code):
        return to_metric(self.lon, self.lat, CRS.from_epsg(code))

    def resolved(self, x, y, text):
        return resolve_grid(np.asarray(x), np.asarray(y), declared_crs(text, "f.xlsx"), "f.xlsx")

    def check(self, found):
        lon, lat = to_wgs84(found.east, found.north, found.declared)
        assert lon == pytest.approx(self.lon, abs=1e-6)
        assert lat == pytest.approx(self.lat, abs=1e-6)

    def test_x_may_be_north(self):
        east, north = self.grid(4548)
        found = self.resolved(north, east, "EPSG:4548")
        self.check(found)
        assert "survey habit" in str(found.faults[0])

    def test_plain_cgcs2000_takes_the_zone_of_the_prefix(self):
        self.check(self.resolved(*self.grid(4527), "cgcs2000"))
        self.check(self.resolved(*self.grid(4498), "cgcs2000"))

    def test_plain_cgcs2000_without_prefix_asks_for_the_meridian(self):
        found = self.resolved(*self.grid(4548), "cgcs2000")
        assert found.faults[0].severity is Severity.ERROR
        assert "EPSG:4547" in str(found.faults[0])

    @pytest.mark.parametrize(("real", "declared"), [(4527, 4548), (4548, 4527)])
    def test_the_twin_with_or_without_prefix_is_read_with_a_warning(self, real, declared):
        found = self.resolved(*self.grid(real), declared)
        self.check(found)
        assert [fault.severity for fault in found.faults] == [Severity.WARNING]

    def test_a_prefix_of_another_zone_is_an_error(self):
        found = self.resolved(*self.grid(4527), "EPSG:4547")
        assert found.faults[0].severity is Severity.ERROR

    def test_other_systems_pass(self):
        found = self.resolved([500_000.0], [4_000_000.0], "EPSG:32650")
        assert found.faults == ()

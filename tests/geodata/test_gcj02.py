from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geodata import gcj02

LON, LAT = st.floats(73.5, 134.5), st.floats(3.5, 53.5)
GEOD = Geod(ellps="WGS84")


def metres(one, other):
    return GEOD.inv(*map(float, one), *map(float, other))[2]


def test_the_public_reference_values():
    # eviltransform's own test: Tiananmen
    lon, lat = gcj02.wgs84_to_gcj02(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-9
    )
    lon, lat = gcj02.gcj02_to_bd09(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-9
    )


@pytest.mark.parametrize(
    ("lon", "lat", "shift_m"),
    [(125.28, 43.83, 579), (116.44, 39.92, 552), (115.44, 36.48, 548), (117.80, 36.10, 530)],
)
def test_the_shift_is_larger_than_any_household_radius(lon, lat, shift_m):
    assert metres((lon, lat), gcj02.wgs84_to_gcj02(lon, lat)) == pytest.approx(shift_m, abs=2)


@given(LON, LAT)
def test_inverses_are_exact(lon, lat):
    for there, back in (
        (gcj02.wgs84_to_gcj02, gcj02.gcj02_to_wgs84),
        (gcj02.gcj02_to_bd09, gcj02.bd09_to_gcj02),
        (gcj02.wgs84_to_bd09, gcj02.bd09_to_wgs84),
    ):
        assert metres((lon, lat), back(*there(lon, lat))) < 0.001
        assert metres((lon, lat), there(*back(lon, lat))) < 0.001


def test_arrays_nulls_and_places_abroad():
    lon = np.array([9.52, 115.44, np.nan, -122.4])
    lat = np.array([47.14, 36.48, 36.0, 37.8])
    x, y = gcj02.gcj02_to_wgs84(lon, lat)
    assert (x[0], y[0], x[3], y[3]) == (9.52, 47.14, -122.4, 37.8)
    assert np.isnan(x[2])
    assert x[1] != lon[1]
    assert gcj02.gcj02_to_wgs84(np.empty(0), np.empty(0))[0].shape == (0,)

"""The drawing board: metres east and north of a centre, and its WGS84 degrees.

The board is laid over the ellipsoid along meridians and parallels, without a projection library, so
that the same seed gives the same coordinates whatever PROJ is installed. Degrees are rounded to
1e-7 (about 1 cm), which hides the last bits in which processors differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CENTRE_LON, CENTRE_LAT = 115.52, 36.53
_EQUATOR_M = 6378137.0  # WGS84 semi-major axis
_ECCENTRICITY_2 = 6.69437999014e-3  # WGS84 first eccentricity squared


def _metres_per_degree(lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Metres per degree of longitude and of latitude on the ellipsoid at ``lat``."""
    sin_lat = np.sin(np.radians(lat))
    curve = 1 - _ECCENTRICITY_2 * sin_lat**2
    east = np.pi / 180 * _EQUATOR_M * np.cos(np.radians(lat)) / np.sqrt(curve)
    north = np.pi / 180 * _EQUATOR_M * (1 - _ECCENTRICITY_2) / curve**1.5
    return east, north


def _rounded(values: FloatArray, decimals: int) -> FloatArray:
    rounded: FloatArray = np.round(values, decimals)
    return rounded


def to_degrees(east_m: FloatArray, north_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude (WGS84, seven decimals) of points of the board."""
    lat = np.full(np.shape(north_m), CENTRE_LAT)
    for _ in range(3):  # the metre per degree at the middle latitude; converges to under 1 mm
        lat = CENTRE_LAT + np.asarray(north_m) / _metres_per_degree((lat + CENTRE_LAT) / 2)[1]
    lon = CENTRE_LON + np.asarray(east_m) / _metres_per_degree(lat)[0]
    return _rounded(lon, 7), _rounded(lat, 7)


def step_lengths_m(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Lengths of the steps between following points, (q - 1,), rounded to millimetres.

    Exact on the ellipsoid to 1e-7 for steps of a few kilometres (middle-latitude formula).
    """
    east, north = _metres_per_degree((lat[1:] + lat[:-1]) / 2)
    return _rounded(np.hypot(np.diff(lon) * east, np.diff(lat) * north), 3)

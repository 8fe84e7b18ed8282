"""China's shifted coordinates: WGS84, GCJ-02 (Gaode, Tencent) and BD-09 (Baidu), both ways.

The forward formulas are the public ones that every port repeats (``eviltransform``,
``coordtransform``). The inverse has no closed form: it is found by fixed-point iteration on the
forward formula, which contracts by about 1e-3 a step, so three or four steps reach 1e-9 degrees
(0.1 mm). One-step inverses, as most ports have, are wrong by 1 to 2 m.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
LonLat = tuple[FloatArray, FloatArray]

_AXIS_M = 6_378_245.0  # Krasovsky 1940, as in the public formula
_ECCENTRICITY_2 = 0.00669342162296594323
_BAIDU_ANGLE = np.pi * 3000.0 / 180.0
_TOLERANCE_DEG = 1e-9
_MAX_STEPS = 40


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Where the public formula applies: a rectangle, which covers parts of the neighbours too."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    inside = (x >= 72.004) & (x <= 137.8347) & (y >= 0.8293) & (y <= 55.8271)
    return np.asarray(inside, np.bool_)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS84 degrees to GCJ-02; points outside China stay as they are."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    shift_lon, shift_lat = _offset(x, y)
    inside = in_china(x, y)
    return np.where(inside, x + shift_lon, x), np.where(inside, y + shift_lat, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """GCJ-02 degrees to WGS84, exact to 1e-9 degrees; points outside China stay as they are."""
    return _invert(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """GCJ-02 degrees to Baidu's BD-09; points outside China stay as they are."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_ANGLE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_ANGLE)
    inside = in_china(x, y)
    return (
        np.where(inside, radius * np.cos(angle) + 0.0065, x),
        np.where(inside, radius * np.sin(angle) + 0.006, y),
    )


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 degrees to GCJ-02, exact to 1e-9 degrees; points outside China stay as they are."""
    return _invert(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS84 degrees to BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 degrees to WGS84, exact to 1e-9 degrees."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _offset(lon: FloatArray, lat: FloatArray) -> LonLat:
    """Degrees by which GCJ-02 lies away from WGS84."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    shared = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north += _waves(y, (20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east += _waves(x, (20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0))
    latitude = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_2 * np.sin(latitude) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / magic**1.5
    parallel_m = _AXIS_M / np.sqrt(magic) * np.cos(latitude)
    return np.degrees(east / parallel_m), np.degrees(north / meridian_m)


def _waves(value: FloatArray, *terms: tuple[float, float]) -> FloatArray:
    """Sum of ``amplitude x sin(value x pi / period)``, two thirds of it."""
    total = np.zeros_like(value)
    for amplitude, period in terms:
        total += amplitude * np.sin(value * np.pi / period)
    return total * 2.0 / 3.0


def _invert(
    forward: Callable[[ArrayLike, ArrayLike], LonLat], lon: ArrayLike, lat: ArrayLike
) -> LonLat:
    """The point that ``forward`` sends to ``lon, lat``.

    A target that no point reaches (a strip of the shift's width at the rectangle's edge) keeps the
    best iterate.
    """
    target_x, target_y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    x, y = target_x.copy(), target_y.copy()
    for _ in range(_MAX_STEPS):
        moved_x, moved_y = forward(x, y)
        step_x, step_y = target_x - moved_x, target_y - moved_y
        x, y = x + step_x, y + step_y
        with np.errstate(invalid="ignore"):
            moving = (np.abs(step_x) > _TOLERANCE_DEG) | (np.abs(step_y) > _TOLERANCE_DEG)
        if not moving.any():
            break
    return x, y

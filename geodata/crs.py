"""Coordinate systems: declared a layer, never guessed; and the one metric system of a place.

Axes are always longitude, latitude (or east, north), whatever EPSG says: CGCS2000 is defined as
north, east. Distances are never measured in Web Mercator (EPSG:3857), which inflates them by
1.2 to 1.4 in China; a layer that comes in it is accepted and transformed.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geodata import gcj02
from geodata.faults import N_, Fault, InputError, Phrase, Severity, nearest_hint

FloatArray = NDArray[np.float64]
WGS84 = CRS.from_epsg(4326)

NAMES = {
    "wgs84": 4326,
    "wgs1984": 4326,
    "gps": 4326,
    "crs84": 4326,
    "ogc:crs84": 4326,
    "cgcs2000": 4490,
    "国家2000": 4490,
    "大地2000": 4490,
    "国家大地2000": 4490,
    "2000国家大地坐标系": 4490,
    "国家2000大地坐标系": 4490,
    "2000坐标系": 4490,
    "beijing54": 4214,
    "beijing1954": 4214,
    "北京54": 4214,
    "1954北京坐标系": 4214,
    "xian80": 4610,
    "xian1980": 4610,
    "西安80": 4610,
    "1980西安坐标系": 4610,
}
SHIFTED = {
    "gcj02": "gcj02",
    "gcj": "gcj02",
    "火星坐标": "gcj02",
    "火星坐标系": "gcj02",
    "高德": "gcj02",
    "高德坐标": "gcj02",
    "腾讯": "gcj02",
    "amap": "gcj02",
    "bd09": "bd09",
    "bd09ll": "bd09",
    "bd": "bd09",
    "百度": "bd09",
    "百度坐标": "bd09",
    "百度坐标系": "bd09",
}
_OLD_DATUMS = ("Beijing 1954", "New Beijing", "Xian 1980")
_ZONE = re.compile(r"^(?:epsg:)?cgcs2000/?3degree(?:gk|gausskruger)(cm|zone)(\d+)e?$")
_HOW = N_(
    "{given}; declare one of wgs84, cgcs2000, gcj02 (Gaode, Tencent), bd09 (Baidu) or an EPSG code "
    "such as EPSG:4548 as the layer's crs"
)


class Shift(StrEnum):
    """Chinese display offsets, which no EPSG code names."""

    NONE = "none"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True)
class DeclaredCrs:
    """What a planner says of a layer's coordinates.

    Parameters
    ----------
    text : as declared
    crs : what pyproj transforms from
    shift : the display offset to take out afterwards
    warnings : what the planner should know, e.g. of a datum that needs local parameters
    """

    text: str
    crs: CRS
    shift: Shift = Shift.NONE
    warnings: tuple[Fault, ...] = ()

    @property
    def is_projected(self) -> bool:
        """Whether coordinates are metres and not degrees."""
        return bool(self.crs.is_projected)


def declared_crs(text: str | int | CRS | None, where: str) -> DeclaredCrs:
    """What a declaration means.

    Raises
    ------
    InputError
        Where nothing, or nothing known, is declared; the message says how to declare.
    """
    if isinstance(text, CRS):
        return _with_warnings(DeclaredCrs(text.name, text), where)
    if text is None or not str(text).strip():
        raise InputError(
            [Fault(where, _HOW, {"given": Phrase(N_("no coordinate system is declared"))})]
        )
    key = _key(str(text))
    if key in SHIFTED:
        return DeclaredCrs(SHIFTED[key], WGS84, Shift(SHIFTED[key]))
    code = NAMES.get(key) or _epsg_code(key)
    if code is not None:
        try:
            return _with_warnings(DeclaredCrs(str(text), CRS.from_epsg(code)), where)
        except CRSError:
            pass
    raise InputError([Fault(where, _HOW, {"given": _unknown(str(text), key)})])


def same_system(one: DeclaredCrs, other: DeclaredCrs) -> bool:
    """Whether two declarations agree; WGS84 and CGCS2000 differ by centimetres and count as one."""
    codes = {one.crs.to_epsg(20), other.crs.to_epsg(20)}
    if one.shift is not other.shift:
        return False
    return (
        bool(one.crs == other.crs)
        or codes <= {4326, 4490}
        or (None not in codes and len(codes) == 1)
    )


def to_wgs84(x: ArrayLike, y: ArrayLike, declared: DeclaredCrs) -> tuple[FloatArray, FloatArray]:
    """Coordinates in a declared system as WGS84 longitude, latitude; ``inf`` becomes NaN."""
    lon, lat = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if declared.crs != WGS84:
        lon, lat = _transformer(declared.crs, WGS84).transform(lon, lat)
        lon = np.where(np.isfinite(lon), lon, np.nan)
        lat = np.where(np.isfinite(lat), lat, np.nan)
    if declared.shift is Shift.GCJ02:
        return gcj02.gcj02_to_wgs84(lon, lat)
    if declared.shift is Shift.BD09:
        return gcj02.bd09_to_wgs84(lon, lat)
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)


def geometries_to_wgs84(geometries: ArrayLike, declared: DeclaredCrs) -> NDArray[np.object_]:
    """Geometries in a declared system as WGS84; heights and measures are dropped."""

    def move(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], declared))

    flat = shapely.force_2d(np.asarray(geometries, dtype=object))
    return np.asarray(shapely.transform(flat, move), dtype=object)


def metric_crs(lon: ArrayLike, lat: ArrayLike) -> CRS:
    """The one metric system of a place: a CGCS2000 3-degree zone inside China, UTM elsewhere.

    The zone is that of the median point and holds for the whole place, also where it straddles two
    zones (冠县 lies across 115.5°E): over a county the second zone would gain some 10 m in 45 km.

    Raises
    ------
    ValueError
        Where no coordinate is finite.
    """
    x, y = np.asarray(lon, np.float64).ravel(), np.asarray(lat, np.float64).ravel()
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        raise ValueError("a metric system needs at least one point with coordinates")
    centre_lon, centre_lat = float(np.median(x[finite])), float(np.median(y[finite]))
    if 73.5 <= centre_lon <= 135.1 and 3.4 <= centre_lat <= 53.6:
        meridian = min(max(3 * round(centre_lon / 3), 75), 135)
        return CRS.from_epsg(4534 + (meridian - 75) // 3)
    zone = min(max(int((centre_lon + 180) // 6) + 1, 1), 60)
    return CRS.from_epsg((32600 if centre_lat >= 0 else 32700) + zone)


def to_metric(lon: ArrayLike, lat: ArrayLike, metric: CRS) -> tuple[FloatArray, FloatArray]:
    """WGS84 degrees as metres east and north in a metric system."""
    x, y = _transformer(WGS84, metric).transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def geometries_to_metric(geometries: ArrayLike, metric: CRS) -> NDArray[np.object_]:
    """WGS84 geometries in metres of a metric system."""

    def move(points: FloatArray) -> FloatArray:
        return np.column_stack(to_metric(points[:, 0], points[:, 1], metric))

    return np.asarray(shapely.transform(np.asarray(geometries, dtype=object), move), dtype=object)


@lru_cache(maxsize=32)
def _transformer(source: CRS, target: CRS) -> Transformer:
    """Making one takes up to 100 ms, using it none."""
    return Transformer.from_crs(source, target, always_xy=True)


def _key(text: str) -> str:
    """A declaration without case, blanks and joiners, so that "WGS 84" and "wgs-84" are one."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return re.sub(r"[\s_\-]+", "", folded)


def _epsg_code(key: str) -> int | None:
    """EPSG code of "EPSG:4548", "4548" or ESRI's name of a CGCS2000 3-degree zone."""
    plain = re.fullmatch(r"(?:epsg:*)?(\d{4,6})", key)
    if plain:
        return int(plain.group(1))
    zone = _ZONE.match(key)
    if zone is None:
        return None
    number = int(zone.group(2))
    return 4534 + (number - 75) // 3 if zone.group(1) == "cm" else 4513 + number - 25


def _unknown(text: str, key: str) -> Phrase:
    """The first half of the message for a system that is not known."""
    near = difflib.get_close_matches(key, [*NAMES, *SHIFTED], n=1)
    message = N_("the coordinate system {text!r} is unknown{hint}")
    return Phrase(message, {"text": text[:60], "hint": nearest_hint(near[0] if near else "")})


def _with_warnings(declared: DeclaredCrs, where: str) -> DeclaredCrs:
    """Warn of old datums, whose exact parameters are local secrets."""
    base = declared.crs.geodetic_crs
    datum = base.datum.name if base is not None and base.datum is not None else ""
    if not any(name in datum for name in _OLD_DATUMS):
        return declared
    message = N_(
        "{crs} is an old datum; converted with public parameters, so points may be off by tens of "
        "metres: have the survey office convert the layer to CGCS2000"
    )
    warning = Fault(where, message, {"crs": declared.text}, Severity.WARNING)
    return replace(declared, warnings=(warning,))

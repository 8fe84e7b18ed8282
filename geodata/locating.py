"""Where the rows of a raw table lie: geometries or coordinate columns, brought to WGS84."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geodata import gcj02
from geodata.cells import Values, convert, parse_degrees
from geodata.columns import MatchedColumn
from geodata.crs import DeclaredCrs, Shift, declared_crs, geometries_to_wgs84, same_system, to_wgs84
from geodata.faults import N_, Fault, InputError, Phrase, Severity, list_rows
from geodata.gauss_kruger import resolve_grid
from geodata.numerals import fold
from geodata.tables import RawTable

FloatArray = NDArray[np.float64]
Geometries = NDArray[np.object_]
PAIRS = (("lon", "lat"), ("east", "north"), ("x", "y"))
_DEGREES_MOST = 360.0
_LETTERS = re.compile(r"^(东经|北纬|[en])|([en]|°)$")
_PAIR_JOINT = re.compile(r"[,;\s/]+")


@dataclass(frozen=True, eq=False)
class Located:
    """Geometries in WGS84, None where a row has none; the system that they came in."""

    geometry: Geometries
    declared: DeclaredCrs | None
    faults: tuple[Fault, ...] = ()


def locate(
    raw: RawTable, matched: Mapping[str, MatchedColumn], crs: str | int | None, *, required: bool
) -> Located:
    """Bring a raw table's geometries or coordinate columns to WGS84.

    Parameters
    ----------
    matched : columns of the table by standard name
    crs : as declared for the layer
    required : whether a layer of this kind must have coordinates
    """
    nothing = np.full(len(raw.rows), None, dtype=object)
    source = _source(raw, matched)
    seats = "seat_lon" in matched
    if source is None and not seats:
        return Located(nothing, None, (_no_coordinates(raw.where),) if required else ())
    try:
        declared, faults = _declaration(raw, matched, crs)
    except InputError as error:
        return Located(nothing, None, error.faults)
    if source is None:
        return Located(nothing, declared, faults)
    if source == "geometry":
        assert raw.geometry is not None  # noqa: S101 - _source has looked
        return _from_geometries(raw.geometry, raw, declared, faults)
    if source == "wkt":
        geometry, bad = _from_wkt(raw.column(matched["wkt"].position), raw, matched["wkt"])
        return _from_geometries(geometry, raw, declared, (*faults, *bad))
    x, y, bad = _coordinates(raw, matched, source)
    return _from_points(x, y, raw, declared, (*faults, *bad))


def _source(raw: RawTable, matched: Mapping[str, MatchedColumn]) -> str | None:
    """What says where rows lie: geometry, lon, east, x, coordinates, wkt or nothing."""
    if raw.geometry is not None and any(shape is not None for shape in raw.geometry):
        return "geometry"
    for first, second in PAIRS:
        if first in matched and second in matched:
            return first
    return next((name for name in ("coordinates", "wkt") if name in matched), None)


def _declaration(
    raw: RawTable, matched: Mapping[str, MatchedColumn], crs: str | int | None
) -> tuple[DeclaredCrs, tuple[Fault, ...]]:
    """The layer's system: declared, else written in a header or column, else the file's own."""
    said = crs if crs not in (None, "") else _written(raw, matched)
    if raw.file_crs is None:
        declared = declared_crs(said, raw.where)
        return declared, declared.warnings
    own = declared_crs(raw.file_crs, raw.where)
    if said in (None, ""):
        return own, own.warnings
    declared = declared_crs(said, raw.where)
    if declared.shift is not Shift.NONE:
        # no EPSG code can say GCJ-02, so such files call themselves WGS84 or Web Mercator
        mixed = DeclaredCrs(declared.text, own.crs, declared.shift)
        return mixed, declared.warnings
    if not same_system(declared, own):
        message = N_(
            "is declared as {declared}, but the file itself says {own}; correct the declaration or "
            "leave it out"
        )
        values = {"declared": declared.text, "own": own.text}
        raise InputError([Fault(raw.where, message, values)])
    return declared, declared.warnings


def _written(raw: RawTable, matched: Mapping[str, MatchedColumn]) -> str | None:
    """A system named in brackets behind a coordinate header, or alike in all rows of a column."""
    for name in ("coordinates", "lon", "lat", "x", "y", "east", "north"):
        for note in matched[name].notes if name in matched else ():
            try:
                declared_crs(note, raw.where)
            except InputError:
                continue
            return note
    if "crs" in matched:
        cells = {str(cell).strip() for cell in raw.column(matched["crs"].position) if cell}
        if len(cells) == 1:
            return cells.pop()
        if cells:
            message = N_("names several coordinate systems ({systems}); use one a layer")
            values = {"systems": ", ".join(sorted(cells)[:5])}
            raise InputError([Fault(raw.where, message, values)])
    return None


def _no_coordinates(where: str) -> Fault:
    """The layer needs places and has no column of them."""
    message = N_(
        "has no coordinates; expected columns 经度 and 纬度 (lon, lat), X and Y in metres, 坐标 "
        "(lon,lat) or WKT"
    )
    return Fault(where, message)


def _coordinates(
    raw: RawTable, matched: Mapping[str, MatchedColumn], source: str
) -> tuple[FloatArray, FloatArray, tuple[Fault, ...]]:
    """East-like and north-like numbers of each row, NaN where missing."""
    if source == "coordinates":
        return _pairs(raw, matched["coordinates"])
    second = dict(PAIRS)[source]
    one, other = _numbers(raw, matched[source]), _numbers(raw, matched[second])
    return one.array, other.array, (*one.faults, *other.faults)


def _numbers(raw: RawTable, column: MatchedColumn) -> Values:
    """One coordinate column."""
    return convert(column, raw.column(column.position), raw.row_numbers.tolist(), raw.where)


def _pairs(
    raw: RawTable, column: MatchedColumn
) -> tuple[FloatArray, FloatArray, tuple[Fault, ...]]:
    """Cells such as ``115.44, 36.48`` or ``E115°26′33″ N36°29′2″``."""
    x, y = np.full(len(raw.rows), np.nan), np.full(len(raw.rows), np.nan)
    bad = []
    for at, cell in enumerate(raw.column(column.position)):
        if cell is None or fold(str(cell)) in ("", "/", "-", "—"):
            continue
        pair = _pair(str(cell))
        if pair is None:
            bad.append(int(raw.row_numbers[at]))
        else:
            x[at], y[at] = pair
    if not bad:
        return x, y, ()
    message = N_("{rows}: {column!r} is not a pair of coordinates such as 115.4427,36.4840")
    values = {"rows": list_rows(bad), "column": column.header}
    return x, y, (Fault(raw.where, message, values),)


def _pair(text: str) -> tuple[float, float] | None:
    """Two numbers or two angles."""
    plain = fold(text).strip("()[]").replace("、", ",")
    parts = [part for part in _PAIR_JOINT.split(plain) if part]
    if len(parts) != 2:
        return None
    numbers = []
    for part in parts:
        degrees = parse_degrees(part)
        try:
            numbers.append(float(_LETTERS.sub("", part)) if degrees is None else degrees)
        except ValueError:
            return None
    if parts[0].startswith(("n", "北")) or parts[0].endswith("n"):
        numbers.reverse()
    return numbers[0], numbers[1]


def _from_wkt(
    cells: Sequence[Any], raw: RawTable, column: MatchedColumn
) -> tuple[Geometries, tuple[Fault, ...]]:
    """Shapes from well-known text."""
    texts = np.array([None if cell is None else str(cell) for cell in cells], dtype=object)
    shapes = np.asarray(shapely.from_wkt(texts, on_invalid="ignore"), dtype=object)
    bad = [
        int(raw.row_numbers[at])
        for at, (text, shape) in enumerate(zip(texts, shapes, strict=True))
        if text is not None and shape is None
    ]
    if bad:
        message = N_("{rows}: {column!r} is not a geometry in WKT")
        values = {"rows": list_rows(bad), "column": column.header}
        return shapes, (Fault(raw.where, message, values),)
    return shapes, ()


def _from_points(
    x: FloatArray, y: FloatArray, raw: RawTable, declared: DeclaredCrs, faults: Sequence[Fault]
) -> Located:
    """Points of coordinate columns."""
    found = list(faults)
    missing = ~(np.isfinite(x) & np.isfinite(y)) | ((x == 0) & (y == 0))
    x, y = np.where(missing, np.nan, x), np.where(missing, np.nan, y)
    metres = bool(np.nanmax(np.abs([x, y]), initial=0.0) > _DEGREES_MOST)
    if metres and not declared.is_projected and declared.crs.to_epsg() == 4326:
        message = N_("has coordinates in metres, but is declared as {crs}; declare its EPSG code")
        found.append(Fault(raw.where, message, {"crs": declared.text}))
        return Located(np.full(len(x), None, dtype=object), declared, tuple(found))
    if metres:
        grid = resolve_grid(x, y, declared, raw.where)
        x, y, declared = grid.east, grid.north, grid.declared
        found.extend(grid.faults)
    elif declared.is_projected and not missing.all():
        message = N_("has coordinates in degrees, but is declared as {crs}, which is in metres")
        found.append(Fault(raw.where, message, {"crs": declared.text}))
        return Located(np.full(len(x), None, dtype=object), declared, tuple(found))
    else:
        found.extend(_exchanged(x, y, raw))
    if any(fault.severity is Severity.ERROR for fault in found):
        return Located(_points(x, y), declared, tuple(found))
    lon, lat = to_wgs84(x, y, declared)
    found.extend(_impossible(lon, lat, ~missing, raw, declared))
    return Located(_points(lon, lat), declared, tuple(found))


def _from_geometries(
    shapes: Geometries, raw: RawTable, declared: DeclaredCrs, faults: Sequence[Fault]
) -> Located:
    """Geometries of a file or of WKT."""
    found = list(faults)
    shapes = shapes.copy()
    shapes[shapely.is_empty(shapes)] = None
    if not declared.is_projected:
        centre = shapely.centroid(shapes)
        found.extend(_exchanged(shapely.get_x(centre), shapely.get_y(centre), raw))
        if any(fault.severity is Severity.ERROR for fault in found):
            return Located(shapes, declared, tuple(found))
    moved = geometries_to_wgs84(shapes, declared)
    centre = shapely.centroid(moved)
    lon, lat = shapely.get_x(centre), shapely.get_y(centre)
    there = np.asarray(~shapely.is_missing(shapes), np.bool_)
    found.extend(_impossible(lon, lat, there, raw, declared))
    broken = there & ~shapely.is_valid(moved)
    if broken.any():
        moved[broken] = shapely.make_valid(moved[broken])
        message = N_("{n} shapes cross themselves and were repaired (first: {rows})")
        rows = list_rows(raw.row_numbers[broken].tolist())
        values = {"n": int(broken.sum()), "rows": rows}
        found.append(Fault(raw.where, message, values, Severity.WARNING))
    return Located(moved, declared, tuple(found))


def _points(lon: FloatArray, lat: FloatArray) -> Geometries:
    """Points, None where a coordinate is missing."""
    there = np.isfinite(lon) & np.isfinite(lat)
    out = np.full(len(lon), None, dtype=object)
    out[there] = shapely.points(lon[there], lat[there])
    return out


def _exchanged(x: FloatArray, y: FloatArray, raw: RawTable) -> list[Fault]:
    """Longitude and latitude in each other's place, which shows in China and beyond 90 degrees."""
    with np.errstate(invalid="ignore"):
        beyond = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
        in_china = (x >= 3) & (x <= 54) & (y >= 73) & (y <= 136)
    wrong = np.flatnonzero(beyond | in_china)
    if not len(wrong):
        return []
    message = N_(
        "{rows}: longitude and latitude look exchanged (longitude {lon}, latitude {lat}); exchange "
        "the headers or the values"
    )
    first = int(wrong[0])
    rows = (
        Phrase(N_("all rows"))
        if len(wrong) == len(x)
        else list_rows(raw.row_numbers[wrong].tolist())
    )
    values = {"rows": rows, "lon": round(float(x[first]), 6), "lat": round(float(y[first]), 6)}
    return [Fault(raw.where, message, values)]


def _impossible(
    lon: FloatArray, lat: FloatArray, there: NDArray[np.bool_], raw: RawTable, declared: DeclaredCrs
) -> list[Fault]:
    """Coordinates that are on no map, and shifted ones outside the country that shifts."""
    faults = []
    with np.errstate(invalid="ignore"):
        fine = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    bad = np.flatnonzero(there & ~fine)
    if len(bad):
        message = N_("{rows}: the coordinates are not on the map of {crs}; check values and system")
        rows = list_rows(raw.row_numbers[bad].tolist())
        faults.append(Fault(raw.where, message, {"rows": rows, "crs": declared.text}))
    inside = gcj02.in_china(lon[there & fine], lat[there & fine])
    if declared.shift is not Shift.NONE and len(inside) and not inside.any():
        message = N_("is declared as {crs}, which is used in China only; its points lie elsewhere")
        faults.append(Fault(raw.where, message, {"crs": declared.text}))
    return faults


def seats_to_wgs84(
    lon: FloatArray, lat: FloatArray, declared: DeclaredCrs | None
) -> tuple[FloatArray, FloatArray]:
    """Seats of districts, which stand in columns beside the polygon and in the same system."""
    if declared is None:
        return lon, lat
    if declared.is_projected and np.nanmax(np.abs(lon), initial=0.0) <= _DEGREES_MOST:
        declared = DeclaredCrs(declared.text, CRS.from_epsg(4326), declared.shift)
    return to_wgs84(lon, lat, declared)

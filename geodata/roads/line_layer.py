"""Line layers (GeoPackage, Shapefile, GeoJSON, GeoParquet) as road lines.

A layer has no node ids: lines meet where their ends coincide, within a stated tolerance. An end
that lies within the tolerance of the middle of another line meets it there too (a side road drawn
up to a through road); lines that only cross do not meet, for one may be a bridge.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from geodata.crs import DeclaredCrs, Shift, declared_crs, same_system, to_wgs84
from geodata.faults import N_, Fault, InputError
from geodata.roads.coincidence import join_ends
from geodata.roads.graph import FloatArray
from geodata.roads.lines import RoadLines
from geodata.roads.tagged import TAGS, attributes_of_rows, standard_columns

_LINES = (1, 2, 5)  # shapely's ids: LineString, LinearRing, MultiLineString


@dataclass(frozen=True)
class LineLayer:
    """Which layer to read and how.

    Parameters
    ----------
    crs : as declared by the planner; None where the file says it itself
    tolerance_m : ends nearer than this are one junction
    layer : name, where the file has several
    columns : tag -> header, where the aliases of line_columns.yaml do not know it
    """

    file: Path
    crs: str | None = None
    tolerance_m: float = 0.5
    layer: str | None = None
    columns: Mapping[str, str] | None = None

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.file.name}, layer {self.layer}" if self.layer else self.file.name


def read_line_layer(spec: LineLayer) -> RoadLines:
    """Read a line layer.

    Raises
    ------
    InputError
        The file is damaged, has no lines, declares no CRS and none was declared, or a column that
        was declared is not there.
    """
    frame = read_frame(spec)
    return lines_of_frame(frame, spec)


def lines_of_frame(frame: gpd.GeoDataFrame, spec: LineLayer) -> RoadLines:
    """Road lines of a layer that has been read."""
    columns = _columns(frame, spec)
    geometry = np.asarray(frame.geometry.array)
    is_line = np.isin(shapely.get_type_id(geometry), _LINES) & ~shapely.is_empty(geometry)
    if not is_line.any():
        kinds = sorted({g.geom_type for g in geometry[~shapely.is_missing(geometry)]})
        message = N_("a road layer has lines, this one has {n} rows of {kinds}")
        values = {"n": len(frame), "kinds": ", ".join(kinds) or "nothing"}
        raise InputError([Fault(spec.where, message, values)])
    declared = _declared(frame, spec)

    table = frame.loc[is_line].drop(columns=frame.geometry.name).reset_index(drop=True)
    tagged = attributes_of_rows(table, columns)
    parts, row = shapely.get_parts(
        shapely.force_2d(geometry[is_line][tagged.rows]), return_index=True
    )
    points, line = shapely.get_coordinates(parts, return_index=True)
    lon, lat = to_wgs84(points[:, 0], points[:, 1], declared)
    count = np.bincount(line, minlength=len(parts))
    start = np.concatenate([[0], np.cumsum(count)])
    _check_degrees(lon, lat, spec, declared)
    node, lon, lat, start, n_touching = join_ends(start, lon, lat, spec.tolerance_m)
    counts = {
        **tagged.counts,
        "not_lines": int((~is_line).sum()),
        "ends_on_lines": n_touching,
    }
    return RoadLines(
        start=start,
        lon=lon,
        lat=lat,
        node=node,
        attributes=tagged.attributes.take(row),
        class_names=tagged.class_names,
        names=tagged.names,
        source=spec.file.name,
        counts=counts,
    )


def read_frame(spec: LineLayer) -> gpd.GeoDataFrame:
    """The layer as a GeoDataFrame, in its own system."""
    try:
        if spec.file.suffix.lower() in {".parquet", ".geoparquet"}:
            return gpd.read_parquet(spec.file)
        layer = spec.layer or _only_line_layer(spec)
        if spec.file.suffix.lower() == ".shp":
            return _read_shapefile(spec.file)
        return pyogrio.read_dataframe(spec.file, layer=layer)
    except ImportError as error:
        message = N_("GeoParquet needs the extra package pyarrow: pip install 'wangdian[parquet]'")
        raise InputError([Fault(spec.where, message)]) from error
    except DataLayerError as error:
        names = ", ".join(pyogrio.list_layers(spec.file)[:, 0])
        message = N_("the file has no layer '{layer}'; it has {names}")
        raise InputError([Fault(spec.where, message, {"layer": layer, "names": names})]) from error
    except (DataSourceError, OSError, ValueError, RuntimeError) as error:
        message = N_("not a whole layer of lines ({error}); export or copy it again")
        raise InputError([Fault(spec.where, message, {"error": _first_line(error)})]) from error


def _only_line_layer(spec: LineLayer) -> str:
    """The file's layer with lines; of several the planner must say which."""
    layers = pyogrio.list_layers(spec.file)
    names = [str(name) for name, kind in layers if kind and "LineString" in kind]
    if len(names) > 1:
        message = N_("the file has {n} layers of lines; say which by layer: {names}")
        values = {"n": len(names), "names": ", ".join(names)}
        raise InputError([Fault(spec.where, message, values)])
    return names[0] if names else str(layers[0][0])


def _read_shapefile(file: Path) -> gpd.GeoDataFrame:
    """Read a Shapefile; its ten bytes a header can end in the middle of a Chinese character."""
    try:
        return pyogrio.read_dataframe(file, encoding=_encoding(file))
    except UnicodeDecodeError:
        raw = pyogrio.read_dataframe(file, encoding="ISO-8859-1")

    def text(value: Any) -> Any:
        return (
            value.encode("latin-1").decode("utf-8", "ignore") if isinstance(value, str) else value
        )

    frame = raw.rename(columns=text)
    for column in frame.columns.drop(frame.geometry.name):
        if not pd.api.types.is_numeric_dtype(frame[column]):
            frame[column] = frame[column].map(text)
    return frame


def _encoding(file: Path) -> str | None:
    """Encoding of a Shapefile without a .cpg: UTF-8 where the table is, else GB18030."""
    table = file.with_suffix(".dbf")
    if file.with_suffix(".cpg").exists() or not table.exists():
        return None
    try:
        table.read_bytes()[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _columns(frame: gpd.GeoDataFrame, spec: LineLayer) -> dict[str, str]:
    """Tag -> header, with everything declared checked."""
    headers = [str(header) for header in frame.columns if header != frame.geometry.name]
    declared = dict(spec.columns or {})
    faults = []
    for tag, header in declared.items():
        for value, known in ((tag, TAGS), (header, headers)):
            if value not in known:
                near = difflib.get_close_matches(value, known, n=1)
                message = N_("columns: '{value}' is not one of {known}")
                values = {"value": value, "known": near[0] if near else ", ".join(known)}
                faults.append(Fault(spec.where, message, values))
    if faults:
        raise InputError(faults)
    return standard_columns(headers, declared)


def _declared(frame: gpd.GeoDataFrame, spec: LineLayer) -> DeclaredCrs:
    """The system of the layer: the planner's word and the file's must agree.

    GCJ-02 and BD-09 are the exception: their files say WGS84, or CGCS2000, and do not know better.
    """
    of_file = None if frame.crs is None else declared_crs(CRS(frame.crs), spec.where)
    if spec.crs is None:
        return of_file or declared_crs(None, spec.where)
    declared = declared_crs(spec.crs, spec.where)
    degrees = of_file is None or not of_file.is_projected
    if of_file is None or same_system(of_file, declared):
        return declared
    if declared.shift is not Shift.NONE and degrees:
        return declared
    message = N_("the file says its system is {file}, the scenario says {scenario}; correct one")
    values = {"file": of_file.text, "scenario": declared.text}
    raise InputError([Fault(spec.where, message, values)])


def _check_degrees(
    lon: FloatArray, lat: FloatArray, spec: LineLayer, declared: DeclaredCrs
) -> None:
    wrong = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    if wrong.any():
        message = N_(
            "{n} points are no places on earth in {crs} (first: {lon:.6g}, {lat:.6g}); declare the "
            "layer's real system, or exchange longitude and latitude"
        )
        first = int(np.argmax(wrong))
        values = {"n": int(wrong.sum()), "crs": declared.text, "lon": lon[first], "lat": lat[first]}
        raise InputError([Fault(spec.where, message, values)])

"""GeoPackage, Shapefile (also zipped), GeoJSON and GeoParquet as raw tables with geometries.

What a file is, its first bytes must confirm before GDAL sees it: GDAL opens by content, and a text
that only calls itself GeoJSON could make it open other files.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyproj import CRS

from geodata.archives import unpacked
from geodata.columns import kind_of_sheet, nearest_word
from geodata.faults import N_, Fault, InputError, nearest_hint
from geodata.geojson_limits import check_geojson
from geodata.tables import RawTable, decode

VECTOR_ENDINGS = (".gpkg", ".shp", ".zip", ".geojson", ".json", ".parquet", ".geoparquet")
MOST_FEATURES = 5_000_000
_CRS_MEMBER = re.compile(r'"crs"\s*:\s*\{')
_SHAPE_MAGIC = struct.pack(">i", 9994)
_DBF_SAMPLE_BYTES = 16 * 1024**2


def read_vector_table(path: Path, kind: str, sheet: str | None = None) -> RawTable:
    """A layer of a GIS file; row numbers are the features' numbers from 1.

    Parameters
    ----------
    kind : layer kind, to find the layer of a GeoPackage by its name
    sheet : layer of a GeoPackage, or Shapefile in a zip, where there are several

    Raises
    ------
    InputError
        Where the file cannot be read, a part of it is missing, or the layer is not there.
    """
    ending = path.suffix.lower()
    if ending == ".zip":
        with unpacked(path, path.name) as folder:
            return _shapefile(_shapefile_in(folder, sheet, path.name), path.name)
    if ending == ".shp":
        return _shapefile(path, path.name)
    if ending in (".parquet", ".geoparquet"):
        return _parquet(path)
    if ending == ".gpkg":
        return _geopackage(path, kind, sheet)
    return _geojson(path)


def is_vector(path: Path) -> bool:
    """Whether the ending is that of a GIS file that is read."""
    return path.suffix.lower() in VECTOR_ENDINGS


def _geopackage(path: Path, kind: str, sheet: str | None) -> RawTable:
    """One layer of a GeoPackage."""
    with path.open("rb") as file:
        if file.read(15) != b"SQLite format 3":
            raise InputError([_unreadable(path.name, "not a GeoPackage")])
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
    except Exception as error:  # noqa: BLE001 - see _unreadable
        raise InputError([_unreadable(path.name, error)]) from None
    name = _choose_layer(names, sheet, kind, path.name)
    where = path.name if len(names) == 1 else f"{path.name} [{name}]"
    return _raw(_read(path, where, layer=name), where)


def _geojson(path: Path) -> RawTable:
    """A GeoJSON file; its system counts as stated only where a ``crs`` member says it.

    RFC 7946 makes every GeoJSON WGS84, but Chinese map exports in GCJ-02 look the same.
    """
    check_geojson(path, path.name)
    text = decode(path.read_bytes(), path.name).lstrip()
    if not text.startswith("{"):
        raise InputError([_unreadable(path.name, "not GeoJSON")])
    frame = _read(text.encode(), path.name)
    stated = bool(_CRS_MEMBER.search(text[:2000]) or _CRS_MEMBER.search(text[-2000:]))
    if not stated and isinstance(frame, gpd.GeoDataFrame):
        frame = frame.set_crs(None, allow_override=True)
    return _raw(frame, path.name)


def _parquet(path: Path) -> RawTable:
    """A GeoParquet file; a plain Parquet file with coordinate columns is read as a table."""
    if find_spec("pyarrow") is None:
        message = N_(
            "GeoParquet needs pyarrow, which is not installed: pip install 'wangdian[parquet]', or "
            "save the layer as GeoPackage"
        )
        raise InputError([Fault(path.name, message)])
    try:
        try:
            frame = gpd.read_parquet(path)
        except ValueError as error:
            if "geo metadata" not in str(error).lower():
                raise
            frame = pd.read_parquet(path)
        return _raw(frame, path.name)
    except Exception as error:  # noqa: BLE001 - see _unreadable
        raise InputError([_unreadable(path.name, error)]) from None


def _shapefile(path: Path, where: str) -> RawTable:
    """A Shapefile with its attribute table in the encoding that its bytes show."""
    with path.open("rb") as file:
        if file.read(4) != _SHAPE_MAGIC:
            raise InputError([_unreadable(where, "not a Shapefile")])
    missing = [end for end in (".shx", ".dbf") if _beside(path, end) is None]
    if missing:
        message = N_("{files} is missing beside {name}; copy all parts of the Shapefile")
        files = ", ".join(path.stem + end for end in missing)
        raise InputError([Fault(where, message, {"files": files, "name": path.name})])
    frame = _decoded(_read(path, where, encoding="ISO-8859-1"), dbf_encoding(path))
    return _raw(frame, where, cut_names=True)


def _decoded(frame: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Names and texts that were read byte for byte, in their true encoding.

    Reading with that encoding at once fails on names that the ten bytes cut within a character,
    as 乡镇名称 in UTF-8; here the cut character is dropped.
    """

    def text(value: object) -> object:
        if not isinstance(value, str):
            return value
        return value.encode("latin-1", errors="ignore").decode(encoding, errors="ignore")

    texts = [name for name in frame.columns if frame[name].dtype.kind in "OTSU"]
    changed = {name: frame[name].astype(object).map(text) for name in texts if name != "geometry"}
    return frame.assign(**changed).rename(columns=lambda name: str(text(name)))


def dbf_encoding(path: Path) -> str:
    """Encoding of a Shapefile's attributes: what its .cpg says if that is true, else UTF-8 or GBK.

    A .cpg is often copied from elsewhere, and many files have none; the bytes decide.
    """
    table, declared = _beside(path, ".dbf"), _beside(path, ".cpg")
    values = _dbf_texts(table) if table is not None else []
    said = declared.read_text("ascii", errors="replace").strip() if declared is not None else ""
    if said.isdigit():
        said = f"cp{said}"
    for encoding in (said, "utf-8"):
        if encoding and _decodes(values, encoding):
            return codecs.lookup(encoding).name
    return "gb18030"


def _dbf_texts(path: Path) -> list[bytes]:
    """Text values of a dBASE table (its header is 32 bytes and 32 more a field)."""
    data = path.read_bytes()[:_DBF_SAMPLE_BYTES]
    if len(data) < 32:
        return []
    start, size = struct.unpack("<HH", data[8:12])
    fields, offset = [], 1
    for at in range(32, min(start, len(data)) - 31, 32):
        if data[at] == 0x0D:
            break
        width = data[at + 16]
        if data[at + 11 : at + 12] == b"C":
            fields.append((offset, offset + width))
        offset += width
    if not size:
        return []
    rows = range(start, len(data) - size + 1, size)
    return [value for row in rows for a, b in fields if (value := data[row + a : row + b].strip())]


def _decodes(values: Sequence[bytes], encoding: str) -> bool:
    """Whether all values are of an encoding; a last character that the width cut is forgiven."""
    try:
        for value in values:
            codecs.getincrementaldecoder(encoding)().decode(value, final=False)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _beside(path: Path, ending: str) -> Path | None:
    """The part of a Shapefile with an ending, in small or capital letters."""
    for form in (ending, ending.upper()):
        part = path.with_suffix(form)
        if part.is_file():
            return part
    return None


def _shapefile_in(folder: Path, sheet: str | None, where: str) -> Path:
    """The Shapefile of an unpacked zip."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".shp")
    found = [path for path in found if "__MACOSX" not in path.parts]
    if sheet is not None:
        found = [path for path in found if path.stem == sheet] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError([Fault(where, N_("the archive holds no Shapefile (.shp)"))])
    names = ", ".join(path.stem for path in found)
    message = N_("the archive holds several Shapefiles; name one of {names} as its sheet")
    raise InputError([Fault(where, message, {"names": names})])


def _choose_layer(names: Sequence[str], sheet: str | None, kind: str, where: str) -> str:
    """The layer of a GeoPackage that is meant."""
    if sheet is not None and sheet not in names:
        near = nearest_word([sheet], names)
        message = N_("has no layer {sheet!r}; its layers are {names}{hint}")
        values = {"sheet": sheet, "names": ", ".join(names), "hint": nearest_hint(near)}
        raise InputError([Fault(where, message, values)])
    if sheet is not None:
        return sheet
    plain = [name for name in names if name != "layer_styles"]
    named = [name for name in plain if kind_of_sheet(name) == kind or name == kind]
    if named or len(plain) == 1:
        return (named or plain)[0]
    message = N_("does not show which layer is {kind}; name one of {names} as its sheet")
    raise InputError([Fault(where, message, {"kind": kind, "names": ", ".join(plain)})])


def _read(
    source: Path | bytes, where: str, *, layer: str | None = None, encoding: str | None = None
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Read by GDAL; every way of failing ends in one message."""
    try:
        info = pyogrio.read_info(source, layer=layer, encoding=encoding)
        if info["features"] <= MOST_FEATURES:
            return pyogrio.read_dataframe(source, layer=layer, encoding=encoding)
    except Exception as error:  # noqa: BLE001 - see _unreadable
        raise InputError([_unreadable(where, error)]) from None
    message = N_("has {n} features; split it, at most {most} are read")
    values = {"n": info["features"], "most": MOST_FEATURES}
    raise InputError([Fault(where, message, values)])


def _unreadable(where: str, why: object) -> Fault:
    """One message for a damaged, cut or foreign file.

    GDAL, Arrow and what wraps them fail on damaged files in more ways than can be listed, down to
    unset variables; all of them mean that this file cannot be read.
    """
    message = N_("cannot be read ({why}); it is damaged, cut short or of another format")
    return Fault(where, message, {"why": str(why).split(";")[0][:160]})


def _raw(frame: pd.DataFrame, where: str, *, cut_names: bool = False) -> RawTable:
    """A frame as headers, rows and geometries."""
    crs: CRS | None = None
    geometry = None
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame:  # noqa: SLF001 - no public test
        crs = None if frame.crs is None else CRS(frame.crs)
        if crs is not None and crs.name.lower().startswith(("undefined", "unknown engineering")):
            crs = None  # how a GeoPackage says that nobody has stated it
        geometry = np.asarray(frame.geometry.to_numpy(), dtype=object)
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    plain = frame.astype(object).where(frame.notna(), None)
    rows = plain.to_numpy(dtype=object).tolist()
    numbers = np.arange(1, len(rows) + 1, dtype=np.int64)
    headers = tuple(map(str, frame.columns))
    return RawTable(headers, rows, numbers, where, {}, geometry, crs, cut_names)

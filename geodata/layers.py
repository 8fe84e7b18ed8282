"""Layers of points and areas: read, cleaned, validated, in WGS84 with standard columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.cells import clean_text, convert, object_series
from geodata.columns import (
    COORDINATE_COLUMNS,
    LayerSpec,
    MatchedColumn,
    column_spec,
    layer_spec,
    match_columns,
    missing_columns,
    nearest_word,
)
from geodata.crs import WGS84
from geodata.faults import (
    N_,
    Fault,
    InputError,
    Phrase,
    Severity,
    list_names,
    list_rows,
    nearest_hint,
)
from geodata.identity import complete_identity
from geodata.locating import locate, seats_to_wgs84
from geodata.tables import (
    TEXT_ENDINGS,
    RawTable,
    is_text,
    is_workbook,
    read_text_table,
    read_workbook_table,
)
from geodata.vectors import VECTOR_ENDINGS, is_vector, read_vector_table
from geodata.workbooks import WORKBOOK_ENDINGS

_SKIPPED = {
    "total": N_("{n} of totals"),
    "note": N_("{n} of notes"),
    "example": N_("{n} of examples"),
    "header": N_("{n} of repeated headers"),
    "numbering": N_("{n} of column numbers"),
}


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as read: usable rows with standard columns, and everything that was wrong.

    Parameters
    ----------
    kind : villages, facilities, candidates, districts, exclusions, shops, ...
    table : EPSG:4326, the standard columns of docs/architecture.md and the file's other columns
    faults : errors and warnings; an error means ``table`` must not be planned with
    where : what the planner calls it: "villages.csv", "county.xlsx [村庄]"
    rows : (n,) row of the file (as Excel shows it) or feature number of each row of ``table``
    skipped : rows left out by reason: "total", "note", "no_coordinates", "blank"
    """

    kind: str
    table: gpd.GeoDataFrame
    faults: tuple[Fault, ...]
    where: str
    rows: NDArray[np.int64]
    skipped: Mapping[str, int]


def read_layer(
    path: Path | str,
    kind: str,
    *,
    crs: str | int | None,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> Layer:
    """Read one layer from CSV, Excel, GeoPackage, Shapefile (also zipped), GeoJSON or GeoParquet.

    Never raises for what is in the file: every fault is in ``Layer.faults``, so that a caller can
    collect those of all layers and call :func:`geodata.faults.raise_errors` once.

    Parameters
    ----------
    path : the file
    kind : layer kind; one that ``columns.yaml`` does not name is read as a demand layer
    crs : declared system (see :func:`geodata.crs.declared_crs`); None is allowed only where the
        file itself states one
    sheet : Excel sheet or GeoPackage layer; the only or the first suitable one where None
    columns : standard name -> header in the file, ``"#3"`` for the third column of a file without
        headers, ``"=water"`` for the same value in every row
    aliases : more headers for a standard column, e.g. ``{"straw_t_per_yr": ("秸秆产生量",)}``
    """
    known = tuple((columns or {}).values()) + tuple(
        word for words in (aliases or {}).values() for word in words
    )
    file = Path(path)
    try:
        raw = _raw_table(file, kind, sheet, [word for word in known if not word.startswith("=")])
    except InputError as error:
        return _nothing(kind, error.faults, file.name)
    return _layer_of(raw, kind, crs, columns or {}, aliases or {})


def empty_layer(kind: str) -> gpd.GeoDataFrame:
    """A layer of this kind without rows, with its standard columns: for one that is not given."""
    spec = layer_spec(kind)
    table = pd.DataFrame({name: pd.Series(_blank_column(name, 0)) for name in spec.columns})
    return gpd.GeoDataFrame(table, geometry=np.empty(0, object), crs=WGS84)


def _raw_table(path: Path, kind: str, sheet: str | None, known: Sequence[str]) -> RawTable:
    """The file as it stands, by its ending."""
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        near = nearest_word([path.name], beside)
        hint = nearest_hint(near)
        message = N_("there is no such file ({path}){hint}")
        raise InputError([Fault(path.name, message, {"path": str(path), "hint": hint})])
    try:
        if is_text(path):
            return read_text_table(path, kind, known)
        if is_workbook(path):
            return read_workbook_table(path, kind, sheet, known)
        if is_vector(path):
            return read_vector_table(path, kind, sheet)
    except OSError as error:
        message = N_("cannot be read: {why}")
        raise InputError([Fault(path.name, message, {"why": error.strerror or error})]) from None
    message = N_("files ending in {ending!r} are not read; use one of {endings}")
    endings = ", ".join((*TEXT_ENDINGS, *WORKBOOK_ENDINGS, *VECTOR_ENDINGS))
    raise InputError([Fault(path.name, message, {"ending": path.suffix, "endings": endings})])


def _layer_of(
    raw: RawTable,
    kind: str,
    crs: str | int | None,
    columns: Mapping[str, str],
    aliases: Mapping[str, Sequence[str]],
) -> Layer:
    """Columns, places, ids and the checks of a raw table."""
    spec = layer_spec(kind)
    if not raw.rows:
        fault = Fault(raw.where, N_("has a header but no rows of data"))
        return _nothing(kind, [*_skipped_rows(raw), fault], raw.where, raw.skipped)
    matched, faults = match_columns(
        raw.headers, kind, raw.where, columns=columns, aliases=aliases, cut_names=raw.cut_names
    )
    constants = {name: said[1:] for name, said in columns.items() if said.startswith("=")}
    needed = [name for name in spec.needs if name not in constants]
    found = [
        *_skipped_rows(raw),
        *faults,
        *missing_columns(needed, matched, raw.headers, raw.where),
    ]
    by_name = {column.spec.name: column for column in matched}
    values, column_faults = _values(raw, matched, constants)
    found += column_faults
    located = locate(raw, by_name, crs, required=spec.geometry != "optional")
    geometry, shape_faults = _fit_shapes(located.geometry, spec, raw)
    found += [*located.faults, *shape_faults]
    table = _table(values, spec, geometry, raw, matched)
    if "seat_lon" in by_name and "seat_lat" in by_name:
        seats = seats_to_wgs84(
            table["seat_lon"].to_numpy(), table["seat_lat"].to_numpy(), located.declared
        )
        table = table.assign(seat_lon=seats[0], seat_lat=seats[1])
    return _checked(table, spec, raw, found)


def _values(
    raw: RawTable, matched: Sequence[MatchedColumn], constants: Mapping[str, str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Standard columns other than coordinates, ends of ranges beside them."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    rows = raw.row_numbers.tolist()
    for column in matched:
        name = column.spec.name
        if name in COORDINATE_COLUMNS:
            continue
        read = convert(column, raw.column(column.position), rows, raw.where)
        values[name] = read.array
        faults += read.faults
        if read.low is not None and read.high is not None:
            values[f"{name}_low"], values[f"{name}_high"] = read.low, read.high
    for name, said in constants.items():
        column = MatchedColumn(-1, name, column_spec(name), column_spec(name).unit)
        read = convert(column, [said] * len(raw.rows), rows, raw.where)
        values[name] = read.array
        faults += read.faults
    return values, faults


def _table(
    values: dict[str, Any],
    spec: LayerSpec,
    geometry: NDArray[np.object_],
    raw: RawTable,
    matched: Sequence[MatchedColumn],
) -> gpd.GeoDataFrame:
    """Standard columns in their order, then the others that the file has."""
    n = len(raw.rows)
    ordered = {name: values.pop(name, None) for name in spec.columns}
    filled = {k: _blank_column(k, n) if v is None else v for k, v in ordered.items()}
    filled.update(values)
    used = {column.position for column in matched}
    for position, header in enumerate(raw.headers):
        name = " ".join(header.split())
        if position not in used and name and name not in filled and name != "geometry":
            filled[name] = _own_column(raw.column(position))
    kept = {k: object_series(v) if v.dtype == object else v for k, v in filled.items()}
    return gpd.GeoDataFrame(pd.DataFrame(kept), geometry=geometry, crs=WGS84)


def _blank_column(name: str, n: int) -> NDArray[Any]:
    """A column that the file does not have: NaN for numbers, None for text."""
    numeric = column_spec(name).type in ("number", "coordinate", "year")
    return np.full(n, np.nan) if numeric else np.full(n, None, dtype=object)


def _own_column(cells: list[Any]) -> NDArray[Any]:
    """A column of the file that is none of the standard ones: numbers, or else text."""
    if all(cell is None or (isinstance(cell, int | float)) for cell in cells):
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    out = np.empty(len(cells), dtype=object)
    out[:] = [clean_text(cell) for cell in cells]
    return out


def _fit_shapes(
    shapes: NDArray[np.object_], spec: LayerSpec, raw: RawTable
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Points where the layer is of points, areas where it is of areas."""
    kinds = shapely.get_type_id(shapes)  # -1 none, 0 point, 1-2 line, 3 polygon, 4-6 multi
    areas = np.isin(kinds, (3, 6))
    if spec.geometry == "point":
        if areas.any():
            shapes = shapes.copy()
            shapes[areas] = shapely.point_on_surface(shapes[areas])
            message = N_("{n} {noun} are areas; a point inside each is used")
            values = {"n": int(areas.sum()), "noun": Phrase(spec.noun)}
            return _single_points(shapes), [Fault(raw.where, message, values, Severity.WARNING)]
        wrong = np.isin(kinds, (1, 2, 5, 7))
        what = "points"
    elif spec.geometry in ("area", "optional"):
        lines_too = (1, 2, 5) if spec.kind == "exclusions" else ()
        wrong = (kinds >= 0) & ~areas & ~np.isin(kinds, (*lines_too, 7))
        what = "polygons or lines" if lines_too else "polygons"
    else:
        return shapes, []
    if not wrong.any():
        return _single_points(shapes) if what == "points" else shapes, []
    message = N_("{rows}: {noun} need {what}, not {found}")
    found = sorted({shape.geom_type for shape in shapes[wrong]})
    values = {
        "rows": list_rows(raw.row_numbers[wrong].tolist()),
        "noun": Phrase(spec.noun),
        "what": what,
        "found": ", ".join(found),
    }
    return shapes, [Fault(raw.where, message, values)]


def _single_points(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """MultiPoints, as many GIS exports are, as their first point."""
    multi = shapely.get_type_id(shapes) == 4
    if multi.any():
        shapes = shapes.copy()
        shapes[multi] = shapely.get_geometry(shapes[multi], 0)
    return shapes


def _checked(table: gpd.GeoDataFrame, spec: LayerSpec, raw: RawTable, faults: list[Fault]) -> Layer:
    """Rows without a place left out, ids completed, states filled."""
    rows = raw.row_numbers
    skipped = dict(raw.skipped)
    errors_of_place = any(fault.severity is Severity.ERROR for fault in faults)
    placed = ~shapely.is_missing(np.asarray(table.geometry.to_numpy(), dtype=object))
    if spec.geometry != "optional" and not placed.all() and not errors_of_place:
        faults.append(_no_place(table, rows, placed, spec, raw.where))
        skipped["no_coordinates"] = int((~placed).sum())
        table, rows = table[placed].reset_index(drop=True), rows[placed]
    table, found = complete_identity(table, rows.tolist(), spec, raw.where)
    faults += found
    if spec.kind == "facilities":
        table, found = _fill_states(table, rows, raw.where)
        faults += found
    return Layer(spec.kind, table, tuple(faults), raw.where, rows, skipped)


def _no_place(
    table: gpd.GeoDataFrame,
    rows: NDArray[np.int64],
    placed: NDArray[np.bool_],
    spec: LayerSpec,
    where: str,
) -> Fault:
    """Rows without coordinates by name: a warning, an error where no row has any."""
    lost = np.flatnonzero(~placed)
    named = [(table["name"].iloc[at] or "?", rows[at]) for at in lost]
    names = [Phrase(N_("{name} (row {row})"), {"name": name, "row": row}) for name, row in named]
    message = N_(
        "{n} of {total} {noun} have no coordinates and are left out: {names}; fill them in or "
        "expect the plan to miss them"
    )
    values = {
        "n": len(lost),
        "total": len(placed),
        "noun": Phrase(spec.noun),
        "names": list_names(names),
    }
    return Fault(where, message, values, Severity.WARNING if placed.any() else Severity.ERROR)


def _fill_states(
    table: gpd.GeoDataFrame, rows: NDArray[np.int64], where: str
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """A facility without a state exists and stays, which is said."""
    blank = table["state"].isna().to_numpy()
    if not blank.any():
        return table, []
    message = N_("{rows}: no state is given; taken as kept (现状保留)")
    values = {"rows": list_rows(rows[blank].tolist())}
    states = table["state"].to_numpy(dtype=object).copy()
    states[blank] = "kept"
    return table.assign(state=object_series(states, table.index)), [
        Fault(where, message, values, Severity.WARNING)
    ]


def _skipped_rows(raw: RawTable) -> list[Fault]:
    """Totals, remarks and the like that were left out, by number."""
    if not raw.skipped:
        return []
    counted = tuple(Phrase(_SKIPPED[reason], {"n": n}) for reason, n in raw.skipped.items())
    message = N_("rows that are no data were left out: {counted}")
    return [Fault(raw.where, message, {"counted": counted}, Severity.WARNING)]


def _nothing(
    kind: str, faults: Sequence[Fault], where: str, skipped: Mapping[str, int] | None = None
) -> Layer:
    """A layer that could not be read."""
    rows = np.empty(0, np.int64)
    return Layer(kind, empty_layer(kind), tuple(faults), where, rows, dict(skipped or {}))

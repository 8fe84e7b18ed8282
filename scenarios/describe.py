"""An uploaded file before it is used: its tables, columns and coordinates, and a few of its points.

So that a planner sees on a map, before anything is planned, that a coordinate system is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geodata.columns import layer_kinds, match_columns
from geodata.faults import N_, Fault, InputError, Severity
from geodata.layers import Layer, read_layer
from geodata.tables import (
    RawTable,
    is_text,
    is_workbook,
    read_text_table,
    read_workbook_table,
)
from geodata.vectors import is_vector, read_vector_table
from geodata.workbooks import sheet_names, workbook_layers

MOST_PREVIEWED = 2000
MOST_SAMPLES = 3


def describe_file(
    path: Path, kind: str = "", *, crs: str | None = None, sheet: str | None = None
) -> tuple[dict[str, Any], list[Fault]]:
    """What a file holds, and what is wrong with it as a layer of this kind.

    Parameters
    ----------
    kind : layer kind; "" is the one that most headers fit
    crs : declared system; "" or None: what the file itself says
    sheet : of a workbook or a GeoPackage
    """
    sheets, by_kind = _sheets(path)
    try:
        chosen = kind or _likely_kind(path, sheet, by_kind)
        raw = _raw(path, chosen, sheet or by_kind.get(chosen))
    except InputError as error:
        return {"sheets": sheets, "layers": by_kind}, list(error.faults)
    layer = read_layer(path, chosen, crs=crs or None, sheet=sheet or by_kind.get(chosen))
    return {
        "sheets": sheets,
        "layers": by_kind,
        "kind": chosen,
        "rows": len(raw.rows),
        "columns": _columns(raw, chosen),
        "file_crs": None if raw.file_crs is None else raw.file_crs.name,
        **_places(layer),
    }, list(layer.faults)


def _sheets(path: Path) -> tuple[list[str], dict[str, str]]:
    if not is_workbook(path):
        return [], {}
    try:
        return list(sheet_names(path)), workbook_layers(path)
    except InputError:
        return [], {}


def _likely_kind(path: Path, sheet: str | None, by_kind: dict[str, str]) -> str:
    named = next((kind for kind, one in by_kind.items() if one == sheet), None)
    if named is not None or (sheet is None and by_kind):
        return named or next(iter(by_kind))
    raw = _raw(path, "villages", sheet)
    scores = {kind: len(match_columns(raw.headers, kind, "")[0]) for kind in layer_kinds()}
    return max(scores, key=lambda one: (scores[one], one == "villages"))


def _raw(path: Path, kind: str, sheet: str | None) -> RawTable:
    if is_workbook(path):
        return read_workbook_table(path, kind, sheet)
    if is_text(path):
        return read_text_table(path, kind)
    if is_vector(path):
        return read_vector_table(path, kind, sheet)
    layer = read_layer(path, kind, crs=None)  # says what is read
    raise InputError(layer.faults)


def _columns(raw: RawTable, kind: str) -> list[dict[str, Any]]:
    matched, _ = match_columns(raw.headers, kind, raw.where, cut_names=raw.cut_names)
    meaning = {one.position: one for one in matched}
    return [
        {
            "header": header,
            "means": meaning[k].spec.name if k in meaning else None,
            "unit": meaning[k].unit if k in meaning else "",
            "samples": _samples(raw, k),
        }
        for k, header in enumerate(raw.headers)
    ]


def _samples(raw: RawTable, k: int) -> list[str]:
    filled = (str(row[k])[:60] for row in raw.rows if row[k] not in (None, ""))
    return [text for text, _ in zip(filled, range(MOST_SAMPLES), strict=False)]


def _places(layer: Layer) -> dict[str, Any]:
    """Where the rows lie, as read: the extent and points for a map, both WGS84."""
    table = layer.table
    placed = [k for k, shape in enumerate(table.geometry) if shape is not None]
    if not placed:
        return {"usable_rows": len(table), "bbox": None, "preview": _collection([])}
    shapes = np.asarray(table.geometry.array)[placed]
    step = max(1, len(placed) // MOST_PREVIEWED)
    names = table["name"].astype(object).to_numpy() if "name" in table else [None] * len(table)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [point.x, point.y]},
            "properties": {
                "row": int(layer.rows[k]),
                "name": names[k] if isinstance(names[k], str) else "",
            },
        }
        for k, point in zip(placed[::step], shapely.point_on_surface(shapes[::step]), strict=True)
    ]
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return {
        "usable_rows": len(table),
        "bbox": [west, south, east, north],
        "preview": _collection(features),
    }


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def point_rows(
    path: Path, *, crs: str | None, sheet: str | None, most: int
) -> tuple[dict[str, Any], list[Fault]]:
    """A spreadsheet of places: its headers, its cells, and where each row lies.

    Parameters
    ----------
    most : rows that are taken
    """
    raw = _raw(path, "villages", sheet)
    if len(raw.rows) > most:
        message = N_("has {rows} rows; at most {most} are answered at once")
        values = {"rows": len(raw.rows), "most": most}
        raise InputError([Fault(raw.where, message, values)])
    layer = read_layer(path, "villages", crs=crs, sheet=sheet)
    errors = [one for one in layer.faults if one.severity is Severity.ERROR]
    at = {int(row): k for k, row in enumerate(layer.rows)}
    lonlat: list[list[float] | None] = []
    for row in raw.row_numbers:
        k = at.get(int(row))
        shape = None if k is None else layer.table.geometry.iloc[k]
        lonlat.append(None if shape is None else [shape.x, shape.y])
    if errors and not any(lonlat):
        raise InputError(errors)
    return {
        "headers": list(raw.headers),
        "rows": [["" if cell is None else cell for cell in map(_cell, row)] for row in raw.rows],
        "places": lonlat,
    }, list(layer.faults)


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else str(value)

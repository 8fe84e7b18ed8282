"""The layers of a plan as GeoJSON, a feature a line, for the service to page through."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from scenarios.deliverables.geopackage import LAYER_TITLES, plan_layers
from scenarios.plan import Plan

FOLDER = "features"
CONTENTS = "contents.json"
PRECISION = 7
"""Decimals of a degree: about a centimetre."""


def write_features(plan: Plan, folder: Path) -> None:
    """Write ``features/<layer>.jsonl`` and what they hold, ``features/contents.json``.

    Features are numbered from 1 in the layer's order, which is settled by the inputs; a reader
    may keep these numbers.
    """
    target = folder / FOLDER
    target.mkdir()
    contents = {name: _write(table, target, name) for name, table in plan_layers(plan).items()}
    text = json.dumps(contents, ensure_ascii=False, allow_nan=False)
    (target / CONTENTS).write_text(text, encoding="utf-8")


def _write(table: gpd.GeoDataFrame, folder: Path, name: str) -> dict[str, Any]:
    plain = table.to_crs("EPSG:4326")
    has_shape = np.array([one is not None and not one.is_empty for one in plain.geometry], bool)
    plain = plain[has_shape]
    shapes = shapely.set_precision(
        np.asarray(plain.geometry.array), 10**-PRECISION, mode="pointwise"
    )
    columns = plain_columns(plain)
    bounds = shapely.bounds(shapes).round(PRECISION).tolist() if len(shapes) else []
    with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
        texts: list[str] = list(shapely.to_geojson(shapes)) if len(shapes) else []
        for k, (shape, bbox) in enumerate(zip(texts, bounds, strict=True)):
            properties = json.dumps(
                {column: values[k] for column, values in columns.items()},
                ensure_ascii=False,
                allow_nan=False,
            )
            stream.write(
                f'{{"type":"Feature","id":{k + 1},"bbox":{json.dumps(bbox)},'
                f'"geometry":{shape},"properties":{properties}}}\n'
            )
    return {
        "title": LAYER_TITLES[name],
        "count": len(plain),
        "bbox": _extent(bounds),
        "properties": {column: _kind(values) for column, values in columns.items()},
    }


def plain_columns(table: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """The columns beside the geometry in values that JSON has; nothing known is None."""
    return {
        str(column): [_plain(one) for one in table[column].astype(object)]
        for column in table.columns
        if column != table.geometry.name
    }


def _extent(bounds: list[list[float]]) -> list[float] | None:
    if not bounds:
        return None
    array = np.array(bounds)
    low, high = array[:, :2].min(axis=0), array[:, 2:].max(axis=0)
    return [*low.tolist(), *high.tolist()]


def _kind(values: list[Any]) -> str:
    known = [one for one in values if one is not None]
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if known and all(isinstance(one, kind) for one in known):
            return name
    if known and all(isinstance(one, int | float) for one in known):
        return "number"
    return "string"


def _plain(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    text = None if value is None else str(value)
    return None if text in ("<NA>", "NaT", "nan") else text

"""Rounds as a GeoPackage (lines and calls) and as GeoJSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geodata.stacking import stacked
from scenarios.feature_files import plain_columns
from scenarios.rounds import RoundsPlan
from scenarios.rounds_words import clock

GEOMETRY = "geom"
LINES = ("rounds", "brings")
DECIMALS = 6
"""Of a degree in GeoJSON: about 0.1 m (RFC 7946, 11.2)."""


def write_rounds_geopackage(rounds: RoundsPlan, path: Path, lang: str = "zh") -> None:  # noqa: ARG001
    """Write the layers ``rounds`` (lines) and ``round_stops`` (points) to ``path``.

    Where stores were compared with rounds: ``stores`` (points) and ``brings`` (lines) too.
    """
    path = Path(path)
    path.unlink(missing_ok=True)
    crs = rounds.plan.scenario.output_crs
    for name, table in rounds_layers(rounds).items():
        pyogrio.write_dataframe(
            table.to_crs(crs).rename_geometry(GEOMETRY),
            path,
            layer=name,
            driver="GPKG",
            geometry_type="LineString" if name in LINES else "Point",
            layer_options={
                "GEOMETRY_NAME": GEOMETRY,
                "IDENTIFIER": f"{name} - {rounds.plan.title}",
            },
        )


def rounds_layers(rounds: RoundsPlan) -> dict[str, gpd.GeoDataFrame]:
    """Rounds and their calls of all streams, WGS84, clock times beside the seconds."""
    lines, calls = [], []
    for key, one in rounds.streams.items():
        lines.append(
            one.rounds.assign(
                stream=key,
                leaves=one.rounds["leaves_s"].map(clock),
                returns=one.rounds["returns_s"].map(clock),
            )
        )
        calls.append(
            one.calls.assign(
                stream=key,
                order=pd.to_numeric(one.calls["order"]).astype("Int64"),
                arrives=one.calls["arrive_s"].map(clock),
                leaves=one.calls["leave_s"].map(clock),
            )
        )
    found = {"rounds": stacked(lines), "round_stops": stacked(calls)}
    splits = {key: one.split for key, one in rounds.streams.items() if one.split is not None}
    if splits:
        found["stores"] = stacked([one.stores.assign(stream=key) for key, one in splits.items()])
        found["brings"] = stacked([one.brings.assign(stream=key) for key, one in splits.items()])
    return found


def rounds_geojson(rounds: RoundsPlan) -> dict[str, Any]:
    """Lines and calls as one FeatureCollection, longitude and latitude (RFC 7946)."""
    features = [
        one for layer, table in rounds_layers(rounds).items() for one in _features(layer, table)
    ]
    return {"type": "FeatureCollection", "features": features}


def _features(layer: str, table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Each row as a feature; column by column, as somebody waits for the first rounds."""
    shapes = np.asarray(table.geometry.array)
    texts = shapely.to_geojson(shapely.set_precision(shapes, 10.0**-DECIMALS, mode="pointwise"))
    columns = {**plain_columns(table), "layer": [layer] * len(table)}
    rows = zip(texts, zip(*columns.values(), strict=True), strict=True)
    return [
        {
            "type": "Feature",
            "properties": dict(zip(columns, values, strict=True)),
            "geometry": json.loads(text),
        }
        for text, values in rows
    ]

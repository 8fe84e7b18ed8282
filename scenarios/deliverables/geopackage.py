"""The plan as a GeoPackage whose layers open styled and with Chinese field names in QGIS.

Layer and column names are ASCII, so that every program reads them; what a reader sees in QGIS
(layer style, legend, field aliases) is in the asked language. Styles stand in the ``layer_styles``
table as QGIS itself writes it; only a default style with QML is loaded without being asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely.geometry import LineString

from geodata.crs import WGS84
from geodata.faults import N_
from geodata.stacking import stacked
from scenarios import wording
from scenarios.deliverables.qgis_project import write_project
from scenarios.deliverables.qgis_style import SHAPES, layer_style
from scenarios.deliverables.service_areas import service_areas
from scenarios.plan import CANDIDATE_COLUMNS, Plan, StreamPlan

GEOMETRY = "geom"
LINE, POLYGON, MULTI_LINE, MULTI_POLYGON = 1, 3, 5, 6
"""Shapely's numbers of the types."""


def write_geopackage(plan: Plan, path: Path, lang: str = "zh") -> None:
    """Write every layer of the plan, its tables and its styles to ``path``.

    Parameters
    ----------
    plan : made by ``scenarios.run``
    path : of the file; what stands there is replaced
    lang : "zh" or "en", for styles, aliases and metadata
    """
    path.unlink(missing_ok=True)
    layers = plan_layers(plan)
    for name, table in layers.items():
        _write_layer(table.to_crs(plan.scenario.output_crs), path, name, plan, lang)
    for name, frame in plan_tables(plan, lang).items():
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG")
    _write_styles(path, plan, layers, lang)
    write_project(path, plan, layers, LAYER_TITLES, lang)


def plan_layers(plan: Plan) -> dict[str, gpd.GeoDataFrame]:
    """The layers by name, WGS84, bottom of the map first."""
    streams = list(plan.streams.values())
    excluded = plan.exclusions[["id", "name", "kind", "geometry"]]
    return {
        "districts": _polygons(plan.districts[["id", "name", "geometry"]]),
        "exclusions": _polygons(excluded),
        "exclusion_lines": _lines(excluded),
        "roads": plan.roads[["class", "name", "geometry"]],
        "service_areas": stacked([service_areas(plan, stream) for stream in streams]),
        "links": stacked([_links(stream) for stream in streams]),
        "candidates": plan.candidates[list(CANDIDATE_COLUMNS)],
        "villages": stacked([stream.demand for stream in streams]),
        "facilities": stacked([stream.facilities for stream in streams]),
    }


def plan_tables(plan: Plan, lang: str) -> dict[str, pd.DataFrame]:
    """Tables without geometry: indicators, and a certificate a tier."""
    _ = wording.translator(lang)
    indicators = [
        (stream.profile.id, one.id, _(one.name), one.value, one.unit, _(one.formula))
        for stream in plan.streams.values()
        for one in stream.indicators
    ]
    certificates = [
        (
            stream.profile.id,
            tier.tier,
            str(tier.certificate.outcome),
            tier.certificate.objective,
            tier.certificate.bound,
            tier.certificate.gap,
            tier.certificate.method,
            wording.certificate_sentence(tier.certificate, lang),
        )
        for stream in plan.streams.values()
        for tier in stream.tiers
    ]
    return {
        "indicators": pd.DataFrame(
            indicators, columns=["stream", "id", "name", "value", "unit", "formula"]
        ),
        "certificates": pd.DataFrame(
            certificates,
            columns=["stream", "tier", "outcome", "objective", "bound", "gap", "method", "words"],
        ),
    }


def _polygons(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows that have a polygon; a development zone may have none."""
    return table[np.isin(shapely.get_type_id(table.geometry), (POLYGON, MULTI_POLYGON))]


def _lines(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows that have a line: a layer of two shapes opens in QGIS without its style."""
    return table[np.isin(shapely.get_type_id(table.geometry), (LINE, MULTI_LINE))]


def _links(stream: StreamPlan) -> gpd.GeoDataFrame:
    """Straight lines from each served point to its site, with the road distance as a column."""
    where = pd.concat([stream.demand.set_index("id"), stream.facilities.set_index("id")])
    place = where.geometry[~where.index.duplicated()]
    links = stream.assignments
    known = links["from_id"].isin(place.index) & links["to_id"].isin(place.index)
    links = links[known].reset_index(drop=True)
    lines = [
        LineString([(a.x, a.y), (b.x, b.y)])
        for a, b in zip(place.loc[links["from_id"]], place.loc[links["to_id"]], strict=True)
    ]
    return gpd.GeoDataFrame(
        links.assign(stream=stream.profile.id), geometry=gpd.GeoSeries(lines, crs=WGS84)
    )


def _write_layer(table: gpd.GeoDataFrame, path: Path, name: str, plan: Plan, lang: str) -> None:
    _ = wording.translator(lang)
    label = _("Synthetic data: places and figures are made up") if plan.synthetic else ""
    kinds = set(table.geometry.geom_type.dropna())
    multiple = bool(kinds & {"MultiPolygon", "MultiLineString"})
    plain = table.rename_geometry(GEOMETRY) if table.geometry.name != GEOMETRY else table
    pyogrio.write_dataframe(
        plain,
        path,
        layer=name,
        driver="GPKG",
        promote_to_multi=multiple,
        geometry_type=_geometry_type(name, kinds),
        # What older QGIS reads without a warning; nothing here needs a later edition.
        dataset_options={"VERSION": "1.2"},
        layer_options={
            "GEOMETRY_NAME": GEOMETRY,
            "IDENTIFIER": f"{_(LAYER_TITLES[name])} - {plan.title}",
            "DESCRIPTION": " ".join(filter(None, [label, *plan.sources])),
        },
    )


LAYER_TITLES: Mapping[str, str] = {
    "districts": N_("Townships"),
    "exclusions": N_("Excluded areas"),
    "exclusion_lines": N_("Lines to keep away from"),
    "roads": N_("Roads"),
    "service_areas": N_("Service areas"),
    "links": N_("Who goes where"),
    "candidates": N_("Candidate sites"),
    "villages": N_("Villages"),
    "facilities": N_("Facilities"),
}


def _geometry_type(name: str, kinds: set[str]) -> str:
    """The type a layer declares: QGIS refuses to draw what contradicts it."""
    shape = {"Point": "Point", "Line": "LineString", "Polygon": "Polygon"}[SHAPES[name]]
    return f"Multi{shape}" if f"Multi{shape}" in kinds else shape


STYLES_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT(256), owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)
"""


def _write_styles(
    path: Path, plan: Plan, layers: Mapping[str, gpd.GeoDataFrame], lang: str
) -> None:
    """One default style a layer, in the table that QGIS reads."""
    _ = wording.translator(lang)
    streams = list(plan.streams.values())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(STYLES_TABLE)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '')"
        )
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
            "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner) "
            "VALUES ('', '', ?, ?, ?, ?, '', 1, ?, 'wangdian')",
            [
                (name, GEOMETRY, _(LAYER_TITLES[name]), layer_style(name, table, streams, lang), "")
                for name, table in layers.items()
            ],
        )

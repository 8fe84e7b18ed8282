"""Real places as a planner would hand them in: files in a folder, made from ../shared/data."""

from __future__ import annotations

import csv
import sqlite3
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pyogrio
import yaml
from shapely.geometry import Point

SETTLEMENTS = ("town", "village", "hamlet", "suburb")


def write_scenario(folder: Path, **content: Any) -> Path:
    """A scenario file of the given content."""
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def write_stream(folder: Path, stream: str, *, weight: str = "count", **tier: Any) -> str:
    """A stream of one tier from one YAML: the name of its file."""
    profile = {
        "id": stream,
        "name": {"zh": stream, "en": stream},
        "summary": {"zh": "", "en": ""},
        "demand": {"layer": "villages", "weight": weight},
        "tiers": [{"id": "point", "name": {"zh": "点", "en": "point"}, **tier}],
    }
    path = folder / f"{stream}.yaml"
    path.write_text(yaml.safe_dump(profile, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path.name


def radius(km: float) -> dict[str, Any]:
    """A service radius with its source."""
    return {"value": km, "unit": "km", "source": "规划取值（非规范条文）", "evidence": "assumed"}


ADCODE_COLUMNS = {"id": "#1", "name": "#3", "lon": "#13", "lat": "#14", "district": "#18"}
"""Columns of an adcode table, which has no header row."""


def adcode_points(
    folder: Path, tables: Iterable[Path], west: float, south: float, east: float, north: float
) -> Path:
    """Rows of towns and villages with coordinates inside a box, unchanged."""
    rows = []
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            rows += [
                row for row in csv.reader(file)
                if row[3] in ("town", "village") and row[12]
                and west < float(row[12]) < east and south < float(row[13]) < north
            ]  # fmt: skip
    path = folder / "points.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


class _Places(osmium.SimpleHandler):
    """Settlements of an OSM file."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []

    def node(self, node: osmium.osm.Node) -> None:
        if node.tags.get("place") in SETTLEMENTS and "name" in node.tags:
            people = node.tags.get("population", "")
            self.rows.append({
                "id": f"n{node.id}",
                "name": node.tags["name"],
                "population": int(people) if people.isdigit() else None,
                "geometry": Point(node.location.lon, node.location.lat),
            })  # fmt: skip


def osm_settlements(pbf: Path) -> gpd.GeoDataFrame:
    """Towns, villages and hamlets of an OSM file: id, name, population (null where untagged)."""
    handler = _Places()
    handler.apply_file(str(pbf))
    return gpd.GeoDataFrame(handler.rows, geometry="geometry", crs="EPSG:4326")


def coquimbo(folder: Path, archive: Path) -> tuple[Path, Path]:
    """Links and populated zones of the SpatiaLite project, each as a GeoPackage.

    Populations are read with sqlite3: GDAL truncates them, as the column says it holds integers.
    """
    project = folder / "project.sqlite"
    with zipfile.ZipFile(archive) as opened:
        project.write_bytes(opened.read("project_database.sqlite"))
    links = pyogrio.read_dataframe(
        project, layer="links", columns=["link_type", "direction", "name"]
    ).rename(columns={"direction": "oneway"})
    links.to_file(folder / "links.gpkg")
    zones = pyogrio.read_dataframe(project, layer="zones", columns=[], fid_as_index=True)
    with sqlite3.connect(project) as database:
        told = database.execute("SELECT ogc_fid, zone_id, population FROM zones").fetchall()
    rows = {fid: (f"zone {zone}", population) for fid, zone, population in told}
    zones["id"] = [rows[fid][0] for fid in zones.index]
    zones["name"] = zones["id"]
    zones["population"] = [rows[fid][1] for fid in zones.index]
    zones.to_file(folder / "zones.gpkg")
    project.unlink()
    return folder / "links.gpkg", folder / "zones.gpkg"

"""A QGIS project inside the plan's GeoPackage: a group of layers a stream, the first one shown.

The project stands in the table ``qgis_projects`` as QGIS itself writes it, so that the one file can
be handed on: in QGIS, Project > Open From > GeoPackage, or the file's entry in the browser panel.
"""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
from pyproj import CRS

from geodata.faults import N_
from scenarios import wording
from scenarios.deliverables.qgis_style import SHAPES, dress
from scenarios.deliverables.workbook_sheet import clean_text
from scenarios.plan import Plan, StreamPlan

PROJECT = "plan"
"""Its name in the GeoPackage."""
OF_A_STREAM = {
    "facilities": True, "villages": True, "links": False, "candidates": False,
    "service_areas": True,
}  # fmt: skip
"""Layers of each stream's group, top first, and whether they are ticked."""
OF_THE_COUNTY = {"roads": True, "districts": True, "exclusion_lines": False, "exclusions": False}
"""Layers of the base group likewise."""
PROJECTS_TABLE = "CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"
_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def write_project(
    path: Path,
    plan: Plan,
    layers: Mapping[str, gpd.GeoDataFrame],
    titles: Mapping[str, str],
    lang: str,
) -> None:
    """Add the project to a GeoPackage that holds the layers.

    Parameters
    ----------
    path : of the GeoPackage
    layers : by name, as ``plan_layers`` has them
    titles : of the layers, English as in the catalogue
    """
    text = project_text(path.name, plan, layers, titles, lang)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{PROJECT}.qgs", _FIRST_DAY_OF_ZIP), text)
    about = json.dumps({"last_modified_time": "", "last_modified_user": ""})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(PROJECTS_TABLE)
        database.execute(
            "INSERT INTO qgis_projects VALUES (?, ?, ?)", (PROJECT, about, packed.getvalue().hex())
        )


def project_text(
    file_name: str,
    plan: Plan,
    layers: Mapping[str, gpd.GeoDataFrame],
    titles: Mapping[str, str],
    lang: str,
) -> str:
    """The project's XML, layers named by a path beside the project."""
    _ = wording.translator(lang)
    root = ET.Element("qgis", projectname=clean_text(plan.title), version="3.22.0")
    ET.SubElement(root, "title").text = clean_text(plan.title)
    crs = CRS.from_user_input(plan.scenario.output_crs)
    _reference(ET.SubElement(root, "projectCrs"), crs)
    settings = ET.SubElement(ET.SubElement(root, "properties"), "SpatialRefSys")
    ET.SubElement(settings, "ProjectionsEnabled", type="int").text = "1"
    tree = ET.SubElement(root, "layer-tree-group")
    held = ET.Element("projectlayers")
    made = _LayerMaker(file_name, layers, {key: _(one) for key, one in titles.items()}, lang, crs)
    streams = list(plan.streams.values())
    for stream in streams:
        group = _group(tree, stream.profile.name.in_language(lang), shown=stream is streams[0])
        for name, shown in OF_A_STREAM.items():
            held.append(made.layer(group, name, [stream], shown=shown))
    base = _group(tree, _(N_("Base map")), shown=True)
    for name, shown in OF_THE_COUNTY.items():
        held.append(made.layer(base, name, (), shown=shown))
    _view(root, layers, crs)
    root.append(held)
    return ET.tostring(root, encoding="unicode")


class _LayerMaker:
    """Makes the entries of layers: one in the tree, one with source and style."""

    def __init__(
        self,
        file_name: str,
        layers: Mapping[str, gpd.GeoDataFrame],
        titles: Mapping[str, str],
        lang: str,
        crs: CRS,
    ) -> None:
        self.file_name = file_name
        self.layers = layers
        self.titles = titles
        self.lang = lang
        self.crs = crs

    def layer(
        self, group: ET.Element, name: str, streams: Sequence[StreamPlan], *, shown: bool
    ) -> ET.Element:
        """Put a layer into its group; returns what stands in the list of layers."""
        # QGIS gives layers with short ids new ones.
        key = f"{name}_of_{'_'.join(one.profile.id for one in streams) or 'the_county'}"
        source = f"./{self.file_name}|layername={name}"
        for one in streams:
            quoted = one.profile.id.replace("'", "''")
            source += f"|subset=\"stream\" = '{quoted}'"
        ET.SubElement(
            group, "layer-tree-layer", id=key, name=self.titles[name], source=source,
            providerKey="ogr", checked=_ticked(shown=shown), expanded="0",
        )  # fmt: skip
        element = ET.Element("maplayer", type="vector", geometry=SHAPES[name])
        ET.SubElement(element, "id").text = key
        ET.SubElement(element, "datasource").text = source
        ET.SubElement(element, "layername").text = self.titles[name]
        _reference(ET.SubElement(element, "srs"), self.crs)
        ET.SubElement(element, "provider", encoding="UTF-8").text = "ogr"
        dress(element, name, self.layers[name], streams, self.lang)
        return element


def _group(tree: ET.Element, name: str, *, shown: bool) -> ET.Element:
    return ET.SubElement(
        tree, "layer-tree-group", name=name, checked=_ticked(shown=shown), expanded=str(int(shown))
    )


def _ticked(*, shown: bool) -> str:
    return "Qt::Checked" if shown else "Qt::Unchecked"


def _reference(element: ET.Element, crs: CRS) -> None:
    """A coordinate system as QGIS looks it up: by its authority's number, or else by its text."""
    system = ET.SubElement(element, "spatialrefsys")
    ET.SubElement(system, "wkt").text = crs.to_wkt()
    authority = crs.to_authority()
    if authority is not None:
        ET.SubElement(system, "authid").text = ":".join(authority)


def _view(root: ET.Element, layers: Mapping[str, gpd.GeoDataFrame], crs: CRS) -> None:
    """What the window shows at first: all facilities and villages."""
    drawn = [layers[name] for name in ("villages", "facilities") if len(layers[name])]
    if not drawn:
        return
    bounds = [one.to_crs(crs).total_bounds for one in drawn]
    sides = {
        "xmin": min(one[0] for one in bounds), "ymin": min(one[1] for one in bounds),
        "xmax": max(one[2] for one in bounds), "ymax": max(one[3] for one in bounds),
    }  # fmt: skip
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    ET.SubElement(canvas, "units").text = "degrees" if crs.is_geographic else "meters"
    extent = ET.SubElement(canvas, "extent")
    for side, value in sides.items():
        ET.SubElement(extent, side).text = f"{value:.9f}"
    _reference(ET.SubElement(canvas, "destinationsrs"), crs)

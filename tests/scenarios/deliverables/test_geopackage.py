from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from xml.etree import ElementTree as ET

import pyogrio
import pytest

from scenarios.deliverables.geopackage import plan_layers, write_geopackage
from scenarios.deliverables.qgis_style import rgba
from tests.scenarios.deliverables.plans import make_plan


@pytest.fixture(scope="module")
def plan():
    return make_plan(60, hostile=True)


@pytest.fixture(scope="module")
def package(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "plan.gpkg"
    write_geopackage(plan, path)
    return path


def styles(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()


def test_every_layer_is_read_back_in_cgcs2000(plan, package):
    for name, table in plan_layers(plan).items():
        back = pyogrio.read_dataframe(package, layer=name)
        assert len(back) == len(table), name
        assert back.crs.to_epsg() == 4490
        assert set(table.columns) - {"geometry"} <= set(back.columns)


def test_declared_types_agree_with_the_shapes(package):
    for name, declared in pyogrio.list_layers(package):
        if declared is not None:
            kinds = set(pyogrio.read_dataframe(package, layer=name).geom_type)
            assert kinds <= {declared}, name


def test_each_layer_has_one_default_style_that_parses(plan, package):
    rows = styles(package)
    assert {name for name, *_ in rows} == set(plan_layers(plan))
    for name, column, qml, default in rows:
        assert default == 1
        info = pyogrio.read_info(package, layer=name)
        assert column == info["geometry_name"]
        root = ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314 - our own text
        renderer = root.find("renderer-v2")
        symbols = {s.get("name") for s in renderer.find("symbols")}
        if renderer.get("type") == "categorizedSymbol":
            assert {c.get("symbol") for c in renderer.find("categories")} == symbols
        fields = {alias.get("field") for alias in root.find("aliases")}
        assert fields <= set(info["fields"])


def test_hostile_names_are_data(package):
    facilities = pyogrio.read_dataframe(package, layer="facilities")
    villages = pyogrio.read_dataframe(package, layer="villages")
    names = " ".join([*facilities["name"], *villages["name"]])
    assert "</script>" in names


def test_aliases_are_chinese_by_default_and_english_when_asked(plan, package, tmp_path):
    english = tmp_path / "english.gpkg"
    write_geopackage(plan, english, "en")

    def alias(path):
        qml = {name: text for name, _, text, _ in styles(path)}["facilities"]
        root = ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314
        return {a.get("field"): a.get("name") for a in root.find("aliases")}["name"]

    assert alias(english) == "Name"
    assert alias(package) != "Name"


def test_another_system_when_asked(plan, tmp_path):
    scenario = plan.scenario.model_copy(update={"output_crs": "EPSG:4548"})
    path = tmp_path / "metres.gpkg"
    write_geopackage(replace(plan, scenario=scenario), path)
    for name in ("candidates", "villages", "facilities"):
        back = pyogrio.read_dataframe(path, layer=name)
        assert back.crs.to_epsg() == 4548
        assert back.total_bounds[0] > 1000


def test_certificates_and_indicators_come_along(plan, package):
    certificates = pyogrio.read_dataframe(package, layer="certificates")
    assert len(certificates) == sum(len(stream.tiers) for stream in plan.streams.values())
    assert certificates["words"].str.len().min() > 0
    assert len(pyogrio.read_dataframe(package, layer="indicators"))


def test_what_stood_there_is_replaced(plan, package, tmp_path):
    path = tmp_path / "plan.gpkg"
    path.write_bytes(b"no database")
    write_geopackage(plan, path)
    assert len(pyogrio.list_layers(path)) == len(pyogrio.list_layers(package))


def test_colours():
    assert rgba("#ff8000") == "255,128,0,255"

"""The GeoPackage in QGIS itself, offscreen: what the styles and the project come to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scenarios.deliverables.geopackage import plan_layers, write_geopackage
from tests.scenarios.deliverables.plans import make_plan

READER = Path(__file__).with_name("qgis_reader.py")


@pytest.fixture(scope="module")
def plan():
    return make_plan(60, hostile=True)


@pytest.fixture(scope="module")
def seen(plan, qgis_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("qgis")
    package, picture = folder / "plan.gpkg", folder / "plan.png"
    write_geopackage(plan, package)
    return {**in_qgis(qgis_python, package, picture, *plan_layers(plan)), "picture": picture}


def in_qgis(python, *words):
    done = subprocess.run(
        [python, str(READER), *map(str, words)], capture_output=True, text=True, check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_layer_opens_with_its_style_and_chinese_field_names(plan, seen):
    for name, table in plan_layers(plan).items():
        layer = seen["layers"][name]
        assert layer["valid"], name
        assert layer["features"] == len(table), name
        assert layer["crs"] == "EPSG:4490"
        assert all(layer["aliases"][column] for column in table.columns if column == "name")


def test_no_row_falls_through_the_legend(seen):
    for layers in (seen["layers"], seen["of_project"]):
        for name, layer in layers.items():
            if not name.startswith("districts"):
                assert "" not in layer["drawn"], name


def test_the_unserved_are_told_from_the_served(plan, seen):
    served = plan_layers(plan)["villages"]["served"].astype(bool)
    drawn = seen["layers"]["villages"]["drawn"]
    assert drawn.get("已覆盖村", 0) == served.sum()
    assert drawn.get("未覆盖村", 0) == (~served).sum()


def test_the_project_has_a_group_a_stream_and_shows_the_first(plan, seen):
    assert seen["opened"]
    assert seen["title"] == plan.title
    assert seen["crs"] == "EPSG:4490"
    *streams, base = seen["tree"]
    assert [name for name, _, _ in streams] == [
        one.profile.name.zh for one in plan.streams.values()
    ]
    assert [ticked for _, ticked, _ in streams] == [True] + [False] * (len(streams) - 1)
    assert base[0] == "底图"
    assert all(layer["valid"] for layer in seen["of_project"].values())


def test_a_group_holds_its_own_stream_only(plan, seen):
    whole = plan_layers(plan)["facilities"]
    for key, stream in plan.streams.items():
        layer = seen["of_project"][f"facilities_of_{key}"]
        assert layer["features"] == (whole["stream"] == stream.profile.id).sum()


def test_codes_are_shown_in_words(plan, seen):
    layers = {**seen["layers"], **seen["of_project"]}
    for name, column, code, words in (
        ("facilities", "status", "new", "规划新建"),
        ("villages", "demand_basis", "estimated", "测算值"),
        ("roads", "class", "county", "县道"),
    ):
        shown = {key: value for one in layers[name]["words"][column] for value, key in one.items()}
        assert shown[code] == words
    one = next(iter(plan.streams.values()))
    words = layers[f"facilities_of_{one.profile.id}"]["words"]["tier"]
    assert [key for pair in words for key in pair] == [t.name.zh for t in one.profile.tiers]


def test_it_draws_without_errors(seen):
    assert seen["errors"] == 0
    assert seen["picture"].stat().st_size > 5_000

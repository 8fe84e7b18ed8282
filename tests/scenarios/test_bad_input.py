"""Hostile and careless inputs: one clear message each, with file, row or id, value and remedy."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import yaml

from geodata.faults import InputError, Severity
from scenarios.check import check_scenario, has_errors
from scenarios.load import load_scenario
from scenarios.output import write_plan
from scenarios.run import run


@pytest.fixture
def folder(county_files: Path, tmp_path: Path) -> Path:
    """The small county with its villages as a CSV that a test can spoil."""
    made = tmp_path / "county"
    shutil.copytree(county_files, made)
    table = gpd.read_file(made / "layers.gpkg", layer="villages")
    table["lon"], table["lat"] = table.geometry.x, table.geometry.y
    pd.DataFrame(table.drop(columns="geometry")).to_csv(made / "v.csv", index=False)
    change(made, lambda data: data["layers"].update(villages={"file": "v.csv", "crs": "wgs84"}))
    return made


def change(folder: Path, edit) -> None:
    path = folder / "scenario.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def spoil(folder: Path, edit) -> None:
    table = pd.read_csv(folder / "v.csv", dtype=object)
    edit(table).to_csv(folder / "v.csv", index=False)


def errors(folder: Path) -> list[str]:
    found = check_scenario(folder / "scenario.yaml")
    return [str(fault) for fault in found if fault.severity is Severity.ERROR]


def warnings(folder: Path) -> str:
    return "\n".join(map(str, check_scenario(folder / "scenario.yaml")))


def test_the_county_itself_is_sound(folder):
    assert errors(folder) == []


def test_missing_and_unknown_coordinate_systems(folder):
    change(folder, lambda data: data["layers"]["villages"].pop("crs"))
    (found,) = errors(folder)
    assert "v.csv" in found
    assert "crs" in found
    change(folder, lambda data: data["layers"]["villages"].update(crs="cgcs2001"))
    (found,) = errors(folder)
    assert "cgcs2001" in found


def test_swapped_axes(folder):
    spoil(folder, lambda t: t.rename(columns={"lon": "lat", "lat": "lon"}))
    found = errors(folder)
    assert found
    assert any("v.csv" in one for one in found)


def test_duplicate_ids_negative_and_text_tonnage_are_found_together(folder):
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[3, "id"] = table.loc[2, "id"]
        table.loc[5, "population"] = "-20"
        table.loc[6, "sown_area_mu"] = "许多"
        return table

    spoil(folder, edit)
    text = "\n".join(errors(folder))
    assert "-20" in text
    assert "许多" in text
    assert "v.csv" in text
    assert str(pd.read_csv(folder / "v.csv", dtype=object).loc[2, "id"]) in text


def test_points_outside_the_area(folder):
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[4, "lon"], table.loc[4, "lat"] = "87.6", "43.8"
        return table

    spoil(folder, edit)
    text = warnings(folder)
    assert str(pd.read_csv(folder / "v.csv").loc[4, "name"]) in text


def test_an_empty_layer(folder):
    spoil(folder, lambda t: t.iloc[:0])
    assert any("no rows" in one for one in errors(folder))


def test_a_gcj02_layer_declared_as_wgs84_is_warned_about(folder):
    from geodata.gcj02 import wgs84_to_gcj02

    def edit(table: pd.DataFrame) -> pd.DataFrame:
        lon, lat = wgs84_to_gcj02(table["lon"].astype(float), table["lat"].astype(float))
        return table.assign(lon=lon, lat=lat)

    before = warnings(folder)
    spoil(folder, edit)
    assert "GCJ-02" in warnings(folder)
    assert "GCJ-02" not in before


@pytest.mark.parametrize(("name", "content"), [
    ("layers.gpkg", b"SQLite format 3\x00" + b"\x00" * 200), ("roads.gpkg", b"nothing at all"),
    ("v.csv", b"\xff\xfe\x00\x00\x81"), ("v.csv", b""),
])  # fmt: skip
def test_truncated_and_unreadable_files(folder, name, content):
    (folder / name).write_bytes(content)
    found = errors(folder)
    assert found
    assert any(name in one for one in found)


def test_a_truncated_workbook_and_a_damaged_pbf(folder):
    whole = folder / "whole.xlsx"
    pd.read_csv(folder / "v.csv").to_excel(whole, index=False)
    (folder / "v.xlsx").write_bytes(whole.read_bytes()[:900])
    (folder / "r.osm.pbf").write_bytes(b"\x00\x00\x00\x0e\x0a\x09OSMHeader")

    def edit(data: dict) -> None:
        data["layers"]["villages"] = {"file": "v.xlsx", "crs": "wgs84"}
        data["roads"] = {"file": "r.osm.pbf"}

    change(folder, edit)
    text = "\n".join(errors(folder))
    assert "v.xlsx" in text
    assert "r.osm.pbf" in text


def test_a_zip_that_climbs_out_is_refused_and_writes_nothing(folder):
    with zipfile.ZipFile(folder / "v.zip", "w") as archive:
        archive.writestr("../../climbed.shp", b"x")
    change(folder, lambda data: data["layers"].update(villages={"file": "v.zip", "crs": "wgs84"}))
    assert any("v.zip" in one for one in errors(folder))
    assert not (folder.parent / "climbed.shp").exists()
    assert not (folder.parent.parent / "climbed.shp").exists()


def test_layers_that_a_stream_needs_and_the_scenario_lacks(folder):
    change(folder, lambda data: data["layers"].pop("villages"))
    assert any("serves the layer 'villages'" in one for one in errors(folder))


def test_faults_of_all_layers_come_at_once_and_nothing_is_written(folder, tmp_path):
    def edit(data: dict) -> None:
        data["layers"]["villages"]["file"] = "gone.csv"
        data["layers"]["shops"]["crs"] = "nowhere"
        data["roads"]["file"] = "gone.osm.pbf"

    change(folder, edit)
    found = check_scenario(folder / "scenario.yaml")
    assert has_errors(found)
    text = "\n".join(map(str, found))
    assert all(word in text for word in ("gone.csv", "nowhere", "gone.osm.pbf"))
    with pytest.raises(InputError):
        write_plan(run(load_scenario(folder / "scenario.yaml"), folder=folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_network_in_pieces_and_a_village_on_no_road_are_answers(folder):
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[0, "lat"] = str(float(table["lat"].astype(float).max()) + 0.05)
        return table

    spoil(folder, edit)
    plan = run(load_scenario(folder / "scenario.yaml"), folder=folder)
    demand = plan.streams["pesticide_packaging"].demand
    first = demand.iloc[0]
    assert not first["served"]
    assert first["reason"] == "no_road"
    assert first["snap_m"] > 800
    # The cause is told once: a point on no road is not called unreachable besides.
    for stream in plan.streams.values():
        told = [one for tier in stream.tiers for one in tier.reasons if first["id"] in one.subjects]
        assert {one.kind for one in told} == {"no_road"}


def test_hostile_names_are_data(folder):
    hostile = ["</script><script>alert(1)</script>", "`${x}`", "=HYPERLINK(1)"]

    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[: len(hostile) - 1, "name"] = hostile
        return table

    spoil(folder, edit)
    plan = run(load_scenario(folder / "scenario.yaml"), folder=folder)
    assert set(hostile) <= set(plan.streams["pesticide_packaging"].demand["name"])

"""Bad input at the command line: exit 2, one message with file, row, value and remedy, no files.

``tests/scenarios/test_bad_input.py`` asks the same of the reading itself; here a user reads it.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import yaml
from shapely.geometry import LineString

from geodata.roads.export import save_roads
from geodata.synthetic import make_county

HOSTILE = ("</script><script>alert(1)</script>", "`村`", "${alert(1)}", "=1+1", "<b>&amp;</b>")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county of forty villages in files, with nothing wrong."""
    folder = tmp_path_factory.mktemp("sound")
    county = make_county(40, 1)
    save_roads(county.roads, folder / "roads.gpkg")
    # For any stream, so that "given" candidates are all there are.
    county.layers["candidates"].assign(stream=None).to_file(folder / "candidates.gpkg")
    county.layers["exclusions"].to_file(folder / "exclusions.gpkg")
    villages = county.layers["villages"]
    table = villages.assign(lon=villages.geometry.x, lat=villages.geometry.y)
    kept = ["id", "name", "district", "population", "sown_area_mu", "lon", "lat"]
    pd.DataFrame(table[kept]).to_csv(folder / "v.csv", index=False)
    (folder / "scenario.yaml").write_text(
        yaml.safe_dump({
            "title": "文件县",
            "layers": {
                "villages": {"file": "v.csv", "crs": "wgs84"},
                "candidates": {"file": "candidates.gpkg"},
                "exclusions": {"file": "exclusions.gpkg"},
            },
            "roads": {"file": "roads.gpkg"},
            "streams": [{"stream": "pesticide_packaging"}],
            "solver": {"time_limit_s": 10},
            "max_snap_m": 800,
        }, allow_unicode=True), encoding="utf-8",
    )  # fmt: skip
    return folder


@pytest.fixture
def county(sound: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return Path(shutil.copytree(sound, tmp_path / "county"))


def edit_yaml(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "scenario.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def cell(row: int, column: str, value: str) -> Callable[[Path], None]:
    """Change one cell of the villages; ``row`` as Excel shows it."""

    def spoil(folder: Path) -> None:
        table = pd.read_csv(folder / "v.csv", dtype=object)
        table.loc[row - 2, column] = value
        table.to_csv(folder / "v.csv", index=False)

    return spoil


def layer(**change: str | None) -> Callable[[Path], None]:
    """Change the villages' entry of the scenario; None takes a key away."""

    def spoil(folder: Path) -> None:
        def edit(data: dict[str, Any]) -> None:
            entry = data["layers"]["villages"]
            entry.update(change)
            for key in [key for key, value in change.items() if value is None]:
                del entry[key]

        edit_yaml(folder, edit)

    return spoil


def swapped(folder: Path) -> None:
    table = pd.read_csv(folder / "v.csv", dtype=object)
    table.rename(columns={"lon": "lat", "lat": "lon"}).to_csv(folder / "v.csv", index=False)


def header_only(folder: Path) -> None:
    pd.read_csv(folder / "v.csv").iloc[:0].to_csv(folder / "v.csv", index=False)


def far_away(folder: Path) -> None:
    cell(6, "lon", "87.6")(folder)
    cell(6, "lat", "43.8")(folder)


def repeated_id(folder: Path) -> None:
    first = pd.read_csv(folder / "v.csv", dtype=object).loc[0, "id"]
    cell(5, "id", str(first))(folder)


def broken_yaml(folder: Path) -> None:
    (folder / "scenario.yaml").write_text("title: x\nlayers: {villages: [\n", encoding="utf-8")


def unknown_key(folder: Path) -> None:
    edit_yaml(folder, lambda data: data.update(max_snap_metres=3))


def cut(name: str, bytes_kept: int, made_by: Callable[[Path], None] | None = None):
    """Cut a file short, after making it."""

    def spoil(folder: Path) -> None:
        if made_by is not None:
            made_by(folder)
        path = folder / name
        path.write_bytes(path.read_bytes()[:bytes_kept])

    return spoil


def as_workbook(folder: Path) -> None:
    pd.read_csv(folder / "v.csv").to_excel(folder / "v.xlsx", index=False)
    layer(file="v.xlsx")(folder)


def as_pbf(folder: Path) -> None:
    (folder / "r.osm.pbf").write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x10" + b"x" * 40)
    edit_yaml(folder, lambda data: data.update(roads={"file": "r.osm.pbf"}))


def climbing_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "v.zip", "w") as archive:
        archive.writestr("../../climbed.shp", b"x")
    layer(file="v.zip")(folder)


BAD = [
    ("no crs", layer(crs=None), ["v.csv", "crs", "gcj02"]),
    ("unknown crs", layer(crs="wgs48"), ["v.csv", "wgs48", "wgs84"]),
    ("swapped axes", swapped, ["v.csv", "exchange"]),
    ("outside the area", far_away, ["v.csv", "row 6", "check their coordinates"]),
    ("duplicate id", repeated_id, ["v.csv", "rows 2, 5", "an id of its own"]),
    ("negative number", cell(4, "population", "-20"), ["v.csv", "row 4", "-20", "negative"]),
    ("text for a number", cell(7, "sown_area_mu", "许多"), ["v.csv", "row 7", "许多", "number"]),
    ("no coordinate", cell(3, "lon", "东经"), ["v.csv", "row 3", "东经"]),
    ("empty layer", header_only, ["v.csv", "no rows"]),
    ("broken YAML", broken_yaml, ["scenario.yaml", "line 3", "not valid YAML"]),
    ("unknown key", unknown_key, ["scenario.yaml", "max_snap_metres", "did you mean max_snap_m?"]),
    ("missing file", layer(file="w.csv"), ["w.csv", "no such file", "v.csv"]),
    ("unknown format", layer(file="v.dwg"), ["v.dwg"]),
    ("cut GeoPackage", cut("roads.gpkg", 5000), ["roads.gpkg", "not a whole layer", "copy it again"]),
    ("cut workbook", cut("v.xlsx", 700, as_workbook), ["v.xlsx", "save it again"]),
    ("cut PBF", cut("r.osm.pbf", 30, as_pbf), ["r.osm.pbf", "OSM"]),
    ("a zip that climbs out", climbing_zip, ["v.zip", "climbed.shp", "leads out"]),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), [pytest.param(*one[1:], id=one[0]) for one in BAD])
def test_bad_input_is_exit_2_with_one_clear_message_and_no_files(wangdian, county, spoil, says):
    out = county.parent / "out"
    spoil(county)
    done = wangdian("plan", county / "scenario.yaml", "--out", out, "--lang", "en")
    assert done.exit_code == 2, done.output
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, done.stderr
    for word in says:
        assert word in errors[0], errors[0]
    assert "Traceback" not in done.output
    assert isinstance(done.exception, SystemExit)
    # Nothing half-written: neither the folder nor one under a temporary name.
    assert sorted(one.name for one in county.parent.iterdir()) == ["county"]
    assert not list(county.parent.parent.glob("climbed*"))


def test_an_earlier_plan_outlives_a_bad_input(wangdian, county):
    out = county.parent / "out"
    out.mkdir()
    (out / "plan.json").write_text("{}", encoding="utf-8")
    header_only(county)
    assert wangdian("plan", county / "scenario.yaml", "--out", out).exit_code == 2
    assert (out / "plan.json").read_text(encoding="utf-8") == "{}"


# Answers, not faults.

KEY = "streams.pesticide_packaging.tiers.village_point"


def planned(wangdian, county: Path, *changes: str, code: int = 0) -> tuple[dict[str, Any], str]:
    """The plan.json and the summary that a reader sees."""
    out = county.parent / "out"
    arguments = [part for change in changes for part in ("--set", change)]
    done = wangdian("plan", county / "scenario.yaml", "--out", out, "--lang", "en", *arguments)
    assert done.exit_code == code, done.output
    found = list(out.rglob("plan.json"))
    assert len(found) == 1
    return json.loads(found[0].read_text(encoding="utf-8")), done.stdout


def test_a_network_in_pieces_names_who_is_cut_off(wangdian, county):
    villages = pd.read_csv(county / "v.csv")
    lon, lat = villages["lon"].max() + 0.02, villages["lat"].mean()
    row = villages.iloc[0].to_dict() | {"id": "ISLE", "name": "孤岛村", "lon": lon, "lat": lat}
    pd.concat([pd.DataFrame([row]), villages]).to_csv(county / "v.csv", index=False)
    roads = gpd.read_file(county / "roads.gpkg", layer="roads")
    piece = gpd.GeoDataFrame(
        {"highway": ["residential"]},
        geometry=[LineString([(lon - 0.001, lat), (lon + 0.001, lat)])],
        crs=roads.crs,
    )
    lines = roads.rename(columns={"road_class": "highway"})[["highway", "geometry"]]
    (county / "roads.gpkg").unlink()  # the export's own tables would say what lines there are
    pd.concat([lines, piece], ignore_index=True).to_file(county / "roads.gpkg", driver="GPKG")
    plan, said = planned(wangdian, county, f"{KEY}.candidates=[given]", f"{KEY}.radius_km=3")
    (cut_off,) = [one for one in plan["unserved"] if one["id"] == "ISLE"]
    assert cut_off["reason"] == "no_candidate_in_reach"
    assert "孤岛村" in said


def test_a_candidate_on_no_road_is_never_chosen(wangdian, county):
    candidates = gpd.read_file(county / "candidates.gpkg")
    away = candidates.iloc[:1].assign(id="AWAY", name="无路点", stream=None)
    away = away.set_geometry(away.geometry.translate(0, 0.4))
    pd.concat([candidates, away]).to_file(county / "candidates.gpkg", driver="GPKG")
    plan, _ = planned(wangdian, county)
    away_site = [one for one in plan["facilities"] if one["id"] == "AWAY"]
    assert all(one["status"] == "not_chosen" for one in away_site)


def test_a_radius_nobody_meets_names_the_villages_and_the_radius(wangdian, county):
    plan, said = planned(
        wangdian, county, f"{KEY}.radius_km=0.001", f"{KEY}.candidates=[given]", code=1
    )
    assert {one["reason"] for one in plan["unserved"]} <= {"no_candidate_in_reach", "no_road"}
    assert len(plan["unserved"]) == 40
    assert any(one["name"] in said for one in plan["unserved"])


def test_capacity_below_demand_says_how_many_tonnes_are_missing(wangdian, county):
    edit_yaml(county, lambda data: data.update(streams=[{"stream": "household_transfer"}]))
    tier = "streams.household_transfer.tiers.transfer_station"
    plan, said = planned(
        wangdian, county, f"{tier}.adjacent_districts_only=false", f"{tier}.cutoff_km=300",
        f"{tier}.single_source=false",
        "streams.household_transfer.demand.factors.0.factor=50", f"{tier}.quotas=[]", code=1,
    )  # fmt: skip
    assert plan["certificate"]["outcome"] == "infeasible"
    assert plan["tiers"][0]["reasons"]
    assert "t/yr of capacity are missing" in said


class _Scripts(HTMLParser):
    """Texts of a page's scripts, as a browser would cut them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


def test_hostile_names_are_data_in_every_file(wangdian, county):
    for position, name in enumerate(HOSTILE):
        cell(position + 2, "name", name)(county)
    edit_yaml(county, lambda data: data.update(title=HOSTILE[0], area=HOSTILE[1]))
    plan, _ = planned(wangdian, county)
    out = county.parent / "out"
    assert plan["title"] == HOSTILE[0]
    page = (out / "map.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "<b>&amp;</b>" not in page
    scripts = _Scripts()
    scripts.feed(page)
    assert all(not text.lstrip().startswith("alert(1)") for text in scripts.texts)
    # In a template literal a backtick or ${ would be code; a JSON string holds both safely.
    for text in scripts.texts:
        assert "`村`" not in text.replace('"`村`"', "")
        assert "${alert(1)}" not in text.replace('"${alert(1)}"', "")
    shown = gpd.read_file(out / "plan.gpkg", layer="villages")
    assert set(HOSTILE) <= set(shown["name"])
    book = openpyxl.load_workbook(out / "plan.xlsx")
    cells = [one for sheet in book for row in sheet.iter_rows() for one in row]
    assert not [one.coordinate for one in cells if one.data_type == "f"]
    assert any("=1+1" in str(one.value) for one in cells)

"""Every command with its exit codes, as the README promises them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geodata.synthetic import make_county
from tests.interrupts import hears_interrupts


def has_deliverables() -> bool:
    try:
        from scenarios.output import default_writers

        default_writers()
    except ImportError:
        return False
    return True


def test_help_is_quick_and_loads_no_solver():
    program = (
        "import sys; sys.argv=['wangdian','--help']\n"
        "from api.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'pandas','numpy','pulp','folium','scenarios'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("[]")
    for command in ("demo", "plan", "init", "check", "assess", "roads", "coverage", "serve"):
        assert command in done.stdout


def test_plan_writes_everything_and_exits_0(wangdian, scenario, tmp_path):
    out = tmp_path / "out"
    done = wangdian("plan", scenario, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["synthetic"]
    assert {Path(one).name for one in said["files"]} == {
        "map.html", "plan.xlsx", "plan.gpkg", "plan.json", "problem.npz",
    }  # fmt: skip
    assert all(Path(one).is_file() for one in said["files"])
    one = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert one["certificate"]["outcome"] in ("optimal", "feasible")
    assert said["streams"]["pesticide_packaging"]["certificate"] == one["certificate"]


def test_summaries_speak_both_languages_and_quiet_says_nothing(wangdian, scenario, tmp_path):
    english = wangdian("plan", scenario, "--out", tmp_path / "a", "--lang", "en")
    assert english.exit_code == 0
    assert "合成数据 / synthetic" in english.stdout
    assert "map.html" in english.stdout
    quiet = wangdian("plan", scenario, "--out", tmp_path / "b", "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (0, "")


def test_demo_takes_size_and_seed(wangdian, tmp_path):
    done = wangdian(
        "demo", "--villages", 25, "--seed", 2, "--out", tmp_path / "out", "--time-limit", 5,
        "--gap", 0.05, "--json", "--set", "streams=[{stream: construction_waste}]",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert list(json.loads(done.stdout)["streams"]) == ["construction_waste"]
    assert (tmp_path / "out" / "plan.json").is_file()


def test_infeasible_is_exit_1_with_the_reasons(wangdian, scenario, tmp_path):
    key = "streams.pesticide_packaging.tiers.village_point"
    done = wangdian(
        "plan", scenario, "--out", tmp_path / "out", "--json", "--set",
        f"{key}.quotas=[{{per: county, maximum: 0}}]",
    )  # fmt: skip
    assert done.exit_code == 1, done.output
    said = json.loads(done.stdout)["streams"]["pesticide_packaging"]
    assert said["certificate"]["outcome"] == "infeasible"
    assert said["tiers"][0]["reasons"]
    assert (tmp_path / "out" / "plan.json").is_file()  # the answer is written down too


def test_bad_input_is_exit_2_and_writes_nothing(wangdian, scenario, tmp_path):
    out = tmp_path / "out"
    done = wangdian("plan", scenario, "--out", out, "--set", "solver.gapp=1")
    assert done.exit_code == 2
    assert "did you mean gap?" in done.stderr or "gap" in done.stderr
    assert not out.exists()
    missing = wangdian("plan", tmp_path / "gone.yaml", "--out", out, "--json")
    assert missing.exit_code == 2
    assert json.loads(missing.stdout)["faults"][0]["severity"] == "error"


def test_a_folder_that_cannot_be_written_is_exit_2_before_the_work(wangdian, scenario, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    start = time.monotonic()
    done = wangdian("plan", scenario, "--out", tmp_path / "file", "--lang", "en")
    assert done.exit_code == 2
    assert "file" in done.stderr
    assert time.monotonic() - start < 5
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    done = wangdian("plan", scenario, "--out", locked, "--lang", "en")
    locked.chmod(0o755)
    assert done.exit_code == 2
    assert "may not be written" in done.stderr


def test_check_names_all_faults_and_exits_2(wangdian, scenario):
    assert wangdian("check", scenario).exit_code == 0
    scenario.write_text("title: x\nsynthetic: {vilages: 3}\nstreams: [{streem: a}]\n", "utf-8")
    done = wangdian("check", scenario, "--lang", "en")
    assert done.exit_code == 2
    assert "did you mean villages?" in done.stderr
    assert "did you mean stream?" in done.stderr
    as_json = wangdian("check", scenario, "--json")
    assert as_json.exit_code == 2
    assert len(json.loads(as_json.stdout)["faults"]) >= 2


def test_assess_shows_what_stands(wangdian, scenario):
    done = wangdian("assess", scenario, "--json")
    assert done.exit_code == 0
    (tier,) = json.loads(done.stdout)["streams"]["pesticide_packaging"]["tiers"]
    assert tier["coverage"]
    shown = wangdian("assess", scenario, "--lang", "en")
    assert shown.exit_code == 0
    assert "shortfall" in shown.stdout


def test_coverage_counts_within_a_radius(wangdian, scenario, tmp_path):
    near, far = (
        json.loads(wangdian("coverage", scenario, "--radius-km", km, "--json").stdout)["streams"][0]
        for km in (1, 500)
    )
    assert near["covered"] <= far["covered"] <= far["points"]
    assert near["coverage"] <= near["coverage_as_the_crow_flies"]
    assert len(near["uncovered"]) == near["points"] - near["covered"]
    villages = make_county(30, 0).layers["villages"]
    table = villages.assign(lon=villages.geometry.x, lat=villages.geometry.y)
    table[["id", "name", "lon", "lat"]].to_csv(tmp_path / "f.csv", index=False)
    with_table = wangdian(
        "coverage", scenario, "--radius-km", 1, "--facilities", tmp_path / "f.csv",
        "--crs", "wgs84", "--json",
    )  # fmt: skip
    assert json.loads(with_table.stdout)["streams"][0]["covered"] == near["points"]
    undeclared = wangdian(
        "coverage", scenario, "--radius-km", 1, "--facilities", tmp_path / "f.csv", "--lang", "en"
    )
    assert undeclared.exit_code == 2
    assert "crs" in undeclared.stderr.casefold()


def test_init_makes_a_template_once(wangdian, tmp_path):
    folder = tmp_path / "县"
    assert wangdian("init", folder, "--stream", "straw_storage").exit_code == 0
    assert (folder / "模板.xlsx").is_file()
    assert wangdian("init", folder).exit_code == 2
    assert wangdian("init", tmp_path / "x", "--stream", "nothing_like_it").exit_code == 2


def test_roads_reports_and_saves(wangdian, tmp_path):
    import geopandas as gpd
    from shapely import LineString

    lines = [
        LineString([(115.0, 36.0), (115.01, 36.0)]),
        LineString([(115.01, 36.0), (115.02, 36.01)]),
    ]
    frame = gpd.GeoDataFrame({"highway": ["primary", "village"]}, geometry=lines, crs="EPSG:4326")
    frame.to_file(tmp_path / "in.geojson", driver="GeoJSON")
    out = tmp_path / "roads.gpkg"
    done = wangdian("roads", "--file", tmp_path / "in.geojson", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["roads"] == 2
    assert out.is_file()
    assert wangdian("roads", "--out", out).exit_code == 2
    assert wangdian("roads", "--file", "a.pbf", "--out", tmp_path / "roads.shp").exit_code == 2
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"\x00\x00\x00\x0dnothing")
    done = wangdian("roads", "--file", broken, "--out", tmp_path / "x.gpkg", "--lang", "en")
    assert done.exit_code == 2
    assert "broken.osm.pbf" in done.stderr
    assert not (tmp_path / "x.gpkg").exists()


def test_serve_does_not_open_to_others_without_users(wangdian, tmp_path):
    done = wangdian("serve", "--host", "0.0.0.0", "--data", tmp_path, "--lang", "en")  # noqa: S104
    assert done.exit_code == 2
    assert "wangdian user" in done.stderr


def test_a_user_is_set_up_with_a_key(wangdian, tmp_path):
    words = ("user", "王", "--no-password", "--data", tmp_path, "--lang", "en")
    done = wangdian(*words)
    assert done.exit_code == 0
    assert "wd_" in done.stdout
    assert wangdian(*words).exit_code == 2
    assert wangdian("user", "李", "--role", "king", "--data", tmp_path).exit_code == 2
    assert wangdian("user", "李", "--role", "township", "--data", tmp_path).exit_code == 2


@pytest.mark.parametrize("moment", ["early", "solving"])
def test_ctrl_c(tmp_path, moment):
    """A real SIGINT: 130 before there is a plan, 0 with the best so far once there is one."""
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "api.cli", "demo", "--villages", "150", "--out", str(out), "--gap",
        "0", "--time-limit", "60", "--json", "--set",
        "streams=[{stream: pesticide_packaging}, {stream: straw_storage}]",
    ]  # fmt: skip
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "WANGDIAN_TELL": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - sets a signal, no more
    ) as child:
        wait_for(child, "inputs" if moment == "early" else "solve straw_storage")
        time.sleep(0.2 if moment == "early" else 2.0)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=60)
    if moment == "early":
        assert child.returncode == 130, stderr
        assert not out.exists()
    else:
        assert child.returncode == 0, stderr
        said = json.loads(stdout)
        assert "pesticide_packaging" in said["streams"]
        assert (out / "pesticide_packaging" / "plan.json").is_file() or (
            out / "plan.json"
        ).is_file()
        assert any("stopped" in fault["text"] or "停" in fault["text"] for fault in said["faults"])


def wait_for(child: subprocess.Popen[str], word: str) -> None:
    """Until the child has told of a step (``WANGDIAN_TELL`` writes steps to standard error)."""
    assert child.stderr is not None
    for line in child.stderr:
        if word in line:
            return

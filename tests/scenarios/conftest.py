"""A small county on disk and a small plan, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from geodata.roads.export import save_roads
from geodata.synthetic import make_county
from scenarios.inputs import Inputs
from scenarios.load import example
from scenarios.plan import Plan
from scenarios.run import run
from scenarios.schema import Scenario

VILLAGES = 40
SMALL_SOURCES = "hazardous_small_source"


@pytest.fixture(scope="session")
def small_plan() -> Plan:
    """The demo's five streams on a county of 40 villages."""
    return run(example("demo", [f"synthetic.villages={VILLAGES}", "solver.time_limit_s=120"]))


@pytest.fixture(scope="session")
def small_sources() -> tuple[Plan, Inputs]:
    """Stores of small hazardous producers on 40 villages, and what they were planned from."""
    given: list[Inputs] = []
    scenario = Scenario.model_validate({
        "title": "rounds", "synthetic": {"villages": VILLAGES}, "max_snap_m": 800,
        "off_road": "straight", "streams": [{"stream": SMALL_SOURCES}],
        "solver": {"time_limit_s": 5, "gap": 0.5},
    })  # fmt: skip
    return run(scenario, on_inputs=given.append), given[0]


@pytest.fixture(scope="session")
def county_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the layers of a made-up county as files, and a scenario that names them."""
    folder = tmp_path_factory.mktemp("county")
    county = make_county(VILLAGES, 1)
    save_roads(county.roads, folder / "roads.gpkg")
    layers: dict[str, dict[str, str]] = {}
    for name in ("villages", "facilities", "candidates", "districts", "exclusions",
                 "permitted_land", "public_land", "building_sites", "shops"):  # fmt: skip
        county.layers[name].to_file(folder / "layers.gpkg", layer=name, driver="GPKG")
        layers[name] = {"file": "layers.gpkg", "sheet": name, "crs": "wgs84"}
    scenario = {
        "title": "文件县",
        "area": "文件县",
        "layers": layers,
        "roads": {"file": "roads.gpkg"},
        "streams": [{"stream": "pesticide_packaging"}],
        "solver": {"time_limit_s": 10},
        "max_snap_m": 800,
    }
    text = yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return folder

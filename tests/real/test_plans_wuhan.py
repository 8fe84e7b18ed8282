"""Wuhan's roads with the city's own towns and villages, whose coordinates are GCJ-02."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from planner.solution import Outcome
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario, profiles_of
from scenarios.plan import Plan
from scenarios.run import run
from tests.conftest import REAL_DATA, missing
from tests.real.places import ADCODE_COLUMNS, adcode_points, radius, write_scenario, write_stream
from tests.real.plan_checks import check_plan, write_and_open

pytestmark = pytest.mark.real

ROADS = "roads/neatnet_wuhan_8989_original.parquet"
SITES = 25


@pytest.fixture(scope="module")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Set cover and p-median of the towns and villages within the road file's extent."""
    if not REAL_DATA.is_dir():
        missing("real data is absent")
    folder = tmp_path_factory.mktemp("wuhan")
    tables = sorted((REAL_DATA / "places/adcode2016").glob("adcode_4201*.csv"))
    frame = gpd.read_parquet(REAL_DATA / ROADS)
    points = adcode_points(folder, tables, *frame.to_crs("EPSG:4326").total_bounds)
    cover = write_stream(
        folder, "cover", problem="set_cover", radius_km=radius(3), candidates=["villages"],
    )  # fmt: skip
    median = write_stream(
        folder, "median", problem="p_median", sites=SITES, candidates=["villages"],
    )  # fmt: skip
    return write_scenario(
        folder,
        title="武汉",
        area="武汉市",
        layers={"villages": {"file": points.name, "crs": "gcj02", "columns": ADCODE_COLUMNS}},
        roads={"file": str((REAL_DATA / ROADS).resolve()), "tolerance_m": 0.01},
        streams=[{"stream": cover}, {"stream": median}],
        solver={"time_limit_s": 30, "gap": 0.01},
    )


@pytest.fixture(scope="module")
def plan(scenario_file: Path) -> Plan:
    return run(load_scenario(scenario_file), folder=scenario_file.parent)


@pytest.fixture(scope="module")
def declared_wrongly(scenario_file: Path) -> Inputs:
    """The same inputs with their points called WGS84."""
    scenario = load_scenario(scenario_file, ["layers.villages.crs=wgs84"])
    profiles = profiles_of(scenario, scenario_file.parent)
    return load_inputs(scenario, profiles, scenario_file.parent)


def test_every_point_on_a_road_is_served_within_its_promise(real_data, plan):
    cover, median = plan.streams["cover"], plan.streams["median"]
    for stream in (cover, median):
        assert len(stream.demand) > 500
        assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
        assert stream.certificate.gap <= 0.01 + 1e-9
        assert set(stream.demand["reason"]) <= {"", "no_road"}
        # Points near the edge of the road file lie beyond its last road.
        assert stream.demand["served"].mean() > 0.8
    served = cover.demand[cover.demand["served"]]
    assert (served["impedance"] <= 3000 + 1e-6).all()
    assert len(median.answers[0].solution.opened) == SITES
    np.testing.assert_allclose(
        median.certificate.objective, median.demand["impedance"].sum(), rtol=1e-9
    )


def test_rules_and_distances_hold_by_other_means(real_data, plan, declared_wrongly):
    check_plan(plan, declared_wrongly.roads, declared_wrongly.metric_crs)


def test_all_files_open(real_data, plan, tmp_path):
    write_and_open(plan, tmp_path / "out")


def test_gcj02_called_wgs84_is_warned_about_and_rightly_declared_is_not(
    real_data, plan, declared_wrongly
):
    def said(faults) -> list[str]:
        return [one.text() for one in faults if "look like" in one.text()]

    (warning,) = said(declared_wrongly.faults)
    assert "points.csv" in warning
    assert "look like GCJ-02" in warning
    assert "declare crs: gcj02" in warning
    assert said(plan.faults) == []

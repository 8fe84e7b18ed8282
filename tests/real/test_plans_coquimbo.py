"""La Serena and Coquimbo: one-way links with own class names, populated zones as areas."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.solution import Outcome
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario, profiles_of
from scenarios.run import run
from tests.real.places import coquimbo, radius, write_scenario, write_stream
from tests.real.plan_checks import check_plan, write_and_open

pytestmark = pytest.mark.real


@pytest.fixture
def scenario_file(real_data: Path, tmp_path: Path) -> Path:
    """Most people within 1.5 km of twelve sites, the least worst way, and sized stations."""
    links, zones = coquimbo(tmp_path, real_data / "roads/aequilibrae_coquimbo.zip")
    cover = write_stream(
        tmp_path, "cover", weight="population", problem="maximal_cover", radius_km=radius(1.5),
        sites=12, candidates=["villages"],
    )  # fmt: skip
    centre = write_stream(
        tmp_path, "centre", problem="p_centre", sites=12, candidates=["villages"],
    )  # fmt: skip
    transfer = {"candidates": ["villages"], "adjacent_districts_only": False, "quotas": []}
    changes = {f"tiers.transfer_station.{key}": value for key, value in transfer.items()}
    return write_scenario(
        tmp_path,
        title="Coquimbo",
        area="Coquimbo",
        layers={"villages": {"file": zones.name}},
        roads={"file": links.name, "tolerance_m": 0.01},
        streams=[
            {"stream": cover}, {"stream": centre},
            {"stream": "household_transfer", "set": changes},
        ],
        solver={"time_limit_s": 6, "gap": 0.02},
        output_crs="EPSG:32719",
    )  # fmt: skip


def test_zones_are_planned_by_people_distance_and_tonnes(scenario_file, tmp_path):
    scenario = load_scenario(scenario_file)
    plan = run(scenario, folder=tmp_path)
    inputs = load_inputs(scenario, profiles_of(scenario, tmp_path), tmp_path)
    check_plan(plan, inputs.roads, inputs.metric_crs)
    cover, centre = plan.streams["cover"], plan.streams["centre"]
    assert len(cover.demand) == 133
    assert cover.demand["population"].sum() == pytest.approx(451_898.92, abs=0.01)
    assert any("areas; a point inside each" in fault.text() for fault in plan.faults)
    for stream in (cover, centre):
        assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
        assert stream.certificate.gap <= 0.02 + 1e-9
        assert len(stream.answers[0].solution.opened) == 12
    covered = cover.demand.loc[cover.demand["served"], "population"].sum()
    assert cover.certificate.objective == pytest.approx(covered)
    assert 0.3 < covered / cover.demand["population"].sum() <= 1
    worst = centre.demand["impedance"].max()
    assert centre.certificate.objective == pytest.approx(worst)
    transfer = plan.streams["household_transfer"]
    assert transfer.answers[0].solution.has_plan
    assert transfer.demand["served"].mean() > 0.95
    write_and_open(plan, tmp_path / "out")

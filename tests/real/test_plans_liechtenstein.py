"""Liechtenstein from its PBF: roads and villages of one file, one-way streets and borders in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from geodata.roads.read import load_roads
from planner.solution import Outcome
from scenarios.answers import is_open
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario, profiles_of
from scenarios.run import run
from tests.real.places import osm_settlements, radius, write_scenario, write_stream
from tests.real.plan_checks import check_plan, write_and_open

pytestmark = pytest.mark.real

PBF = "roads/liechtenstein.osm.pbf"


@pytest.fixture
def scenario_file(real_data: Path, tmp_path: Path) -> Path:
    """Fewest points over all villages, and transfer stations for those with a known population."""
    settlements = osm_settlements(real_data / PBF)
    assert len(settlements) >= 19
    settlements.to_file(tmp_path / "villages.gpkg")
    cover = write_stream(
        tmp_path, "cover", problem="set_cover", radius_km=radius(2),
        candidates=["villages", "roadside"], candidate_spacing_km=2,
    )  # fmt: skip
    transfer = {"candidates": ["villages"], "adjacent_districts_only": False, "quotas": []}
    changes = {f"tiers.transfer_station.{key}": value for key, value in transfer.items()}
    return write_scenario(
        tmp_path,
        title="列支敦士登",
        area="Liechtenstein",
        layers={"villages": {"file": "villages.gpkg"}},
        roads={"file": str((real_data / PBF).resolve())},
        streams=[{"stream": cover}, {"stream": "household_transfer", "set": changes}],
        solver={"time_limit_s": 20, "gap": 0.01},
    )


def test_villages_are_served_from_the_roads_of_the_same_file(scenario_file, real_data, tmp_path):
    scenario = load_scenario(scenario_file)
    plan = run(scenario, folder=tmp_path)
    inputs = load_inputs(scenario, profiles_of(scenario, tmp_path), tmp_path)
    check_plan(plan, load_roads(real_data / PBF), inputs.metric_crs)
    cover, transfer = plan.streams["cover"], plan.streams["household_transfer"]
    assert cover.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    assert cover.certificate.gap <= 0.01 + 1e-9
    assert cover.demand["served"].mean() > 0.8
    assert (cover.demand.loc[cover.demand["served"], "impedance"] <= 2000 + 1e-6).all()
    # Hamlets without a population have no tonnes, and the plan says so.
    assert len(transfer.demand) == cover.demand["population"].notna().sum() >= 10
    assert any("have no tonnes" in fault.text() for fault in plan.faults)
    opened = transfer.facilities[is_open(transfer.facilities["status"])]
    assert transfer.certificate.gap <= 0.01 + 1e-9
    assert (opened["throughput_t_per_yr"] <= opened["capacity_t_per_yr"] * (1 + 1e-6)).all()
    people = transfer.demand.loc[transfer.demand["served"], "population"].sum()
    assert opened["throughput_t_per_yr"].sum() == pytest.approx(0.237 * people, rel=1e-6)
    write_and_open(plan, tmp_path / "out")

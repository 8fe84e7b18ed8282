"""Kinds that lie apart on a lorry: from YAML and layer to rounds, checker and driver's sheet."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from pydantic import ValidationError
from shapely import Point

from geodata.faults import InputError
from planner.routes import RoundsSettings, plan_rounds
from scenarios.deliverables.rounds_workbook import write_rounds_workbook
from scenarios.load import example
from scenarios.operations import Rounds
from scenarios.rounds import RoundsPlan, rounds_of_plan
from scenarios.rounds_fleet import classes_of
from scenarios.rounds_kinds import amounts, compartments_of
from scenarios.rounds_output import check_written, rounds_dict
from scenarios.rounds_problem import rounds_case
from scenarios.rounds_words import compartment_lines
from scenarios.run import run

STREAM, TIER, VEHICLE = "recyclables", "station", "light_truck"
QUICK = RoundsSettings(time_limit_s=60, seed=1, iterations=20)
KINDS = [
    {"id": "paper", "name": {"zh": "废纸", "en": "paper"}, "share": 0.75, "t_per_m3": 0.1},
    {"id": "glass", "name": {"zh": "废玻璃", "en": "glass"}, "share": 0.25},
]
PARTS = [{"kinds": ["paper"], "volume_m3": 12}, {"kinds": ["glass"], "payload_t": 0.5}]
WEEKLY = {"value": 7, "unit": "d", "source": "planning", "evidence": "assumed"}


def rule(**given) -> Rounds:
    return Rounds.model_validate({"every_days": WEEKLY, "kinds": KINDS, **given})


def layer(**columns) -> gpd.GeoDataFrame:
    ids = ["a", "b", "c"]
    return gpd.GeoDataFrame({"id": ids, **columns}, geometry=[Point(0, 0)] * 3, crs="EPSG:4326")


STOPS = pd.DataFrame({"id": ["a", "b", "c"]})
LOADS = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize(("given", "said"), [
    ({"kinds": [*KINDS, KINDS[0]]}, "stands there twice"),
    ({"kinds": KINDS[:1]}, "add up to 0.75"),
    ({"bodies": {"bale_truck": {"compartments": [*PARTS, PARTS[0]]}}}, "lies in two compartments"),
    ({"bodies": {"bale_truck": {"compartments": [{"kinds": ["oil"]}]}}}, "there is no kind oil"),
    ({"bodies": {"bale_truck": {"payload_t": 0}}}, "greater than 0"),
])  # fmt: skip
def test_what_contradicts_itself_is_said(given, said):
    with pytest.raises(ValidationError, match=said):
        rule(**given)


def test_a_body_for_lorries_that_do_not_come_is_refused(county):
    plan, _ = county
    tier = plan.streams[STREAM].profile.tiers[0]
    with pytest.raises(InputError, match="no such lorries"):
        classes_of(tier, rule(bodies={"semi_trailer": {"payload_t": 5}}))


def test_without_kinds_everything_lies_together():
    plain = Rounds.model_validate({"every_days": WEEKLY})
    tonnes, cubic_metres = amounts(plain, STOPS, layer(), LOADS)
    assert tonnes.tolist() == [[1.0], [2.0], [4.0]]
    assert not cubic_metres.any()
    assert [one.streams for one in compartments_of(plain, "bale_truck")] == [(0,)]


def test_a_stop_may_have_shares_of_its_own():
    own = layer(collect_share_glass=["", "0.5", None])
    tonnes, cubic_metres = amounts(rule(), STOPS, own, LOADS)
    assert tonnes == pytest.approx(np.array([[0.75, 0.25], [1.0, 1.0], [3.0, 1.0]]))
    assert cubic_metres[:, 0] == pytest.approx([7.5, 10.0, 30.0])
    assert not cubic_metres[:, 1].any()


def test_shares_that_cannot_be_are_all_named():
    own = layer(collect_share_glass=["much", "-1", "0.5"], collect_share_paper=["", "", "0.7"])
    with pytest.raises(InputError) as caught:
        amounts(rule(), STOPS, own, LOADS)
    told = str(caught.value)
    assert all(part in told for part in ("much", "-1", "add up to 1.2"))


@pytest.fixture(scope="module")
def county():
    scenario = example("collection_rounds", ["synthetic.villages=24", "solver.time_limit_s=10"])
    kept = [one for one in scenario.streams if one.stream == STREAM]
    said = {"kinds": KINDS, "bodies": {VEHICLE: {"payload_t": 4, "compartments": PARTS}}}
    changes = {f"tiers.{TIER}.rounds.{key}": value for key, value in said.items()}
    uses = (kept[0].model_copy(update={"set": {**kept[0].set, **changes}}),)
    inputs = []
    return run(scenario.model_copy(update={"streams": uses}), on_inputs=inputs.append), inputs[0]


@pytest.fixture(scope="module")
def planned(county):
    return rounds_of_plan(*county, streams=[STREAM], settings=QUICK)


def test_a_scenario_says_what_lies_apart(county, planned):
    one = planned.streams[STREAM]
    problem = one.case.problem
    assert [goods.id for goods in problem.goods] == ["paper", "glass"]
    vehicle = problem.vehicles[0]
    assert (vehicle.payload_t, len(vehicle.compartments)) == (4, 2)
    assert one.solution.checked
    assert not one.solution.unserved
    whole = county[0].streams[STREAM].demand["demand_t_per_yr"].sum()
    assert one.figures["t_per_yr"] == pytest.approx(whole)


def test_the_checker_holds_written_rounds_against_the_compartments(planned):
    one = planned.streams[STREAM]
    written = rounds_dict(one)
    assert check_written(one.case.problem, written) == []
    vehicle = one.case.problem.vehicles[0]
    parts = tuple(replace(part, volume_m3=0.01) for part in vehicle.compartments)
    narrow = replace(one.case.problem, vehicles=(replace(vehicle, compartments=parts),))
    assert {finding.rule for finding in check_written(narrow, written)} == {"load"}


def test_more_trips_where_a_compartment_is_small(county, planned):
    plan, inputs = county
    wide = rounds_case(plan, inputs, STREAM).problem
    one_room = replace(wide.vehicles[0], compartments=compartments_of(rule(), "none"))
    together = replace(wide, vehicles=(one_room,))
    trips = sum(one.trips for one in planned.streams[STREAM].solution.rounds)
    assert trips >= sum(one.trips for one in plan_rounds(together, QUICK).rounds)


def test_the_driver_sees_what_goes_where(planned, tmp_path):
    one = planned.streams[STREAM]
    write_rounds_workbook(RoundsPlan(planned.plan, planned.streams), tmp_path / "r.xlsx", "en")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    rows = list(book[str(one.rounds["lorry"].iloc[0])].iter_rows(values_only=True))
    text = [str(cell) for row in rows for cell in row if cell is not None]
    assert {"paper (t)", "glass (t)"} <= set(text)
    assert any("Compartment 2: glass · 0.50 t" in cell for cell in text)
    assert compartment_lines(one.case.rule, "none", "zh") == []
    head = next(row for row in rows if "glass (t)" in row)
    at = head.index("glass (t)")
    taken = [row[at] for row in rows[rows.index(head) + 1 :] if isinstance(row[at], float)]
    assert taken


def test_shared_stores_hold_each_kind_apart(county):
    found = rounds_of_plan(
        *county, streams=[STREAM], settings=replace(QUICK, iterations=3), split=True
    ).streams[STREAM]
    assert found.solution.checked
    problem = found.case.problem
    tonnes = (problem.stops.amount_t * problem.stops.visits[:, None]).sum(axis=0)
    base = rounds_case(*county, STREAM, service_areas=False).problem.stops
    assert tonnes == pytest.approx((base.amount_t * base.visits[:, None]).sum(axis=0))

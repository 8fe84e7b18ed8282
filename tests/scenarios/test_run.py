"""The pipeline end to end on a small county: tables, rules, reasons, repeats, Ctrl-C."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from geodata.faults import InputError
from planner import verify
from planner.solution import Cancelled, Outcome
from scenarios import solvers
from scenarios.answers import is_open
from scenarios.load import example, load_scenario
from scenarios.plan import ASSIGNMENT_COLUMNS, DEMAND_COLUMNS, FACILITY_COLUMNS
from scenarios.plan_json import plan_dict
from scenarios.progress import RunProgress
from scenarios.run import assess, run

SMALL = ["synthetic.villages=40", "solver.time_limit_s=120"]


def only(stream: str, *more: str) -> list[str]:
    return [*SMALL, f"streams=[{{stream: {stream}}}]", *more]


def test_every_stream_of_the_demo_has_a_checked_plan_within_its_gap(small_plan):
    assert list(small_plan.streams) == [
        "pesticide_packaging", "straw_storage", "construction_waste", "recyclables",
        "household_transfer",
    ]  # fmt: skip
    for stream in small_plan.streams.values():
        for answer, tier in zip(stream.answers, stream.tiers, strict=True):
            assert tier.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
            assert tier.certificate.checked
            assert tier.certificate.gap <= 0.01 + 1e-9
            assert verify(answer.tier_problem.problem, answer.solution) == []


def test_tables_have_the_columns_that_deliverables_rely_on(small_plan):
    for stream in small_plan.streams.values():
        assert tuple(stream.facilities.columns) == FACILITY_COLUMNS
        assert tuple(stream.demand.columns) == DEMAND_COLUMNS
        assert set(ASSIGNMENT_COLUMNS) <= set(stream.assignments.columns)
        assert stream.facilities.crs.to_epsg() == 4326
        # One place may be a site of two tiers; within a tier an id is one site.
        assert not stream.facilities.duplicated(["tier", "id"]).any()
    assert small_plan.synthetic
    assert {"class", "name"} <= set(small_plan.roads.columns)
    assert {"kept", "dropped_by"} <= set(small_plan.candidates.columns)


def test_tonnes_are_conserved_from_village_to_site_to_the_tier_above(small_plan):
    stream = small_plan.streams["straw_storage"]
    demand, flows = stream.demand, stream.assignments
    served = demand[demand["served"]]
    first = flows[flows["tier"] == "township_store"]
    assert first["tonnes_per_yr"].sum() == pytest.approx(served["demand_t_per_yr"].sum())
    opened = stream.facilities[is_open(stream.facilities["status"])]
    stores = opened[opened["tier"] == "township_store"]
    assert stores["throughput_t_per_yr"].sum() == pytest.approx(first["tonnes_per_yr"].sum())
    assert (stores["throughput_t_per_yr"] <= stores["capacity_t_per_yr"] * (1 + 1e-6)).all()
    share = stream.profile.tiers[1].share_taken.value
    second = flows[flows["tier"] == "county_centre"]
    assert second["tonnes_per_yr"].sum() == pytest.approx(
        share * stores["throughput_t_per_yr"].sum(), rel=1e-6
    )
    assert set(second["from_id"]) == set(stores.loc[stores["throughput_t_per_yr"] > 0, "id"])


def test_quotas_of_the_document_are_kept(small_plan):
    stream = small_plan.streams["straw_storage"]
    opened = stream.facilities[is_open(stream.facilities["status"])]
    stores = opened[opened["tier"] == "township_store"]
    townships = {one for one in stream.demand["district"] if "开发区" not in one}
    assert townships <= set(stores["district"])  # 各镇街道一个以上
    assert (opened["tier"] == "county_centre").sum() == 1


def test_everybody_served_is_within_the_radius_and_named_otherwise(small_plan):
    demand = small_plan.streams["pesticide_packaging"].demand
    served = demand[demand["served"]]
    assert (served["impedance"] <= 3000 + 1e-6).all()
    assert served["within_radius"].all()
    assert (served["straight_m"] <= served["impedance"] + 1).mean() > 0.95
    assert (demand.loc[~demand["served"], "reason"] != "").all()
    assert (served["reason"] == "").all()


def test_standing_sites_are_kept_and_those_that_close_are_closed(small_plan):
    stream = small_plan.streams["household_transfer"]
    status = dict(zip(stream.facilities["id"], stream.facilities["status"], strict=True))
    state = dict(zip(stream.facilities["id"], stream.facilities["state"], strict=True))
    for one, word in state.items():
        if word in ("close", "move"):
            assert status[one] == "closed"
        elif word in ("kept", "building", "upgrade", "expand", "seasonal", "approved"):
            assert status[one] in ("kept", "expanded")


@pytest.mark.slow
def test_the_same_inputs_give_the_same_plan_in_two_processes():
    program = (
        "import json,sys\n"
        "from scenarios.load import example\n"
        "from scenarios.run import run\n"
        "from scenarios.plan_json import plan_dict\n"
        f"plan = run(example('demo', {only('pesticide_packaging', 'solver.time_limit_s=120')!r}))\n"
        "print(json.dumps(plan_dict(plan, plan.streams['pesticide_packaging'])))\n"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    one, other = (without_times(json.loads(text)) for text in texts)
    assert one == other


def without_times(value):
    if isinstance(value, dict):
        timed = ("seconds", "stage_seconds")
        return {key: without_times(one) for key, one in value.items() if key not in timed}
    return [without_times(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def side_by_side(monkeypatch):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core solves one tier at a time")
    monkeypatch.setattr(solvers, "WORTH_CHILDREN", 0)


@pytest.mark.slow
@pytest.mark.usefixtures("side_by_side")
def test_streams_solved_side_by_side_give_the_same_plan(small_plan):
    idle = []
    plan = run(example("demo", SMALL), on_idle=lambda: idle.append(True))
    assert list(plan.streams) == list(small_plan.streams)
    for name, stream in plan.streams.items():
        one = plan_dict(plan, stream)
        assert without_times(one) == without_times(plan_dict(small_plan, small_plan.streams[name]))
    assert idle == [True]


@pytest.mark.usefixtures("side_by_side")
def test_stopping_side_by_side_keeps_what_is_solved_and_begins_nothing_more():
    heard = []

    def stop(event: RunProgress) -> None:
        heard.append(event)
        if event.step == "solved":
            raise Cancelled

    plan = run(example("demo", SMALL), on_progress=stop)
    assert heard[-1].stream in plan.streams
    assert sum(event.step == "solved" for event in heard) == 1
    assert any("stopped early" in fault.text() for fault in plan.faults)


def test_another_seed_is_another_input(small_plan):
    plan = run(example("demo", [*only("construction_waste"), "synthetic.seed=5"]))
    stream = plan.streams["construction_waste"]
    assert stream.input_hash != small_plan.streams["construction_waste"].input_hash


def test_stopping_keeps_what_there_is_and_says_what_is_missing():
    def stop(event: RunProgress) -> None:
        if event.stream == "straw_storage":
            raise Cancelled

    plan = run(example("demo", SMALL), on_progress=stop)
    assert list(plan.streams) == ["pesticide_packaging"]
    assert any("stopped early" in fault.text() for fault in plan.faults)
    assert "straw_storage" in plan.faults[-1].text()


def test_stopping_before_anything_is_planned_is_no_plan():
    def stop(_event: RunProgress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        run(example("demo", SMALL), on_progress=stop)


def test_stopping_inside_a_solve_keeps_its_incumbent():
    seen = []

    def stop(event: RunProgress) -> None:
        if event.solving is not None and np.isfinite(event.solving.objective):
            seen.append(event)
            raise Cancelled

    changes = only("straw_storage", "solver.gap=0", "synthetic.villages=80")
    plan = run(example("demo", changes), on_progress=stop)
    stream = plan.streams["straw_storage"]
    assert seen
    assert stream.certificate.outcome is Outcome.CANCELLED
    assert stream.answers[0].solution.has_plan
    assert stream.demand["served"].any()


def test_a_radius_nobody_meets_is_an_answer_with_names():
    key = "streams.pesticide_packaging.tiers.village_point"
    plan = run(example("demo", only(
        "pesticide_packaging", f"{key}.radius_km=0.3", f"{key}.candidates=[existing]",
    )))  # fmt: skip
    stream = plan.streams["pesticide_packaging"]
    unserved = stream.demand[~stream.demand["served"]]
    assert len(unserved) > 5
    assert set(unserved["reason"]) == {"no_candidate_in_reach"}
    reason = next(one for one in stream.tiers[0].reasons if one.kind == "needs_radius")
    assert set(reason.subjects) <= set(unserved["id"])
    assert reason.values["smallest"] > 300


def test_capacity_below_demand_is_an_answer_with_the_missing_tonnes():
    key = "streams.household_transfer.tiers.transfer_station"
    plan = run(example("demo", only(
        "household_transfer", f"{key}.candidates=[existing]",
        f"{key}.adjacent_districts_only=false", f"{key}.cutoff_km=500",
        "streams.household_transfer.demand.factors.0.factor=9.0",
        "streams.household_transfer.demand.stated_column=none_t_per_yr",
    )))  # fmt: skip
    stream = plan.streams["household_transfer"]
    assert stream.certificate.outcome is Outcome.INFEASIBLE
    kinds = {str(reason.kind) for reason in stream.tiers[0].reasons}
    assert kinds & {"missing_capacity", "demand_too_large"}
    assert "capacity" in set(stream.demand["reason"])
    json.dumps(plan_dict(plan, stream), allow_nan=False)


def test_counts_worded_in_principle_give_way_and_say_so():
    key = "streams.household_transfer.tiers.transfer_station"
    plan = run(example("demo", only(
        "household_transfer",
        f"{key}.quotas=[{{per: district, minimum: 60, strength: in_principle, source: 试行办法第三条}}]",
    )))  # fmt: skip
    stream = plan.streams["household_transfer"]
    assert stream.answers[0].solution.has_plan
    assert "quota_relaxed" in {str(reason.kind) for reason in stream.tiers[0].reasons}


def test_a_county_from_files_is_planned_like_any_other(county_files):
    scenario = load_scenario(county_files / "scenario.yaml")
    plan = run(scenario, folder=county_files)
    stream = plan.streams["pesticide_packaging"]
    assert not plan.synthetic
    assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    assert stream.demand["served"].mean() > 0.8
    assert (stream.assignments["measured"] == "road").any()
    again = run(scenario, folder=county_files).streams["pesticide_packaging"]
    assert again.input_hash == stream.input_hash
    assert again.certificate.objective == stream.certificate.objective


def test_present_state_names_object_criterion_and_formula():
    present = assess(example("demo", SMALL))
    tier = present.assessments["pesticide_packaging"]["tiers"][0]
    rows = {(row["object"], row["criterion"]): row for row in tier["coverage"]}
    assert {"villages", "population", "tonnes"} <= {key[0] for key in rows}
    assert {"in_district", "within_radius", "within_circle", "in_system"} <= {k[1] for k in rows}
    for row in rows.values():
        assert 0 <= row["value"] <= 100
        assert row["formula"]
    road, circle = (rows["villages", one]["value"] for one in ("within_radius", "within_circle"))
    assert road <= circle  # a circle flatters
    shortfall = tier["shortfall"]
    assert shortfall["villages"] == len(shortfall["village_ids"])
    straw = present.assessments["straw_storage"]["tiers"][0]
    assert straw["shortfall"]["tonnes_per_yr"] > 0
    assert straw["shortfall"]["sites"] == sum(q["missing"] for q in straw["shortfall"]["quotas"])
    for site in straw["sites"]:
        assert site["compliant"] == (not site["findings"])


def test_faults_of_inputs_stop_the_run_before_anything_is_planned(county_files):
    scenario = load_scenario(county_files / "scenario.yaml")
    layers = dict(scenario.layers)
    layers["villages"] = layers["villages"].model_copy(update={"file": "gone.gpkg"})
    layers["shops"] = layers["shops"].model_copy(update={"sheet": "shopps"})
    broken = scenario.model_copy(update={"layers": layers})
    with pytest.raises(InputError) as caught:
        run(broken, folder=county_files)
    text = str(caught.value)
    assert "gone.gpkg" in text
    assert "shopps" in text


def test_plans_are_frozen(small_plan):
    with pytest.raises(AttributeError):
        small_plan.title = "x"
    assert replace(small_plan, title="y").title == "y"

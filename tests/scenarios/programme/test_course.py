"""A scenario's building programme end to end on a small county."""

from __future__ import annotations

import json
from datetime import date

import jsonschema_rs
import numpy as np
import openpyxl
import pytest

from geodata.faults import InputError
from planner.solution import Outcome
from scenarios.answers import is_open
from scenarios.deliverables.map_data import map_data
from scenarios.deliverables.workbook import write_workbook
from scenarios.output import write_plan
from scenarios.plan import DEMAND_COLUMNS, FACILITY_COLUMNS
from scenarios.plan_json import plan_dict, plan_schema
from scenarios.programme.course import run_programme
from scenarios.programme.file import FORMAT
from scenarios.reasons import reason_text
from scenarios.verify import verify_files, verify_plan
from tests.scenarios.programme.conftest import small_scenario


def test_every_stream_has_a_checked_plan_and_a_state_for_each_phase(small_programme):
    for stream in small_programme.streams.values():
        assert stream.has_plan
        assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
        assert stream.certificate.checked
        assert stream.certificate.bound <= stream.certificate.objective
        assert [one.year for one in stream.phases] == [2023, 2025]
        for state in stream.phases:
            assert tuple(state.facilities.columns) == FACILITY_COLUMNS
            assert tuple(state.demand.columns) == DEMAND_COLUMNS
        assert stream.facilities is stream.phases[-1].facilities


def test_what_is_new_in_one_phase_stands_in_the_next(small_programme):
    for stream in small_programme.streams.values():
        early, late = (one.facilities for one in stream.phases)
        built = set(early.loc[early["status"] == "new", "id"])
        still = set(late.loc[is_open(late["status"]), "id"])
        assert built <= still
        years = dict(zip(late["id"], late["phase"], strict=True))
        assert {years[one] for one in built} <= {"2023"}


def test_tonnes_follow_the_phase_and_are_conserved(small_programme):
    stream = small_programme.streams["construction_waste"]
    early, late = stream.phases
    small, large = (one.demand["demand_t_per_yr"].sum() for one in (early, late))
    assert large == pytest.approx(3 * small)
    for state in stream.phases:
        served = state.demand.loc[state.demand["served"], "demand_t_per_yr"].sum()
        assert state.assignments["tonnes_per_yr"].sum() == pytest.approx(served, rel=1e-6)
        assert state.facilities["throughput_t_per_yr"].sum() == pytest.approx(served, rel=1e-6)


def test_what_a_store_takes_in_goes_on_less_its_loss(small_programme):
    stream = small_programme.streams["farm_film"]
    flows = stream.assignments
    store, plant = (tier.id for tier in stream.profile.tiers)
    taken = flows.loc[flows["tier"] == store, "tonnes_per_yr"].sum()
    passed = flows.loc[flows["tier"] == plant, "tonnes_per_yr"].sum()
    assert passed == pytest.approx(stream.profile.tiers[0].passed_on * taken, rel=1e-6)


def test_loads_keep_capacities(small_programme):
    for stream in small_programme.streams.values():
        for state in stream.phases:
            opened = state.facilities[is_open(state.facilities["status"])]
            load = opened["load_rate"].to_numpy(float)
            assert np.nanmax(load) <= 1 + 1e-6


def test_a_programme_that_cannot_be_names_why_and_leaves_what_stands():
    more = "streams.construction_waste.tiers.disposal_centre.quotas=[{per: county, minimum: 500, strength: must, source: planning}]"
    plan = run_programme(small_scenario(more))
    stream = plan.streams["construction_waste"]
    assert not stream.has_plan
    assert stream.certificate.outcome is Outcome.INFEASIBLE
    assert not stream.demand["served"].any()
    assert not (stream.facilities["status"] == "new").any()
    (reason,) = stream.tiers[0].reasons
    assert "counts of sites miss by" in reason_text(reason, {})
    # What the other stream has it keeps, with its own outcome and without that reason.
    film = plan.streams["farm_film"]
    assert film.has_plan
    assert film.certificate.checked
    assert film.certificate.bound <= film.certificate.objective
    assert film.demand["served"].any()
    assert not film.tiers[0].reasons


def test_plan_json_holds_the_programme_and_keeps_its_schema(small_programme):
    for stream in small_programme.streams.values():
        written = plan_dict(small_programme, stream)
        jsonschema_rs.validate(plan_schema(), written)
        assert [one["year"] for one in written["phases"]] == [2023, 2025]
        last = written["phases"][-1]
        assert last["facilities"] == written["facilities"]
        assert last["assignments"] == written["assignments"]


def test_map_and_workbook_show_every_year(small_programme, tmp_path):
    data = map_data(small_programme, "zh", date(2026, 1, 1))
    for stream in data["streams"]:
        assert [one["year"] for one in stream["phases"]] == [2023, 2025]
        assert len(stream["phases"][0]["facilities"]["id"]) == len(stream["facilities"]["id"])
        assert "facilities" not in stream["phases"][-1]  # the stream itself is the last year
    write_workbook(small_programme, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    rows = [row for row in book["建设时序"].iter_rows(values_only=True) if row[1] in (2023, 2025)]
    sums = [row for row in rows if isinstance(row[2], int | float)]
    changes = [row for row in rows if isinstance(row[2], str)]
    assert len(sums) == 2 * len(small_programme.streams)
    new = sum((one.facilities["phase"] != "").sum() for one in small_programme.streams.values())
    assert len(changes) >= new > 0


def test_a_tier_without_a_cost_is_refused_with_the_remedy():
    tier = "streams.construction_waste.tiers.disposal_centre"
    with pytest.raises(InputError, match=r"disposal_centre asks for p_centre, .*leave out phases"):
        run_programme(small_scenario(f"{tier}.problem=p_centre", f"{tier}.sites=2"))


def test_a_written_programme_is_re_checked_from_its_files(small_programme, tmp_path):
    write_plan(small_programme, tmp_path / "out", writers={})
    for one in verify_files(tmp_path / "out"):
        assert one.holds, [finding.text() for tier in one.tiers for finding in tier.findings]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda plan: plan["certificate"].update(objective=1.0), "objective"),
        (lambda plan: plan["certificate"].update(bound=1e12), "bound_side"),
        (lambda plan: plan["certificate"].update(problem_hash="0"), "problem_hash"),
        (lambda plan: plan["phases"][0]["facilities"].pop(), "opened"),
        (lambda plan: plan["phases"][1]["assignments"][0].update(tonnes=1e9), "throughput"),
    ],
)
def test_a_changed_programme_is_found_out(small_programme, tmp_path, change, rule):
    write_plan(small_programme, tmp_path / "out", writers={})
    path = tmp_path / "out" / "construction_waste" / "plan.json"
    plan = json.loads(path.read_text("utf-8"))
    change(plan)
    path.write_text(json.dumps(plan), "utf-8")
    (whole,) = verify_plan(path).tiers
    assert rule in {one.rule for one in whole.findings}


def test_a_hostile_problem_file_is_refused(small_programme, tmp_path):
    write_plan(small_programme, tmp_path / "out", writers={})
    folder = tmp_path / "out" / "construction_waste"
    tree = {"problem": {"class": "Popen", "fields": {}}, "plans": {"tuple": []}}
    np.savez(folder / "problem.npz", format=np.array(FORMAT), tree=np.array(json.dumps(tree)))
    with pytest.raises(InputError, match="no problem file of this program"):
        verify_plan(folder / "plan.json")

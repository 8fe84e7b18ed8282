"""Sites that are down, tonnes that surge, estimates that were wrong: a programme put to the test."""

from __future__ import annotations

import jsonschema_rs
import openpyxl
import pytest

from geodata.faults import InputError
from scenarios.deliverables.workbook import write_workbook
from scenarios.load import example
from scenarios.plan_json import plan_dict, plan_schema
from scenarios.programme.course import run_programme

CASES = """joint={compare_estimates: true, outages: [
    {name: 最大的消纳中心停运, down: [{stream: construction_waste, tier: disposal_centre}]},
    {name: 雨季激增, surge: 3},
    {name: 没有的站, down: [{stream: construction_waste, tier: disposal_centre, site: nowhere}]}]}"""
SMALL = ("synthetic.villages=20", "streams=[{stream: construction_waste}, {stream: bulky_waste}]",
         "phases=[{year: 2025}]", "solver.time_limit_s=20", "solver.gap=0.02")  # fmt: skip


@pytest.fixture(scope="module")
def tried():
    return run_programme(example("all_systems", [*SMALL, CASES]))


def test_tonnes_of_a_site_that_is_down_go_elsewhere_or_are_named(tried):
    stream = tried.streams["construction_waste"]
    down, surge = stream.what_if.outages
    (site,) = down.down
    lost = [one.tonnes for one in down.shifts if one.site == site[2]]
    assert len(lost) == 1
    assert lost[0] < 0
    gained = sum(one.tonnes for one in down.shifts if one.tonnes > 0)
    left = sum(one.tonnes for one in down.left)
    assert gained + left == pytest.approx(-lost[0], rel=1e-6)
    assert left == pytest.approx(down.unserved_t_per_yr)
    assert surge.surge == 3
    total = stream.demand["demand_t_per_yr"].sum()
    assert surge.unserved_t_per_yr <= 3 * total


def test_a_site_that_is_not_open_is_said_so(tried):
    told = [one.text() for one in tried.faults if "nowhere" in one.text()]
    assert len(told) == 1
    assert "is not open in 2025" in told[0]


def test_estimates_compare_three_programmes_under_three(tried):
    (one,) = tried.streams["bulky_waste"].what_if.estimates
    assert list(one.tonnes) == sorted(one.tonnes)
    assert one.holds_at_high[2]
    assert one.robust in ("low", "middle", "high")
    for column in range(3):
        assert min(row[column] for row in one.regret_cny) == pytest.approx(0, abs=1e-6)


def test_the_cases_are_in_plan_json_and_the_workbook(tried, tmp_path):
    written = plan_dict(tried, tried.streams["construction_waste"])
    jsonschema_rs.validate(plan_schema(), written)
    assert [one["name"] for one in written["what_if"]["outages"]] == [
        "最大的消纳中心停运",
        "雨季激增",
    ]
    write_workbook(tried, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    text = str(list(book["情景检验"].iter_rows(values_only=True)))
    assert "最大的消纳中心停运" in text


@pytest.mark.parametrize(
    ("joint", "told"),
    [
        ("{outages: [{}]}", "names no site that is down and no surge"),
        ("{outages: [{surge: 2, year: 1999}]}", "the year 1999 is no phase; phases are 2025"),
        ("{outages: [{down: [{stream: construction_wast, tier: x}]}]}",
         "did you mean construction_waste"),
        ("{outages: [{down: [{stream: construction_waste, tier: disposal_center}]}]}",
         "did you mean disposal_centre"),
        ("{compare_estimates: true, estimate: high}", "leave out 'estimate'"),
        ("{goals: [{parts: {cost: -1}}]}", "every weight is a positive number"),
        ("{share_site: false}", "did you mean share_sites"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_the_remedy(joint, told):
    with pytest.raises(InputError, match=told):
        example("all_systems", [*SMALL, f"joint={joint}"])


def test_rules_of_deciding_together_need_a_year():
    with pytest.raises(InputError, match=r"add phases: \[\{year: 2025\}\]"):
        example("all_systems", ["streams=[{stream: tyres}]", "joint={}"])
    with pytest.raises(InputError, match="coverage is held only where tiers are decided together"):
        example("all_systems", ["streams=[{stream: tyres}]", """phases=[{year: 2025, coverage:
            {tyres: {value: 0.9, unit: t/t, source: x, evidence: assumed}}}]"""])  # fmt: skip


def test_goals_in_order_estimate_and_coverage_reach_the_problem():
    joint = """joint={estimate: high, goals: [{parts: {sites: 1}, allowance: 0.1},
        {parts: {cost: 1, mean_distance: 2}}]}"""
    phases = """phases=[{year: 2025, coverage:
        {construction_waste: {value: 0.9, unit: t/t, source: x, evidence: assumed}}}]"""
    plan = run_programme(example("all_systems", [*SMALL, phases, joint]))
    stream = plan.streams["construction_waste"]
    problem = stream.programme.problem
    assert [goal.parts[0][0].value for goal in problem.goals] == ["sites", "cost"]
    bulky = problem.stream("bulky_waste").demand
    assert (bulky.tonnes == bulky.high).all()
    assert bulky.tonnes.sum() > bulky.low.sum()
    assert problem.stream("construction_waste").coverage_target.tolist() == [0.9]
    assert stream.has_plan

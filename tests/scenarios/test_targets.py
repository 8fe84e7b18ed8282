"""The indicator table against a plan: states and gaps by general rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.cells import read_cell
from scenarios.document import TargetRow
from scenarios.targets import (
    State,
    line_dict,
    lines_of_plan,
    lines_of_stream,
    reaches,
    target_lines,
)
from tests.scenarios.documents import document

SITES = {"stream": "straw", "figure": "sites", "tier": "store"}


def plan_of(**changes):
    """A stream's ``plan.json`` with two stores in two of three townships."""
    facilities = [
        {"id": "a", "tier": "store", "district": "甲镇", "capacity": 30_000.0,
         "throughput": 20_000.0},
        {"id": "b", "tier": "store", "district": "乙镇", "capacity": 10_000.0,
         "throughput": 9_000.0},
    ]  # fmt: skip
    quotas = [{"name": name, "per": "district"} for name in ("甲镇", "乙镇", "丙镇")]
    return {
        "facilities": facilities,
        "indicators": [{"id": "served_tonnes", "value": 92.0}],
        "tiers": [{"id": "store", "serves": "demand"}],
        "assessment": {
            "tiers": [
                {"tier": "store", "shortfall": {"demand_t_per_yr": 50_000.0, "quotas": quotas}}
            ]
        },
        **changes,
    }


def line(targets, decided_by=(), plans=None, **row):
    made = {"number": 1, "name": "某指标", "targets": targets,
            "decided_by": list(decided_by), **row}  # fmt: skip
    doc = document(indicators=[made], table={"clause": "附件"})
    return target_lines(doc, plans or {})[0]


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("sites", 2),
        ("capacity_t_per_yr", 4.0),
        ("throughput_t_per_yr", 2.9),
        ("capacity_share", 80.0),
        ("districts_with_site", 200 / 3),
        ("served_tonnes", 92.0),
    ],
)
def test_a_plan_gives_each_figure(figure, expected):
    measure = {"stream": "straw", "figure": figure, "tier": "store"}
    found = line({2025: "1"}, [measure], {"straw": plan_of()})
    assert found.plan.value == pytest.approx(expected)


def test_unlimited_capacity_and_absent_indicators_give_nothing():
    plan = plan_of(facilities=[{"id": "a", "tier": "store", "district": "", "capacity": None,
                                "throughput": 1.0}], indicators=[])  # fmt: skip
    for figure in ("capacity_share", "served_tonnes", "within_radius"):
        found = line({2025: "1"}, [{**SITES, "figure": figure}], {"straw": plan})
        assert found.plan is None
        assert found.state is State.NOT_PLANNED


@pytest.mark.parametrize(
    ("target", "state", "gap"),
    [("2", State.MET, 0), ("3", State.NOT_MET, 1), ("X个", State.UNKNOWN_TARGET, None),
     ("/", State.NO_TARGET, None), ("完成", State.NOT_DECIDED, None)],
)  # fmt: skip
def test_states_of_a_row_that_siting_decides(target, state, gap):
    found = line({2025: target}, [SITES], {"straw": plan_of()}, unit="处")
    assert found.state is state
    assert found.last.gap == gap


def test_a_limit_can_break_a_target_but_never_prove_it():
    measure = {"stream": "straw", "figure": "served_tonnes", "role": "limits"}
    plans = {"straw": plan_of()}
    assert line({2025: "95%"}, [measure], plans).state is State.NOT_MET
    assert line({2025: "95%"}, [measure], plans).last.gap == pytest.approx(3)
    assert line({2025: "90%"}, [measure], plans).state is State.NOT_DECIDED


def test_without_a_plan_the_gap_is_counted_from_a_comparable_baseline():
    assert line({2025: "45%"}, baseline="24.6%").last.gap == pytest.approx(20.4)
    assert line({2025: "45%"}, baseline="24.6%").last.gap_from == "baseline"
    assert line({2025: "6%(较2020年)"}, baseline="5.13%(较2019年)").last.gap is None
    assert line({2025: "45%"}, [SITES]).state is State.NOT_PLANNED
    assert line({2025: "45%"}).state is State.NOT_DECIDED


def test_a_mark_decides_whether_the_value_itself_is_enough():
    row = TargetRow(name="率")
    assert not reaches(row, read_cell(">95%"), 95)
    assert reaches(row, read_cell("95%以上"), 95)
    lower = TargetRow(name="量", better="lower", unit="万吨")
    assert reaches(lower, read_cell("7 万吨"), 6.5)
    assert not reaches(lower, read_cell("7 万吨"), 7.5)
    span = TargetRow(name="排放", better="lower", unit="吨/万平方米")
    assert reaches(span, read_cell("200-300 吨/万平方米"), 250)
    assert not reaches(span, read_cell("200-300 吨/万平方米"), 310)


@given(st.integers(0, 100), st.integers(0, 100), st.sampled_from(["higher", "lower"]))
def test_the_gap_is_what_takes_a_value_to_its_target(value, goal, better):
    row = TargetRow(name="率", better=better, targets={2025: f"{goal}%"}, baseline=f"{value}%")
    found = target_lines(document(indicators=[row], table={"clause": "附件"}))[0].last
    moved = value + found.gap if better == "higher" else value - found.gap
    assert reaches(row, read_cell(f"{goal}%"), moved)
    assert (found.gap == 0) == reaches(row, read_cell(f"{goal}%"), value)


def test_a_plan_without_a_document_has_no_table(small_plan):
    assert lines_of_plan(small_plan) == ()


def test_lines_are_plain_values():
    plain = line_dict(line({2025: "3"}, [SITES], {"straw": plan_of()}))
    assert plain["plan"]["value"] == 2
    assert plain["targets"][0]["state"] == "not_met"


def programme_of(**stores):
    """A stream's ``plan.json`` of a programme: so many stores open in each year."""
    every = plan_of()
    phases = [
        {
            "year": int(year.removeprefix("in_")),
            "facilities": every["facilities"][:count],
            "assignments": [{"from_tier": "demand", "tonnes": 50_000.0 * count}],
            "unserved": [],
            "indicators": [{"id": "served_tonnes", "value": 46.0 * count}],
        }
        for year, count in stores.items()
    ]
    return {**every, "phases": phases}


def test_each_year_is_judged_by_what_stands_then():
    plans = {"straw": programme_of(in_2023=1, in_2025=2)}
    found = line({2022: "1", 2023: "2", 2024: "2", 2025: "2"}, [SITES], plans, unit="处")
    assert [one.state for one in found.targets] == [
        State.NOT_PLANNED, State.NOT_MET, State.NOT_MET, State.MET]  # fmt: skip
    assert [one.plan_year for one in found.targets] == [None, 2023, 2023, 2025]
    assert [one.gap for one in found.targets[1:]] == [1, 1, 0]
    assert found.plan.value == 2
    assert found.state is State.MET


def test_a_plan_of_one_year_is_judged_in_every_year():
    found = line({2023: "2", 2025: "3"}, [SITES], {"straw": plan_of()}, unit="处")
    assert [one.state for one in found.targets] == [State.MET, State.NOT_MET]
    assert {one.plan_year for one in found.targets} == {None}


def test_a_share_of_capacity_is_of_the_tonnes_of_its_year():
    measure = {"stream": "straw", "figure": "capacity_share", "tier": "store"}
    plans = {"straw": programme_of(in_2023=1, in_2025=2)}
    found = line({2023: "10%", 2025: "10%"}, [measure], plans)
    # 30,000 t of 50,000 t; then 40,000 t of twice as many.
    assert [one.plan.value for one in found.targets] == pytest.approx([60.0, 40.0])


def test_a_streams_own_file_has_the_rows_that_it_decides():
    made = [
        {"number": 1, "name": "站数", "targets": {2025: "2"}, "decided_by": [SITES]},
        {"number": 2, "name": "别的", "targets": {2025: "2"}},
    ]
    doc = document(indicators=made, table={"clause": "附件"})
    rows = lines_of_stream(doc, {**plan_of(), "stream": {"id": "straw"}})
    assert [row["name"] for row in rows] == ["站数"]
    assert rows[0]["targets"][0]["plan"] == 2

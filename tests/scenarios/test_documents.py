"""The five documents as scenarios: whole tables, their contradictions, made-up districts."""

from __future__ import annotations

import pytest

from geodata.faults import InputError
from scenarios.audit.report import document_findings
from scenarios.audit.target_rules import placeholders
from scenarios.document_faults import document_faults
from scenarios.load import example, load_scenario, profiles_of
from scenarios.phases import Phase
from scenarios.targets import State, target_lines
from tests.scenarios.documents import document

DOCUMENTS = ("guanxian", "changchun_chaoyang", "changchun_shuangyang", "beijing_chaoyang",
             "jinan_gangcheng")  # fmt: skip


@pytest.fixture(scope="module")
def scenarios():
    return {name: example(name) for name in DOCUMENTS}


@pytest.mark.parametrize(("name", "rows"), [("guanxian", 48), ("changchun_chaoyang", 39)])
def test_the_table_has_every_row_of_the_document_once(scenarios, name, rows):
    numbers = [row.number for row in scenarios[name].document.indicators if row.number is not None]
    assert numbers == list(range(1, rows + 1))
    assert scenarios[name].document.table.states == rows


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_number_says_where_it_stands(scenarios, name):
    made = scenarios[name].document
    for part in (made.indicators, made.figures, made.relations, made.ledgers, made.listings,
                 made.facilities, made.tasks, made.events):  # fmt: skip
        assert all(one.clause for one in part)
    assert made.departments
    assert document_faults(made, profiles_of(scenarios[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_unknown_targets_stay_unknown(scenarios, name):
    for line in target_lines(scenarios[name].document):
        for one in line.targets:
            if "X" in one.text:
                assert (one.value, one.state) == (None, State.UNKNOWN_TARGET)


def test_the_draft_has_nineteen_placeholders(scenarios):
    assert len(placeholders(scenarios["beijing_chaoyang"].document)) == 19


CONTRADICTIONS = {
    "guanxian": {"stated_twice", "target_below_baseline", "balance", "per_head", "baseline_year",
                 "task_open"},
    "changchun_chaoyang": {"two_bases", "target_below_baseline", "capacity_idle",
                           "stock_over_limit", "balance", "per_head", "counts_differ",
                           "place_names", "task_open"},
    "changchun_shuangyang": {"reported_before", "task_open"},
    "beijing_chaoyang": {"stated_twice", "annex_missing", "unknown_targets", "task_open"},
    "jinan_gangcheng": {"annex_missing", "task_deadline", "task_open"},
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_has_its_contradictions_and_no_others(scenarios, name):
    found = document_findings(scenarios[name].document)
    assert {one.rule for one in found} == CONTRADICTIONS[name]


def test_known_contradictions_have_their_numbers(scenarios):
    found = document_findings(scenarios["changchun_chaoyang"].document)
    figures = {(one.rule, one.about): one.figures for one in found}
    assert figures["two_bases", "生活垃圾清运量"]["share"] == pytest.approx(0.52, abs=0.005)
    medical = figures["stock_over_limit", "医疗废物贮存量"]
    assert medical["days"] == pytest.approx(99.6, abs=0.05)
    assert medical["allowed_t"] == pytest.approx(13.9, abs=0.05)
    load = figures["capacity_idle", "建筑垃圾处置场处置能力"]
    assert (load["least_load"], load["most_load"]) == pytest.approx((0.2, 0.6))
    assert load["slack_per_yr"] == pytest.approx(1000 * 365)
    assert figures["balance", "富锋年处理量与日处理量"]["parts"] == pytest.approx(2_252_400)


def test_balances_that_close_are_not_reported(scenarios):
    about = {one.about for one in document_findings(scenarios["changchun_chaoyang"].document)}
    assert not about & {"危险废物收支", "医疗废物收支", "干污泥去向之和", "利用量 ÷ 可收集量"}


def test_heaps_have_their_tonnes_and_deadlines(scenarios):
    heaps = {task.id: task for task in scenarios["jinan_gangcheng"].document.tasks
             if task.kind == "heap"}  # fmt: skip
    found = document_findings(scenarios["jinan_gangcheng"].document)
    left = {one.about: one.figures["left_t"] for one in found if one.rule == "task_deadline"}
    assert sorted(left.values()) == [200_000, 590_000, 1_093_700]
    assert {task.deadline.year for task in heaps.values()} == {2023, 2024, 2025}


def test_phases_are_the_documents_years(scenarios):
    years = {name: [phase.year for phase in one.phases] for name, one in scenarios.items()}
    assert years["guanxian"] == [2023, 2025]
    # No growth is stated in the others: one layout for all their years, planned for the last.
    assert years["changchun_chaoyang"] == years["jinan_gangcheng"] == [2025]
    assert years["beijing_chaoyang"] == [2030]
    planned = scenarios["beijing_chaoyang"].document.years
    assert (planned.base, planned.near, planned.long) == (2024, 2027, 2030)
    growth = scenarios["guanxian"].phases[1].tonnes["household_transfer"].value
    assert growth == pytest.approx(7 / 5.27, abs=1e-4)
    assert Phase(year=2025).tonnes == {}


def test_names_that_lead_nowhere_are_all_named_at_once():
    wrong = document(
        indicators=[
            {"number": 1, "name": "甲", "clause": "1", "decided_by": [
                {"stream": "strow", "figure": "sites"}]},
            {"number": 1, "name": "乙", "clause": "1"},
        ],
        relations=[{"states": "wast", "adds": ["people"], "name": "式", "clause": "一"}],
        ledgers=[{"name": "表", "subject": "s", "unit": "筐", "clause": "表",
                  "columns": {"产": "in"}, "rows": {"a": [1, 2]}}],
        facilities=[{"id": "people", "name": "厂", "capacity": "很大", "clause": "一"}],
    )  # fmt: skip
    said = " ".join(str(fault) for fault in document_faults(wrong, {}))
    for word in ("strow", "wast", "筐", "2 cells", "很大", "row 1 is given twice"):
        assert word in said


def test_a_broken_document_is_refused_with_its_line(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "title: 试\nsynthetic: {villages: 30}\nstreams: [{stream: pesticide_packaging}]\n"
        "document:\n  name: 方案\n  years: {base: 2020}\n  table: {clause: 附件}\n"
        "  indicators:\n    - {name: 甲, nmber: 3}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert "nmber" in str(caught.value)
    assert "line 9" in str(caught.value)

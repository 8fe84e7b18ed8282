"""Each rule finds what it is for, in documents of any place, and nothing in a clean one."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.audit.finding import references, rules, threshold
from scenarios.audit.report import document_findings, layer_findings
from tests.scenarios.documents import CLEAN, changed, document


def found(made, rule, on=None):
    return [one for one in document_findings(made, on) if one.rule == rule]


def test_a_clean_document_has_no_findings():
    assert document_findings(document()) == ()


def test_two_bases_of_one_amount_are_held_against_each_other():
    made = document(indicators=changed("indicators", "number", 2, baseline="22.1377 万吨",
                                       targets={2025: "14 万吨"}))  # fmt: skip
    [finding] = found(made, "two_bases")
    assert finding.figures["share"] == pytest.approx(221_377 / 146_000 - 1)
    assert "146,000" in finding.text()


@given(st.floats(1.01, 20))
def test_bases_are_reported_exactly_beyond_the_threshold(ratio):
    tonnes = 14.6 * ratio
    made = document(indicators=changed("indicators", "number", 2, baseline=f"{tonnes:.6f} 万吨",
                                       targets={}))  # fmt: skip
    share = round(tonnes, 6) * 1e4 / 146_000 - 1
    if abs(share - threshold("two_bases")) > 1e-6:
        assert bool(found(made, "two_bases")) == (share > threshold("two_bases"))


@pytest.mark.parametrize(
    ("better", "baseline", "target", "behind"),
    [
        ("higher", "93.71%", "91%", True),
        ("higher", "90%", ">90%", False),
        ("lower", "5.27", "7", True),
        ("lower", "7", "5.27", False),
        ("higher", "5.13%(较2019年)", "3%(较2020年)", False),
        ("higher", "90%", "X%", False),
        ("higher", "/", "50%", False),
    ],
)
def test_a_target_behind_its_baseline_is_found_on_one_basis_only(better, baseline, target, behind):
    row = {**CLEAN["indicators"][0], "better": better, "baseline": baseline,
           "targets": {2025: target}, "restated": []}  # fmt: skip
    made = document(indicators=[row, CLEAN["indicators"][1]])
    assert bool(found(made, "target_below_baseline")) == behind


def test_a_later_target_may_not_fall_behind_an_earlier_one():
    made = document(
        indicators=changed(
            "indicators", "number", 1, targets={2023: "96%", 2025: "95%"}, restated=[]
        )
    )
    assert found(made, "target_goes_back")


@given(st.floats(0.01, 5), st.floats(1, 5))
def test_load_follows_from_capacity_and_generation(least, spread):
    most = least * spread
    made = document(
        figures=[
            *CLEAN["figures"][:3],
            {"id": "p", "name": "能力", "says": "100 吨/日", "subject": "gravel",
             "counts": "capacity", "clause": "一"},
            {"id": "g", "name": "产生", "says": f"{100 * least:.4f}-{100 * most:.4f} 吨/日",
             "subject": "gravel", "counts": "generation", "clause": "一"},
        ],
    )  # fmt: skip
    short, idle = found(made, "capacity_short"), found(made, "capacity_idle")
    assert bool(short) == (round(100 * most, 4) > 100)
    assert bool(idle) == (not short and round(100 * least, 4) < 100 * threshold("capacity_idle"))


def test_a_medical_stock_of_a_hundred_days_breaks_the_two_day_limit():
    made = document(figures=changed("figures", "id", "medical_stock", says="99.6 吨"))
    [finding] = found(made, "stock_over_limit")
    assert finding.figures["days"] == pytest.approx(99.6)
    assert finding.figures["allowed_t"] == pytest.approx(2.0)


def test_a_product_that_does_not_come_to_what_is_written_does_not_balance():
    made = document(figures=changed("figures", "id", "per_head", says="0.9 kg/人·d"))
    [finding] = found(made, "balance")
    assert finding.figures["parts"] == pytest.approx(131_400)


def test_the_last_digit_may_be_rounded():
    made = document(figures=changed("figures", "id", "per_head", says="1.0004 kg/人·d"))
    assert not found(made, "balance")


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=6),
    st.integers(-50, 50),
)
def test_a_ledger_closes_exactly_when_its_rows_do(rows, off):
    closed = {f"HW{k}": [came, min(went, came), came - min(went, came)]
              for k, (came, went) in enumerate(rows)}  # fmt: skip
    total = [sum(cells[k] for cells in closed.values()) for k in range(3)]
    first = next(iter(closed))
    closed[first] = [*closed[first][:2], closed[first][2] + off]
    ledger = {**CLEAN["ledgers"][0], "subject": "sand", "rows": closed, "total": total}
    assert bool(found(document(ledgers=[ledger]), "balance")) == (off != 0)


def test_a_row_with_more_left_than_a_year_gives_is_found():
    ledger = {**CLEAN["ledgers"][0], "rows": {"HW34": [1, 0, 1], "HW08": [1, 1, 0]},
              "columns": {"产生量": "in", "处置量": "out", "贮存量": "left"},
              "total": [2, 1, 1]}  # fmt: skip
    assert not found(document(ledgers=[ledger]), "stock_over_limit")
    ledger |= {"columns": {"产生量": "in", "遗留量": "in", "贮存量": "left"},
               "rows": {"HW34": [1, 50, 51]}, "total": [1, 50, 51]}  # fmt: skip
    assert found(document(ledgers=[ledger]), "stock_over_limit")


def test_an_amount_a_head_far_from_the_reference_is_found():
    made = document(
        indicators=changed("indicators", "number", 2, baseline="2 万吨", targets={}),
        figures=[CLEAN["figures"][0]],
        relations=[],
    )
    [finding] = found(made, "per_head")
    assert finding.figures["kg_per_person_day"] == pytest.approx(0.137, abs=1e-3)


def test_text_and_table_are_compared():
    made = document(
        indicators=changed(
            "indicators", "number", 1, restated=[{"year": 2025, "text": "X%", "clause": "正文"}]
        )
    )
    assert found(made, "stated_twice")
    [finding] = found(made, "unknown_targets")
    assert finding.figures["count"] == 1


def test_lists_and_the_table_have_as_many_items_as_announced():
    made = document(
        listings=[{"name": "任务", "states": 25, "lists": 24, "clause": "表7"}],
        table={"clause": "附件", "states": 3},
    )
    assert {one.figures["states"] for one in found(made, "counts_differ")} == {25, 3}


def test_base_years_are_compared():
    table = {**CLEAN["table"], "baseline_year": 2020}
    assert found(document(years={"base": 2021}, table=table), "baseline_year")


def test_a_table_that_is_not_there_is_named():
    table = {"clause": "附件", "provided": False, "states": 56}
    [finding] = found(document(table=table), "annex_missing")
    assert "56" in finding.text()
    assert not found(document(table={**table, "announced": False}), "annex_missing")


def test_an_event_after_the_document_is_found():
    made = document(events=[{"name": "会议", "day": "2023-09-01", "clause": "三"}])
    [finding] = found(made, "reported_before")
    assert finding.figures["days"] == 13


def test_a_place_under_another_kind_of_name_is_matched():
    made = document(facilities=changed("facilities", "id", "works", unit="乙镇"))
    [finding] = found(made, "place_names")
    assert finding.figures["near"] == "乙街道"


HEAP = CLEAN["tasks"][0]


def test_a_heap_asks_for_so_many_tonnes_a_day():
    made = document(tasks=[{**HEAP, "done": []}])
    [finding] = found(made, "task_deadline", date(2024, 12, 21))
    assert finding.figures["needed_t_per_day"] == pytest.approx(10_000)


def test_a_heap_that_is_late_says_what_is_left():
    made = document(tasks=[{**HEAP, "done": [{"day": "2024-01-01", "removed": "4 万吨"}]}])
    [finding] = found(made, "task_deadline", date(2025, 2, 1))
    assert finding.figures["left_t"] == pytest.approx(60_000)
    assert finding.figures["days_left"] < 0
    assert found(made, "task_behind", date(2025, 2, 1))


def test_more_than_there_was_cannot_have_gone():
    made = document(tasks=[{**HEAP, "done": [{"day": "2023-01-01", "removed": "11 万吨"}]}])
    assert found(made, "task_over_removed")


def test_a_task_without_day_and_amount_and_one_beyond_the_plan_are_named():
    made = document(
        tasks=[
            {"id": "a", "name": "项目", "kind": "project", "clause": "二"},
            {**HEAP, "deadline": "2031-01-01"},
        ]
    )
    assert found(made, "task_open")
    assert found(made, "beyond_horizon")


def test_layers_are_compared_with_the_documents_tonnes_and_sites():
    made = document(figures=changed("figures", "id", "waste", stream="household_transfer"))
    facilities = gpd.GeoDataFrame({"name": ["另一厂"]}, geometry=[None], crs="EPSG:4326")
    found_there = layer_findings(made, {"household_transfer": 292_000.0}, facilities)
    assert {one.rule for one in found_there} == {"layers_differ", "site_not_in_layer"}
    near = gpd.GeoDataFrame({"name": ["甲镇某厂"]}, geometry=[None], crs="EPSG:4326")
    assert layer_findings(made, {"household_transfer": 147_000.0}, near) == ()


def test_every_rule_and_reference_says_why_and_where_from():
    for rule in rules().values():
        assert rule.name.zh
        assert rule.why.zh
        assert (rule.threshold is None) == (rule.threshold_of is None)
    assert all(one.source for one in references())

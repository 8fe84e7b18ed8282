"""The sheets of a plan whose scenario answers to a document."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest

from scenarios.deliverables.workbook import write_workbook
from tests.scenarios.documents import CLEAN, document


@pytest.fixture
def book(small_plan, tmp_path):
    """The small plan's workbook with a document's rows, one of them decided by siting."""
    rows = [
        *CLEAN["indicators"],
        {"number": 3, "name": "转运站", "unit": "处", "targets": {2025: "1处以上"}, "clause": "3",
         "decided_by": [{"stream": "household_transfer", "figure": "sites",
                         "tier": "transfer_station"}]},
        {"number": 4, "name": "=cmd", "targets": {2025: "X%"}, "clause": "4"},
    ]  # fmt: skip
    made = document(indicators=rows, table={"clause": "附件"},
                    events=[{"name": "会议", "day": "2023-09-01", "clause": "三"}])  # fmt: skip
    scenario = small_plan.scenario.model_copy(update={"document": made})
    write_workbook(replace(small_plan, scenario=scenario), tmp_path / "plan.xlsx")
    return openpyxl.load_workbook(tmp_path / "plan.xlsx")


def rows_of(book, name):
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def test_every_row_of_the_table_stands_with_its_answer(book):
    rows = {row[2]: row for row in rows_of(book, "文件指标")}
    assert {"秸秆综合利用率", "生活垃圾清运量", "转运站", "=cmd"} <= set(rows)
    station = rows["转运站"]
    assert "达到" in station
    assert "目标未定" in rows["=cmd"]
    assert "X%" in rows["=cmd"]


def test_findings_stand_with_their_rule_and_clause(book):
    text = " ".join(str(cell) for row in rows_of(book, "文件核对") for cell in row if cell)
    assert "2023-09-01" in text
    assert "所记事项晚于文件日期" in text


def test_a_plan_without_a_document_has_no_such_sheets(small_plan, tmp_path):
    write_workbook(small_plan, tmp_path / "plan.xlsx")
    assert "文件指标" not in openpyxl.load_workbook(tmp_path / "plan.xlsx").sheetnames

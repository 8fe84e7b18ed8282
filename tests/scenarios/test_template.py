"""The template: filled in, it plans; unfilled, it says what is missing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from openpyxl import load_workbook

from geodata.faults import InputError
from scenarios.load import load_scenario
from scenarios.load_knowledge import stream_ids
from scenarios.run import run
from scenarios.template import SCENARIO_NAME, WORKBOOK_NAME, write_template

VALUES = {
    "常住人口（人）": lambda k: 900 + k, "播种面积（亩）": lambda _k: 2000,
    "建筑面积（m²）": lambda _k: 30000, "驻地经度": lambda _k: 115.5, "驻地纬度": lambda _k: 36.5,
    "状态": lambda _k: "现状保留", "设计规模（t/年）": lambda _k: 4000,
    "占地面积（m²）": lambda _k: 900,
}  # fmt: skip


def fill(path: Path, rows: dict[str, int]) -> None:
    """What a planner types: rows below the example, which stays."""
    book, draw = load_workbook(path), random.Random(1)  # noqa: S311
    for sheet, count in rows.items():
        page = book[sheet]
        headers = [cell.value for cell in page[2]]
        example = {cell.value: page.cell(3, cell.column).value for cell in page[2]}
        for k in range(count):
            made = {
                "编号": f"{sheet}{k}", "名称": f"{sheet}{k}", "设施名称": f"{sheet}{k}",
                "乡镇（街道）": f"乡镇{k % 3}", "经度": 115.4 + draw.random() / 5,
                "纬度": 36.4 + draw.random() / 5, "类别": example.get("类别"),
                "级别": example.get("级别"), **{key: of(k) for key, of in VALUES.items()},
            }  # fmt: skip
            for column, header in enumerate(headers, start=1):
                page.cell(4 + k, column, made.get(header))
    book.save(path)


def test_filled_in_both_the_workbook_and_its_scenario_plan(tmp_path):
    workbook, scenario = write_template(tmp_path / "县", ["household_transfer", "straw_storage"])
    assert (workbook.name, scenario.name) == (WORKBOOK_NAME, SCENARIO_NAME)
    fill(workbook, {"村庄": 24, "乡镇": 3, "现有设施": 1})
    objectives = []
    for file in (workbook, scenario):
        plan = run(load_scenario(file), folder=file.parent)
        for stream in plan.streams.values():
            assert stream.demand["served"].all()
            assert "示例" not in set(stream.demand["id"])
        household = plan.streams["household_transfer"]
        assert "现有设施0" in set(household.facilities["id"])
        assert "kept" in set(household.facilities["status"])
        objectives.append(household.certificate.objective)
    assert objectives[0] == pytest.approx(objectives[1], rel=0.02)


def test_the_prefilled_template_is_sound_but_has_nobody_to_serve(tmp_path):
    workbook, scenario = write_template(tmp_path, ["household_transfer"])
    for file in (workbook, scenario):
        with pytest.raises(InputError, match="no rows of data"):
            run(load_scenario(file), folder=tmp_path)


@pytest.mark.parametrize("stream", stream_ids())
def test_every_stream_has_a_template_with_a_sheet_for_its_demand(tmp_path, stream):
    workbook, scenario = write_template(tmp_path, [stream])
    titles = load_workbook(workbook).sheetnames
    assert titles[:2] == ["说明", "设置"]
    assert {"现有设施", "备选点", "乡镇"} <= set(titles)
    assert [use.stream for use in load_scenario(scenario).streams] == [stream]
    assert [use.stream for use in load_scenario(workbook).streams] == [stream]


def test_nothing_is_overwritten_and_unknown_streams_are_refused(tmp_path):
    write_template(tmp_path)
    with pytest.raises(InputError, match="exist already"):
        write_template(tmp_path)
    with pytest.raises(InputError, match="did you mean straw_storage"):
        write_template(tmp_path / "new", ["straw_storag"])
    assert not (tmp_path / "new").exists()

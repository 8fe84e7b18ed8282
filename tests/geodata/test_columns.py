from __future__ import annotations

import pytest

from geodata.columns import (
    NOUNS,
    column_spec,
    column_specs,
    header_score,
    kind_of_sheet,
    layer_kinds,
    layer_spec,
    match_columns,
    missing_columns,
    standard_word,
)
from geodata.units import parse_unit


def found(headers, kind, **options):
    matched, faults = match_columns(headers, kind, "f.csv", **options)
    assert not faults, faults
    return {column.header: (column.spec.name, column.unit) for column in matched}


def test_the_facility_table_that_planners_hand_in():
    headers = ["序号", "设施名称", "类型/级别", "所在乡镇村", "坐标(CGCS2000)", "用地面积（亩）", "用地性质",
               "设计规模(t/d)", "现状处理量/万t", "状态", "投资\n（万元）", "责任单位"]  # fmt: skip
    assert found(headers, "facilities") == {
        "序号": ("serial", ""),
        "设施名称": ("name", ""),
        "类型/级别": ("tier", ""),
        "所在乡镇村": ("village", ""),
        "坐标(CGCS2000)": ("coordinates", ""),
        "用地面积（亩）": ("area_m2", "亩"),
        "用地性质": ("land_use", ""),
        "设计规模(t/d)": ("capacity_t_per_yr", "t/d"),
        "现状处理量/万t": ("throughput_t_per_yr", "万t"),
        "状态": ("state", ""),
        "投资\n（万元）": ("investment_wan_cny", "万元"),
        "责任单位": ("responsible", ""),
    }


def test_headers_in_other_dress():
    got = found(["ＩＤ", " 村 名 ", "Lng", "LATITUDE", "2023年人口", "人口密度"], "villages")
    assert [name for name, _ in got.values()] == ["id", "name", "lon", "lat", "population"]


def test_an_implied_period_joins_a_written_mass():
    assert found(["日处理能力（吨）"], "facilities") == {
        "日处理能力（吨）": ("capacity_t_per_yr", "吨/d")
    }
    assert found(["年处理能力（万吨）"], "facilities") == {
        "年处理能力（万吨）": ("capacity_t_per_yr", "万吨/a")
    }


def test_the_same_word_means_what_the_layer_needs():
    assert found(["类型"], "exclusions") == {"类型": ("kind", "")}
    assert found(["类型"], "facilities") == {"类型": ("tier", "")}
    assert found(["乡镇"], "districts") == {"乡镇": ("name", "")}
    assert found(["乡镇"], "villages") == {"乡镇": ("district", "")}


def test_streams_have_columns_of_their_own():
    got = found(
        ["straw_t_per_yr", "秸秆量（万t/a）"], "villages", aliases={"film_t_per_yr": ["秸秆量"]}
    )
    assert got == {
        "straw_t_per_yr": ("straw_t_per_yr", "t/a"),
        "秸秆量（万t/a）": ("film_t_per_yr", "万t/a"),
    }


def test_columns_named_by_the_scenario_come_first():
    got = found(["名称", "村委会"], "villages", columns={"name": "村委会"})
    assert got == {"村委会": ("name", "")}


def test_names_that_a_shapefile_cut():
    assert found(["demand_t_p", "乡镇名"], "villages", cut_names=True) == {
        "demand_t_p": ("demand_t_per_yr", ""),
    } | {"乡镇名": ("district", "")}


def test_two_headers_for_one_column_are_a_fault():
    _, faults = match_columns(["2020年人口", "2023年人口"], "villages", "f.csv")
    assert "2020年人口" in str(faults[0])
    assert "columns: {population: header}" in str(faults[0])


def test_a_header_named_in_vain_and_a_missing_column_suggest_the_nearest():
    _, faults = match_columns(["村名字"], "villages", "f.csv", columns={"name": "村名"})
    assert "do you mean 村名字" in str(faults[0])
    matched, _ = match_columns(["村民", "经度"], "villages", "f.csv")
    fault = missing_columns(["name"], matched, ["村民", "经度"], "f.csv")[0]
    assert "do you mean 村民" in str(fault)


def test_header_rows_score_by_distinct_columns():
    assert header_score(["村名", "经度", "纬度", "x1"], "villages") == 3
    assert header_score(["冠县村庄一览表", None], "villages") == 0


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("现状保留", "kept"),
        ("在建", "building"),
        ("已批未建", "approved"),
        ("改造提升", "upgrade"),
        ("扩建", "expand"),
        ("迁建", "move"),
        ("关停", "close"),
        ("规划新建", "planned"),
        ("临时", "temporary"),
        ("季节性", "seasonal"),
        ("Existing", "kept"),
        ("move", "move"),
        ("不知道", None),
    ],
)
def test_states_in_both_languages(word, state):
    assert standard_word("state", word) == state


def test_sheets_are_known_by_name():
    assert kind_of_sheet("村庄") == "villages"
    assert kind_of_sheet("现有设施") == "facilities"
    assert kind_of_sheet("Sheet1") is None


def test_the_knowledge_is_whole():
    for name, spec in column_specs().items():
        assert spec.type in (
            "id",
            "text",
            "number",
            "bool",
            "year",
            "state",
            "kind",
            "coordinate",
        ), name
        if spec.unit not in ("", "1"):
            parse_unit(spec.unit)
        for alias in spec.aliases:
            implied = alias.partition("@")[2].strip()
            assert not implied or parse_unit(implied).per_year, alias
    for kind in layer_kinds():
        spec = layer_spec(kind)
        assert spec.noun in NOUNS
        for name in (*spec.columns, *spec.extra, *spec.needs):
            assert name in column_specs(), name
    assert layer_spec("farms").needs == layer_spec("villages").needs
    assert column_spec("straw_t_per_yr").type == "number"

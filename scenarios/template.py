"""``wangdian init``: a workbook to fill in, and the scenario that plans it.

The sheets are what a county's planners have or can ask the townships for. Each has its headers in
Chinese with their units, and one example row whose number begins with 示例, which is never planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from geodata.columns import words_of
from geodata.faults import N_, Fault, InputError
from scenarios.load import profile_of
from scenarios.output import staging_folder
from scenarios.schema import StreamProfile, StreamUse

WORKBOOK_NAME = "模板.xlsx"
SCENARIO_NAME = "scenario.yaml"
EXAMPLE = "示例"
SYSTEMS = ("CGCS2000", "WGS84", "GCJ-02", "BD-09")
ROWS_VALIDATED = 5000


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its header, an example, and how to fill it."""

    header: str
    example: str | float
    note: str = ""
    width: int = 14


@dataclass(frozen=True)
class Sheet:
    """A sheet of the template: the layer it is read as, its name and columns."""

    layer: str
    title: str
    note: str
    columns: tuple[Column, ...]


_PLACE = (
    Column("经度", 115.4421, "十进制度，如 115.4421"),
    Column("纬度", 36.4837, "十进制度，如 36.4837"),
)
_DEMAND_COLUMNS = {
    "population": Column("常住人口（人）", 1250),
    "households": Column("户数（户）", 380),
    "sown_area_mu": Column("播种面积（亩）", 2600, "各季作物播种面积之和", 16),
    "floor_area_m2": Column("建筑面积（m²）", 24000),
    "seats": Column("座位数（个）", 60),
    "beds": Column("床位数（张）", 20),
    "count": Column("数量（个）", 1),
}
_LAYER_TITLES = {
    "villages": "村庄",
    "estates": "小区",
    "restaurants": "餐饮单位",
    "clinics": "医疗机构",
    "repair_shops": "维修店",
    "works": "企业",
    "building_sites": "工地",
}


def write_template(folder: Path | str, streams: Sequence[str] = ()) -> tuple[Path, Path]:
    """Write the template workbook and its scenario into a folder.

    Parameters
    ----------
    folder : made if absent; files of these names in it are not overwritten
    streams : ids of the streams to plan; household transfer stations where empty

    Raises
    ------
    InputError
        For an unknown stream, files that are there already, or a folder that cannot be written.
    """
    folder = Path(folder)
    uses = [StreamUse(stream=one) for one in streams or ("household_transfer",)]
    profiles = [profile_of(use) for use in uses]
    there = [name for name in (WORKBOOK_NAME, SCENARIO_NAME) if (folder / name).exists()]
    if there:
        message = N_("{names} exist already; choose another folder or move them away")
        raise InputError([Fault(str(folder), message, {"names": ", ".join(there)})])
    sheets = template_sheets(profiles)
    with staging_folder(folder) as staging:
        _workbook(sheets, profiles).save(staging / WORKBOOK_NAME)
        text = scenario_text(sheets, profiles)
        (staging / SCENARIO_NAME).write_text(text, encoding="utf-8")
    return folder / WORKBOOK_NAME, folder / SCENARIO_NAME


def template_sheets(profiles: Sequence[StreamProfile]) -> tuple[Sheet, ...]:
    """The sheets that these streams need: their demand layers first, then what stands."""
    by_layer: dict[str, list[StreamProfile]] = {}
    for profile in profiles:
        by_layer.setdefault(profile.demand.layer, []).append(profile)
    demand = [_demand_sheet(layer, found) for layer, found in by_layer.items()]
    return (*demand, _facilities(profiles), _candidates(profiles), _DISTRICTS)


def _demand_sheet(layer: str, profiles: Sequence[StreamProfile]) -> Sheet:
    quantities = dict.fromkeys(
        factor.of for profile in profiles for factor in profile.demand.factors
    )
    wanted = ["population", *(one for one in quantities if one != "population")]
    stated = [
        Column(
            f"{profile.facility_stream_names[0]}产生量（t/年）",
            "",
            "有统计数时填写，优先采用；空着则按系数估算",
            20,
        )
        for profile in profiles
        if profile.demand.stated_column and profile.facility_stream_names
    ]
    title = _LAYER_TITLES.get(layer, layer)
    columns = (
        Column("编号", EXAMPLE, "不重复；示例行不参与规划", 10),
        Column("名称", "王庄村", "", 18),
        Column("乡镇（街道）", "东古城镇", "与“乡镇”表一致", 16),
        *_PLACE,
        *(_DEMAND_COLUMNS[one] for one in wanted if one in _DEMAND_COLUMNS),
        *stated,
    )
    return Sheet(layer, title, "每行一个点；名称重复时以编号和乡镇区分", columns)


def _facilities(profiles: Sequence[StreamProfile]) -> Sheet:
    first = profiles[0]
    columns = (
        Column("编号", EXAMPLE, "", 10),
        Column("设施名称", f"东古城镇{first.tiers[0].name.zh}", "", 24),
        Column("乡镇（街道）", "东古城镇", "", 16),
        *_PLACE,
        Column("类别", first.facility_stream_names[0], "见“设置”表的类别", 16),
        Column("级别", first.tiers[0].name.zh, "、".join(t.name.zh for t in first.tiers), 20),
        Column("状态", "现状保留", "下拉选择", 12),
        Column("设计规模（t/年）", 7300, "单位也可改为 t/d", 16),
        Column("现状处理量（t/年）", 5100, "", 18),
        Column("占地面积（m²）", 800, "", 16),
    )
    return Sheet(
        "facilities", "现有设施", "现状、在建、已批未建、关停等全部设施；没有可空着", columns
    )


def _candidates(profiles: Sequence[StreamProfile]) -> Sheet:
    first = profiles[0]
    columns = (
        Column("编号", EXAMPLE, "", 10),
        Column("名称", "东古城镇闲置粮站", "", 24),
        Column("乡镇（街道）", "东古城镇", "", 16),
        *_PLACE,
        Column("类别", first.facility_stream_names[0], "空着表示各类均可", 16),
        Column("可用面积（m²）", 5000, "", 16),
    )
    return Sheet("candidates", "备选点", "可以建设的地块；空着时以各村所在地为备选", columns)


_DISTRICTS = Sheet(
    "districts",
    "乡镇",
    "全部乡镇（街道）、开发区；驻地坐标可空",
    (
        Column("编号", EXAMPLE, "", 10),
        Column("名称", "东古城镇", "", 18),
        Column("驻地经度", 115.4421, "", 14),
        Column("驻地纬度", 36.4837, "", 14),
    ),
)


def _settings(profiles: Sequence[StreamProfile]) -> list[tuple[str, Any, str]]:
    return [
        ("标题", "示范县收运设施布局规划", "印在图和表上"),
        ("县区", "示范县", ""),
        ("基准年", 2025, ""),
        (
            "坐标系",
            SYSTEMS[0],
            "各表坐标的坐标系。取自高德、腾讯地图的是 GCJ-02，百度地图的是 BD-09",
        ),
        ("类别", "、".join(profile.name.zh for profile in profiles), "要规划的类别，用顿号分开"),
        ("道路文件", "", "如 roads.osm.pbf、道路.gpkg；空着时按直线距离乘绕行系数测算"),
        ("道路坐标系", "", "道路文件没有自带坐标系时填写"),
        ("求解时限（秒）", 60, "每一级设施的求解时间上限"),
        ("允许差距", 0.01, "与理论最优的允许差距，0.01 即 1%"),
    ]


def _notes(sheets: Sequence[Sheet], profiles: Sequence[StreamProfile]) -> list[str]:
    lines = [
        "填写说明",
        f"1. 先填“设置”，再填{'、'.join(f'“{one.title}”' for one in sheets)}。",
        "   灰色示例行可保留，不参与规划。",
        "2. 坐标用十进制度；必须在“设置”中如实填写坐标系，坐标系填错会整体偏移约 500 m。",
        "3. 数字可带单位；面积可填亩，吨位必须写明单位（t/年、t/d、万t/年）。",
        "   不知道的留空，不要填 0。",
        "4. 填好后运行：wangdian check 模板.xlsx，再运行：wangdian plan 模板.xlsx --out 方案",
        "   也可以运行 wangdian plan scenario.yaml --out 方案，用 --set 修改取值。",
        "",
        "本模板规划的类别",
    ]
    for profile in profiles:
        lines.append(f"· {profile.name.zh}：{profile.summary.zh}")
        if profile.demand.definition is not None:
            lines.append(f"  口径：{profile.demand.definition.zh}")
    return lines


def _workbook(sheets: Sequence[Sheet], profiles: Sequence[StreamProfile]) -> Workbook:
    book = Workbook()
    notes = book.active
    assert isinstance(notes, Worksheet)  # noqa: S101 - a new workbook has one
    notes.title = "说明"
    for row, line in enumerate(_notes(sheets, profiles), start=1):
        cell = notes.cell(row, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=row == 1)
    notes.column_dimensions["A"].width = 100
    _fill_settings(book.create_sheet("设置"), profiles)
    for sheet in sheets:
        _fill_sheet(book.create_sheet(sheet.title), sheet)
    return book


def _fill_settings(page: Worksheet, profiles: Sequence[StreamProfile]) -> None:
    _header(page, 1, ("设置项", "取值", "说明"))
    for row, (key, value, note) in enumerate(_settings(profiles), start=2):
        for column, text in enumerate((key, value, note), start=1):
            page.cell(row, column, text if text != "" else None)
        if key == "坐标系":
            _choices(page, "B", row, row, SYSTEMS)
    for letter, width in (("A", 18), ("B", 36), ("C", 70)):
        page.column_dimensions[letter].width = width


def _fill_sheet(page: Worksheet, sheet: Sheet) -> None:
    page.cell(1, 1, f"{sheet.title}表").font = Font(bold=True, size=14)
    page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(sheet.columns))
    _header(page, 2, [column.header for column in sheet.columns])
    grey = PatternFill("solid", fgColor="EEEEEE")
    for position, column in enumerate(sheet.columns, start=1):
        cell = page.cell(3, position, column.example if column.example != "" else None)
        cell.fill = grey
        letter = get_column_letter(position)
        page.column_dimensions[letter].width = column.width
        if column.note:
            _prompt(page, letter, column)
        if column.header == "状态":
            _choices(page, letter, 3, ROWS_VALIDATED, _states())
    page.freeze_panes = "C3"


def _header(page: Worksheet, row: int, headers: Sequence[str]) -> None:
    fill = PatternFill("solid", fgColor="DCE6F1")
    for position, text in enumerate(headers, start=1):
        cell = page.cell(row, position, text)
        cell.font, cell.fill = Font(bold=True), fill
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _states() -> tuple[str, ...]:
    """The documents' own words for the states, one a state."""
    first: dict[str, str] = {}
    for word, state in words_of("state").items():
        if any("一" <= letter <= "鿿" for letter in word):
            first.setdefault(state, word)
    return tuple(first.values())


def _choices(page: Worksheet, letter: str, first: int, last: int, words: Sequence[str]) -> None:
    choices = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
    page.add_data_validation(choices)
    choices.add(f"{letter}{first}:{letter}{last}")


def _prompt(page: Worksheet, letter: str, column: Column) -> None:
    """The note shows when the cell is entered; it is not text that could be read as data."""
    prompt = DataValidation(allow_blank=True, showInputMessage=True)
    prompt.promptTitle, prompt.prompt = column.header[:32], column.note[:255]
    page.add_data_validation(prompt)
    prompt.add(f"{letter}3:{letter}{ROWS_VALIDATED}")


def scenario_text(sheets: Sequence[Sheet], profiles: Sequence[StreamProfile]) -> str:
    """The scenario of the template as YAML with comments."""
    layers = "\n".join(
        f"  {sheet.layer}: {{file: {WORKBOOK_NAME}, sheet: {sheet.title}, crs: cgcs2000}}"
        for sheet in sheets
    )
    streams = "\n".join(
        f"  - stream: {profile.id}  # {profile.name.zh}\n"
        "    # set: {tiers." + profile.tiers[0].id + ".circuity: 1.4}"
        for profile in profiles
    )
    return f"""\
# 情景文件：与 {WORKBOOK_NAME} 同放一处。检查：wangdian check {SCENARIO_NAME}
# 规划：wangdian plan {SCENARIO_NAME} --out 方案
title: 示范县收运设施布局规划
area: 示范县
base_year: 2025
layers:  # crs: cgcs2000, wgs84, gcj02（高德、腾讯）, bd09（百度）或 EPSG 代码，如实填写
{layers}
# roads: {{file: roads.osm.pbf}}  # 没有道路时按直线距离乘绕行系数测算
streams:
{streams}
solver: {{time_limit_s: 60, gap: 0.01}}
max_snap_m: 500
off_road: straight
"""

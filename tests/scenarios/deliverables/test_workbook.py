"""The workbook is read back with openpyxl, as a spreadsheet program would."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from scenarios import wording
from scenarios.answers import is_open
from scenarios.deliverables.workbook import SHEETS, write_workbook
from scenarios.deliverables.workbook_evidence import assumption_rows
from scenarios.deliverables.workbook_sheet import LARGEST_TEXT, clean_text
from scenarios.deliverables.workbook_villages import TOTAL, district_summary
from scenarios.deliverables.workbook_words import Subject
from scenarios.plan_json import sourced_numbers
from tests.scenarios.deliverables.plans import HOSTILE_NAMES, make_plan

DAY = date(2026, 1, 2)
ZH_SHEETS = [
    "说明", "设施一览表", "现状与缺口", "现状设施", "村庄", "乡镇汇总", "指标", "未覆盖村",
    "输入与问题", "默认值与依据", "证明",
]  # fmt: skip
FILTERED = (
    "Facility table", "Sites standing today", "Villages", "Township summary", "Uncovered villages",
    "Defaults and sources", "Certificate",
)  # fmt: skip
LEFT_EMPTY = {
    "Land-use category", "Phase",  # no input states them
    "Clause", "Edition", "Note",  # where a source has one
    "What could not be had", "Findings",  # where there is something
}  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return make_plan(60, hostile=True)


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "plan.xlsx"
    write_workbook(plan, path, day=DAY)
    return path


@pytest.fixture(scope="module")
def book(written):
    return openpyxl.load_workbook(written)


@pytest.fixture(scope="module")
def english(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "en.xlsx"
    write_workbook(plan, path, "en", day=DAY)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def small_english(small_plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "small_en.xlsx"
    write_workbook(small_plan, path, "en", day=DAY)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def small_book(small_plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "small.xlsx"
    write_workbook(small_plan, path, day=DAY)
    return openpyxl.load_workbook(path)


def table(sheet):
    """The filtered rows of a sheet, by its headings."""
    head, *rows = sheet[sheet.auto_filter.ref].__iter__()
    names = [cell.value for cell in head]
    return pd.DataFrame([[cell.value for cell in row] for row in rows], columns=names)


def test_has_every_sheet_with_a_valid_name_in_both_languages(book, english):
    assert book.sheetnames == ZH_SHEETS
    for names in (book.sheetnames, english.sheetnames):
        assert len({name.casefold() for name in names}) == len(SHEETS) + 1
        assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)


def test_nothing_is_a_formula_a_link_or_markup(book, written):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None
    with zipfile.ZipFile(written) as package:
        for name in package.namelist():
            text = package.read(name).decode()
            ET.fromstring(text)  # noqa: S314 - written by us
            assert "<f>" not in text
            assert "<hyperlink" not in text


def test_hostile_names_are_read_back_as_they_are_but_for_refused_characters(english):
    names = set(table(english["Villages"])["Village or point"])
    for hostile in HOSTILE_NAMES:
        assert clean_text(hostile) in names
    assert clean_text("甲\x00乙\x0b") == "甲乙"
    assert clean_text("\t=1+1") == " =1+1"


def test_a_name_that_begins_like_a_formula_stays_text_when_edited(book):
    quoted = [
        cell for row in book["村庄"].iter_rows() for cell in row
        if isinstance(cell.value, str) and cell.value.lstrip().startswith(("=", "+", "-", "@"))
    ]  # fmt: skip
    assert len(quoted) >= 5
    assert all(cell.quotePrefix for cell in quoted)


@given(st.text(max_size=200))
def test_any_text_becomes_text_that_xml_can_hold(text):
    cleaned = clean_text(text)
    element = ET.fromstring(f"<t>{escape(cleaned)}</t>")  # noqa: S314 - written by us
    assert element.text == (cleaned or None)
    assert "\n" not in cleaned
    assert clean_text(cleaned) == cleaned


def test_markup_of_the_writers_own_is_not_let_through(plan, tmp_path):
    stream = next(iter(plan.streams.values()))
    demand = stream.demand.copy()
    demand.loc[0, "name"] = "<r><t>x</t></r>"
    demand.loc[1, "name"] = "甲" * (LARGEST_TEXT + 5)
    demand.loc[2, "name"] = "_x0041_"
    changed = replace(plan, streams={stream.profile.id: replace(stream, demand=demand)})
    write_workbook(changed, tmp_path / "plan.xlsx", "en", day=DAY)
    names = table(openpyxl.load_workbook(tmp_path / "plan.xlsx")["Villages"])["Village or point"]
    assert names[0].strip() == "<r><t>x</t></r>"
    assert len(names[1]) == LARGEST_TEXT
    assert unescape(names[2]) == "_x0041_"  # as Excel reads it


def test_the_facility_table_says_what_the_plan_says(plan, english):
    rows = table(english["Facility table"])
    expected = pd.concat(
        [s.facilities[is_open(s.facilities["status"]) | (s.facilities["status"] == "closed")]
         for s in plan.streams.values()]
    )  # fmt: skip
    assert len(rows) == len(expected)
    assert list(rows["No."]) == list(range(1, len(rows) + 1))
    back = rows.set_index("Id").loc[expected["id"]]
    assert back["Tonnes taken (t/yr)"].to_numpy(float) == pytest.approx(
        expected["throughput_t_per_yr"].to_numpy()
    )
    assert back["Land area (mu)"].to_numpy(float) == pytest.approx(
        expected["land_m2"].to_numpy() * 3 / 2000
    )
    # CGCS2000 and WGS84 differ by less than the digits of a degree shown.
    assert back["Longitude (CGCS2000)"].to_numpy(float) == pytest.approx(
        expected.geometry.x, abs=1e-5
    )
    assert set(rows["Status"]) <= set(wording.STATUS_NAMES.values())
    assert (back["Farthest (km)"] * 1000).to_numpy(float) == pytest.approx(
        expected["worst_impedance"].to_numpy(), nan_ok=True
    )


def test_every_point_stands_in_the_village_table_and_the_uncovered_with_their_reason(plan, english):
    demand = pd.concat([stream.demand for stream in plan.streams.values()])
    villages, uncovered = table(english["Villages"]), table(english["Uncovered villages"])
    assert len(villages) == len(demand)
    assert (villages["Served"] == "yes").sum() == demand["served"].sum()
    assert len(uncovered) == (~demand["served"]).sum() > 0
    assert uncovered["Reason"].notna().all()


def test_district_sums_add_up_to_the_whole(plan):
    for stream in plan.streams.values():
        summary = district_summary(stream)
        parts, whole = summary.drop(index=TOTAL), summary.loc[TOTAL]
        for column in ("points", "tonnes", "served", "sites", "new", "taken", "investment"):
            assert parts[column].sum() == pytest.approx(whole[column]), column
        assert whole["points"] == len(stream.demand)


def test_every_sourced_number_of_every_stream_is_listed_with_its_evidence(small_plan):
    for stream in small_plan.streams.values():
        rows = list(assumption_rows(Subject(small_plan, "zh"), stream.profile))
        keys = [row[-1] for row in rows]
        assert len(set(keys)) == len(keys)
        for key, one in sourced_numbers(stream.profile, ""):
            row = rows[keys.index(key)]
            assert row[2] == one.value
            assert row[4] == one.source
            if one.evidence in ("recalled", "assumed"):
                assert "规划取值（非规范条文）" in row[7]


def test_the_certificate_speaks_plainly(book, english):
    rows = table(english["Certificate"])
    assert set(table(book["证明"]).iloc[:, 2]) == {"与理论最优最多相差 0.8%"}
    assert rows["Difference"].to_numpy(float) == pytest.approx(0.008)


def test_faults_name_place_and_remedy_in_the_readers_language(plan, book):
    cells = [cell.value for row in book["输入与问题"].iter_rows() for cell in row]
    for fault in plan.faults:
        assert clean_text(fault.where) in cells
    assert "提示" in cells


def test_synthetic_data_is_labelled_on_every_sheet(book):
    for sheet in book:
        assert sheet["A2"].value.startswith("合成数据"), sheet.title
        assert "合成数据" in (sheet.oddHeader.left.text or "")


def test_tables_are_made_to_be_filtered_scrolled_and_printed(english):
    for sheet in english:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToHeight, sheet.page_setup.fitToWidth or 1) == (0, 1)
        filtered = sheet.title in FILTERED
        assert bool(sheet.auto_filter.ref) == filtered, sheet.title
        if filtered:
            top = sheet[sheet.auto_filter.ref][0][0].row
            assert sheet.freeze_panes == f"A{top + 1}"
            assert sheet.print_title_rows == f"${top}:${top}"


def test_the_same_plan_and_day_give_the_same_bytes(plan, written, tmp_path):
    write_workbook(plan, tmp_path / "again.xlsx", day=DAY)
    assert (tmp_path / "again.xlsx").read_bytes() == written.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["again.xlsx"]


def test_a_folder_that_is_not_there_is_the_systems_own_error(plan, tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        write_workbook(plan, tmp_path / "no" / "plan.xlsx")
    assert caught.value.errno == 2


@pytest.mark.parametrize("name", FILTERED)
def test_columns_are_filled_from_a_planned_county(small_english, name):
    rows = table(small_english[name])
    assert len(rows) or name == "Uncovered villages"
    empty = {column for column in rows if len(rows) and rows[column].isna().all()}
    # A county where all are served gives no reasons.
    assert empty <= LEFT_EMPTY | {"Reason"}
    assert len(set(rows.columns)) == len(rows.columns)


def test_a_planned_county_reads_as_chinese_throughout(small_plan, small_book):
    """No English sentence of the code is left untranslated, but for the names of methods."""
    methods = {t.certificate.method for s in small_plan.streams.values() for t in s.tiers}
    methods |= {s.certificate.method for s in small_plan.streams.values()}
    left = {
        cell.value for sheet in small_book for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, str) and re.fullmatch(r"[A-Za-z][a-z]+( [a-z,]+){2,}", cell.value)
        and cell.value not in methods
    }  # fmt: skip
    assert left == set()


def test_english_headings_are_english(plan):
    subject = Subject(plan, "en")
    for build, _about in SHEETS:
        for block in build(subject).blocks:
            for column in block.columns:
                assert column.heading.replace("²", "").isascii()


def test_headings_of_a_block_differ_in_chinese_too(plan):
    subject = Subject(plan, "zh")
    for build, _about in SHEETS:
        for block in build(subject).blocks:
            headings = [column.heading for column in block.columns]
            assert len(set(headings)) == len(headings), headings

from __future__ import annotations

import pytest

from geodata.faults import InputError
from geodata.tables import decode, read_text_table, read_workbook_table, table_of_rows
from geodata.workbooks import read_sheet, sheet_names, workbook_layers
from tests.geodata.tables_on_disk import VILLAGES, csv_file, workbook


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_of_chinese_excel(tmp_path, encoding):
    table = read_text_table(csv_file(tmp_path, encoding=encoding), "villages")
    assert table.headers == ("村名", "乡镇", "经度", "纬度", "人口")
    assert table.rows[0][0] == "王庄村"
    assert table.row_numbers.tolist() == [2, 3, 4]


def test_a_cut_last_character_does_not_change_the_encoding():
    assert decode("王庄村".encode()[:-1], "f") == "王庄"


def test_gb18030_comes_after_utf8_and_bytes_that_are_neither_are_refused():
    text = "㐀村"  # beyond GBK
    assert decode(text.encode("gb18030"), "f") == text
    assert decode(text.encode(), "f") == text
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        decode(b"\x00\x01\xff\xff\x80", "f")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_separators(tmp_path, delimiter):
    text = f"村名{delimiter}乡镇{delimiter}人口\n王庄村{delimiter}贾镇{delimiter}5\n"
    table = read_text_table(csv_file(tmp_path, text), "villages")
    assert table.rows == [["王庄村", "贾镇", "5"]]


TITLED = [
    ["冠县行政村基本情况表"],
    ["单位：人、亩", None, None, "2023年"],
    [],
    ["序号", "村名", "乡镇", "坐标", None, "人口"],
    [None, None, None, "经度", "纬度", "（万人）"],
    ["甲", "乙", "1", "2", "3", "4"],
    [1, "王庄村", "贾镇", 115.6, 36.5, 0.05],
    ["一、店子镇"],
    [2, "李庄村", "贾镇", 115.6, 36.5, 0.05],
    [None, "小计", None, None, None, 0.1],
    ["序号", "村名", "乡镇", "坐标", None, "人口"],
    [],
    [3, "示例村", None, 115.6, 36.5, 0.05],
    [None, "合 计", None, None, None, 0.1],
    ["注：数据来自统计局"],
    ["填表人：", "王某"],
]


def test_titles_two_row_headers_units_totals_and_remarks():
    table = table_of_rows(TITLED, "villages", "f")
    assert table.headers == ("序号", "村名", "乡镇", "经度", "纬度", "人口(万人)")
    assert [row[1] for row in table.rows] == ["王庄村", "李庄村", "示例村"]
    assert table.row_numbers.tolist() == [7, 9, 13]  # as Excel shows them
    assert table.skipped == {"numbering": 1, "note": 3, "total": 2, "header": 1}


def test_example_rows_of_templates_are_left_out():
    rows = [["编号", "村名"], ["示例", "王庄村"], ["V1", "李庄村"]]
    table = table_of_rows(rows, "villages", "f")
    assert [row[0] for row in table.rows] == ["V1"]
    assert table.skipped == {"example": 1}


def test_blank_lines_and_line_breaks_in_cells_keep_row_numbers(tmp_path):
    text = '村名,备注\n\n王庄村,"两\n行"\n李庄村,\n'
    table = read_text_table(csv_file(tmp_path, text), "villages")
    assert table.row_numbers.tolist() == [3, 4]


def test_files_without_headers_go_by_position(tmp_path):
    table = read_text_table(csv_file(tmp_path, "1,王庄村\n2,李庄村\n"), "villages", ["#1", "#2"])
    assert table.headers == ("#1", "#2")
    assert len(table.rows) == 2


def test_no_header_and_empty_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no header row"):
        read_text_table(csv_file(tmp_path, "1,2\n3,4\n"), "villages")
    with pytest.raises(InputError, match="is empty"):
        read_text_table(csv_file(tmp_path, "\n\n"), "villages")


def test_merged_townships_fill_down(tmp_path):
    rows = [["乡镇", "村名"], ["贾镇", "王庄村"], [None, "李庄村"], ["店子镇", "张庄村"]]
    path = workbook(tmp_path, {"村庄": rows}, {"村庄": ["A2:A3"]})
    table = read_workbook_table(path, "villages")
    assert [row[0] for row in table.rows] == ["贾镇", "贾镇", "店子镇"]
    assert table.where == "county.xlsx [村庄]"


def test_a_whole_scenario_in_one_workbook(tmp_path):
    path = workbook(
        tmp_path,
        {
            "说明": [["x"]],
            "村庄": [["村名"], ["王庄村"]],
            "设施": [["设施名称", "状态"], ["A", "现状"]],
        },
    )
    assert sheet_names(path) == ("说明", "村庄", "设施")
    assert workbook_layers(path) == {"villages": "村庄", "facilities": "设施"}
    assert read_sheet(path, None, "facilities")[0] == "设施"
    with pytest.raises(InputError, match="do you mean 村庄"):
        read_sheet(path, "村庄表格")


def test_the_sheet_with_most_headers_is_taken_and_a_tie_is_asked_about(tmp_path):
    path = workbook(tmp_path, {"Sheet1": [["村名", "人口"], ["a", 1]], "Sheet2": [["甲"], ["b"]]})
    assert read_sheet(path, None, "villages")[0] == "Sheet1"
    path = workbook(tmp_path, {"Sheet1": [["村名"], ["a"]], "Sheet2": [["村名"], ["b"]]})
    with pytest.raises(InputError, match="Sheet1, Sheet2"):
        read_sheet(path, None, "villages")


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_cut_workbooks_end_in_one_message(tmp_path, keep):
    path = workbook(tmp_path, {"村庄": [["村名"], ["a"]]})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(InputError, match=r"county\.xlsx: .*(damaged|cut short)") as error:
        read_sheet(path)
    assert len(error.value.faults) == 1


def test_other_files_called_xlsx_and_old_xls(tmp_path):
    csv_file(tmp_path, VILLAGES, name="a.xlsx")
    with pytest.raises(InputError, match="damaged or cut short"):
        read_sheet(tmp_path / "a.xlsx")
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(InputError, match=r"save it as \.xlsx"):
        read_sheet(tmp_path / "a.xls")

"""Cells of indicator tables, as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.cells import CellKind, read_cell


@pytest.mark.parametrize(
    ("text", "unit", "value", "bound", "strict"),
    [
        ("94%", "%", 94, "", False),
        (">95%", "%", 95, "at_least", True),
        ("≥95%", "%", 95, "at_least", False),
        ("＞95％", "%", 95, "at_least", True),
        ("95%以上", "%", 95, "at_least", False),
        ("不低于46%", "%", 46, "at_least", False),
        ("不高于65%", "%", 65, "at_most", False),
        ("低于300吨/万平方米", "吨/万平方米", 300, "at_most", True),
        ("98%左右", "%", 98, "about", False),
        ("5. 27 万吨", "万吨", 5.27, "", False),
        ("22.1377", "万吨", 22.1377, "", False),
        ("1座以上", "座", 1, "at_least", False),
        ("3.21 吨/万元", "吨/万元", 3.21, "", False),
    ],
)
def test_a_number_is_read_in_the_unit_of_its_row(text, unit, value, bound, strict):
    cell = read_cell(text)
    assert cell.kind is CellKind.NUMBER
    assert cell.value_in(unit) == pytest.approx(value)
    assert (cell.bound, cell.strict) == (bound, strict)


@pytest.mark.parametrize("text", ["X%", "x%", "X亩", "不低于X%", "不少于X个", "XX%"])
def test_a_placeholder_is_unknown_and_never_a_number(text):
    cell = read_cell(text)
    assert cell.kind is CellKind.UNKNOWN
    assert cell.value_in("%") is None


@pytest.mark.parametrize("text", ["/", "—", "", " "])
def test_a_slash_is_no_target(text):
    assert read_cell(text).kind is CellKind.NONE


@pytest.mark.parametrize("text", ["完成", "总体满意", "取得初步成效", "2(国家级) 10(省级)"])
def test_words_stay_words(text):
    assert read_cell(text).kind is CellKind.WORDS


def test_brackets_say_the_year_or_the_basis():
    assert read_cell("91.39%(2021年)").year == 2021
    assert read_cell("6%（较 2020 年）").basis == "较2020年"
    assert read_cell("6%（较 2020 年）").value_in("%") == 6


def test_half_of_the_last_digit_is_the_rounding():
    assert read_cell("93.71%").rounding == pytest.approx(0.005)
    assert read_cell("0.7 万立方米/日").rounding == pytest.approx(500)


@given(st.text(max_size=40))
def test_any_text_is_read_as_something(text):
    cell = read_cell(text)
    assert (cell.kind is CellKind.NUMBER) == (cell.value_in("%") is not None)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.numerals import Quantity, parse_quantity


@pytest.mark.parametrize(
    ("cell", "value", "low", "high", "unit"),
    [
        ("500-1500", 1000, 500, 1500, ""),
        ("５００～１５００", 1000, 500, 1500, ""),
        ("500—1500 t/d", 1000, 500, 1500, "t/d"),
        ("500至1500吨", 1000, 500, 1500, "吨"),
        ("3-5万t", 40_000, 30_000, 50_000, "t"),
        ("3万-5万吨", 40_000, 30_000, 50_000, "吨"),
        ("0-5万吨", 25_000, 0, 50_000, "吨"),
        ("20-30 m²", 25, 20, 30, "m2"),
        ("≥95%", 95, 95, None, "%"),
        ("＞95%", 95, 95, None, "%"),
        ("95 %以上", 95, 95, None, "%"),
        ("不超过5万吨", 50_000, None, 50_000, "吨"),
        ("约500", 500, None, None, ""),
        ("3000余人", 3000, 3000, None, "人"),
        ("3万多人", 30_000, 30_000, None, "人"),
        ("5. 27 万吨", 52_700, None, None, "吨"),
        ("1,234.5", 1234.5, None, None, ""),
        ("1 234 567", 1_234_567, None, None, ""),
        ("１２万亩", 120_000, None, None, "亩"),
        ("1.2E+04", 12_000, None, None, ""),
        ("-3", -3, None, None, ""),
        ("0.65kg/人·d", 0.65, None, None, "kg/人·d"),
        ("500千克", 500_000, None, None, "克"),
    ],
)
def test_reads_numbers_as_planners_write_them(cell, value, low, high, unit):
    quantity = parse_quantity(cell)
    assert quantity.value == pytest.approx(value)
    assert (quantity.low, quantity.high, quantity.unit) == (low, high, unit)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "/",
        "—",
        "——",
        "-",
        "无",
        "不详",
        "X%",
        "X亩",
        "XX",
        "n/a",
        None,
        math.nan,
        math.inf,
    ],
)
def test_marks_for_unknown_are_null_and_never_zero(cell):
    assert parse_quantity(cell) == Quantity(None)


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "10 20",
        "12a34",
        "2.3.4",
        "万吨",
        "1-2-3",
        "1,23",
        "5-3",
        "1e999",
        True,
        "二百",
        "9" * 300,
    ],
)
def test_other_text_is_refused(cell):
    with pytest.raises(ValueError):
        parse_quantity(cell)


def test_a_scale_in_the_cell_is_told_from_one_in_the_header():
    assert parse_quantity("5.27万").scaled
    assert not parse_quantity("5.27").scaled


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_what_python_prints_is_read_back(number):
    assert parse_quantity(repr(number)).value == number
    assert parse_quantity(np.float64(number)).value == number


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.sampled_from(["-", "~", "～", "—", "至", "到"]),
)
def test_a_range_has_its_middle_and_ends(one, other, mark):
    low, high = sorted((one, other))
    quantity = parse_quantity(f"{low}{mark}{high}")
    assert (quantity.low, quantity.high) == (low, high)
    assert quantity.value == pytest.approx((low + high) / 2)


@given(st.integers(0, 10**9))
def test_full_width_digits_and_thousands_marks_change_nothing(number):
    wide = str(number).translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    assert parse_quantity(wide).value == number
    assert parse_quantity(f"{number:,}").value == number


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(text):
    try:
        quantity = parse_quantity(text)
    except ValueError:
        return
    assert quantity.value is None or math.isfinite(quantity.value)

from __future__ import annotations

import pytest

from geodata.faults import (
    Fault,
    InputError,
    Phrase,
    Severity,
    list_names,
    list_rows,
    nearest_hint,
    raise_errors,
)

CHINESE = {
    "row {rows}": "第 {rows} 行",
    "rows {rows} and {more} more": "第 {rows} 行等，另有 {more} 行",
    "{names} and {more} more": "{names}等，另有 {more} 个",
    " (do you mean {near}?)": "（是否为“{near}”？）",
    "{n} points ({rows}){hint}": "{n} 个点（{rows}）{hint}",
}


def translate(text):
    return CHINESE.get(text, text)


def test_parts_of_a_fault_are_translated_with_it():
    values = {"n": 7, "rows": list_rows(list(range(1, 8))), "hint": nearest_hint("村名")}
    fault = Fault("村庄.csv", "{n} points ({rows}){hint}", values, row=9)
    assert (
        str(fault)
        == "村庄.csv, row 9: 7 points (rows 1, 2, 3, 4, 5 and 2 more) (do you mean 村名?)"
    )
    assert (
        fault.text(translate)
        == "村庄.csv, 第 9 行: 7 个点（第 1, 2, 3, 4, 5 行等，另有 2 行）（是否为“村名”？）"
    )


def test_names_may_be_phrases_and_hold_braces():
    names = [Phrase("{name} ({rows})", {"name": "{x}", "rows": list_rows([3])}), "b"]
    assert str(list_names(names)) == "{x} (row 3), b"
    assert list_names(list("abcdefg")).text(translate) == "a, b, c, d, e等，另有 2 个"
    assert nearest_hint("") == ""


def test_errors_are_raised_together_and_warnings_are_not():
    warning = Fault("a", "w", severity=Severity.WARNING)
    raise_errors([warning])
    with pytest.raises(InputError) as error:
        raise_errors([warning, Fault("b", "e"), Fault("c", "f")])
    assert len(error.value.faults) == 3

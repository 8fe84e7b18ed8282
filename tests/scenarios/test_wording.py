"""The catalogue is whole, and numbers, units and dates read well in both languages."""

from __future__ import annotations

import io
import re
import string
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.solution import Certificate, Outcome
from scenarios import wording

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("geodata", "planner", "scenarios", "api")
CATALOGUE = wording.LOCALE_FOLDER / "zh" / "LC_MESSAGES" / "wangdian.po"


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    """What `make catalogue` reads, by the same file of methods."""
    extract = pytest.importorskip("babel.messages.extract")
    frontend = pytest.importorskip("babel.messages.frontend")
    keywords = {**extract.DEFAULT_KEYWORDS, "N_": None}
    with (ROOT / "babel.cfg").open() as file:
        methods, options = frontend.parse_mapping_cfg(file)
    found = set()
    for package in PACKAGES:
        for _, _, message, _, _ in extract.extract_from_dir(
            ROOT / package, methods, options, keywords=keywords
        ):
            found.add(message)
    return found


@pytest.fixture(scope="module")
def catalogue():
    pofile = pytest.importorskip("babel.messages.pofile")
    with CATALOGUE.open("rb") as file:
        return pofile.read_po(file, locale="zh")


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_sentence_in_the_code_has_its_chinese(catalogue, sentences):
    chinese = {message.id: message.string for message in catalogue if message.id}
    missing = sorted(m for m in sentences if not chinese.get(m))
    assert not missing, f"run `make catalogue` and translate: {missing}"


def test_no_chinese_is_left_without_its_sentence(catalogue, sentences):
    assert not sorted(m.id for m in catalogue if m.id and m.id not in sentences)
    assert not catalogue.obsolete
    assert not [m.id for m in catalogue if m.id and m.fuzzy]


def test_both_languages_have_the_same_places(catalogue):
    for message in catalogue:
        if message.id:
            assert places(message.id) == places(message.string), message.id


def test_the_chinese_is_chinese(catalogue):
    """A sentence of words is translated, not copied; a bare unit or symbol may stay."""
    for message in catalogue:
        if message.id and re.search(r"[a-z]{3,} [a-z]{3,}", message.id):
            assert re.search(r"[\u4e00-\u9fff]", message.string), message.id


def test_compiled_catalogue_equals_its_source(catalogue):
    mofile = pytest.importorskip("babel.messages.mofile")
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalogue)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run `make catalogue`"


def test_english_is_the_code_s_own_and_chinese_is_the_catalogue_s():
    assert wording.translator("en")("not chosen") == "not chosen"
    assert wording.translator("zh")("not chosen") == "未选用"
    assert wording.translator("zh")("never in the catalogue") == "never in the catalogue"
    assert wording.translator("zh")("") == ""


def test_unknown_language_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'fr'.*zh, en"):
        wording.translator("fr")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (0, "0"), (-0.0, "0"), (-0.001, "0.00"), (12.34, "12.3"),
     (1.234, "1.23"), (None, "–"), (float("nan"), "–"), (pd.NA, "–"), (True, "–"),
     (np.float64(3), "3"), (np.inf, "–"), ("7", "–")],
)  # fmt: skip
def test_numbers(value, text):
    assert wording.number(value) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_float_makes_a_text(value):
    assert wording.number(value)
    assert wording.distance(value, "zh")


def test_quantities_in_both_languages():
    assert wording.distance(850, "zh") == "850 米"
    assert wording.distance(3210, "zh") == "3.2 公里"
    assert wording.distance(999.7, "en") == "1.0 km"
    assert wording.distance(3210, "en") == "3.2 km"
    assert wording.duration(90, "zh") == "90 秒"
    assert wording.duration(750, "en") == "12 min"
    assert wording.impedance(600, "s", "zh") == "10 分钟"
    assert wording.percent(0.9531) == "95.3%"
    assert wording.quantity(95, "%", "zh") == "95.0%"
    assert wording.quantity(1250.5, "t/yr", "zh") == "1,250 吨/年"
    assert wording.quantity(3, "unheard of", "zh") == "3 unheard of"
    assert wording.quantity(0.3, "wan_cny", "zh") == "0.30 万元"


def test_money_is_in_yuan_in_english():
    assert wording.quantity(0.3, "wan_cny", "en") == "CNY 3,000"
    assert wording.quantity(12.34567, "wan_cny_per_yr", "en", 1) == "CNY 123,457/yr"
    assert wording.quantity(38.5, "cny/t", "en") == "CNY 38.5/t"
    assert wording.quantity(None, "wan_cny", "en") == "–"
    assert wording.area(2000, "zh") == "2,000 m² / 3 亩"
    assert wording.long_date(date(2026, 11, 22), "zh") == "2026年11月22日"
    assert wording.long_date(date(2026, 11, 22), "en") == "22 November 2026"
    assert wording.joined(["甲", "乙"], "zh") == "甲、乙"


def certificate(outcome: Outcome, objective: float, bound: float) -> Certificate:
    return Certificate(
        outcome=outcome, sense="min", objective=objective, bound=bound, seconds=1, method="m",
        solver="s", solver_version="1", problem_hash="h",
    )  # fmt: skip


def test_certificate_in_an_official_s_words():
    nan = float("nan")
    say = wording.certificate_sentence
    assert "已证明最优" in say(certificate(Outcome.OPTIMAL, 10, 10), "zh")
    assert say(certificate(Outcome.FEASIBLE, 1000, 992), "zh") == "与理论最优最多相差 0.8%"
    # Rounded outward: a gap is never made to look smaller than it is.
    assert "0.9%" in say(certificate(Outcome.FEASIBLE, 1000, 991.9), "en")
    assert "0.1%" in say(certificate(Outcome.FEASIBLE, 1e6, 1e6 - 5), "en")
    assert "提前停止" in say(certificate(Outcome.CANCELLED, 1000, 992), "zh")
    assert "未知" in say(certificate(Outcome.FEASIBLE, 1000, nan), "zh")
    assert "无法" in say(certificate(Outcome.INFEASIBLE, nan, nan), "zh")


def test_a_finished_sentence_is_told_again_in_chinese():
    retold = wording.retold
    assert retold("lies inside permanent basic farmland 一片", "zh") == "位于永久基本农田“一片”内"
    assert retold("lies 35 m from water 清水河; at least 50 m are required", "zh") == (
        "距水域“清水河”35 m，至少需要 50 m"
    )
    assert retold("no words of ours", "zh") == "no words of ours"
    assert retold("lies inside water 甲", "en") == "lies inside water 甲"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.units import factor_per_year, parse_unit


@pytest.mark.parametrize(
    ("text", "dimension", "tonnes_or_m2", "per_year"),
    [
        ("万t/a", "mass", 10_000, 1),
        ("吨/日", "mass", 1, 365),
        ("t/d", "mass", 1, 365),
        ("kg", "mass", 0.001, None),
        ("万吨", "mass", 10_000, None),
        ("亩", "area", 2000 / 3, None),
        ("万亩", "area", 2e7 / 3, None),
        ("公顷", "area", 10_000, None),
        ("㎡", "area", 1, None),
        ("万m²", "area", 10_000, None),
        ("m³", "volume", 1, None),
        ("万元", "money", 10_000, None),
    ],
)
def test_units(text, dimension, tonnes_or_m2, per_year):
    unit = parse_unit(text)
    assert unit.dimension == dimension
    assert unit.size * unit.scale == pytest.approx(tonnes_or_m2)
    assert unit.per_year == per_year


@pytest.mark.parametrize("text", ["", "2020年", "全称", "wgs84", "t/亩/户/个"])
def test_other_words_are_no_units(text):
    with pytest.raises(ValueError):
        parse_unit(text)


@pytest.mark.parametrize(
    ("value", "unit", "of", "t_per_yr"),
    [
        (0.65, "kg/人·d", "population", 0.23725),
        (0.237, "t/(person·yr)", "population", 0.237),
        (0.57, "t/亩", "sown_area_mu", 0.57),
        (5.0, "kg/亩", "sown_area_mu", 0.005),
        (0.3, "t/(mu·yr)", "sown_area_mu", 0.3),
        (4.51, "t/hm²", "sown_area_mu", 4.51 / 15),
        (300, "t/万m²", "floor_area_m2", 0.03),
        (0.03, "t/m2", "floor_area_m2", 0.03),
        (0.5, "t/户·a", "households", 0.5),
        (2, "kg per person per day", "population", 0.73),
        (57, "kg", "count", 0.057),
    ],
)
def test_factors_of_the_domain(value, unit, of, t_per_yr):
    assert factor_per_year(value, unit, of) == pytest.approx(t_per_yr)


@pytest.mark.parametrize(
    ("unit", "of"),
    [("m³/人", "population"), ("t/亩", "population"), ("t", "sown_area_mu"), ("元/t", "count")],
)
def test_a_factor_that_does_not_fit_its_quantity_is_refused(unit, of):
    with pytest.raises(ValueError):
        factor_per_year(1.0, unit, of)


@given(st.floats(0, 1e6))
def test_fifteen_mu_are_one_hectare(value):
    one = factor_per_year(value, "t/亩", "sown_area_mu")
    assert factor_per_year(value * 15, "t/公顷", "sown_area_mu") == pytest.approx(one)

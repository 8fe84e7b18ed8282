from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.demand import Factor, by_season, estimate_demand, growth_factor, peak_t_per_day

PER_HEAD = Factor("population", 0.65, "kg/人·d")


def villages(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"name": [f"V{k}" for k in range(n)], **columns})


def said(demand):
    return [str(fault) for fault in demand.faults]


def test_the_city_of_document_000():
    # 0.65 kg/人·d x 61.4 万 = 399.1 t/d, beside 22.1377 万t stated: a gap of 52 %
    demand = estimate_demand(
        villages(population=[614_000.0], waste_t_per_yr=[221_377.0]), "waste_t_per_yr", [PER_HEAD]
    )
    assert demand.estimated_t_per_yr[0] / 365 == pytest.approx(399.1)
    assert demand.t_per_yr[0] == 221_377
    assert demand.basis.tolist() == ["stated"]
    assert "over 20%" in said(demand)[0]
    assert "V0 (2.214e+05 / 1.457e+05 t)" in said(demand)[0]


def test_straw_of_document_000():
    demand = estimate_demand(
        villages(sown_area_mu=[144_300.0]), None, [Factor("sown_area_mu", 0.570, "t/亩")]
    )
    assert demand.t_per_yr[0] == pytest.approx(82_305, rel=1e-3)
    assert demand.basis.tolist() == ["estimated"]


def test_stated_first_then_estimated_then_counted():
    table = villages(population=[1000.0, 1000.0, np.nan], w_t_per_yr=[230.0, np.nan, np.nan])
    demand = estimate_demand(table, "w_t_per_yr", [PER_HEAD])
    assert demand.basis.tolist() == ["stated", "estimated", "count"]
    assert demand.t_per_yr[:2].tolist() == pytest.approx([230, 237.25])
    assert np.isnan(demand.t_per_yr[2])
    assert len(said(demand)) == 1
    assert "1 of 3 points have no tonnes" in said(demand)[0]
    assert "V2" in said(demand)[0]


def test_a_gap_within_a_fifth_is_no_warning():
    table = villages(population=[1000.0, 1000.0], w_t_per_yr=[237.25 * 1.19, 237.25 * 0.81])
    assert estimate_demand(table, "w_t_per_yr", [PER_HEAD]).faults == ()
    assert estimate_demand(table, "w_t_per_yr", [PER_HEAD], gap_tolerance=0.1).faults


def test_factors_add_up_and_parts_that_are_blank_are_told():
    table = villages(population=[100.0, np.nan, np.nan], floor_area_m2=[10_000.0, 10_000.0, np.nan])
    factors = [Factor("population", 1.0, "t/人"), Factor("floor_area_m2", 300, "t/万m²")]
    demand = estimate_demand(table, None, factors)
    assert demand.t_per_yr[:2].tolist() == pytest.approx([400, 300])
    assert np.isnan(demand.t_per_yr[2])
    assert any(
        "a part of population, floor_area_m2 only" in text and "V1" in text for text in said(demand)
    )


def test_unknown_factors_and_missing_columns_estimate_nothing():
    demand = estimate_demand(
        villages(population=[10.0]), None, [Factor("population", None, "t/人")]
    )
    assert demand.basis.tolist() == ["count"]
    demand = estimate_demand(
        villages(population=[10.0]), "straw_t_per_yr", [Factor("sown_area_mu", 0.5, "t/亩")]
    )
    assert demand.basis.tolist() == ["count"]
    assert "straw_t_per_yr, sown_area_mu" in said(demand)[0]
    demand = estimate_demand(
        villages(population=[10.0]), None, [Factor("population", 1.0, "m³/人")]
    )
    assert "cannot be used" in said(demand)[0]


def test_points_may_count_for_themselves():
    demand = estimate_demand(villages(population=[10.0, 20.0]), None, [Factor("count", 57, "kg")])
    assert demand.t_per_yr.tolist() == pytest.approx([0.057, 0.057])
    assert estimate_demand(villages(population=[10.0])).faults == ()


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.1, 3))
def test_tonnes_scale_with_growth_and_population(population, growth):
    table = villages(population=population)
    base, grown = (
        estimate_demand(table, None, [PER_HEAD]),
        estimate_demand(table, None, [PER_HEAD], growth=growth),
    )
    assert grown.t_per_yr == pytest.approx(base.t_per_yr * growth)
    assert base.t_per_yr.sum() == pytest.approx(sum(population) * 0.23725)


def test_years_days_and_seasons():
    assert growth_factor(0.02, 5) == pytest.approx(1.1040808)
    assert growth_factor(-0.1, 0) == 1
    assert peak_t_per_day([365.0], 1.3).tolist() == pytest.approx([1.3])
    assert by_season([100.0, 50.0], (0.45, 0.55)).tolist() == [
        [45, 22.5],
        [pytest.approx(55), pytest.approx(27.5)],
    ]
    with pytest.raises(ValueError, match="sum to 1"):
        by_season([1.0], (0.5, 0.6))

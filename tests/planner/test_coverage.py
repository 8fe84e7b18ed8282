from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from planner.coverage import coverage

IMPEDANCE = np.array([[0.0, 900.0], [500.0, 400.0], [np.inf, 1000.0], [np.inf, np.inf]])


@pytest.mark.parametrize("make", [np.asarray, "sparse"])
def test_by_hand(make) -> None:
    impedance = make(IMPEDANCE) if callable(make) else stored(IMPEDANCE)
    found = coverage(impedance, 500, weight=[1, 2, 3, 4])
    assert found.nearest.tolist() == [0, 1, 1, -1]
    assert found.impedance.tolist() == [0, 400, 1000, np.inf]
    assert found.within.tolist() == [True, True, False, False]
    assert found.choices.tolist() == [1, 2, 0, 0]
    assert found.served_weight.tolist() == [1, 2]
    assert found.count_rate == 0.5
    assert found.weight_rate == pytest.approx(0.3)
    assert found.uncovered.tolist() == [2, 3]


def stored(full):
    row, column = np.nonzero(np.isfinite(full))
    return sparse.coo_array((full[row, column], (row, column)), shape=full.shape).tocsr()


def test_only_the_open_ones_count() -> None:
    found = coverage(IMPEDANCE, 1000, open_sites=[True, False])
    assert found.within.tolist() == [True, True, False, False]


def test_nothing_to_cover() -> None:
    assert np.isnan(coverage(np.zeros((0, 3)), 1).count_rate)
    assert coverage(np.zeros((2, 0)), 1).within.tolist() == [False, False]


def test_faults_name_the_value() -> None:
    with pytest.raises(ValueError, match="radius is -1"):
        coverage(IMPEDANCE, -1)
    with pytest.raises(ValueError, match="4 x 2"):
        coverage(IMPEDANCE, 1, weight=[1.0])


@given(st.integers(0, 10**6))
def test_coverage_never_falls_with_the_radius(seed) -> None:
    rng = np.random.default_rng(seed)
    impedance = rng.uniform(0, 10, (6, 3))
    rates = [coverage(impedance, radius).weight_rate for radius in (0, 2, 4, 8, 16)]
    assert rates == sorted(rates)
    assert rates[-1] == 1

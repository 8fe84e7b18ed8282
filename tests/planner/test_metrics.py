from __future__ import annotations

import numpy as np
import pytest

from planner import Sites, SolverSettings, presets, solve
from planner.metrics import fairness, gini, plan_metrics

PLAIN = SolverSettings(accelerate=False)
IMPEDANCE = np.array([[1.0, 9.0], [2.0, 9.0], [9.0, 4.0], [np.inf, np.inf]])


def planned():
    sites = Sites.simple(["a", "b"], capacity=[40.0, np.inf])
    problem = presets.p_median(IMPEDANCE, [10.0, 20.0, 30.0, 40.0], p=2, sites=sites)
    return problem, solve(problem, PLAIN)


def test_by_hand() -> None:
    got = plan_metrics(*planned())
    assert got.opened_count == 2
    assert got.mean_impedance == pytest.approx((10 + 40 + 120) / 60)
    assert got.mean_impedance_unweighted == pytest.approx(7 / 3)
    assert got.worst_impedance == 4
    assert got.percentile_95 == 4
    assert got.served_count_rate == 0.75
    assert got.served_weight_rate == pytest.approx(0.6)
    assert got.throughput.tolist() == [30, 30]
    assert got.load_rate[0] == 0.75
    assert np.isnan(got.load_rate[1])


def test_fairness_among_districts() -> None:
    got = fairness(*planned(), groups=["north", "north", "south", "west"])
    assert got.mean_impedance["north"] == pytest.approx(50 / 30)
    assert got.mean_impedance["south"] == 4
    assert np.isnan(got.mean_impedance["west"])
    assert got.worst_group == "south"
    assert got.least_served_group == "west"
    assert 0 < got.gini < 1


def test_gini_of_equals_is_zero_and_of_one_owner_near_one() -> None:
    assert gini(np.array([3.0, 3.0]), np.array([1.0, 5.0])) == 0
    assert gini(np.array([0.0] * 99 + [1.0]), np.ones(100)) == pytest.approx(0.99)
    assert np.isnan(gini(np.zeros(0), np.zeros(0)))


def test_no_plan_has_no_metrics() -> None:
    problem = presets.p_median(IMPEDANCE, p=5)
    with pytest.raises(ValueError, match="no plan"):
        plan_metrics(problem, solve(problem, PLAIN))


def test_as_many_groups_as_points() -> None:
    with pytest.raises(ValueError, match="1 group names for 4"):
        fairness(*planned(), groups=["x"])

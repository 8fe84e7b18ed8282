from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from planner import Objective, ProblemError, Sites, SolverSettings, presets, solve

pytestmark = pytest.mark.pulp

IMPEDANCE = np.array([[0.0, 3.0, np.inf], [2.0, 0.0, 4.0], [5.0, 2.0, 3.0]])


def stored(full=IMPEDANCE):
    row, column = np.nonzero(np.isfinite(full))
    return sparse.coo_array((full[row, column], (row, column)), shape=full.shape).tocsr()


@pytest.mark.parametrize("form", [IMPEDANCE, stored(), stored().tocoo(), stored().tocsc()])
def test_dense_and_sparse_are_the_same_problem_with_zeros_kept(form) -> None:
    problem = presets.p_median(form, [1, 2, 3], p=1)
    assert problem.fingerprint() == presets.p_median(IMPEDANCE, [1, 2, 3], p=1).fingerprint()
    assert len(problem.arcs) == 8
    assert (problem.arcs.impedance == 0).sum() == 2


def test_rows_in_any_order_of_columns() -> None:
    mixed = sparse.csr_array(
        (np.array([3.0, 0.0]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2)
    )
    assert presets.p_median(mixed).arcs.site.tolist() == [0, 1]


def test_cutoff_includes_its_own_value() -> None:
    assert len(presets.p_median(IMPEDANCE, cutoff=3).arcs) == 6


def test_cost_may_differ_from_impedance() -> None:
    cost = np.where(np.isfinite(IMPEDANCE), 7.0, 0.0)
    assert presets.p_median(IMPEDANCE, cost=cost).arcs.cost.tolist() == [7.0] * 8
    assert presets.p_median(IMPEDANCE, cost=stored(cost)).arcs.cost.tolist() == [7.0] * 8


def test_set_cover_counts_sites_unless_they_have_costs() -> None:
    sites = Sites.simple(["a", "b", "c"], fixed_cost=[5, 9, 5])
    assert presets.set_cover(IMPEDANCE, radius=2).sites.fixed_cost.tolist() == [1, 1, 1]
    assert presets.set_cover(IMPEDANCE, radius=2, sites=sites).sites.fixed_cost.tolist() == [
        5,
        9,
        5,
    ]


@pytest.mark.parametrize(
    ("make", "objective", "value"),
    [
        (lambda: presets.p_median(IMPEDANCE, p=1), Objective.MIN_COST, 5.0),
        (lambda: presets.p_centre(IMPEDANCE, p=1), Objective.MIN_WORST, 3.0),
        (lambda: presets.set_cover(IMPEDANCE, radius=2), Objective.MIN_SITES, 2.0),
        (lambda: presets.maximal_cover(IMPEDANCE, radius=2, p=1), Objective.MAX_COVERED, 2.0),
    ],
)
def test_the_classic_problems(make, objective, value) -> None:
    problem = make()
    assert problem.objective is objective
    assert solve(problem, SolverSettings(accelerate=False)).certificate.objective == value


def test_faults_are_named() -> None:
    with pytest.raises(ProblemError, match="3 columns, but there are 2 sites"):
        presets.p_median(IMPEDANCE, sites=["a", "b"])
    with pytest.raises(ProblemError, match="3 rows of impedance, 1 demand ids"):
        presets.p_median(IMPEDANCE, demand_ids=["a"])
    with pytest.raises(ProblemError, match="not numbers"):
        presets.p_median(np.full((2, 2), np.nan))
    with pytest.raises(ProblemError, match="given twice"):
        presets.p_median(IMPEDANCE, demand_ids=["a", "a", "b"])
    with pytest.raises(ProblemError, match="cost has shape"):
        presets.p_median(IMPEDANCE, cost=np.zeros((1, 1)))

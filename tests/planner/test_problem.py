"""A problem is checked once, names every fault, and is read-only afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import Arcs, Demand, Objective, ProblemError, Quota, Sites, SitingProblem, presets


def small() -> SitingProblem:
    return presets.p_median(np.array([[1.0, 2.0], [3.0, np.inf]]), [4.0, 5.0], p=1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Demand(("a", "a"), [1, 2]), "'a' is given twice"),
        (lambda: Demand(("a",), [-1]), "negative"),
        (lambda: Demand(("a",), [np.nan]), "demand.weight"),
        (lambda: Demand(("a",), [1, 2]), r"shape \(2,\)"),
        (lambda: Sites.simple(["s"], required=[True], forbidden=[True]), "both required and"),
        (lambda: Sites.simple(["s"], capacity=[5], least_throughput=[6]), "over its capacity"),
        (lambda: Sites.simple(["s"], fixed_cost=[np.inf]), "fixed_cost"),
        (lambda: Arcs([0, 2], [0], [1.0], [1.0]), "run from 0"),
        (lambda: Arcs([0, 1], [0], [-1.0], [1.0]), "negative"),
        (lambda: Quota("town", [0, 0]), "names a site twice"),
        (lambda: Quota("town", [0], 3, 2), "below minimum 3"),
        (lambda: replace(small(), site_count=(3, 2)), "at least 3 and at most 2"),
        (lambda: replace(small(), quotas=(Quota("town", [7]),)), "outside 0..1"),
        (lambda: replace(small(), arcs=Arcs([0, 1], [0], [1.0], [1.0])), "1 rows for 2"),
        (
            lambda: replace(small(), arcs=Arcs([0, 2, 2], [1, 0], [1.0, 1], [1.0, 1])),
            "increasing order",
        ),
    ],
)
def test_fault_is_named(make, said) -> None:
    with pytest.raises(ProblemError, match=said):
        make()


def test_all_faults_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        Demand(("a", "a"), [-1.0, np.nan])
    assert len(caught.value.faults) >= 2


def test_arrays_are_read_only_copies() -> None:
    weight = np.array([1.0, 2.0])
    demand = Demand(("a", "b"), weight)
    weight[0] = 9
    assert demand.weight[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        demand.weight[0] = 3


def test_fingerprint_sees_what_can_change_the_answer_and_nothing_else() -> None:
    problem = small()
    assert problem.fingerprint() == small().fingerprint()
    assert problem.fingerprint() == replace(problem, weight_unit="kg").fingerprint()
    changed = [
        replace(problem, objective=Objective.MIN_WORST),
        replace(problem, site_count=(1, 2)),
        replace(problem, single_source=False),
        replace(problem, demand=Demand(problem.demand.ids, [4.0, 5.5])),
        replace(problem, quotas=(Quota("town", [0], 1),)),
    ]
    assert len({one.fingerprint() for one in [problem, *changed]}) == 6


def test_fingerprint_of_a_problem_is_the_one_in_files_written_before() -> None:
    # Saved problems and certificates carry it: another way of feeding the hash loses them all.
    before = "0cc1dafc02bfacfb19c92f01673119c06d4123cb4114fd0280386eb2b960bf0f"
    assert small().fingerprint() == before


def test_from_dense_keeps_zeros_and_drops_what_is_out_of_reach() -> None:
    arcs = Arcs.from_dense([[0.0, 5.0], [np.inf, 9.0]], [2.0, 3.0], cutoff=5)
    assert arcs.start.tolist() == [0, 2, 2]
    assert arcs.demand.tolist() == [0, 0]
    assert arcs.cost.tolist() == [0, 10]

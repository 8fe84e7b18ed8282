"""The checker sees every fault that is planted in a good plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import Objective, Outcome, Quota, Sites, SolverSettings, presets, solve
from planner.solving.checker import Violation, check_plan, verify

IMPEDANCE = np.array([[0.0, 3.0, np.inf], [2.0, 0.0, 4.0], [5.0, 2.0, 3.0], [np.inf] * 3])


@pytest.fixture
def problem():
    sites = Sites(
        ("a", "b", "c"),
        required=np.array([True, False, False]),
        forbidden=np.array([False, False, True]),
        existing=np.zeros(3, bool),
        size_start=np.array([0, 1, 3, 4]),
        capacity=np.array([40.0, 30.0, 60.0, 50.0]),
        fixed_cost=np.array([5.0, 8.0, 12.0, 7.0]),
        least_throughput=np.array([0.0, 0.0, 25.0, 0.0]),
    )
    return presets.capacitated_location(
        IMPEDANCE,
        [10.0, 20.0, 30.0, 5.0],
        sites=sites,
        p=(1, 2),
        quotas=[Quota("town", np.array([1, 2]), 1, 1)],
        single_source=True,
    )


@pytest.fixture
def solution(problem):
    return solve(problem, SolverSettings(accelerate=False))


def rules(violations: list[Violation]) -> set[str]:
    return {one.rule for one in violations}


def test_a_good_plan_passes(problem, solution) -> None:
    assert solution.outcome is Outcome.OPTIMAL
    assert verify(problem, solution) == []


def size(*positions: int) -> np.ndarray:
    return np.array(positions)


PLANTED = {
    "required": {"size": size(-1, 2, -1)},
    "forbidden": {"size": size(0, 2, 3)},
    "site_count_most": {"size": size(0, 2, 3)},
    "quota_least": {"size": size(0, -1, -1)},
    "quota_most": {"size": size(0, 2, 3)},
    "size_of_other_site": {"size": size(2, 2, -1)},
    "closed_site": {"size": size(0, -1, -1)},
    "arc": {"demand": np.array([3]), "site": np.array([0]), "share": np.ones(1)},
    "served": {"demand": np.array([0]), "site": np.array([0]), "share": np.ones(1)},
    "single_source": {
        "demand": np.array([0, 0, 1, 2]),
        "site": np.array([0, 1, 0, 1]),
        "share": np.array([0.5, 0.5, 1.0, 1.0]),
    },
    "flow_twice": {
        "demand": np.array([0, 0, 1, 2]),
        "site": np.array([0, 0, 0, 1]),
        "share": np.array([0.5, 0.5, 1.0, 1.0]),
    },
    "share": {
        "demand": np.array([0, 0, 1, 2]),
        "site": np.array([0, 1, 0, 1]),
        "share": np.array([1.0, 0.0, 1.0, 1.0]),
    },
    "capacity": {
        "demand": np.array([0, 1, 2]),
        "site": np.array([0, 0, 0]),
        "share": np.ones(3),
    },
    "least_throughput": {
        "demand": np.array([0, 1, 2]),
        "site": np.array([1, 0, 0]),
        "share": np.ones(3),
        "size": size(0, 2, -1),
    },
    "shape": {"share": np.ones(7)},
}


@pytest.mark.parametrize("rule", PLANTED)
def test_planted_fault_is_seen(problem, solution, rule) -> None:
    spoiled = replace(solution, **PLANTED[rule])
    assert rule in rules(verify(problem, spoiled))
    flows = (spoiled.size, spoiled.demand, spoiled.site, spoiled.share)
    assert rule in rules(check_plan(problem, *flows))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"objective": 1.0}, "objective"),
        ({"bound": 1e6}, "bound_side"),
        ({"bound": 0.0}, "false_optimal"),
        ({"sense": "max"}, "sense"),
        ({"problem_hash": "of another problem"}, "problem_hash"),
        ({"outcome": Outcome.INFEASIBLE}, "plan_without_outcome"),
    ],
)
def test_false_certificate_is_seen(problem, solution, change, rule) -> None:
    spoiled = replace(solution, certificate=replace(solution.certificate, **change))
    assert rule in rules(verify(problem, spoiled))


def test_claims_without_a_plan_are_seen(problem, solution) -> None:
    empty = replace(solution.certificate, objective=float("nan"))
    assert rules(verify(problem, replace(solution, certificate=empty))) == {"outcome_without_plan"}


def test_unserved_list_must_be_true(problem, solution) -> None:
    assert rules(verify(problem, replace(solution, unserved=np.zeros(0, int)))) == {"unserved_list"}
    wrong_kind = replace(solution, objective_kind=Objective.MIN_SITES)
    assert rules(verify(problem, wrong_kind)) == {"objective_kind"}


def test_tolerance_is_relative(problem, solution) -> None:
    """A load over by 5e-7 of the capacity is rounding, by 5e-6 a fault."""
    near = replace(problem.sites, capacity=np.array([30 * (1 - 5e-7), 30.0, 60.0, 50.0]))
    over = replace(problem.sites, capacity=np.array([30 * (1 - 5e-6), 30.0, 60.0, 50.0]))
    flows = (size(0, 1, -1), np.array([0, 1, 2]), np.array([0, 0, 1]), np.ones(3))
    assert check_plan(replace(problem, sites=near), *flows) == []
    assert rules(check_plan(replace(problem, sites=over), *flows)) == {"capacity"}


def test_a_violation_reads_well() -> None:
    assert str(Violation("capacity", "a", 2.5)) == "capacity at a: off by 2.5"
    assert str(Violation("objective", "", 1)) == "objective: off by 1"

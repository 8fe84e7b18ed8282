"""Bounds by evaluation: never on the wrong side, and the same as the certificates claim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import Objective, presets, solve, verify_bound
from planner.bounds import proven_bound
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import problems


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems, st.integers(0, 2**31))
def test_any_multipliers_give_a_bound_on_the_right_side(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    scale = rng.choice([1.0, 30.0, 500.0])
    multipliers = rng.uniform(-0.2 if rng.random() < 0.3 else 0.0, 1.0, len(problem.demand)) * scale
    expected = best_objective(problem)
    for given_multipliers in (None, multipliers):
        bound = proven_bound(problem, given_multipliers)
        if expected is None:
            continue
        crossed = bound - expected
        if problem.objective is Objective.MAX_COVERED:
            crossed = -crossed
        assert crossed <= 1e-6 * max(1.0, abs(expected)), (bound, expected)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems)
def test_what_is_called_verified_is_verified_again(problem) -> None:
    solution = solve(problem)
    if solution.certificate.bound_verified:
        assert verify_bound(problem, solution.certificate) is True
    multipliers = solution.certificate.multipliers
    assert multipliers is None or multipliers.shape == (len(problem.demand),)


def unreachable_point() -> np.ndarray:
    impedance = np.random.default_rng(4).uniform(1, 9, (12, 5))
    impedance[3] = np.inf
    return impedance


def test_multipliers_are_those_of_the_whole_problem() -> None:
    problem = presets.p_median(unreachable_point(), p=2)
    certificate = solve(problem).certificate
    assert certificate.multipliers is not None
    assert certificate.multipliers.shape == (12,)
    assert certificate.multipliers[3] == 0
    assert certificate.multipliers.any()


def test_a_claim_without_proof_is_refuted_and_a_solvers_word_is_not() -> None:
    problem = presets.p_median(unreachable_point(), p=2)
    certificate = replace(solve(problem).certificate, multipliers=None)
    assert verify_bound(problem, replace(certificate, bound_verified=True)) is False
    assert verify_bound(problem, replace(certificate, bound_verified=False)) is None
    nothing = replace(certificate, bound=float("-inf"), bound_verified=False)
    assert verify_bound(problem, nothing) is None


def test_what_follows_from_the_problem_alone_needs_no_multipliers() -> None:
    problem = presets.p_centre(np.array([[1.0, 5.0], [4.0, 9.0]]), p=1)
    certificate = solve(problem).certificate
    assert certificate.objective == pytest.approx(4.0)
    assert verify_bound(problem, certificate) is True

"""Every model with every rule, alone and together, against trying every choice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from planner import Objective, Outcome, SolverSettings, solve, verify
from tests.conftest import FUZZED
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import RULES, problems, tiny_problem

PLAIN = SolverSettings(accelerate=False)


def assert_as_brute_force(problem, given_settings) -> None:
    expected = best_objective(problem)
    solution = solve(problem, given_settings)
    assert verify(problem, solution) == []
    if expected is None:
        assert solution.outcome is Outcome.INFEASIBLE
        assert not solution.has_plan
        return
    assert solution.outcome is Outcome.OPTIMAL, solution.certificate
    got = solution.certificate
    slack = 1e-6 * max(1.0, abs(expected))
    assert abs(got.objective - expected) <= slack, (got.objective, expected)
    wrong_side = got.bound - expected if got.sense == "min" else expected - got.bound
    assert wrong_side <= slack, (got.bound, expected)


@pytest.mark.parametrize("accelerate", [pytest.param(False, marks=pytest.mark.pulp), True])
@pytest.mark.parametrize("rule", ["none", *RULES])
@pytest.mark.parametrize("objective", list(Objective))
def test_each_rule_alone(objective, rule, accelerate) -> None:
    for seed in range(4):
        problem = tiny_problem(seed, objective, frozenset({rule}))
        assert_as_brute_force(problem, SolverSettings(accelerate=accelerate))


@pytest.mark.pulp
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems)
def test_any_rules_together(problem) -> None:
    assert_as_brute_force(problem, PLAIN)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=FUZZED, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems)
def test_ten_thousand_plain_against_accelerated(problem) -> None:
    plain, fast = solve(problem, PLAIN), solve(problem)
    assert verify(problem, fast) == []
    assert plain.outcome is fast.outcome
    if plain.has_plan:
        one, other = plain.certificate.objective, fast.certificate.objective
        assert abs(one - other) <= 1e-6 * max(1.0, abs(one))


def test_the_oracle_itself_on_a_case_by_hand() -> None:
    problem = tiny_problem(0, Objective.MIN_COST, frozenset())
    full = np.full((len(problem.demand), len(problem.sites)), np.inf)
    full[problem.arcs.demand, problem.arcs.site] = problem.arcs.cost
    assert best_objective(problem) == pytest.approx(full.min(axis=1).sum())

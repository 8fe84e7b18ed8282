"""Near-best plans against every choice of open sites, tried one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import Objective, SolverSettings, changes, presets, solve, verify
from planner.alternatives import alternatives
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import problems, tiny_problem


def every_choice(problem) -> dict[tuple[int, ...], float]:
    """Best objective of every set of open sites that has a plan."""
    m = len(problem.sites)
    found = {}
    for number in range(m + 1):
        for chosen in combinations(range(m), number):
            is_open = np.isin(np.arange(m), chosen)
            clash = (is_open & problem.sites.forbidden) | (~is_open & problem.sites.required)
            if clash.any():
                continue
            fixed = replace(problem.sites, required=is_open, forbidden=~is_open)
            value = best_objective(replace(problem, sites=fixed))
            if value is not None:
                found[chosen] = value
    return found


def assert_as_every_choice(problem, within, count, given_settings=None) -> None:
    sign = -1.0 if problem.objective is Objective.MAX_COVERED else 1.0
    choices = every_choice(problem)
    values = sorted(sign * value for value in choices.values())
    got = alternatives(problem, given_settings, within=within, count=count)
    assert len({tuple(one.solution.opened.tolist()) for one in got.plans}) == len(got.plans)
    for one in got.plans:
        assert verify(one.problem, one.solution) == []
        expected = choices[tuple(one.solution.opened.tolist())]
        assert one.solution.certificate.objective == pytest.approx(expected, rel=1e-6, abs=1e-6)
    if not values:
        assert got.plans == ()
        assert got.complete
        return
    limit = values[0] + within * abs(values[0])
    # Values within rounding of the margin may be in or out.
    surely = [v for v in values if v <= limit - 1e-5 * max(1, abs(limit))]
    maybe = [v for v in values if v <= limit + 1e-5 * max(1, abs(limit))]
    assert min(count, len(surely)) <= len(got.plans) <= min(count, len(maybe))
    shown = [sign * one.solution.certificate.objective for one in got.plans]
    assert shown == pytest.approx(values[: len(shown)], rel=1e-6, abs=1e-6)
    assert got.in_order
    if got.complete:
        assert len(got.plans) >= len(surely)
    elif len(got.plans) < count:
        assert len(surely) < len(maybe)
    rest = values[len(shown)] if len(shown) < len(values) else np.inf
    if not np.isnan(got.rest_bound):
        assert sign * got.rest_bound <= rest + 1e-6 * max(1, abs(rest))


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("objective", list(Objective))
def test_the_k_best_of_each_objective(objective, accelerate) -> None:
    for seed in range(3):
        problem = tiny_problem(seed, objective, frozenset({"count", "fixed_cost"}))
        assert_as_every_choice(problem, 0.3, 4, SolverSettings(accelerate=accelerate))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems, st.sampled_from([0.0, 0.05, 0.5]), st.integers(1, 6))
def test_the_k_best_under_any_rules(problem, within, count) -> None:
    assert_as_every_choice(problem, within, count)


def test_fewer_than_asked_is_said_to_be_all() -> None:
    problem = presets.p_median(np.random.default_rng(0).uniform(1, 9, (8, 4)), p=3)
    got = alternatives(problem, within=10.0, count=9)
    assert len(got.plans) == 4  # every choice of three out of four
    assert got.complete
    assert got.rest_bound == np.inf
    some = alternatives(problem, within=10.0, count=2)
    assert not some.complete
    assert np.isnan(some.rest_bound)


def test_plans_differ_in_as_many_sites_as_asked() -> None:
    problem = presets.p_median(np.random.default_rng(1).uniform(1, 9, (12, 7)), p=3)
    got = alternatives(problem, within=5.0, count=4, different=4)
    assert len(got.plans) > 1
    for one, other in combinations(got.plans, 2):
        assert len(set(one.solution.opened) ^ set(other.solution.opened)) >= 4
    choices = every_choice(problem)
    first, second = (tuple(one.solution.opened.tolist()) for one in got.plans[:2])
    assert choices[second] == pytest.approx(
        min(value for c, value in choices.items() if len(set(c) ^ set(first)) >= 4)
    )


def test_a_known_best_plan_is_not_solved_for_again() -> None:
    problem = presets.p_median(np.random.default_rng(1).uniform(1, 9, (12, 5)), p=2)
    best = solve(problem)
    got = alternatives(problem, within=1.0, count=3, best=best)
    assert got.plans[0].solution is best
    other = alternatives(changes.ban(problem, "S0"), within=1.0, count=3, best=best)
    assert other.plans[0].solution is not best


def test_without_time_nothing_is_claimed() -> None:
    problem = presets.p_median(np.random.default_rng(1).uniform(1, 9, (12, 5)), p=2)
    got = alternatives(problem, SolverSettings(time_limit_s=0))
    assert not got.complete
    assert np.isnan(got.rest_bound)


def test_senseless_wishes_are_all_named() -> None:
    problem = presets.p_median(np.ones((2, 2)), p=1)
    with pytest.raises(ValueError, match=r"within is -1.*count is 0.*different is -2"):
        alternatives(problem, within=-1, count=0, different=-2)

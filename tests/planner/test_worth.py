"""What sites are worth: intervals that hold, and exact figures where both optima are proven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import Objective, SolverSettings, changes, presets, solve
from planner.worth import Question, Source, worth_of_sites
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import problems, tiny_problem


def true_worth(problem, one) -> float:
    """The difference of the two optima, by trying every choice."""
    sign = -1.0 if problem.objective is Objective.MAX_COVERED else 1.0
    freed = changes.free(problem, one.site_id)
    change = changes.ban if one.question is Question.CLOSING else changes.lock
    other = best_objective(change(freed, one.site_id))
    return np.inf if other is None else sign * (other - best_objective(problem))


def assert_holds(problem, found) -> None:
    for one in (*found.opened, *found.others):
        expected = true_worth(problem, one)
        if np.isinf(expected):
            assert one.high == np.inf
            assert not one.exact or one.indispensable
            continue
        slack = 1e-6 * max(1.0, abs(expected), abs(best_objective(problem)))
        assert one.low - slack <= expected <= one.high + slack, (one, expected)
        assert one.exact is (one.value is not None)
        if one.exact:
            assert abs(one.value - expected) <= 3 * slack


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems, st.sampled_from([None, 0.0]))
def test_intervals_hold_under_any_rules(problem, time_limit_s) -> None:
    solution = solve(problem)
    if not solution.has_plan:
        return
    found = worth_of_sites(problem, solution, SolverSettings(time_limit_s=time_limit_s))
    assert_holds(problem, found)
    asked = {one.site_id for one in (*found.opened, *found.others)}
    assert asked == {
        one for one, no in zip(problem.sites.ids, problem.sites.forbidden, strict=True) if not no
    }
    if time_limit_s is None:
        assert found.complete
        assert all(one.exact for one in (*found.opened, *found.others))


@pytest.mark.parametrize("objective", list(Objective))
def test_without_time_the_figures_are_labelled_as_bounds(objective) -> None:
    problem = tiny_problem(7, objective, frozenset({"fixed_cost"}))
    found = worth_of_sites(problem, solve(problem), SolverSettings(time_limit_s=0))
    assert_holds(problem, found)
    by_evaluation = [one for one in (*found.opened, *found.others) if not one.indispensable]
    assert all(one.source is Source.BOUND for one in by_evaluation)
    assert not any(one.exact for one in by_evaluation)


def test_an_open_gap_never_gives_a_point() -> None:
    problem = presets.p_median(np.random.default_rng(5).uniform(1, 9, (20, 6)), p=2)
    proven = solve(problem)
    loose = replace(
        proven,
        certificate=replace(
            proven.certificate, bound=0.9 * proven.certificate.bound, outcome="feasible"
        ),
    )
    found = worth_of_sites(problem, loose)
    assert_holds(problem, found)
    for one in (*found.opened, *found.others):
        assert not one.exact
        assert one.high - one.low >= 0.09 * proven.certificate.objective - 1e-9


def test_the_subsidy_opens_the_site() -> None:
    rng = np.random.default_rng(8)
    problem = presets.capacitated_location(
        rng.uniform(1, 9, (15, 5)),
        rng.uniform(1, 5, 15),
        sites=presets.Sites.simple(
            [f"s{j}" for j in range(5)], capacity=np.full(5, 40.0), fixed_cost=np.full(5, 30.0)
        ),
    )
    best = solve(problem)
    for one in worth_of_sites(problem, best).others:
        j = problem.sites.ids.index(one.site_id)
        if one.value is None or not 0.01 < one.value < 29:
            continue
        for change, opens in ((0.01, True), (-0.01, False)):
            fixed = problem.sites.fixed_cost.copy()
            fixed[j] -= one.value + change
            cheaper = replace(problem, sites=replace(problem.sites, fixed_cost=fixed))
            assert (j in solve(cheaper).opened) is opens


def test_the_only_site_is_indispensable() -> None:
    problem = presets.p_median(np.array([[1.0, 2.0], [np.inf, 3.0]]), p=1)
    found = worth_of_sites(problem, solve(problem))
    assert [one.indispensable for one in found.opened] == [True]
    assert found.opened[0].exact


def test_refuses_what_is_no_plan_of_the_problem() -> None:
    problem = presets.p_median(np.ones((3, 3)), p=1)
    solution = solve(problem)
    with pytest.raises(ValueError, match="another problem"):
        worth_of_sites(changes.ban(problem, "S0"), solution)
    with pytest.raises(ValueError, match="no plan"):
        worth_of_sites(problem, solve(presets.p_median(np.ones((3, 3)), p=4)))

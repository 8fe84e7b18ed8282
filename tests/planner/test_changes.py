"""Changes by hand, and earlier plans as a start for what they lead to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import (
    Exclusion,
    Objective,
    Outcome,
    ProblemError,
    SolverSettings,
    changes,
    presets,
    solve,
    verify,
)
from planner.solving.repair import repaired
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import problems, tiny_problem


@pytest.fixture
def problem():
    impedance = np.random.default_rng(3).uniform(0, 100, (20, 6))
    return presets.p_median(impedance, p=2, sites=[f"s{j}" for j in range(6)])


def test_lock_and_ban_and_free_leave_the_problem_as_it_was(problem) -> None:
    before = problem.fingerprint()
    changed = changes.ban(changes.lock(problem, "s0", "s1"), "s2")
    assert np.flatnonzero(changed.sites.required).tolist() == [0, 1]
    assert np.flatnonzero(changed.sites.forbidden).tolist() == [2]
    assert solve(changed).opened.tolist() == [0, 1]
    assert changes.free(changed, "s0", "s1", "s2").fingerprint() == before
    assert problem.fingerprint() == before


def test_move_closes_one_and_opens_the_other(problem) -> None:
    best = solve(problem)
    one, other = best.opened.tolist()
    closed = next(j for j in range(6) if j not in best.opened)
    moved = changes.move(changes.lock(problem, f"s{one}"), f"s{one}", f"s{closed}")
    answer = solve(moved, start=best)
    assert closed in answer.opened
    assert one not in answer.opened
    assert answer.certificate.objective == pytest.approx(best_objective(moved))
    assert other >= 0


def test_clashes_and_unknown_ids_are_named_with_the_remedy(problem) -> None:
    with pytest.raises(ProblemError, match="site s1 is required; free it"):
        changes.ban(changes.lock(problem, "s1"), "s1")
    with pytest.raises(ProblemError, match="site s1 is forbidden; free it"):
        changes.lock(changes.ban(problem, "s1"), "s1")
    with pytest.raises(ProblemError) as unknown:
        changes.lock(problem, "x", "s1", "y")
    assert unknown.value.faults == ("there is no site 'x'", "there is no site 'y'")
    with pytest.raises(ProblemError, match="moved to itself"):
        changes.move(problem, "s1", "s1")


def test_exclusions_name_their_faults(problem) -> None:
    with pytest.raises(ProblemError, match="differ_by is 0"):
        Exclusion(np.array([1]), 0)
    with pytest.raises(ProblemError, match="twice"):
        Exclusion(np.array([1, 1]))
    with pytest.raises(ProblemError, match="exclusion 0 names a site outside"):
        replace(problem, exclusions=(Exclusion(np.array([6])),))
    other = solve(presets.p_median(np.ones((2, 3)), p=1))
    with pytest.raises(ProblemError, match="has 3 sites, the problem 6"):
        changes.exclude(problem, other)


def test_an_excluded_plan_changes_fingerprint_and_breaks_the_checker(problem) -> None:
    best = solve(problem)
    excluded = changes.exclude(problem, best, differ_by=3)
    assert excluded.fingerprint() != problem.fingerprint()
    broken = verify(excluded, best)
    assert {one.rule for one in broken} == {"problem_hash", "exclusion"}
    assert next(one.amount for one in broken if one.rule == "exclusion") == 3


def test_without_any_other_plan_the_reason_says_so(problem) -> None:
    only = changes.lock(problem, "s0", "s1")
    answer = solve(changes.exclude(only, solve(only)))
    assert answer.outcome is Outcome.INFEASIBLE
    assert [one.kind for one in answer.reasons] == ["no_other_plan"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems, st.integers(0, 2**31))
def test_a_repaired_plan_is_a_plan(problem, seed) -> None:
    rng = np.random.default_rng(seed)
    size = np.array(
        [
            rng.integers(a, b) if rng.random() < 0.5 else -1
            for a, b in zip(
                problem.sites.size_start[:-1], problem.sites.size_start[1:], strict=True
            )
        ]
    )
    plan = repaired(problem, size)
    if plan is not None:
        assert plan.kept_rules(problem)


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("objective", list(Objective))
def test_a_plan_of_the_unchanged_problem_is_a_start_for_the_changed_one(
    objective, accelerate
) -> None:
    given_settings = SolverSettings(accelerate=accelerate)
    for seed in range(12):
        problem = tiny_problem(seed, objective, frozenset({"capacity", "sizes", "count"}))
        best = solve(problem, given_settings)
        if not best.has_plan or not len(best.opened):
            continue
        changed = changes.ban(problem, problem.sites.ids[best.opened[0]])
        expected = best_objective(changed)
        answer = solve(changed, given_settings, start=best)
        assert verify(changed, answer) == []
        assert answer.has_plan is (expected is not None)
        if expected is not None:
            assert answer.certificate.objective == pytest.approx(expected)


def test_a_closed_site_is_replaced_in_the_start(problem) -> None:
    best = solve(problem)
    changed = changes.ban(problem, problem.sites.ids[best.opened[0]])
    plan = repaired(changed, best.size)
    assert plan is not None
    assert (plan.size >= 0).sum() == 2
    at_once = solve(changed, SolverSettings(time_limit_s=0), start=best)
    assert at_once.has_plan

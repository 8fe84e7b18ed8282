"""Reasons are exact: the smallest change named is enough, and anything less is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from planner import Objective, Outcome, Quota, Sites, SolverSettings, Strength, presets, solve
from planner.solving.explain import Kind, explain_radius
from tests.planner.oracles.brute_force import best_objective
from tests.planner.oracles.problems import RULES, tiny_problem

pytestmark = pytest.mark.pulp

PLAIN = SolverSettings(accelerate=False)


def reasons_of(problem) -> dict:
    solution = solve(problem, PLAIN)
    assert solution.outcome is Outcome.INFEASIBLE
    return {reason.kind: reason for reason in solution.reasons}


def line(n: int, spacing: float = 10.0) -> np.ndarray:
    """Villages along a road, each a candidate too."""
    place = np.arange(n) * spacing
    return np.abs(place[:, None] - place[None])


def test_unreachable_is_named_and_left_out_of_the_objective() -> None:
    impedance = np.array([[1.0, 2.0], [np.inf, np.inf], [3.0, 1.0]])
    solution = solve(presets.p_median(impedance, p=1, demand_ids=["a", "b", "c"]), PLAIN)
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.certificate.objective == pytest.approx(3.0)
    assert solution.unserved.tolist() == [1]
    assert [(r.kind, r.subjects) for r in solution.reasons] == [(Kind.UNREACHABLE, ("b",))]


def test_only_forbidden_sites_in_reach() -> None:
    problem = presets.set_cover(
        line(3), radius=5, sites=Sites.simple(["x", "y", "z"], forbidden=[False, True, False])
    )
    reason = reasons_of(problem)[Kind.ONLY_FORBIDDEN]
    assert reason.subjects == ("D1",)
    assert reason.values["sites"] == {"D1": ["y"]}


def test_smallest_number_of_sites() -> None:
    reason = reasons_of(presets.set_cover(line(9), radius=10, p=2))[Kind.SITE_COUNT_TOO_SMALL]
    assert dict(reason.values) == {"asked": 2, "smallest": 3, "proven": True}


def test_missing_tonnes() -> None:
    problem = presets.capacitated_location(
        line(3), [10.0, 20.0, 30.0], sites=Sites.simple(["a", "b", "c"], capacity=[10, 15, 20])
    )
    found = reasons_of(problem)
    assert found[Kind.MISSING_CAPACITY].values["missing"] == pytest.approx(15.0)
    assert found[Kind.LEAST_UNSERVED].values["weight"] == pytest.approx(15.0)


def test_demand_larger_than_any_site() -> None:
    problem = presets.capacitated_location(
        line(2), [10.0, 20.0], sites=Sites.simple(["a", "b"], capacity=[15, 18]), single_source=True
    )
    reason = reasons_of(problem)[Kind.DEMAND_TOO_LARGE]
    assert reason.values["missing"] == {"D1": 2.0}


def test_least_throughput_that_nobody_can_bring() -> None:
    sites = Sites.simple(["a", "b"], required=[True, True], least_throughput=[20, 25])
    problem = presets.capacitated_location(line(2), [10.0, 20.0], sites=sites)
    reason = reasons_of(problem)[Kind.LEAST_THROUGHPUT]
    assert reason.values["missing"] == pytest.approx(15.0)


def test_weakest_quotas_give_first() -> None:
    everywhere = np.arange(4)
    quotas = [
        Quota("must have two", everywhere[:2], 2, None, Strength.MUST),
        Quota("one more, in principle", everywhere[2:], 1, None, Strength.IN_PRINCIPLE),
        Quota("two there, encouraged", everywhere[2:], 2, None, Strength.ENCOURAGED),
        Quota("at most three", everywhere, 0, 3, Strength.MUST),
    ]
    reason = reasons_of(presets.p_median(line(4), quotas=quotas))[Kind.QUOTA_CLASH]
    assert reason.subjects == ("two there, encouraged",)
    assert reason.values["allow"] == {"two there, encouraged": {"minimum": 1}}
    assert reason.values["strength"] == {"two there, encouraged": "encouraged"}


def test_rules_that_must_give_together() -> None:
    sites = Sites.simple(["a", "b", "c"], capacity=[10, 10, 10])
    problem = presets.capacitated_location(
        line(3), [10, 10, 20], sites=sites, p=2, quotas=[Quota("all", np.arange(3), 3)]
    )
    found = reasons_of(problem)
    assert found[Kind.SITE_COUNT_TOO_SMALL].values["together"]
    assert found[Kind.SITE_COUNT_TOO_SMALL].values["smallest"] == 3
    assert found[Kind.MISSING_CAPACITY].values["missing"] == pytest.approx(10)


def test_what_a_maximal_cover_leaves_out_has_a_reason() -> None:
    left = solve(presets.maximal_cover(line(5), radius=10, p=1), PLAIN)
    assert {r.kind: len(r.subjects) for r in left.reasons} == {Kind.LEFT_OUT: 2}
    full = presets.maximal_cover(
        line(3), radius=10, p=1, sites=Sites.simple(["a", "b", "c"], capacity=[1, 2, 1])
    )
    assert {r.kind: len(r.subjects) for r in solve(full, PLAIN).reasons} == {Kind.NO_ROOM: 1}


@pytest.mark.parametrize("shape", ["dense", "sparse"])
def test_radius_that_each_point_needs(shape) -> None:
    impedance = np.array([[0.0, 5.0], [7.0, 9.0], [np.inf, np.inf], [3.0, np.inf]])
    if shape == "sparse":
        row, column = np.nonzero(np.isfinite(impedance))
        entries = (impedance[row, column], (row, column))
        impedance = sparse.coo_array(entries, shape=impedance.shape)
    lost, far = explain_radius(impedance, 4.0, ["a", "b", "c", "d"])
    assert (lost.kind, lost.subjects) == (Kind.UNREACHABLE, ("c",))
    assert (far.kind, far.subjects) == (Kind.NEEDS_RADIUS, ("b",))
    assert far.values == {"radius": 4.0, "smallest": 7.0, "by_point": {"b": 7.0}}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**31), st.frozensets(st.sampled_from(RULES)), st.sampled_from(Objective))
def test_every_reason_is_enough_and_the_least(seed, rules, objective) -> None:
    problem = tiny_problem(seed, objective, rules | {"count"})
    solution = solve(problem, PLAIN)
    if solution.outcome is not Outcome.INFEASIBLE:
        return
    assert solution.reasons
    for reason in solution.reasons:
        if not reason.values.get("together"):
            _check(problem, reason)


def _check(problem, reason) -> None:
    least, most = problem.site_count
    if reason.kind == Kind.SITE_COUNT_TOO_SMALL:
        smallest = reason.values["smallest"]
        wider = (None if least is None else min(least, smallest), smallest)
        assert best_objective(replace(problem, site_count=wider)) is not None
        assert best_objective(replace(problem, site_count=(least, smallest - 1))) is None
    elif reason.kind == Kind.SITE_COUNT_TOO_LARGE:
        largest = reason.values["largest"]
        assert best_objective(replace(problem, site_count=(largest, most))) is not None
        assert best_objective(replace(problem, site_count=(largest + 1, most))) is None
    elif reason.kind == Kind.QUOTA_CLASH:
        allow = reason.values["allow"]
        relaxed = tuple(replace(q, **allow.get(q.name, {})) for q in problem.quotas)
        assert best_objective(replace(problem, quotas=relaxed)) is not None
        for name in allow:  # each of them is needed
            kept = tuple(
                o if o.name == name else r for o, r in zip(problem.quotas, relaxed, strict=True)
            )
            assert best_objective(replace(problem, quotas=kept)) is None
    elif reason.kind == Kind.MISSING_CAPACITY:
        assert best_objective(_with_capacity(problem, reason.values["at"], 1 + 1e-6)) is not None
        assert best_objective(_with_capacity(problem, reason.values["at"], 0.98)) is None
    elif reason.kind == Kind.LEAST_UNSERVED:
        total = problem.demand.weight[problem.reachable].sum()
        covered = best_objective(replace(problem, objective=Objective.MAX_COVERED))
        assert total - covered == pytest.approx(reason.values["weight"], abs=1e-6)


def _with_capacity(problem, at, factor):
    sites = problem.sites
    more = np.array([at.get(one, 0.0) for one in sites.ids])[sites.site_of_size] * factor
    return replace(
        problem, sites=replace(sites, capacity=sites.capacity + more + 1e-7 * (factor > 1))
    )

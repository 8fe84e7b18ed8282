"""What must hold of every answer, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import Objective, Quota, Sites, SitingProblem, SolverSettings, presets, solve
from tests.planner.oracles.problems import problems, tiny_problem

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
both_ways = pytest.mark.parametrize("accelerate", [True, False])
seeds = st.integers(0, 2**31)


def objective_of(problem: SitingProblem, *, accelerate: bool) -> float:
    return solve(problem, SolverSettings(accelerate=accelerate)).certificate.objective


def scattered(seed: int, n: int = 14, m: int = 7):
    rng = np.random.default_rng(seed)
    place, site = rng.uniform(0, 100, (n, 1, 2)), rng.uniform(0, 100, (1, m, 2))
    return np.hypot(*(place - site).transpose(2, 0, 1)), rng.uniform(1, 9, n)


@both_ways
@pytest.mark.parametrize("make", [presets.p_median, presets.p_centre])
@few
@given(seeds)
def test_objective_never_rises_with_the_number_of_sites(make, accelerate, seed) -> None:
    impedance, weight = scattered(seed)
    values = [
        objective_of(make(impedance, weight, p=p), accelerate=accelerate) for p in (1, 2, 4, 7)
    ]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(values))


@both_ways
@few
@given(seeds)
def test_coverage_never_falls_with_the_radius(accelerate, seed) -> None:
    impedance, weight = scattered(seed)
    values = [
        objective_of(presets.maximal_cover(impedance, weight, radius=r, p=2), accelerate=accelerate)
        for r in (5, 20, 40, 80)
    ]
    assert all(later >= earlier * (1 - 1e-9) for earlier, later in pairwise(values))


@few
@given(problems)
def test_reordering_changes_nothing(problem) -> None:
    rng = np.random.default_rng(5)
    moved = reordered(
        problem, rng.permutation(len(problem.demand)), rng.permutation(len(problem.sites))
    )
    for accelerate in (True, False):
        one, other = (
            solve(problem, SolverSettings(accelerate=accelerate)),
            solve(moved, SolverSettings(accelerate=accelerate)),
        )
        assert one.outcome is other.outcome
        if one.has_plan:
            assert one.certificate.objective == pytest.approx(other.certificate.objective, rel=2e-6)


def reordered(problem: SitingProblem, rows: np.ndarray, columns: np.ndarray) -> SitingProblem:
    """The same problem with demand and sites in another order."""
    sites, arcs = problem.sites, problem.arcs
    full = np.full((len(problem.demand), len(sites)), np.inf)
    full[arcs.demand, arcs.site] = arcs.impedance
    sizes = [np.arange(sites.size_start[j], sites.size_start[j + 1]) for j in columns]
    order = np.concatenate(sizes)
    return SitingProblem(
        objective=problem.objective,
        demand=presets.Demand([problem.demand.ids[i] for i in rows], problem.demand.weight[rows]),
        sites=Sites(
            [sites.ids[j] for j in columns],
            sites.required[columns],
            sites.forbidden[columns],
            sites.existing[columns],
            np.concatenate([[0], np.cumsum([len(s) for s in sizes])]),
            sites.capacity[order],
            sites.fixed_cost[order],
            sites.least_throughput[order],
        ),
        arcs=presets.Arcs.from_dense(full[rows][:, columns], problem.demand.weight[rows]),
        site_count=problem.site_count,
        quotas=tuple(
            Quota(
                q.name, np.flatnonzero(np.isin(columns, q.sites)), q.minimum, q.maximum, q.strength
            )
            for q in problem.quotas
        ),
        single_source=problem.single_source,
    )


@few
@given(problems)
def test_allocated_weight_is_the_demand(problem) -> None:
    solution = solve(problem)
    if not solution.has_plan or problem.objective is Objective.MAX_COVERED:
        return
    given_out = (problem.demand.weight[solution.demand] * solution.share).sum()
    assert given_out == pytest.approx(problem.demand.weight[problem.reachable].sum())


@few
@given(seeds)
def test_a_cap_or_a_rule_never_helps(seed) -> None:
    problem = tiny_problem(seed, Objective.MIN_COST, frozenset({"fixed_cost"}))
    free = objective_of(problem, accelerate=True)
    capped = replace(
        problem.sites, capacity=np.full(len(problem.sites), problem.demand.weight.sum() / 1.5)
    )
    for tighter in (replace(problem, sites=capped), replace(problem, site_count=(None, 1))):
        solution = solve(tighter)
        if solution.has_plan:
            assert solution.certificate.objective >= free * (1 - 1e-6)

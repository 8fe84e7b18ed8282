"""Whole methods against brute force and against the plain model; proofs, limits, cancelling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Cancelled, Outcome, SolverSettings, relative_gap
from planner.solving.checker import check_plan, verify
from planner.solving.method import Watch
from planner.solving.solve import solve as solve_whole
from planner.solving.uncapacitated.pmedian import PMedian
from tests.conftest import FUZZED
from tests.planner.accelerated.uncapacitated.cases import (
    METHODS,
    brute_force,
    random_problem,
    solve,
)


def assert_answers(problem: SitingProblem, seed: int) -> None:
    want, found = brute_force(problem), solve(problem)
    told = f"seed {seed} {problem.objective}: want {want}, got {found}"
    if want is None:
        assert found.infeasible, told
        assert found.size is None, told
        return
    assert found.size is not None, told
    assert not found.infeasible, told
    assert not check_plan(problem, found.size, found.demand, found.site, found.share), told
    assert found.objective == pytest.approx(want, rel=1e-9, abs=1e-9), told
    assert relative_gap(found.objective, found.bound) <= 1e-6, told
    crossed = found.bound - want
    if problem.objective is Objective.MAX_COVERED:
        crossed = -crossed
    assert crossed <= 1e-9 * max(1.0, abs(want)), told


@pytest.mark.parametrize("objective", list(METHODS))
def test_every_rule_against_brute_force(objective):
    for seed in range(60):
        assert_answers(random_problem(np.random.default_rng(seed), objective), seed)


@pytest.mark.slow
@pytest.mark.parametrize("objective", list(METHODS))
@pytest.mark.timeout(1800)
def test_ten_thousand_small_problems(objective):
    for seed in range(1_000, 1_000 + FUZZED // len(METHODS)):
        rng = np.random.default_rng(seed)
        assert_answers(random_problem(rng, objective, most_sites=10), seed)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(10_000, 1_000_000), objective=st.sampled_from(list(METHODS)))
def test_same_answer_as_the_plain_model(seed, objective):
    problem = random_problem(np.random.default_rng(seed), objective, most_sites=9)
    plain = solve_whole(problem, SolverSettings(accelerate=False))
    found = solve(problem)
    if plain.outcome is Outcome.INFEASIBLE:
        assert found.infeasible
    else:
        assert found.objective == pytest.approx(plain.certificate.objective, rel=1e-6, abs=1e-6)


def plane(n: int, m: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points, places = rng.random((n, 2)), rng.random((m, 2))
    distance = np.round(np.sqrt(((points[:, None] - places[None]) ** 2).sum(2)) * 1000)
    return distance, rng.integers(1, 50, n).astype(float)


def problem_on(objective, distance, weight, p, **rules):
    n, m = distance.shape
    cutoff = rules.pop("cutoff", np.inf)
    fixed = np.ones(m) if objective is Objective.MIN_SITES else None
    marks = {name: rules.pop(name) for name in ("required", "forbidden") if name in rules}
    return SitingProblem(
        objective,
        Demand([f"D{i}" for i in range(n)], weight),
        Sites.simple([f"S{j}" for j in range(m)], fixed_cost=fixed, **marks),
        Arcs.from_dense(distance, weight, cutoff=cutoff),
        site_count=(p, p),
        **rules,
    )


@pytest.mark.parametrize(
    ("objective", "p", "cutoff"),
    [
        (Objective.MIN_COST, 6, np.inf),
        (Objective.MIN_COST, 9, 420.0),
        (Objective.MIN_WORST, 6, np.inf),
        (Objective.MAX_COVERED, 5, 180.0),
        (Objective.MIN_SITES, None, 180.0),
    ],
)
def test_midsize_problems_agree_with_highs(objective, p, cutoff):
    distance, weight = plane(60, 16)
    problem = problem_on(objective, distance, weight, p, cutoff=cutoff)
    plain = solve_whole(problem, SolverSettings(accelerate=False, time_limit_s=60))
    found = solve(problem)
    assert plain.outcome is Outcome.OPTIMAL
    assert found.objective == pytest.approx(plain.certificate.objective)
    assert relative_gap(found.objective, found.bound) <= 1e-6


def test_quotas_required_and_forbidden_on_a_larger_plane():
    distance, weight = plane(60, 40)
    required, forbidden = np.zeros(40, bool), np.zeros(40, bool)
    required[3], forbidden[[5, 6]] = True, True
    quotas = (Quota("west", np.arange(20), 2, 3), Quota("east", np.arange(20, 40), 1, None))
    for objective in (Objective.MIN_COST, Objective.MAX_COVERED):
        problem = problem_on(
            objective,
            distance,
            weight,
            7,
            cutoff=np.inf if objective is Objective.MIN_COST else 200.0,
            quotas=quotas,
            required=required,
            forbidden=forbidden,
        )
        plain = solve_whole(problem, SolverSettings(accelerate=False, time_limit_s=60))
        assert solve(problem).objective == pytest.approx(plain.certificate.objective)


def test_a_cutoff_that_cannot_be_met_is_proven_infeasible():
    distance, weight = plane(60, 20)
    near = float(np.sort(distance.min(axis=1))[-1])
    problem = problem_on(Objective.MIN_COST, distance, weight, 2, cutoff=near)
    assert solve(problem).infeasible
    assert solve_whole(problem, SolverSettings(accelerate=False)).outcome is Outcome.INFEASIBLE


def test_same_seed_same_plan_on_any_number_of_threads():
    distance, weight = plane(200, 60)
    problem = problem_on(Objective.MIN_COST, distance, weight, 5)
    first, second = solve(problem, threads=1), solve(problem, threads=2)
    assert (first.size == second.size).all()
    assert first.bound == second.bound


def test_the_public_call_certifies_and_verifies():
    distance, weight = plane(150, 50)
    problem = problem_on(Objective.MIN_COST, distance, weight, 5)
    solution = solve_whole(problem)
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.certificate.method == PMedian.name
    assert not verify(problem, solution)


def test_a_time_limit_of_nothing_gives_no_false_proof():
    distance, weight = plane(150, 50)
    problem = problem_on(Objective.MIN_COST, distance, weight, 5)
    found = solve(problem, time_limit_s=0.0)
    best = solve(problem)
    assert found.size is None or found.objective >= best.objective
    assert not found.infeasible
    assert found.bound <= best.objective


@pytest.mark.parametrize("objective", list(METHODS))
def test_cancelling_leaves_the_best_plan_with_the_watch(objective):
    distance, weight = plane(300, 60)
    cutoff = 150.0 if objective in (Objective.MAX_COVERED, Objective.MIN_SITES) else np.inf
    problem = problem_on(objective, distance, weight, None, cutoff=cutoff)
    heard = []

    def stop(progress):
        heard.append(progress)
        if len(heard) > 2:
            raise Cancelled

    ready = SolverSettings()
    watch = Watch(ready, stop)
    try:
        METHODS[objective].run(problem, ready, watch)
    except Cancelled:
        best = watch.best
        assert best is None or not check_plan(
            problem, best.size, best.demand, best.site, best.share
        )


def test_overlapping_quotas_are_left_to_the_plain_model():
    distance, weight = plane(10, 6)
    quotas = (Quota("a", np.array([0, 1, 2]), 1, None), Quota("b", np.array([2, 3]), 1, None))
    problem = problem_on(Objective.MIN_COST, distance, weight, 3, quotas=quotas)
    assert not PMedian().applies(problem)

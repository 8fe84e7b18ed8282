"""Thousands of tiny problems, each by brute force: no bound is ever above the optimum."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from planner.problem import SitingProblem
from planner.solution import PROVEN_GAP, Cancelled, Progress, SolverSettings, relative_gap
from planner.solving import checker
from planner.solving.capacitated import whole
from planner.solving.capacitated.bound import Relaxation, first_multipliers
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.opening import FREE, OPEN
from planner.solving.capacitated.reverify import reverify_bound
from planner.solving.method import Found
from tests.conftest import FUZZED
from tests.planner.accelerated.capacitated.cases import found_for, random_problem
from tests.planner.oracles.brute_force import best_objective


def assert_true_answer(problem: SitingProblem, found: Found, *, gap: float = PROVEN_GAP) -> None:
    """The bound holds, the plan keeps every rule, and what claims the gap has it."""
    best = best_objective(problem)
    if best is None:
        assert found.size is None, "a plan where there is none"
        return
    slack = 1e-7 * max(1.0, abs(best))
    assert not found.infeasible, f"called infeasible, but {best} can be had"
    assert found.bound <= best + slack, f"bound {found.bound} is above the optimum {best}"
    if found.size is None:
        return
    assert not checker.check_plan(problem, found.size, found.demand, found.site, found.share)
    objective = checker.objective_of(problem, found.size, found.demand, found.site, found.share)
    assert objective == pytest.approx(found.objective, rel=1e-9, abs=1e-9)
    assert objective >= best - slack
    if relative_gap(objective, found.bound) <= gap:
        assert objective <= best + max(slack, gap * abs(objective) * 1.01)


def fuzz(seeds: range) -> tuple[int, int]:
    """How many problems had a plan, and how many of those were closed."""
    planned = closed = 0
    for seed in seeds:
        problem = random_problem(seed)
        if not suits(problem):
            continue
        gap = (PROVEN_GAP, 0.03, 0.2)[seed % 3]
        # Every other one without the plain model, which would leave the tree nothing to do.
        plain = whole.MODEL_PAIRS if seed % 4 < 2 else 0
        with mock.patch.object(whole, "MODEL_PAIRS", plain):
            found = found_for(problem, SolverSettings(threads=1 + seed % 2, gap=gap))
        assert found is not None
        try:
            assert_true_answer(problem, found, gap=gap)
        except AssertionError as fault:
            pytest.fail(f"seed {seed}: {fault}")
        planned += found.size is not None
        left = problem.single_source and relative_gap(found.objective, found.bound) > gap
        closed += found.size is not None and (
            not left or np.ceil(found.bound - 1e-4) >= found.objective - 1e-6
        )
    return planned, closed


def test_bound_plan_and_claims_hold() -> None:
    planned, closed = fuzz(range(150))
    assert planned > 45
    assert closed == planned


def test_a_run_without_a_limit_ends_where_only_rounding_is_left() -> None:
    problem = random_problem(1155)  # proven by the tree but for 2e-6 of the objective
    with mock.patch.object(whole, "MODEL_PAIRS", 0):
        found = found_for(problem, SolverSettings(threads=1, gap=PROVEN_GAP))
    assert found is not None
    assert_true_answer(problem, found)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_bound_plan_and_claims_hold_on_ten_thousand() -> None:
    planned, closed = fuzz(range(1_000, 1_000 + FUZZED))
    assert planned > 0.4 * FUZZED
    assert closed == planned


def test_no_evaluation_at_any_multipliers_is_above_the_optimum() -> None:
    rng = np.random.default_rng(7)
    for seed in range(200):
        problem = random_problem(20_000 + seed)
        data = CapacitatedData.of(problem) if suits(problem) else None
        if data is None or not data.servable:
            continue
        best = best_objective(problem)
        relaxation = Relaxation(data)
        state = np.where(data.required, OPEN, FREE).astype(np.int64)
        for scale in (0.0, 0.3, 1.0, 3.0):
            where = first_multipliers(data).moved(rng.normal(0, 20 * scale, data.n))
            where.price = float(rng.random() * scale)
            assert relaxation.evaluate(where, state) <= (np.inf if best is None else best + 1e-9)


def test_multipliers_re_prove_the_bound_of_the_root() -> None:
    for seed in range(40):
        problem = random_problem(50_000 + seed)
        if not suits(problem):
            continue
        found = found_for(problem, SolverSettings(threads=1, gap=0.5))
        best = best_objective(problem)
        if found is None or found.multipliers is None or best is None:
            continue
        again = reverify_bound(problem, found.multipliers)
        assert again <= best + 1e-7 * max(1.0, best)
        if found.bound_verified:
            assert found.bound_proof == "lagrangian"
            assert again >= found.bound - 1e-6 * max(1.0, abs(found.bound))


def test_a_cancelled_solve_keeps_a_plan_and_a_bound_that_hold() -> None:
    for seed in range(60_000, 60_060):
        problem = random_problem(seed)
        best = best_objective(problem) if suits(problem) else None
        if best is None:
            continue

        def stop(event: Progress) -> None:
            if event.phase != "bound":
                raise Cancelled

        found = found_for(problem, SolverSettings(threads=1), stop)
        if found is not None:
            assert_true_answer(problem, found)

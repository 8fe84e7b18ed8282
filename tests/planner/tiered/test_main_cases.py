"""Cases of the one facility above: never above the optimum of their own plans, together better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import SolverSettings, solve
from planner.solving.tiered import main_solve
from planner.solving.tiered.main_bound import first_pay, raised
from planner.solving.tiered.main_cases import cases_above, over
from planner.solving.tiered.main_tier import main_tier, with_only
from planner.tiered import (
    DEMAND,
    Facilities,
    FacilityQuota,
    Leg,
    Phases,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
    checker,
)
from tests.conftest import FUZZED

STORES, CENTRES = 4, 3


def one_centre(seed: int, *, below: bool) -> TieredProblem:
    """Villages, stores of two sizes and one of three centres; with village points, or without."""
    rng = np.random.default_rng(seed)
    n, points = 6, 2
    tonnes = rng.integers(2, 9, (2, n)).astype(float)
    total = tonnes.sum(axis=1).max()
    near, on, direct, far = (
        rng.integers(1, 9, shape).astype(float)
        for shape in ((n, points), (points, STORES), (n, STORES), (STORES, CENTRES))
    )
    store = Facilities.alike(
        [f"s{j}" for j in range(STORES)],
        {
            "capacity_t_per_yr": [np.ceil(total * 0.4), np.ceil(total * 0.7)],
            "fixed_cost_cny_per_yr": [20.0, 30.0],
        },
    )
    point = Facilities.alike(
        [f"p{j}" for j in range(points)],
        {"capacity_t_per_yr": [np.inf], "fixed_cost_cny_per_yr": [3.0]},
    )
    centre = Facilities.alike(
        [f"c{j}" for j in range(CENTRES)],
        {"capacity_t_per_yr": [total], "fixed_cost_cny_per_yr": [float(rng.integers(5, 30))]},
    )
    tiers = (Tier("store", store), Tier("centre", centre))
    legs = (Leg.from_dense(DEMAND, "store", direct, direct),)
    if below:
        tiers = (Tier("point", point, output_share=0.8), *tiers)
        first = Leg.from_dense(DEMAND, "point", near, near)
        legs = (first, Leg.from_dense("point", "store", on, on), *legs)
    legs = (*legs, Leg.from_dense("store", "centre", far, far))
    demand = TieredDemand(tuple(f"v{i}" for i in range(n)), tonnes)
    stream = Stream("straw", demand, tiers, legs)
    one = FacilityQuota("county", "straw", "centre", np.arange(CENTRES), 1, 1)
    return TieredProblem((stream,), Phases((2023, 2025), [2.0, 3.0]), quotas=(one,))


def best_of(problem: TieredProblem) -> float:
    return float(solve(problem, SolverSettings(accelerate=False)).certificate.objective)


def compare(seed: int, *, below: bool) -> None:
    problem = one_centre(seed, below=below)
    stop = bool
    phases, roots = [], []
    for t in range(2):
        main = main_tier(problem, t)
        root = raised(main, first_pay(main), rounds=100, stop=stop)
        cases = cases_above(problem, t, main, root, stop)
        assert cases is not None
        assert [one.facility for one in cases.cases] == list(range(CENTRES))
        cases.rise(np.inf, stop)
        assert cases.weakest.value >= root.value + main.constant - 1e-6
        phases.append(cases)
        roots.append(root)
    best = best_of(problem)
    slack = 1e-6 * abs(best)
    assert sum(cases.weakest.value for cases in phases) <= best + slack
    for facility in range(CENTRES):
        held = with_only(problem, phases[0].cases[0].main.tier + 1, np.array([facility]))
        least = sum(cases.of(facility).value for cases in phases)
        assert least <= best_of(held) + slack


@pytest.mark.parametrize("below", [False, True])
def test_no_case_is_bounded_above_its_best_plan(below) -> None:
    for seed in range(3):
        compare(seed, below=below)


@pytest.mark.slow
@pytest.mark.parametrize("below", [False, True])
def test_no_case_of_many_is_bounded_above_its_best_plan(below) -> None:
    for seed in range(100, 100 + max(20, FUZZED // 100)):
        compare(seed, below=below)


@pytest.mark.parametrize("below", [False, True])
def test_a_case_is_the_relaxation_with_no_other_open(below) -> None:
    problem = one_centre(7, below=below)
    main = main_tier(problem, 1)
    pay = first_pay(main)
    for facility in range(CENTRES):
        made = over(problem, 1, main, facility)
        anew = main_tier(problem, 1, only=(main.tier + 1, np.array([facility])))
        values = [
            raised(one, pay + main.base - one.base, rounds=0, stop=bool).value + one.constant
            for one in (made, anew)
        ]
        assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_where_two_may_be_open_there_are_no_cases() -> None:
    problem = one_centre(1, below=False)
    two = replace(problem, quotas=(replace(problem.quotas[0], maximum=2),))
    main = main_tier(two, 0)
    root = raised(main, first_pay(main), rounds=1, stop=bool)
    assert cases_above(two, 0, main, root, bool) is None


@pytest.mark.parametrize("below", [False, True])
def test_plans_and_bounds_by_cases_are_right(below, monkeypatch) -> None:
    monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    monkeypatch.setattr(main_solve, "TURNS", ((500, 0.3, False),))
    for seed in range(3):
        problem = one_centre(seed, below=below)
        ours = solve(problem, SolverSettings(time_limit_s=20.0, gap=0.0))
        assert not checker.verify(problem, ours)
        best = best_of(problem)
        slack = 1e-6 * abs(best)
        assert ours.certificate.bound <= best + slack
        assert ours.certificate.objective >= best - slack

"""Bounds by the main tier never pass an optimum, plans keep every rule; phases alike count as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import SolverSettings, solve
from planner.solving.tiered import (
    alike,
    decomposition,
    main_siting,
    main_solve,
    main_tier,
)
from planner.solving.tiered.main_bound import first_pay, raised
from planner.tiered import (
    DEMAND,
    Facilities,
    Leg,
    Phases,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
    checker,
)
from tests.planner.tiered.county import county
from tests.planner.tiered.problems import RULES, TWO_STREAMS, tiny

SUITED = [rule for rule in RULES if rule not in TWO_STREAMS]


def compare(problem: TieredProblem, monkeypatch) -> None:
    plain = solve(problem, SolverSettings(accelerate=False))
    monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    monkeypatch.setattr(main_solve, "TURNS", ((500, 0.3, False),) * 2)
    ours = solve(problem, SolverSettings(time_limit_s=20.0))
    assert not checker.verify(problem, ours)
    assert ours.has_plan == plain.has_plan
    if plain.has_plan:
        best = plain.certificate.objective
        slack = 1e-6 * max(1.0, abs(best))
        assert ours.certificate.bound <= best + slack
        assert ours.certificate.objective >= plain.certificate.bound - slack


def alike_phases(problem: TieredProblem) -> TieredProblem:
    """With the first phase's tonnes in every phase."""
    streams = tuple(
        replace(
            one,
            demand=replace(
                one.demand,
                tonnes=np.tile(one.demand.tonnes[0], (len(problem.phases), 1)),
                low=None,
                high=None,
            ),
        )
        for one in problem.streams
    )
    return replace(problem, streams=streams)


@pytest.mark.parametrize(
    "rule", ["skip", "loss", "grows", "exactly", "in_principle", "one_way", "contiguity", "zones"]
)
def test_bound_and_plan(rule, monkeypatch) -> None:
    compare(tiny(31, rule), monkeypatch)


@pytest.mark.parametrize("rule", ["loss", "expandable", "skip"])
def test_a_weak_result_goes_on_to_the_decomposition(rule, monkeypatch) -> None:
    monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    monkeypatch.setattr(main_solve, "TURNS", ())
    problem = tiny(33, rule)
    alone = solve(problem, SolverSettings(time_limit_s=20.0, gap=0.0))
    monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    both = solve(problem, SolverSettings(time_limit_s=20.0, gap=0.0))
    assert not checker.verify(problem, both)
    best = solve(problem, SolverSettings(accelerate=False)).certificate.objective
    slack = 1e-6 * abs(best)
    assert alone.certificate.bound <= both.certificate.bound + slack
    assert both.certificate.bound <= best + slack
    assert best - slack <= both.certificate.objective <= alone.certificate.objective + slack


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(32, 38))
@pytest.mark.parametrize("rule", SUITED)
def test_bound_and_plan_under_every_rule(rule, seed, monkeypatch) -> None:
    compare(tiny(seed, rule), monkeypatch)
    compare(alike_phases(tiny(seed, rule, "exactly", "loss")), monkeypatch)


@pytest.mark.parametrize("rule", ["closable", "expandable", "temporary", "later", "encouraged"])
def test_phases_alike_are_one(rule) -> None:
    problem = alike_phases(tiny(41, rule))
    run = alike.runs_of(problem)
    merged = alike.merged(problem, run)
    assert len(merged.phases) == 1 + run[-1]
    whole = solve(problem, SolverSettings(accelerate=False))
    assert not checker.verify(problem, whole)
    apart = TieredProblem(**{**vars(problem), "phases": _told_apart(problem.phases)})
    assert list(alike.runs_of(apart)) == [0, 1]
    other = solve(apart, SolverSettings(accelerate=False))
    assert whole.has_plan == other.has_plan
    if whole.has_plan:
        assert whole.certificate.objective == pytest.approx(other.certificate.objective)


def _told_apart(phases: Phases) -> Phases:
    """A budget that nothing exceeds tells phases apart."""
    return replace(phases, budget_cny=np.full(len(phases), 1e9))


def with_village_points(seed: int, *, apart: bool) -> TieredProblem:
    """Village points that may be left out, before stores that must take all."""
    rng = np.random.default_rng(seed)
    n, points, stores = 6, 3, 3
    tonnes = rng.integers(2, 9, (2, n)).astype(float)
    if not apart:
        tonnes[1] = tonnes[0]
    total = tonnes.sum(axis=1).max()
    near = rng.integers(1, 4, (n, points)).astype(float)
    on, direct = (
        rng.integers(1, 9, shape).astype(float) for shape in ((points, stores), (n, stores))
    )
    direct[0] = np.inf  # one village without a straight haul
    point = Facilities.alike(
        [f"p{j}" for j in range(points)],
        {"capacity_t_per_yr": [np.inf], "fixed_cost_cny_per_yr": [float(rng.integers(1, 9))]},
    )
    store = Facilities.alike(
        [f"s{j}" for j in range(stores)],
        {
            "capacity_t_per_yr": [np.ceil(total * 0.4), np.ceil(total * 0.7)],
            "fixed_cost_cny_per_yr": [20.0, 30.0],
        },
        expandable=np.ones(stores, bool),
    )
    stream = Stream(
        "straw",
        TieredDemand(tuple(f"v{i}" for i in range(n)), tonnes),
        (Tier("point", point, output_share=0.8), Tier("store", store)),
        (
            Leg.from_dense(DEMAND, "point", near, near),
            Leg.from_dense("point", "store", on, on),
            Leg.from_dense(DEMAND, "store", direct, direct),
        ),
    )
    return TieredProblem((stream,), Phases((2023, 2025), [2.0, 3.0]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("apart", [True, False])
def test_optional_points_below(seed, apart, monkeypatch) -> None:
    compare(with_village_points(seed, apart=apart), monkeypatch)


def test_a_little_less_of_the_need_may_be_a_whole_unit_less(monkeypatch) -> None:
    """Two stores of ten hold 20.5 t once half of one village's tonne is lost at its point."""
    none = np.inf
    point = Facilities.alike(["p"], {"capacity_t_per_yr": [none], "fixed_cost_cny_per_yr": [1.0]})
    store = Facilities.alike(
        ["a", "b", "c"], {"capacity_t_per_yr": [10.0], "fixed_cost_cny_per_yr": [100.0]}
    )
    near, on, direct = np.array([[0.0], [none], [none]]), np.zeros((1, 3)), np.zeros((3, 3))
    stream = Stream(
        "straw",
        TieredDemand(("u", "v", "w"), [[1.0, 10.0, 9.5]]),
        (Tier("point", point, output_share=0.5), Tier("store", store)),
        (
            Leg.from_dense(DEMAND, "point", near, near),
            Leg.from_dense("point", "store", on, on),
            Leg.from_dense(DEMAND, "store", direct, direct),
        ),
    )
    problem = TieredProblem((stream,), Phases((2025,)))
    main = main_tier.main_tier(problem, 0)
    bound = raised(main, first_pay(main), rounds=200, stop=lambda: False).value + main.constant
    assert bound <= 201.0
    compare(problem, monkeypatch)


def without_straight_hauls(problem: TieredProblem) -> TieredProblem:
    """Every village over a village point, which takes whatever comes: one-tier location first."""
    stream = problem.streams[0]
    return replace(problem, streams=(replace(stream, legs=stream.legs[:2]),))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("apart", [True, False])
def test_main_tier_without_limits(seed, apart, monkeypatch) -> None:
    problem = without_straight_hauls(with_village_points(seed, apart=apart))
    assert main_siting.suits(main_tier.main_tier(problem, 0))
    compare(problem, monkeypatch)


@pytest.mark.slow
def test_several_tiers_of_a_county(monkeypatch) -> None:
    monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    problem = county(1, villages=60, candidates=(20, 18, 3), load=60 / 352, phases=2)
    assert main_solve.applies(problem)
    solution = solve(problem, SolverSettings(time_limit_s=8.0, gap=0.05))
    assert not checker.verify(problem, solution)
    assert solution.has_plan

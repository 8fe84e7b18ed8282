"""Temporary facilities: so many years from their own opening, then cleared for good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import Outcome, SolverSettings, solve
from planner.models.modelling import ArrayWriter
from planner.models.tiered import build
from planner.solving.tiered import alike, decomposition
from planner.tiered import NO_YEAR, Phases, checker, metrics
from planner.tiered.problem import TieredProblem
from planner.tiered.solution import StreamPlan
from tests.planner.tiered.problems import tiny
from tests.planner.tiered.test_against_brute_force import agrees

YEARS = (2023, 2025, 2027)
LIVES = ([0, 2], [2, 2], [1, NO_YEAR], [3, 0])


def three_phases(seed: int, lasts_yr, *rules: str, **part) -> TieredProblem:
    """The main stream of a tiny problem over three phases, its lower facilities temporary."""
    problem = tiny(seed, *rules)
    stream = problem.streams[0]
    rng = np.random.default_rng(seed)
    middle = rng.integers(2, 9, 3).astype(float)
    tonnes = np.vstack([stream.demand.tonnes[0], middle, stream.demand.tonnes[1]])
    tier = stream.tiers[0]
    room = np.tile(np.ceil(tonnes.sum(axis=1).max() * np.array([0.6, 1.0])), 2)
    facilities = replace(tier.facilities, capacity_t_per_yr=room, lasts_yr=lasts_yr, **part)
    demand = replace(stream.demand, tonnes=tonnes, low=tonnes, high=tonnes)
    stream = replace(
        stream,
        demand=demand,
        tiers=(replace(tier, facilities=facilities), *stream.tiers[1:]),
        coverage_target=None,
    )
    weight = rng.integers(1, 5, 3).astype(float)
    return replace(problem, streams=(stream,), phases=Phases(YEARS, weight))


@pytest.mark.parametrize("grows", [False, True])
@pytest.mark.parametrize("lasts_yr", LIVES)
@pytest.mark.parametrize("seed", [51, 52])
def test_against_trying_everything(lasts_yr, grows, seed) -> None:
    agrees(three_phases(seed, lasts_yr, expandable=[grows, grows]))


@pytest.mark.parametrize("rule", ["at_least", "required", "late", "loss", "in_principle"])
@pytest.mark.parametrize("lasts_yr", LIVES[:2])
def test_beside_another_rule(lasts_yr, rule) -> None:
    agrees(three_phases(53, lasts_yr, rule))


@pytest.mark.parametrize("budget", [[100.0, 60.0, 160.0], [210.0, 0.0, 110.0], [90.0, 300.0, 0.0]])
@pytest.mark.parametrize("lasts_yr", LIVES)
def test_a_budget_gets_nothing_back_for_what_is_cleared(lasts_yr, budget) -> None:
    problem = three_phases(54, lasts_yr, expandable=[True, True])
    agrees(replace(problem, phases=replace(problem.phases, budget_cny=np.array(budget))))


@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
def test_one_that_must_be_open_opens_at_once(which) -> None:
    required = np.isin([0, 1], which)
    problem = three_phases(55, [2, 2], required=required)
    assert problem.alive(problem.streams[0].tiers[0])[2].tolist() == (~required).tolist()
    agrees(problem)


@pytest.mark.parametrize("lasts_yr", [4, 9, NO_YEAR])
def test_years_that_outlast_the_programme_change_nothing(lasts_yr) -> None:
    problem = three_phases(56, [lasts_yr] * 2, expandable=[True, False])
    lasting = three_phases(56, [NO_YEAR] * 2, expandable=[True, False])
    one, other = (build(each, ArrayWriter).linear.arrays() for each in (problem, lasting))
    for name in ("cost", "lower", "upper", "integer", "row_start", "row_index", "row_value"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert not problem.is_temporary(problem.streams[0].tiers[0]).any()


def test_one_phase_has_nothing_to_clear() -> None:
    problem = tiny(57)
    stream = problem.streams[0]
    tier = replace(stream.tiers[0], facilities=replace(stream.tiers[0].facilities, lasts_yr=[0, 0]))
    single = replace(problem.phases, years=(2025, 2026))
    assert replace(problem, phases=single).is_temporary(tier).all()
    alone = Phases((2025,))
    demand = replace(
        stream.demand, **dict.fromkeys(("tonnes", "low", "high"), stream.demand.tonnes[:1])
    )
    stream = replace(stream, demand=demand, tiers=(tier, stream.tiers[1]), coverage_target=None)
    problem = replace(problem, streams=(stream,), phases=alone)
    assert not problem.is_temporary(tier).any()
    agrees(problem)


def test_the_last_phase_is_told_by_the_year_of_opening() -> None:
    problem = three_phases(58, [2, 3], end_year=[NO_YEAR, 2026])
    last = problem.last_phase(problem.streams[0].tiers[0])
    assert last.tolist() == [[1, 1], [2, 1], [2, -1]]
    assert problem.is_temporary(problem.streams[0].tiers[0]).tolist() == [True, False]


def with_sizes(plan: StreamPlan, lower) -> StreamPlan:
    return replace(plan, size=(np.array(lower), *plan.size[1:]))


@pytest.mark.parametrize(
    ("first", "rule"),
    [
        ([0, 0, 0], "not_cleared"),
        ([0, -1, -1], "closed_again"),
        ([-1, 0, -1], "closed_again"),
        ([0, 1, -1], "not_expandable"),
    ],
)
def test_the_checker_sees_who_stays_too_long_or_goes_too_soon(first, rule) -> None:
    problem = three_phases(59, [2, NO_YEAR])
    solution = solve(problem)
    lower = solution.streams[0].size[0].copy()
    lower[:, 0] = first
    broken = checker.check_plan(problem, (with_sizes(solution.streams[0], lower),))
    assert rule in {one.rule for one in broken if one.subject == "a"}


def test_once_cleared_it_does_not_come_back() -> None:
    problem = three_phases(60, [0, NO_YEAR])
    solution = solve(problem)
    lower = solution.streams[0].size[0].copy()
    lower[:, 0] = [0, -1, 0]
    broken = checker.check_plan(problem, (with_sizes(solution.streams[0], lower),))
    assert "not_cleared" in {one.rule for one in broken if one.subject == "a"}


def test_the_programme_says_when_a_site_ends() -> None:
    problem = three_phases(61, [0, NO_YEAR], "at_least")
    only = replace(problem.quotas[0], phases=(0,))
    solution = solve(replace(problem, quotas=(only,)))
    steps = [one for one in metrics.programme(problem, solution.streams) if one.facility == "a"]
    assert [(one.action, one.year) for one in steps] == [("build", 2023), ("end", 2025)]


@pytest.mark.parametrize("lasts_yr", LIVES)
@pytest.mark.parametrize("seed", [62, 63])
def test_the_decomposition_keeps_to_its_side(lasts_yr, seed, monkeypatch) -> None:
    problem = three_phases(seed, lasts_yr, "exactly", "loss", expandable=[True, False])
    plain = solve(problem, SolverSettings(accelerate=False))
    monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    assert decomposition.suits(problem)
    ours = solve(problem, SolverSettings(time_limit_s=3.0))
    assert not checker.verify(problem, ours)
    assert plain.has_plan == ours.has_plan
    if plain.has_plan:
        best = plain.certificate.objective
        assert ours.certificate.bound <= best * (1 + 1e-6)
        assert ours.certificate.objective >= best * (1 - 1e-6)


def test_phases_are_not_one_where_something_is_cleared() -> None:
    problem = three_phases(64, [0, NO_YEAR])
    stream = problem.streams[0]
    same = np.tile(stream.demand.tonnes[:1], (3, 1))
    demand = replace(stream.demand, tonnes=same, low=same, high=same)
    problem = replace(problem, streams=(replace(stream, demand=demand),))
    assert alike.runs_of(problem).tolist() == [0, 1, 2]


def test_no_plan_where_all_are_cleared_too_soon() -> None:
    problem = three_phases(65, [0, 0])
    solution = solve(problem)
    assert solution.outcome is Outcome.INFEASIBLE


@pytest.mark.parametrize("change", [{"lasts_yr": [-1, 0]}, {"existing_size": [0, -1]}])
def test_years_that_mean_nothing_are_refused(change) -> None:
    with pytest.raises(ValueError, match=r"last fewer than no years|give end_year"):
        three_phases(66, **{"lasts_yr": [0, 0], **change})

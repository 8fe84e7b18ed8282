"""The tiered model to the letter, as PuLP and as arrays, and where it reduces to the presets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import Sites, SolverSettings, presets, solve
from planner.models.modelling import ArrayWriter, PulpWriter
from planner.models.tiered import build
from planner.models.tiered_draft import Rule
from planner.solving.tiered import decomposition, main_solve, units
from planner.tiered import (
    DEMAND,
    Contiguity,
    Facilities,
    FacilityQuota,
    Goal,
    GoalKind,
    Leg,
    Phases,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
    checker,
)
from tests.planner.models.test_golden import compare, same_program
from tests.planner.tiered.problems import RULES, tiny

pytestmark = pytest.mark.pulp

PLAIN = SolverSettings(accelerate=False)
EVERY_RULE = [
    rule for rule in RULES if rule not in {"divided", "forbidden", "kept", "closable", "zones"}
]


def as_solved(problem: TieredProblem) -> TieredProblem:
    """With whole districts as points, which every model takes them as."""
    return units.merged(problem) if units.merges(problem) else problem


def test_model_is_as_written_down(tmp_path) -> None:
    model = build(as_solved(tiny(1, *EVERY_RULE)), PulpWriter)
    compare(model.linear.prob, "tiered", tmp_path)


def test_elastic_model_is_as_written_down(tmp_path) -> None:
    problem = tiny(1, "terminals", "budget", "land", "apart", "host", "at_least", "target")
    model = build(problem, PulpWriter, relaxed=list(Rule), measured=list(Rule))
    compare(model.linear.prob, "tiered_elastic", tmp_path)


@pytest.mark.parametrize("rule", RULES)
def test_array_twin_is_the_pulp_model_row_by_row(rule) -> None:
    problem = as_solved(tiny(2, rule))
    same_program(build(problem, PulpWriter).linear, build(problem, ArrayWriter).linear)


@pytest.mark.parametrize("kind", [kind for kind in GoalKind if kind is not GoalKind.COST])
def test_array_twin_of_every_goal(kind) -> None:
    problem = replace(tiny(2, "target"), goals=(Goal.of(kind), Goal()))
    one, other = (
        build(problem, write, stage=1, held=(5.0,)).linear for write in (PulpWriter, ArrayWriter)
    )
    same_program(one, other)


def one_tier(cost, weight, facilities, *quotas, **stream):
    """A tiered problem of one tier, like the presets."""
    n = len(weight)
    leg = Leg.from_dense(DEMAND, "sites", cost, cost)
    demand = TieredDemand(tuple(f"d{i}" for i in range(n)), [weight])
    only = Stream("only", demand, (Tier("sites", facilities),), (leg,), **stream)
    return TieredProblem((only,), Phases((2025,)), quotas=quotas)


@pytest.fixture
def places():
    rng = np.random.default_rng(4)
    points, sites = rng.uniform(0, 10, (14, 2)), rng.uniform(0, 10, (6, 2))
    cost = np.hypot(*(points[:, None] - sites[None]).transpose(2, 0, 1))
    return cost, rng.integers(1, 9, 14).astype(float)


def test_reduces_to_p_median(places) -> None:
    cost, weight = places
    free = Facilities.alike(
        list("abcdef"), {"capacity_t_per_yr": [np.inf], "fixed_cost_cny_per_yr": [0.0]}
    )
    quota = FacilityQuota("p", "only", "sites", np.arange(6), 2, 2)
    ours = solve(one_tier(cost, weight, free, quota))
    assert ours.certificate.objective == pytest.approx(
        solve(presets.p_median(cost, weight, p=2), PLAIN).certificate.objective
    )


@pytest.mark.parametrize("single_source", [True, False])
def test_reduces_to_capacitated_location(places, single_source) -> None:
    cost, weight = places
    sites = Sites.simple(list("abcdef"), capacity=np.full(6, 25.0), fixed_cost=np.full(6, 20.0))
    theirs = solve(
        presets.p_median(cost, weight, p=(None, None), sites=sites, single_source=single_source),
        PLAIN,
    )
    same = Facilities.alike(
        list("abcdef"), {"capacity_t_per_yr": [25.0], "fixed_cost_cny_per_yr": [20.0]}
    )
    ours = solve(one_tier(cost, weight, same, single_source=single_source))
    assert ours.certificate.objective == pytest.approx(theirs.certificate.objective)


def test_reduces_to_p_centre_set_cover_and_maximal_cover(places) -> None:
    cost, weight = places
    free = Facilities.alike(
        list("abcdef"), {"capacity_t_per_yr": [np.inf], "fixed_cost_cny_per_yr": [0.0]}
    )
    two = FacilityQuota("p", "only", "sites", np.arange(6), 2, 2)
    worst = replace(one_tier(cost, weight, free, two), goals=(Goal.of(GoalKind.WORST_DISTANCE),))
    assert solve(worst).certificate.objective == pytest.approx(
        solve(presets.p_centre(cost, weight, p=2), PLAIN).certificate.objective
    )
    near = np.where(cost <= np.median(cost), cost, np.inf)
    fewest = replace(one_tier(near, weight, free), goals=(Goal.of(GoalKind.SITES),))
    assert solve(fewest).certificate.objective == pytest.approx(
        solve(presets.set_cover(cost, weight, radius=np.median(cost)), PLAIN).certificate.objective
    )
    closer = np.where(cost <= 3.0, cost, np.inf)
    most = one_tier(closer, weight, free, two, coverage_target=[0.0])
    most = replace(most, goals=(Goal.of(GoalKind.COVERED_TONNES),))
    assert -solve(most).certificate.objective == pytest.approx(
        solve(presets.maximal_cover(cost, weight, p=2, radius=3.0), PLAIN).certificate.objective
    )


def test_faults_are_named_all_at_once() -> None:
    with pytest.raises(ValueError, match=r"given twice.*ascending capacity.*both required"):
        Facilities.alike(
            ["x", "x"],
            {"capacity_t_per_yr": [3, 2], "fixed_cost_cny_per_yr": [1, 2]},
            required=[True, True],
            forbidden=[True, False],
        )
    with pytest.raises(ValueError, match="symmetric"):
        Contiguity("t", [0, 1, 1], [1], [-1])


def without_a_way_on(problem: TieredProblem) -> TieredProblem:
    """Facility b leads nowhere, and the last point reaches b alone."""
    first, second = problem.streams[0].legs
    near = np.full((3, 2), np.inf)
    near[first.row, first.to] = first.cost_cny_per_t
    far = np.full((2, 2), np.inf)
    far[second.row, second.to] = second.cost_cny_per_t
    near[2, 0] = far[1] = np.inf
    legs = (Leg.from_dense(DEMAND, "low", near, near), Leg.from_dense("low", "up", far, far))
    stream = replace(problem.streams[0], legs=legs)
    return replace(problem, streams=(stream,))


@pytest.mark.parametrize("method", ["plain", "main_solve", "decomposition"])
def test_a_point_whose_ways_all_end_halfway_is_named_and_the_others_planned(
    method, monkeypatch
) -> None:
    if method == "main_solve":
        monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    elif method == "decomposition":
        monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    problem = without_a_way_on(tiny(3))
    assert problem.streams[0].reachable.tolist() == [True, True, False]
    found = solve(problem, SolverSettings(time_limit_s=20.0))
    assert found.has_plan
    assert not checker.verify(problem, found)
    assert {(one.demand, one.kind) for one in found.unserved} == {(2, "unreachable")}
    apart = solve(problem, SolverSettings(accelerate=False))
    assert found.certificate.bound <= apart.certificate.objective + 1e-6

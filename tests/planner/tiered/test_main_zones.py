"""Zones of few units as columns: every connected set once, and the optimum of the plain model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner import Outcome, SolverSettings, solve
from planner.problem import Strength
from planner.solving.tiered import main_solve, main_zones
from planner.solving.tiered.main_tier import main_tier
from planner.tiered import (
    DEMAND,
    Contiguity,
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

ROWS, COLUMNS = 2, 4


def grid(seed: int, *, standing: bool = False, least: int = 0, phases: int = 1) -> TieredProblem:
    """Eight units in two rows, five sites in as many units; the first may stand without a zone."""
    rng = np.random.default_rng(seed)
    n, f = ROWS * COLUMNS, 5
    tonnes = rng.integers(2, 7, (phases, n)).astype(float)
    total = tonnes.sum(axis=1).max()
    home = rng.choice(n, f, replace=False)
    haul = rng.integers(1, 9, (n, f)).astype(float)
    sites = Facilities.alike(
        [f"s{j}" for j in range(f)],
        {
            "capacity_t_per_yr": [np.ceil(total * 0.3), np.ceil(total * 0.6)],
            "fixed_cost_cny_per_yr": [30.0, 45.0],
        },
        existing_size=np.where(np.arange(f) == 0, 0, -1) if standing else None,
        expandable=np.ones(f, bool),
    )
    at = np.where((np.arange(f) == 0) & standing, -1, home)
    few = np.where((np.arange(f) == 0) & standing, 0, least)
    rule = Contiguity("zone", *_borders(), at, None, few, 5)
    stream = Stream(
        "packs",
        TieredDemand(tuple(f"u{i}" for i in range(n)), tonnes),
        (Tier("zone", sites),),
        (Leg.from_dense(DEMAND, "zone", haul, haul),),
        contiguity=rule,
    )
    near = FacilityQuota("east", "packs", "zone", np.array([1, 2, 3]), 1, 2, Strength.MUST)
    return TieredProblem((stream,), Phases((2023, 2025)[:phases]), quotas=(near,))


def _borders() -> tuple[list[int], list[int]]:
    start, neighbour = [0], []
    for u in range(ROWS * COLUMNS):
        row, column = divmod(u, COLUMNS)
        beside = [(row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)]
        neighbour += [r * COLUMNS + c for r, c in beside if 0 <= r < ROWS and 0 <= c < COLUMNS]
        start.append(len(neighbour))
    return start, neighbour


def test_every_connected_set_is_listed_once() -> None:
    problem = grid(1)
    rule = problem.streams[0].contiguity
    main = main_tier(problem, 0)
    listed = main_zones.zones_of(main, rule)
    assert listed is not None
    room = float(main.choice.room.max())
    wanted = {
        one
        for size in range(1, rule.most_units + 1)
        for one in itertools.combinations(range(ROWS * COLUMNS), size)
        if main.tonnes[list(one)].sum() <= room and _in_one_piece(rule, set(one))
    }
    found = [tuple(np.flatnonzero(one).tolist()) for one in listed]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def _in_one_piece(rule: Contiguity, units: set[int]) -> bool:
    reached, ahead = set[int](), [min(units)]
    while ahead:
        u = ahead.pop()
        if u not in reached:
            reached.add(u)
            borders = rule.neighbour[rule.start[u] : rule.start[u + 1]].tolist()
            ahead += [v for v in borders if v in units]
    return reached == units


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", [{}, {"standing": True, "least": 2}, {"phases": 2}])
def test_optimum_of_the_plain_model(seed, case, monkeypatch) -> None:
    problem = grid(seed, **case)
    plain = solve(problem, SolverSettings(accelerate=False))
    monkeypatch.setattr(main_solve, "LEAST_ARCS", 0)
    ours = solve(problem, SolverSettings(time_limit_s=30.0))
    assert not checker.verify(problem, ours)
    assert ours.has_plan == plain.has_plan
    if not plain.has_plan:
        assert ours.outcome is Outcome.INFEASIBLE
        return
    best = plain.certificate.objective
    assert ours.certificate.bound <= best + 1e-6 * abs(best)
    if len(problem.phases) == 1:
        assert ours.certificate.objective == pytest.approx(best, rel=2e-4)
        assert ours.certificate.gap <= 2e-4

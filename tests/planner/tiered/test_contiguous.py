"""Areas in one piece: grown, drawn anew by small models, and against the whole model."""

from __future__ import annotations

import numpy as np
import pytest

from planner.problem import IntArray
from planner.solution import Cancelled, Outcome, SolverSettings
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.method import Watch
from planner.solving.solve import solve
from planner.solving.tiered.area_models import solved_in_pieces
from planner.solving.tiered.areas import Areas, grown
from planner.solving.tiered.contiguous import METHOD, one_tier, solve_contiguous, suits
from planner.solving.tiered.plain import GroupAnswer
from planner.tiered import (
    DEMAND,
    Contiguity,
    Facilities,
    Leg,
    Phases,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
    checker,
)
from tests.conftest import FUZZED


def grid(
    rows: int, columns: int, sites: int, seed: int, *, at_home: bool = True, room: float = 1.6
) -> TieredProblem:
    """Units of a grid that border on those beside them; sites at some of them, two sizes each."""
    draw = np.random.default_rng(seed)
    n = rows * columns
    place = np.array([(i // columns, i % columns) for i in range(n)], float)
    home = draw.choice(n, sites, replace=False)
    tonnes = draw.integers(1, 9, n).astype(float)
    km = np.abs(place[:, None] - place[None, home]).sum(axis=2) * draw.uniform(0.7, 1.3, (n, sites))
    km[home, np.arange(sites)] = 0.0
    large = np.ceil(draw.uniform(0.7, 1.3, sites) * room * tonnes.sum() / sites)
    capacity = np.column_stack([np.ceil(0.6 * large), large]).ravel()
    facilities = Facilities(
        tuple(f"s{j}" for j in range(sites)),
        2 * np.arange(sites + 1),
        capacity,
        np.round(3.0 * capacity**0.7),
    )
    stream = Stream(
        "grid",
        TieredDemand(tuple(f"u{i}" for i in range(n)), tonnes),
        (Tier("site", facilities),),
        (Leg.from_dense(DEMAND, "site", km, km),),
        contiguity=Contiguity(
            "site", *borders_of_grid(rows, columns), home if at_home else np.full(sites, -1)
        ),
    )
    return TieredProblem((stream,), Phases((2025,)))


def borders_of_grid(rows: int, columns: int) -> tuple[IntArray, list[int]]:
    start, neighbour = [0], []
    for i in range(rows * columns):
        r, c = divmod(i, columns)
        beside = [(r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)]
        neighbour += [a * columns + b for a, b in beside if 0 <= a < rows and 0 <= b < columns]
        start.append(len(neighbour))
    return np.array(start), neighbour


def areas_of(problem: TieredProblem) -> Areas:
    rule = problem.streams[0].contiguity
    assert rule is not None
    return Areas.of(CapacitatedData.of(one_tier(problem)), rule)


def in_one_piece(areas: Areas, site: IntArray) -> bool:
    return all(
        (areas.reached(areas.root(j, site == j), site == j) == (site == j)).all()
        for j in np.unique(site).tolist()
    )


@pytest.mark.parametrize("at_home", [True, False])
def test_grown_areas_are_in_one_piece_whatever_was_wanted(at_home):
    for seed in range(20):
        areas = areas_of(grid(5, 6, 5, seed, at_home=at_home))
        wanted = np.random.default_rng(seed).integers(0, 5, areas.data.n)
        plan = grown(areas, [0, 2, 3, 4], wanted)
        assert plan is not None
        assert in_one_piece(areas, plan.site)
        assert (plan.chosen[np.unique(plan.site)] >= 0).all()


def test_a_part_of_the_county_that_no_site_can_reach_has_no_areas():
    areas = areas_of(grid(3, 4, 2, 1))
    cut = Areas(
        areas.data,
        areas.far,
        np.zeros(areas.data.n + 1, np.int64),
        np.zeros(0, np.int64),
        areas.home,
        areas.possible,
        areas.least_units,
        areas.most_units,
    )
    assert grown(cut, [0, 1], np.zeros(areas.data.n, np.int64)) is None


def test_sites_open_where_areas_cannot_get_to():
    """A row of units in two halves without a border between them."""
    problem = grid(1, 8, 2, 0)
    areas = areas_of(problem)
    first = int(np.argmin(areas.home))
    middle = int(areas.home.min()) + 1
    row = np.repeat(np.arange(8), np.diff(areas.start))
    kept = (row < middle) == (areas.neighbour < middle)
    start = np.searchsorted(row[kept], np.arange(9))
    cut = Areas(
        areas.data,
        areas.far,
        start,
        areas.neighbour[kept],
        areas.home,
        areas.possible,
        areas.least_units,
        areas.most_units,
    )
    plan = grown(cut, [first], np.full(8, first))
    assert plan is not None
    assert (plan.chosen >= 0).all()


def test_small_models_keep_pieces_and_never_get_worse():
    for seed in range(8):
        areas = areas_of(grid(5, 6, 6, seed))
        plan = grown(areas, range(6), np.argmin(areas.far, axis=0))
        assert plan is not None
        draw = np.random.default_rng(seed)
        for _ in range(4):
            site = draw.choice(6, 3, replace=False)
            better = solved_in_pieces(
                areas,
                plan,
                site,
                np.ones((6, 30), np.bool_),
                np.ones(30),
                seconds=5.0,
                listen=lambda: None,
            )
            if better is None:
                continue
            assert in_one_piece(areas, better.site)
            assert areas.as_grown(better) <= areas.as_grown(plan) * (1 + 1e-9)
            plan = better


def answered(problem: TieredProblem, settings: SolverSettings) -> GroupAnswer:
    answer = GroupAnswer()
    solve_contiguous(problem, settings, Watch(settings), answer)
    return answer


def check_against_the_whole_model(seed: int, within: float) -> None:
    problem = grid(3, 3, 3, seed, at_home=seed % 3 > 0, room=2.2)
    exact = solve(problem, SolverSettings(gap=0.0, accelerate=False))
    answer = answered(problem, SolverSettings())
    if exact.certificate.outcome is Outcome.INFEASIBLE:
        assert answer.plans is None
        return
    best = exact.certificate.objective
    assert answer.bounds[0] <= best * (1 + 1e-9)
    assert answer.plans is not None
    assert not checker.check_plan(problem, answer.plans)
    assert best * (1 - 1e-9) <= answer.reached[0] <= best * (1 + within)


@pytest.mark.parametrize("seed", range(6))
def test_bound_and_areas_stand_on_either_side_of_the_whole_model(seed):
    check_against_the_whole_model(seed, 0.05)


@pytest.mark.slow
def test_bound_and_areas_of_many_small_problems():
    for seed in range(6, 6 + FUZZED // 100):
        check_against_the_whole_model(seed, 0.25)  # nine units are not what it is for


def test_a_county_of_many_units_goes_this_way_by_itself():
    problem = grid(13, 12, 8, 3)
    assert suits(problem)
    solution = solve(problem, SolverSettings(gap=0.02, time_limit_s=20.0))
    assert solution.certificate.method == METHOD
    assert not checker.verify(problem, solution)
    assert solution.certificate.gap <= 0.05


def test_a_listener_stops_the_drawing_of_areas():
    problem = grid(13, 12, 8, 3)

    def hear(event):
        if event.phase.startswith("areas"):
            raise Cancelled

    solution = solve(problem, SolverSettings(), hear)
    assert solution.certificate.outcome is Outcome.CANCELLED

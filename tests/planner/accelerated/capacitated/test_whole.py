"""The single-source bound by itself: knapsacks, evaluations and fixings against brute force."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from planner.problem import Arcs, SitingProblem
from planner.solution import SolverSettings
from planner.solving import checker
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.bound import first_multipliers
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.opening import CLOSED, OPEN
from planner.solving.capacitated.recreate import Recreation, Schedule
from planner.solving.capacitated.whole_bound import NEVER, Pairs, Place, evaluated
from planner.solving.capacitated.whole_branch import (
    WholeTree,
    ascended,
    compressed,
    fixed,
    nothing_seen,
    pairs_of,
    whole_place,
)
from planner.solving.capacitated.whole_knapsack import best_load
from tests.conftest import FUZZED
from tests.planner.accelerated.capacitated.cases import found_for, random_problem
from tests.planner.oracles.brute_force import best_objective


def load(worth: np.ndarray, weight: np.ndarray, room: float, tolerance: float) -> tuple:
    n = len(worth)
    order = np.argsort(-worth / weight)
    taken = np.zeros(n, np.int8)
    most = best_load(
        worth[order],
        weight[order],
        n,
        room,
        tolerance,
        np.zeros(n, np.int8),
        taken,
        np.zeros(n + 1),
    )
    return most, float(worth[order] @ taken), float(weight[order] @ taken)


def best_by_trying(worth: np.ndarray, weight: np.ndarray, room: float) -> float:
    every = np.array(list(product((0, 1), repeat=len(worth))))
    return float((every @ worth)[every @ weight <= room].max())


@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_knapsack_is_the_best_load_within_the_tolerance(tolerance: float) -> None:
    draw = np.random.default_rng(3)
    for _ in range(1500):
        n = int(draw.integers(1, 9))
        weight, worth = draw.integers(1, 12, n) * 1.0, draw.integers(1, 30, n) + draw.random(n)
        room = float(draw.integers(0, 40))
        most, value, used = load(worth, weight, room, tolerance)
        best = best_by_trying(worth, weight, room)
        assert used <= room
        assert best - 1e-9 <= most <= best + tolerance + 1e-9
        assert best - tolerance - 1e-9 <= value <= best + 1e-9


def test_knapsack_at_the_end_of_its_steps_is_still_a_bound() -> None:
    draw = np.random.default_rng(4)
    weight = draw.integers(100, 200, 60) * 2.0
    worth = weight.copy()  # every load of the same weight is worth the same: the worst there is
    most, value, used = load(worth, weight, weight.sum() / 2 + 1.0, 0.0)
    assert value <= used + 1e-9
    assert weight.sum() / 2 + 1.0 >= most >= value


def cases(first: int, count: int) -> list[tuple[int, SitingProblem, CapacitatedData, float | None]]:
    found = []
    for seed in range(first, first + count):
        problem = random_problem(seed)
        if not suits(problem) or not problem.single_source:
            continue
        data = CapacitatedData.of(problem)
        if data.servable:
            found.append((seed, problem, data, best_objective(problem)))
    return found


def moved(data: CapacitatedData, seed: int) -> tuple[Pairs, Place]:
    draw = np.random.default_rng(seed)
    pairs = pairs_of(data)
    scale = (0.0, 0.3, 1.0, 3.0)[seed % 4]
    where = first_multipliers(data).demand + draw.normal(0, 20 * scale, data.n)
    place = whole_place(data, pairs, where)
    place.price[0] = draw.random() * scale
    return pairs, place


def test_no_evaluation_is_above_the_optimum() -> None:
    for seed, _, data, best in cases(70_000, 500):
        pairs, place = moved(data, seed)
        bound = evaluated(pairs, place)
        assert bound <= (np.inf if best is None else best + 1e-9), f"seed {seed}"


def without(
    problem: SitingProblem, data: CapacitatedData, pairs: Pairs, place: Place
) -> SitingProblem:
    """The problem with only what the place has left."""
    cost = np.full((len(problem.demand), len(problem.sites)), np.inf)
    cost[problem.arcs.demand, problem.arcs.site] = problem.arcs.cost
    site = np.repeat(np.arange(data.m), np.diff(pairs.start))
    gone = place.pair == NEVER
    cost[data.point[pairs.point[gone]], data.site[site[gone]]] = np.inf
    row, column = np.nonzero(np.isfinite(cost))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(cost)))])
    left = cost[row, column]
    required, forbidden = problem.sites.required.copy(), problem.sites.forbidden.copy()
    required[data.site[place.state == OPEN]] = True
    forbidden[data.site[place.state == CLOSED]] = True
    sites = replace(problem.sites, required=required, forbidden=forbidden)
    return replace(problem, arcs=Arcs(start, column, left, left), sites=sites)


def assert_fixings_hold(first: int, count: int) -> int:
    ruled_out = 0
    for seed, problem, data, best in cases(first, count):
        if best is None:
            continue
        pairs, place = moved(data, seed)
        limit = best * 1.02 + 0.5
        seen = nothing_seen(pairs)
        bound = ascended(pairs, place, seen, target=best, stop_at=np.inf, rounds=seed % 30)
        assert bound <= best + 1e-7 * max(1.0, best), f"seed {seed}"
        assert fixed(pairs, place, seen, limit, exact=seed % 2 == 0) is not None, f"seed {seed}"
        ruled_out += int((place.pair == NEVER).sum())
        assert best_objective(without(problem, data, pairs, place)) == pytest.approx(best), seed
    return ruled_out


def test_fixings_keep_every_plan_under_the_limit() -> None:
    assert assert_fixings_hold(80_000, 400) > 50


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fixings_keep_every_plan_under_the_limit_ten_thousand_times() -> None:
    assert_fixings_hold(200_000, FUZZED)


def test_a_tree_by_itself_ends_at_the_optimum() -> None:
    for seed, _, data, best in cases(90_000, 200):
        if best is None:
            continue
        pairs, place = compressed(*moved(data, seed))
        limit = best - 1e-6 * max(1.0, best)
        tree = WholeTree(
            pairs,
            place,
            -np.inf,
            objective=lambda best=best: best,
            prune_at=lambda limit=limit: limit,
        )
        tree.run(on_result=lambda _: None, pause=lambda: False)
        assert tree.bound <= best + 1e-9, f"seed {seed}"
        assert tree.bound >= limit - 1e-3 * max(1.0, best), f"seed {seed}"


def test_recreated_plans_keep_every_rule() -> None:
    tried = 0
    for seed, problem, data, best in cases(100_000, 150):
        found = found_for(problem, SolverSettings(threads=1, gap=1.0)) if best is not None else None
        if found is None or found.size is None:
            continue
        site = np.full(len(problem.sites), -1)
        site[data.site] = np.arange(data.m)
        point = np.full(len(problem.demand), -1)
        point[data.point] = np.arange(data.n)
        chosen, where = np.full(data.m, -1), np.empty(data.n, np.int64)
        where[point[found.demand]] = site[found.site]
        size = {int(x): k for k, x in enumerate(data.size)}
        opened = np.flatnonzero(found.size >= 0)
        chosen[site[opened]] = [size[int(found.size[j])] for j in opened]
        plan = WholePlan(chosen, where, found.objective)
        (better,) = Recreation(data).improved([plan], Schedule(200), [seed])
        assert better.objective <= plan.objective
        made = np.full(len(problem.sites), -1)
        made[data.site[better.chosen >= 0]] = data.size[better.chosen[better.chosen >= 0]]
        faults = checker.check_plan(
            problem, made, data.point, data.site[better.site], np.ones(data.n)
        )
        assert not faults, f"seed {seed}: {faults}"
        tried += 1
    assert tried > 30

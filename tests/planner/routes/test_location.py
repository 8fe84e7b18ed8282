"""Depots and rounds together, stores and rounds, and the estimate between them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.problem_faults import ProblemError
from planner.routes import plan_rounds
from planner.routes.estimate import HaulEstimate, drivers, fitted, loads_of
from planner.routes.location import locate_and_route
from planner.routes.location_problem import LocationRouting, cost_of
from planner.routes.stores import StoreChoice, choose_split
from planner.solution import Cancelled
from tests.planner.routes.instances import QUICK, lorry, scattered
from tests.planner.routes.test_plan import partitions


def case(seed=0, stops=6, room=30.0):
    rng = np.random.default_rng(seed)
    point = rng.uniform(0, 100, (3 + stops, 2))
    way = np.ceil(np.hypot(*(point[:, None] - point[None]).transpose(2, 0, 1)))
    demand = rng.integers(3, 9, stops).astype(float)
    return LocationRouting(
        ("a", "b", "c"), tuple(map(str, range(stops))), np.array([60.0, 80.0, 70.0]),
        np.full(3, room), demand, 15.0, 20.0, way,
    )  # fmt: skip


def brute(problem):
    best = np.inf
    known = {}
    for groups in partitions(list(range(len(problem.stop_ids)))):
        for depots in itertools.product(range(3), repeat=len(groups)):
            rounds = []
            for group, depot in zip(groups, depots, strict=True):
                key = (depot, tuple(group))
                if key not in known:
                    paths = [
                        (cost_of_path(problem, depot, order), order)
                        for order in itertools.permutations(group)
                    ]
                    known[key] = min(paths)[1]
                rounds.append((depot, known[key]))
            best = min(best, cost_of(problem, rounds))
    return best


def cost_of_path(problem, depot, order):
    path = [depot, *(3 + i for i in order), depot]
    return float(problem.way_cost[path[:-1], path[1:]].sum())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_tiny_case_is_as_cheap_as_every_possibility_tried(seed):
    problem = case(seed, stops=5, room=18.0)
    found = locate_and_route(problem, 2.0, seed=1)
    assert found.cost == pytest.approx(cost_of(problem, found.rounds))
    assert found.cost == pytest.approx(brute(problem))


def test_capacities_of_depots_hold():
    problem = case(3, stops=10, room=27.0)
    found = locate_and_route(problem, 1.5)
    held = np.zeros(3)
    for depot, stops in found.rounds:
        held[depot] += problem.demand[list(stops)].sum()
    assert (held <= 27).all()
    assert np.isfinite(found.cost)


def test_a_listener_may_stop():
    def at_once(_seconds, _cost):
        raise Cancelled

    assert locate_and_route(case(), 5.0, on_better=at_once).rounds


def test_what_cannot_be_is_said_at_once():
    with pytest.raises(ProblemError, match="more than a lorry takes") as error:
        replace(case(), demand=np.full(6, 50.0))
    assert "all depots together" in str(error.value)


def test_the_cost_of_rounds_that_break_a_rule_is_infinite():
    problem = case(stops=4)
    assert cost_of(problem, [(0, (0, 1))]) == np.inf  # two stops are missing
    small = replace(problem, lorry_capacity=1.0, demand=np.ones(4))
    assert cost_of(small, [(0, (0, 1, 2, 3))]) == np.inf  # the lorry is too small
    tight = replace(problem, capacity=np.array([0.5, 99.0, 99.0]))
    assert cost_of(tight, [(0, (i,)) for i in range(4)]) == np.inf  # the depot is


def clustered():
    """Twelve producers in one yard far away, six scattered ones."""
    problem = scattered(
        19, sites=1, amount_t=np.full(19, 0.05), visits=np.ones(19), vehicle=lorry(payload_t=0.3)
    )
    rng = np.random.default_rng(5)
    point = np.vstack([
        [[0, 0], [500, 0]], rng.normal(30_000, 300, (12, 2)),
        rng.uniform(0, 30_000, (6, 2)), [[30_000, 30_000]],
    ])  # fmt: skip
    distance = np.hypot(*(point[:, None] - point[None]).transpose(2, 0, 1)) * 1.3
    np.fill_diagonal(distance, 0.0)
    roads = type(problem.matrices["road"])(distance, distance / 8)
    return replace(problem, matrices={"road": roads}), distance


def test_an_estimate_fits_the_rounds_it_is_fitted_to():
    problem, _ = clustered()
    found = plan_rounds(problem, QUICK)
    factors = fitted([(problem, found)])
    assert factors.error < 0.25
    line, hops = drivers(problem, np.arange(19), loads=4)
    assert line > 0
    assert hops > 0
    with pytest.raises(ValueError, match="no rounds to fit"):
        fitted([])


def test_a_store_opens_for_the_cluster_alone():
    problem, distance = clustered()
    n = 18
    factors = fitted([(problem, plan_rounds(problem, QUICK))])
    bring = np.where(distance[2 : 2 + n, [20]] < 3000, 10.0, np.inf)
    choice = StoreChoice(np.full(n, 0.6), np.array([500.0]), bring, np.array([100.0]))
    estimate = HaulEstimate(problem, factors, n, np.full(n, 12.0), 3.0)

    def rounds_cost(store_of):
        visited = np.flatnonzero(store_of < 0)
        line, hops = drivers(problem, visited, loads=loads_of(problem, visited, 0.3))
        held = np.bincount(store_of[store_of >= 0], minlength=1).astype(float)
        return factors.cost(line, hops, len(visited)) * 12 + estimate.from_stores(held * 0.6)

    found = choose_split(choice, estimate, rounds_cost)
    assert found.best.opened.all()
    assert (found.best.store_of[:12] == 0).all()
    assert (found.best.store_of[12:] == -1).all()
    assert found.best.cost_cny < found.all_rounds.cost_cny
    dear = replace(choice, store_cost=np.array([1e9]))
    assert not choose_split(dear, estimate, rounds_cost).best.opened.any()

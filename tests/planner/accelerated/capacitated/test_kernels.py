"""The compiled kernels against brute force and linear programs."""

from __future__ import annotations

from itertools import chain, combinations, product

import numpy as np
import pytest
from scipy.optimize import linprog

from planner.solving.capacitated import knapsack
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN, choose, price_openings
from planner.solving.capacitated.transport import transport

NO_LIMIT = 10**6
GO = np.zeros(1, np.int64)


def knapsack_case(seed: int):
    """Costs (2, n), weights, multipliers, and three ascending capacities for each of two sites."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 10))
    cost = rng.integers(0, 20, (2, n)).astype(float)
    cost[rng.random((2, n)) < 0.2] = np.inf
    weight = rng.integers(0, 6, n)
    multiplier = rng.integers(0, 20, n).astype(float)
    capacity = np.sort(rng.integers(0, 20, (2, 3)), axis=1).ravel()
    return cost, weight, multiplier, capacity, np.array([0, 3, 6])


def best_divided(reduced, weight, room: float) -> float:
    order = sorted(
        np.flatnonzero(reduced < 0),
        key=lambda i: reduced[i] / weight[i] if weight[i] else -np.inf,
    )
    total = 0.0
    for i in order:
        part = 1.0 if weight[i] <= room else room / weight[i]
        total += part * reduced[i]
        room -= part * weight[i]
    return total


def best_whole(reduced, weight, room: float) -> float:
    items = np.flatnonzero(reduced < 0)
    subsets = chain.from_iterable(combinations(items, r) for r in range(len(items) + 1))
    return min(reduced[list(s)].sum() for s in subsets if weight[list(s)].sum() <= room)


@pytest.mark.parametrize("seed", range(150))
def test_continuous_knapsack(seed: int) -> None:
    cost, weight, multiplier, capacity, start = knapsack_case(seed)
    value, state = np.empty(6), np.zeros(2, np.int64)
    arguments = (cost, weight.astype(float), multiplier)
    knapsack.continuous_values(*arguments, start, capacity.astype(float), state, 0, 2, value)
    want = [best_divided(cost[s // 3] - multiplier, weight, capacity[s]) for s in range(6)]
    assert value == pytest.approx(want)


@pytest.mark.parametrize("seed", range(150))
def test_whole_knapsack(seed: int) -> None:
    cost, weight, multiplier, capacity, start = knapsack_case(seed)
    value, state = np.empty(6), np.zeros(2, np.int64)
    arguments = (cost, weight, multiplier)
    knapsack.whole_values(*arguments, start, capacity, state, 0, 2, value)
    want = [best_whole(cost[s // 3] - multiplier, weight, capacity[s]) for s in range(6)]
    assert value == pytest.approx(want)


@pytest.mark.parametrize("seed", range(400))
def test_transport_is_the_linear_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, q = int(rng.integers(1, 15)), int(rng.integers(1, 6))
    cost = rng.integers(0, 50, (q, n)).astype(float)
    if seed % 2:
        cost[rng.random((q, n)) < 0.3] = np.inf
    weight = rng.integers(0, 9, n).astype(float)
    capacity = rng.integers(0, int(weight.sum()) + 2, q).astype(float)
    flow, price = np.empty((q, n)), np.empty(q)
    # Whatever the prices it begins from, and however wrong they are.
    start = rng.uniform(0, 20, q) * (rng.random(q) < 0.5) * (seed % 3 > 0)
    found = transport(cost, weight, np.arange(q), capacity, start, np.inf, flow, price, GO)
    want = linprog(
        np.where(np.isinf(cost), 0, cost).ravel(),
        A_ub=np.kron(np.eye(q), weight[None, :]),
        b_ub=capacity,
        A_eq=np.tile(np.eye(n), (1, q)),
        b_eq=np.ones(n),
        bounds=[(0, 0) if np.isinf(c) else (0, None) for c in cost.ravel()],
    )
    if want.status != 0:
        assert found == np.inf
        return
    assert found == pytest.approx(want.fun)
    assert flow.sum(axis=0) == pytest.approx(np.ones(n))
    assert (flow @ weight <= capacity + 1e-6).all()
    # The prices prove the optimum by themselves.
    dual = (cost + price[:, None] * weight).min(axis=0).sum() - (price * capacity).sum()
    assert dual == pytest.approx(found)
    assert (price >= 0).all()
    for limit, answer in ((found + 1e-6, found), (found - 1e-3, np.inf)):
        again = transport(cost, weight, np.arange(q), capacity, start, limit, flow, price, GO)
        assert again == pytest.approx(answer)


def opening_case(seed: int):
    """Values, capacities, states and laminar counts of up to five sites with up to two sizes."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 6))
    sizes = rng.integers(1, 3, m)
    k = int(sizes.sum())
    value = rng.integers(-30, 30, k).astype(float)
    value[rng.random(k) < 0.1] = np.inf
    group = rng.integers(0, 2, m)
    least = np.array([int(rng.integers(0, 2)), 0])
    most = np.array([int(rng.integers(1, 4)), NO_LIMIT])
    low = int(rng.integers(0, 3))
    high = int(rng.integers(max(1, low), 6))
    state = rng.choice([FREE, FREE, FREE, OPEN, CLOSED], m)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return value, rng.integers(0, 10, k).astype(float), start, state, group, least, most, low, high


def every_choice(case):
    """(total value, total capacity) of every choice that the rules allow."""
    value, capacity, start, state, group, least, most, low, high = case
    options = []
    for j in range(len(state)):
        sizes = [s for s in range(start[j], start[j + 1]) if np.isfinite(value[s])]
        options.append([-1] if state[j] == CLOSED else sizes + [-1] * int(state[j] == FREE))
    for choice in product(*options):
        chosen = np.array(choice, int)
        count = np.bincount(group[chosen >= 0], minlength=2)
        opened = chosen[chosen >= 0]
        if (count >= least).all() and (count <= most).all() and low <= len(opened) <= high:
            yield value[opened].sum(), capacity[opened].sum()


@pytest.mark.parametrize("seed", range(200))
def test_choice_at_a_price_is_the_cheapest(seed: int) -> None:
    case = opening_case(seed)
    chosen = np.empty(len(case[3]), np.int64)
    for price in (0.0, 1.5, 4.0):
        want = min((v - price * c for v, c in every_choice(case)), default=np.inf)
        assert choose(*case, price, chosen) == pytest.approx(want)


@pytest.mark.parametrize("seed", range(200))
def test_priced_choice_bounds_every_choice_with_enough_capacity(seed: int) -> None:
    case = opening_case(1_000 + seed)
    m = len(case[3])
    needed = float(np.random.default_rng(seed).integers(0, 30))
    under, over = np.empty(m, np.int64), np.empty(m, np.int64)
    bound, price, part = price_openings(*case, needed, 0.0, under, over)
    enough = [v for v, c in every_choice(case) if c >= needed]
    if not enough:
        return
    assert bound <= min(enough) + 1e-9
    # No price does better: the bound is concave in the price.
    for other in np.linspace(0, 60, 241):
        assert min(v + other * (needed - c) for v, c in every_choice(case)) <= bound + 1e-6
    assert price >= 0
    assert 0 <= part <= 1

"""The compiled bound, fixing and tree of divided problems: each by itself, then together."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Cancelled, Outcome, Progress, SolverSettings
from planner.solving.capacitated import ascent
from planner.solving.capacitated.bound import Multipliers, Relaxation, first_multipliers
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.divided import DividedRun
from planner.solving.capacitated.divided_bound import DividedBound, Stand, exchange
from planner.solving.capacitated.divided_dive import dive
from planner.solving.capacitated.divided_tree import DividedTree, Node, Turn
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN, price_openings, price_sites
from planner.solving.method import Watch
from planner.solving.solve import solve
from tests.conftest import FUZZED
from tests.planner.accelerated.capacitated.cases import random_problem
from tests.planner.oracles.brute_force import best_objective

QUICK = 90


def divided(seed: int) -> tuple[SitingProblem, CapacitatedData] | None:
    """A random problem with divided demand, if the method takes it."""
    problem = replace(random_problem(seed), single_source=False)
    if not suits(problem):
        return None
    data = CapacitatedData.of(problem)
    return (problem, data) if data.servable else None


def risen(
    data: CapacitatedData,
    relaxation: DividedBound,
    state: np.ndarray,
    start: Multipliers,
    rounds: int,
) -> Stand:
    """An ascent of so many rounds in calls of five."""
    stand = relaxation.begin(start)
    for _ in range(0, rounds, 5):
        relaxation.rise(
            stand,
            state,
            np.zeros(len(data.capacity), np.bool_),
            rounds=5,
            target=np.inf,
            stop_at=np.inf,
            halt=np.zeros(1, np.int64),
        )
    return stand


def first_state(data: CapacitatedData) -> np.ndarray:
    """Required sites open, the others free."""
    return np.where(data.required, OPEN, FREE).astype(np.int64)


def assert_bound_holds(seed: int) -> bool:
    """At the multipliers that the compiled ascent ends with, the plain evaluation agrees."""
    made = divided(seed)
    if made is None:
        return False
    problem, data = made
    rng = np.random.default_rng(seed)
    best = best_objective(problem)
    start = first_multipliers(data).moved(rng.normal(0, 10.0 * (seed % 3), data.n))
    state = first_state(data)
    stand = risen(data, DividedBound(data), state, start, 1 if seed % 4 == 0 else 60)
    slack = 1e-7 * max(1.0, abs(best or 0.0))
    if best is not None:
        assert stand.bound <= best + slack, f"seed {seed}: {stand.bound} is above {best}"
    again = Relaxation(data).evaluate(stand.multipliers, state)
    # The best price of capacity is searched, and the search may begin elsewhere.
    assert again == pytest.approx(stand.bound, rel=1e-4, abs=1e-3), f"seed {seed}"
    return best is not None


def assert_fixing_holds(seed: int) -> int:
    """Whatever is fixed or banned has no plan under the limit; how much was."""
    made = divided(seed)
    best = None if made is None else best_objective(made[0])
    if made is None or best is None:
        return 0
    problem, data = made
    relaxation, state = DividedBound(data), first_state(data)
    stand = risen(data, relaxation, state, first_multipliers(data), 40)
    limit = best + (0.02 * abs(best) + 0.5) * (seed % 2) + 1e-6 * max(1.0, abs(best))
    none = np.zeros(len(data.capacity), np.bool_)
    fixed, banned, lift = relaxation.fixed(stand, state, none, limit)
    assert not (np.isinf(lift).all() and (lift > 0).all()), f"seed {seed}: the optimum is ruled out"
    for j in np.flatnonzero(fixed != state):
        ruled_out = best_objective(_forced(problem, int(data.site[j]), closed=fixed[j] == OPEN))
        assert ruled_out is None or ruled_out >= limit - 1e-7, f"seed {seed}: site {j}"
    for s in np.flatnonzero(banned):
        j = int(np.searchsorted(data.size_start, s, side="right") - 1)
        ruled_out = best_objective(_only_size(problem, int(data.site[j]), int(data.size[s])))
        assert ruled_out is None or ruled_out >= limit - 1e-7, f"seed {seed}: size {s}"
    return int((fixed != state).sum() + banned.sum())


def _forced(problem: SitingProblem, site: int, *, closed: bool) -> SitingProblem:
    required, forbidden = problem.sites.required.copy(), problem.sites.forbidden.copy()
    (forbidden if closed else required)[site] = True
    if closed:
        required[site] = False
    return replace(problem, sites=replace(problem.sites, required=required, forbidden=forbidden))


def _only_size(problem: SitingProblem, site: int, size: int) -> SitingProblem:
    """The site opened at this size: the others of its sizes are made useless."""
    opened = _forced(problem, site, closed=False)
    sites = opened.sites
    fixed = sites.fixed_cost.copy()
    fixed[sites.size_start[site] : sites.size_start[site + 1]] += 1e6
    fixed[size] -= 1e6
    return replace(opened, sites=replace(sites, fixed_cost=fixed))


def assert_tree_proves(seed: int) -> bool:
    """The tree alone, without a plan to begin from, ends with the optimum as its bound."""
    made = divided(seed)
    best = None if made is None else best_objective(made[0])
    if made is None or best is None:
        return False
    _, data = made
    limit = best + 0.05 * abs(best) + 1.0
    none = np.zeros(len(data.capacity), np.bool_)
    tree = DividedTree(
        DividedBound(data),
        Node(-np.inf, 0, first_state(data), none, first_multipliers(data)),
        objective=lambda: limit,
        prune_at=lambda: limit,
        threads=1 + seed % 2,
    )
    tree.run(on_turn=lambda turn: turn.bound, pause=lambda: tree.nodes > 400)
    assert tree.bound <= best + 1e-7 * max(1.0, abs(best)), f"seed {seed}"
    return True


def test_compiled_bound_is_that_of_the_whole_matrix() -> None:
    assert sum(assert_bound_holds(seed) for seed in range(QUICK)) > QUICK // 4


def test_compiled_fixing_keeps_every_plan_under_the_limit() -> None:
    assert sum(assert_fixing_holds(seed) for seed in range(QUICK)) > 30


def test_a_tree_without_plans_stays_below_the_optimum() -> None:
    assert sum(assert_tree_proves(seed) for seed in range(QUICK // 3)) > 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_bound_fixing_and_tree_hold_on_ten_thousand() -> None:
    for seed in range(100_000, 100_000 + FUZZED):
        assert_bound_holds(seed)
        assert_fixing_holds(seed)
        assert_tree_proves(seed)


def test_sorted_price_is_the_searched_price() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        m = int(rng.integers(1, 12))
        value = rng.normal(20, 30, m)
        capacity = rng.integers(1, 20, m).astype(float)
        state = rng.choice([FREE, FREE, FREE, OPEN, CLOSED], m).astype(np.int64)
        needed = float(rng.uniform(0, 1.1) * capacity.sum())
        under, over = np.empty(m, np.int64), np.empty(m, np.int64)
        quick, _, part = price_sites(value, capacity, state, needed, under, over)
        assert 0.0 <= part <= 1.0
        group, none, most = np.zeros(m, np.int64), np.zeros(1, np.int64), np.full(1, m)
        searched, *_ = price_openings(
            value, capacity, np.arange(m + 1), state, group, none, most, 0, m, needed, 0.0,
            under.copy(), over.copy(),
        )  # fmt: skip
        assert quick == pytest.approx(searched, rel=1e-4, abs=1e-3) or quick == searched == np.inf


def test_one_exchange_tells_what_closing_and_opening_cost() -> None:
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(150):
        m, groups = int(rng.integers(1, 7)), int(rng.integers(1, 4))
        worth = np.where(rng.random(m) < 0.1, np.inf, np.round(rng.normal(0, 5, m)))
        state = rng.choice([FREE, FREE, FREE, OPEN, CLOSED], m).astype(np.int64)
        least = rng.integers(0, 2, groups)
        low = int(rng.integers(0, m + 1))
        counts = (rng.integers(0, groups, m), least, least + rng.integers(0, 4, groups), low, m)
        total, chosen = least_choice(worth, state, counts)
        if total == np.inf:
            continue
        lift = np.full((m, 2), -np.inf)
        exchange(worth, chosen, state, *counts, lift)
        for j in np.flatnonzero(state == FREE):
            for side, decision in enumerate((CLOSED, OPEN)):
                decided = state.copy()
                decided[j] = decision
                assert total + lift[j, side] == least_choice(worth, decided, counts)[0]
                told += 1
    assert told > 200


def least_choice(
    worth: np.ndarray, state: np.ndarray, counts: tuple[Any, ...]
) -> tuple[float, np.ndarray]:
    """The best allowed choice of sites, by trying all."""
    group, least, most, low, high = counts
    best, at = np.inf, np.full(len(worth), -1)
    for bits in product((False, True), repeat=len(worth)):
        opened = np.array(bits)
        inside = np.bincount(group[opened], minlength=len(least))
        decided = opened[state == OPEN].all() and not opened[state == CLOSED].any()
        counted = (inside >= least).all() and (inside <= most).all() and low <= sum(bits) <= high
        if decided and counted and worth[opened].sum() < best:
            best, at = worth[opened].sum(), np.where(opened, np.arange(len(worth)), -1)
    return best, at


def test_fewest_sites_are_what_the_largest_sizes_left_need() -> None:
    data = CapacitatedData.of(plane(4))  # fourteen sites, each of a quarter of the demand
    state, none = np.full(14, FREE), np.zeros(14, np.bool_)
    assert data.fewest_sites(state) == 4
    assert replace(data, count_least=6).fewest_sites(state) == 6
    lacking = data.capacity * np.where(np.arange(14) < 3, 0.5, 1.0)
    smaller = replace(data, capacity=lacking)
    state[:3] = OPEN
    assert smaller.fewest_sites(state) == 6
    state[3:] = CLOSED
    assert smaller.fewest_sites(state, none) == 3  # not enough at all: the bound says so
    assert smaller.fewest_sites(np.full(14, FREE), np.arange(14) == 13) == 4


def test_a_bound_knows_how_many_sites_the_demand_needs() -> None:
    problem = plane(6)  # equal sites that fit tightly: the capacity row alone opens 3.9 of them
    whole = solve(problem, SolverSettings(threads=1)).certificate.objective
    data = CapacitatedData.of(problem)
    relaxation, state = DividedBound(data), first_state(data)
    stand = risen(data, relaxation, state, first_multipliers(data), 200)
    assert stand.opened.sum() >= 4 - 1e-9
    assert 0.95 * whole < stand.bound <= whole
    assert Relaxation(data).evaluate(stand.multipliers, state) == pytest.approx(stand.bound)


def test_near_pairs_are_those_under_the_ceiling() -> None:
    rng = np.random.default_rng(5)
    cost, weight = rng.random((6, 40)), rng.integers(0, 3, 40).astype(float)
    ceiling, state = rng.random(40), np.array([FREE, CLOSED, OPEN, FREE, CLOSED, FREE])
    start, point, unit = ascent.near_pairs(cost, weight, ceiling, state)
    for j in range(6):
        near = np.flatnonzero((cost[j] < ceiling) & (weight > 0) & (state[j] != CLOSED))
        at = slice(start[j], start[j + 1])
        assert (point[at] == near).all()
        assert unit[at] == pytest.approx(cost[j, near] / weight[near])


def larger_problem(seed: int) -> SitingProblem:
    """Twenty-four points and nine sites with sizes and quotas: too many for brute force."""
    rng = np.random.default_rng(seed)
    problem = replace(
        random_problem(seed, most_points=24, most_sites=9), single_source=False, quotas=()
    )
    m = len(problem.sites)
    quota = (
        Quota("half", np.arange(m // 2), 0, max(1, m // 3))
        if rng.random() < 0.5 and m > 3
        else None
    )
    return problem if quota is None else replace(problem, quotas=(quota,))


def assert_same_as_plain(seed: int) -> bool:
    """Objective and outcome of the method and of the plain model in HiGHS agree."""
    problem = larger_problem(seed)
    ours = solve(problem, SolverSettings(threads=1)).certificate
    plain = solve(problem, SolverSettings(threads=1, accelerate=False)).certificate
    assert ours.outcome == plain.outcome, f"seed {seed}"
    if plain.outcome is Outcome.OPTIMAL:
        assert ours.objective == pytest.approx(plain.objective, rel=3e-6, abs=1e-6), f"seed {seed}"
    return plain.outcome is Outcome.OPTIMAL


def test_same_optimum_as_the_plain_model() -> None:
    assert sum(assert_same_as_plain(seed) for seed in range(30)) > 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_same_optimum_as_the_plain_model_on_a_thousand() -> None:
    for seed in range(1_000, 1_000 + FUZZED // 10):
        assert_same_as_plain(seed)


def test_the_same_problem_gives_the_same_search_with_one_thread_or_two() -> None:
    found = [solve(plane(11), SolverSettings(threads=threads)) for threads in (1, 2)]
    first, second = (
        (one.certificate.objective, one.certificate.reduced.get("nodes")) for one in found
    )
    assert first == second


def plane(seed: int) -> SitingProblem:
    """Sixty points and fourteen equal sites on a square: a tree of some nodes."""
    rng = np.random.default_rng(seed)
    places, stands = rng.random((60, 2)), rng.random((14, 2))
    distance = np.sqrt(((places[:, None] - stands[None]) ** 2).sum(axis=2))
    weight = rng.integers(1, 9, 60).astype(float)
    capacity = np.full(14, np.ceil(weight.sum() / 4))
    return SitingProblem(
        Objective.MIN_COST,
        Demand([f"D{i}" for i in range(60)], weight),
        Sites.simple([f"S{j}" for j in range(14)], capacity=capacity, fixed_cost=np.full(14, 9.0)),
        Arcs.from_dense(distance, weight),
        single_source=False,
    )


def test_a_dive_keeps_required_sites_counts_and_capacity() -> None:
    dived = 0
    for seed in range(3_000, 3_150):
        problem = larger_problem(seed)
        if not suits(problem):
            continue
        data = CapacitatedData.of(problem)
        if not data.servable or not data.n:
            continue
        relaxation, state = DividedBound(data), first_state(data)
        stand = risen(data, relaxation, state, first_multipliers(data), 40)
        chosen = None if stand.bound == np.inf else dive(relaxation, stand, state)
        if chosen is None:
            continue
        opened = chosen >= 0
        count = np.bincount(data.group[opened], minlength=len(data.group_least))
        dived += 1
        assert opened[data.required].all(), f"seed {seed}"
        assert (count >= data.group_least).all(), f"seed {seed}"
        assert (count <= data.group_most).all(), f"seed {seed}"
        assert data.count_least <= opened.sum() <= data.count_most, f"seed {seed}"
        assert data.capacity[chosen[opened]].sum() >= data.weight.sum() * (1 - 1e-9)
    assert dived > 60


def test_a_pause_ends_a_dive() -> None:
    data = CapacitatedData.of(plane(2))
    relaxation, state = DividedBound(data), first_state(data)
    stand = risen(data, relaxation, state, first_multipliers(data), 20)
    assert dive(relaxation, stand, state, pause=lambda: True) is None
    assert dive(relaxation, stand, state) is not None


def test_a_cancelled_solve_keeps_a_plan_and_its_bound() -> None:
    problem = plane(5)
    whole = solve(problem, SolverSettings(threads=1)).certificate.objective

    def stop(event: Progress) -> None:
        if np.isfinite(event.objective):
            raise Cancelled

    cut = solve(problem, SolverSettings(threads=1), stop)
    assert cut.certificate.outcome is Outcome.CANCELLED
    assert cut.certificate.bound <= whole * (1 + 1e-9) <= cut.certificate.objective * (1 + 2e-9)


def test_a_leaf_whose_transport_was_stopped_proves_nothing() -> None:
    problem = plane(3)
    run = DividedRun(problem, SolverSettings(), Watch(SolverSettings()))
    worth = np.zeros(run.data.m)
    leaf = Turn(5.0, [], run.data.size_start[1:] - 1, leaf=True)
    shut = Turn(5.0, [], np.full(run.data.m, -1), leaf=True)
    assert np.isfinite(run._try_turn(leaf, 1, worth))
    assert run._try_turn(shut, 1, worth) == np.inf
    run.search._halt[0] = 1
    assert run.search.evaluate_anew(leaf.choice) is None
    assert run._try_turn(leaf, 1, worth) == -np.inf

"""Plans of whole points, each way of making them by itself: every rule is kept, none gets worse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from planner.problem import Arcs, Demand, Objective, Sites, SitingProblem
from planner.solving import checker
from planner.solving.capacitated.assignment import WholePlan, nearest_with_room, rounded
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.kernel import packed, priced_pairs
from planner.solving.capacitated.neighbourhood import Freed, improved_by_neighbourhoods, solved
from planner.solving.capacitated.recreate import Recreation, Schedule
from planner.solving.capacitated.search import PlanSearch, SitePlan
from tests.conftest import FUZZED
from tests.planner.accelerated.capacitated.cases import random_problem


def problems(first: int, count: int) -> Iterator[tuple[int, SitingProblem, CapacitatedData]]:
    """Single-source problems of up to twelve points in which everybody can be served."""
    for seed in range(first, first + count):
        problem = random_problem(seed, most_points=12, most_sites=6)
        if problem.single_source and suits(problem) and problem.reachable.all():
            data = CapacitatedData.of(problem)
            if data.servable:
                yield seed, problem, data


def faults_of(problem: SitingProblem, data: CapacitatedData, plan: WholePlan) -> list:
    size = np.full(len(problem.sites), -1)
    opened = np.flatnonzero(plan.chosen >= 0)
    size[data.site[opened]] = data.size[plan.chosen[opened]]
    flows = (size, data.point, data.site[plan.site], np.ones(data.n))
    found = list(checker.check_plan(problem, *flows))
    wrong = abs(checker.objective_of(problem, *flows) - plan.objective)
    return [*found, *(["objective"] if wrong > 1e-6 * max(1.0, abs(plan.objective)) else [])]


def first_plans(data: CapacitatedData) -> tuple[SitePlan, WholePlan] | None:
    """All sites, divided and whole, where the counts allow it."""
    search = PlanSearch(data)
    divided = search.evaluate(data.size_start[1:] - 1, shrink=False)
    whole = None if divided is None else rounded(data, divided)
    if divided is None or whole is None or not search.allowed(whole.chosen):
        return None
    return divided, whole


def test_the_nearest_site_with_room_keeps_every_rule() -> None:
    made = 0
    for seed, problem, data in problems(0, 600):
        plan = nearest_with_room(data)
        if plan is not None and PlanSearch(data).allowed(plan.chosen):
            assert not faults_of(problem, data, plan), f"seed {seed}"
            made += 1
    assert made > 80


def annealed(data: CapacitatedData, plan: WholePlan) -> WholePlan:
    """The plan annealed among the sites it has."""
    found = Recreation(data).improved([plan], Schedule(60), [1], same_sites=True)[0]
    assert not ((found.chosen >= 0) & (plan.chosen < 0)).any()
    assert found.objective <= plan.objective
    return found


def check_small_models(first: int, count: int) -> int:
    made = 0
    for seed, problem, data in problems(first, count):
        begun = first_plans(data)
        if begun is None:
            continue
        divided, whole = begun
        dealt = annealed(data, whole)
        assert not faults_of(problem, data, dealt), f"seed {seed}"
        plans = sorted([whole, dealt], key=lambda one: one.objective)
        better = packed(data, divided, plans, seconds=5.0, gap=0.0, listen=lambda: None)
        allowed = priced_pairs(data, divided, better, 0.5)
        assert allowed.any(axis=0).all(), f"seed {seed}"
        assert better.objective <= whole.objective * (1 + 1e-9) + 1e-9, f"seed {seed}"
        assert not faults_of(problem, data, better), f"seed {seed}"
        for tried, pairs in ((3, None), (2, allowed)):
            last = improved_by_neighbourhoods(
                data,
                better,
                count=tried,
                seconds_each=5.0,
                pause=lambda: False,
                on_better=lambda _: None,
                allowed=pairs,
            )
            assert last.objective <= better.objective, f"seed {seed}"
            assert not faults_of(problem, data, last), f"seed {seed}"
        made += 1
    return made


def test_small_models_keep_every_rule_and_never_get_worse() -> None:
    assert check_small_models(1_000, 120) > 10
    check_small_models(10_009, 1)  # a point without weight that keeps its site open


@pytest.mark.slow
def test_small_models_of_many_problems() -> None:
    assert check_small_models(10_000, FUZZED) > FUZZED // 20


def test_closed_sites_stay_closed_where_points_are_annealed_among_the_open() -> None:
    """The third site, next to everybody and for nothing, would be the best."""
    data = CapacitatedData.of(
        SitingProblem(
            objective=Objective.MIN_COST,
            demand=Demand(tuple("abcd"), np.array([3.0, 3.0, 2.0, 2.0])),
            sites=Sites.simple(
                tuple("xyz"), capacity=np.array([5.0, 5.0, 99.0]), fixed_cost=np.zeros(3)
            ),
            arcs=Arcs.from_dense(
                np.array([[1.0, 9.0, 0.1], [9.0, 1.0, 0.1], [9.0, 1.0, 0.1], [1.0, 9.0, 0.1]]),
                np.ones(4),
            ),
            single_source=True,
        )
    )
    plan = WholePlan(np.array([0, 1, -1]), np.array([0, 1, 0, 1]), 20.0)
    found = Recreation(data).improved([plan], Schedule(500), [1], same_sites=True)[0]
    assert found.objective == 4.0
    assert found.chosen.tolist() == [0, 1, -1]


def test_looking_around_ranks_every_swap_that_comes_under_the_limit() -> None:
    seen = 0
    for seed, _, data in problems(20_000, 150):
        search = PlanSearch(data)
        plan = next(filter(None, map(search.evaluate, choices(data, seed))), None)
        if plan is None:
            continue
        limit = plan.objective * 1.3
        worth, many = data.fixed_cost, 10_000
        search.look_around(plan, worth, limit, breadth=many, candidates=many, pause=lambda: False)
        ranked = {one.tobytes() for one in search.ranked(many)}
        for chosen in swaps(data, plan.chosen):
            other = PlanSearch(data).evaluate(chosen, shrink=False)
            if other is not None and other.objective < limit * (1 - 1e-9):
                assert chosen.tobytes() in ranked, f"seed {seed}"
                seen += 1
    assert seen > 30


def choices(data: CapacitatedData, seed: int) -> Iterator[np.ndarray]:
    """A few sets of sites, each at one of its sizes."""
    random = np.random.default_rng(seed)
    for _ in range(8):
        size = random.integers(data.size_start[:-1], data.size_start[1:])
        yield np.where(random.random(data.m) < 0.6, size, -1)


def swaps(data: CapacitatedData, chosen: np.ndarray) -> Iterator[np.ndarray]:
    """Sets with one open site closed and a size of a closed one opened."""
    owner = np.repeat(np.arange(data.m), np.diff(data.size_start))
    for j in np.flatnonzero(chosen >= 0):
        for size in np.flatnonzero(chosen[owner] < 0):
            other = chosen.copy()
            other[j], other[owner[size]] = -1, size
            yield other


def test_points_without_a_choice_take_their_room() -> None:
    """Two sites of room 5, a point of 3 that stays, and one of 3 that may go to either."""
    data = CapacitatedData(
        cost=np.array([[1.0, 1.0, 9.0], [9.0, 2.0, 1.0]]),
        weight=np.array([3.0, 3.0, 2.0]),
        site=np.arange(2),
        point=np.arange(3),
        size_start=np.arange(3),
        capacity=np.full(2, 5.0),
        fixed_cost=np.ones(2),
        size=np.arange(2),
        required=np.zeros(2, np.bool_),
        group=np.zeros(2, np.int64),
        group_least=np.zeros(1, np.int64),
        group_most=np.full(1, 2),
        count_least=0,
        count_most=2,
        single_source=True,
    )
    plan = WholePlan(np.array([0, 1]), np.array([0, 1, 1]), 6.0)
    allowed = np.array([[False, True, False], [False, True, False]])
    free = Freed.of(data, plan, np.arange(2), allowed)
    assert free.point.tolist() == [1]
    assert free.kept.tolist() == [3.0, 2.0]
    answer = solved(data, plan, free, seconds=5.0, gap=0.0, listen=lambda: None)
    assert answer is not None
    assert answer.site.tolist() == [0, 1, 1]

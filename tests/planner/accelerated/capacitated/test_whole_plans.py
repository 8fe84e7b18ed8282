"""Plans of whole points, each way of making them by itself: every rule is kept, none gets worse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from planner.problem import SitingProblem
from planner.solving import checker
from planner.solving.capacitated.assignment import WholePlan, nearest_with_room, rounded
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.kernel import packed
from planner.solving.capacitated.neighbourhood import Freed, improved_by_neighbourhoods, solved
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


def check_small_models(first: int, count: int) -> int:
    made = 0
    for seed, problem, data in problems(first, count):
        begun = first_plans(data)
        if begun is None:
            continue
        divided, whole = begun
        better = packed(data, divided, [whole], seconds=5.0, gap=0.0, listen=lambda: None)
        assert better.objective <= whole.objective * (1 + 1e-9) + 1e-9, f"seed {seed}"
        assert not faults_of(problem, data, better), f"seed {seed}"
        last = improved_by_neighbourhoods(
            data,
            better,
            count=3,
            seconds_each=5.0,
            pause=lambda: False,
            on_better=lambda _: None,
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

"""Kicks: allowed choices, never a worse plan, the same every time."""

import numpy as np
import pytest

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Cancelled, SolverSettings
from planner.solving.method import Watch
from planner.solving.uncapacitated.core import core_of
from planner.solving.uncapacitated.kicks import Kicks
from planner.solving.uncapacitated.rows import offered_by
from planner.solving.uncapacitated.search import Search


def cover_problem(seed, *, n=300, m=40, p=8, quotas=()):
    rng = np.random.default_rng(seed)
    points, places = rng.random((n, 2)), rng.random((m, 2))
    impedance = np.sqrt(((points[:, None] - places[None]) ** 2).sum(2))
    weight = rng.integers(1, 50, n).astype(float)
    return SitingProblem(
        Objective.MAX_COVERED,
        Demand([f"D{i}" for i in range(n)], weight),
        Sites.simple([f"S{j}" for j in range(m)]),
        Arcs.from_dense(impedance, weight, cutoff=0.16),
        site_count=(p, p),
        quotas=quotas,
    )


def search_of(problem, on_progress=None):
    settings = SolverSettings()
    return Search(problem, core_of(problem), settings, Watch(settings, on_progress), "test")


def first_plan(search):
    rules = search.core.rules
    opened = np.zeros(len(rules.fixed), bool)
    for group in range(len(rules.least) - 1):
        opened[np.flatnonzero(rules.group == group)[: rules.most[group]]] = True
    opened[np.flatnonzero(opened)[rules.most[-1] :]] = False
    search.offer(np.flatnonzero(opened))
    return search.value


@pytest.mark.parametrize("seed", range(5))
def test_plans_only_get_better_and_keep_their_counts(seed):
    groups = (Quota("a", np.arange(20), 0, 4), Quota("b", np.arange(20, 40), 0, 4))
    search = search_of(cover_problem(seed, quotas=groups))
    first = first_plan(search)
    Kicks(search).spend(1_500_000)
    rows, rules = search.core.rows, search.core.rules
    opened = np.zeros(len(rules.fixed), bool)
    opened[search.chosen] = True
    assert search.value < first
    assert offered_by(rows, opened).sum() == search.value
    counts = np.append(
        np.bincount(rules.group[opened], minlength=len(rules.most) - 1), opened.sum()
    )
    assert (counts <= rules.most).all()
    assert (counts >= rules.least).all()


def test_kicks_leave_choices_that_no_exchange_improves():
    """Of twenty problems interchange alone ends short of kicks in some, and never beyond."""
    better = 0
    for seed in range(20):
        search = search_of(cover_problem(seed))
        first_plan(search)
        opened = np.zeros(len(search.core.rules.fixed), bool)
        opened[search.chosen] = True
        search.improve(opened)
        alone = search.value
        Kicks(search).spend(1_500_000)
        assert search.value <= alone
        better += search.value < alone
    assert better > 0


def test_the_same_work_gives_the_same_plan_in_one_go_or_in_parts():
    plans = []
    for parts in ([800_000], [200_000] * 4):
        search = search_of(cover_problem(3))
        first_plan(search)
        kicks = Kicks(search)
        for work in parts:
            kicks.spend(work)
        plans.append(search.chosen.tolist())
    assert plans[0] == plans[1]


def test_a_listener_is_obeyed_between_kicks():
    def refuse(_event):
        raise Cancelled

    search = search_of(cover_problem(0), refuse)
    first_plan(search)
    with pytest.raises(Cancelled):
        Kicks(search).spend(10_000_000)


def test_kicks_are_for_covers_with_a_price_alone():
    assert Kicks.pay(search_of(cover_problem(0)))
    everybody = cover_problem(0)
    p_median = SitingProblem(
        Objective.MIN_COST, everybody.demand, everybody.sites, everybody.arcs, site_count=(8, 8)
    )
    assert not Kicks.pay(search_of(p_median))


def test_small_problems_are_not_kicked_for_long():
    search = search_of(cover_problem(0, n=12, m=6, p=2))
    first_plan(search)
    tried = []
    search.improve = tried.append
    Kicks(search).begin()
    assert 0 < len(tried) <= 24

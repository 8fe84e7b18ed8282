"""Disposal sites take so much a day and no more."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.problem_faults import ProblemError
from planner.routes import DisposalSites, check_solution, plan_rounds
from planner.routes.changes import replan
from planner.routes.schedule import Order, schedule
from planner.routes.site_room import taken_t
from planner.routes.solution import Kind
from tests.planner.routes.instances import QUICK as LONGER
from tests.planner.routes.instances import lorry, scattered
from tests.planner.routes.test_plan import partitions

QUICK = replace(LONGER, iterations=40)


def limited(problem, *tonnes):
    sites = replace(problem.disposal, capacity_t_per_day=np.array(tonnes, float))
    return replace(problem, disposal=sites)


def day_loads_t(problem, found):
    orders = [
        Order(
            one.vehicle, one.depot, tuple((c.kind, c.position, c.share) for c in one.visits[1:-1])
        )
        for one in found.rounds
    ]
    return taken_t(problem, orders)


def test_a_full_site_sends_lorries_to_another():
    problem = scattered(16, sites=2, seed=4)
    free = plan_rounds(problem, QUICK)
    loads = day_loads_t(problem, free)
    busy = int(np.argmax(loads))
    room = np.full(2, np.inf)
    room[busy] = loads[busy] * 0.6
    tight = limited(problem, *room)
    found = plan_rounds(tight, QUICK)
    assert found.checked
    assert not found.unserved
    assert day_loads_t(tight, found)[busy] <= room[busy] + 1e-9
    assert found.cost_cny(tight) >= free.cost_cny(problem) - 1e-6


def test_room_that_never_binds_changes_nothing():
    problem = scattered(12, sites=2)
    wide = limited(problem, 1e6, 1e6)
    assert plan_rounds(wide, QUICK).cost_cny(wide) == plan_rounds(problem, QUICK).cost_cny(problem)


def test_what_no_site_takes_is_left_out_and_says_so():
    problem = limited(scattered(10, amount_t=np.full(10, 0.5)), 3.2)
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert {one.reason.kind for one in found.unserved} == {"sites_full"}
    assert len(found.unserved) == 4  # six halves of a tonne fit
    assert found.unserved[0].reason.values["sites_t"] == pytest.approx(3.2)


def test_a_closed_site_is_not_called_at():
    problem = limited(scattered(8, sites=2), 0.0, np.inf)
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert not found.unserved
    assert day_loads_t(problem, found)[0] == 0


def test_the_days_of_a_week_share_what_a_site_takes():
    problem = scattered(20, days=5, visits=np.ones(20), amount_t=np.full(20, 0.4))
    tight = limited(problem, 2.0)  # 8 t in a week of five days
    found = plan_rounds(tight, QUICK)
    assert found.checked
    assert not found.unserved
    assert max(day.tonnes for day in found.days(tight)) <= 2.0 + 1e-9


def test_the_checker_adds_up_what_comes_to_a_site():
    problem = scattered(12, sites=1)
    found = plan_rounds(problem, QUICK)
    rules = {one.rule for one in check_solution(limited(problem, 1.0), found)}
    assert rules == {"site_full"}


def cheapest(problem):
    """Every partition, order and choice of sites of single-trip rounds that keeps to the room."""
    rounds: dict[tuple[int, ...], list[tuple[float, np.ndarray]]] = {}

    def options(group):
        key = tuple(group)
        if key not in rounds:
            best = {}
            for order in itertools.permutations(group):
                for site in range(len(problem.disposal)):
                    calls = [(Kind.STOP, at, 1.0) for at in order]
                    one = Order(0, 0, (*calls, (Kind.DISPOSAL, site, 1.0)))
                    timed = schedule(problem, one, day=0)
                    load = problem.stops.amount_t[list(order)].sum()
                    if timed is None or load > problem.vehicles[0].payload_t:
                        continue
                    cost = timed.cost_cny(problem)
                    if cost < best.get(site, (np.inf,))[0]:
                        best[site] = (cost, taken_t(problem, [one]))
            rounds[key] = list(best.values())
        return rounds[key]

    best = np.inf
    for groups in partitions(list(range(len(problem.stops)))):
        for chosen in itertools.product(*(options(group) for group in groups)):
            taken = sum(one[1] for one in chosen)
            if (taken <= problem.disposal.capacity_t_per_day + 1e-9).all():
                best = min(best, sum(one[0] for one in chosen))
    return best


@pytest.mark.parametrize("seed", [2, 5])
def test_tiny_cases_are_near_every_possibility_tried(seed):
    problem = scattered(
        5, seed=seed, sites=2, vehicle=lorry(payload_t=1.2, longest_trips=1), asymmetric=True
    )
    total = float(problem.stops.amount_t.sum())
    tight = limited(problem, 0.55 * total, 0.7 * total)
    found = plan_rounds(tight, replace(LONGER, iterations=400))
    assert found.checked
    assert not found.unserved
    best = cheapest(tight)
    assert best - 1e-6 <= found.cost_cny(tight) <= 1.03 * best


def test_a_site_that_takes_less_tomorrow():
    problem = scattered(14, sites=2, seed=4)
    found = plan_rounds(problem, QUICK)
    loads = day_loads_t(problem, found)
    busy = int(np.argmax(loads))
    room = np.full(2, np.inf)
    room[busy] = loads[busy] * 0.7
    tight = limited(problem, *room)
    again, change = replan(problem, found, tight, QUICK)
    assert again.checked
    assert not again.unserved
    assert change.kept < len(found.rounds)


def test_a_negative_capacity_is_refused():
    with pytest.raises(ProblemError, match="capacity_t_per_day"):
        DisposalSites.simple(("a",), [1], capacity_t_per_day=[-1.0])

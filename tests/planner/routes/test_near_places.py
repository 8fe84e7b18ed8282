"""Parts of a large task keep to the depots and sites near them, and to those in use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.routes import Depots, DisposalSites, plan_rounds
from planner.routes.day_task import day_task, whole_fleet
from planner.routes.parts import NEAR_PLACES, with_near_places
from planner.routes.schedule import Order
from planner.routes.screening import unservable
from planner.routes.site_room import NEAREST, excess_t, with_moved_emptyings
from planner.routes.solution import Kind
from tests.planner.routes.instances import QUICK, lorry, scattered

PLACES = 20


def task_of(problem):
    stops = np.arange(len(problem.stops))
    return day_task(problem, 0, -1, stops, whole_fleet(problem))


def built(**room):
    base = scattered(12, seed=3, sites=PLACES)
    depots = Depots(tuple(f"depot{k}" for k in range(PLACES)), base.disposal.place)
    vehicle = lorry(available=(None,) * PLACES)
    problem = replace(base, depots=depots, vehicles=(vehicle,))
    if room:
        sites = DisposalSites.simple(base.disposal.ids, base.disposal.place, **room)
        problem = replace(problem, disposal=sites)
    return problem


def test_few_places_are_left_as_they_are():
    task = task_of(scattered(5, sites=2))
    assert with_near_places(task) is task


def test_the_nearest_places_and_those_in_use_are_kept():
    problem = built()
    task = replace(task_of(problem), stop=np.array([4]), share=np.ones(1))
    roads = problem.matrices["road"].distance_m
    place = problem.stops.place[4]
    both = roads[place, problem.disposal.place] + roads[problem.disposal.place, place]
    near = set(np.argsort(both)[:NEAR_PLACES].tolist())
    far = int(np.argmax(both))
    close = with_near_places(task)
    assert set(close.depots(0)) == set(close.sites(0)) == near
    used = Order(0, far, ((Kind.STOP, 4, 1.0), (Kind.DISPOSAL, far, 1.0)))
    close = with_near_places(task, [used])
    assert set(close.depots(0)) == set(close.sites(0)) == near | {far}


def test_full_sites_send_emptyings_to_near_ones_with_room():
    problem = built(capacity_t_per_day=np.full(PLACES, 1.0))
    task = task_of(problem)
    tonnes = problem.stops.amount_t.sum(axis=1)
    orders = [
        Order(0, 0, ((Kind.STOP, i, 1.0), (Kind.DISPOSAL, 0, 1.0))) for i in range(len(tonnes))
    ]

    def price(order):
        path = [problem.disposal.place[0], *(
            (problem.stops if kind is Kind.STOP else problem.disposal).place[at]
            for kind, at, _ in order.calls
        ), problem.disposal.place[0]]  # fmt: skip
        return float(problem.matrices["road"].distance_m[path[:-1], path[1:]].sum())

    assert NEAREST < PLACES
    assert excess_t(task, orders) > 0
    moved = with_moved_emptyings(task, orders, price)
    assert excess_t(task, moved) == 0
    assert [one.calls[0] for one in moved] == [one.calls[0] for one in orders]


def test_many_depots_and_sites_are_planned_and_remembered(monkeypatch):
    monkeypatch.setattr("planner.routes.plan.WHOLE_JOBS", 6)
    monkeypatch.setattr("planner.routes.route_day.WHOLE_JOBS", 6)
    monkeypatch.setattr("planner.routes.parts.PART_JOBS", 4)
    problem = built()
    found = plan_rounds(problem, replace(QUICK, iterations=3))
    assert found.checked
    assert not found.unserved
    assert unservable(problem) == {}
    assert [what for what, *_ in problem.remembered].count("failures") == 1

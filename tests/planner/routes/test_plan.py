"""Rounds against brute force, rules at their edges, and messages for what cannot be."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.routes import (
    Compartment,
    DisposalSites,
    Goods,
    RoadMatrix,
    RoundsProgress,
    RoundsSettings,
    Territory,
    check_solution,
    plan_rounds,
)
from planner.routes.schedule import Order, schedule
from planner.routes.solution import Kind
from planner.solution import Cancelled, Outcome
from tests.planner.routes.instances import QUICK, lorry, scattered


def partitions(items):
    """Every way to put items into unordered groups."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in partitions(rest):
        for k, group in enumerate(smaller):
            yield [*smaller[:k], [first, *group], *smaller[k + 1 :]]
        yield [[first], *smaller]


def holds(problem, stops):
    """Whether the lorry and each of its compartments take what lies at some stops."""
    vehicle = problem.vehicles[0]
    tonnes = problem.stops.amount_t[stops].sum(axis=0)
    volume = problem.stops.amount_m3[stops].sum(axis=0)
    rooms = [(slice(None), vehicle.payload_t, vehicle.volume_m3)]
    rooms += [(list(one.streams), one.payload_t, one.volume_m3) for one in vehicle.compartments]
    return all(
        tonnes[kinds].sum() <= payload_t + 1e-9 and volume[kinds].sum() <= volume_m3 + 1e-9
        for kinds, payload_t, volume_m3 in rooms
    )


def cheapest_round(problem, group):
    """The best single lorry for a group: every order, every way to cut it into trips and sites."""
    best = float("inf")
    sites = range(len(problem.disposal))
    fit = {
        frozenset(part): holds(problem, list(part))
        for size in range(1, len(group) + 1)
        for part in itertools.combinations(group, size)
    }
    for order in itertools.permutations(group):
        for cuts in itertools.product([False, True], repeat=len(order) - 1):
            trips = 1 + sum(cuts)
            for at in itertools.product(sites, repeat=trips):
                calls, turn, load = [], iter(at), []
                fits = True
                for k, stop in enumerate(order):
                    calls.append((Kind.STOP, stop, 1.0))
                    load.append(stop)
                    fits &= fit[frozenset(load)]
                    if k == len(order) - 1 or cuts[k]:
                        calls.append((Kind.DISPOSAL, next(turn), 1.0))
                        load = []
                found = schedule(problem, Order(0, 0, tuple(calls)), day=0) if fits else None
                if found is not None:
                    best = min(best, found.cost_cny(problem))
    return best


def brute_force(problem):
    known = {}
    best = float("inf")
    for groups in partitions(list(range(len(problem.stops)))):
        total = 0.0
        for group in groups:
            key = frozenset(group)
            if key not in known:
                known[key] = cheapest_round(problem, group)
            total += known[key]
        best = min(best, total)
    return best


@pytest.mark.parametrize("seed", [1, 3])
def test_tiny_cases_are_as_cheap_as_every_possibility_tried(seed):
    problem = scattered(5, seed=seed, sites=2, asymmetric=True, vehicle=lorry(payload_t=1.2))
    found = plan_rounds(problem, replace(QUICK, iterations=600))
    assert found.checked
    assert found.cost_cny(problem) == pytest.approx(brute_force(problem), rel=1e-4)


def test_windows_in_a_tiny_case():
    opens = np.array([8, 6, 6, 12, 6]) * 3600.0
    closes = np.array([9, 7.5, 16, 13, 10]) * 3600.0
    problem = scattered(5, seed=7, opens_s=opens, closes_s=closes)
    found = plan_rounds(problem, replace(QUICK, iterations=600))
    assert found.checked
    assert found.cost_cny(problem) == pytest.approx(brute_force(problem), rel=1e-4)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_whatever_the_rules_the_checker_finds_nothing(data):
    draw = data.draw
    stops, days = draw(st.integers(1, 14)), draw(st.sampled_from([1, 1, 6]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    visits = rng.integers(1, days + 1, stops)
    opens = rng.choice([0.0, 8 * 3600.0], stops)
    problem = scattered(
        stops,
        seed=draw(st.integers(0, 99)),
        days=days,
        sites=draw(st.integers(0, 2)),
        asymmetric=draw(st.booleans()),
        goods=(Goods("waste", draw(st.sampled_from([np.inf, 2 * 3600.0, 3600.0]))),),
        vehicle=lorry(
            available=(draw(st.sampled_from([None, 1, 2])),),
            longest_trips=draw(st.sampled_from([None, 1, 2])),
            longest_overtime_s=draw(st.sampled_from([0.0, 3600.0])),
            overtime_cny_per_h=60.0,
            payload_t=draw(st.sampled_from([0.6, 3.0])),
        ),
        visits=visits,
        opens_s=opens,
        closes_s=opens + rng.choice([2 * 3600.0, 1e6], stops),
        divisible=rng.random(stops) < 0.5,
    )
    found = plan_rounds(problem, replace(QUICK, iterations=30))
    assert check_solution(problem, found) == []
    assert found.checked


def test_a_one_way_street_is_driven_its_way():
    far = 100_000.0
    # A ring 0 -> 1 -> 2 -> 3 -> 0 of 1 km pieces; against it there is no way but round it.
    distance = np.array([[(b - a) % 4 * 1000.0 for b in range(4)] for a in range(4)])
    problem = scattered(2, sites=1, amount_t=[0.1, 0.1])
    problem = replace(problem, matrices={"road": RoadMatrix(distance, distance / 8)})
    problem = replace(
        problem,
        disposal=DisposalSites.simple(("site",), [3]),
        stops=replace(problem.stops, place=np.array([2, 1])),
    )
    found = plan_rounds(problem, QUICK)
    assert [call.position for call in found.rounds[0].stops] == [1, 0]
    assert found.distance_m == 4000.0 < far


def test_stops_at_one_place_cost_no_driving():
    problem = scattered(6, amount_t=np.full(6, 0.1))
    problem = replace(problem, stops=replace(problem.stops, place=np.full(6, 2)))
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert len(found.rounds) == 1
    assert sum(call.leg_m == 0 for call in found.rounds[0].stops) == 5


def reason_of(problem, stop="s0"):
    found = plan_rounds(problem, replace(QUICK, iterations=10))
    assert check_solution(problem, found) == []
    named = {problem.stops.ids[one.stop]: one.reason for one in found.unserved}
    assert stop in named
    assert len(named) < len(problem.stops)
    return named[stop]


def test_a_stop_larger_than_any_lorry_is_named_with_both_sizes():
    reason = reason_of(scattered(4, amount_t=[5.0, 0.1, 0.1, 0.1]))
    assert reason.kind == "larger_than_any_lorry"
    assert reason.values["amount_t"] == 5.0
    assert reason.values["payload_t"] == 3.0


def test_a_divisible_stop_larger_than_a_lorry_is_taken_in_parts():
    problem = scattered(4, amount_t=[7.0, 0.1, 0.1, 0.1], divisible=[True] * 4)
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert not found.unserved
    assert sum(c.position == 0 for one in found.rounds for c in one.stops) == 3


def test_no_road_no_day_no_licence_no_hour():
    problem = scattered(4)
    cut = problem.matrices["road"].distance_m.copy()
    cut[2, :] = np.inf
    cut[2, 2] = 0.0
    roads = RoadMatrix(cut, cut / 8)
    assert reason_of(replace(problem, matrices={"road": roads})).kind == "no_way"
    days = np.ones((4, 7), bool)
    days[0] = [True, True, False, False, False, False, False]
    gaps = scattered(4, days=7, visits=[2, 1, 1, 1], smallest_gap_days=[3, 1, 1, 1])
    gaps = replace(gaps, stops=replace(gaps.stops, days=days))
    assert reason_of(gaps).kind == "no_feasible_day"
    licence = scattered(4, area=[5, 1, 1, -1], vehicle=lorry(areas=frozenset({1})))
    assert reason_of(licence).kind == "outside_licence"
    early = scattered(4, closes_s=[5 * 3600.0, 1e6, 1e6, 1e6])
    assert reason_of(early).kind == "window_not_reachable"
    long = scattered(4, service_s=[9 * 3600.0, 60.0, 60.0, 60.0])
    assert reason_of(long).kind == "longer_than_shift"
    slow = scattered(4, service_s=[3000.0, 0.0, 0.0, 0.0], goods=(Goods("w", 2900.0),))
    slow = replace(slow, disposal=replace(slow.disposal, place=slow.stops.place[1:2]))
    assert reason_of(slow).kind == "too_long_on_board"


def test_too_few_lorries_leave_the_fewest_out():
    problem = scattered(
        20, amount_t=np.full(20, 0.9), vehicle=lorry(available=(1,), longest_trips=2)
    )
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert {one.reason.kind for one in found.unserved} == {"fleet_too_small"}
    assert len(found.unserved) == 14  # two trips of three stops


@pytest.mark.parametrize("seed", [2, 5])
def test_compartments_in_a_tiny_case_are_as_cheap_as_every_possibility_tried(seed):
    rng = np.random.default_rng(seed)
    tonnes = rng.uniform(0.1, 0.5, (5, 3)).round(2)
    parts = (
        Compartment((0, 2), payload_t=1.1, volume_m3=3.0), Compartment((1,), volume_m3=1.5),
    )  # fmt: skip
    problem = scattered(
        5, seed=seed, amount_t=tonnes, amount_m3=tonnes * [4.0, 2.0, 0.0],
        goods=(Goods("a"), Goods("b"), Goods("c")), asymmetric=True,
        vehicle=lorry(compartments=parts, payload_t=1.6),
        disposal=DisposalSites.simple(("all",), [1], streams=3),
    )  # fmt: skip
    found = plan_rounds(problem, replace(QUICK, iterations=600))
    assert found.checked
    assert found.cost_cny(problem) == pytest.approx(brute_force(problem), rel=1e-4)


def test_two_streams_in_two_compartments():
    amounts = np.array([[0.5, 0.0], [0.4, 0.4], [0.0, 0.9], [0.5, 0.5]])
    parts = (Compartment((0,), payload_t=1.0), Compartment((1,), payload_t=1.0))
    problem = scattered(
        4, amount_t=amounts, goods=(Goods("a"), Goods("b")), vehicle=lorry(compartments=parts),
        disposal=DisposalSites.simple(("both",), [1], streams=2),
    )  # fmt: skip
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert sum(one.trips for one in found.rounds) == 2
    narrow = replace(problem, vehicles=(lorry(compartments=parts[:1]),))
    found = plan_rounds(narrow, QUICK)
    assert {one.reason.kind for one in found.unserved} == {"stream_not_carried"}


def test_goods_that_may_not_be_long_on_board_still_share_a_lorry():
    problem = scattered(12, goods=(Goods("medical", 3600.0),))
    found = plan_rounds(problem, QUICK)
    assert found.checked
    assert max(one.trips for one in found.rounds) > 1


def test_a_week_keeps_frequency_and_balances_days():
    visits = np.array([1, 2, 3, 6] * 10)
    problem = scattered(40, days=7, visits=visits, smallest_gap_days=np.where(visits == 2, 2, 1))
    working = np.ones((40, 7), bool)
    working[:, 6] = False
    problem = replace(problem, stops=replace(problem.stops, days=working))
    found = plan_rounds(problem, replace(QUICK, iterations=60))
    assert found.checked
    assert (found.calendar.sum(axis=1) == visits).all()
    hours = [one.hours for one in found.days(problem)][:6]
    assert max(hours) < 1.35 * min(hours)
    assert found.days(problem)[6].rounds == 0


def test_territories_do_not_mix():
    both = (Territory("a"), Territory("b"))
    problem = scattered(16, territory=np.arange(16) % 2, territories=both)
    found = plan_rounds(problem, QUICK)
    assert found.checked
    for one in found.rounds:
        assert {call.position % 2 for call in one.stops} == {one.territory}


def test_the_same_settings_give_the_same_rounds():
    problem = scattered(15)
    assert plan_rounds(problem, QUICK).rounds == plan_rounds(problem, QUICK).rounds


def test_a_listener_hears_incumbents_and_may_stop():
    heard: list[RoundsProgress] = []

    def stop(event):
        heard.append(event)
        if event.phase == "improve":
            raise Cancelled

    problem = scattered(25)
    found = plan_rounds(problem, RoundsSettings(time_limit_s=20), stop)
    assert found.outcome is Outcome.CANCELLED
    assert found.checked
    assert found.seconds < 15
    assert heard[-1].incumbent is not None
    assert heard[-1].incumbent().checked

    def at_once(event):
        raise Cancelled

    with pytest.raises(Cancelled):
        plan_rounds(problem, QUICK, at_once)


def test_a_stop_during_the_second_calendar_keeps_the_rounds_of_the_first():
    problem = scattered(24, days=6, visits=np.array([1, 2] * 12))
    heard: list[RoundsProgress] = []

    def hear(event: RoundsProgress) -> None:
        heard.append(event)
        if event.phase == "calendar" and any(one.incumbent for one in heard):
            raise Cancelled

    found = plan_rounds(problem, RoundsSettings(time_limit_s=8.0, processes=1), hear)
    assert heard[-1].phase == "calendar"
    assert found.outcome is Outcome.CANCELLED
    assert found.checked
    assert found.cost_cny(problem) == pytest.approx(heard[-1].cost_cny)

"""Trips packed onto few lorries: what is passed over without its times could not have been."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from planner.routes import Kind
from planner.routes.schedule import Order, schedule
from planner.routes.trips import _joined, _saved_s, _timed, packed, trips_of
from tests.planner.routes.instances import lorry, scattered


def single_trips(problem, seed):
    rng = np.random.default_rng(seed)
    stops = rng.permutation(len(problem.stops))
    return [
        Order(0, 0, (*((Kind.STOP, int(i), 1.0) for i in part), (Kind.DISPOSAL, 0, 1.0)))
        for part in np.array_split(stops, len(stops) // 3)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_only_pairs_that_cannot_be_joined_are_passed_over(seed):
    opens = np.random.default_rng(seed).uniform(6, 10, 18) * 3600
    problem = scattered(
        18, seed=seed, vehicle=lorry(longest_trips=None), opens_s=opens, closes_s=opens + 4 * 3600
    )
    vehicle = problem.vehicles[0]
    trips = [_timed(problem, one) for one in single_trips(problem, seed)]
    trips = [one for one in trips if np.isfinite(one.cost_cny)]
    assert len(trips) > 2
    for one, other in permutations(trips, 2):
        plain = [
            _timed(problem, Order(0, 0, (*a.order.calls, *b.order.calls)))
            for a, b in ((one, other), (other, one))
        ]
        cheap = [each for each in plain if each.cost_cny <= one.cost_cny + other.cost_cny]
        found = _joined(problem, vehicle, one, other)
        assert (found is not None) == bool(cheap)
        if found is not None:
            assert found.cost_cny == cheap[0].cost_cny
            assert found.trips == len(trips_of(found.order)) == 2


def test_what_going_on_saves_is_the_difference_in_driving():
    whole_day = lorry(longest_trips=None, longest_shift_s=1e5, shift_end_s=1e5)
    problem = scattered(9, seed=1, asymmetric=True, vehicle=whole_day)
    one, other, _ = single_trips(problem, 1)
    apart_s = _timed(problem, one).busy_s + _timed(problem, other).busy_s
    both = _timed(problem, Order(0, 0, (*one.calls, *other.calls)))
    assert apart_s - _saved_s(problem, one, other) == pytest.approx(both.busy_s)


def test_packing_is_never_dearer():
    problem = scattered(30, seed=4, vehicle=lorry(longest_trips=None))
    orders = single_trips(problem, 4)
    cost = [
        sum(schedule(problem, one, day=0).cost_cny(problem) for one in some)
        for some in (orders, packed(problem, orders))
    ]
    assert cost[1] <= cost[0] + 1e-9

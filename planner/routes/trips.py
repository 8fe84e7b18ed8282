"""Trips packed onto as few lorries as their shifts allow.

The search moves stops, seldom whole trips: it leaves lorries at home for half their shift that
could go out again. So its rounds are taken apart into trips, from leaving empty to emptying, and
packed again: the longest first, each onto the first lorry that can still take it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from planner.routes.fleet import VehicleClass
from planner.routes.problem import RoundsProblem
from planner.routes.schedule import Call, Order, schedule
from planner.routes.solution import Kind

Price = Callable[[Order], float]


def packed(problem: RoundsProblem, orders: list[Order]) -> list[Order]:
    """The same trips on fewer lorries where that is cheaper, else the orders as they are."""
    if all(vehicle.longest_trips == 1 for vehicle in problem.vehicles):
        return orders
    found: list[Order] = []
    by_home: dict[tuple[int, int], list[Order]] = defaultdict(list)
    for order in orders:
        by_home[order.vehicle, order.depot].append(order)
    for (vehicle, _), mine in sorted(by_home.items()):
        again = _packed_alike(problem, problem.vehicles[vehicle], mine)
        found += again if _cost(problem, again) <= _cost(problem, mine) else mine
    return found


def _cost(problem: RoundsProblem, orders: list[Order]) -> float:
    total = 0.0
    for order in orders:
        timed = schedule(problem, order, day=0)
        total += float("inf") if timed is None else timed.cost_cny(problem)
    return total


def _packed_alike(
    problem: RoundsProblem, vehicle: VehicleClass, orders: list[Order]
) -> list[Order]:
    """First fit, the longest first, of the trips of one class and depot."""
    trips = [(trip, _out_s(problem, trip)) for order in orders for trip in trips_of(order)]
    trips.sort(key=lambda one: -one[1])
    lorries: list[Order] = []
    out_s: list[float] = []
    for trip, own_s in trips:
        for k, lorry in enumerate(lorries):
            # Going on from where it emptied saves no more than the two ways to the depot and back.
            if out_s[k] + own_s * SAVED_AT_MOST > vehicle.longest_out_s:
                continue
            both = _join(problem, vehicle, lorry, trip)
            if both is not None:
                lorries[k], out_s[k] = both, _out_s(problem, both)
                break
        else:
            lorries.append(trip)
            out_s.append(own_s)
    return lorries


SAVED_AT_MOST = 0.4
"""Of a trip's time, by joining it to another; more is not worth the trying."""


def _out_s(problem: RoundsProblem, order: Order) -> float:
    timed = schedule(problem, order, day=0)
    return float("inf") if timed is None else timed.out_s


def trips_of(order: Order) -> list[Order]:
    """A round for each trip of a round."""
    found: list[list[Call]] = [[]]
    for call in order.calls:
        if call[0] is Kind.DEPOT:
            found.append([])
            continue
        found[-1].append(call)
        if call[0] is Kind.DISPOSAL:
            found.append([])
    return [replace(order, calls=tuple(calls)) for calls in found if calls]


def _join(problem: RoundsProblem, vehicle: VehicleClass, first: Order, then: Order) -> Order | None:
    trips = len(trips_of(first)) + len(trips_of(then))
    if vehicle.longest_trips is not None and trips > vehicle.longest_trips:
        return None
    apart_cny = _cost(problem, [first, then])
    for one, other in ((first, then), (then, first)):
        # Without disposal sites the depot is where it empties.
        between = () if one.calls[-1][0] is Kind.DISPOSAL else ((Kind.DEPOT, one.depot, 1.0),)
        both = replace(one, calls=(*one.calls, *between, *other.calls))
        if _cost(problem, [both]) <= apart_cny:
            return both
    return None

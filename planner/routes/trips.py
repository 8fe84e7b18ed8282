"""Trips packed onto as few lorries as their shifts allow.

The search moves stops, seldom whole trips: it leaves lorries at home for half their shift that
could go out again. So its rounds are taken apart into trips, from leaving empty to emptying, and
packed again: the longest first, each onto the first lorry that can still take it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from planner.routes.fleet import VehicleClass
from planner.routes.problem import RoundsProblem
from planner.routes.schedule import Call, Order, schedule
from planner.routes.solution import Kind

SAVED_AT_MOST = 0.4
"""Of a trip's time, by joining it to another; more is not worth the trying."""


def packed(
    problem: RoundsProblem, orders: list[Order], beat: Callable[[], None] | None = None
) -> list[Order]:
    """The same trips on fewer lorries where that is cheaper, else the orders as they are.

    ``beat`` is called for every trip; raising in it ends the packing.
    """
    if all(vehicle.longest_trips == 1 for vehicle in problem.vehicles):
        return orders
    found: list[Order] = []
    by_home: dict[tuple[int, int], list[Order]] = defaultdict(list)
    for order in orders:
        by_home[order.vehicle, order.depot].append(order)
    for (vehicle, _), mine in sorted(by_home.items()):
        again = _packed_alike(problem, problem.vehicles[vehicle], mine, beat)
        cheaper = sum(one.cost_cny for one in again) <= sum(
            _timed(problem, one).cost_cny for one in mine
        )
        found += [one.order for one in again] if cheaper else mine
    return found


@dataclass(frozen=True)
class _Timed:
    """An order with its price and the seconds that its lorry is out, ``inf`` if it cannot be."""

    order: Order
    cost_cny: float
    out_s: float


def _timed(problem: RoundsProblem, order: Order) -> _Timed:
    timed = schedule(problem, order, day=0)
    if timed is None:
        return _Timed(order, float("inf"), float("inf"))
    return _Timed(order, timed.cost_cny(problem), timed.out_s)


def _packed_alike(
    problem: RoundsProblem,
    vehicle: VehicleClass,
    orders: list[Order],
    beat: Callable[[], None] | None,
) -> list[_Timed]:
    """First fit, the longest first, of the trips of one class and depot."""
    trips = [_timed(problem, trip) for order in orders for trip in trips_of(order)]
    lorries: list[_Timed] = []
    for trip in sorted(trips, key=lambda one: -one.out_s):
        if beat is not None:
            beat()
        for k, lorry in enumerate(lorries):
            # Going on from where it emptied saves no more than the two ways to the depot and back.
            if lorry.out_s + trip.out_s * SAVED_AT_MOST > vehicle.longest_out_s:
                continue
            both = _joined(problem, vehicle, lorry, trip)
            if both is not None:
                lorries[k] = both
                break
        else:
            lorries.append(trip)
    return lorries


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


def _joined(
    problem: RoundsProblem, vehicle: VehicleClass, first: _Timed, then: _Timed
) -> _Timed | None:
    trips = len(trips_of(first.order)) + len(trips_of(then.order))
    if vehicle.longest_trips is not None and trips > vehicle.longest_trips:
        return None
    apart_cny = first.cost_cny + then.cost_cny
    for one, other in ((first.order, then.order), (then.order, first.order)):
        # Without disposal sites the depot is where it empties.
        between = () if one.calls[-1][0] is Kind.DISPOSAL else ((Kind.DEPOT, one.depot, 1.0),)
        both = _timed(problem, replace(one, calls=(*one.calls, *between, *other.calls)))
        if both.cost_cny <= apart_cny:
            return both
    return None

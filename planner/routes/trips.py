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
from planner.routes.schedule import TIME_TOLERANCE_S, Call, Order, times_of
from planner.routes.solution import Kind


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
        before = [_timed(problem, order) for order in mine]
        again = _packed_alike(problem, problem.vehicles[vehicle], before, beat)
        cheaper = sum(one.cost_cny for one in again) <= sum(one.cost_cny for one in before)
        found += [one.order for one in again] if cheaper else mine
    return found


@dataclass(frozen=True)
class _Timed:
    """An order with its price, ``inf`` if it cannot be, and what joining it to another takes.

    Parameters
    ----------
    out_s : that its lorry is out
    busy_s : driving and service of that, without waiting
    """

    order: Order
    trips: int
    cost_cny: float
    out_s: float
    busy_s: float


def _timed(problem: RoundsProblem, order: Order, trips: int = 1) -> _Timed:
    times = times_of(problem, order)
    if times is None:
        return _Timed(order, trips, float("inf"), float("inf"), float("inf"))
    cost_cny = times.cost_cny(problem.vehicles[order.vehicle])
    return _Timed(order, trips, cost_cny, times.out_s, times.out_s - times.waited_s)


def _packed_alike(
    problem: RoundsProblem,
    vehicle: VehicleClass,
    rounds: list[_Timed],
    beat: Callable[[], None] | None,
) -> list[_Timed]:
    """First fit, the longest first, of the trips of one class and depot."""
    trips: list[_Timed] = []
    for one in rounds:
        parts = trips_of(one.order)
        trips += [one] if parts == [one.order] else [_timed(problem, part) for part in parts]
    lorries: list[_Timed] = []
    for trip in sorted(trips, key=lambda one: -one.out_s):
        if beat is not None:
            beat()
        for k, lorry in enumerate(lorries):
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
    trips = first.trips + then.trips
    if vehicle.longest_trips is not None and trips > vehicle.longest_trips:
        return None
    apart_cny = first.cost_cny + then.cost_cny
    for one, other in ((first, then), (then, first)):
        # Without waiting already too long: most pairs are, and times of calls cost far more.
        longest_s = vehicle.longest_out_s + TIME_TOLERANCE_S
        if one.busy_s + other.busy_s - _saved_s(problem, one.order, other.order) > longest_s:
            continue
        # Without disposal sites the depot is where it empties.
        between = () if _empties_outside(one.order) else ((Kind.DEPOT, one.order.depot, 1.0),)
        calls = (*one.order.calls, *between, *other.order.calls)
        both = _timed(problem, replace(one.order, calls=calls), trips)
        if both.cost_cny <= apart_cny:
            return both
    return None


def _empties_outside(order: Order) -> bool:
    return order.calls[-1][0] is Kind.DISPOSAL


def _saved_s(problem: RoundsProblem, first: Order, then: Order) -> float:
    """Driving saved by going on from where the first empties, not by way of the depot."""
    if not _empties_outside(first):
        return 0.0
    home = int(problem.depots.place[first.depot])
    last = int(problem.disposal.place[first.calls[-1][1]])
    kind, position, _ = then.calls[0]
    table = problem.stops if kind is Kind.STOP else problem.disposal
    begin = int(table.place[position])
    drive_s = problem.matrix(problem.vehicles[first.vehicle]).duration_s
    return float(drive_s[last, home] + drive_s[home, begin] - drive_s[last, begin])

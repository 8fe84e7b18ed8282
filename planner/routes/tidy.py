"""What PyVRP's moves do not reach: another site on the way, an emptying moved along a round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from planner.routes.day_task import DayTask
from planner.routes.fleet import VehicleClass
from planner.routes.schedule import Call, Order
from planner.routes.solution import Kind

LONGEST_CALLS = 40
"""Rounds of more calls only change sites: every other move costs their square."""
LEAST_GAIN_CNY = 1e-6


def tidied(
    task: DayTask,
    orders: list[Order],
    price: Callable[[Order], float],
    end_s: float,
    beat: Callable[[], None] | None = None,
) -> list[Order]:
    """Each round at its best under these moves, as far as there is time."""
    found = []
    for order in orders:
        if beat is not None:
            beat()
        best, cost = order, price(order)
        improved = True
        while improved and time.perf_counter() < end_s:
            improved = False
            for other in _neighbours(task, best):
                if time.perf_counter() >= end_s:
                    break
                if not fits(task, other):
                    continue
                dear = price(other)
                if dear < cost - LEAST_GAIN_CNY:
                    best, cost, improved = other, dear, True
                    break
        found.append(best)
    return found


def _neighbours(task: DayTask, order: Order) -> Iterator[Order]:
    calls = order.calls
    for k, (kind, position, share) in enumerate(calls):
        if kind is Kind.DISPOSAL:
            for site in task.sites(order.vehicle):
                if site != position:
                    yield replace(order, calls=(*calls[:k], (kind, site, share), *calls[k + 1 :]))
    if len(calls) > LONGEST_CALLS:
        return
    for k, call in enumerate(calls):
        rest = (*calls[:k], *calls[k + 1 :])
        for at in range(len(rest) + 1):
            if at != k:
                yield replace(order, calls=(*rest[:at], call, *rest[at:]))


def fits(task: DayTask, order: Order) -> bool:
    """Whether a round keeps to the lorry's room, empties only what is there, and ends empty."""
    vehicle = task.problem.vehicles[order.vehicle]
    if not order.calls or (len(task.problem.disposal) and order.calls[-1][0] is Kind.STOP):
        return False
    before: Kind = Kind.DEPOT
    for kind, *_ in order.calls:
        if kind is not Kind.STOP and before is not Kind.STOP:
            return False
        before = kind
    trips = sum(kind is not Kind.STOP for kind, *_ in order.calls)
    trips += order.calls[-1][0] is Kind.STOP
    if vehicle.longest_trips is not None and trips > vehicle.longest_trips:
        return False
    return _loads_fit(task, vehicle, order.calls)


def _loads_fit(task: DayTask, vehicle: VehicleClass, calls: tuple[Call, ...]) -> bool:
    for streams, measure, room in vehicle.limits():
        amounts = task.problem.amounts(streams, measure)
        load = 0.0
        for kind, position, share in calls:
            load = load + float(amounts[position]) * share if kind is Kind.STOP else 0.0
            if load > room * (1 + 1e-9):
                return False
    return True

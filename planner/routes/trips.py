"""Rounds of one emptying each joined for one lorry, where the time on board keeps them short."""

from __future__ import annotations

from planner.routes.problem import RoundsProblem
from planner.routes.schedule import Order, schedule
from planner.routes.solution import Kind


def joined(problem: RoundsProblem, orders: list[Order]) -> list[Order]:
    """First fit, the longest first: a lorry takes another trip while its shift allows.

    A join is kept only if it is no dearer than two lorries.
    """
    found: list[Order] = []
    for one in sorted(orders, key=lambda order: -len(order.calls)):
        for k, other in enumerate(found):
            both = _join(problem, other, one)
            if both is not None:
                found[k] = both
                break
        else:
            found.append(one)
    return found


def _join(problem: RoundsProblem, first: Order, then: Order) -> Order | None:
    vehicle = problem.vehicles[first.vehicle]
    if (first.vehicle, first.depot) != (then.vehicle, then.depot):
        return None
    trips = _trips(first) + _trips(then)
    if vehicle.longest_trips is not None and trips > vehicle.longest_trips:
        return None
    alone = [schedule(problem, one, day=0) for one in (first, then)]
    if alone[0] is None or alone[1] is None:
        return None
    apart_cny = sum(one.cost_cny(problem) for one in alone if one is not None)
    for one, other in ((first, then), (then, first)):
        # Without disposal sites the depot is where it empties.
        between = () if one.calls[-1][0] is Kind.DISPOSAL else ((Kind.DEPOT, one.depot, 1.0),)
        both = Order(one.vehicle, one.depot, (*one.calls, *between, *other.calls))
        timed = schedule(problem, both, day=0)
        if timed is not None and timed.cost_cny(problem) <= apart_cny:
            return both
    return None


def _trips(order: Order) -> int:
    return 1 + sum(kind is not Kind.STOP for kind, *_ in order.calls[:-1])

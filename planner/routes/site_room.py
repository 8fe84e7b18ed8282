"""What disposal sites take in a day: how full rounds make them, and rounds that keep to it.

The search knows no capacity of a site. So rounds that overfill one are put right in three ways:
single emptyings go to other sites where that costs least; overfilled sites ask a toll for an
emptying (the price of capacity of a Lagrangian relaxation, Fisher, Management Science 27, 1981),
which rises until the search itself goes elsewhere; and what no site has room for is left out, as
few stops as will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import FloatArray
from planner.routes.day_task import DayTask
from planner.routes.problem import RoundsProblem
from planner.routes.schedule import Call, Order
from planner.routes.solution import Kind, Round

TOLERANCE = 1e-9
"""Relative: loads are sums of decimals."""
LEAST_STEP = 0.15
"""Share of the mean price of a trip by which the toll of an overfilled site rises at least."""
NEAREST = 6
"""Sites that an emptying may move to: a county has a hundred, and each costs a round's times."""

Price = Callable[[Order], float]


def taken_t(problem: RoundsProblem, orders: Sequence[Order]) -> FloatArray:
    """(m,) tonnes that rounds bring to each site."""
    tonnes = problem.stops.amount_t.sum(axis=1)
    taken = np.zeros(len(problem.disposal))
    for order in orders:
        for _, site, load in _emptyings(tonnes, order):
            taken[site] += load
    return taken


def brought_t(problem: RoundsProblem, one: Round) -> FloatArray:
    """(m,) tonnes that a written round brings to each site."""
    calls = tuple((call.kind, call.position, call.share) for call in one.visits[1:-1])
    return taken_t(problem, [Order(one.vehicle, one.depot, calls)])


def room_left(room_t: FloatArray, problem: RoundsProblem, orders: Sequence[Order]) -> FloatArray:
    """(m,) room when some rounds have emptied."""
    left: FloatArray = np.maximum(room_t - taken_t(problem, orders), 0.0)
    return left


def excess_t(task: DayTask, orders: Sequence[Order]) -> float:
    """Tonnes beyond what the sites take."""
    return float(_over(task, orders).sum())


def _over(task: DayTask, orders: Sequence[Order]) -> FloatArray:
    taken = taken_t(task.problem, orders)
    over: FloatArray = np.where(
        taken > task.room_t * (1 + TOLERANCE), taken - np.minimum(task.room_t, taken), 0.0
    )
    return over


def _emptyings(tonnes: FloatArray, order: Order) -> list[tuple[int, int, float]]:
    """Of a round: which call, at which site, of how many tonnes."""
    found, load = [], 0.0
    for k, (kind, position, share) in enumerate(order.calls):
        if kind is Kind.STOP:
            load += float(tonnes[position]) * share
            continue
        if kind is Kind.DISPOSAL:
            found.append((k, position, load))
        load = 0.0
    return found


def with_moved_emptyings(task: DayTask, orders: Sequence[Order], price: Price) -> list[Order]:
    """Emptyings of overfilled sites at sites with room, those that cost least for a tonne first."""
    orders = list(orders)
    while _over(task, orders).any():
        if not _moved_once(task, orders, price):
            break
    return orders


def _moved_once(task: DayTask, orders: list[Order], price: Price) -> bool:
    """Make the cheapest moves, in each round one at most; whether there was any."""
    room = task.room_t - taken_t(task.problem, orders)
    over = _over(task, orders)
    done: set[int] = set()
    for move in sorted(_moves(task, orders, over, room, price), key=lambda one: one.cny_per_t):
        fits = room[move.to_site] >= move.load_t * (1 - TOLERANCE)
        if move.round in done or over[move.from_site] <= 0 or not fits:
            continue
        orders[move.round] = move.order
        room[move.to_site] -= move.load_t
        over[move.from_site] = max(over[move.from_site] - move.load_t, 0.0)
        done.add(move.round)
    return bool(done)


@dataclass(frozen=True)
class _Move:
    """An emptying at another site, ``order`` then being the round."""

    round: int
    order: Order
    from_site: int
    to_site: int
    load_t: float
    cny_per_t: float


def _moves(
    task: DayTask, orders: Sequence[Order], over: FloatArray, room: FloatArray, price: Price
) -> Iterator[_Move]:
    """Every emptying at an overfilled site, at each of the nearest sites with room."""
    tonnes = task.problem.stops.amount_t.sum(axis=1)
    for k, order in enumerate(orders):
        for at, site, load in _emptyings(tonnes, order):
            if over[site] <= 0 or load <= 0:
                continue
            fit = [
                other
                for other in task.sites(order.vehicle)
                if other != site and room[other] >= load * (1 - TOLERANCE)
            ]
            for other in _nearest(task, order, at, fit):
                call: Call = (Kind.DISPOSAL, other, 1.0)
                moved = replace(order, calls=(*order.calls[:at], call, *order.calls[at + 1 :]))
                more = price(moved) - price(order)
                if np.isfinite(more):
                    yield _Move(k, moved, site, other, load, more / min(load, over[site]))


def _nearest(task: DayTask, order: Order, at: int, sites: list[int]) -> list[int]:
    """Of some sites those that a round goes least out of its way to, in place of a call."""
    if len(sites) <= NEAREST:
        return sites
    problem = task.problem
    roads = problem.matrix(problem.vehicles[order.vehicle]).distance_m
    home = int(problem.depots.place[order.depot])
    places = {Kind.STOP: problem.stops.place, Kind.DISPOSAL: problem.disposal.place}

    def place(k: int) -> int:
        if not 0 <= k < len(order.calls) or order.calls[k][0] is Kind.DEPOT:
            return home
        return int(places[order.calls[k][0]][order.calls[k][1]])

    there = problem.disposal.place[sites]
    way = roads[place(at - 1), there] + roads[there, place(at + 1)]
    return [sites[one] for one in np.argsort(way, kind="stable")[:NEAREST]]


def with_higher_tolls(task: DayTask, orders: Sequence[Order], price: Price) -> DayTask:
    """The task with the tolls of sites raised that these rounds overfill."""
    over = _over(task, orders)
    trips = sum(len(_emptyings(task.problem.stops.amount_t.sum(axis=1), one)) for one in orders)
    mean = sum(map(price, orders)) / max(trips, 1)
    share = np.clip(over / np.maximum(task.room_t, TOLERANCE), LEAST_STEP, 1.0)
    return replace(task, toll_cny=task.toll_cny + np.where(over > 0, mean * share, 0.0))


def stops_beyond_room(task: DayTask, orders: Sequence[Order]) -> set[int]:
    """Stops to leave out so that no site is overfilled: few of them."""
    tonnes = task.problem.stops.amount_t.sum(axis=1)
    over = _over(task, orders)
    out: set[int] = set()
    for site in np.flatnonzero(over > 0):
        loads = _loads_at(tonnes, orders, int(site))
        excess = float(over[site]) - sum(loads.pop(stop, 0.0) for stop in out)
        while excess > TOLERANCE and loads:
            enough = [stop for stop, load in loads.items() if load >= excess * (1 - TOLERANCE)]
            stop = (
                min(enough, key=loads.__getitem__) if enough else max(loads, key=loads.__getitem__)
            )
            excess -= loads.pop(stop)
            out.add(stop)
    return out


def _loads_at(tonnes: FloatArray, orders: Sequence[Order], site: int) -> dict[int, float]:
    """Tonnes of each stop that are emptied at a site."""
    found: dict[int, float] = {}
    for order in orders:
        begin = 0
        for k, (kind, position, _) in enumerate(order.calls):
            if kind is Kind.STOP:
                continue
            if kind is Kind.DISPOSAL and position == site:
                for _, stop, share in order.calls[begin:k]:
                    found[stop] = found.get(stop, 0.0) + float(tonnes[stop]) * share
            begin = k + 1
    return found

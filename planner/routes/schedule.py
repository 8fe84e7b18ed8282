"""From an order of calls to times: leave as late as costs no lateness, wait as little as can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.routes.problem import RoundsProblem
from planner.routes.solution import Kind, Round, Visit

Call = tuple[Kind, int, float]
"""Kind, position, share."""

TIME_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Order:
    """A round before it has times: class, depot and the calls between leaving and coming back."""

    vehicle: int
    depot: int
    calls: tuple[Call, ...]


def schedule(
    problem: RoundsProblem, order: Order, *, day: int, lorry: int = 0, territory: int = -1
) -> Round | None:
    """The round with times; None where windows, shift, roads or time on board do not allow it."""
    vehicle = problem.vehicles[order.vehicle]
    calls = [(Kind.DEPOT, order.depot, 1.0), *order.calls, (Kind.DEPOT, order.depot, 1.0)]
    place = [_place(problem, kind, position) for kind, position, _ in calls]
    roads = problem.matrix(vehicle)
    drive_s = roads.duration_s[place[:-1], place[1:]]
    leg_m = roads.distance_m[place[:-1], place[1:]]
    if not np.isfinite(leg_m).all():
        return None
    windows = [_window(problem, kind, position) for kind, position, _ in calls]
    service = [_service_s(problem, call) for call in calls]
    leave = _latest_departure(vehicle.shift_start_s, drive_s, windows, service)
    visits = _drive(problem, calls, leave, drive_s, leg_m, windows, service)
    found = Round(day, order.vehicle, order.depot, lorry, territory, visits)
    return found if _in_time(problem, found, windows) else None


def _place(problem: RoundsProblem, kind: Kind, position: int) -> int:
    if kind is Kind.STOP:
        return int(problem.stops.place[position])
    return int((problem.depots if kind is Kind.DEPOT else problem.disposal).place[position])


def _window(problem: RoundsProblem, kind: Kind, position: int) -> tuple[float, float]:
    if kind is Kind.DEPOT:
        return 0.0, np.inf
    table = problem.stops if kind is Kind.STOP else problem.disposal
    return float(table.opens_s[position]), float(table.closes_s[position])


def _service_s(problem: RoundsProblem, call: Call) -> float:
    kind, position, share = call
    if kind is Kind.STOP:
        return float(problem.stops.service_s[position]) * share
    return float(problem.disposal.unload_s[position]) if kind is Kind.DISPOSAL else 0.0


def _latest_departure(
    earliest: float, drive_s: np.ndarray, windows: list[tuple[float, float]], service: list[float]
) -> float:
    """When to leave so that nothing is later than with the earliest departure, but waits less.

    The forward slack of Savelsbergh (1992): a departure may be put off by the least, over the
    calls, of the waiting up to it and the time its window has left.
    """
    now, waited, slack = earliest, 0.0, np.inf
    for drive, (opens, closes), stay in zip(drive_s, windows[1:], service[1:], strict=True):
        now += drive
        wait = max(0.0, opens - now)
        waited += wait
        now += wait
        slack = min(slack, waited + closes - now)
        now += stay
    return earliest + max(0.0, min(slack, waited))


def _drive(
    problem: RoundsProblem,
    calls: list[Call],
    leave: float,
    drive_s: np.ndarray,
    leg_m: np.ndarray,
    windows: list[tuple[float, float]],
    service: list[float],
) -> tuple[Visit, ...]:
    tonnes = problem.stops.amount_t.sum(axis=1)
    visits = [Visit(*calls[0], leave, leave, leave, 0.0, 0.0)]
    load = 0.0
    for k, (kind, position, share) in enumerate(calls[1:], start=1):
        arrive = visits[-1].leave_s + float(drive_s[k - 1])
        begin = max(arrive, windows[k][0])
        load = load + float(tonnes[position]) * share if kind is Kind.STOP else 0.0
        visits.append(
            Visit(
                kind, position, share, arrive, begin, begin + service[k], float(leg_m[k - 1]), load
            )
        )
    return tuple(visits)


def _in_time(problem: RoundsProblem, one: Round, windows: list[tuple[float, float]]) -> bool:
    vehicle = problem.vehicles[one.vehicle]
    late = any(
        visit.begin_s > closes + TIME_TOLERANCE_S
        for visit, (_, closes) in zip(one.visits, windows, strict=True)
    )
    if late or one.visits[-1].arrive_s > vehicle.shift_end_s + TIME_TOLERANCE_S:
        return False
    if one.out_s > vehicle.longest_out_s + TIME_TOLERANCE_S:
        return False
    return longest_on_board_s(problem, one) <= TIME_TOLERANCE_S


def longest_on_board_s(problem: RoundsProblem, one: Round) -> float:
    """By how much the worst stop's goods are on board for longer than they may be; <= 0 if none."""
    limit = np.array([goods.longest_on_board_s for goods in problem.goods])
    if np.isinf(limit).all():
        return -np.inf
    has = (problem.stops.amount_t > 0) | (problem.stops.amount_m3 > 0)
    worst, waiting = -np.inf, []
    for visit in one.visits:
        if visit.kind is Kind.STOP:
            strictest = min(limit[has[visit.position]], default=np.inf)
            waiting.append((visit.begin_s, float(strictest)))
        else:
            worst = max([worst, *(visit.arrive_s - since - most for since, most in waiting)])
            waiting = []
    return worst

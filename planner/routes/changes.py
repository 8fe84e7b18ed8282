"""A change on the day: a lorry is out, a stop is added or dropped; most rounds stay as they were.

Rounds of the earlier plan are carried over by ids. What a change leaves open (stops of a lorry that
is out, new stops) is put where it costs least: first into rounds that have room, with their order
kept; what fits nowhere is planned together with the rounds nearest to it, and only with those.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from planner.problem import BoolArray
from planner.routes.checker import check_solution
from planner.routes.day_task import DayTask, Fleet, day_task, fleet_left, whole_fleet
from planner.routes.fleet import VehicleClass
from planner.routes.parts import jobs_of, nearness
from planner.routes.problem import RoundsProblem
from planner.routes.record import (
    RecordedRound,
    RoundsChange,
    RoundsRecord,
    change,
    record,
)
from planner.routes.route_day import DayAnswer, price, route_day
from planner.routes.schedule import Call, Order, schedule
from planner.routes.screening import unservable
from planner.routes.search import SearchLimits
from planner.routes.settings import OnRounds, RoundsProgress, RoundsSettings
from planner.routes.site_room import brought_t, excess_t, room_left
from planner.routes.solution import Kind, Round, RoundsSolution, Unserved
from planner.routes.tidy import fits
from planner.solution import Cancelled, Outcome, Reason

NEIGHBOURS = 2
"""Rounds that are planned anew with what fits into none as it is; doubled until it fits."""
QUICK_S, QUICK_SHARE, LEAST_S = 0.4, 0.25, 0.05
"""Of searches for a first answer: in all, of the time limit, and each at least."""


def replan(
    before: RoundsProblem,
    earlier: RoundsSolution,
    problem: RoundsProblem,
    settings: RoundsSettings | None = None,
) -> tuple[RoundsSolution, RoundsChange]:
    """Rounds of a changed problem that differ as little as they have to from earlier ones.

    Parameters
    ----------
    before, earlier : the problem as it was, and its rounds; days, classes, depots, sites and stops
        are recognised by their ids
    problem : as it is now

    Notes
    -----
    New stops are visited on the day of their choice that costs least, as often as they ask for.
    """
    return replan_record(record(before, earlier), problem, settings)


def replan_record(
    earlier: RoundsRecord,
    problem: RoundsProblem,
    settings: RoundsSettings | None = None,
    on_progress: OnRounds | None = None,
) -> tuple[RoundsSolution, RoundsChange]:
    """The same from rounds that are remembered by their ids.

    A first answer comes at once; where rounds had to be planned anew, they are searched for longer.

    Raises
    ------
    Cancelled
        If the listener asked to stop before there was an answer: half a change is none.
    """
    settings = settings or RoundsSettings(time_limit_s=5.0)
    begin_s = time.perf_counter()
    if settings.iterations is not None:  # the clock must not decide
        found = _Replanning(earlier, problem, settings, on_progress).done()
        return found, change(earlier, record(problem, found))
    quick_s = min(QUICK_S, QUICK_SHARE * settings.time_limit_s)
    first = _Replanning(earlier, problem, replace(settings, time_limit_s=quick_s), on_progress)
    best = first.done()
    try:
        _tell_of(best, problem, on_progress)
        if first.planned_anew:
            left_s = settings.time_limit_s - (time.perf_counter() - begin_s)
            longer = replace(settings, time_limit_s=max(left_s, LEAST_S))
            again = _Replanning(earlier, problem, longer, on_progress).done()
            best = min(best, again, key=lambda one: _worth(one, problem))
    except (Cancelled, KeyboardInterrupt):
        best = replace(best, outcome=Outcome.CANCELLED)
    best = replace(best, seconds=time.perf_counter() - begin_s)
    return best, change(earlier, record(problem, best))


def _tell_of(found: RoundsSolution, problem: RoundsProblem, listener: OnRounds | None) -> None:
    if listener is not None:
        cost = found.cost_cny(problem)
        event = RoundsProgress("improve", found.seconds, cost, len(found.rounds), lambda: found)
        listener(event)


def _worth(found: RoundsSolution, problem: RoundsProblem) -> tuple[int, float]:
    """What is to be small: visits that are missing, then money."""
    return sum(one.missing for one in found.unserved), found.cost_cny(problem)


class _Replanning:
    """One change, as good as it gets in the time.

    Attributes
    ----------
    planned_anew : whether something fitted into no round as it was
    """

    def __init__(
        self,
        earlier: RoundsRecord,
        problem: RoundsProblem,
        settings: RoundsSettings,
        listener: OnRounds | None = None,
    ) -> None:
        self._listener = listener
        self._earlier = earlier
        self._problem = problem
        self._settings = settings
        self._begin_s = time.perf_counter()
        self._at = {name: i for i, name in enumerate(problem.stops.ids)}
        self._reasons = unservable(problem)
        self._calendar = self._carried_calendar()
        self._unserved: dict[int, int] = {}
        self.planned_anew = False

    def done(self) -> RoundsSolution:
        """Every day in turn."""
        problem = self._problem
        rounds: list[Round] = []
        for day in range(problem.day_count):
            for territory in sorted({int(one) for one in problem.stops.territory}):
                rounds += self._day(day, territory, rounds)
        return self._solution(rounds)

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener(RoundsProgress("improve", time.perf_counter() - self._begin_s))

    def _carried_calendar(self) -> BoolArray:
        """Days as they were; new stops on those days of a pattern that are least visited."""
        from planner.routes.calendar import patterns_of  # noqa: PLC0415

        problem = self._problem
        calendar = np.zeros(problem.stops.days.shape, bool)
        same_cycle = self._earlier.day_names == problem.day_names
        for i, name in enumerate(problem.stops.ids):
            choice = patterns_of(problem, i)
            if i in self._reasons or not choice:
                self._reasons.setdefault(i, Reason("no_feasible_day", (name,)))
                continue
            was = self._earlier.calendar.get(name, ()) if same_cycle else ()
            if was not in choice:
                load = calendar.sum(axis=0)
                was = min(choice, key=lambda days: (load[list(days)].max(), days))
            calendar[i, list(was)] = True
        return calendar

    def _day(self, day: int, territory: int, so_far: list[Round]) -> list[Round]:
        self._tell()
        problem = self._problem
        stops = np.flatnonzero(self._calendar[:, day] & (problem.stops.territory == territory))
        taken = [Order(r.vehicle, r.depot, ()) for r in so_far if r.day == day]
        fleet = fleet_left(whole_fleet(problem), taken)
        room_t = problem.disposal.capacity_t_per_day.copy()
        for one in so_far:
            if one.day == day:
                room_t = np.maximum(room_t - brought_t(problem, one), 0.0)
        task = replace(day_task(problem, day, territory, stops, fleet), room_t=room_t)
        orders = _affordable(task, self._carried(day, set(stops.tolist())), fleet)
        left = self._inserted(task, orders)
        if left:
            self.planned_anew = True
            orders = self._rerouted(task, orders, left)
        return self._timed(orders, day, territory, so_far)

    def _carried(self, day: int, stops: set[int]) -> list[Order]:
        """The day's earlier rounds in the positions of now, without what is no longer there."""
        found = []
        for one in self._earlier.rounds:
            if one.day == day:
                order = self._translated(one, stops)
                if order is not None and order.calls:
                    found.append(order)
        return found

    def _translated(self, one: RecordedRound, stops: set[int]) -> Order | None:
        now = self._problem
        vehicle = _position(one.vehicle, [v.id for v in now.vehicles])
        depot = _position(one.depot, now.depots.ids)
        if vehicle is None or depot is None:
            return None
        calls: list[Call] = []
        for kind, name, share in one.calls:
            if kind is Kind.STOP:
                at = self._at.get(name)
                if at is not None and at in stops:
                    calls.append((Kind.STOP, at, share))
                continue
            if not calls or calls[-1][0] is not Kind.STOP:
                continue
            if kind is Kind.DISPOSAL:
                site = _position(name, now.disposal.ids)
                if site is None:
                    return None
                calls.append((Kind.DISPOSAL, site, 1.0))
            else:
                calls.append((Kind.DEPOT, depot, 1.0))
        return Order(vehicle, depot, tuple(calls))

    def _inserted(self, task: DayTask, orders: list[Order]) -> list[int]:
        """Put what is open into rounds with room, in place; returns the jobs that fit nowhere."""
        done = np.zeros(len(task), bool)
        for jobs in jobs_of(task, orders):
            done[jobs] = True
        open_jobs = np.flatnonzero(~done)
        tonnes = task.problem.stops.amount_t.sum(axis=1)[task.stop] * task.share
        left = []
        for job in open_jobs[np.argsort(-tonnes[open_jobs], kind="stable")]:
            call = (Kind.STOP, int(task.stop[job]), float(task.share[job]))
            best = _cheapest_place(task, orders, call, int(job))
            if best is None:
                left.append(int(job))
            else:
                orders[best[0]] = best[1]
        return left

    def _rerouted(self, task: DayTask, orders: list[Order], left: list[int]) -> list[Order]:
        """Plan what fits nowhere together with the nearest rounds, as few as it takes."""
        near = nearness(task)
        count = NEIGHBOURS
        best: tuple[int, list[Order]] | None = None
        while True:
            chosen = _nearest_rounds(task, orders, near, left, count)
            part = [orders[k] for k in chosen]
            rest = [one for k, one in enumerate(orders) if k not in set(chosen)]
            inside = [np.array(left, np.int64), *jobs_of(task, part)]
            inner = task.part(np.sort(np.concatenate(inside)), fleet_left(task.fleet, rest))
            inner = replace(inner, room_t=room_left(task.room_t, task.problem, rest))
            found = self._routed(inner)
            missing = len(found.left_out)
            if best is None or missing < best[0]:
                best = (missing, rest + found.orders)
                names = {int(inner.stop[j]) for j in found.left_out}
            if not missing or len(chosen) == len(orders):
                for stop in names if best[0] else ():
                    self._unserved[stop] = self._unserved.get(stop, 0) + 1
                    self._calendar[stop, task.day] = False
                return best[1]
            count *= 2

    def _routed(self, task: DayTask) -> DayAnswer:
        fixed = self._settings.iterations
        left_s = self._settings.time_limit_s - (time.perf_counter() - self._begin_s)
        end_s = time.perf_counter() + max(left_s / 2, LEAST_S)
        limits = SearchLimits(float("inf") if fixed else end_s, self._settings.seed, fixed)
        return route_day(task, limits, beat=self._tell)

    def _timed(
        self, orders: Iterable[Order], day: int, territory: int, so_far: list[Round]
    ) -> list[Round]:
        found: list[Round] = []
        for order in orders:
            same = [
                one
                for one in (*so_far, *found)
                if (one.day, one.vehicle, one.depot) == (day, order.vehicle, order.depot)
            ]
            timed = schedule(self._problem, order, day=day, lorry=len(same), territory=territory)
            assert timed is not None  # noqa: S101 - only rounds that hold are kept
            found.append(timed)
        return found

    def _solution(self, rounds: list[Round]) -> RoundsSolution:
        stops = self._problem.stops
        unserved = [Unserved(i, int(stops.visits[i]), why) for i, why in self._reasons.items()]
        unserved += [
            Unserved(i, n, Reason("fleet_too_small", (stops.ids[i],), {"missing": n}))
            for i, n in self._unserved.items()
        ]
        found = RoundsSolution(
            Outcome.FEASIBLE if rounds or not len(stops) else Outcome.NO_ANSWER,
            tuple(rounds),
            tuple(sorted(unserved, key=lambda one: one.stop)),
            self._calendar,
            time.perf_counter() - self._begin_s,
            problem_hash=self._problem.fingerprint(),
        )
        return replace(found, checked=not check_solution(self._problem, found))


def _position(name: str, names: Iterable[str]) -> int | None:
    return next((k for k, one in enumerate(names) if one == name), None)


def _affordable(task: DayTask, orders: list[Order], fleet: Fleet) -> list[Order]:
    """Rounds that still hold and have a lorry; of too many, those that collect most."""
    tonnes = task.problem.stops.amount_t.sum(axis=1)

    def collected(order: Order) -> float:
        return -sum(
            float(tonnes[at]) * share for kind, at, share in order.calls if kind is Kind.STOP
        )

    free = [list(row) for row in fleet]
    kept: list[Order] = []
    for order in sorted(orders, key=collected):
        number = free[order.vehicle][order.depot]
        may = _may(task, task.problem.vehicles[order.vehicle], order)
        if number == 0 or not may or not np.isfinite(price(task, order)) or not fits(task, order):
            continue
        if number is not None:
            free[order.vehicle][order.depot] = number - 1
        if task.sites_limited and excess_t(task, [*kept, order]):
            continue
        kept.append(order)
    at = {id(one): k for k, one in enumerate(orders)}
    return sorted(kept, key=lambda one: at[id(one)])


def _may(task: DayTask, vehicle: VehicleClass, order: Order) -> bool:
    """Whether licences, sites and depots of now still allow the round."""
    may = task.problem.may_serve(vehicle)
    sites = task.sites(order.vehicle)
    if order.depot not in task.problem.depots_of(vehicle, task.territory):
        return False
    stops = all(may[at] for kind, at, _ in order.calls if kind is Kind.STOP)
    return stops and all(at in sites for kind, at, _ in order.calls if kind is Kind.DISPOSAL)


def _cheapest_place(
    task: DayTask, orders: list[Order], call: Call, job: int
) -> tuple[int, Order] | None:
    """The round, with the stop in it, that grows dearer by the least; None where none may."""
    best, least = None, np.inf
    for k, order in enumerate(orders):
        if not task.allowed[order.vehicle][job]:
            continue
        cost = price(task, order)
        for at in range(len(order.calls)):
            other = replace(order, calls=(*order.calls[:at], call, *order.calls[at:]))
            if not fits(task, other):
                continue
            rest = (*orders[:k], *orders[k + 1 :])
            if task.sites_limited and excess_t(task, (*rest, other)):
                continue
            more = price(task, other) - cost
            if more < least:
                best, least = (k, other), more
    return best


def _nearest_rounds(
    task: DayTask, orders: list[Order], near: np.ndarray, left: list[int], count: int
) -> list[int]:
    away = [
        float(near[np.ix_(np.array(left), jobs)].min()) if len(jobs) else np.inf
        for jobs in jobs_of(task, orders)
    ]
    return [int(k) for k in np.argsort(away, kind="stable")[:count]]

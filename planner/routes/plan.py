"""Rounds of a whole problem: who can be served at all, on which days, and then day by day."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.routes.calendar import make_calendar, without_days
from planner.routes.checker import check_solution
from planner.routes.day_task import DayTask, day_task, fleet_left, whole_fleet
from planner.routes.parts import WHOLE_JOBS
from planner.routes.problem import RoundsProblem
from planner.routes.route_day import SMALL_JOBS, DayAnswer, route_day
from planner.routes.schedule import Order, schedule
from planner.routes.screening import unservable
from planner.routes.search import SearchLimits
from planner.routes.settings import OnRounds, RoundsProgress, RoundsSettings
from planner.routes.site_room import room_left
from planner.routes.slot import Slot, worth
from planner.routes.solution import Round, RoundsSolution, Unserved
from planner.routes.twin import WORTH_S, Twin
from planner.solution import Cancelled, Outcome, Reason

QUICK_S_A_JOB, QUICK_S, QUICK_LEAST_S = 0.0003, 0.5, 0.004
"""A first answer for everything within this: somebody waits for it, and the search goes on.

A week of territories has dozens of tasks, so that the least for each counts.
"""
ALONE_S = 0.6
"""For a problem of one task, which is searched on anyway."""
QUICK_SHARE = 0.25
"""Of a short time limit."""
QUICK_ITERATIONS = 60
CALENDAR_ITERATIONS = 30
SECOND_SHARE = 0.1
"""Of the time, for a calendar better than the first."""
LEAST_S = 0.02


def plan_rounds(
    problem: RoundsProblem,
    settings: RoundsSettings | None = None,
    on_progress: OnRounds | None = None,
) -> RoundsSolution:
    """Rounds that keep every rule and cost little.

    A first answer comes within two seconds (three for thousands of stops) and is made better until
    the time is up. Stops that cannot be served are named with the reason.

    Raises
    ------
    Cancelled
        If the listener asked to stop before there were any rounds.
    """
    search = RoundsSearch(problem, settings or RoundsSettings(), on_progress)
    search.first()
    return search.best()


class RoundsSearch:
    """A search in two parts: of several, each can have its first rounds before one is improved.

    The time between the two parts does not count. See :func:`plan_rounds`.
    """

    def __init__(
        self, problem: RoundsProblem, settings: RoundsSettings, listener: OnRounds | None
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.cancelled = self._prepared = False
        self.first_s = float("nan")
        self._listener = listener
        self._begin_s = time.perf_counter()
        self._end_s = self._begin_s + settings.time_limit_s
        self._paused_s = self._begin_s
        self._reasons: dict[int, Reason] = {}
        self._visited = np.zeros(0, np.int64)
        self._calendar_s = 0.0
        """To search for the rounds that the calendar is made from, in all; none where it has no
        choice."""
        self._calendar = np.zeros(problem.stops.days.shape, bool)
        self._slots: list[Slot] = []

    @property
    def seconds(self) -> float:
        """Since the call."""
        return time.perf_counter() - self._begin_s

    @property
    def complete(self) -> bool:
        """Whether every day has rounds."""
        return self._prepared and all(slot.answer is not None for slot in self._slots)

    def first(self) -> None:
        """First rounds for every day.

        Raises
        ------
        Cancelled
            If the listener asked to stop before there were any.
        """
        try:
            self._prepare()
            self._quick()
        except (Cancelled, KeyboardInterrupt):
            if not self.complete:
                raise Cancelled from None
            self.cancelled = True
        self._paused_s = time.perf_counter()

    def best(self) -> RoundsSolution:
        """The rounds when the time is up, or when the listener asks to stop."""
        waited_s = time.perf_counter() - self._paused_s
        self._begin_s += waited_s
        self._end_s += waited_s
        try:
            if not self.cancelled:
                self._reconsider()
                self._improve_all()
            return self.solution()
        except (Cancelled, KeyboardInterrupt):
            self.cancelled = True
            return self.solution()

    def _prepare(self) -> None:
        """Who can be served, on which days, and the tasks that follow."""
        self._tell("screen")
        self.problem.fingerprint()  # remembered; at the end there is no time for it
        self._tell("screen")
        self._reasons = unservable(self.problem)
        for stop, reason in without_days(self.problem).items():
            self._reasons.setdefault(stop, reason)
        self._visited = np.array(
            [i for i in range(len(self.problem.stops)) if i not in self._reasons], np.int64
        )
        self._tell("calendar")
        self._calendar = make_calendar(self.problem, self._visited, self._clustered)
        self._slots = self._tasks()
        self._prepared = True

    def _clustered(self, stops: IntArray) -> list[Order]:
        """Rounds of some stops as if all were visited on one day and lorries did not run out."""
        found: list[Order] = []
        self._calendar_s = self._calendar_s or _quick_s(len(self._visited))
        free = tuple(
            tuple(None if number is None or number > 0 else 0 for number in one.available)
            for one in self.problem.vehicles
        )
        for territory, members in self._by_territory(stops):
            task = day_task(self.problem, 0, territory, members, free)
            share_s = self._calendar_s * len(members) / len(self._visited)
            limits = self._limits(max(QUICK_LEAST_S, share_s), CALENDAR_ITERATIONS)
            found += route_day(task, limits, beat=lambda: self._tell("calendar")).orders
        return found

    def _by_territory(self, stops: IntArray) -> list[tuple[int, IntArray]]:
        """Stops by territory, the most work first, as lorries may run out."""
        of = self.problem.stops.territory[stops]
        groups = [(int(one), stops[of == one]) for one in np.unique(of)]
        return sorted(groups, key=lambda group: (-len(group[1]), group[0]))

    def _tasks(self) -> list[Slot]:
        """One slot for each set of stops; days with equal stops are routed once."""
        slots: dict[tuple[int, bytes], Slot] = {}
        fleet = whole_fleet(self.problem)
        for day in range(self.problem.day_count):
            for territory, stops in self._by_territory(np.flatnonzero(self._calendar[:, day])):
                key = (territory, stops.tobytes())
                if key in slots:
                    slots[key].days.append(day)
                else:
                    task = day_task(self.problem, day, territory, stops, fleet)
                    slots[key] = Slot(task, [day])
        return list(slots.values())

    def _quick(self) -> None:
        """First rounds for every day."""
        weight = sum(len(slot.task) for slot in self._slots) or 1
        total = _quick_s(weight)
        if len(self._slots) == 1 and weight <= WHOLE_JOBS:
            total = ALONE_S  # nothing else waits: the search itself goes on at once
        total = min(total, QUICK_SHARE * self.settings.time_limit_s)
        self._route(total, "quick")
        self.first_s = self.seconds
        begin_s = time.perf_counter()
        found = self.solution()
        self._end_s -= time.perf_counter() - begin_s  # it will take as long at the end
        self._tell("quick", lambda: found)

    def _route(self, total_s: float, phase: str) -> None:
        """Rounds for every slot, each with time in proportion to its size."""
        weight = sum(len(slot.task) for slot in self._slots) or 1
        for slot in self._slots:
            share_s = max(QUICK_LEAST_S, total_s * len(slot.task) / weight)
            slot.task = self._with_what_is_free(slot)
            slot.answer = route_day(
                slot.task, self._limits(share_s, QUICK_ITERATIONS), beat=lambda: self._tell(phase)
            )

    def _reconsider(self) -> None:
        """A second calendar with more time; the search improves days, not who is visited when.

        It is kept where its first rounds are better than those of the calendar made in a moment.
        """
        longer_s = SECOND_SHARE * self.settings.time_limit_s
        quick = self.first_s <= QUICK_SHARE * self.settings.time_limit_s
        has_choice = longer_s > self._calendar_s > 0
        if not (quick and has_choice) or self.settings.iterations is not None:
            return
        first = self._calendar, self._slots
        before = self._worth()
        self._calendar_s = longer_s
        try:
            self._calendar = make_calendar(self.problem, self._visited, self._clustered)
            self._slots = self._tasks()
            self._route(_quick_s(sum(len(slot.task) for slot in self._slots)), "calendar")
        finally:
            if not self.complete or self._worth() >= before:
                self._calendar, self._slots = first

    def _worth(self) -> tuple[float, ...]:
        each = [(worth(slot, slot.answer), len(slot.days)) for slot in self._slots]
        return tuple(sum(one[k] * days for one, days in each) for k in range(3))

    def _improve_all(self) -> None:
        """Better rounds, each task with time in proportion to its size."""
        waiting = sorted(self._slots, key=lambda slot: len(slot.task))
        for k, slot in enumerate(waiting):
            left = sum(len(one.task) for one in waiting[k:])
            share_s = (self._end_s - time.perf_counter()) * len(slot.task) / max(left, 1)
            if share_s <= LEAST_S or slot.answer is None:
                continue
            self._improve(slot, self._limits(share_s, self.settings.iterations))

    def _improve(self, slot: Slot, limits: SearchLimits) -> None:
        before = slot.answer
        assert before is not None  # noqa: S101 - the caller looked
        slot.task = self._with_what_is_free(slot)

        def hear(orders: list[Order], _: float) -> None:
            found = DayAnswer(orders, before.left_out)
            if not before.left_out and worth(slot, found) < worth(slot, slot.answer):
                slot.answer = found
                self._tell("improve")

        twin = Twin(slot.task, limits) if self._worth_a_twin(slot, limits) else None
        try:
            begin = None if self._is_quick_over(slot) else before
            found: DayAnswer | None = route_day(
                slot.task, limits, start=begin, hear=hear, beat=lambda: self._tell("improve")
            )
            for other in (found, None if twin is None else twin.answer()):
                if other is not None and worth(slot, other) < worth(slot, slot.answer):
                    slot.answer = other
        finally:
            if twin is not None:
                twin.end()
        self._tell("improve")

    def _is_quick_over(self, slot: Slot) -> bool:
        """Whether the search is to begin anew: what it found in a moment would hold it back."""
        single = all(vehicle.longest_trips == 1 for vehicle in self.problem.vehicles)
        alone = len(self._slots) == 1 and SMALL_JOBS < len(slot.task) <= WHOLE_JOBS
        return alone and single and self.settings.iterations is None

    def _worth_a_twin(self, slot: Slot, limits: SearchLimits) -> bool:
        """Whether a second process would find something: a task to search as a whole for long."""
        return (
            self.settings.processes > 1
            and self.settings.iterations is None
            and limits.left_s >= WORTH_S
            and SMALL_JOBS < len(slot.task) <= WHOLE_JOBS
        )

    def _with_what_is_free(self, slot: Slot) -> DayTask:
        """The task with the lorries and the room at sites that others have left."""
        return replace(slot.task, fleet=self._free(slot), room_t=self._room_t(slot))

    def _room_t(self, slot: Slot) -> FloatArray:
        """Tonnes that sites still take on the fullest of the slot's days."""
        most_t = self.problem.disposal.capacity_t_per_day
        least_t = most_t
        for day in slot.days if np.isfinite(most_t).any() else ():
            room_t = most_t
            for other in self._slots:
                if other is not slot and day in other.days and other.answer is not None:
                    room_t = room_left(room_t, self.problem, other.answer.orders)
            least_t = np.minimum(least_t, room_t)
        return least_t

    def _free(self, slot: Slot) -> tuple[tuple[int | None, ...], ...]:
        """Lorries that the other territories of the same days have left."""
        fleet = whole_fleet(self.problem)
        least = fleet
        for day in slot.days:
            free = fleet
            for other in self._slots:
                if other is not slot and day in other.days and other.answer is not None:
                    free = fleet_left(free, other.answer.orders)
            least = tuple(
                tuple(_fewer(a, b) for a, b in zip(row, more, strict=True))
                for row, more in zip(least, free, strict=True)
            )
        return least

    def _limits(self, seconds: float, iterations: int | None) -> SearchLimits:
        fixed = self.settings.iterations
        if fixed is not None:
            # The clock must not decide, so that two runs are alike.
            return SearchLimits(float("inf"), self.settings.seed, min(iterations or fixed, fixed))
        end_s = min(self._end_s, time.perf_counter() + seconds)
        return SearchLimits(end_s, self.settings.seed, processes=self.settings.processes)

    def _tell(self, phase: str, known: Callable[[], RoundsSolution] | None = None) -> None:
        if self._listener is None:
            return
        rounds = sum(len(s.days) * len(s.answer.orders) for s in self._slots if s.answer)
        cost, make = float("nan"), None
        if self.complete:
            cost, make = sum(slot.cost_cny for slot in self._slots), known or self.solution
        self._listener(RoundsProgress(phase, self.seconds, cost, rounds, make))

    def solution(self) -> RoundsSolution:
        """Everything so far as a checked solution."""
        rounds = self._rounds()
        calendar, unserved = self._service()
        outcome = Outcome.CANCELLED if self.cancelled else Outcome.FEASIBLE
        if not rounds and len(self.problem.stops):
            outcome = Outcome.NO_ANSWER
        found = RoundsSolution(
            outcome, tuple(rounds), tuple(unserved), calendar, self.seconds, self.first_s,
            self.problem.fingerprint(),
        )  # fmt: skip
        return replace(found, checked=not check_solution(self.problem, found))

    def _rounds(self) -> list[Round]:
        found = []
        number: dict[tuple[int, int, int], int] = {}
        for day in range(self.problem.day_count):
            for slot in self._slots:
                if day not in slot.days or slot.answer is None:
                    continue
                for order in slot.answer.orders:
                    key = (order.vehicle, order.depot, day)
                    lorry = number.get(key, 0)
                    number[key] = lorry + 1
                    timed = schedule(
                        self.problem, order, day=day, lorry=lorry, territory=slot.task.territory
                    )
                    assert timed is not None  # noqa: S101 - route_day keeps only what holds
                    found.append(timed)
        return found

    def _service(self) -> tuple[BoolArray, list[Unserved]]:
        """The calendar less what the fleet cannot do, and everybody who misses a visit."""
        calendar = self._calendar.copy()
        missing: dict[int, int] = {}
        no_room: set[int] = set()
        for slot in self._slots:
            answer = slot.answer or DayAnswer([], ())
            no_room |= {int(slot.task.stop[j]) for j in answer.no_room}
            for i in sorted({int(slot.task.stop[j]) for j in answer.left_out}):
                missing[i] = missing.get(i, 0) + len(slot.days)
                calendar[i, slot.days] = False
        stops = self.problem.stops
        found = [Unserved(i, int(stops.visits[i]), reason) for i, reason in self._reasons.items()]
        found += [
            Unserved(i, count, self._left_out(i, count, full=i in no_room))
            for i, count in missing.items()
        ]
        return calendar, sorted(found, key=lambda one: one.stop)

    def _left_out(self, stop: int, count: int, *, full: bool) -> Reason:
        """Why a stop that a lorry could serve is not served."""
        values: dict[str, float | int] = {"missing": count}
        if full:
            values["amount_t"] = float(self.problem.stops.amount_t[stop].sum())
            values["sites_t"] = float(self.problem.disposal.capacity_t_per_day.sum())
        kind = "sites_full" if full else "fleet_too_small"
        return Reason(kind, (self.problem.stops.ids[stop],), values)


def _quick_s(jobs: int) -> float:
    return min(QUICK_S, QUICK_S_A_JOB * jobs)


def _fewer(one: int | None, other: int | None) -> int | None:
    if one is None:
        return other
    return one if other is None else min(one, other)

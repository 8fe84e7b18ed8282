"""Depots and rounds decided together: which depots open, who belongs to them, and the rounds.

The location-routing problem with capacities of depots and lorries (Prins, Prodhon and Wolfler
Calvo, 4OR 4, 2006): opening costs, a cost of each lorry used, and the cost of every way driven.

For a set of open depots what remains is a problem of rounds from several depots. PyVRP solves that,
but its depots have no capacity, so it is put in three ways:

- *relaxed*: as many lorries as could be needed; where no depot is overloaded, this is all there is;
- *split*: as many lorries as the depot's capacity makes up, their rooms adding up to it;
- *whole*: one route a depot that reloads at the depot, so that its "duration", the demand that it
  serves, can be limited to the capacity. This is exact, but a hard search from nothing; it starts
  from the rounds of the other two.

Sets of depots run against each other: all get a little time, the better third more, and so on
(successive halving). Where there are too many to try, the sets near good ones are tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pyvrp
from pyvrp import Activity, ActivityType

from planner.problem import FloatArray, ProblemError
from planner.routes.faults import frozen, range_faults, shape_faults
from planner.solution import Cancelled

MOST_SETS = 80
"""Up to so many sets of depots are all tried."""
KEEP = 3
"""One of so many sets stays in the race each time."""
LEAST_TRY_S = 0.05
FINAL_SHARE = 0.35
"""Of the time, for the best few sets."""
FINALISTS = 3
SCALES = (1.0, 10.0, 100.0, 1000.0)

Depots = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LocationRouting:
    """Depots that may open, stops that want a round, and what everything costs.

    Parameters
    ----------
    depot_ids, stop_ids : unique
    opening_cost, capacity : (m,) of each depot; ``inf`` is no limit
    demand : (n,) of each stop, in units of capacity
    lorry_capacity, lorry_cost : of the one class there is
    way_cost : (m + n, m + n) of driving from row to column, depots first
    """

    depot_ids: tuple[str, ...]
    stop_ids: tuple[str, ...]
    opening_cost: FloatArray
    capacity: FloatArray
    demand: FloatArray
    lorry_capacity: float
    lorry_cost: float
    way_cost: FloatArray

    def __post_init__(self) -> None:
        for name in ("opening_cost", "capacity", "demand", "way_cost"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        m, n = len(self.depot_ids), len(self.stop_ids)
        faults = shape_faults("opening_cost", self.opening_cost, (m,))
        faults += shape_faults("capacity", self.capacity, (m,))
        faults += shape_faults("demand", self.demand, (n,))
        faults += shape_faults("way_cost", self.way_cost, (m + n, m + n))
        if not faults:
            faults += range_faults("opening_cost", self.opening_cost, self.depot_ids)
            faults += range_faults("capacity", self.capacity, self.depot_ids, finite=False)
            faults += range_faults("demand", self.demand, self.stop_ids)
            names = (*self.depot_ids, *self.stop_ids)
            faults += range_faults("way_cost", self.way_cost, names)
            faults += self._room_faults()
        if faults:
            raise ProblemError(faults)

    def _room_faults(self) -> list[str]:
        faults = [
            f"stop {self.stop_ids[i]} has {self.demand[i]:g}, more than a lorry takes "
            f"({self.lorry_capacity:g}); split it or use larger lorries"
            for i in np.flatnonzero(self.demand > self.lorry_capacity)
        ]
        if self.demand.sum() > self.capacity.sum():
            faults.append(
                f"all depots together take {self.capacity.sum():g}, the stops have "
                f"{self.demand.sum():g}; add a depot or enlarge one"
            )
        return faults


@dataclass(frozen=True, eq=False)
class LocatedRounds:
    """Open depots and the rounds from each: stops in order.

    ``rounds`` holds the depot's position and the stops' positions.
    """

    rounds: tuple[tuple[int, tuple[int, ...]], ...]
    cost: float
    seconds: float = float("nan")

    @property
    def opened(self) -> Depots:
        """Depots with at least one round."""
        return tuple(sorted({depot for depot, _ in self.rounds}))


OnLocated = Callable[[float, float], None]
"""Hears seconds and cost of every better answer; raising ``Cancelled`` ends the search."""


def cost_of(problem: LocationRouting, rounds: Iterable[tuple[int, tuple[int, ...]]]) -> float:
    """Opening, lorries and ways; ``inf`` where a capacity does not hold or a stop is amiss."""
    m = len(problem.depot_ids)
    held = np.zeros(m)
    total = 0.0
    served: list[int] = []
    for depot, stops in rounds:
        load = float(problem.demand[list(stops)].sum())
        if load > problem.lorry_capacity * (1 + 1e-9) or not stops:
            return float("inf")
        held[depot] += load
        path = [depot, *(m + i for i in stops), depot]
        total += problem.lorry_cost + float(problem.way_cost[path[:-1], path[1:]].sum())
        served += stops
    if sorted(served) != list(range(len(problem.stop_ids))):
        return float("inf")
    if (held > problem.capacity * (1 + 1e-9)).any():
        return float("inf")
    return total + float(problem.opening_cost[held > 0].sum())


def locate_and_route(
    problem: LocationRouting,
    time_limit_s: float = 60.0,
    seed: int = 0,
    on_better: OnLocated | None = None,
) -> LocatedRounds:
    """Depots to open with rounds from them, as cheap as is found in the time.

    Raises
    ------
    Cancelled
        If the listener asked to stop before there was any answer.
    """
    race = _Race(problem, time_limit_s, seed, on_better)
    try:
        race.run()
    except (Cancelled, KeyboardInterrupt):
        if race.best is None:
            raise Cancelled from None
    if race.best is None:
        raise ProblemError(
            ["no set of depots was found whose rounds hold; allow more time or larger depots"]
        )
    return race.best


@dataclass
class _Entry:
    """A set of depots in the race, with its best rounds and cost so far."""

    depots: Depots
    rounds: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    cost: float = float("inf")
    estimate: float = float("inf")
    """Of rounds that may overload a depot: what the set could cost at best."""
    relaxed: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)


class _Race:
    """Sets of depots against each other."""

    def __init__(
        self, problem: LocationRouting, time_limit_s: float, seed: int, listener: OnLocated | None
    ) -> None:
        self.problem = problem
        self.best: LocatedRounds | None = None
        self._seed = seed
        self._listener = listener
        self._begin_s = time.perf_counter()
        self._end_s = self._begin_s + time_limit_s
        self._entries: dict[Depots, _Entry] = {}
        self._floor = _driving_floor(problem)

    def run(self) -> None:
        """Try, halve, and give the best few the rest."""
        final_s = self._begin_s + (1 - FINAL_SHARE) * (self._end_s - self._begin_s)
        for depots in self._first_sets():
            self._try(depots, self._share(final_s))
        entries = self._explore(final_s)
        while len(entries) > FINALISTS and time.perf_counter() < final_s:
            entries = entries[: max(FINALISTS, len(entries) // KEEP)]
            each_s = (final_s - time.perf_counter()) / (2 * len(entries))
            for one in entries:
                self._run_entry(one, each_s)
            entries = self._ranked()[: len(entries)]
        finalists = self._ranked()[:FINALISTS]
        for turn in range(2):
            for one in finalists:
                left_s = self._end_s - time.perf_counter()
                self._run_entry(one, left_s / ((2 - turn) * len(finalists)), final=True)

    def _share(self, end_s: float) -> float:
        return max(LEAST_TRY_S, 0.4 * (end_s - self._begin_s) / MOST_SETS)

    def _ranked(self) -> list[_Entry]:
        return sorted(self._entries.values(), key=lambda one: min(one.cost, 1.02 * one.estimate))

    def _first_sets(self) -> list[Depots]:
        """All sets that have room, the most promising first; some, where they are too many."""
        m = len(self.problem.depot_ids)
        every = range(m)
        found: list[Depots] = []
        for size in range(1, m + 1):
            if len(found) > 20 * MOST_SETS:
                break
            found += [one for one in combinations(every, size) if self._has_room(one)]
        found.sort(key=self._promise)
        return found[:MOST_SETS] if len(found) > MOST_SETS else found

    def _has_room(self, depots: Depots) -> bool:
        return bool(self.problem.capacity[list(depots)].sum() >= self.problem.demand.sum() - 1e-9)

    def _promise(self, depots: Depots) -> float:
        """Opening, and the driving that nearness to the open depots lets expect.

        A round drives out and back once for about a lorry's load (Daganzo, 1984): each stop bears
        its share of two ways by its demand.
        """
        m = len(self.problem.depot_ids)
        rows = list(depots)
        way = self.problem.way_cost
        near = (way[rows, m:] + way[m:, rows].T).min(axis=0)
        share = self.problem.demand / self.problem.lorry_capacity
        opening = float(self.problem.opening_cost[rows].sum())
        return opening + float((near * share).sum()) + self._floor

    def _explore(self, end_s: float) -> list[_Entry]:
        """Sets next to the good ones: one depot more, one fewer, one exchanged."""
        stop_s = time.perf_counter() + 0.4 * (end_s - time.perf_counter())
        looked: set[Depots] = set()
        while time.perf_counter() < stop_s:
            leader = next((one for one in self._ranked()[:6] if one.depots not in looked), None)
            if leader is None:
                break
            looked.add(leader.depots)
            near = sorted(_near_sets(leader.depots, len(self.problem.depot_ids)), key=self._promise)
            for depots in near[:12]:
                if depots not in self._entries and self._has_room(depots):
                    self._try(depots, self._share(end_s))
                if time.perf_counter() >= stop_s:
                    break
        return self._ranked()

    def _try(self, depots: Depots, seconds: float) -> None:
        if depots in self._entries or time.perf_counter() >= self._end_s:
            return
        least = float(self.problem.opening_cost[list(depots)].sum()) + self._least_lorries()
        if self.best is not None and least + self._floor >= self.best.cost:
            return
        self._entries[depots] = _Entry(depots)
        self._run_entry(self._entries[depots], seconds)

    def _least_lorries(self) -> float:
        lorries = np.ceil(self.problem.demand.sum() / self.problem.lorry_capacity - 1e-9)
        return float(lorries * self.problem.lorry_cost)

    def _run_entry(self, one: _Entry, seconds: float, *, final: bool = False) -> None:
        """More time for a set: relaxed, and where that overloads a depot, split and whole."""
        end_s = min(self._end_s, time.perf_counter() + seconds)
        bound = self._binds(one)
        parts = [("relaxed", 0.35 if bound else 1.0)]
        if bound:
            parts += [("split", 0.25), ("equal", 0.2), ("whole", 0.2)]
        if final and bound:
            parts = [("whole", 0.4), ("split", 0.3), ("equal", 0.3)]
        for form, share in parts:
            left_s = end_s - time.perf_counter()
            if left_s <= 0:
                return
            limit_s = time.perf_counter() + min(left_s, share * seconds)
            start = one.relaxed if form == "relaxed" else one.rounds
            if form == "whole" and not one.rounds:
                continue
            rounds = _routed(self.problem, one.depots, form, limit_s, self._next_seed(), start)
            if rounds is None:
                continue
            self._note(one, rounds, form)
            if form == "relaxed" and not self._binds(one):
                left_s = end_s - time.perf_counter()
                if left_s > LEAST_TRY_S and bound:
                    again = _routed(
                        self.problem, one.depots, form, end_s, self._next_seed(), one.relaxed
                    )
                    self._note(one, again or rounds, form)
                return

    def _next_seed(self) -> int:
        self._seed = (self._seed + 1) % 2**31
        return self._seed

    def _binds(self, one: _Entry) -> bool:
        """Whether a depot's capacity is in the way of the relaxed rounds, or may be."""
        held = np.zeros(len(self.problem.depot_ids))
        for depot, stops in one.relaxed:
            held[depot] += self.problem.demand[list(stops)].sum()
        limited = bool(np.isfinite(self.problem.capacity[list(one.depots)]).any())
        return limited and (
            not one.relaxed or bool((held > self.problem.capacity * (1 + 1e-9)).any())
        )

    def _note(self, one: _Entry, rounds: list[tuple[int, tuple[int, ...]]], form: str) -> None:
        loose = _loose_cost(self.problem, rounds)
        if form == "relaxed" and loose < one.estimate:
            one.estimate, one.relaxed = loose, rounds
        cost = cost_of(self.problem, rounds)
        if cost < one.cost:
            one.cost, one.rounds = cost, rounds
        if self.best is None or cost < self.best.cost - 1e-9:
            if not np.isfinite(cost):
                return
            seconds = time.perf_counter() - self._begin_s
            self.best = LocatedRounds(tuple(rounds), cost, seconds)
            if self._listener is not None:
                self._listener(seconds, cost)


def _near_sets(depots: Depots, count: int) -> list[Depots]:
    closed = [j for j in range(count) if j not in depots]
    found = [tuple(j for j in depots if j != out) for out in depots if len(depots) > 1]
    found += [tuple(sorted((*depots, j))) for j in closed]
    found += [
        tuple(sorted((*(j for j in depots if j != out), new))) for out in depots for new in closed
    ]
    return found


def _driving_floor(problem: LocationRouting) -> float:
    """A bound on all ways: every stop is entered over its cheapest way."""
    m = len(problem.depot_ids)
    into = problem.way_cost[:, m:].copy()
    into[np.arange(m, len(into)), np.arange(len(problem.stop_ids))] = np.inf
    return float(into.min(axis=0).sum())


def _loose_cost(problem: LocationRouting, rounds: list[tuple[int, tuple[int, ...]]]) -> float:
    """The cost where capacities of depots are forgotten."""
    from dataclasses import replace  # noqa: PLC0415

    free = np.full(len(problem.capacity), np.inf)
    return cost_of(replace(problem, capacity=free), rounds)


def _scale(problem: LocationRouting) -> float:
    prices = np.concatenate((problem.way_cost.ravel(), [problem.lorry_cost]))
    for scale in SCALES:
        if np.abs(prices * scale - np.round(prices * scale)).max() < 1e-6:
            return scale
    return SCALES[-1]


def _rooms(problem: LocationRouting, depot: int, form: str) -> list[tuple[int, int]]:
    """Lorries of a depot: how many of which capacity."""
    full, room = int(problem.lorry_capacity), problem.capacity[depot]
    if form == "relaxed" or not np.isfinite(room):
        need = int(np.ceil(problem.demand.sum() / problem.lorry_capacity)) + 3
        most = len(problem.stop_ids)
        if np.isfinite(room):
            most = int(np.ceil(room / problem.lorry_capacity)) + 1
        return [(min(need, most), full)]
    whole, rest = divmod(int(room), full)
    if form == "equal" and rest:
        number = whole + 1
        return [(number, int(room) // number)]
    return [(number, size) for number, size in ((whole, full), (1, rest)) if number and size]


def _routed(
    problem: LocationRouting,
    depots: Depots,
    form: str,
    end_s: float,
    seed: int,
    start: list[tuple[int, tuple[int, ...]]],
) -> list[tuple[int, tuple[int, ...]]] | None:
    """The rounds of one set of depots in one of the three forms; None where none hold."""
    m, n = len(problem.depot_ids), len(problem.stop_ids)
    scale = _scale(problem)
    ways: Any = np.round(problem.way_cost * scale).astype(np.int64)
    hours: Any = np.zeros_like(ways)
    whole = form == "whole"
    lorry = round(problem.lorry_cost * scale)
    if whole:
        ways[:m, m:] += lorry  # a reload begins another lorry's round
    np.fill_diagonal(ways, 0)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(m + n)],
        [
            pyvrp.Client(
                m + i, pickup=[int(problem.demand[i])],
                service_duration=int(problem.demand[i]) if whole else 0,
            )
            for i in range(n)
        ],
        [pyvrp.Depot(j) for j in range(m)],
        _lorries(problem, depots, form, lorry),
        [ways],
        [hours],
    )  # fmt: skip
    best = _searched(data, end_s, seed, _as_solution(data, start, whole=whole))
    if best is None:
        return None
    return [one for route in best.routes() for one in _rounds_of(data, route)]


def _lorries(
    problem: LocationRouting, depots: Depots, form: str, lorry: int
) -> list[pyvrp.VehicleType]:
    full = int(problem.lorry_capacity)
    if form == "whole":
        return [_whole_depot(problem, j, full) for j in depots]
    return [
        pyvrp.VehicleType(number, [size], j, j, fixed_cost=lorry)
        for j in depots
        for number, size in _rooms(problem, j, form)
    ]


def _whole_depot(problem: LocationRouting, depot: int, full: int) -> pyvrp.VehicleType:
    """One route a depot, whose hours are what the depot takes."""
    room = problem.capacity[depot]
    limit: dict[str, Any] = {"shift_duration": int(room)} if np.isfinite(room) else {}
    return pyvrp.VehicleType(1, [full], depot, depot, reload_depots=[depot], **limit)


def _searched(
    data: pyvrp.ProblemData, end_s: float, seed: int, start: pyvrp.Solution | None
) -> pyvrp.Solution | None:
    stop = pyvrp.stop.MaxRuntime(max(end_s - time.perf_counter(), 0.01))
    if sum(one.num_available for one in data.vehicle_types()) == 0:
        return None
    found = pyvrp.solve(
        data, stop, seed=seed, collect_stats=False, display=False, initial_solution=start
    )
    return found.best if found.is_feasible() else None


def _as_solution(
    data: pyvrp.ProblemData, rounds: list[tuple[int, tuple[int, ...]]], *, whole: bool
) -> pyvrp.Solution | None:
    """Rounds as a start; None where a form has no lorry for one of them."""
    types = data.vehicle_types()
    if not rounds:
        return None
    routes = []
    if whole:
        for t, kind in enumerate(types):
            mine = [stops for depot, stops in rounds if depot == kind.start_depot]
            calls: list[Activity] = []
            for k, stops in enumerate(mine):
                if k:
                    calls.append(Activity(ActivityType.DEPOT, kind.start_depot))
                calls += [Activity(ActivityType.CLIENT, i) for i in stops]
            if calls:
                routes.append(pyvrp.Route(data, calls, t))
        return pyvrp.Solution(data, routes)
    free = [one.num_available for one in types]
    for depot, stops in sorted(rounds, key=lambda one: -len(one[1])):
        load = sum(data.client(i).pickup[0] for i in stops)
        fitting = [
            t for t, one in enumerate(types)
            if one.start_depot == depot and free[t] and one.capacity[0] >= load
        ]  # fmt: skip
        if not fitting:
            return None
        t = min(fitting, key=lambda t: types[t].capacity[0])
        free[t] -= 1
        routes.append(pyvrp.Route(data, list(stops), t))
    return pyvrp.Solution(data, routes)


def _rounds_of(data: pyvrp.ProblemData, route: pyvrp.Route) -> list[tuple[int, tuple[int, ...]]]:
    depot = data.vehicle_type(route.vehicle_type()).start_depot
    trips: list[list[int]] = [[]]
    for one in route:
        if one.is_client():
            trips[-1].append(one.idx)
        elif trips[-1]:
            trips.append([])
    return [(depot, tuple(trip)) for trip in trips if trip]

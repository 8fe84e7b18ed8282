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
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from planner.problem_faults import ProblemError
from planner.routes.location_forms import routed
from planner.routes.location_problem import (
    DepotRound,
    Depots,
    LocatedRounds,
    LocationRouting,
    cost_of,
    loose_cost,
)
from planner.solution import Cancelled

MOST_SETS = 80
"""Up to so many sets of depots are all tried."""
KEEP = 3
"""One of so many sets stays in the race each time."""
LEAST_TRY_S = 0.05
FINAL_SHARE = 0.35
"""Of the time, for the best few sets."""
FINALISTS = 3


OnLocated = Callable[[float, float], None]
"""Hears seconds and cost of every better answer; raising ``Cancelled`` ends the search."""


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
    rounds: list[DepotRound] = field(default_factory=list)
    cost: float = float("inf")
    estimate: float = float("inf")
    """Of rounds that may overload a depot: what the set could cost at best."""
    relaxed: list[DepotRound] = field(default_factory=list)


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
            rounds = routed(self.problem, one.depots, form, limit_s, self._next_seed(), start)
            if rounds is None:
                continue
            self._note(one, rounds, form)
            if form == "relaxed" and not self._binds(one):
                left_s = end_s - time.perf_counter()
                if left_s > LEAST_TRY_S and bound:
                    again = routed(
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

    def _note(self, one: _Entry, rounds: list[DepotRound], form: str) -> None:
        loose = loose_cost(self.problem, rounds)
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

"""On which days of the cycle each stop is visited: frequency, gaps and days that are balanced.

Stops that are visited equally often are first put on rounds as if all were visited on one day; the
stops of such a round are neighbours and get the same days. The days are given so that the hours of
the busiest are as few as can be, the largest rounds first: crews and lorries are paid for on the
busiest day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.routes.problem import RoundsProblem, gaps_of
from planner.routes.schedule import Order
from planner.routes.solution import Kind
from planner.solution import Reason

MOST_PATTERNS = 3_000
"""A month with two visits a week has hundreds of thousands of patterns; evenly spread ones do."""

Pattern = tuple[int, ...]
Clustered = Callable[[IntArray], list[Order]]
"""Rounds of some stops as if all were visited on one day."""


@lru_cache(maxsize=4096)
def patterns(
    visits: int, smallest_gap: int, largest_gap: int, allowed: tuple[bool, ...]
) -> tuple[Pattern, ...]:
    """Sets of days on which a stop may be visited, gaps kept round the end of the cycle too."""
    cycle = len(allowed)
    days = [day for day in range(cycle) if allowed[day]]
    found: list[Pattern] = []

    def extend(chosen: Pattern, start: int) -> None:
        if len(found) >= MOST_PATTERNS:
            return
        if len(chosen) == visits:
            gaps = gaps_of(list(chosen), cycle)
            if cycle == 1 or (min(gaps) >= smallest_gap and max(gaps) <= largest_gap):
                found.append(chosen)
            return
        for day in days[start:]:
            gap = day - chosen[-1] if chosen else smallest_gap
            if gap < smallest_gap and chosen:
                continue
            if chosen and gap > largest_gap:
                break
            extend((*chosen, day), days.index(day) + 1)

    extend((), 0)
    spread = [float(np.var(gaps_of(list(one), cycle))) for one in found]
    return tuple(found[k] for k in np.argsort(spread, kind="stable"))


def patterns_of(problem: RoundsProblem, stop: int) -> tuple[Pattern, ...]:
    """The patterns of one stop."""
    stops = problem.stops
    return patterns(
        int(stops.visits[stop]),
        int(stops.smallest_gap_days[stop]),
        int(stops.largest_gap_days[stop]),
        tuple(bool(one) for one in stops.days[stop]),
    )


def without_days(problem: RoundsProblem) -> dict[int, Reason]:
    """Stops whose frequency, gaps and allowed days leave no pattern."""
    found = {}
    for i, stop in enumerate(problem.stops.ids):
        if not patterns_of(problem, i):
            values = {
                "visits": int(problem.stops.visits[i]),
                "smallest_gap_days": int(problem.stops.smallest_gap_days[i]),
                "largest_gap_days": int(problem.stops.largest_gap_days[i]),
                "allowed_days": int(problem.stops.days[i].sum()),
                "cycle_days": problem.day_count,
            }
            found[i] = Reason("no_feasible_day", (stop,), values)
    return found


def make_calendar(problem: RoundsProblem, visited: IntArray, clustered: Clustered) -> BoolArray:
    """(n, d) days of every stop in ``visited``.

    Parameters
    ----------
    clustered : rounds of some stops, for those that have a choice
    """
    calendar = np.zeros(problem.stops.days.shape, bool)
    load = _Load(problem)
    groups: dict[tuple[Pattern, ...], list[int]] = defaultdict(list)
    for i in visited:
        groups[patterns_of(problem, int(i))].append(int(i))
    # Those with the least choice first: what has more can fill the valleys they leave.
    for choice, members in sorted(groups.items(), key=lambda item: len(item[0])):
        # Days with lorries out anyway can be evened out with half rounds; on an idle day, half a
        # round would take a lorry and a crew out for half a day's work.
        running = int(np.count_nonzero(load.hours))
        bundles = [members]
        if len(choice) > 1:
            bundles = _bundles(members, clustered, load.work, min(running, len(choice)))
        for bundle in bundles:
            best = min(choice, key=lambda days: load.after(days, bundle))
            calendar[np.ix_(bundle, list(best))] = True
            load.add(best, bundle)
    return calendar


class _Load:
    """Work and tonnes of every day so far."""

    def __init__(self, problem: RoundsProblem) -> None:
        self.work = work_s(problem)
        self.hours = np.zeros(problem.day_count)
        self._tonnes = problem.stops.amount_t.sum(axis=1)
        self._brought_t = np.zeros(problem.day_count)
        sites = problem.disposal
        self._most_t = float(sites.capacity_t_per_day.sum()) if len(sites) else np.inf

    def add(self, days: Pattern, stops: list[int]) -> None:
        """Visit some stops on these days."""
        self.hours[list(days)] += self.work[stops].sum()
        self._brought_t[list(days)] += self._tonnes[stops].sum()

    def after(self, days: Pattern, stops: list[int]) -> tuple[float, float, float, int]:
        """What is to be small after: tonnes no site takes, the busiest day, their sum, the day."""
        brought_t = self._brought_t[list(days)] + self._tonnes[stops].sum()
        hours = self.hours[list(days)] + self.work[stops].sum()
        beyond_t = max(0.0, float(brought_t.max()) - self._most_t)
        return beyond_t, float(hours.max()), float(hours.sum()), days[0]


def work_s(problem: RoundsProblem) -> FloatArray:
    """(n,) what one visit takes: service, and a share of driving by nearness to others."""
    place = problem.stops.place
    roads = problem.matrix(problem.vehicles[0]).duration_s
    near = roads[np.ix_(place, place)].copy()
    np.fill_diagonal(near, np.inf)
    hop = np.sort(near, axis=1)[:, : min(3, max(len(place) - 1, 0))]
    hop = np.where(np.isfinite(hop), hop, 0.0)
    return problem.stops.service_s + (hop.mean(axis=1) if hop.shape[1] else 0.0) + 1.0


def _bundles(
    members: list[int], clustered: Clustered, work: FloatArray, running: int
) -> list[list[int]]:
    """Neighbours that get the same days, the most work first; at least two a running day."""
    bundles = []
    left = set(members)
    for order in clustered(np.array(members, np.int64)):
        # A stop taken in parts is on several rounds; all its parts get the days of the first.
        called = dict.fromkeys(at for kind, at, _ in order.calls if kind is Kind.STOP)
        stops = [stop for stop in called if stop in left]
        left -= set(stops)
        if stops:
            bundles.append(stops)
    bundles += [[stop] for stop in sorted(left)]
    while len(bundles) < 2 * running and any(len(bundle) > 1 for bundle in bundles):
        largest = max(range(len(bundles)), key=lambda k: (len(bundles[k]), -k))
        whole = bundles.pop(largest)
        half = _half(work, whole)
        bundles += [whole[:half], whole[half:]]
    return sorted(bundles, key=lambda bundle: -work[bundle].sum())


def _half(work: FloatArray, stops: list[int]) -> int:
    """Where the work of a round is half done."""
    done = np.cumsum(work[stops])
    return int(np.clip(np.searchsorted(done, done[-1] / 2), 1, len(stops) - 1))

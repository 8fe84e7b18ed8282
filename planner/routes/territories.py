"""Territories that rounds keep to: compact, of about equal work, and not criss-crossing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.problem_faults import ProblemError
from planner.routes.calendar import work_s
from planner.routes.problem import RoundsProblem, Territory

TURNS = 12
"""Times that middles are moved; they hardly move after half of them."""
SLACK = 1.12
"""A territory may have so many times the mean work."""


def with_territories(problem: RoundsProblem, count: int) -> RoundsProblem:
    """The problem with its stops in so many territories of about equal work.

    Stops are given to the nearest middle that has room, those with the most to lose first, and
    middles are moved to the stop that is nearest to all others of its territory (capacitated
    k-medoids on the road matrix).

    Raises
    ------
    ProblemError
        If there are fewer stops than territories, or fewer than one territory.
    """
    n = len(problem.stops)
    if not 1 <= count <= n:
        raise ProblemError([f"{count} territories are asked for {n} stops; give 1 to {n}"])
    place = problem.stops.place
    roads = problem.matrix(problem.vehicles[0]).duration_s
    way = roads[np.ix_(place, place)]
    way = way + way.T
    largest = float(way[np.isfinite(way)].max(initial=1.0))
    way = np.where(np.isfinite(way), way, 10 * largest)
    work = work_s(problem) * problem.stops.visits
    middles = _first_middles(way, count)
    for _ in range(TURNS):
        of = _given(way, work, middles)
        moved = _moved(way, work, of, middles)
        if (moved == middles).all():
            break
        middles = moved
    of = _given(way, work, middles)
    names = tuple(Territory(str(k + 1)) for k in range(count))
    return replace(problem, stops=replace(problem.stops, territory=of), territories=names)


def _first_middles(way: FloatArray, count: int) -> IntArray:
    """The middle of all, then each time the stop that is farthest from those chosen."""
    chosen = [int(np.argmin(way.sum(axis=1)))]
    while len(chosen) < count:
        chosen.append(int(np.argmax(way[:, chosen].min(axis=1))))
    return np.array(chosen)


def _given(way: FloatArray, work: FloatArray, middles: IntArray) -> IntArray:
    near = way[:, middles]
    room = np.full(len(middles), SLACK * work.sum() / len(middles))
    ordered = np.sort(near, axis=1)
    regret = ordered[:, min(1, len(middles) - 1)] - ordered[:, 0]
    of = np.full(len(way), -1, np.int64)
    for i in np.argsort(-regret, kind="stable"):
        order = np.argsort(near[i], kind="stable")
        k = next((int(k) for k in order if room[k] >= work[i]), int(np.argmax(room)))
        of[i] = k
        room[k] -= work[i]
    return of


def _moved(way: FloatArray, work: FloatArray, of: IntArray, middles: IntArray) -> IntArray:
    found = middles.copy()
    for k in range(len(middles)):
        mine = np.flatnonzero(of == k)
        if len(mine):
            found[k] = mine[np.argmin((way[np.ix_(mine, mine)] * work[mine]).sum(axis=1))]
    return found

"""A first tier for given prices of handing on, phase by phase, the last phase first.

What opens later bounds what may be open before, so the last phase is planned freely and each
earlier one with the sites and sizes of the next. A phase is planned by ruin and recreate (Schrimpf
and others 2000): the points around a random one are taken back and given out again, each to the
facility where it costs least, the step to a larger size included; a worse outcome is taken back.
"""

from __future__ import annotations

import numba
import numpy as np

from planner.models.tiered_opening import possible_sizes
from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.tiered.first_tier import FirstTier
from planner.tiered.problem import TieredProblem

ROUNDS = 60_000
"""Ruins of a phase; 352 points and 160 facilities take about 20 us each."""


def planned_below(
    problem: TieredProblem, first: FirstTier, onward: FloatArray, seed: int, rounds: int = ROUNDS
) -> list[tuple[IntArray, IntArray]] | None:
    """For each phase the size (f,) of each facility, -1 closed, and the arc (n,) of each point.

    The arc is a position in the leg, -1 for a point that has none. None where a point does not fit.

    Parameters
    ----------
    onward : (t, f) price of a tonne handed on
    """
    later: IntArray | None = None
    found = []
    begun = np.full(first.tonnes.shape[1], -1, np.int64)
    arcs = _by_point(first)
    for t in reversed(range(len(problem.phases))):
        planned = _phase(problem, first, arcs, onward, t, later, begun, seed, rounds)
        if planned is None:
            return None
        later, begun = planned
        found.append((later, np.where(begun >= 0, first.arc[arcs[2][np.maximum(begun, 0)]], -1)))
    return found[::-1]


def _by_point(first: FirstTier) -> tuple[IntArray, IntArray, IntArray]:
    """Arcs in rows of points: start, facility and position in the arrays by facility."""
    order = np.argsort(first.point, kind="stable")
    facility = np.repeat(np.arange(first.count), np.diff(first.start))
    start = np.searchsorted(first.point[order], np.arange(first.tonnes.shape[1] + 1))
    return start, facility[order], order


def _phase(
    problem: TieredProblem,
    first: FirstTier,
    arcs: tuple[IntArray, IntArray, IntArray],
    onward: FloatArray,
    t: int,
    later: IntArray | None,
    begun: IntArray,
    seed: int,
    rounds: int,
) -> tuple[IntArray, IntArray] | None:
    """Sizes, and the position by point of each point's arc; begun with the next phase's arcs."""
    part = problem.streams[0].tiers[0].facilities
    start, facility, order = arcs
    tonnes = first.tonnes[t]
    point = first.point[order]
    cost = first.cost[t, order] + tonnes[point] * onward[t, facility]
    allowed = allowed_before(problem, 0, t, later)
    must = (part.required | (part.existing & ~part.closable)) & np.logical_or.reduceat(
        allowed, part.size_start[:-1]
    )
    chosen = begun.copy()
    size = np.full(len(part), -1, np.int64)
    fits = ruin_and_recreate(
        start,
        facility,
        cost,
        tonnes,
        part.size_start,
        np.where(allowed, first.capacity, -1.0),
        first.fixed[t],
        must,
        rounds,
        seed,
        chosen,
        size,
    )
    return (size, chosen) if fits else None


def allowed_before(problem: TieredProblem, k: int, t: int, later: IntArray | None) -> BoolArray:
    """(o,) sizes of a tier that a phase may have when the next phase has ``later`` (f,).

    When temporary facilities are cleared is not looked at.
    """
    tier = problem.streams[0].tiers[k]
    part = tier.facilities
    possible: BoolArray = possible_sizes(problem, 0, k)[t]
    if later is None:
        return possible
    owner, option = part.facility_of_size, np.arange(len(possible))
    lives_on = (problem.alive(tier)[t + 1] & ~problem.is_temporary(tier))[owner]
    grown = part.expandable[owner] & (option <= later[owner])
    follows = (later[owner] >= 0) & (grown | (option == later[owner]))
    allowed: BoolArray = possible & (follows | ~lives_on)
    return allowed


@numba.njit(cache=True, nogil=True)
def _building(
    j: int,
    load: float,
    size_start: IntArray,
    room: FloatArray,
    fixed: FloatArray,
    must: BoolArray,
) -> float:  # pragma: no cover - compiled
    """Fixed cost of the cheapest allowed size that takes the load; inf where none does."""
    if load <= 0.0 and not must[j]:
        return 0.0
    best = np.inf
    for o in range(size_start[j], size_start[j + 1]):
        if room[o] >= load and fixed[o] < best:
            best = fixed[o]
    return best


@numba.njit(cache=True, nogil=True)
def _best_arc(
    i: int,
    start: IntArray,
    facility: IntArray,
    cost: FloatArray,
    tonnes: FloatArray,
    size_start: IntArray,
    room: FloatArray,
    fixed: FloatArray,
    must: BoolArray,
    load: FloatArray,
    shut: BoolArray,
) -> tuple[int, float]:  # pragma: no cover - compiled
    """Where a point costs least now, the step to a larger size included."""
    best, least = -1, np.inf
    for a in range(start[i], start[i + 1]):
        j = facility[a]
        if shut[j]:
            continue
        before = _building(j, load[j], size_start, room, fixed, must)
        after = _building(j, load[j] + tonnes[i], size_start, room, fixed, must)
        price = cost[a] + after - before
        if price < least:
            best, least = a, price
    return best, least


@numba.njit(cache=True, nogil=True)
def ruin_and_recreate(  # noqa: C901, PLR0912, PLR0915 - one compiled loop
    start: IntArray,
    facility: IntArray,
    cost: FloatArray,
    tonnes: FloatArray,
    size_start: IntArray,
    room: FloatArray,
    fixed: FloatArray,
    must: BoolArray,
    rounds: int,
    seed: int,
    chosen: IntArray,
    size: IntArray,
) -> bool:  # pragma: no cover - compiled
    """Give every point an arc (``chosen``) and every facility a size; False if one does not fit."""
    np.random.seed(seed)  # noqa: NPY002 - compiled code has this one alone
    n, f = len(start) - 1, len(size_start) - 1
    load, shut = np.zeros(f), np.zeros(f, np.bool_)
    for i in np.argsort(-tonnes):
        if start[i] == start[i + 1]:
            continue
        if chosen[i] >= 0:
            load[facility[chosen[i]]] += tonnes[i]
            continue
        a, _ = _best_arc(
            i, start, facility, cost, tonnes, size_start, room, fixed, must, load, shut
        )
        if a < 0:
            return False
        chosen[i] = a
        load[facility[a]] += tonnes[i]
    taken = np.empty(n, np.int64)
    before = np.empty(n, np.int64)
    touched = np.empty(f, np.int64)
    old_load = load.copy()
    for _ in range(rounds):
        centre = np.random.randint(n)  # noqa: NPY002
        arcs = start[centre + 1] - start[centre]
        if arcs == 0:
            continue
        wide = min(arcs, 1 + np.random.randint(6))  # noqa: NPY002
        ruined = 0
        for _k in range(wide):
            j = facility[start[centre] + np.random.randint(arcs)]  # noqa: NPY002
            if not shut[j]:
                shut[j] = True
                touched[ruined] = j
                ruined += 1
        count, worth = 0, 0.0
        old_load[:] = load
        for i in range(n):
            if chosen[i] >= 0 and shut[facility[chosen[i]]]:
                taken[count], before[count] = i, chosen[i]
                worth -= cost[chosen[i]]
                count += 1
        for r in range(ruined):
            j = touched[r]
            worth -= _building(j, load[j], size_start, room, fixed, must)
            load[j] = 0.0
            worth += _building(j, 0.0, size_start, room, fixed, must)
            shut[j] = np.random.random() < 0.25  # noqa: NPY002
        for c in range(count - 1, 0, -1):
            other = np.random.randint(c + 1)  # noqa: NPY002
            taken[c], taken[other] = taken[other], taken[c]
            before[c], before[other] = before[other], before[c]
        fits = True
        for c in range(count):
            a, price = _best_arc(
                taken[c], start, facility, cost, tonnes, size_start, room, fixed, must, load, shut
            )
            if a < 0:
                fits = False
                break
            worth += price
            chosen[taken[c]] = a
            load[facility[a]] += tonnes[taken[c]]
        for r in range(ruined):
            shut[touched[r]] = False
        if not fits or worth > 1e-9:
            for c in range(count):
                chosen[taken[c]] = before[c]
            load[:] = old_load
    for j in range(f):
        load[j] = 0.0
    for i in range(n):
        if chosen[i] >= 0:
            load[facility[chosen[i]]] += tonnes[i]
    for j in range(f):
        size[j] = -1
        if load[j] > 0.0 or must[j]:
            best = np.inf
            for o in range(size_start[j], size_start[j + 1]):
                if room[o] >= load[j] and fixed[o] < best:
                    size[j], best = o, fixed[o]
            if size[j] < 0:
                return False
    return True

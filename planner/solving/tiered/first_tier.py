"""Lower bound and choices for the facilities that serve demand, each by itself.

Relaxing "every point is served" with prices ``lambda_it``, and "what comes in goes on" with prices
``mu_jt`` of a tonne handed on, leaves one problem a facility: a size for every phase that keeps the
rules of growth, and in every phase the points that earn most within its capacity,

    value_jto = w_t fixed_o + min { sum_i (cost_ijt + mu_jt out tonnes_it - lambda_it) x_i :
                                    sum_i tonnes_it x_i <= capacity_o }.

With single source the knapsack is solved over whole points. Tonnes are counted in whole grains,
rounded down, and so is capacity: every plan still fits, so that the bound stays a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from planner.models.tiered_opening import possible_sizes
from planner.problem import BoolArray, FloatArray, IntArray
from planner.tiered.network import DEMAND
from planner.tiered.problem import TieredProblem

GRAINS = 500
"""Grains of the largest capacity: the knapsack's work grows with them, its slack falls."""


@dataclass(frozen=True, eq=False)
class FirstTier:
    """The first tier of one stream as arrays by facility.

    Parameters
    ----------
    start, point, arc : (f + 1,), (a,), (a,) arcs of each facility: the point and the leg's arc
    cost : (t, a) of serving the whole point, weighted by phase
    tonnes : (t, n)
    grains : (t, n) tonnes in grains, rounded down
    size_start, capacity : (f + 1,), (o,) in tonnes; ``room`` (o,) in grains
    fixed : (t, o) weighted
    possible : (t, o)
    first_state, moves : what size may stand first and follow which (see :func:`_moves`)
    """

    start: IntArray
    point: IntArray
    arc: IntArray
    cost: FloatArray
    tonnes: FloatArray
    grains: IntArray
    size_start: IntArray
    capacity: FloatArray
    room: IntArray
    fixed: FloatArray
    moves: BoolArray
    whole: bool

    @property
    def count(self) -> int:
        """Facilities."""
        return len(self.start) - 1

    @classmethod
    def of(cls, problem: TieredProblem, s: int) -> FirstTier:
        """Arrays of a stream whose only leg from demand leads to its first tier."""
        stream = problem.streams[s]
        tier, weight = stream.tiers[0], problem.phases.weight[:, None]
        part = tier.facilities
        leg = stream.legs[stream.legs_from(DEMAND)[0]]
        leads_on = np.flatnonzero(stream.leads_on[tier.id][leg.to])
        order = leads_on[np.argsort(leg.to[leads_on], kind="stable")]
        start = np.searchsorted(leg.to[order], np.arange(len(part) + 1))
        row, to = leg.row[order], leg.to[order]
        price = leg.cost_cny_per_t[order] + part.handling_cny_per_t[to]
        tonnes = stream.demand.tonnes
        capacity = np.minimum(tier.usable_capacity_t_per_yr, tonnes.sum(axis=1).max())
        grain = max(float(capacity.max(initial=0.0)) / GRAINS, 1e-12)
        # Rounding down keeps every plan; the little more guards against rounding of the division.
        return cls(
            start,
            row,
            order,
            weight * tonnes[:, row] * price,
            np.array(tonnes),
            np.floor(tonnes / grain - 1e-9).clip(0).astype(np.int64),
            np.array(part.size_start),
            capacity,
            np.floor(capacity / grain + 1e-6).astype(np.int64),
            weight * part.fixed_cost_cny_per_yr,
            _moves(problem, s),
            stream.single_source,
        )


def _moves(problem: TieredProblem, s: int) -> BoolArray:
    """(t, f, k + 1, k + 1) whether a state may follow another; state 0 is closed.

    Phase 0 says in row 0 which states may come first.
    """
    tier = problem.streams[s].tiers[0]
    part, alive = tier.facilities, problem.alive(tier)
    possible = possible_sizes(problem, s, 0)
    most = int(np.diff(part.size_start).max(initial=1))
    moves = np.zeros((len(alive), len(part), most + 1, most + 1), np.bool_)
    must = part.required | (part.existing & ~part.closable)
    temporary = problem.is_temporary(tier)  # when one is cleared is left to the plans
    for t in range(len(alive)):
        for j in range(len(part)):
            first, end = part.size_start[j], part.size_start[j + 1]
            there = np.concatenate([[not (must[j] and alive[t, j])], possible[t, first:end]])
            for before in range(1 if t == 0 else end - first + 1):
                free = t == 0 or temporary[j] or not (alive[t - 1, j] and alive[t, j])
                for now in np.flatnonzero(there).tolist():
                    moves[t, j, before, now] = free or _may_follow(problem, s, j, before, now)
    return moves


def _may_follow(problem: TieredProblem, s: int, j: int, before: int, now: int) -> bool:
    part = problem.streams[s].tiers[0].facilities
    if part.existing[j] and part.closable[j]:
        today = int(part.existing_size[j] - part.size_start[j]) + 1
        if before == 0 or now == 0:
            return now == 0 and before in (0, today)
    elif now == 0:
        return before == 0
    if before in (0, now):
        return True
    return bool(part.expandable[j]) and now > before


@numba.njit(cache=True, nogil=True)
def _whole_knapsack(
    worth: FloatArray, grains: IntArray, room: int, best: FloatArray
) -> None:  # pragma: no cover - compiled
    """best[c] = least sum of negative worths within c grains, for c = 0..room."""
    best[: room + 1] = 0.0
    for i in range(len(worth)):
        value, size = worth[i], grains[i]
        if value >= 0.0 or size > room:
            continue
        for c in range(room, size - 1, -1):
            other = best[c - size] + value
            best[c] = min(best[c], other)


@numba.njit(cache=True, nogil=True)
def _whole_choice(
    worth: FloatArray, grains: IntArray, room: int, taken: BoolArray
) -> None:  # pragma: no cover - compiled
    """Mark which points the best knapsack of this size takes."""
    count = len(worth)
    best = np.zeros(room + 1)
    kept = np.zeros((count, room + 1), np.bool_)
    for i in range(count):
        value, size = worth[i], grains[i]
        if value >= 0.0 or size > room:
            continue
        for c in range(room, size - 1, -1):
            other = best[c - size] + value
            if other < best[c]:
                best[c] = other
                kept[i, c] = True
    c = room
    for i in range(count - 1, -1, -1):
        taken[i] = kept[i, c]
        if taken[i]:
            c -= grains[i]


@numba.njit(cache=True, nogil=True)
def _divided(
    worth: FloatArray, tonnes: FloatArray, room: float, share: FloatArray
) -> float:  # pragma: no cover - compiled
    """Least sum of worths when points divide, and what is taken of each."""
    count = len(worth)
    ratio = np.empty(count)
    for i in range(count):
        share[i] = 0.0
        ratio[i] = worth[i] / tonnes[i] if tonnes[i] > 0 else (-1e300 if worth[i] < 0 else 1.0)
    total = 0.0
    for i in np.argsort(ratio):
        if worth[i] >= 0.0:
            break
        part = 1.0 if tonnes[i] <= room else room / tonnes[i]
        share[i] = part
        total += part * worth[i]
        room -= part * tonnes[i]
        if room <= 0.0:
            break
    return total


@numba.njit(cache=True, nogil=True)
def evaluate(  # noqa: C901, PLR0912 - one compiled loop
    start: IntArray,
    point: IntArray,
    cost: FloatArray,
    tonnes: FloatArray,
    grains: IntArray,
    size_start: IntArray,
    capacity: FloatArray,
    room: IntArray,
    fixed: FloatArray,
    moves: BoolArray,
    whole: bool,
    pay: FloatArray,
    onward: FloatArray,
    reward: FloatArray,
    served: FloatArray,
    state: IntArray,
    supply: FloatArray,
) -> float:  # pragma: no cover - compiled
    """Least value over all facilities at given prices; fills the choices made.

    Parameters
    ----------
    pay : (t, n) price for serving a point
    onward : (t, f) price of a tonne taken in
    reward : (t, f) for being open
    served : (t, n) sum of shares taken, added to
    state : (t, f) chosen state, 0 closed
    supply : (t, f) tonnes taken in by the choice
    """
    phases, count = onward.shape
    most = moves.shape[2]
    total = 0.0
    best = np.empty(room.max() + 1)
    for j in range(count):
        first, end = start[j], start[j + 1]
        n = end - first
        sizes = size_start[j + 1] - size_start[j]
        value = np.zeros((phases, most))
        worth = np.empty((phases, n))
        heavy = np.empty(n, np.int64)
        share = np.empty(n)
        weight = np.empty(n)
        for t in range(phases):
            for a in range(n):
                i = point[first + a]
                heavy[a] = grains[t, i]
                weight[a] = tonnes[t, i]
                worth[t, a] = cost[t, first + a] + onward[t, j] * weight[a] - pay[t, i]
            if whole:
                largest = room[size_start[j + 1] - 1]
                _whole_knapsack(worth[t], heavy, largest, best)
            for o in range(sizes):
                k = size_start[j] + o
                if whole:  # noqa: SIM108 - compiled
                    earned = best[room[k]]
                else:
                    earned = _divided(worth[t], weight, capacity[k], share)
                value[t, o + 1] = fixed[t, k] - reward[t, j] + earned
        path = np.full((phases, most), np.inf)
        came = np.zeros((phases, most), np.int64)
        for now in range(sizes + 1):
            if moves[0, j, 0, now]:
                path[0, now] = value[0, now]
        for t in range(1, phases):
            for now in range(sizes + 1):
                for before in range(sizes + 1):
                    if (
                        moves[t, j, before, now]
                        and path[t - 1, before] + value[t, now] < path[t, now]
                    ):
                        path[t, now] = path[t - 1, before] + value[t, now]
                        came[t, now] = before
        now = int(np.argmin(path[phases - 1]))
        total += path[phases - 1, now]
        for t in range(phases - 1, -1, -1):
            state[t, j] = now
            supply[t, j] = 0.0
            if now > 0:
                k = size_start[j] + now - 1
                for a in range(n):
                    heavy[a] = grains[t, point[first + a]]
                    weight[a] = tonnes[t, point[first + a]]
                if whole:
                    taken = np.zeros(n, np.bool_)
                    _whole_choice(worth[t], heavy, room[k], taken)
                    for a in range(n):
                        share[a] = 1.0 if taken[a] else 0.0
                else:
                    _divided(worth[t], weight, capacity[k], share)
                for a in range(n):
                    served[t, point[first + a]] += share[a]
                    supply[t, j] += share[a] * weight[a]
            now = int(came[t, now])
    return total

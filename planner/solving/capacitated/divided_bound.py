"""The Lagrangian bound of a divided (multi-source) problem, by the compiled ascent.

What :mod:`planner.solving.capacitated.bound` does for every kind of knapsack, this does for the
continuous one alone and several times faster; the bounds of both are the same at the same
multipliers. ``value``, ``state`` and ``banned`` mean the same in all kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated import ascent
from planner.solving.capacitated.bound import FROM_SCRATCH, OUTWARD, Multipliers, Pace
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN, choose

REACH = 0.5
"""How far multipliers may rise within one call, as a share: pairs beyond are left out."""


@dataclass(eq=False)
class Stand:
    """Where an ascent stands; :meth:`DividedBound.rise` moves it on in place.

    Parameters
    ----------
    progress : by the places that :mod:`ascent` names
    demand : (n,) best multipliers
    direction : (n,) averaged lack of service
    share : (k,) averaged share of each size being open
    size_start : (m + 1,) of the sites
    value : (k,) reduced cost of the sizes at the best multipliers
    choice : (m,) sizes of the latest choice with enough capacity
    """

    progress: FloatArray
    demand: FloatArray
    direction: FloatArray
    share: FloatArray
    size_start: IntArray
    value: FloatArray
    choice: IntArray

    @property
    def opened(self) -> FloatArray:
        """(m,) averaged share of each site being open."""
        summed: FloatArray = np.add.reduceat(self.share, self.size_start[:-1])
        return summed

    @property
    def bound(self) -> float:
        """Best so far, rounded outward; ``inf`` is infeasible."""
        return float(self.progress[ascent.BOUND])

    @property
    def price(self) -> float:
        """Of total capacity at the best multipliers."""
        return float(self.progress[ascent.PRICE])

    @property
    def rounds(self) -> int:
        """Evaluations so far."""
        return int(self.progress[ascent.ROUNDS])

    @property
    def ended(self) -> bool:
        """Whether further rounds would do nothing more."""
        return bool(
            self.rounds and (self.progress[ascent.STEP] < ascent.LEAST_STEP or self.bound == np.inf)
        )

    @property
    def multipliers(self) -> Multipliers:
        """The best, with the price of capacity."""
        return Multipliers(self.demand, self.price)


class DividedBound:
    """Evaluates and raises the bound of one divided problem; may be used by several threads."""

    def __init__(self, data: CapacitatedData) -> None:
        self.data = data
        self.needed = float(data.weight.sum()) if np.isfinite(data.capacity).all() else 0.0
        self._plain = len(data.capacity) == data.m and _quotas_are_free(data)

    def begin(self, multipliers: Multipliers, pace: Pace = FROM_SCRATCH) -> Stand:
        """A stand at given multipliers before the first round."""
        data = self.data
        progress = np.zeros(7)
        progress[ascent.BOUND] = -np.inf
        progress[ascent.PRICE] = multipliers.price
        progress[ascent.STEP] = pace.step
        progress[ascent.REACH] = REACH
        return Stand(
            progress,
            multipliers.demand.copy(),
            np.zeros(data.n),
            np.zeros(len(data.capacity)),
            data.size_start,
            np.zeros(len(data.capacity)),
            np.full(data.m, -1, np.int64),
        )

    def rise(
        self,
        stand: Stand,
        state: IntArray,
        banned: BoolArray,
        *,
        rounds: int,
        target: float,
        stop_at: float,
        halt: IntArray,
        pace: Pace = FROM_SCRATCH,
    ) -> None:
        """At most ``rounds`` more rounds; ends early at ``stop_at`` or when ``halt[0]`` is set."""
        data = self.data
        ascent.ascend(
            data.cost,
            data.weight,
            data.size_start,
            data.capacity,
            data.fixed_cost,
            state,
            banned,
            data.group,
            data.group_least,
            data.group_most,
            data.fewest_sites(state, banned),
            data.count_most,
            self.needed,
            self._plain,
            rounds,
            pace.weight,
            pace.patience,
            target,
            stop_at,
            halt,
            stand.progress,
            stand.demand,
            stand.direction,
            stand.share,
            stand.value,
            stand.choice,
        )

    def fixed(
        self, stand: Stand, state: IntArray, banned: BoolArray, limit: float
    ) -> tuple[IntArray, BoolArray, FloatArray]:
        """What must hold in every plan under ``limit``, and the lift of each choice left.

        Returns
        -------
        state : (m,) with what could be fixed
        banned : (k,) with the sizes that alone lift the bound to ``limit``
        lift : (m, 2) bound with the site closed, and open; all ``inf`` if no plan is under it
        """
        data = self.data
        state, banned = state.copy(), banned.copy()
        fewest = data.fewest_sites(state, banned)
        lift = np.full((data.m, 2), -np.inf)
        value = np.where(banned, np.inf, stand.value)
        # The kernel compares without the constant and the outward rounding of the bound.
        near = abs(limit) if np.isfinite(limit) else abs(stand.bound)
        base = float(stand.demand.sum()) + stand.price * self.needed - OUTWARD * max(1.0, near)
        possible = fix(
            value,
            data.capacity,
            data.size_start,
            state,
            data.group,
            data.group_least,
            data.group_most,
            fewest,
            data.count_most,
            stand.price,
            limit - base,
            lift,
            banned,
        )
        lift += base
        if not possible:
            lift[:] = np.inf
        return state, banned, lift


def _quotas_are_free(data: CapacitatedData) -> bool:
    """Whether no quota can ever bind."""
    inside = np.bincount(data.group, minlength=len(data.group_least))
    return bool((data.group_least <= 0).all() and (data.group_most >= inside).all())


@njit(cache=True, nogil=True)
def fix(  # noqa: C901 - one compiled kernel
    value: FloatArray,
    capacity: FloatArray,
    size_start: IntArray,
    state: IntArray,
    group: IntArray,
    group_least: IntArray,
    group_most: IntArray,
    count_least: int,
    count_most: int,
    price: float,
    limit: float,
    lift: FloatArray,
    banned: BoolArray,
) -> bool:
    """Reduced-cost fixing at one price: change ``state`` and ``banned``, fill ``lift`` (m, 2).

    ``limit`` and ``lift`` are without the constant of the bound. False: nothing is under the limit.
    """
    m = state.size
    worth = np.full(m, np.inf)
    chosen = np.empty(m, np.int64)
    for j in range(m):
        for s in range(size_start[j], size_start[j + 1]):
            x = value[s] - (price * capacity[s] if price > 0.0 else 0.0)
            worth[j] = min(worth[j], x)
    args = (group, group_least, group_most, count_least, count_most)
    total = choose(value, capacity, size_start, state, *args, price, chosen)
    if total >= limit:
        return False
    exchange(worth, chosen, state, *args, lift)
    for j in range(m):
        if state[j] != FREE:
            continue
        lift[j, 0] += total
        lift[j, 1] += total
        if lift[j, 0] >= limit and lift[j, 1] >= limit:
            return False
        if lift[j, 0] >= limit:
            state[j] = OPEN
        elif lift[j, 1] >= limit:
            state[j] = CLOSED
    for j in range(m):
        if state[j] == CLOSED:
            continue
        used = lift[j, 1] if lift[j, 1] > -np.inf else total
        for s in range(size_start[j], size_start[j + 1]):
            x = value[s] - (price * capacity[s] if price > 0.0 else 0.0)
            if used + (x - worth[j]) >= limit:
                banned[s] = True
    return True


@njit(cache=True, nogil=True)
def exchange(  # noqa: C901, PLR0912 - one compiled kernel
    worth: FloatArray,
    chosen: IntArray,
    state: IntArray,
    group: IntArray,
    group_least: IntArray,
    group_most: IntArray,
    count_least: int,
    count_most: int,
    lift: FloatArray,
) -> None:
    """By how much the least total rises if a free site must be closed, and open: ``lift`` (m, 2).

    ``chosen`` is a best choice under counts that are laminar. Such choices are the sets of an
    M-natural-convex function, so the best one without (with) a site is one exchange away: it does
    without the site, or puts one other in its place (Murota 2003, section 6.2).
    """
    g_count = group_least.size
    opened = np.zeros(g_count, np.int64)
    come, leave = np.full(g_count, np.inf), np.full(g_count, np.inf)
    count = 0
    for j in range(state.size):
        g = group[j]
        if chosen[j] >= 0:
            opened[g] += 1
            count += 1
            if state[j] == FREE:
                leave[g] = min(leave[g], -worth[j])
        elif state[j] == FREE:
            come[g] = min(come[g], worth[j])
    for j in range(state.size):
        if state[j] != FREE:
            continue
        h = group[j]
        lift[j, 0], lift[j, 1] = 0.0, 0.0
        if chosen[j] >= 0:
            spare = opened[h] > group_least[h]
            other = min(0.0 if spare and count > count_least else np.inf, come[h])
            if spare:
                for g in range(g_count):
                    if opened[g] < group_most[g]:
                        other = min(other, come[g])
            lift[j, 0] = other - worth[j]
        else:
            spare = opened[h] < group_most[h]
            other = min(0.0 if spare and count < count_most else np.inf, leave[h])
            if spare:
                for g in range(g_count):
                    if opened[g] > group_least[g]:
                        other = min(other, leave[g])
            lift[j, 1] = other + worth[j]

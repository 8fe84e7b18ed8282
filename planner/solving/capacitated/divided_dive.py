"""A plan straight from the relaxation: decide the clearest sites, re-balance, decide the next.

The average of the volume algorithm estimates the LP solution, size by size. Each step opens the
most and closes the least wanted of the undecided sites and raises the bound of what is left for a
few rounds, so that later decisions know the earlier ones. Sizes are read off at the end. On 10,000
villages x 500 candidates with three sizes this came to 0.7% of the bound in a second and a half,
where interchange from the rounded average stood at 10% after half a minute.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.attended import Pause, attended
from planner.solving.capacitated.bound import FROM_PARENT
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.divided_bound import DividedBound, Stand
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN

ROUNDS = 20
"""Rounds between two decisions."""
SHARE = 0.1
"""Of the undecided sites that one step opens, and closes, at most."""
FEW = 20
"""So many undecided sites are decided one way or the other at once."""
SURE_OPEN, SURE_CLOSED = 0.95, 0.005
"""Shares that count as decided."""


def dive(
    relaxation: DividedBound,
    stand: Stand,
    state: IntArray,
    *,
    share: float = SHARE,
    pause: Pause = lambda: False,
) -> IntArray | None:
    """Sizes to open (m,), -1 where closed; None if the decisions lead nowhere or on ``pause()``.

    Parameters
    ----------
    stand : of the root; it is not changed
    state : (m,) sites decided before
    share : of the undecided sites decided in one step
    """
    data = relaxation.data
    none: BoolArray = np.zeros(len(data.capacity), np.bool_)
    while (state == FREE).any():
        if pause():
            return None
        state = _decided(data, state, stand.opened, share)
        stand = relaxation.begin(stand.multipliers, FROM_PARENT)
        halt = np.zeros(1, np.int64)
        rise = partial(
            relaxation.rise,
            stand,
            state,
            none,
            rounds=ROUNDS,
            target=np.inf,
            stop_at=np.inf,
            halt=halt,
            pace=FROM_PARENT,
        )
        attended([rise], halt, pause)
        if stand.bound == np.inf:
            return None
    return _sized(data, state, stand.share)


def _decided(data: CapacitatedData, state: IntArray, opened: FloatArray, share: float) -> IntArray:
    """The state with some more sites opened and closed, at least one; counts stay possible."""
    state = state.copy()
    free = np.flatnonzero(state == FREE)
    free = free[np.argsort(-opened[free], kind="stable")]
    steps = len(free) if len(free) <= FEW else max(1, int(share * len(free)))
    # Few sites are decided one at a time in earnest: all at once would not look at one another.
    steps = max(1, steps // 2) if len(free) <= FEW else steps
    changed = False
    for rank, j in enumerate(free.tolist()):
        wanted = opened[j] > SURE_OPEN or (rank < steps and opened[j] > 0.5)
        if wanted and _may_open(data, state, j):
            state[j], changed = OPEN, True
    for rank, j in enumerate(free[::-1].tolist()):
        unwanted = opened[j] < SURE_CLOSED or (rank < steps and opened[j] < 0.5)
        if state[j] == FREE and (unwanted or not _may_open(data, state, j)):
            if _may_close(data, state, j):
                state[j], changed = CLOSED, True
            elif _may_open(data, state, j):
                state[j], changed = OPEN, True
    if not changed:
        first = int(free[0])
        state[first] = OPEN if _may_open(data, state, first) else CLOSED
    return state


def _may_open(data: CapacitatedData, state: IntArray, j: int) -> bool:
    """Whether counts leave room for one more."""
    opened = state == OPEN
    inside = int((opened & (data.group == data.group[j])).sum())
    return inside < data.group_most[data.group[j]] and int(opened.sum()) < data.count_most


def _may_close(data: CapacitatedData, state: IntArray, j: int) -> bool:
    """Whether counts and capacity can do without the site."""
    left = state != CLOSED
    inside = int((left & (data.group == data.group[j])).sum())
    if inside <= data.group_least[data.group[j]] or int(left.sum()) <= data.count_least:
        return False
    left[j] = False
    return float(data.largest[left].sum()) >= float(data.weight.sum())


def _sized(data: CapacitatedData, state: IntArray, share: FloatArray) -> IntArray:
    """The size of each open site that the average prefers, raised until all demand has room."""
    chosen = np.full(data.m, -1, np.int64)
    for j in np.flatnonzero(state == OPEN):
        first, last = data.size_start[j], data.size_start[j + 1]
        chosen[j] = first + np.argmax(share[first:last])
    opened = np.flatnonzero(chosen >= 0)
    needed = float(data.weight.sum())
    while data.capacity[chosen[opened]].sum() < needed:
        growing = opened[chosen[opened] + 1 < data.size_start[opened + 1]]
        if not len(growing):
            break
        larger = [share[chosen[j] + 1 : data.size_start[j + 1]].sum() for j in growing]
        chosen[growing[int(np.argmax(larger))]] += 1
    return chosen

"""The 0-1 knapsack of a site, to a tolerance, for weights and capacities of any kind.

Depth-first search over the items in order of worth to weight (Horowitz and Sahni 1974; Martello
and Toth 1990, section 2.5). The items that a Lagrangian hands over are mostly clear, so that a few
dozen steps prove the best load, whatever the capacity is; a dynamic programme would pay for every
unit of it. What the search returns is an upper bound of the worth in every case: where it comes to
the end of its steps, the continuous knapsack's.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.problem import FloatArray

STEPS = 4000
"""Bounds that one search may look at; hardly any needs a tenth of it (measured)."""

Marks = NDArray[np.int8]


@njit(cache=True, nogil=True)
def best_load(  # noqa: C901, PLR0912 - one compiled kernel
    worth: FloatArray,
    weight: FloatArray,
    count: int,
    room: float,
    tolerance: float,
    trial: Marks,
    taken: Marks,
    lightest: FloatArray,
) -> float:
    """Upper bound of the best load's worth, over the best by ``tolerance`` at most.

    Parameters
    ----------
    worth, weight : (>= count,) positive, by falling ``worth / weight``
    room : capacity
    trial, taken : (>= count,) scratch; ``taken`` receives the best load that was found
    lightest : (> count,) scratch
    """
    lightest[count] = np.inf
    for k in range(count - 1, -1, -1):
        lightest[k] = min(lightest[k + 1], weight[k])
        trial[k] = 0
        taken[k] = 0
    best, now, left = 0.0, 0.0, room
    position, steps = 0, 0
    most = -1.0
    while True:
        reach, spare, at = now, left, position
        while at < count and weight[at] <= spare:
            spare -= weight[at]
            reach += worth[at]
            at += 1
        if at < count:
            reach += spare * worth[at] / weight[at]
        if most < 0.0:
            most = reach
        steps += 1
        if steps > STEPS:
            return most
        if reach > best + tolerance:
            while position < count and weight[position] <= left:
                left -= weight[position]
                now += worth[position]
                trial[position] = 1
                position += 1
            if position < count and lightest[position] <= left:
                trial[position] = 0
                position += 1
                if position < count:
                    continue
            if now > best:
                best = now
                for k in range(count):
                    taken[k] = trial[k] if k < position else 0
        last = position - 1
        while last >= 0 and trial[last] == 0:
            last -= 1
        if last < 0:
            return min(most, best + tolerance)
        trial[last] = 0
        left += weight[last]
        now -= worth[last]
        position = last + 1

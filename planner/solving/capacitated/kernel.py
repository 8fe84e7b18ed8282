"""Whole assignments for a set of open sites: the pairs that dividing leaves open, in a small model.

The transport that divides the points among open sites prices their capacity. A pair whose cost at
these prices is over the point's least by more than what the whole plan costs beside the divided one
is in no better plan of these sites; of the others the cheapest are kept (kernel search, after
Guastaroba and Speranza 2014). Where points are small most of them have no choice left, and HiGHS
packs the rest far better than exchanges do: on a county of 1,276 units it takes 2 seconds for what
ruin and recreate does not find in a minute.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from planner.problem import BoolArray
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.neighbourhood import Freed, solved
from planner.solving.capacitated.search import SitePlan

PART = 0.5
"""Of what whole points cost, that a pair may cost: dearer ones are hardly ever used (measured)."""
MOST_PAIRS = 6_000
"""Pairs of a model; more take longer than they are worth."""


def packed(
    data: CapacitatedData,
    divided: SitePlan,
    whole: WholePlan,
    *,
    seconds: float,
    gap: float,
    listen: Callable[[], None],
) -> WholePlan | None:
    """The whole plan with its points dealt out anew to the same sites; None if none was found.

    Parameters
    ----------
    divided : the same sites with points divided; its prices choose the pairs
    """
    allowed = _pairs(data, divided, whole)
    free = Freed.of(data, whole, divided.opened, allowed)
    return solved(data, whole, free, seconds=seconds, gap=gap, listen=listen)


def _pairs(data: CapacitatedData, divided: SitePlan, whole: WholePlan) -> BoolArray:
    """(m, n) the pairs that are worth looking at."""
    opened = divided.opened
    priced = data.cost[opened] + divided.price[:, None] * data.weight
    over = priced - priced.min(axis=0)
    most = PART * (whole.objective - divided.objective)
    if over.size > MOST_PAIRS:
        most = min(most, float(np.partition(over, MOST_PAIRS, axis=None)[MOST_PAIRS]))
    allowed = np.zeros((data.m, data.n), np.bool_)
    allowed[opened] = over <= most
    return allowed

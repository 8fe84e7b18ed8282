"""Whole assignments for a set of open sites: the pairs that dividing leaves open, in small models.

The transport that divides the points among open sites prices their capacity. A pair whose cost at
these prices is over the point's least by more than what the whole plan costs beside the divided one
is in no better plan of these sites; of the others the cheapest matter most (kernel search, after
Guastaroba and Speranza 2014). HiGHS packs the narrowest model in a fraction of a second; each
further one begins from what the one before found. Where capacity fits so tightly that there are few
ways to pack, the pairs of several plans together are the best model of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from planner.problem import BoolArray, FloatArray
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.neighbourhood import Freed, solved
from planner.solving.capacitated.search import SitePlan

WIDTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Pairs of a model beyond one a point, as a share of the points.

Measured on zya1 (Kong 2021): the optimum is found among 0.3 in 0.2 s, among 1.9 in 20 s, and not in
20 s among 4.5, where every pair is that can matter.
"""
MOST_PAIRS = 6_000
"""Pairs of a model; more take longer than they are worth."""
SHARE = 0.5
"""Of the seconds left that one model may take."""
LEAST_S = 0.1


def packed(
    data: CapacitatedData,
    divided: SitePlan,
    plans: Sequence[WholePlan],
    *,
    seconds: float,
    gap: float,
    listen: Callable[[], None],
) -> WholePlan:
    """Points dealt out anew to the sites of some whole plans, never worse than the best of them.

    Parameters
    ----------
    divided : the same sites with points divided; its prices choose the pairs
    plans : of these sites, best first; what any of them uses is in every model, so that parts of
        one may go with parts of another
    """
    until_s, over, pairs = perf_counter() + seconds, _over(data, divided), 0
    whole, used = plans[0], np.zeros((data.m, data.n), np.bool_)
    for plan in plans:
        used[plan.site, np.arange(data.n)] = True
    for width in WIDTHS:
        left_s = until_s - perf_counter()
        allowed = used | _pairs(over, whole.objective - divided.objective, width)
        if left_s < LEAST_S or allowed.sum() <= pairs:
            break
        pairs = allowed.sum()
        free = Freed.of(data, whole, divided.opened, allowed)
        found = solved(data, whole, free, seconds=SHARE * left_s, gap=gap, listen=listen)
        if found is not None and found.objective < whole.objective:
            whole = found
    return whole


def priced_pairs(
    data: CapacitatedData, divided: SitePlan, whole: WholePlan, width: float
) -> BoolArray:
    """(m, n) the pairs of a model of this width; for all sites too many, for some of them few."""
    return _pairs(_over(data, divided), whole.objective - divided.objective, width)


def _over(data: CapacitatedData, divided: SitePlan) -> FloatArray:
    """(m, n) what a pair costs, its capacity priced, over the least of its point; else ``inf``."""
    opened = divided.opened
    priced = data.cost[opened] + divided.price[:, None] * data.weight
    over = np.full((data.m, data.n), np.inf)
    over[opened] = priced - priced.min(axis=0)
    return over


def _pairs(over: FloatArray, most: float, width: float) -> BoolArray:
    """(m, n) the pairs that are worth looking at."""
    count = min(int((1 + width) * over.shape[1]), MOST_PAIRS, over.size - 1)
    least = float(np.partition(over, count, axis=None)[count])
    allowed: BoolArray = over <= min(max(most, 0.0), least)
    return allowed

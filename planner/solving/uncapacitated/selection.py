"""The cheapest choice of sites for given prices, and what a forced change of it costs.

The choice must keep counts over disjoint groups and over all. Such counts are laminar, so the
greedy choice is the best one, and the best choice with one site forced in or out is one exchange
away from it (an M-natural-convex function: Murota, Discrete Convex Analysis, 2003, th. 6.26). Both
facts make the fixing tests below exact.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import BoolArray, FloatArray
from planner.solving.uncapacitated.rows import Rules


@njit(cache=True, nogil=True)
def choose(price: FloatArray, rules: Rules, chosen: BoolArray) -> float:
    """Mark the cheapest allowed choice; its total price, ``inf`` where none is allowed.

    Parameters
    ----------
    price : (m,) fixed cost less what the site saves at the current multipliers
    chosen : (m,) written
    """
    groups = len(rules.least) - 1
    count = np.zeros(groups + 1, np.int64)
    order = np.argsort(price)
    chosen[:] = False
    total = 0.0
    for j in order:
        g = rules.group[j]
        if count[g] < rules.least[g]:
            chosen[j] = True
            count[g] += 1
            count[groups] += 1
            total += price[j]
    for g in range(groups):
        if count[g] < rules.least[g]:
            return np.inf
    if count[groups] > rules.most[groups]:
        return np.inf
    for j in order:
        enough = count[groups] >= rules.least[groups]
        if count[groups] >= rules.most[groups] or (enough and price[j] >= 0.0):
            break
        g = rules.group[j]
        if not chosen[j] and count[g] < rules.most[g]:
            chosen[j] = True
            count[g] += 1
            count[groups] += 1
            total += price[j]
    return total if count[groups] >= rules.least[groups] else np.inf


@njit(cache=True, nogil=True)
def _group_extremes(
    price: FloatArray, rules: Rules, chosen: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    groups = len(rules.least) - 1
    count = np.zeros(groups + 1, np.int64)
    dearest = np.full(groups, -np.inf)
    cheapest = np.full(groups, np.inf)
    for j in range(len(price)):
        g = rules.group[j]
        if chosen[j]:
            count[g] += 1
            count[groups] += 1
            dearest[g] = max(dearest[g], price[j])
        else:
            cheapest[g] = min(cheapest[g], price[j])
    return count.astype(np.float64), dearest, cheapest


@njit(cache=True, nogil=True)
def exchange_costs(price: FloatArray, rules: Rules, chosen: BoolArray) -> FloatArray:
    """(m,) least rise of the total price if a site's place in the choice is turned round.

    For a site left out it is the rise if it must be in, for a chosen one if it must be out;
    ``inf`` where the counts do not allow that at all.
    """
    groups = len(rules.least) - 1
    count, dearest, cheapest = _group_extremes(price, rules, chosen)
    full = count[groups] >= rules.most[groups]
    bare = count[groups] <= rules.least[groups]
    # What may leave, and what may join, when the exchange crosses groups.
    leave = -np.inf if full else 0.0
    join = np.inf if bare else 0.0
    for g in range(groups):
        if count[g] > rules.least[g]:
            leave = max(leave, dearest[g])
        if count[g] < rules.most[g]:
            join = min(join, cheapest[g])
    rise = np.empty(len(price))
    for j in range(len(price)):
        g = rules.group[j]
        if chosen[j]:
            partner = cheapest[g]
            if count[g] > rules.least[g]:
                partner = min(partner, join)
            rise[j] = partner - price[j]
        else:
            partner = dearest[g]
            if count[g] < rules.most[g]:
                partner = max(partner, leave)
            rise[j] = price[j] - partner
    return rise

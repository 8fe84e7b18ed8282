"""Cheapest division of the demand among open sites: a transportation problem, solved exactly.

Every point starts at its cheapest open site. Sites that are over capacity then push the surplus
along shortest paths in the graph of open sites, where moving from ``a`` to ``b`` costs what the
best movable point loses by it. Successive shortest paths keep the flow optimal for its loads, so
the flow is optimal when no site is over (Ahuja, Magnanti and Orlin 1993, section 9.7); the graph
has only as many nodes as open sites, which is what makes it quick.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray

EMPTY = 1e-12
"""Share of a point below which it is no longer at a site."""


@njit(cache=True, nogil=True)
def transport(  # noqa: C901, PLR0912, PLR0915 - one compiled kernel
    cost: FloatArray,
    weight: FloatArray,
    opened: IntArray,
    capacity: FloatArray,
    limit: float,
    flow: FloatArray,
    price: FloatArray,
) -> float:
    """Least cost of serving everybody from the opened sites, ``inf`` if it cannot be done.

    Parameters
    ----------
    cost : (m, n) of serving the whole of a point
    opened : (q,) positions of open sites
    capacity : (q,)
    limit : stop with ``inf`` as soon as the cost is sure to be over this
    flow : (q, n) receives the share of each point at each open site
    price : (q,) receives what one more unit of capacity would save, 0 where there is room
    """
    n, q = weight.size, opened.size
    near = np.empty((n, q))  # a point's costs side by side: every move of it reads them all
    for a in range(q):
        for i in range(n):
            near[i, a] = cost[opened[a], i]
    flow[:] = 0.0
    load = np.zeros(q)
    member = np.empty((q, n), np.int64)
    members = np.zeros(q, np.int64)
    total = 0.0
    for i in range(n):
        at, low = -1, np.inf
        for a in range(q):
            x = near[i, a]
            if x < low:
                at, low = a, x
        if at < 0:
            return np.inf
        flow[at, i] = 1.0
        member[at, members[at]] = i
        members[at] += 1
        load[at] += weight[i]
        total += low
    if total > limit:
        return np.inf
    slack = 1e-9 * max(1.0, weight.sum())
    move = np.full((q, q), np.inf)
    mover = np.full((q, q), -1, np.int64)
    for a in range(q):
        _refresh(a, near, weight, member, members, move, mover)
    potential = np.zeros(q)
    distance = np.empty(q)
    previous = np.empty(q, np.int64)
    for a in range(q):
        while load[a] > capacity[a] + slack:
            target = _shortest(a, move, potential, load, capacity, slack, distance, previous)
            if target < 0:
                return np.inf
            gain = 0.0
            amount = min(load[a] - capacity[a], capacity[target] - load[target])
            b = target
            while b != a:
                p = previous[b]
                i = mover[p, b]
                amount = min(amount, flow[p, i] * weight[i])
                gain += move[p, b]
                b = p
            total += amount * gain
            if total > limit:
                return np.inf
            b = target
            while b != a:
                p = previous[b]
                i = mover[p, b]
                share = amount / weight[i]
                if flow[b, i] <= 0.0:
                    member[b, members[b]] = i
                    members[b] += 1
                flow[b, i] += share
                flow[p, i] -= share
                if flow[p, i] < EMPTY:
                    flow[p, i] = 0.0
                    for t in range(members[p]):
                        if member[p, t] == i:
                            members[p] -= 1
                            member[p, t] = member[p, members[p]]
                            break
                b = p
            load[a] -= amount
            load[target] += amount
            b = target
            while True:
                _refresh(b, near, weight, member, members, move, mover)
                if b == a:
                    break
                b = previous[b]
    high = potential.max() if q else 0.0
    for a in range(q):
        price[a] = high - potential[a]  # sites with room stand highest
    exact = 0.0
    for a in range(q):
        for t in range(members[a]):
            i = member[a, t]
            exact += flow[a, i] * near[i, a]
    return exact


@njit(cache=True, nogil=True)
def _refresh(
    a: int,
    near: FloatArray,
    weight: FloatArray,
    member: IntArray,
    members: IntArray,
    move: FloatArray,
    mover: IntArray,
) -> None:
    """Cheapest unit that can leave site ``a`` for each other open site."""
    q = near.shape[1]
    for b in range(q):
        move[a, b] = np.inf
        mover[a, b] = -1
    for t in range(members[a]):
        i = member[a, t]
        if weight[i] <= 0.0:
            continue
        here = near[i, a]
        each = 1.0 / weight[i]
        for b in range(q):
            x = (near[i, b] - here) * each
            if x < move[a, b]:
                move[a, b] = x
                mover[a, b] = i
    move[a, a] = np.inf


@njit(cache=True, nogil=True)
def _shortest(
    a: int,
    move: FloatArray,
    potential: FloatArray,
    load: FloatArray,
    capacity: FloatArray,
    slack: float,
    distance: FloatArray,
    previous: IntArray,
) -> int:
    """Nearest site with room from ``a``, -1 if none can be reached.

    Dijkstra on reduced costs (Johnson's potentials): a move back can earn, but no cycle does.
    """
    q = distance.size
    distance[:] = np.inf
    done = np.zeros(q, np.bool_)
    distance[a] = 0.0
    while True:
        p, low = -1, np.inf
        for b in range(q):
            if not done[b] and distance[b] < low:
                p, low = b, distance[b]
        if p < 0:
            return -1
        done[p] = True
        if load[p] < capacity[p] - slack:
            for b in range(q):
                potential[b] += min(distance[b], low)
            return p
        for b in range(q):
            if not done[b]:
                # Below zero only by rounding.
                x = low + max(0.0, move[p, b] + potential[p] - potential[b])
                if x < distance[b]:
                    distance[b] = x
                    previous[b] = p

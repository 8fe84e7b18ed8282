"""Cheapest division of the demand among open sites: a transportation problem, solved exactly.

Every point starts at the open site that is cheapest at given prices of capacity (0, or those of a
similar plan). Surplus is then pushed along shortest paths in the graph of open sites and one more
node, the *pool* of room that nobody uses: moving from ``a`` to ``b`` costs what the best movable
point loses by it, taking room from the pool or giving it back is free. Successive shortest paths
keep the flow optimal for its loads, so it is optimal once nothing is left over or short (Ahuja,
Magnanti and Orlin 1993, section 9.7). The graph has only as many nodes as open sites, which is
what makes it quick; good prices leave few paths to push.
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
    start: FloatArray,
    limit: float,
    flow: FloatArray,
    price: FloatArray,
    halt: IntArray,
) -> float:
    """Least cost of serving everybody from the opened sites, ``inf`` if it cannot be done.

    Parameters
    ----------
    cost : (m, n) of serving the whole of a point
    opened : (q,) positions of open sites
    capacity : (q,) finite
    start : (q,) prices >= 0 to begin from; any give the same cost
    limit : stop with ``inf`` as soon as the cost is sure to be over this
    flow : (q, n) receives the share of each point at each open site
    price : (q,) receives what one more unit of capacity would save, 0 where there is room
    halt : (1,) once another thread sets it, the answer is ``inf``
    """
    n, q = weight.size, opened.size
    near = np.empty((n, q))  # a point's costs side by side: every move of it reads them all
    for a in range(q):
        for i in range(n):
            near[i, a] = cost[opened[a], i]
    flow[:] = 0.0
    member = np.empty((q, n), np.int64)
    members = np.zeros(q, np.int64)
    load = np.zeros(q)
    total = 0.0
    for i in range(n):
        at, low = -1, np.inf
        for a in range(q):
            x = near[i, a] + start[a] * weight[i]
            if x < low:
                at, low = a, x
        if at < 0:
            return np.inf
        flow[at, i] = 1.0
        member[at, members[at]] = i
        members[at] += 1
        load[at] += weight[i]
        total += near[i, at]
    slack = 1e-9 * max(1.0, weight.sum())
    # Room taken from the pool: all where it has a price. What is over (short) at each node.
    used, over = np.empty(q), np.zeros(q + 1)
    potential = np.zeros(q + 1)
    for a in range(q):
        used[a] = capacity[a] if start[a] > 0.0 else min(load[a], capacity[a])
        potential[a] = -start[a]
        over[a] = load[a] - used[a]
        over[q] -= over[a]
    move = np.full((q, q), np.inf)
    mover = np.full((q, q), -1, np.int64)
    for a in range(q):
        _refresh(a, near, weight, member, members, move, mover)
    distance = np.empty(q + 1)
    previous = np.empty(q + 1, np.int64)
    for source in range(q + 1):
        while over[source] > slack:
            # Optimal for its loads: the rest costs at least the difference of the potentials.
            if halt[0] != 0 or total - (potential * over).sum() > limit:
                return np.inf
            target = _shortest(
                source, move, potential, used, capacity, over, slack, distance, previous
            )
            if target < 0:
                return np.inf
            gain = 0.0
            amount = min(over[source], -over[target])
            b = target
            while b != source:
                p = previous[b]
                if b == q:
                    amount = min(amount, capacity[p] - used[p])
                elif p == q:
                    amount = min(amount, used[b])
                else:
                    i = mover[p, b]
                    amount = min(amount, flow[p, i] * weight[i])
                    gain += move[p, b]
                b = p
            total += amount * gain
            b = target
            while b != source:
                p = previous[b]
                if b == q:
                    used[p] += amount
                elif p == q:
                    used[b] -= amount
                else:
                    _carry(p, b, mover[p, b], amount, weight, flow, member, members)
                b = p
            over[source] -= amount
            over[target] += amount
            b = target
            while True:
                if b < q:
                    _refresh(b, near, weight, member, members, move, mover)
                if b == source:
                    break
                b = previous[b]
    for a in range(q):
        price[a] = max(0.0, potential[q] - potential[a])
    exact = 0.0
    for a in range(q):
        for t in range(members[a]):
            i = member[a, t]
            exact += flow[a, i] * near[i, a]
    return exact if exact <= limit else np.inf


@njit(cache=True, nogil=True)
def _carry(
    p: int,
    b: int,
    i: int,
    amount: float,
    weight: FloatArray,
    flow: FloatArray,
    member: IntArray,
    members: IntArray,
) -> None:
    """Move ``amount`` of point ``i`` from site ``p`` to site ``b``."""
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
    source: int,
    move: FloatArray,
    potential: FloatArray,
    used: FloatArray,
    capacity: FloatArray,
    over: FloatArray,
    slack: float,
    distance: FloatArray,
    previous: IntArray,
) -> int:
    """Nearest node that is short of load from ``source``, -1 if none can be reached.

    Dijkstra on reduced costs (Johnson's potentials): a move back can earn, but no cycle does. The
    last node is the pool.
    """
    q = used.size
    distance[:] = np.inf
    done = np.zeros(q + 1, np.bool_)
    distance[source] = 0.0
    while True:
        p, low = -1, np.inf
        for b in range(q + 1):
            if not done[b] and distance[b] < low:
                p, low = b, distance[b]
        if p < 0:
            return -1
        done[p] = True
        if over[p] < -slack:
            for b in range(q + 1):
                potential[b] += min(distance[b], low)
            return p
        for b in range(q + 1):
            if done[b]:
                continue
            if p == q:
                step = 0.0 if used[b] > slack else np.inf
            elif b == q:
                step = 0.0 if used[p] < capacity[p] - slack else np.inf
            else:
                step = move[p, b]
            # Below zero only by rounding.
            x = low + max(0.0, step + potential[p] - potential[b])
            if x < distance[b]:
                distance[b] = x
                previous[b] = p

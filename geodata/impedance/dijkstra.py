"""Compiled searches with a queue: bounded from many sources, k nearest, and one tree.

Each is Dijkstra's algorithm on a 4-ary heap with lazy deletion. They need no preparation beyond
grouping the arcs, so they serve short cutoffs, single paths and service areas; the sweep over the
hierarchy (``sweep.py``) serves the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.compiled import compiled

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]


@compiled
def grown(array: NDArray[Any]) -> NDArray[Any]:
    """The same values in an array twice as long."""
    longer = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):
        longer[i] = array[i]
    return longer


@compiled
def _push(
    keys: FloatArray, values: Int32Array, size: int, key: float, value: int
) -> tuple[FloatArray, Int32Array, int]:
    """Add an entry to the heap; returns the arrays, larger ones where they were full."""
    if size == len(keys):
        keys = grown(keys)
        values = grown(values)
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        values[i] = values[parent]
        i = parent
    keys[i] = key
    values[i] = value
    return keys, values, size + 1


@compiled
def _drop_least(keys: FloatArray, values: Int32Array, size: int) -> int:
    """Remove the entry on top of the heap; returns its new size."""
    size -= 1
    key = keys[size]
    value = values[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[least]:
                least = other
        if keys[least] >= key:
            break
        keys[i] = keys[least]
        values[i] = values[least]
        i = least
    keys[i] = key
    values[i] = value
    return size


@compiled
def bounded_search(  # noqa: C901, PLR0912, PLR0915 - one search loop
    start: Int64Array,
    head: Int32Array,
    cost: FloatArray,
    leave_node: Int32Array,
    leave_cost: FloatArray,
    entry_start: Int64Array,
    entry_target: Int32Array,
    entry_cost: FloatArray,
    n_targets: int,
    cutoff: float,
    first: int,
    stop: int,
    most_settled: int,
) -> tuple[Int64Array, Int32Array, FloatArray, int]:
    """Targets within ``cutoff`` of each of the sources ``first:stop``.

    Gives up on a source after ``most_settled`` nodes.

    Parameters
    ----------
    start, head, cost : the arcs that leave each node
    leave_node, leave_cost : (q, 2) departures of all sources
    entry_start, entry_target, entry_cost : targets that may be entered at each node, and the cost
        from there; ``entry_start`` is (v + 1,)

    Returns
    -------
    (stop - first,) found a source; then the targets found, their costs, and the nodes settled.
    """
    n_nodes = len(start) - 1
    reached = np.full(n_nodes, np.inf)
    touched = np.empty(n_nodes, np.int32)
    best = np.full(n_targets, np.inf)
    found = np.empty(n_targets, np.int32)
    keys = np.empty(1024, np.float64)
    values = np.empty(1024, np.int32)
    counts = np.zeros(stop - first, np.int64)
    targets = np.empty(1024, np.int32)
    costs = np.empty(1024, np.float64)
    total = 0
    settled = 0
    for source in range(first, stop):
        size = 0
        n_touched = 0
        n_found = 0
        for k in range(2):
            v = leave_node[source, k]
            x = leave_cost[source, k]
            if v >= 0 and x <= cutoff and x < reached[v]:
                if reached[v] == np.inf:
                    touched[n_touched] = v
                    n_touched += 1
                reached[v] = x
                keys, values, size = _push(keys, values, size, x, v)
        give_up = settled + most_settled
        while size > 0 and settled < give_up:
            x = keys[0]
            v = values[0]
            size = _drop_least(keys, values, size)
            if x > reached[v]:
                continue
            settled += 1
            for e in range(entry_start[v], entry_start[v + 1]):
                t = entry_target[e]
                y = x + entry_cost[e]
                if y <= cutoff and y < best[t]:
                    if best[t] == np.inf:
                        found[n_found] = t
                        n_found += 1
                    best[t] = y
            for a in range(start[v], start[v + 1]):
                u = head[a]
                y = x + cost[a]
                if y < reached[u] and y <= cutoff:
                    if reached[u] == np.inf:
                        touched[n_touched] = u
                        n_touched += 1
                    reached[u] = y
                    keys, values, size = _push(keys, values, size, y, u)
        while total + n_found > len(targets):
            targets = grown(targets)
            costs = grown(costs)
        for k in range(n_found):
            t = found[k]
            targets[total] = t
            costs[total] = best[t]
            best[t] = np.inf
            total += 1
        counts[source - first] = n_found
        for k in range(n_touched):
            reached[touched[k]] = np.inf
    return counts, targets[:total], costs[:total], settled


@compiled
def nearest_search(
    start: Int64Array,
    head: Int32Array,
    cost: FloatArray,
    seed_node: Int32Array,
    seed_cost: FloatArray,
    seed_target: Int32Array,
    k: int,
) -> tuple[Int32Array, FloatArray]:
    """The k targets nearest to every node, by one search that starts at all targets at once.

    A node is settled up to k times, each time by another target, nearest first.

    Parameters
    ----------
    start, head, cost : the arcs that enter each node; ``head`` is where they come from
    seed_node, seed_cost, seed_target : (s,) nodes at which targets are entered

    Returns
    -------
    (v, k) targets, -1 where there are fewer, and (v, k) costs, ``inf`` there
    """
    n_nodes = len(start) - 1
    label = np.full((n_nodes, k), -1, np.int32)
    label_cost = np.full((n_nodes, k), np.inf)
    count = np.zeros(n_nodes, np.int32)
    keys = np.empty(1024, np.float64)
    values = np.empty(1024, np.int32)
    entry_node = np.empty(4096, np.int32)
    entry_target = np.empty(4096, np.int32)
    n_entries = 0
    size = 0
    for s in range(len(seed_node)):
        if n_entries == len(entry_node):
            entry_node = grown(entry_node)
            entry_target = grown(entry_target)
        entry_node[n_entries] = seed_node[s]
        entry_target[n_entries] = seed_target[s]
        keys, values, size = _push(keys, values, size, seed_cost[s], n_entries)
        n_entries += 1
    while size > 0:
        x = keys[0]
        entry = values[0]
        size = _drop_least(keys, values, size)
        v = entry_node[entry]
        t = entry_target[entry]
        n = count[v]
        if n == k or _holds(label, v, n, t):
            continue
        label[v, n] = t
        label_cost[v, n] = x
        count[v] = n + 1
        for a in range(start[v], start[v + 1]):
            u = head[a]
            if count[u] == k or _holds(label, u, count[u], t):
                continue
            if n_entries == len(entry_node):
                entry_node = grown(entry_node)
                entry_target = grown(entry_target)
            entry_node[n_entries] = u
            entry_target[n_entries] = t
            keys, values, size = _push(keys, values, size, x + cost[a], n_entries)
            n_entries += 1
    return label, label_cost


@compiled
def _holds(label: Int32Array, v: int, n: int, t: int) -> bool:
    for i in range(n):  # noqa: SIM110 - numba compiles no generators
        if label[v, i] == t:
            return True
    return False


@compiled
def tree_search(
    start: Int64Array,
    head: Int32Array,
    cost: FloatArray,
    seed_node: Int32Array,
    seed_cost: FloatArray,
    seed_label: Int32Array,
    goals: Int32Array,
    cutoff: float,
) -> tuple[FloatArray, Int32Array, Int32Array]:
    """Least cost from the nearest seed to every node within ``cutoff``, or until all goals have it.

    Returns
    -------
    (v,) cost, (v,) arc by which a node is reached (-1 at seeds and beyond the search), (v,) label
    of its seed (-1 beyond)
    """
    n_nodes = len(start) - 1
    reached = np.full(n_nodes, np.inf)
    by_arc = np.full(n_nodes, -1, np.int32)
    label = np.full(n_nodes, -1, np.int32)
    is_goal = np.zeros(n_nodes, np.bool_)
    goals_left = 0
    for g in goals:
        if not is_goal[g]:
            is_goal[g] = True
            goals_left += 1
    stop_at_goals = goals_left > 0
    keys = np.empty(1024, np.float64)
    values = np.empty(1024, np.int32)
    size = 0
    for s in range(len(seed_node)):
        v = seed_node[s]
        if seed_cost[s] <= cutoff and seed_cost[s] < reached[v]:
            reached[v] = seed_cost[s]
            label[v] = seed_label[s]
            keys, values, size = _push(keys, values, size, seed_cost[s], v)
    while size > 0:
        x = keys[0]
        v = values[0]
        size = _drop_least(keys, values, size)
        if x > reached[v]:
            continue
        if is_goal[v]:
            is_goal[v] = False
            goals_left -= 1
        if stop_at_goals and goals_left == 0:
            break
        for a in range(start[v], start[v + 1]):
            u = head[a]
            y = x + cost[a]
            if y < reached[u] and y <= cutoff:
                reached[u] = y
                by_arc[u] = a
                label[u] = label[v]
                keys, values, size = _push(keys, values, size, y, u)
    return reached, by_arc, label

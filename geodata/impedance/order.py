"""The order in which a hierarchy eliminates nodes: what its size, and so its speed, depends on.

Nodes with at most two neighbours go first, in rounds, for they cost at most one new arc each and
make the rest of the work several times smaller. The core that is left is dissected: by METIS where
pymetis is installed, else by cuts across the plane (``dissection.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import grouped
from geodata.impedance.compiled import compiled
from geodata.impedance.dissection import dissect

try:
    import pymetis
except ImportError:  # no wheel for this platform: the geometric order serves
    pymetis = None  # type: ignore[assignment]

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.float64]

MOST_NEIGHBOURS = 64
"""Neighbours of larger hubs are left to the dissection: one by one they take quadratic time."""


def elimination_order(
    start: Int64Array, head: Int32Array, lon: FloatArray, lat: FloatArray, *, method: str
) -> Int32Array:
    """Nodes in the order of their elimination.

    Parameters
    ----------
    start, head : neighbours of each node: both ways, no loops, each once
    lon, lat : (v,) WGS84 degrees; only the geometric method looks at them
    method : "metis" or "geometric"
    """
    early, core, core_start, core_head = strip_low_degrees(start, head)
    if method == "metis":
        late = _metis(core_start, core_head)
    else:
        x, y = lon[core] * np.cos(np.radians(lat.mean())), lat[core]
        late = dissect(core_start, core_head, x, y)
    return np.concatenate((early, core[late]))


def available_method() -> str:
    """The better of the two methods that this installation has."""
    return "geometric" if pymetis is None else "metis"


def _metis(start: Int64Array, head: Int32Array) -> Int32Array:
    if len(head) == 0:  # METIS refuses a graph without edges
        return np.arange(len(start) - 1, dtype=np.int32)
    adjacency = pymetis.CSRAdjacency(start.astype(np.int32), head.astype(np.int32))
    order, _ = pymetis.nested_dissection(adjacency)
    return np.asarray(order, np.int32)


def neighbours(n_nodes: int, one: Int32Array, other: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Undirected neighbours of every node, ascending, each once, no loops."""
    apart = one != other
    ends = np.concatenate((one[apart], other[apart]))
    others = np.concatenate((other[apart], one[apart]))
    # Grouped by one end and then, keeping that order, by the other: a radix sort of the pairs.
    _, by_other = grouped(others, n_nodes)
    start, by_end = grouped(ends[by_other], n_nodes)
    return without_repeats(start, others[by_other][by_end])


@compiled
def without_repeats(start: Int64Array, head: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Each of the ascending ``head`` of a group once."""
    fewer_start = np.zeros_like(start)
    fewer = np.empty_like(head)
    size = 0
    for v in range(len(start) - 1):
        for e in range(start[v], start[v + 1]):
            if e == start[v] or head[e] != head[e - 1]:
                fewer[size] = head[e]
                size += 1
        fewer_start[v + 1] = size
    return fewer_start, fewer[:size].copy()


@compiled
def strip_low_degrees(  # noqa: C901, PLR0912, PLR0915 - one loop over one queue
    start: Int64Array, head: Int32Array
) -> tuple[Int32Array, Int32Array, Int64Array, Int32Array]:
    """Eliminate nodes of degree 0, 1 and 2 in rounds until none is left.

    No two neighbours go in one round, so a chain of nodes is halved by each round and hangs only a
    logarithm deep in the elimination tree.

    Returns
    -------
    Eliminated nodes in order, nodes of the core, and the core's neighbours in its own numbers.
    """
    n_nodes = len(start) - 1
    near = head.copy()
    size = np.empty(n_nodes, np.int64)
    degree = np.empty(n_nodes, np.int64)
    for v in range(n_nodes):
        size[v] = start[v + 1] - start[v]
        degree[v] = size[v]
    gone = np.zeros(n_nodes, np.bool_)
    last_round = np.zeros(n_nodes, np.int64)
    order = np.empty(n_nodes, np.int32)
    n_gone = 0
    waiting = np.empty(n_nodes, np.int32)
    n_waiting = 0
    for v in range(n_nodes):
        if degree[v] <= 2:
            waiting[n_waiting] = v
            n_waiting += 1
    is_waiting = degree <= 2
    turn = 0
    while n_waiting > 0:
        turn += 1
        n_now = n_waiting
        later = np.empty(n_nodes, np.int32)
        n_later = 0
        for i in range(n_now):
            v = waiting[i]
            if last_round[v] == turn:
                later[n_later] = v
                n_later += 1
                continue
            a = -1
            b = -1
            for e in range(start[v], start[v] + size[v]):
                u = near[e]
                if not gone[u]:
                    if a < 0:
                        a = u
                    else:
                        b = u
            if b >= 0 and max(size[a], size[b]) > MOST_NEIGHBOURS:
                continue
            gone[v] = True
            order[n_gone] = v
            n_gone += 1
            if b >= 0:
                joined = _replace(near, start[a], size[a], v, b)
                if joined:
                    _replace(near, start[b], size[b], v, a)
                else:
                    degree[a] -= 1
                    degree[b] -= 1
            elif a >= 0:
                degree[a] -= 1
            for u in (a, b):
                if u >= 0:
                    last_round[u] = turn
                    if degree[u] <= 2 and not is_waiting[u]:
                        is_waiting[u] = True
                        later[n_later] = u
                        n_later += 1
        waiting = later
        n_waiting = n_later
    return _core(near, start, size, gone, order[:n_gone])


@compiled
def _replace(near: Int32Array, first: int, size: int, old: int, new: int) -> bool:
    """Put ``new`` in the place of ``old`` unless it is there already; whether it was put."""
    place = -1
    for e in range(first, first + size):
        if near[e] == new:
            return False
        if near[e] == old:
            place = e
    near[place] = new
    return True


@compiled
def _core(
    near: Int32Array,
    start: Int64Array,
    size: Int64Array,
    gone: NDArray[np.bool_],
    order: Int32Array,
) -> tuple[Int32Array, Int32Array, Int64Array, Int32Array]:
    n_nodes = len(gone)
    number = np.full(n_nodes, -1, np.int32)
    core = np.empty(n_nodes - len(order), np.int32)
    n_core = 0
    for v in range(n_nodes):
        if not gone[v]:
            number[v] = n_core
            core[n_core] = v
            n_core += 1
    core_start = np.zeros(n_core + 1, np.int64)
    core_head = np.empty(len(near), np.int32)
    n_arcs = 0
    for i in range(n_core):
        v = core[i]
        for e in range(start[v], start[v] + size[v]):
            if not gone[near[e]]:
                core_head[n_arcs] = number[near[e]]
                n_arcs += 1
        core_start[i + 1] = n_arcs
    return order, core, core_start, core_head[:n_arcs].copy()

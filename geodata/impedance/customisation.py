"""Costs on a hierarchy: customise it for one metric, then drop every arc no shortest way needs.

Customisation gives each arc the least cost over all ways through lower nodes; perfect
customisation goes down again and finds arcs that are longer than some way through higher nodes
(Dibbelt, Strasser, Wagner: Customizable Contraction Hierarchies, 2016). Both look at the lower
triangles of one node at a time and write that node's arcs only, so subtrees that do not overlap
are done by different threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.compiled import compiled
from geodata.impedance.hierarchy import Hierarchy

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RankedArcs:
    """Arcs from each rank to higher ranks that some shortest way needs, in one direction.

    Parameters
    ----------
    start : (v + 1,)
    head : (m,) ranks, ascending at each rank
    cost : (m,)
    """

    start: Int64Array
    head: Int32Array
    cost: FloatArray


@dataclass(frozen=True, eq=False)
class Metric:
    """A hierarchy under one cost: ``up`` is driven from low to high, ``down`` from high to low."""

    hierarchy: Hierarchy
    up: RankedArcs
    down: RankedArcs

    def reversed(self) -> Metric:
        """The same roads driven the other way."""
        return Metric(self.hierarchy, up=self.down, down=self.up)


def customised(hierarchy: Hierarchy, cost: FloatArray) -> Metric:
    """The hierarchy under the costs of its edges, (e,), ``inf`` where closed."""
    h, n, height = hierarchy, hierarchy.n_nodes, hierarchy.height
    weight = least_costs(h.edge_slot, cost, h.n_arcs)
    customise(h.up_start, h.up_depth, h.lower_start, h.lower_arc, h.tail, weight, height, 0, n)
    exact = np.empty_like(weight)
    perfect(h.up_start, h.up_head, h.up_depth, weight, exact, height, 0, n)
    up, down = (RankedArcs(*needed_arcs(h.up_start, h.up_head, weight, exact, k)) for k in (0, 1))
    return Metric(hierarchy, up, down)


@compiled
def least_costs(edge_slot: Int64Array, cost: FloatArray, n_arcs: int) -> FloatArray:
    """Cheapest edge on each arc, (m, 2): up and down; ``inf`` where there is none."""
    weight = np.full((n_arcs, 2), np.inf)
    for e in range(len(edge_slot)):
        slot = edge_slot[e]
        if slot >= 0:
            weight[slot >> 1, slot & 1] = min(weight[slot >> 1, slot & 1], cost[e])
    return weight


@compiled
def needed_arcs(
    up_start: Int64Array, up_head: Int32Array, weight: FloatArray, exact: FloatArray, way: int
) -> tuple[Int64Array, Int32Array, FloatArray]:
    """Arcs that are no longer than every other way between their ends."""
    start = np.zeros_like(up_start)
    head = np.empty_like(up_head)
    cost = np.empty(len(up_head))
    size = 0
    for v in range(len(up_start) - 1):
        for e in range(up_start[v], up_start[v + 1]):
            if weight[e, way] < np.inf and weight[e, way] <= exact[e, way]:
                head[size] = up_head[e]
                cost[size] = weight[e, way]
                size += 1
        start[v + 1] = size
    return start, head[:size].copy(), cost[:size].copy()


@compiled
def customise(
    up_start: Int64Array,
    up_depth: Int32Array,
    lower_start: Int64Array,
    lower_arc: Int32Array,
    tail: Int32Array,
    weight: FloatArray,
    height: int,
    first: int,
    stop: int,
) -> None:
    """Lower triangles of the ranks ``first:stop``, whose lower neighbours are done."""
    row = np.empty((height, 2))
    for a in range(first, stop):
        for q in range(up_start[a], up_start[a + 1]):
            row[up_depth[q], 0] = weight[q, 0]
            row[up_depth[q], 1] = weight[q, 1]
        for e in range(lower_start[a], lower_start[a + 1]):
            i = lower_arc[e]
            end = up_start[tail[i] + 1]
            to_tail = weight[i, 1]
            from_tail = weight[i, 0]
            if to_tail == np.inf and from_tail == np.inf:
                continue
            for j in range(i + 1, end):
                d = up_depth[j]
                up = to_tail + weight[j, 0]
                down = weight[j, 1] + from_tail
                row[d, 0] = min(row[d, 0], up)
                row[d, 1] = min(row[d, 1], down)
        for q in range(up_start[a], up_start[a + 1]):
            weight[q, 0] = row[up_depth[q], 0]
            weight[q, 1] = row[up_depth[q], 1]


@compiled
def perfect(
    up_start: Int64Array,
    up_head: Int32Array,
    up_depth: Int32Array,
    weight: FloatArray,
    exact: FloatArray,
    height: int,
    first: int,
    stop: int,
) -> None:
    """Exact distances on the arcs of ranks ``first:stop``, whose higher neighbours are done."""
    place = np.empty(height, np.int64)
    for v in range(stop - 1, first - 1, -1):
        s = up_start[v]
        t = up_start[v + 1]
        for i in range(s, t):
            place[up_depth[i]] = i
            exact[i, 0] = weight[i, 0]
            exact[i, 1] = weight[i, 1]
        for i in range(s, t):
            a = up_head[i]
            q = up_start[a]
            up_i = weight[i, 0]
            down_i = weight[i, 1]
            least_up = exact[i, 0]
            least_down = exact[i, 1]
            j = i + 1
            while j < t:
                b = up_head[j]
                while up_head[q] != b:
                    q += 1
                least_up = min(least_up, weight[j, 0] + exact[q, 1])
                least_down = min(least_down, exact[q, 0] + weight[j, 1])
                exact[j, 0] = min(exact[j, 0], up_i + exact[q, 0])
                exact[j, 1] = min(exact[j, 1], exact[q, 1] + down_i)
                j += 1
            exact[i, 0] = least_up
            exact[i, 1] = least_down

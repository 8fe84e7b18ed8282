"""What a customisable contraction hierarchy keeps of a topology: order, elimination tree, arcs.

Nodes are renumbered by rank, a postorder of the elimination tree: every subtree is a run of ranks
that ends in its root. The upward arcs of a node lead to ancestors of it, whose depths in the tree
differ, so that a search over the arcs of one node needs arrays as long as the tree is high and not
as long as the graph is large. Nothing here depends on lengths, speeds or closures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import grouped
from geodata.impedance.compiled import compiled

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A topology's elimination tree and the arcs of its chordal completion.

    Parameters
    ----------
    rank : (v,) rank of each node of the topology
    parent : (v,) by rank, -1 at roots
    depth : (v,) by rank, 0 at roots
    size : (v,) by rank, nodes of the subtree; its ranks are ``rank - size + 1`` to ``rank``
    up_start, up_head : arcs from each rank to higher ranks, ascending
    up_depth : (m,) depth of each arc's head
    lower_start, lower_arc : arcs that enter each rank from below, by ascending tail
    tail : (m,) the lower rank of each arc
    edge_slot : (e,) ``2 * arc`` where an edge runs up its arc, ``2 * arc + 1`` down, -1 for loops
    """

    rank: Int32Array
    parent: Int32Array
    depth: Int32Array
    size: Int32Array
    up_start: Int64Array
    up_head: Int32Array
    up_depth: Int32Array
    lower_start: Int64Array
    lower_arc: Int32Array
    tail: Int32Array
    edge_slot: Int64Array

    @property
    def n_nodes(self) -> int:
        """Number of ranks."""
        return len(self.parent)

    @property
    def n_arcs(self) -> int:
        """Number of arcs, each of which serves both directions."""
        return len(self.up_head)

    @property
    def height(self) -> int:
        """Nodes on the longest way from a root down."""
        return int(self.depth.max()) + 1 if len(self.depth) else 0


def build_hierarchy(
    start: Int64Array,
    head: Int32Array,
    order: Int32Array,
    edge_from: Int32Array,
    edge_to: Int32Array,
) -> Hierarchy:
    """The hierarchy of a topology under an elimination order.

    Parameters
    ----------
    start, head : neighbours of each node, both ways, no loops
    order : (v,) nodes in the order of their elimination
    edge_from, edge_to : (e,) the directed edges, each between two neighbours or a loop
    """
    n_nodes = len(order)
    rank = np.empty(n_nodes, np.int32)
    rank[order] = np.arange(n_nodes, dtype=np.int32)
    number = postorder(elimination_tree(*_by_rank(start, head, rank)))
    rank = number[rank]
    ranked_start, ranked_head = _by_rank(start, head, rank)
    parent = elimination_tree(ranked_start, ranked_head)
    depth, size = depths_and_sizes(parent)
    up_start, up_head = chordal_arcs(ranked_start, ranked_head, parent)
    lower_start, lower_arc = grouped(up_head, n_nodes)
    return Hierarchy(
        rank=rank,
        parent=parent,
        depth=depth,
        size=size,
        up_start=up_start,
        up_head=up_head,
        up_depth=depth[up_head],
        lower_start=lower_start,
        lower_arc=lower_arc,
        tail=np.repeat(np.arange(n_nodes, dtype=np.int32), np.diff(up_start)),
        edge_slot=edge_slots(up_start, up_head, rank[edge_from], rank[edge_to]),
    )


def _by_rank(
    start: Int64Array, head: Int32Array, rank: Int32Array
) -> tuple[Int64Array, Int32Array]:
    """The neighbours of each rank, as ranks."""
    ends = np.repeat(rank, np.diff(start))
    ranked_start, member = grouped(ends, len(rank))
    return ranked_start, rank[head][member]


@compiled
def depths_and_sizes(parent: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Depth of each rank in the tree, and nodes of its subtree."""
    n = len(parent)
    depth = np.zeros(n, np.int32)
    size = np.ones(n, np.int32)
    for v in range(n):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    for v in range(n - 1, -1, -1):
        if parent[v] >= 0:
            depth[v] = depth[parent[v]] + 1
    return depth, size


@compiled
def edge_slots(
    up_start: Int64Array, up_head: Int32Array, tail: Int32Array, head: Int32Array
) -> Int64Array:
    """Where the cost of each edge goes: its arc and the direction on it."""
    slot = np.full(len(tail), -1, np.int64)
    for e in range(len(tail)):
        low = min(tail[e], head[e])
        high = max(tail[e], head[e])
        if low < high:
            first = up_start[low]
            arc = first + np.searchsorted(up_head[first : up_start[low + 1]], high)
            slot[e] = 2 * arc + (tail[e] == high)
    return slot


@compiled
def elimination_tree(start: Int64Array, head: Int32Array) -> Int32Array:
    """Parent of each rank in the elimination tree (Liu 1990, with path compression)."""
    n = len(start) - 1
    parent = np.full(n, -1, np.int32)
    ancestor = np.full(n, -1, np.int32)
    for i in range(n):
        for e in range(start[i], start[i + 1]):
            k = head[e]
            while k != -1 and k < i:
                above = ancestor[k]
                ancestor[k] = i
                if above == -1:
                    parent[k] = i
                k = above
    return parent


@compiled
def postorder(parent: Int32Array) -> Int32Array:
    """New number of each rank so that every subtree is a run that ends in its root."""
    n = len(parent)
    first = np.full(n + 1, -1, np.int32)
    following = np.full(n, -1, np.int32)
    for v in range(n - 1, -1, -1):
        p = parent[v] if parent[v] >= 0 else n
        following[v] = first[p]
        first[p] = v
    number = np.empty(n, np.int32)
    stack = np.empty(n + 1, np.int32)
    stack[0] = n
    size = 1
    done = 0
    while size > 0:
        v = stack[size - 1]
        child = first[v]
        if child >= 0:
            first[v] = following[child]
            stack[size] = child
            size += 1
        else:
            size -= 1
            if v < n:
                number[v] = done
                done += 1
    return number


@compiled
def chordal_arcs(
    start: Int64Array, head: Int32Array, parent: Int32Array
) -> tuple[Int64Array, Int32Array]:
    """Upward arcs of every rank after all lower ranks were eliminated, ascending.

    Row i of the Cholesky factor is the part of the elimination tree between the lower neighbours
    of i and i itself; walking it costs one step an arc (Gilbert, Ng, Peyton 1994).
    """
    n = len(parent)
    up_start = np.zeros(n + 1, np.int64)
    mark = np.full(n, -1, np.int32)
    for i in range(n):
        mark[i] = i
        for e in range(start[i], start[i + 1]):
            k = head[e]
            while k < i and mark[k] != i:
                mark[k] = i
                up_start[k + 1] += 1
                k = parent[k]
    for v in range(n):
        up_start[v + 1] += up_start[v]
    free = up_start[:-1].copy()
    up_head = np.empty(up_start[n], np.int32)
    mark[:] = -1
    for i in range(n):
        mark[i] = i
        for e in range(start[i], start[i + 1]):
            k = head[e]
            while k < i and mark[k] != i:
                mark[k] = i
                up_head[free[k]] = i
                free[k] += 1
                k = parent[k]
    return up_start, up_head

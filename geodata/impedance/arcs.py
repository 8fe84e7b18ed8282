"""The usable arcs of a cost graph, grouped by node, for searches that run along them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.compiled import compiled
from geodata.roads.graph import CostGraph

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs of one direction: ``start[v]:start[v + 1]`` are those at node ``v``.

    Parameters
    ----------
    start : (v + 1,)
    head : (m,) the node at the other end
    cost : (m,) finite
    edge : (m,) edge of the road graph
    """

    start: Int64Array
    head: Int32Array
    cost: NDArray[np.float64]
    edge: Int32Array


def checked_costs(graph: CostGraph) -> NDArray[np.float64]:
    """The costs of a graph as float64.

    Raises
    ------
    ValueError
        Where a cost is negative or not a number, or the arrays do not fit the topology.
    """
    cost = np.ascontiguousarray(graph.cost, np.float64)
    edges = graph.topology.n_edges
    if len(cost) != edges or len(graph.reverse) != edges:
        raise ValueError(
            f"{edges} edges have {len(cost)} costs and {len(graph.reverse)} reverse edges"
        )
    wrong = ~(cost >= 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"{wrong.sum()} edges have a negative or missing cost "
            f"(first: edge {first} with {cost[first]}); close an edge with inf"
        )
    return cost


def usable_arcs(graph: CostGraph, *, backward: bool = False) -> Arcs:
    """Arcs with a finite cost and two different ends, from each node or (``backward``) into it."""
    cost = checked_costs(graph)
    tail, head = graph.topology.edge_from, graph.topology.edge_to
    if backward:
        tail, head = head, tail
    edge = np.flatnonzero(np.isfinite(cost) & (tail != head))
    start, member = grouped(tail[edge].astype(np.int32), graph.topology.n_nodes)
    edge = edge[member]
    return Arcs(start, head[edge].astype(np.int32), cost[edge], edge.astype(np.int32))


@compiled
def grouped(key: Int32Array, n_keys: int) -> tuple[Int64Array, Int32Array]:
    """Positions of equal keys together, in order: ``member[start[k]:start[k + 1]]`` have key k."""
    start = np.zeros(n_keys + 1, np.int64)
    for k in key:
        start[k + 1] += 1
    for k in range(n_keys):
        start[k + 1] += start[k]
    free = start[:-1].copy()
    member = np.empty(len(key), np.int32)
    for i in range(len(key)):
        k = key[i]
        member[free[k]] = i
        free[k] += 1
    return start, member

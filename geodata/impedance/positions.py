"""Positions on edges as the searches see them: nodes to leave by, nodes to arrive by, shortcuts.

A search runs from node to node. A position inside an edge is left by up to two nodes (onward, and
back over the reverse edge) and entered by up to two. Two positions on one line may also be joined
along it without meeting a node. A position at the very end of an edge is the node there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import CostGraph, RoadPositions, RoadTopology

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]

SAME_PLACE = 1e-12
"""Positions closer than this share of an edge are one place; 1 - f has rounding of this order."""


@dataclass(frozen=True, eq=False)
class Ends:
    """How positions hang on the nodes of the graph.

    Parameters
    ----------
    node : (q, 2) the nodes at which a position is left or entered, -1 where there is none
    offset : (q, 2) cost between the position and that node, ``inf`` where there is none
    """

    node: Int32Array
    offset: FloatArray

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True, eq=False)
class DirectWays:
    """Pairs of positions joined along one line, without passing a node.

    Parameters
    ----------
    source, target : (m,) positions in the lists of sources and targets
    cost : (m,) cost along the line
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    cost: FloatArray


def at_nodes(topology: RoadTopology, nodes: NDArray[np.integer]) -> RoadPositions:
    """The positions that stand for whole nodes.

    Parameters
    ----------
    nodes : (q,) node positions

    Returns
    -------
    RoadPositions
        On an edge that leaves the node, or one that enters it; on no road where it has none.
    """
    edge = np.full(topology.n_nodes, -1, np.int32)
    fraction = np.zeros(topology.n_nodes)
    every_edge = np.arange(topology.n_edges, dtype=np.int32)
    edge[topology.edge_to] = every_edge
    fraction[topology.edge_to] = 1.0
    edge[topology.edge_from] = every_edge
    fraction[topology.edge_from] = 0.0
    return RoadPositions(edge[nodes], fraction[nodes])


def departures(graph: CostGraph, sources: RoadPositions) -> Ends:
    """Nodes by which ``sources`` are left, and the cost of getting to them."""
    checked(graph, sources)
    return _ends(graph, sources, leaving=True)


def arrivals(graph: CostGraph, targets: RoadPositions) -> Ends:
    """Nodes by which ``targets`` are entered, and the cost from there."""
    checked(graph, targets)
    return _ends(graph, targets, leaving=False)


def direct_ways(graph: CostGraph, sources: RoadPositions, targets: RoadPositions) -> DirectWays:
    """Every pair of positions on one line whose way along it is allowed (or has no length)."""
    source_line, source_at = on_line(graph, sources)
    target_line, target_at = on_line(graph, targets)
    order = np.argsort(target_line, kind="stable")
    sorted_lines = target_line[order]
    first = np.searchsorted(sorted_lines, source_line, "left")
    count = np.searchsorted(sorted_lines, source_line, "right") - first
    count[source_line < 0] = 0
    source = np.repeat(np.arange(len(source_line)), count)
    within_run = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
    target = order[np.repeat(first, count) + within_run]
    cost = _along(graph, source_line[source], source_at[source], target_at[target])
    usable = np.isfinite(cost)
    return DirectWays(source[usable], target[usable], cost[usable])


def checked(graph: CostGraph, positions: RoadPositions) -> None:
    """Raise where a position cannot be on this graph.

    Raises
    ------
    ValueError
        Naming how many positions are wrong, the first of them and its value.
    """
    edge, fraction = positions.edge, positions.fraction
    if len(edge) != len(fraction):
        raise ValueError(f"positions have {len(edge)} edges but {len(fraction)} fractions")
    beyond = edge >= graph.topology.n_edges
    if beyond.any():
        first = int(np.argmax(beyond))
        raise ValueError(
            f"{beyond.sum()} positions are on edges that the graph does not have (first: position "
            f"{first} on edge {edge[first]} of {graph.topology.n_edges}); snap to this graph"
        )
    outside = (edge >= 0) & ~((fraction >= 0) & (fraction <= 1))
    if outside.any():
        first = int(np.argmax(outside))
        raise ValueError(
            f"{outside.sum()} positions have a fraction outside 0..1 "
            f"(first: position {first} with {fraction[first]})"
        )


def _ends(graph: CostGraph, positions: RoadPositions, *, leaving: bool) -> Ends:
    topology = graph.topology
    on_road = positions.edge >= 0
    edge = np.where(on_road, positions.edge, 0).astype(np.int64)
    fraction = positions.fraction.astype(np.float64)
    node = np.full((len(edge), 2), -1, np.int32)
    offset = np.full((len(edge), 2), np.inf)
    if not on_road.any():
        return Ends(node, offset)
    back = graph.reverse[edge].astype(np.int64)
    forward_share = 1 - fraction if leaving else fraction
    along = _share(graph.cost[edge], forward_share)
    against = np.where(back >= 0, _share(graph.cost[back], 1 - forward_share), np.inf)
    head, tail = topology.edge_to[edge], topology.edge_from[edge]
    node[:, 0] = head if leaving else tail
    node[:, 1] = tail if leaving else head
    offset[:, 0], offset[:, 1] = along, against
    for at_end, its_node in ((fraction == 0, tail), (fraction == 1, head)):
        node[at_end, 0] = its_node[at_end]
        offset[at_end] = 0.0, np.inf
    loop = node[:, 0] == node[:, 1]
    offset[loop, 0] = offset[loop].min(axis=1)
    offset[loop, 1] = np.inf
    offset[~on_road] = np.inf
    swap = np.isinf(offset[:, 0]) & np.isfinite(offset[:, 1])
    node[swap], offset[swap] = node[swap][:, ::-1], offset[swap][:, ::-1]
    node[np.isinf(offset)] = -1
    return Ends(node, offset)


def _share(cost: FloatArray, share: FloatArray) -> FloatArray:
    """Part of an edge's cost; a closed edge stays closed, whatever the part."""
    usable = np.isfinite(cost)
    return np.where(usable, np.where(usable, cost, 0.0) * share, np.inf)


def on_line(graph: CostGraph, positions: RoadPositions) -> tuple[NDArray[np.int64], FloatArray]:
    """Each position on the lower-numbered edge of its line, so that both directions compare."""
    edge = positions.edge.astype(np.int64)
    back = np.where(edge >= 0, graph.reverse[np.maximum(edge, 0)], -1) if len(edge) else edge
    turned = (back >= 0) & (back < edge)
    return np.where(turned, back, edge), np.where(
        turned, 1 - positions.fraction, positions.fraction
    )


def _along(
    graph: CostGraph, line: NDArray[np.int64], start: FloatArray, end: FloatArray
) -> FloatArray:
    """Cost between two places on a line, by its own direction or the other."""
    apart = end - start
    back = graph.reverse[line]
    onward = _share(graph.cost[line], np.maximum(apart, 0.0))
    backward = np.where(back >= 0, _share(graph.cost[back], np.maximum(-apart, 0.0)), np.inf)
    cost = np.where(apart > 0, onward, backward)
    return np.where(np.abs(apart) <= SAME_PLACE, 0.0, cost)

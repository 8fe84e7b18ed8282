"""Positions on edges as the searches see them: nodes to leave by, nodes to arrive by, shortcuts.

A search runs from node to node. A position inside an edge is left by up to two nodes (onward, and
back over the reverse edge) and entered by up to two. Two positions on one line may also be joined
along it without meeting a node. A position at the very end of an edge is the node there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import CostGraph, RoadPositions

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
    """Ends over the position's own edge and over its reverse, each once, usable ones first.

    Where turn restrictions have split a junction, the ends of an edge and of its reverse are
    different nodes at one place, so they are looked up apart.
    """
    topology = graph.topology
    on_road = positions.edge >= 0
    if not on_road.any():
        return Ends(
            np.full((len(positions), 2), -1, np.int32), np.full((len(positions), 2), np.inf)
        )
    edge = np.where(on_road, positions.edge, 0).astype(np.int64)
    back = graph.reverse[edge].astype(np.int64)
    fraction = positions.fraction.astype(np.float64)
    exits, entries = topology.edge_to, topology.edge_from
    used = exits if leaving else entries
    node = np.stack((used[edge], used[back]), axis=1)
    onward = 1 - fraction if leaving else fraction
    offset = np.stack((_share(graph.cost[edge], onward), _share(graph.cost[back], 1 - onward)), 1)
    offset[back < 0, 1] = np.inf
    for at_end, own, other in ((fraction == 0, entries, exits), (fraction == 1, exits, entries)):
        node[at_end] = np.stack((own[edge], other[back]), axis=1)[at_end]
        offset[at_end, 0] = 0.0
        offset[at_end, 1] = np.where(np.isfinite(offset[at_end, 1]), 0.0, np.inf)
    one_node = node[:, 0] == node[:, 1]
    offset[one_node, 0] = offset[one_node].min(axis=1)
    offset[one_node, 1] = np.inf
    offset[~on_road] = np.inf
    turned = offset[:, 0] > offset[:, 1]
    node[turned], offset[turned] = node[turned][:, ::-1], offset[turned][:, ::-1]
    node[np.isinf(offset)] = -1
    return Ends(node, offset)


def _share(cost: FloatArray, share: FloatArray) -> FloatArray:
    """Part of an edge's cost; a closed edge stays closed, whatever the part."""
    usable = np.isfinite(cost)
    return np.where(usable, np.where(usable, cost, 0.0) * share, np.inf)


def on_line(graph: CostGraph, positions: RoadPositions) -> tuple[NDArray[np.int64], FloatArray]:
    """Each position on the lower-numbered edge of its line, so that both directions compare."""
    edge = positions.edge.astype(np.int64)
    on_road = edge >= 0
    back = np.full(len(edge), -1, np.int64)
    back[on_road] = graph.reverse[edge[on_road]]
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

"""One least-cost way over the roads, edge by edge, for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import Arcs, usable_arcs
from geodata.impedance.compiled import announce
from geodata.impedance.dijkstra import tree_search
from geodata.impedance.positions import Ends, arrivals, departures, direct_ways, on_line
from geodata.roads.graph import CostGraph, RoadPositions

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Part = tuple[int, float, float]
"""An edge, and where driving on it starts and ends, 0..1 along its own direction."""


@dataclass(frozen=True, eq=False)
class Route:
    """A way over the roads.

    Parameters
    ----------
    edge : (m,) edges in driving order; none where source and target are one place
    start, end : (m,) the part of each edge that is driven, 0..1 along its own direction
    cost : in the graph's unit, ``inf`` where there is no way
    """

    edge: Int64Array
    start: FloatArray
    end: FloatArray
    cost: float


def path(graph: CostGraph, source: RoadPositions, target: RoadPositions) -> Route:
    """The least-cost way from one position to another, in driving direction.

    Parameters
    ----------
    source, target : one position each

    Raises
    ------
    ValueError
        If there is not exactly one source and one target.
    """
    if len(source) != 1 or len(target) != 1:
        raise ValueError(f"a path joins 1 source and 1 target, not {len(source)} and {len(target)}")
    announce()
    leave, enter = departures(graph, source), arrivals(graph, target)
    arcs = usable_arcs(graph)
    cost, by_arc, first, last = _search(arcs, leave, enter)
    direct = direct_ways(graph, source, target)
    if len(direct.cost) and direct.cost[0] <= cost:
        return _route(_direct_part(graph, source, target), float(direct.cost[0]))
    if np.isinf(cost):
        return _route([], np.inf)
    parts = _first_part(graph, source, leave, first)
    parts += [(edge, 0.0, 1.0) for edge in _trace(graph, arcs, by_arc, enter.node[0, last])]
    parts += _last_part(graph, target, enter, last)
    return _route(parts, cost)


def _search(arcs: Arcs, leave: Ends, enter: Ends) -> tuple[float, NDArray[np.int32], int, int]:
    """Least cost, the arcs of the tree, and which of the two ends are left and entered."""
    seeds = np.flatnonzero(leave.node[0] >= 0).astype(np.int32)
    goals = np.flatnonzero(enter.node[0] >= 0)
    reached, by_arc, label = tree_search(
        arcs.start,
        arcs.head,
        arcs.cost,
        leave.node[0, seeds],
        leave.offset[0, seeds],
        seeds,
        enter.node[0, goals],
        np.inf,
    )
    if not len(goals) or not len(seeds):
        return np.inf, by_arc, -1, -1
    at_goal = reached[enter.node[0, goals]] + enter.offset[0, goals]
    last = int(goals[np.argmin(at_goal)])
    return float(at_goal.min()), by_arc, int(label[enter.node[0, last]]), last


def _trace(graph: CostGraph, arcs: Arcs, by_arc: NDArray[np.int32], node: int) -> list[int]:
    """Edges from the seed to ``node``, in driving order."""
    edges = []
    while by_arc[node] >= 0:
        edge = int(arcs.edge[by_arc[node]])
        edges.append(edge)
        node = int(graph.topology.edge_from[edge])
    return edges[::-1]


def _directions(graph: CostGraph, position: RoadPositions) -> list[tuple[int, float]]:
    """The edges of a position's line that may be driven, with its fraction on each."""
    edge, fraction = int(position.edge[0]), float(position.fraction[0])
    back = int(graph.reverse[edge])
    both = [(edge, fraction)] + ([(back, 1 - fraction)] if back >= 0 else [])
    return [(e, f) for e, f in both if np.isfinite(graph.cost[e])]


def _first_part(graph: CostGraph, source: RoadPositions, leave: Ends, slot: int) -> list[Part]:
    """The rest of the edge that the source lies on, towards the node it is left by."""
    if float(source.fraction[0]) in {0.0, 1.0}:
        return []
    node = leave.node[0, slot]
    ways = [(e, f) for e, f in _directions(graph, source) if graph.topology.edge_to[e] == node]
    edge, fraction = min(ways, key=lambda way: graph.cost[way[0]] * (1 - way[1]))
    return [(edge, fraction, 1.0)]


def _last_part(graph: CostGraph, target: RoadPositions, enter: Ends, slot: int) -> list[Part]:
    """The first part of the edge that the target lies on, from the node it is entered by."""
    if float(target.fraction[0]) in {0.0, 1.0}:
        return []
    node = enter.node[0, slot]
    ways = [(e, f) for e, f in _directions(graph, target) if graph.topology.edge_from[e] == node]
    edge, fraction = min(ways, key=lambda way: graph.cost[way[0]] * way[1])
    return [(edge, 0.0, fraction)]


def _direct_part(graph: CostGraph, source: RoadPositions, target: RoadPositions) -> list[Part]:
    line, start = on_line(graph, source)
    _, end = on_line(graph, target)
    edge = int(line[0])
    if end[0] > start[0]:
        return [(edge, float(start[0]), float(end[0]))]
    if end[0] < start[0] and graph.reverse[edge] >= 0:
        return [(int(graph.reverse[edge]), float(1 - start[0]), float(1 - end[0]))]
    return []


def _route(parts: list[Part], cost: float) -> Route:
    edge, start, end = zip(*parts, strict=True) if parts else ((), (), ())
    return Route(np.array(edge, np.int64), np.array(start, float), np.array(end, float), cost)

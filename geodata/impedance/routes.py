"""Least-cost ways over the roads, edge by edge, for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import Arcs, usable_arcs
from geodata.impedance.compiled import announce
from geodata.impedance.dijkstra import tree_search
from geodata.impedance.positions import (
    SAME_PLACE,
    arrivals,
    departures,
    direct_ways,
    on_line,
)
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
    both = RoadPositions(
        np.concatenate((source.edge, target.edge)),
        np.concatenate((source.fraction, target.fraction)),
    )
    return Ways(graph, both).between(0, 1)


class Ways:
    """Least-cost ways between the positions of a list: what they share is made once."""

    def __init__(self, graph: CostGraph, positions: RoadPositions) -> None:
        announce()
        self._graph, self._positions = graph, positions
        self._leave, self._enter = departures(graph, positions), arrivals(graph, positions)
        self._arcs = usable_arcs(graph)
        direct = direct_ways(graph, positions, positions)
        pairs = zip(direct.source.tolist(), direct.target.tolist(), strict=True)
        self._direct = dict(zip(pairs, direct.cost.tolist(), strict=True))

    def between(self, source: int, target: int) -> Route:
        """The way from one of the positions to another, in driving direction."""
        graph, start, end = self._graph, self._one(source), self._one(target)
        cost, by_arc, first, last = self._search(source, target)
        direct = self._direct.get((source, target), np.inf)
        if direct <= cost and np.isfinite(direct):
            return _route(_direct_part(graph, start, end), direct)
        if np.isinf(cost):
            return _route([], np.inf)
        parts = _first_part(graph, start, int(self._leave.node[source, first]))
        entered = int(self._enter.node[target, last])
        parts += [(edge, 0.0, 1.0) for edge in _trace(graph, self._arcs, by_arc, entered)]
        parts += _last_part(graph, end, entered)
        return _route(parts, cost)

    def _one(self, at: int) -> RoadPositions:
        return RoadPositions(self._positions.edge[[at]], self._positions.fraction[[at]])

    def _search(self, source: int, target: int) -> tuple[float, NDArray[np.int32], int, int]:
        """Least cost, the arcs of the tree, and which of the two ends are left and entered."""
        arcs, left, entered = self._arcs, self._leave.node[source], self._enter.node[target]
        seeds = np.flatnonzero(left >= 0).astype(np.int32)
        goals = np.flatnonzero(entered >= 0)
        reached, by_arc, label = tree_search(
            arcs.start,
            arcs.head,
            arcs.cost,
            left[seeds],
            self._leave.offset[source, seeds],
            seeds,
            entered[goals],
            np.inf,
        )
        if not len(goals) or not len(seeds):
            return np.inf, by_arc, -1, -1
        at_goal = reached[entered[goals]] + self._enter.offset[target, goals]
        last = int(goals[np.argmin(at_goal)])
        return float(at_goal.min()), by_arc, int(label[entered[last]]), last


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


def _first_part(graph: CostGraph, source: RoadPositions, node: int) -> list[Part]:
    """The rest of the edge that the source lies on, towards the node it is left by."""
    if float(source.fraction[0]) in {0.0, 1.0}:
        return []
    ways = [(e, f) for e, f in _directions(graph, source) if graph.topology.edge_to[e] == node]
    edge, fraction = min(ways, key=lambda way: graph.cost[way[0]] * (1 - way[1]))
    return [(edge, fraction, 1.0)]


def _last_part(graph: CostGraph, target: RoadPositions, node: int) -> list[Part]:
    """The first part of the edge that the target lies on, from the node it is entered by."""
    if float(target.fraction[0]) in {0.0, 1.0}:
        return []
    ways = [(e, f) for e, f in _directions(graph, target) if graph.topology.edge_from[e] == node]
    edge, fraction = min(ways, key=lambda way: graph.cost[way[0]] * way[1])
    return [(edge, 0.0, fraction)]


def _direct_part(graph: CostGraph, source: RoadPositions, target: RoadPositions) -> list[Part]:
    line, start = on_line(graph, source)
    _, end = on_line(graph, target)
    edge = int(line[0])
    if abs(end[0] - start[0]) <= SAME_PLACE:
        return []
    if end[0] > start[0]:
        return [(edge, float(start[0]), float(end[0]))]
    if end[0] < start[0] and graph.reverse[edge] >= 0:
        return [(int(graph.reverse[edge]), float(1 - start[0]), float(1 - end[0]))]
    return []


def _route(parts: list[Part], cost: float) -> Route:
    edge, start, end = zip(*parts, strict=True) if parts else ((), (), ())
    return Route(np.array(edge, np.int64), np.array(start, float), np.array(end, float), cost)

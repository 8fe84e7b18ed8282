"""How far one gets over the roads from one or more sources: costs of nodes, portions of edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import usable_arcs
from geodata.impedance.compiled import announce
from geodata.impedance.dijkstra import tree_search
from geodata.impedance.positions import arrivals, departures
from geodata.roads.graph import CostGraph, RoadPositions

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EdgePortions:
    """Parts of edges, each part once: sorted by edge, parts of one edge do not touch.

    Parameters
    ----------
    edge : (m,)
    start, end : (m,) 0..1 along the edge's own direction, ``start <= end``
    """

    edge: Int64Array
    start: FloatArray
    end: FloatArray


@dataclass(frozen=True, eq=False)
class Reach:
    """What can be reached from the nearest of some sources, or can reach it.

    Parameters
    ----------
    graph : the roads it was measured on
    sources : (q,) the sources
    inward : costs are towards the sources (villages driving to a site) instead of away from them
    limit : the largest cutoff searched for
    node_cost : (v,) least cost between the nearest source and the node, ``inf`` beyond the limit
    node_source : (v,) which source that is, -1 beyond the limit
    """

    graph: CostGraph
    sources: RoadPositions
    inward: bool
    limit: float
    node_cost: FloatArray
    node_source: NDArray[np.int32]

    def portions(self, cutoff: float) -> EdgePortions:
        """The parts of the edges within ``cutoff``, in the graph's unit.

        Raises
        ------
        ValueError
            If the cutoff is beyond the one that was searched for.
        """
        if cutoff > self.limit:
            raise ValueError(
                f"cutoff {cutoff} {self.graph.unit} is beyond the {self.limit} {self.graph.unit} "
                "searched for; ask reach for it"
            )
        from_node = self._from_nodes(cutoff)
        from_source = self._from_sources(cutoff)
        edge, start, end = (
            np.concatenate(pair) for pair in zip(from_node, from_source, strict=True)
        )
        if self.inward:
            start, end = 1 - end, 1 - start
        return _merged(edge, start, end)

    def _from_nodes(self, cutoff: float) -> tuple[Int64Array, FloatArray, FloatArray]:
        """Parts driven from the node where an edge is entered (against its direction, inward)."""
        topology = self.graph.topology
        at_node = self.node_cost[topology.edge_to if self.inward else topology.edge_from]
        edge = np.flatnonzero(np.isfinite(self.graph.cost) & (at_node <= cutoff))
        end = _share_of(self.graph.cost[edge], cutoff - at_node[edge])
        return edge, np.zeros(len(edge)), end

    def _from_sources(self, cutoff: float) -> tuple[Int64Array, FloatArray, FloatArray]:
        """Parts driven from a source inside an edge, on that edge and on its reverse."""
        inside = np.flatnonzero((self.sources.edge >= 0) & (cutoff >= 0))
        edge = self.sources.edge[inside].astype(np.int64)
        at = self.sources.fraction[inside].astype(float)
        back = self.graph.reverse[edge].astype(np.int64)
        two_way = back >= 0
        edge = np.concatenate((edge, back[two_way]))
        at = np.concatenate((at, 1 - at[two_way]))
        usable = np.isfinite(self.graph.cost[edge])
        edge, at = edge[usable], at[usable]
        start = 1 - at if self.inward else at
        return edge, start, np.minimum(1.0, start + _share_of(self.graph.cost[edge], cutoff))


def reach(
    graph: CostGraph,
    sources: RoadPositions,
    cutoffs: float | Sequence[float] | FloatArray,
    *,
    inward: bool = False,
) -> Reach:
    """Search the roads around some sources up to the largest of the cutoffs.

    For areas of each source apart, call it with one source at a time; with several, each place
    belongs to the nearest.

    Parameters
    ----------
    sources : (q,) positions
    cutoffs : one or several limits in the graph's unit
    inward : measure towards the sources, as the villages drive, instead of away from them
    """
    announce()
    limit = float(np.max(cutoffs))
    arcs = usable_arcs(graph, backward=inward)
    ends = arrivals(graph, sources) if inward else departures(graph, sources)
    seeds = np.flatnonzero(ends.node.ravel() >= 0)
    node_cost, _, node_source = tree_search(
        arcs.start,
        arcs.head,
        arcs.cost,
        ends.node.ravel()[seeds],
        ends.offset.ravel()[seeds],
        (seeds // 2).astype(np.int32),
        np.empty(0, np.int32),
        limit,
    )
    return Reach(graph, sources, inward, limit, node_cost, node_source)


def _share_of(cost: FloatArray, budget: FloatArray | float) -> FloatArray:
    """Part of an edge that a budget pays for, at most all of it."""
    whole = np.asarray(budget >= cost)
    return np.where(whole, 1.0, budget / np.where(whole, 1.0, cost))


def _merged(edge: Int64Array, start: FloatArray, end: FloatArray) -> EdgePortions:
    """Join the parts of one edge that overlap or touch."""
    if not len(edge):
        return EdgePortions(edge, start, end)
    order = np.lexsort((start, edge))
    edge, start, end = edge[order], start[order], end[order]
    # Edge numbers two apart keep the running maximum of one edge below the starts of the next.
    furthest = np.maximum.accumulate(2.0 * edge + end)
    opens = np.ones(len(edge), bool)
    opens[1:] = 2.0 * edge[1:] + start[1:] > furthest[:-1]
    first = np.flatnonzero(opens)
    return EdgePortions(edge[first], start[first], np.maximum.reduceat(end, first))

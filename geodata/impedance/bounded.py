"""Bounded searches one source at a time, and when they are quicker than the sweep."""

from __future__ import annotations

import numpy as np

from geodata.impedance.arcs import Arcs, grouped, usable_arcs
from geodata.impedance.dijkstra import bounded_search
from geodata.impedance.kept import Kept, metric_key
from geodata.impedance.many_to_many import Pairs, joined, on_all_cores
from geodata.impedance.positions import Ends
from geodata.roads.graph import CostGraph

SAMPLE = 8
"""Sources tried out to see how far a cutoff reaches."""

_kept_arcs: Kept[Arcs] = Kept(4)


def arcs_of(graph: CostGraph) -> Arcs:
    """The arcs that leave each node, kept for the next search."""
    return _kept_arcs.get(metric_key(graph), lambda: usable_arcs(graph))


def pairs_by_search(graph: CostGraph, leave: Ends, enter: Ends, cutoff: float) -> Pairs:
    """Source, target and cost of every pair within ``cutoff``, in no order."""
    arcs = arcs_of(graph)
    end_node = enter.node.ravel()
    ends = np.flatnonzero(end_node >= 0)
    entry_start, member = grouped(end_node[ends], graph.topology.n_nodes)
    entry = ends[member]
    entry_target = (entry // 2).astype(np.int32)
    entry_cost = enter.offset.ravel()[entry]

    def run(first: int, stop: int) -> Pairs:
        counts, target, cost, _ = bounded_search(
            arcs.start,
            arcs.head,
            arcs.cost,
            leave.node,
            leave.offset,
            entry_start,
            entry_target,
            entry_cost,
            len(enter),
            cutoff,
            first,
            stop,
            graph.topology.n_nodes,
        )
        return np.repeat(np.arange(first, stop, dtype=np.int32), counts), target, cost

    return joined(on_all_cores(run, len(leave)))


def search_pays(graph: CostGraph, leave: Ends, cutoff: float) -> bool:
    """Whether searches will settle fewer nodes in all than the graph has.

    Measured on networks of 100,000 and 500,000 nodes: a settled node takes 0.5 microseconds, the
    setting up of a pruned sweep 0.15 for every node of the graph, its preparation 8 to 10. So the
    searches win below a fifth of the nodes where a hierarchy is ready, and below fifteen times
    the nodes where it has to be made for this one question. Between the two stands 1: it wastes
    little either way, and the answer does not depend, in its last digit, on what was asked before.
    """
    n_nodes, n_sources = graph.topology.n_nodes, len(leave)
    if n_sources > n_nodes or cutoff == np.inf:
        return False
    sample = np.unique(np.linspace(0, n_sources - 1, min(SAMPLE, n_sources)).astype(np.int64))
    budget = n_nodes // max(n_sources, 1) + 1
    arcs = arcs_of(graph)
    *_, settled = bounded_search(
        arcs.start,
        arcs.head,
        arcs.cost,
        leave.node[sample],
        leave.offset[sample],
        np.zeros(n_nodes + 1, np.int64),
        np.empty(0, np.int32),
        np.empty(0),
        0,
        cutoff,
        0,
        len(sample),
        SAMPLE * budget,
    )
    return bool(settled <= budget * len(sample))

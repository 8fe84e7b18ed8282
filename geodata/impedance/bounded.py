"""Bounded searches one source at a time, and when they are quicker than the sweep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import Arcs, grouped, usable_arcs
from geodata.impedance.dijkstra import bounded_search
from geodata.impedance.kept import Kept, metric_key
from geodata.impedance.many_to_many import Pairs, joined, on_all_cores
from geodata.impedance.positions import Ends
from geodata.roads.graph import CostGraph

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
        )
        return np.repeat(np.arange(first, stop, dtype=np.int32), counts), target, cost

    return joined(on_all_cores(run, len(leave)))


def search_pays(graph: CostGraph, leave: Ends, cutoff: float) -> bool:
    return False

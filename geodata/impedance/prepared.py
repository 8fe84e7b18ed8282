"""Cost graphs made ready for sweeps, and what of that is kept for the next time.

The order depends on the topology alone and is kept on disk; the hierarchy built from it is kept in
the process, so that closures, speeds and vehicle classes only customise it anew; the last few
customised metrics are kept too.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import checked_costs
from geodata.impedance.compiled import announce
from geodata.impedance.customisation import Metric, customised
from geodata.impedance.hierarchy import Hierarchy, build_hierarchy
from geodata.impedance.kept import Kept, metric_key
from geodata.impedance.order import available_method, elimination_order, neighbours
from geodata.impedance.order_store import read_order, write_order
from geodata.roads.graph import CostGraph

Int32Array = NDArray[np.int32]

_hierarchies: Kept[Hierarchy] = Kept(4)
_metrics: Kept[Metric] = Kept(6)


def prepared(graph: CostGraph, *, use_cache: bool = True) -> Metric:
    """The hierarchy of a graph under its costs.

    Parameters
    ----------
    use_cache : look for parts of it in this process and on disk, and leave them there
    """
    announce()
    cost = checked_costs(graph)
    if not use_cache:
        return customised(_hierarchy(graph, None), cost)
    key = _structure_key(graph)
    hierarchy = _hierarchies.get(key, lambda: _hierarchy(graph, key))
    return _metrics.get((key, metric_key(graph)), lambda: customised(hierarchy, cost))


def forget() -> None:
    """Drop what this process keeps, not what is on disk."""
    _hierarchies.clear()
    _metrics.clear()


def line_partners(graph: CostGraph) -> tuple[Int32Array, Int32Array]:
    """Pairs of nodes between which one position may lie, beyond the two ends of an edge.

    Where a junction is split for its turn restrictions, an edge and its reverse end at different
    copies. Searches need the nodes of a position on one branch of the elimination tree, so such
    pairs count as neighbours there.
    """
    topology, back = graph.topology, graph.reverse
    edge = np.flatnonzero(back >= 0)
    back = back[edge]
    start, end = topology.edge_from[edge], topology.edge_to[edge]
    other_start, other_end = topology.edge_to[back], topology.edge_from[back]
    split = (start != other_start) | (end != other_end)
    start, end, other_start, other_end = (
        nodes[split] for nodes in (start, end, other_start, other_end)
    )
    one = np.concatenate((start, start, end, end))
    other = np.concatenate((other_start, other_end, other_start, other_end))
    return one, other


def _hierarchy(graph: CostGraph, key: str | None) -> Hierarchy:
    topology = graph.topology
    one, other = (
        np.concatenate((ends, partner)).astype(np.int32)
        for ends, partner in zip(
            (topology.edge_from, topology.edge_to), line_partners(graph), strict=True
        )
    )
    start, head = neighbours(topology.n_nodes, one, other)
    order = read_order(key, topology.n_nodes) if key else None
    if order is None:
        lon, lat = topology.node_lon, topology.node_lat
        order = elimination_order(start, head, lon, lat, method=available_method())
        if key:
            write_order(key, order)
    return build_hierarchy(start, head, order, topology.edge_from, topology.edge_to)


def _structure_key(graph: CostGraph) -> str:
    """What the hierarchy depends on: the topology, which edges share a line, and the method."""
    # BLAKE2 takes a third of SHA-256's time where the processor has no instructions for the latter.
    digest = hashlib.blake2b(f"{graph.topology.fingerprint} {available_method()}".encode())
    digest.update(np.ascontiguousarray(graph.reverse, np.int32).data)
    return digest.hexdigest()[:64]

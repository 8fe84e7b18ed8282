"""Costs between many sources and many targets: all of them, or those within a cutoff."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_array, csr_matrix

from geodata.impedance.arcs import Arcs, grouped, usable_arcs
from geodata.impedance.compiled import announce, workers
from geodata.impedance.dijkstra import bounded_search
from geodata.impedance.kept import Kept, metric_key
from geodata.impedance.many_to_many import fill_matrix
from geodata.impedance.positions import Ends, arrivals, departures, direct_ways
from geodata.impedance.prepared import prepared
from geodata.roads.graph import CostGraph, RoadPositions

CUTOFF_SLACK = 1e-9
"""A pair this share above the cutoff is still within it: sums of costs carry rounding."""

MORE_SOURCES = 4
"""From this many sources a target on, the sweep runs backwards from the targets."""

_kept_arcs: Kept[Arcs] = Kept(4)


def cost_matrix(
    graph: CostGraph,
    sources: RoadPositions,
    targets: RoadPositions,
    *,
    dtype: DTypeLike = np.float64,
    use_cache: bool = True,
) -> NDArray[np.floating]:
    """Least cost from every source to every target, in driving direction.

    Parameters
    ----------
    sources, targets : (q,) and (r,) positions
    dtype : float64 (exact to 1e-6), or float32 (to 1e-4) at half the memory
    use_cache : keep and reuse what is prepared of the graph, in this process and on disk

    Returns
    -------
    (q, r) costs in the graph's unit, ``inf`` where a target cannot be reached
    """
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"costs come as float32 or float64, not {kind}")
    leave, enter = departures(graph, sources), arrivals(graph, targets)
    metric = prepared(graph, use_cache=use_cache)
    result = np.empty((len(leave), len(enter)), kind)
    if len(leave) > MORE_SOURCES * len(enter):
        # The sweep's work is rows of sources times arcs above targets: let the fewer be sources.
        turned = np.empty((len(enter), len(leave)), kind)
        fill_matrix(metric.reversed(), enter, leave, turned)
        result[:] = turned.T
    else:
        fill_matrix(metric, leave, enter, result)
    direct = direct_ways(graph, sources, targets)
    pair = (direct.source, direct.target)
    result[pair] = np.minimum(result[pair], direct.cost)
    return result


def within(graph: CostGraph, sources, targets, cutoff, *, dense=False):
    """Pairs whose least cost is at most ``cutoff``."""
    announce()
    leave, enter = departures(graph, sources), arrivals(graph, targets)
    arcs = _kept_arcs.get(metric_key(graph), lambda: usable_arcs(graph))
    limit = cutoff * (1 + CUTOFF_SLACK)
    counts, columns, costs = _bounded(arcs, leave, enter, limit)
    rows = np.repeat(np.arange(len(leave)), counts)
    direct = direct_ways(graph, sources, targets)
    keep = direct.cost <= limit
    rows = np.concatenate((rows, direct.source[keep]))
    columns = np.concatenate((columns, direct.target[keep]))
    costs = np.concatenate((costs, direct.cost[keep]))
    shape = (len(leave), len(enter))
    if dense:
        out = np.full(shape, np.inf)
        np.minimum.at(out, (rows, columns), costs)
        return out
    order = np.lexsort((costs, columns, rows))
    rows, columns, costs = rows[order], columns[order], costs[order]
    first = np.ones(len(rows), bool)
    first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    start = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(np.bincount(rows[first], minlength=shape[0]), out=start[1:])
    return csr_matrix((costs[first], columns[first], start), shape=shape)


def _bounded(arcs: Arcs, leave: Ends, enter: Ends, limit: float):
    has = np.flatnonzero(enter.node.ravel() >= 0)
    start, member = grouped(enter.node.ravel()[has], len(arcs.start) - 1)
    entry = has[member]
    args = (
        arcs.start,
        arcs.head,
        arcs.cost,
        leave.node,
        leave.offset,
        start,
        (entry // 2).astype(np.int32),
        enter.offset.ravel()[entry],
        len(enter),
        limit,
    )
    cuts = np.linspace(0, len(leave), workers() + 1).astype(int).tolist()
    with ThreadPoolExecutor(workers()) as pool:
        parts = list(pool.map(lambda ab: bounded_search(*args, *ab), zip(cuts, cuts[1:])))
    return tuple(np.concatenate([p[i] for p in parts]) for i in range(3))

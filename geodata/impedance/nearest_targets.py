"""The k targets nearest to each source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import checked_costs, usable_arcs
from geodata.impedance.compiled import announce
from geodata.impedance.dijkstra import nearest_search
from geodata.impedance.many_to_many import fill_matrix
from geodata.impedance.positions import Ends, arrivals, departures, direct_ways
from geodata.impedance.prepared import prepared
from geodata.roads.graph import CostGraph, RoadPositions

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Candidates = tuple[Int64Array, Int64Array, FloatArray]
"""Source, target and cost of pairs among which the nearest are."""

MOST_LABELS = 8
"""Up to this k one search labels all nodes: 0.6 microseconds a label, against 8 to 10 a node for
preparing the hierarchy. Beyond it the labels cost more, and the sweep's rows are looked through."""

PAIRS_AT_ONCE = 8_000_000
"""Costs held at once while rows are looked through: 64 MB."""


def nearest(
    graph: CostGraph,
    sources: RoadPositions,
    targets: RoadPositions,
    k: int = 1,
    *,
    use_cache: bool = True,
) -> tuple[Int64Array, FloatArray]:
    """The ``k`` targets of least cost from each source, nearest first.

    Parameters
    ----------
    sources, targets : (q,) and (r,) positions
    use_cache : keep and reuse what is prepared of the graph, in this process and on disk

    Returns
    -------
    (q, k) positions in the list of targets, -1 where fewer can be reached; of equal costs, the
    earlier target first
    (q, k) costs in the graph's unit, ``inf`` where there is no target

    Raises
    ------
    ValueError
        If positions or costs do not fit the graph, or k is below 1.
    """
    if k < 1:
        raise ValueError(f"the number of nearest targets is {k}; ask for at least 1")
    announce()
    checked_costs(graph)
    leave, enter = departures(graph, sources), arrivals(graph, targets)
    if k <= MOST_LABELS:
        found = _by_labels(graph, leave, enter, k)
    else:
        found = _by_sweep(graph, leave, enter, min(k, len(enter)), use_cache=use_cache)
    direct = direct_ways(graph, sources, targets)
    row, target, cost = (
        np.concatenate(pair)
        for pair in zip(found, (direct.source, direct.target, direct.cost), strict=True)
    )
    return _k_least(row, target, cost, len(leave), k)


def _by_labels(graph: CostGraph, leave: Ends, enter: Ends, k: int) -> Candidates:
    """Up to k targets over each of a source's two ends."""
    arcs = usable_arcs(graph, backward=True)
    seed_node, seed_cost = enter.node.ravel(), enter.offset.ravel()
    seeds = np.flatnonzero(seed_node >= 0)
    label, label_cost = nearest_search(
        arcs.start,
        arcs.head,
        arcs.cost,
        seed_node[seeds],
        seed_cost[seeds],
        (seeds // 2).astype(np.int32),
        k,
    )
    ends = np.flatnonzero(leave.node.ravel() >= 0)
    node = leave.node.ravel()[ends]
    target = label[node].astype(np.int64)
    cost = label_cost[node] + leave.offset.ravel()[ends][:, None]
    row = np.broadcast_to((ends // 2)[:, None], target.shape)
    known = target >= 0
    return row[known], target[known], cost[known]


def _by_sweep(graph: CostGraph, leave: Ends, enter: Ends, k: int, *, use_cache: bool) -> Candidates:
    """The k least of each row of the matrix, some rows at a time."""
    metric = prepared(graph, use_cache=use_cache)
    step = max(1, PAIRS_AT_ONCE // max(len(enter), 1))
    found = []
    for first in range(0, len(leave), step):
        part = Ends(leave.node[first : first + step], leave.offset[first : first + step])
        cost = np.empty((len(part), len(enter)))
        fill_matrix(metric, part, enter, cost)
        least = np.partition(cost, k - 1, axis=1)[:, k - 1 : k] if k else cost
        row, target = np.nonzero((cost <= least) & np.isfinite(cost))
        found.append((row + first, target, cost[row, target]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    row, target, cost = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return row, target, cost


def _k_least(
    row: Int64Array, target: Int64Array, cost: FloatArray, n_rows: int, k: int
) -> tuple[Int64Array, FloatArray]:
    """The k least of each row, each target once."""
    order = np.lexsort((cost, target, row))
    row, target, cost = row[order], target[order], cost[order]
    first = np.ones(len(row), bool)
    first[1:] = (np.diff(row) != 0) | (np.diff(target) != 0)
    row, target, cost = row[first], target[first], cost[first]
    order = np.lexsort((target, cost, row))
    row, target, cost = row[order], target[order], cost[order]
    place = np.arange(len(row)) - np.searchsorted(row, row, "left")
    keep = place < k
    best = np.full((n_rows, k), -1, np.int64)
    best_cost = np.full((n_rows, k), np.inf)
    best[row[keep], place[keep]] = target[keep]
    best_cost[row[keep], place[keep]] = cost[keep]
    return best, best_cost

"""The k targets nearest to each source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import usable_arcs
from geodata.impedance.compiled import announce
from geodata.impedance.dijkstra import nearest_search
from geodata.impedance.positions import arrivals, departures, direct_ways
from geodata.roads.graph import CostGraph, RoadPositions

FloatArray = NDArray[np.float64]
Int64Array = NDArray[np.int64]


def nearest(
    graph: CostGraph, sources: RoadPositions, targets: RoadPositions, k: int = 1
) -> tuple[Int64Array, FloatArray]:
    """The ``k`` targets of least cost from each source, nearest first.

    Returns
    -------
    (q, k) positions in the list of targets, -1 where fewer can be reached; among equal costs the
    lower position comes first where the costs are equal to the last bit
    (q, k) costs in the graph's unit, ``inf`` where there is no target
    """
    if k < 1:
        raise ValueError(f"the number of nearest targets is {k}; ask for at least 1")
    announce()
    leave, enter = departures(graph, sources), arrivals(graph, targets)
    row, target, cost = _candidates(graph, leave, enter, k)
    direct = direct_ways(graph, sources, targets)
    return _k_least(
        np.concatenate((row, direct.source)),
        np.concatenate((target, direct.target)),
        np.concatenate((cost, direct.cost)),
        len(leave),
        k,
    )


def _candidates(graph, leave, enter, k):
    """Up to k targets over each of a source's two ends."""
    arcs = usable_arcs(graph, backward=True)
    seeds = np.flatnonzero(enter.node.ravel() >= 0)
    label, label_cost = nearest_search(
        arcs.start,
        arcs.head,
        arcs.cost,
        enter.node.ravel()[seeds],
        enter.offset.ravel()[seeds],
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


def _k_least(row, target, cost, n_rows, k):
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

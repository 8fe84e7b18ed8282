"""Costs between many sources and many targets: all of them, or those within a cutoff."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_matrix

from geodata.impedance.arcs import grouped
from geodata.impedance.bounded import pairs_by_search, search_pays
from geodata.impedance.compiled import announce, compiled
from geodata.impedance.many_to_many import fill_matrix, pairs_within
from geodata.impedance.positions import arrivals, departures, direct_ways
from geodata.impedance.prepared import prepared
from geodata.roads.graph import CostGraph, RoadPositions

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

CUTOFF_SLACK = 1e-9
"""A pair this share above the cutoff is still within it: sums of costs carry rounding."""

MORE_SOURCES = 4
"""From this many sources a target on, the sweep runs backwards from the targets."""


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

    Raises
    ------
    ValueError
        If positions or costs do not fit the graph, or the type is neither of the two.
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


def within(
    graph: CostGraph,
    sources: RoadPositions,
    targets: RoadPositions,
    cutoff: float,
    *,
    use_cache: bool = True,
) -> csr_matrix:
    """Pairs whose least cost, in driving direction, is at most ``cutoff``.

    Parameters
    ----------
    sources, targets : (q,) and (r,) positions
    cutoff : in the graph's unit; a pair at the cutoff, but for rounding, is within
    use_cache : keep and reuse what is prepared of the graph, in this process and on disk

    Returns
    -------
    (q, r) costs, columns ascending; a pair at no cost is a stored zero, not an absent one

    Raises
    ------
    ValueError
        If positions or costs do not fit the graph, or the cutoff is negative or not a number.
    """
    if not cutoff >= 0:
        raise ValueError(f"the cutoff is {cutoff} {graph.unit}; it has to be 0 or more")
    announce()
    limit = float(cutoff) * (1 + CUTOFF_SLACK)
    leave, enter = departures(graph, sources), arrivals(graph, targets)
    if search_pays(graph, leave, limit):
        source, target, cost = pairs_by_search(graph, leave, enter, limit)
    else:
        metric = prepared(graph, use_cache=use_cache)
        source, target, cost = pairs_within(metric, leave, enter, limit)
    direct = direct_ways(graph, sources, targets)
    near = direct.cost <= limit
    return _sparse(
        np.concatenate((source, direct.source[near].astype(np.int32))),
        np.concatenate((target, direct.target[near].astype(np.int32))),
        np.concatenate((cost, direct.cost[near])),
        (len(leave), len(enter)),
    )


def _sparse(
    row: Int32Array, column: Int32Array, cost: FloatArray, shape: tuple[int, int]
) -> csr_matrix:
    """The least of the costs given for each pair."""
    _, by_column = grouped(column, shape[1])
    start, by_row = grouped(row[by_column], shape[0])
    order = by_column[by_row]
    start, column, cost = least_of_repeats(start, column[order], cost[order])
    return csr_matrix((cost, column, start), shape=shape)


@compiled
def least_of_repeats(
    start: Int64Array, column: Int32Array, cost: FloatArray
) -> tuple[Int64Array, Int32Array, FloatArray]:
    """One entry for each run of equal columns in a row, with the least of their costs."""
    fewer_start = np.zeros_like(start)
    size = 0
    for row in range(len(start) - 1):
        for e in range(start[row], start[row + 1]):
            if e > start[row] and column[e] == column[size - 1]:
                cost[size - 1] = min(cost[size - 1], cost[e])
            else:
                column[size] = column[e]
                cost[size] = cost[e]
                size += 1
        fewer_start[row + 1] = size
    return fewer_start, column[:size].copy(), cost[:size].copy()

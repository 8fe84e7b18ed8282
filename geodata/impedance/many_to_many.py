"""Set up the sweep for given sources and targets, and run it on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.arcs import grouped
from geodata.impedance.compiled import workers
from geodata.impedance.customisation import Metric
from geodata.impedance.hierarchy import Hierarchy
from geodata.impedance.lanes import LANES
from geodata.impedance.positions import Ends
from geodata.impedance.sweep import (
    arcs_of_rows,
    select_rows,
    selected_boundary,
    sweep_dense,
    sweep_within,
)

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
Floats = NDArray[np.floating]
Pairs = tuple[Int32Array, Int32Array, NDArray[np.float64]]
Part = TypeVar("Part")

PARTS_PER_WORKER = 4
"""Pieces of work a thread, so that one does not wait long for another."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """Sources on the hierarchy, neighbours in the tree next to each other.

    Parameters
    ----------
    source : (s,) position in the list of sources, those on no road left out
    rank : (s, 2) ranks at which a source is left, the lower one first, -1 where there is one only
    cost : (s, 2) cost of getting there
    """

    source: Int64Array
    rank: Int32Array
    cost: Floats


@dataclass(frozen=True, eq=False)
class Selection:
    """The rows of the hierarchy that costs pass on the way down to the targets, from the top.

    Parameters
    ----------
    rank, depth : (r,)
    row : (v,) row of each rank, -1 where it is not selected
    arc_start, arc_depth, arc_cost : arcs from higher rows, named by the depth of their tail
    entry_start : (r + 1,) targets that hang on each row
    entry_target : (t,)
    entry_depth, entry_cost : (t, 2) depths of the nodes a target is entered by; -1 where one only
    """

    rank: Int32Array
    depth: Int32Array
    row: Int32Array
    arc_start: Int64Array
    arc_depth: Int32Array
    arc_cost: Floats
    entry_start: Int64Array
    entry_target: Int32Array
    entry_depth: Int32Array
    entry_cost: Floats


def fill_matrix(metric: Metric, leave: Ends, enter: Ends, result: Floats) -> None:
    """Write the cost from every departure to every arrival into ``result``, (q, r)."""
    seeds, rows = seed(metric.hierarchy, leave, result.dtype), select(metric, enter, result.dtype)
    off_road = np.ones(len(leave), bool)
    off_road[seeds.source] = False
    result[off_road] = np.inf
    network = _network(metric, seeds, rows, result.dtype)
    sweep: Callable[..., None] = sweep_dense
    on_all_cores(lambda first, stop: sweep(*network, result, first, stop), len(seeds.source))


def pairs_within(metric: Metric, leave: Ends, enter: Ends, cutoff: float) -> Pairs:
    """Source, target and cost of every pair within ``cutoff``, in no order."""
    h, dtype = metric.hierarchy, np.dtype(np.float64)
    seeds, rows = seed(h, leave, dtype), select(metric, enter, dtype)
    lowest = rows.rank - h.size[rows.rank] + 1
    row_past = len(rows.rank) - np.searchsorted(rows.rank[::-1], lowest)
    boundary_start, boundary_depth = selected_boundary(
        h.up_start, h.up_head, h.up_depth, rows.rank, rows.row
    )
    network = _network(metric, seeds, rows, dtype)
    sweep: Callable[..., Pairs] = sweep_within
    edges = (row_past, boundary_start, boundary_depth)
    parts = on_all_cores(
        lambda first, stop: sweep(*network, *edges, cutoff, first, stop),
        len(seeds.source),
    )
    return joined(parts)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Pairs found by several threads, as one."""
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    source, target, cost = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return source, target, cost


def _network(metric: Metric, seeds: Seeds, rows: Selection, dtype: np.dtype) -> tuple[Any, ...]:
    """The arguments that both sweeps begin with."""
    h, up = metric.hierarchy, metric.up
    return (
        h.parent,
        up.start,
        up.head,
        up.cost.astype(dtype, copy=False),
        seeds.rank,
        seeds.cost,
        seeds.source,
        rows.rank,
        rows.depth,
        rows.arc_start,
        rows.arc_depth,
        rows.arc_cost,
        rows.entry_start,
        rows.entry_target,
        rows.entry_depth,
        rows.entry_cost,
        h.height,
    )


def seed(hierarchy: Hierarchy, leave: Ends, dtype: np.dtype) -> Seeds:
    """Departures by rank, sorted so that a block of lanes shares most of its ancestors."""
    rank, cost = _ranked(hierarchy, leave, dtype)
    order = np.argsort(rank[:, 0], kind="stable")
    order = order[np.searchsorted(rank[order, 0], 0) :]
    return Seeds(order, rank[order], cost[order])


def select(metric: Metric, enter: Ends, dtype: np.dtype) -> Selection:
    """Rows and arcs above the arrivals."""
    h, down = metric.hierarchy, metric.down
    end_rank, end_cost = _ranked(h, enter, dtype)
    rank, row, n_arcs = select_rows(down.start, down.head, end_rank[end_rank >= 0])
    arc_start, arc_depth, arc_cost = arcs_of_rows(
        down.start, down.head, down.cost, h.depth, rank, n_arcs
    )
    on_road = np.flatnonzero(end_rank[:, 0] >= 0)
    entry_start, member = grouped(row[end_rank[on_road, 0]], len(rank))
    target = on_road[member]
    entry_rank = end_rank[target]
    return Selection(
        rank=rank,
        depth=h.depth[rank],
        row=row,
        arc_start=arc_start,
        arc_depth=arc_depth,
        arc_cost=arc_cost.astype(dtype, copy=False),
        entry_start=entry_start,
        entry_target=target.astype(np.int32),
        entry_depth=np.where(entry_rank >= 0, h.depth[entry_rank], -1).astype(np.int32),
        entry_cost=end_cost[target],
    )


def on_all_cores(run: Callable[[int, int], Part], n_sources: int) -> list[Part]:
    """``run(first, stop)`` over whole blocks of sources; the results in order."""
    parts = list(_parts(n_sources))
    if workers() == 1 or len(parts) == 1:
        return [run(*part) for part in parts]
    with ThreadPoolExecutor(workers()) as pool:
        return list(pool.map(run, *zip(*parts, strict=True))) if parts else []


def _parts(n_sources: int) -> Iterator[tuple[int, int]]:
    blocks = -(-n_sources // LANES)
    n_parts = min(blocks, PARTS_PER_WORKER * workers())
    for part in range(n_parts):
        first, stop = (blocks * p // n_parts * LANES for p in (part, part + 1))
        yield first, min(stop, n_sources)


def _ranked(hierarchy: Hierarchy, ends: Ends, dtype: np.dtype) -> tuple[Int32Array, Floats]:
    """Ends by rank, the lower first; an end that is missing comes last."""
    rank = np.where(ends.node >= 0, hierarchy.rank[ends.node], -1).astype(np.int32)
    cost = ends.offset.astype(dtype)
    turned = (rank[:, 1] >= 0) & (rank[:, 1] < rank[:, 0])
    rank[turned], cost[turned] = rank[turned][:, ::-1], cost[turned][:, ::-1]
    return rank, cost

"""The restricted sweep: costs from a block of sources to all targets in one walk down the tree.

For a block of ``LANES`` sources, costs climb from the sources to their ancestors in the elimination
tree, then sweep down over the ancestors of the targets only (RPHAST: Delling, Goldberg, Werneck,
Faster Batched Shortest Paths in Road Networks, 2011). Ranks are a postorder, so going down, the
rows of a node's ancestors are one at each depth: they live in an array as long as the tree is high,
which stays in the processor's nearest cache, instead of one as long as the graph is large.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.compiled import compiled
from geodata.impedance.lanes import LANES, relax

FloatArray = NDArray[np.floating]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

TILE = 16
"""Targets written at once for each source: whole cache lines of the result."""


@compiled
def select_rows(
    down_start: Int64Array, down_head: Int32Array, seeds: Int32Array
) -> tuple[Int32Array, Int32Array, int]:
    """The ranks that costs pass on the way down to the seeds, from the top.

    Returns
    -------
    (r,) ranks, descending; (v,) row of each rank, -1 where it is not among them; arcs of the rows
    """
    n = len(down_start) - 1
    row = np.full(n, -1, np.int32)
    lowest = n
    for s in seeds:
        row[s] = 0
        lowest = min(lowest, s)
    n_rows = 0
    n_arcs = 0
    for v in range(lowest, n):
        if row[v] == 0:
            n_rows += 1
            n_arcs += down_start[v + 1] - down_start[v]
            for e in range(down_start[v], down_start[v + 1]):
                row[down_head[e]] = 0
    ranks = np.empty(n_rows, np.int32)
    i = 0
    for v in range(n - 1, lowest - 1, -1):
        if row[v] == 0:
            ranks[i] = v
            row[v] = i
            i += 1
    return ranks, row, n_arcs


@compiled
def arcs_of_rows(
    down_start: Int64Array,
    down_head: Int32Array,
    down_cost: NDArray[np.float64],
    depth: Int32Array,
    row_rank: Int32Array,
    n_arcs: int,
) -> tuple[Int64Array, Int32Array, NDArray[np.float64]]:
    """Arcs into each selected row from above, their tails by depth."""
    start = np.zeros(len(row_rank) + 1, np.int64)
    tail_depth = np.empty(n_arcs, np.int32)
    cost = np.empty(n_arcs)
    size = 0
    for i in range(len(row_rank)):
        for e in range(down_start[row_rank[i]], down_start[row_rank[i] + 1]):
            tail_depth[size] = depth[down_head[e]]
            cost[size] = down_cost[e]
            size += 1
        start[i + 1] = size
    return start, tail_depth, cost


@compiled
def selected_boundary(
    up_start: Int64Array,
    up_head: Int32Array,
    up_depth: Int32Array,
    row_rank: Int32Array,
    row: Int32Array,
) -> tuple[Int64Array, Int32Array]:
    """Depths of the selected rows by which costs enter the subtree of each row, nearest first."""
    start = np.zeros(len(row_rank) + 1, np.int64)
    for i in range(len(row_rank)):
        v = row_rank[i]
        start[i + 1] = start[i]
        for e in range(up_start[v], up_start[v + 1]):
            if row[up_head[e]] >= 0:
                start[i + 1] += 1
    depth = np.empty(start[-1], np.int32)
    for i in range(len(row_rank)):
        v = row_rank[i]
        place = start[i]
        for e in range(up_start[v], up_start[v + 1]):
            if row[up_head[e]] >= 0:
                depth[place] = up_depth[e]
                place += 1
    return start, depth


@compiled
def clear(rows: FloatArray, row: int) -> None:
    """Set all lanes of a row to infinity."""
    for lane in range(LANES):
        rows[row, lane] = np.inf


@compiled
def copy_row(rows: FloatArray, row: int, from_rows: FloatArray, source: int) -> None:
    """Copy all lanes of a row."""
    for lane in range(LANES):
        rows[row, lane] = from_rows[source, lane]


@compiled
def grown(array: NDArray[Any]) -> NDArray[Any]:
    """The same values in an array twice as long."""
    longer = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):
        longer[i] = array[i]
    return longer


@compiled
def any_within(rows: FloatArray, row: int, cutoff: float) -> bool:
    """Whether any lane of a row is within the cutoff."""
    for lane in range(LANES):  # noqa: SIM110 - numba compiles no generators
        if rows[row, lane] <= cutoff:
            return True
    return False


@compiled
def climb(
    parent: Int32Array,
    up_start: Int64Array,
    up_head: Int32Array,
    up_cost: FloatArray,
    seed: Int32Array,
    seed_cost: FloatArray,
    first: int,
    stop: int,
    rows: FloatArray,
    slot: Int32Array,
    members: Int32Array,
    cutoff: float,
) -> int:
    """Costs from the sources ``first:stop`` to all their ancestors, a lane a source.

    Costs beyond ``cutoff`` are not carried on.

    The paths to the root are walked from the last source to the first, each until it meets a
    walked one. Taken in the opposite order, these pieces have every node after all its descendants.
    """
    pieces = np.empty(LANES + 1, np.int64)
    n_pieces = 0
    size = 0
    for source in range(stop - 1, first - 1, -1):
        pieces[n_pieces] = size
        n_pieces += 1
        v = seed[source, 0]
        while v >= 0 and slot[v] < 0:
            slot[v] = size
            members[size] = v
            clear(rows, size)
            size += 1
            v = parent[v]
        for k in range(2):
            v = seed[source, k]
            if v >= 0:
                lane = source - first
                rows[slot[v], lane] = min(rows[slot[v], lane], seed_cost[source, k])
    pieces[n_pieces] = size
    for p in range(n_pieces - 1, -1, -1):
        for i in range(pieces[p], pieces[p + 1]):
            v = members[i]
            if cutoff < np.inf and not any_within(rows, i, cutoff):
                continue
            for e in range(up_start[v], up_start[v + 1]):
                relax(rows, slot[up_head[e]], rows, i, up_cost[e])
    return size


@compiled
def sweep_dense(
    parent: Int32Array,
    up_start: Int64Array,
    up_head: Int32Array,
    up_cost: FloatArray,
    seed: Int32Array,
    seed_cost: FloatArray,
    result_row: Int64Array,
    row_rank: Int32Array,
    row_depth: Int32Array,
    arc_start: Int64Array,
    arc_depth: Int32Array,
    arc_cost: FloatArray,
    entry_start: Int64Array,
    entry_target: Int32Array,
    entry_depth: Int32Array,
    entry_cost: FloatArray,
    height: int,
    result: FloatArray,
    first: int,
    stop: int,
) -> None:
    """Fill the rows of ``result`` that belong to the sources ``first:stop``."""
    n_targets = result.shape[1]
    rows = np.empty((min(LANES * height, len(parent)), LANES), result.dtype)
    slot = np.full(len(parent), -1, np.int32)
    members = np.empty(len(rows), np.int32)
    above = np.empty((height, LANES), result.dtype)
    found = np.full((n_targets, LANES), np.inf, result.dtype)
    for begin in range(first, stop, LANES):
        end = min(begin + LANES, stop)
        n_members = climb(
            parent,
            up_start,
            up_head,
            up_cost,
            seed,
            seed_cost,
            begin,
            end,
            rows,
            slot,
            members,
            np.inf,
        )
        for i in range(len(row_rank)):
            here = row_depth[i]
            s = slot[row_rank[i]]
            if s >= 0:
                copy_row(above, here, rows, s)
            else:
                clear(above, here)
            for a in range(arc_start[i], arc_start[i + 1]):
                relax(above, here, above, arc_depth[a], arc_cost[a])
            for e in range(entry_start[i], entry_start[i + 1]):
                t = entry_target[e]
                clear(found, t)
                for k in range(2):
                    if entry_depth[e, k] >= 0:
                        relax(found, t, above, entry_depth[e, k], entry_cost[e, k])
        for m in range(n_members):
            slot[members[m]] = -1
        for t in range(0, n_targets, TILE):
            past = min(t + TILE, n_targets)
            for lane in range(end - begin):
                row = result_row[begin + lane]
                for u in range(t, past):
                    result[row, u] = found[u, lane]


@compiled
def sweep_within(  # noqa: C901, PLR0912 - one walk down the rows
    parent: Int32Array,
    up_start: Int64Array,
    up_head: Int32Array,
    up_cost: FloatArray,
    seed: Int32Array,
    seed_cost: FloatArray,
    source: Int64Array,
    row_rank: Int32Array,
    row_depth: Int32Array,
    arc_start: Int64Array,
    arc_depth: Int32Array,
    arc_cost: FloatArray,
    entry_start: Int64Array,
    entry_target: Int32Array,
    entry_depth: Int32Array,
    entry_cost: FloatArray,
    height: int,
    row_past: Int64Array,
    boundary_start: Int64Array,
    boundary_depth: Int32Array,
    cutoff: float,
    first: int,
    stop: int,
) -> tuple[Int32Array, Int32Array, NDArray[np.float64]]:
    """Pairs within ``cutoff`` of the sources ``first:stop``, in no order.

    A subtree that holds no source of the block is entered over its boundary only: where no lane
    is within the cutoff there, the whole subtree is passed over.

    Parameters
    ----------
    row_past : (r,) first row after the subtree of each row
    boundary_start, boundary_depth : depths of the rows by which each row's subtree is entered

    Returns
    -------
    Source, target and cost of each pair.
    """
    rows = np.empty((min(LANES * height, len(parent)), LANES))
    slot = np.full(len(parent), -1, np.int32)
    members = np.empty(len(rows), np.int32)
    above = np.full((height, LANES), np.inf)
    alive = np.zeros(height, np.bool_)
    found = np.empty((1, LANES))
    pair_source = np.empty(4096, np.int32)
    pair_target = np.empty(4096, np.int32)
    pair_cost = np.empty(4096)
    n_pairs = 0
    for begin in range(first, stop, LANES):
        end = min(begin + LANES, stop)
        n_members = climb(
            parent,
            up_start,
            up_head,
            up_cost,
            seed,
            seed_cost,
            begin,
            end,
            rows,
            slot,
            members,
            cutoff,
        )
        i = 0
        while i < len(row_rank):
            here = row_depth[i]
            s = slot[row_rank[i]]
            if s >= 0:
                copy_row(above, here, rows, s)
            else:
                open_side = False
                for e in range(boundary_start[i], boundary_start[i + 1]):
                    if alive[boundary_depth[e]]:
                        open_side = True
                        break
                if not open_side:
                    i = row_past[i]
                    continue
                clear(above, here)
            for a in range(arc_start[i], arc_start[i + 1]):
                if alive[arc_depth[a]]:
                    relax(above, here, above, arc_depth[a], arc_cost[a])
            alive[here] = any_within(above, here, cutoff)
            for e in range(entry_start[i], entry_start[i + 1]):
                clear(found, 0)
                for k in range(2):
                    if entry_depth[e, k] >= 0 and alive[entry_depth[e, k]]:
                        relax(found, 0, above, entry_depth[e, k], entry_cost[e, k])
                while n_pairs + LANES > len(pair_cost):
                    pair_source = grown(pair_source)
                    pair_target = grown(pair_target)
                    pair_cost = grown(pair_cost)
                for lane in range(end - begin):
                    if found[0, lane] <= cutoff:
                        pair_source[n_pairs] = source[begin + lane]
                        pair_target[n_pairs] = entry_target[e]
                        pair_cost[n_pairs] = found[0, lane]
                        n_pairs += 1
            i += 1
        for m in range(n_members):
            slot[members[m]] = -1
    return pair_source[:n_pairs], pair_target[:n_pairs], pair_cost[:n_pairs]

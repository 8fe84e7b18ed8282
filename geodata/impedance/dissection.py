"""Nested dissection by straight cuts, for platforms without METIS.

The nodes of a piece are sorted along several directions. Every place along such a line, but for
the outer thirds, is a cut; its separator is the smaller of the two sides' nodes with a neighbour
across. The best cut of all directions splits the piece, and the parts follow (the idea of inertial
partitioning; Schild and Sommer, On Balanced Separators in Road Networks, 2015, take a maximum flow
between the outer thirds instead).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.impedance.compiled import compiled

FloatArray = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]

DIRECTIONS = 4
SMALLEST_SHARE = 0.3
"""Each side of a cut keeps at least this part of the piece."""
LEAF = 8
"""Pieces of this size are not cut further."""


def dissect(start: Int64Array, head: Int32Array, x: FloatArray, y: FloatArray) -> Int32Array:
    """Nodes in the order of their elimination: the parts of a piece, then their separator.

    Parameters
    ----------
    start, head : neighbours of each node, both ways
    x, y : (v,) coordinates in one unit
    """
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    projected = np.cos(angles)[:, None] * x + np.sin(angles)[:, None] * y
    along = np.argsort(projected, axis=1, kind="stable").astype(np.int32)
    return cut_pieces(start, head, along)


@compiled
def cut_pieces(start: Int64Array, head: Int32Array, along: Int32Array) -> Int32Array:
    """Nodes by elimination, from the nodes sorted along each direction, (d, v).

    A piece is a run of all the sortings at once; parts of it keep their order, so nothing is
    sorted again.
    """
    n = along.shape[1]
    place = np.full(n, -1, np.int32)
    side = np.zeros(n, np.int8)
    spare = np.empty(n, np.int32)
    pieces = [(0, n)]
    while len(pieces) > 0:
        first, stop = pieces.pop()
        if stop - first <= LEAF:
            continue
        direction, cut, cuts_left = _best_cut(start, head, along, first, stop, place)
        _name_sides(start, head, along[direction, first:stop], place, side, cut, cuts_left)
        n_left = 0
        n_right = 0
        for i in range(first, stop):
            n_left += side[along[0, i]] == 0
            n_right += side[along[0, i]] == 1
        for d in range(len(along)):
            free = np.array([first, first + n_left, first + n_left + n_right])
            for i in range(first, stop):
                v = along[d, i]
                spare[free[side[v]]] = v
                free[side[v]] += 1
            along[d, first:stop] = spare[first:stop]
        pieces.append((first, first + n_left))
        pieces.append((first + n_left, first + n_left + n_right))
    order: Int32Array = along[0].copy()
    return order


@compiled
def _best_cut(
    start: Int64Array, head: Int32Array, along: Int32Array, first: int, stop: int, place: Int32Array
) -> tuple[int, int, bool]:
    """Direction, last place on the left, and whether the separator is on the left."""
    size = stop - first
    low = max(1, int(size * SMALLEST_SHARE)) - 1
    high = size - 1 - low
    best_score = np.inf
    best_direction = 0
    best_cut = low
    best_left = True
    change_left = np.zeros(size + 1, np.int32)
    change_right = np.zeros(size + 1, np.int32)
    for direction in range(len(along)):
        for i in range(size):
            place[along[direction, first + i]] = i
        change_left[:] = 0
        change_right[:] = 0
        for i in range(size):
            v = along[direction, first + i]
            nearest = i
            furthest = i
            for e in range(start[v], start[v + 1]):
                p = place[head[e]]
                if p >= 0:
                    nearest = min(nearest, p)
                    furthest = max(furthest, p)
            # A cut after place c has v on its left border for i <= c < furthest, on its right
            # border for nearest <= c < i.
            change_left[i] += 1
            change_left[furthest] -= 1
            change_right[nearest] += 1
            change_right[i] -= 1
        on_left = 0
        on_right = 0
        for c in range(high):
            on_left += change_left[c]
            on_right += change_right[c]
            if c >= low:
                share = (c + 1) / size
                score = min(on_left, on_right) / (share * (1 - share))
                if score < best_score:
                    best_score = score
                    best_direction = direction
                    best_cut = c
                    best_left = on_left <= on_right
    for i in range(first, stop):
        place[along[0, i]] = -1
    return best_direction, best_cut, best_left


@compiled
def _name_sides(
    start: Int64Array,
    head: Int32Array,
    nodes: Int32Array,
    place: Int32Array,
    side: NDArray[np.int8],
    cut: int,
    cuts_left: bool,
) -> None:
    """Sides of sorted nodes: 0 on the left, 1 on the right, 2 in the separator."""
    for i in range(len(nodes)):
        place[nodes[i]] = i
    for v in nodes:
        is_left = place[v] <= cut
        side[v] = 0 if is_left else 1
        if is_left == cuts_left:
            for e in range(start[v], start[v + 1]):
                p = place[head[e]]
                if p >= 0 and (p <= cut) != is_left:
                    side[v] = 2
                    break
    for v in nodes:
        place[v] = -1

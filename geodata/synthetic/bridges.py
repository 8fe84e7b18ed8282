"""Small bridges on local roads, most of them posted for less than a lorry weighs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geodata.synthetic.draws import Draws
from geodata.synthetic.lines import RoadLines, join_lines, plain_lines
from geodata.synthetic.terrain import River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_LIMITS_T = np.array([5.0, 8.0, 10.0])
FULL_LOAD_T = 49.0
"""Of the heaviest lorry that GB 1589-2016 allows on public roads."""
_ABUTMENT_M = 30.0


def split_at_bridges(
    draws: Draws,
    lines: RoadLines,
    over: BoolArray,
    only_way: BoolArray,
    node_xy: FloatArray,
    rivers: tuple[River, ...],
) -> tuple[RoadLines, FloatArray]:
    """Lines over a river in three: approach, bridge, approach.

    Parameters
    ----------
    over : (r,) lines that cross; these have no bends
    only_way : (r,) nothing else joins what lies beyond; such bridges bear every lorry
    node_xy : (v, 2) nodes so far, metres

    Returns
    -------
    The lines, those split at the end, and (2 a bridge, 2) the ends of bridges as further nodes.
    """
    ends, road_class = lines.ends[over], lines.road_class[over]
    first, last = node_xy[ends[:, 0]], node_xy[ends[:, 1]]
    near, far = _banks(first, last, rivers)
    bank_xy = np.stack([first + t[:, None] * (last - first) for t in (near, far)], axis=1)
    bank = len(node_xy) + np.arange(2 * len(ends)).reshape(-1, 2)
    approaches = [
        plain_lines(np.column_stack([ends[:, 0], bank[:, 0]]), road_class),
        plain_lines(np.column_stack([bank[:, 1], ends[:, 1]]), road_class),
    ]
    limit_t = _LIMITS_T[draws.pick(len(_LIMITS_T), len(ends))]
    limit_t[only_way[over]] = FULL_LOAD_T
    bridges = replace(plain_lines(bank, road_class), max_weight_t=limit_t)
    return join_lines([_without(lines, over), *approaches, bridges]), bank_xy.reshape(-1, 2)


def _banks(
    first: FloatArray, last: FloatArray, rivers: tuple[River, ...]
) -> tuple[FloatArray, FloatArray]:
    """Shares of the way at which each line meets water and leaves it."""
    share = np.linspace(0, 1, 161)
    way = first[:, None] + share[:, None] * (last - first)[:, None]
    wet = np.zeros(way.shape[:2], np.bool_)
    for river in rivers:
        left = river.left_m(way)
        wet |= np.abs(left) < river.width_m / 2 + _ABUTMENT_M
    near = share[np.argmax(wet, axis=1)]
    far = share[len(share) - 1 - np.argmax(wet[:, ::-1], axis=1)]
    none = ~wet.any(axis=1)  # it only comes near: the middle stands for the culvert
    near, far = np.where(none, 0.48, near), np.where(none, 0.52, far)
    return np.clip(near, 0.02, 0.96), np.clip(far, np.clip(near, 0.02, 0.96) + 0.02, 0.98)


def _without(lines: RoadLines, gone: BoolArray) -> RoadLines:
    """The lines but for some that have no bends."""
    kept = ~gone
    return replace(
        lines,
        ends=lines.ends[kept],
        start=np.concatenate([[0], np.cumsum(np.diff(lines.start)[kept])]),
        road_class=lines.road_class[kept],
        name=lines.name[kept],
        one_way=lines.one_way[kept],
        max_weight_t=lines.max_weight_t[kept],
        max_height_m=lines.max_height_m[kept],
    )

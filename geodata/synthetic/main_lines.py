"""Main roads as lines: cut at junctions and at the ends of their bridges, numbered, posted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geodata.synthetic.bridges import FULL_LOAD_T
from geodata.synthetic.draws import Draws
from geodata.synthetic.lines import RoadLines, plain_lines
from geodata.synthetic.main_roads import PRIMARY, SECONDARY, TRUNK, MainRoads
from geodata.synthetic.terrain import River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_CLASS_LETTER = {TRUNK: "G", PRIMARY: "S", SECONDARY: "X"}
_FIRST_NUMBER = 900  # no national or provincial road is numbered so


def cut_main_roads(
    draws: Draws,
    xy: FloatArray,
    main: MainRoads,
    chain: IntArray,
    chain_start: IntArray,
    junction: BoolArray,
    rivers: tuple[River, ...],
) -> tuple[RoadLines, tuple[str, ...]]:
    """Lines of the main roads, and the names that their ``name`` counts in.

    Parameters
    ----------
    xy : (v, 2) all nodes, metres
    chain, chain_start : nodes along road ``r`` are ``chain[chain_start[r]:chain_start[r + 1]]``
    junction : (v,) a local road meets the node
    """
    over = _steps_over_water(xy, chain, chain_start, rivers)
    cut = junction[chain] | over
    cut[1:] |= over[:-1]
    cut[chain_start[:-1]] = cut[chain_start[1:] - 1] = True
    stop = np.flatnonzero(cut)
    road = np.repeat(np.arange(len(main.ends)), np.diff(chain_start))
    piece = np.flatnonzero(road[stop[:-1]] == road[stop[1:]])
    begin, end = stop[piece], stop[piece + 1]
    bends = end - begin - 1
    start = np.concatenate([[0], np.cumsum(bends)])
    of_piece = np.repeat(np.arange(len(begin)), bends)
    bend = chain[begin[of_piece] + 1 + np.arange(start[-1]) - start[of_piece]]
    road_class = main.road_class[road[begin]]
    bears_all = main.only_way[road[begin]] | (road_class < SECONDARY)
    name, names = _numbers(main)
    lines = replace(
        plain_lines(np.column_stack([chain[begin], chain[end]]), road_class),
        start=start,
        bend_xy=xy[bend],
        name=name[road[begin]],
        max_weight_t=np.where(over[begin], _bridge_limits_t(draws, bears_all), np.nan),
    )
    return lines, names


def _steps_over_water(
    xy: FloatArray, chain: IntArray, chain_start: IntArray, rivers: tuple[River, ...]
) -> BoolArray:
    """(c,) whether the step from a node of the chain to the next one is a bridge."""
    over = np.zeros(len(chain), np.bool_)
    for river in rivers:
        left = river.left_m(xy[chain])
        over[:-1] |= (left[:-1] < 0) != (left[1:] < 0)
    over[chain_start[1:] - 1] = False
    return over


def _bridge_limits_t(draws: Draws, bears_all: BoolArray) -> FloatArray:
    """Posted weights: what the law allows on through roads and only ways, else 15 or 30 t."""
    posted = np.where(draws.happens(0.4, len(bears_all)), 15.0, 30.0)
    return np.where(bears_all, FULL_LOAD_T, posted)


def _numbers(main: MainRoads) -> tuple[IntArray, tuple[str, ...]]:
    """(r,) position of each road's number, such as X903, among all numbers."""
    labels = [
        f"{_CLASS_LETTER[kind]}{_FIRST_NUMBER + number}"
        for kind, number in zip(main.road_class.tolist(), main.number.tolist(), strict=True)
    ]
    names = tuple(sorted(set(labels)))
    return np.searchsorted(np.array(names), np.array(labels)).astype(np.int64), names

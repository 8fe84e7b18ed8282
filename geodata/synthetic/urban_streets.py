"""Streets of a city district: a lattice of blocks in the built-up area, main roads around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geodata.roads.graph import RoadGraph
from geodata.synthetic.draws import Draws
from geodata.synthetic.lines import plain_lines, road_graph
from geodata.synthetic.main_roads import PRIMARY, RESIDENTIAL, SECONDARY, TERTIARY

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BLOCK_M = 300.0
"""Between two streets; every third carries through traffic and leads on to the countryside."""
_THROUGH = 3
_MAIN = 9
_JITTER_M = 35.0
_GAPS = 0.1
_ONE_WAY = 0.06


@dataclass(frozen=True, eq=False)
class Board:
    """The district on the drawing board, its middle at the origin.

    Parameters
    ----------
    half_m : half of its width and height
    built_half_m : half of the width and height of the built-up area about the same middle
    """

    half_m: tuple[float, float]
    built_half_m: tuple[float, float]

    @property
    def built_box(self) -> shapely.Polygon:
        """The built-up area."""
        across, up = self.built_half_m
        return shapely.box(-across, -up, across, up)

    @property
    def box(self) -> shapely.Polygon:
        """The whole district."""
        across, up = self.half_m
        return shapely.box(-across, -up, across, up)

    def in_built_up(self, xy: FloatArray) -> BoolArray:
        """(q,) points inside the built-up area."""
        east, north = np.abs(xy).T
        return np.asarray((east <= self.built_half_m[0] + 1) & (north <= self.built_half_m[1] + 1))


def make_board(area_km2: float, built_up_km2: float) -> Board:
    """A rectangle five to four of the given area, the built-up area like it inside."""
    halves = []
    for area in (area_km2, min(built_up_km2, area_km2)):
        width = float(np.sqrt(area * 1e6 * 1.25))
        halves.append((width / 2, area * 1e6 / width / 2))
    return Board(halves[0], halves[1])


def street_lattice(seed: int, board: Board, source: str) -> tuple[RoadGraph, FloatArray]:
    """The directed network, and (g, 2) places where its main roads leave the district."""
    draws = Draws(seed, "urban streets")
    column, row = _lattice(board)
    xy = BLOCK_M * np.column_stack([column, row])
    xy = xy + draws.uniform(-_JITTER_M, _JITTER_M, xy.shape)
    ends, road_class = _edges(column, row, board.in_built_up(xy))
    kept = ~(draws.happens(_GAPS, len(ends)) & (road_class == RESIDENTIAL))
    ends, road_class = ends[kept], road_class[kept]
    kept = _largest(ends, len(xy))
    ends, road_class = ends[kept], road_class[kept]
    one_way = draws.happens(_ONE_WAY, len(ends)) & _may_be_one_way(ends, road_class, len(xy))
    lines = replace(plain_lines(ends, road_class), one_way=one_way)
    edge = (np.abs(column) == column.max()) | (np.abs(row) == row.max())
    leaving = edge & ((column % _MAIN == 0) | (row % _MAIN == 0))
    return road_graph(xy, lines, (), source), xy[leaving]


def _lattice(board: Board) -> tuple[IntArray, IntArray]:
    """Column and row of every crossing, numbered from the middle."""
    across, up = (int(half // BLOCK_M) for half in board.half_m)
    column, row = np.meshgrid(np.arange(-across, across + 1), np.arange(-up, up + 1))
    return column.ravel(), row.ravel()


def _edges(column: IntArray, row: IntArray, built: BoolArray) -> tuple[IntArray, IntArray]:
    """Stretches of streets and their classes; outside the built-up area only through roads."""
    width = int(column.max() - column.min()) + 1
    node = np.arange(len(column))
    parts, classes = [], []
    for step, along, last in ((1, row, column.max()), (width, column, row.max())):
        first = node[(column if step == 1 else row) < last]
        line = along[first]
        through = line % _THROUGH == 0
        kept = through | (built[first] & built[first + step])
        kind = np.select(
            [line % _MAIN == 0, through & (line % (2 * _THROUGH) == 0), through],
            [PRIMARY, SECONDARY, TERTIARY],
            RESIDENTIAL,
        )
        parts.append(np.column_stack([first, first + step])[kept])
        classes.append(kind[kept])
    return np.concatenate(parts), np.concatenate(classes)


def _largest(ends: IntArray, nodes: int) -> BoolArray:
    """Stretches in the largest connected part."""
    graph = coo_matrix((np.ones(len(ends)), ends.T), (nodes, nodes))
    _count, part = connected_components(graph, directed=False)
    largest = np.bincount(part[ends[:, 0]]).argmax()
    kept: BoolArray = part[ends[:, 0]] == largest
    return kept


def _may_be_one_way(ends: IntArray, road_class: IntArray, nodes: int) -> BoolArray:
    """Residential streets between crossings from which three or more stretches leave."""
    degree = np.bincount(ends.ravel(), minlength=nodes)
    busy: BoolArray = (road_class == RESIDENTIAL) & (degree[ends] >= 4).all(axis=1)
    return busy

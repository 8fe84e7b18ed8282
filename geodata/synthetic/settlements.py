"""Where people live: villages on the plain, the townships' seats and the county towns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.synthetic.calibration import figure
from geodata.synthetic.draws import Draws
from geodata.synthetic.terrain import Outline, River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOWN_HALF_M = 2_000.0
"""Half the width of a county town's street grid."""
SEAT_HALF_M = 420.0
"""Half the width of a township seat's street grid."""
_LEAST_SPACING_M = 750.0
_GHOST_RING_M = 9_000.0
_TOWNSHIPS_PER_TOWN = 18


@dataclass(frozen=True, eq=False)
class Settlements:
    """Settlements on the drawing board.

    Parameters
    ----------
    village_xy : (n, 2) metres
    population : (n,) persons
    half_m : (n,) half the width of the built-up square
    ghost_xy : (g, 2) places beyond the outline, which give the outer villages their borders
    seat_xy : (d, 2) seats of the townships
    is_town : (d,) the seat is a county town
    """

    village_xy: FloatArray
    population: FloatArray
    half_m: FloatArray
    ghost_xy: FloatArray
    seat_xy: FloatArray
    is_town: NDArray[np.bool_]

    @property
    def seat_half_m(self) -> FloatArray:
        """(d,) half the width of each seat's street grid."""
        return np.where(self.is_town, TOWN_HALF_M, SEAT_HALF_M)


def balanced_groups(xy: FloatArray, count: int) -> IntArray:
    """(q,) group of each point: rows from the south, cells from the west, of equal numbers."""
    rows = max(1, round(float(np.sqrt(count))))
    cells = np.diff(np.round(np.linspace(0, count, rows + 1)).astype(np.int64))
    rank = np.empty(len(xy), np.int64)
    rank[np.argsort(xy[:, 1], kind="stable")] = np.arange(len(xy))
    before = np.concatenate([[0], np.cumsum(cells)])
    edges = np.round(before * len(xy) / count).astype(np.int64)
    row = np.searchsorted(edges, rank, side="right") - 1
    order = np.lexsort((xy[:, 0], row))
    place = np.empty(len(xy), np.int64)
    place[order] = np.arange(len(xy)) - edges[row[order]]
    in_row = np.diff(edges)[row]
    return before[row] + place * cells[row] // in_row


def place_settlements(
    seed: int, villages: int, outline: Outline, rivers: tuple[River, ...]
) -> Settlements:
    """Villages 1-2 km apart, a seat in the middle of each township, county towns amid those."""
    draws = Draws(seed, "settlements")
    field = _field(draws, outline)
    inside = np.argsort(outline.level(field), kind="stable")
    village_xy, ghost_xy = field[inside[:villages]], field[inside[villages:]]
    border = float(outline.level(village_xy[-1:])[0]) + _GHOST_RING_M / outline.half_m
    ghost_xy = ghost_xy[outline.level(ghost_xy) < border]
    townships = max(2, round(villages * figure("townships") / figure("villages")))
    group = balanced_groups(village_xy, townships)
    by_group = np.argsort(group, kind="stable")  # numbered township by township, as codes are
    village_xy, group = village_xy[by_group], group[by_group]
    seat_xy = _group_means(village_xy, group)
    is_town = _towns(seat_xy)
    seat_xy = (
        seat_xy + np.where(is_town, 300.0, 800.0)[:, None] * draws.normal((townships, 2)) * 0.8
    )
    for river in rivers:
        seat_xy = river.push_off(seat_xy, np.where(is_town, TOWN_HALF_M, SEAT_HALF_M) * 1.5 + 200)
    people = draws.lognormal(
        figure("population_per_village"), figure("population_spread"), villages
    )
    population: FloatArray = np.rint(np.clip(people, 180, 9_000))
    half_m = np.clip(0.5 * np.sqrt(population * 150.0), 110, 330)
    made = Settlements(village_xy, population, half_m, ghost_xy, seat_xy, is_town)
    return settle(replace(made, ghost_xy=_off_seats(ghost_xy, made)), rivers)


def settle(
    made: Settlements, rivers: tuple[River, ...], roads: FloatArray | None = None
) -> Settlements:
    """The villages moved apart, off the towns, the rivers and (points of) the main roads."""
    xy = made.village_xy if roads is not None else _off_seats(made.village_xy, made)
    tree = None if roads is None else cKDTree(roads)
    for _ in range(4):
        xy = _apart(xy)
        xy = _clear_of_seats(xy, made)
        if tree is not None and roads is not None:
            xy = _off_roads(xy, made.half_m, tree, roads)
        for river in rivers:
            xy = river.push_off(xy, made.half_m * 1.3 + 120)
    nearest = np.asarray(cKDTree(xy).query(xy, k=2)[0])[:, 1]
    return replace(made, village_xy=xy, half_m=np.minimum(made.half_m, 0.3 * nearest))


def _field(draws: Draws, outline: Outline) -> FloatArray:
    """Staggered rows of jittered points, some way beyond the outline."""
    cell = float(np.sqrt(figure("area_per_village_km2") * 1e6))
    # The county town takes the land of a few villages; its ring is denser for that.
    count = int(np.ceil((outline.half_m * 1.22 + _GHOST_RING_M) / cell)) + 2
    column, row = np.meshgrid(np.arange(-count, count + 1), np.arange(-count, count + 1))
    grid = np.column_stack([(column + 0.5 * (row % 2)).ravel(), row.ravel()]).astype(np.float64)
    return cell * (grid + draws.uniform(-0.33, 0.33, grid.shape))


def _group_means(xy: FloatArray, group: IntArray) -> FloatArray:
    size = np.bincount(group)
    return np.column_stack([np.bincount(group, xy[:, axis]) / size for axis in (0, 1)])


def _towns(seat_xy: FloatArray) -> NDArray[np.bool_]:
    """The seat nearest to the middle of each group of townships is a county town."""
    groups = max(1, round(len(seat_xy) / _TOWNSHIPS_PER_TOWN))
    middle = _group_means(seat_xy, balanced_groups(seat_xy, groups))
    town = np.zeros(len(seat_xy), np.bool_)
    town[cKDTree(seat_xy).query(middle)[1]] = True
    return town


def _off_seats(xy: FloatArray, made: Settlements) -> FloatArray:
    """Points about a seat squeezed into the ring around its streets, so that none is lost."""
    for seats, half in ((made.is_town, TOWN_HALF_M), (~made.is_town, SEAT_HALF_M)):
        inner = 1.45 * half + 450
        outer = 2.1 * inner
        seat_xy = made.seat_xy[seats]
        if not len(seat_xy):
            continue
        distance, which = cKDTree(seat_xy).query(xy)
        distance = np.asarray(distance)
        away = (xy - seat_xy[which]) / np.maximum(distance, 1.0)[:, None]
        squeezed = inner + distance * (outer - inner) / outer
        xy = np.where((distance < outer)[:, None], seat_xy[which] + squeezed[:, None] * away, xy)
    return xy


def _clear_of_seats(xy: FloatArray, made: Settlements) -> FloatArray:
    distance, which = cKDTree(made.seat_xy).query(xy)
    wanted = 1.42 * made.seat_half_m[which] + made.half_m * 1.2 + 80
    away = (xy - made.seat_xy[which]) / np.maximum(distance, 1.0)[:, None]
    return xy + np.maximum(wanted - distance, 0.0)[:, None] * away


def _apart(xy: FloatArray) -> FloatArray:
    pairs = cKDTree(xy).query_pairs(_LEAST_SPACING_M, output_type="ndarray")
    if not len(pairs):
        return xy
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    step = xy[pairs[:, 1]] - xy[pairs[:, 0]]
    length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1.0)
    move = step * (0.55 * (_LEAST_SPACING_M - length) / length)[:, None]
    moved = xy.copy()
    np.add.at(moved, pairs[:, 1], move)
    np.add.at(moved, pairs[:, 0], -move)
    return moved


def _off_roads(xy: FloatArray, half_m: FloatArray, tree: cKDTree, roads: FloatArray) -> FloatArray:
    """Villages beside a main road, not across it: near ones are drawn to it, none stands on it."""
    distance, which = tree.query(xy)
    away = (xy - roads[which]) / np.maximum(distance, 1.0)[:, None]
    beside = half_m * 1.15 + 70
    # Within a walk of the road the houses have grown towards it; farther out they have not.
    wanted = np.where(distance < 1_000, beside + 0.35 * np.maximum(distance - beside, 0), distance)
    return xy + (np.maximum(wanted, beside) - distance)[:, None] * away

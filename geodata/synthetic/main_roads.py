"""Trunk, provincial and county roads: few, nearly straight, seat to seat and out of the county."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from geodata.synthetic.draws import Draws
from geodata.synthetic.settlements import Settlements
from geodata.synthetic.terrain import Outline, River, crosses_any

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CLASS_NAMES = ("trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "track")
TRUNK, PRIMARY, SECONDARY, TERTIARY, UNCLASSIFIED, RESIDENTIAL, TRACK = range(7)

_SAMPLE_M = 330.0
_GATEWAY_SPACING_M = 15_000.0


@dataclass(frozen=True, eq=False)
class MainRoads:
    """Main roads between places (townships' seats first, then gateways on the outline).

    Parameters
    ----------
    place_xy : (p, 2) metres
    ends : (r, 2) places that a road joins
    road_class : (r,) positions in ``CLASS_NAMES``
    number : (r,) of the road within its class, from 1; stretches of one road share it
    only_way : (r,) one of the tree that joins all seats: its bridges bear every lorry
    start : (r + 1,) the bends of road ``r`` are ``bend_xy[start[r]:start[r + 1]]``
    bend_xy : (b, 2) metres, without the ends
    """

    place_xy: FloatArray
    ends: IntArray
    road_class: IntArray
    number: IntArray
    only_way: NDArray[np.bool_]
    start: IntArray
    bend_xy: FloatArray


def gabriel_edges(xy: FloatArray) -> IntArray:
    """(e, 2) pairs with no third point in the circle between them, lower position first."""
    corner = Delaunay(xy).simplices if len(xy) > 3 else np.array([[0, 1, len(xy) - 1]])
    edges = np.sort(
        np.concatenate([corner[:, [0, 1]], corner[:, [1, 2]], corner[:, [0, 2]]]), axis=1
    )
    keys = np.unique(edges[:, 0].astype(np.int64) * len(xy) + edges[:, 1])
    edges = np.column_stack([keys // len(xy), keys % len(xy)])
    edges = edges[edges[:, 0] < edges[:, 1]]
    span = np.linalg.norm(xy[edges[:, 0]] - xy[edges[:, 1]], axis=1)
    nearest = cKDTree(xy).query((xy[edges[:, 0]] + xy[edges[:, 1]]) / 2)[0]
    kept: IntArray = edges[nearest >= span / 2 - 1e-6 * span]
    return kept


def lay_main_roads(
    seed: int, made: Settlements, outline: Outline, rivers: tuple[River, ...]
) -> MainRoads:
    """Roads of the three upper classes."""
    draws = Draws(seed, "main roads")
    gateways = _gateways(draws, outline)
    place_xy = np.concatenate([made.seat_xy, gateways])
    seats = len(made.seat_xy)
    ends, only_way, chosen = _links(draws, place_xy, seats, rivers)
    road_class, number = _classes(place_xy, ends, np.flatnonzero(made.is_town), seats)
    built = chosen | (road_class < SECONDARY)  # through roads go the straight way, built first
    ends, only_way = ends[built], only_way[built]
    road_class, number = road_class[built], number[built]
    half = np.concatenate([made.seat_half_m, np.zeros(len(gateways))])
    start, bend_xy = _bends(draws, place_xy, half, ends, road_class)
    return MainRoads(place_xy, ends, road_class, number, only_way, start, bend_xy)


def _gateways(draws: Draws, outline: Outline) -> FloatArray:
    count = max(6, round(7.2 * outline.half_m / _GATEWAY_SPACING_M))
    angle = 2 * np.pi * (np.arange(count) + draws.uniform(-0.25, 0.25, count)) / count
    border = outline.at_angles(angle)
    beyond: FloatArray = border * (1 + 900.0 / np.linalg.norm(border, axis=1, keepdims=True))
    return beyond


def _links(
    draws: Draws, xy: FloatArray, seats: int, rivers: tuple[River, ...]
) -> tuple[IntArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Links of seats and to gateways; those of a tree; those built, with few bridges."""
    edges = gabriel_edges(xy[:seats])
    length = np.linalg.norm(xy[edges[:, 0]] - xy[edges[:, 1]], axis=1)
    over = crosses_any(rivers, xy[edges[:, 0]], xy[edges[:, 1]])
    cost = csr_matrix((length * np.where(over, 3, 1), edges.T), shape=(seats, seats))
    tree = minimum_spanning_tree(cost).tocoo()
    in_tree = np.isin(
        edges[:, 0] * seats + edges[:, 1], tree.row.astype(np.int64) * seats + tree.col
    )
    keep = in_tree | draws.happens(np.where(over, 0.5, 0.82), len(edges))
    nearest = np.asarray(cKDTree(xy[:seats]).query(xy[seats:])[1], np.int64)
    out = np.column_stack([nearest, np.arange(seats, len(xy))])
    always = np.ones(len(out), np.bool_)
    return (
        np.concatenate([edges, out]),
        np.concatenate([in_tree, always]),
        np.concatenate([keep, always]),
    )


def _classes(
    xy: FloatArray, ends: IntArray, towns: IntArray, seats: int
) -> tuple[IntArray, IntArray]:
    """Ways from town to town and from town to the four sides are trunk or provincial roads."""
    length = np.linalg.norm(xy[ends[:, 0]] - xy[ends[:, 1]], axis=1)
    graph = csr_matrix((length, ends.T), shape=(len(xy), len(xy)))
    before = dijkstra(graph, directed=False, indices=towns, return_predecessors=True)[1]
    key = {(int(a), int(b)): road for road, (a, b) in enumerate(ends)}
    road_class = np.full(len(ends), SECONDARY)
    number = np.arange(1, len(ends) + 1)
    ways = sorted(_ways(xy, towns, seats), key=lambda way: way[2])
    for count, (town, goal, wanted) in enumerate(ways, start=1):
        here = goal
        while here != towns[town] and before[town, here] >= 0:
            there = int(before[town, here])
            road = key[min(here, there), max(here, there)]
            if wanted < road_class[road]:
                road_class[road], number[road] = wanted, (count + 1) // 2
            here = there
    return road_class, number


def _ways(xy: FloatArray, towns: IntArray, seats: int) -> list[tuple[int, int, int]]:
    """(town, goal, class) of the ways that carry through traffic."""
    ways = []
    joined = gabriel_edges(xy[towns]) if len(towns) > 1 else np.empty((0, 2), np.int64)
    for a, b in joined:
        step = np.abs(xy[towns[a]] - xy[towns[b]])
        ways.append((int(a), int(towns[b]), TRUNK if step[1] > step[0] else PRIMARY))
    for side, wanted in (
        ((0, 1), TRUNK),
        ((0, -1), TRUNK),
        ((1, 0.25), PRIMARY),
        ((-1, -0.25), PRIMARY),
    ):
        goal = seats + int(np.argmax(xy[seats:] @ np.array(side)))
        nearest = int(np.argmin(np.linalg.norm(xy[towns] - xy[goal], axis=1)))
        ways.append((nearest, goal, wanted))
    return ways


def _bends(
    draws: Draws, xy: FloatArray, half: FloatArray, ends: IntArray, road_class: IntArray
) -> tuple[IntArray, FloatArray]:
    """Points of gentle curves between the rims of the places."""
    first, last = xy[ends[:, 0]], xy[ends[:, 1]]
    span = last - first
    length = np.linalg.norm(span, axis=1)
    margin = np.minimum((half[ends] * 1.5 + 80 * (half[ends] > 0)) / length[:, None], 0.4)
    count = np.maximum(3, np.ceil(length * (1 - margin.sum(axis=1)) / _SAMPLE_M)).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(count)])
    road = np.repeat(np.arange(len(ends)), count)
    along = (np.arange(start[-1]) - start[road]) / (count - 1)[road]
    at = margin[road, 0] + along * (1 - margin[road].sum(axis=1))
    swing = draws.normal((len(ends), 3)) * np.array([0.022, 0.014, 0.008])
    swing *= np.where(road_class == TRUNK, 0.6, 1.0)[:, None]
    aside = sum(swing[road, k] * np.sin((k + 1) * np.pi * at) for k in range(3))
    normal = np.column_stack([-span[:, 1], span[:, 0]])
    return start, first[road] + at[:, None] * span[road] + aside[:, None] * normal[road]

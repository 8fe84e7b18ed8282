"""The whole road network of a county: main roads, local roads and streets on one set of nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import RoadGraph
from geodata.synthetic.bridges import split_at_bridges
from geodata.synthetic.draws import Draws
from geodata.synthetic.lines import RoadLines, join_lines, plain_lines, road_graph
from geodata.synthetic.local_roads import Anchors, LocalRoads, lay_local_roads
from geodata.synthetic.main_lines import cut_main_roads
from geodata.synthetic.main_roads import (
    RESIDENTIAL,
    SECONDARY,
    TERTIARY,
    MainRoads,
)
from geodata.synthetic.settlements import Settlements
from geodata.synthetic.streets import StreetGrids, street_grids
from geodata.synthetic.terrain import River

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TOWN_ORDER, _SEAT_ORDER, _VILLAGE_ORDER = 5, 2, 1
_GAPS = 0.12
_LANES = 0.22  # of the corners of a village where no road arrives


@dataclass(frozen=True, eq=False)
class Network:
    """Roads and what the layers want to know of them.

    Parameters
    ----------
    roads : the directed graph
    separate, off_road, by_track : positions of villages made exceptions on purpose
    bridges : lines over a river
    """

    roads: RoadGraph
    separate: IntArray
    off_road: IntArray
    by_track: IntArray
    bridges: int
    streets: tuple[StreetGrids, StreetGrids, StreetGrids]
    """Of the villages, of the seats that are no towns, of the county towns."""
    on_network: NDArray[np.bool_]
    """(n,) roads lead to the village, if only a track."""


@dataclass(frozen=True, eq=False)
class _Board:
    """Node numbers: village grids, then seat grids, then town grids, gateways, main road bends."""

    villages: StreetGrids
    seats: StreetGrids
    towns: StreetGrids
    seat_row: IntArray
    """(d,) row of each township's grid among ``seats`` or ``towns``."""
    is_town: NDArray[np.bool_]
    first_seat: int
    first_town: int
    first_gateway: int
    first_bend: int
    xy: FloatArray

    def gates(self, township: IntArray, towards: FloatArray) -> IntArray:
        """(q,) nodes where a road from ``towards`` enters a township's seat."""
        node = np.empty(len(township), np.int64)
        kinds = (
            (self.is_town, self.towns, self.first_town),
            (~self.is_town, self.seats, self.first_seat),
        )
        for kind, grids, first in kinds:
            own = kind[township]
            row = self.seat_row[township[own]]
            node[own] = first + row * grids.nodes_each + grids.gate(row, towards[own])
        return node


def build_network(
    seed: int, made: Settlements, main: MainRoads, rivers: tuple[River, ...], source: str
) -> Network:
    """All roads of the county as one directed graph."""
    draws = Draws(seed, "network")
    board = _board(draws, made, main)
    chain, chain_start = _chains(board, main, len(made.seat_xy))
    anchors, node_of = _anchors(board, made, chain, chain_start)
    local = lay_local_roads(seed, anchors, rivers)
    links, junction = _link_lines(draws, board, anchors, node_of, local)
    links, bank_xy = split_at_bridges(
        draws, links, local.over_river, local.only_way, board.xy, rivers
    )
    node_xy = np.concatenate([board.xy, bank_xy])
    main_lines, names = cut_main_roads(draws, board.xy, main, chain, chain_start, junction, rivers)
    built = np.ones(len(made.village_xy), np.bool_)
    built[local.off_road] = False
    streets = _street_lines(draws, board, built)
    lanes, lane_end_xy = _lanes(draws, board, junction, built, len(node_xy))
    lines = join_lines([main_lines, links, *streets, lanes])
    roads = road_graph(np.concatenate([node_xy, lane_end_xy]), lines, names, source)
    bridges = int((main_lines.max_weight_t > 0).sum() + local.over_river.sum())
    on_network = built.copy()
    on_network[local.separate] = False
    return Network(
        roads=roads,
        separate=local.separate,
        off_road=local.off_road,
        by_track=local.by_track,
        bridges=bridges,
        streets=(board.villages, board.seats, board.towns),
        on_network=on_network,
    )


def _board(draws: Draws, made: Settlements, main: MainRoads) -> _Board:
    n = len(made.village_xy)
    town = made.is_town
    villages = street_grids(
        made.village_xy,
        made.half_m * 0.72,
        draws.uniform(-0.2, 0.2, n),
        draws.uniform(0.7, 1.45, n),
        _VILLAGE_ORDER,
    )
    turn = draws.uniform(-0.12, 0.12, len(town))
    seats, towns = (
        street_grids(
            made.seat_xy[kind],
            made.seat_half_m[kind],
            turn[kind],
            np.ones(int(kind.sum())),
            order,
        )
        for kind, order in ((~town, _SEAT_ORDER), (town, _TOWN_ORDER))
    )
    gateways = main.place_xy[len(town) :]
    grids = [grid.xy.reshape(-1, 2) for grid in (villages, seats, towns)]
    xy = np.concatenate([*grids, gateways, main.bend_xy])
    first_gateway = len(xy) - len(main.bend_xy) - len(gateways)
    return _Board(
        villages=villages,
        seats=seats,
        towns=towns,
        seat_row=np.where(town, np.cumsum(town), np.cumsum(~town)) - 1,
        is_town=town,
        first_seat=len(grids[0]),
        first_town=len(grids[0]) + len(grids[1]),
        first_gateway=first_gateway,
        first_bend=first_gateway + len(gateways),
        xy=xy,
    )


def _chains(board: _Board, main: MainRoads, seats: int) -> tuple[IntArray, IntArray]:
    """Nodes along every main road, gate to gate."""
    count = np.diff(main.start)
    start = np.concatenate([[0], np.cumsum(count + 2)])
    chain = np.empty(start[-1], np.int64)
    road = np.repeat(np.arange(len(count)), count)
    chain[start[road] + 1 + np.arange(len(road)) - main.start[road]] = board.first_bend + np.arange(
        len(road)
    )
    for side, at, bend in (
        (0, start[:-1], main.start[:-1]),
        (1, start[1:] - 1, main.start[1:] - 1),
    ):
        place = main.ends[:, side]
        node = board.first_gateway + place - seats
        seat = place < seats
        node[seat] = board.gates(place[seat], main.bend_xy[bend[seat]])
        chain[at] = node
    return chain, start


def _anchors(
    board: _Board, made: Settlements, chain: IntArray, chain_start: IntArray
) -> tuple[Anchors, IntArray]:
    """Where local roads may begin, and the node of each (villages: the middle of their grid)."""
    n = len(made.village_xy)
    rims, rim_pairs = [], []
    for grids, first in ((board.seats, board.first_seat), (board.towns, board.first_town)):
        base = first + np.arange(len(grids.xy))[:, None] * grids.nodes_each
        rims.append((base + grids.rim).ravel())
        on_rim = np.isin(grids.street, grids.rim).all(axis=1)
        rim_pairs.append((base[:, :, None] + grids.street[on_rim]).reshape(-1, 2))
    middle = np.arange(n) * board.villages.nodes_each + board.villages.nodes_each // 2
    ways = np.arange(board.first_bend, len(board.xy))
    gateways = np.arange(board.first_gateway, board.first_bend)
    node_of = np.concatenate([middle, *rims, gateways, ways])
    anchor_of = np.full(len(board.xy), -1)
    anchor_of[node_of] = np.arange(len(node_of))
    inner = np.ones(len(chain) - 1, np.bool_)
    inner[chain_start[1:-1] - 1] = False
    pairs = np.column_stack([chain[:-1], chain[1:]])[inner]
    spine = anchor_of[np.concatenate([*rim_pairs, pairs])]
    xy = board.xy[node_of]
    xy[:n] = made.village_xy
    spine_m = np.linalg.norm(xy[spine[:, 0]] - xy[spine[:, 1]], axis=1)
    first_rims = [rims[0][:: len(board.seats.rim)], rims[1][:: len(board.towns.rim)]]
    return Anchors(xy, n, spine, spine_m, anchor_of[np.concatenate(first_rims)]), node_of


def _link_lines(
    draws: Draws, board: _Board, anchors: Anchors, node_of: IntArray, local: LocalRoads
) -> tuple[RoadLines, NDArray[np.bool_]]:
    """Lines of the local roads from rim to rim; and which nodes became junctions."""
    ends = node_of[local.ends]
    each = board.villages.nodes_each
    for side, other in ((0, 1), (1, 0)):
        village = local.ends[:, side] < anchors.villages
        which = local.ends[village, side]
        gate = board.villages.gate(which, anchors.xy[local.ends[village, other]])
        ends[village, side] = which * each + gate
    junction = np.zeros(len(board.xy), np.bool_)
    junction[ends] = True
    count = len(ends)
    first, span = board.xy[ends[:, 0]], board.xy[ends[:, 1]] - board.xy[ends[:, 0]]
    length = np.hypot(span[:, 0], span[:, 1])
    bent = draws.happens(0.6, count) & (length > 350) & ~local.over_river
    swing = draws.normal((count, 2)) * np.array([0.035, 0.03])
    at = np.array([0.28, 0.52, 0.77])
    aside = sum(swing[:, [k]] * np.sin((k + 1) * np.pi * at) for k in range(2))
    normal = np.column_stack([-span[:, 1], span[:, 0]])
    bend = first[:, None] + at[:, None] * span[:, None] + aside[:, :, None] * normal[:, None]
    lines = plain_lines(ends, local.road_class)
    # 限高架: a gate that keeps lorries off a village road, where they have another way round.
    barrier = draws.happens(0.1, count) & ~local.only_way & ~local.over_river
    height = np.where(barrier, np.array([2.5, 2.8, 3.2])[draws.pick(3, count)], np.nan)
    start = np.concatenate([[0], np.cumsum(np.where(bent, 3, 0))])
    made = replace(
        lines,
        start=start,
        bend_xy=bend[bent].reshape(-1, 2),
        max_height_m=height,
    )
    return made, junction


def _street_lines(
    draws: Draws, board: _Board, built: NDArray[np.bool_]
) -> tuple[RoadLines, RoadLines, RoadLines]:
    """Streets of villages, seats and towns; a few of the towns' are one-way."""
    parts = []
    kinds = (
        (board.villages, 0, np.flatnonzero(built)),
        (board.seats, board.first_seat, np.arange(len(board.seats.xy))),
        (board.towns, board.first_town, np.arange(len(board.towns.xy))),
    )
    for grids, first, rows in kinds:
        ends = (first + rows[:, None, None] * grids.nodes_each + grids.street).reshape(-1, 2)
        middle = grids.line == grids.order
        ring = (grids.line == 0) | (grids.line == 2 * grids.order)
        kind = np.full(len(grids.line), RESIDENTIAL)
        if grids.order > _VILLAGE_ORDER:
            kind[middle | ring] = TERTIARY
        if grids.order == _TOWN_ORDER:
            kind[middle | ring] = SECONDARY
            kind[(grids.line == 2) | (grids.line == 8)] = TERTIARY
        lines = plain_lines(ends, np.tile(kind, len(rows)))
        if grids.order == _TOWN_ORDER:
            lines = _one_way(lines, grids, len(rows))
        gap = draws.happens(_GAPS, len(ends)) & (lines.road_class == RESIDENTIAL) & ~lines.one_way
        if grids.order > _VILLAGE_ORDER:
            lines = _without(lines, gap)
        parts.append(lines)
    return parts[0], parts[1], parts[2]


def _without(lines: RoadLines, gap: NDArray[np.bool_]) -> RoadLines:
    """Straight lines without some of them: no grid of streets is whole."""
    kept = ~gap
    return replace(
        plain_lines(lines.ends[kept], lines.road_class[kept]), one_way=lines.one_way[kept]
    )


def _one_way(lines: RoadLines, grids: StreetGrids, towns: int) -> RoadLines:
    """Two pairs of neighbouring streets, one each way, as in the old centre of a county town."""
    eastward, westward = grids.order + 1, grids.order + 2
    one_way = (grids.line == eastward) | (grids.line == westward)
    turned = np.tile(grids.line == westward, towns)
    ends = np.where(turned[:, None], lines.ends[:, ::-1], lines.ends)
    return replace(lines, ends=ends, one_way=np.tile(one_way, towns))


def _lanes(
    draws: Draws,
    board: _Board,
    junction: NDArray[np.bool_],
    built: NDArray[np.bool_],
    first_end: int,
) -> tuple[RoadLines, FloatArray]:
    """Lanes that end among the last houses, and where: nodes numbered from ``first_end``."""
    grids = board.villages
    node = (np.arange(len(grids.xy))[:, None] * grids.nodes_each + grids.rim).ravel()
    village = np.repeat(np.arange(len(grids.xy)), len(grids.rim))
    blind = draws.happens(_LANES, len(node)) & ~junction[node] & built[village]
    stretch = draws.uniform(0.25, 0.5, len(node))
    node, village, stretch = node[blind], village[blind], stretch[blind]
    centre = grids.xy[village, grids.nodes_each // 2]
    end_xy = board.xy[node] + (board.xy[node] - centre) * stretch[:, None]
    ends = np.column_stack([node, first_end + np.arange(len(node))])
    return plain_lines(ends, np.full(len(node), RESIDENTIAL)), end_xy

"""Road lines between numbered nodes, and the directed road graph that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.roads.access import Access
from geodata.roads.graph import RoadGraph, RoadTopology
from geodata.synthetic.main_roads import CLASS_NAMES, TRACK
from geodata.synthetic.plane import step_lengths_m, to_degrees

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


ON_TRACKS = Access.ALL & ~(Access.HGV | Access.HAZMAT)


@dataclass(frozen=True, eq=False)
class RoadLines:
    """Undirected road lines of one kind.

    Parameters
    ----------
    ends : (r, 2) nodes
    start : (r + 1,) the bends of line ``r`` are ``bend_xy[start[r]:start[r + 1]]``
    bend_xy : (b, 2) metres, without the ends
    road_class : (r,) positions in ``CLASS_NAMES``
    name : (r,) positions in the network's names, -1 unnamed
    one_way : (r,) from the first end to the second only
    max_weight_t, max_height_m : (r,) NaN where there is no limit
    """

    ends: IntArray
    start: IntArray
    bend_xy: FloatArray
    road_class: IntArray
    name: IntArray
    one_way: NDArray[np.bool_]
    max_weight_t: FloatArray
    max_height_m: FloatArray


def plain_lines(ends: IntArray, road_class: IntArray) -> RoadLines:
    """Straight, unnamed lines without limits."""
    count = len(ends)
    nothing = np.full(count, np.nan)
    return RoadLines(
        ends=ends,
        start=np.zeros(count + 1, np.int64),
        bend_xy=np.empty((0, 2)),
        road_class=road_class,
        name=np.full(count, -1),
        one_way=np.zeros(count, np.bool_),
        max_weight_t=nothing,
        max_height_m=nothing.copy(),
    )


def join_lines(parts: list[RoadLines]) -> RoadLines:
    """All lines, part after part."""
    bends = np.concatenate([np.diff(part.start) for part in parts])
    return RoadLines(
        ends=np.concatenate([part.ends for part in parts]),
        start=np.concatenate([[0], np.cumsum(bends)]),
        bend_xy=np.concatenate([part.bend_xy for part in parts]),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("road_class", "name", "one_way", "max_weight_t", "max_height_m")
        },
    )


def road_graph(
    node_xy: FloatArray, lines: RoadLines, names: tuple[str, ...], source: str
) -> RoadGraph:
    """Both directions of every line, those of one line next to each other where there are two.

    Nodes that no line uses are dropped; the rest keep their order.
    """
    used = np.zeros(len(node_xy), np.bool_)
    used[lines.ends] = True
    number = np.cumsum(used) - 1
    node_lon, node_lat = to_degrees(*node_xy[used].T)
    bend_lon, bend_lat = to_degrees(*lines.bend_xy.T)
    line, backward, reverse = _directions(lines.one_way)
    ends = number[lines.ends]
    edge_from = np.where(backward, ends[line, 1], ends[line, 0])
    edge_to = np.where(backward, ends[line, 0], ends[line, 1])
    shape_start, bend = _shapes(lines.start, line, backward)
    shape_lon, shape_lat = (
        _filled(shape_start, bend, at_bend, at_node[edge_from], at_node[edge_to])
        for at_bend, at_node in ((bend_lon, node_lon), (bend_lat, node_lat))
    )
    steps = np.append(step_lengths_m(shape_lon, shape_lat), 0.0)
    steps[shape_start[1:] - 1] = 0.0  # from the end of one line to the start of the next
    return RoadGraph(
        topology=RoadTopology(
            node_lon, node_lat, edge_from.astype(np.int32), edge_to.astype(np.int32)
        ),
        length_m=np.asarray(np.round(np.add.reduceat(steps, shape_start[:-1]), 3), np.float64),
        road_class=lines.road_class[line].astype(np.int16),
        class_names=CLASS_NAMES,
        name=lines.name[line].astype(np.int32),
        names=names,
        reverse=reverse.astype(np.int32),
        # A field track bears a tricycle or a van, not a lorry.
        access=np.where(lines.road_class[line] == TRACK, ON_TRACKS, Access.ALL).astype(np.uint16),
        max_weight_t=lines.max_weight_t[line].astype(np.float32),
        max_height_m=lines.max_height_m[line].astype(np.float32),
        speed_kph=np.full(len(line), np.nan, np.float32),
        closed=np.zeros(len(line), np.bool_),
        shape_start=shape_start,
        shape_lon=shape_lon,
        shape_lat=shape_lat,
        source=source,
    )


def _directions(one_way: NDArray[np.bool_]) -> tuple[IntArray, NDArray[np.bool_], IntArray]:
    """Line, direction and opposite edge of every directed edge."""
    line = np.repeat(np.arange(len(one_way)), np.where(one_way, 1, 2))
    backward = np.zeros(len(line), np.bool_)
    backward[1:] = line[1:] == line[:-1]
    position = np.arange(len(line))
    both = ~one_way[line]
    reverse = np.where(both, np.where(backward, position - 1, position + 1), -1)
    return line, backward, reverse


def _shapes(
    start: IntArray, line: IntArray, backward: NDArray[np.bool_]
) -> tuple[IntArray, IntArray]:
    """Start of each edge's points, and which bend each point is (-1 first end, -2 last end)."""
    bends = np.diff(start)[line]
    shape_start = np.concatenate([[0], np.cumsum(bends + 2)])
    edge = np.repeat(np.arange(len(line)), bends + 2)
    place = np.arange(shape_start[-1]) - shape_start[edge]
    count = bends[edge]
    at = np.where(backward[edge], count - place, place - 1)
    bend = np.where(place == 0, -1, np.where(place == count + 1, -2, start[line[edge]] + at))
    return shape_start, bend


def _filled(
    shape_start: IntArray, bend: IntArray, at_bend: FloatArray, first: FloatArray, last: FloatArray
) -> FloatArray:
    values = np.empty(len(bend))
    inner = bend >= 0
    values[inner] = at_bend[bend[inner]]
    values[shape_start[:-1]] = first
    values[shape_start[1:] - 1] = last
    return values

"""Pieces of road between junctions: lines cut where they meet, and at barriers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import FloatArray
from geodata.roads.lines import (
    LineAttributes,
    RoadLines,
    lengths_m,
    plain_attributes,
    ragged_indices,
)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Undirected pieces of road; both ends are nodes.

    Parameters
    ----------
    ends : (n, 2) node positions
    start, lon, lat : geometry, as in ``RoadLines``
    length_m : (n,)
    line : (n, 2) the line that a piece follows at its start and at its end
    attributes : of the pieces
    node_lon, node_lat : (v,) WGS84 degrees
    node_identity : (v,) identity of the node in ``RoadLines``; -1 is a copy or an anonymous end
    """

    ends: NDArray[np.int64]
    start: NDArray[np.int64]
    lon: FloatArray
    lat: FloatArray
    length_m: FloatArray
    line: NDArray[np.int64]
    attributes: LineAttributes
    node_lon: FloatArray
    node_lat: FloatArray
    node_identity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_lon)

    @property
    def is_dead(self) -> NDArray[np.bool_]:
        """(n,) without length and back at the same node: doubled points, empty lines."""
        return np.asarray((self.length_m == 0) & (self.ends[:, 0] == self.ends[:, 1]))


def cut_at_junctions(lines: RoadLines) -> Pieces:
    """Cut lines at their ends and wherever a point's identity comes up again or is special.

    Pieces without length whose ends are one node are still here; see ``is_dead``.
    """
    is_end = np.zeros(len(lines.lon), bool)
    is_end[lines.start[:-1]] = is_end[lines.start[1:] - 1] = True
    cut = is_end | _meets_or_matters(lines)
    node_of_point, node_point = _number_nodes(lines.node, cut)

    at = np.flatnonzero(cut)
    line_of_point = np.repeat(np.arange(len(lines)), np.diff(lines.start))
    same_line = line_of_point[at[:-1]] == line_of_point[at[1:]]
    first, last = at[:-1][same_line], at[1:][same_line]

    count = last - first + 1
    start = np.concatenate([[0], np.cumsum(count)])
    points = ragged_indices(first, count)
    lon, lat = lines.lon[points], lines.lat[points]
    line = line_of_point[first]
    return Pieces(
        ends=np.column_stack([node_of_point[first], node_of_point[last]]),
        start=start,
        lon=lon,
        lat=lat,
        length_m=lengths_m(start, lon, lat),
        line=np.column_stack([line, line]),
        attributes=lines.attributes.take(line),
        node_lon=lines.lon[node_point],
        node_lat=lines.lat[node_point],
        node_identity=lines.node[node_point],
    )


def _meets_or_matters(lines: RoadLines) -> NDArray[np.bool_]:
    """Points inside lines that another point meets, or that carry a barrier or a turn rule."""
    named = np.flatnonzero(lines.node >= 0)
    _, inverse, times = np.unique(lines.node[named], return_inverse=True, return_counts=True)
    special = np.array([*lines.barriers, *(rule.via_node for rule in lines.turns)], np.int64)
    cut = np.zeros(len(lines.lon), bool)
    cut[named] = (times[inverse] > 1) | np.isin(lines.node[named], special)
    return cut


def _number_nodes(
    node: NDArray[np.int64], cut: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(p,) node position of each cut point (else -1), and (v,) the first point of each node."""
    at = np.flatnonzero(cut)
    # Anonymous ends are nodes of their own: give each a key that nobody else has.
    key = np.where(node[at] >= 0, node[at], -2 - at)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # nodes in order of appearance
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    node_of_point = np.full(len(node), -1, np.int64)
    node_of_point[at] = rank[inverse]
    return node_of_point, at[first[order]]


def kept(pieces: Pieces, keep: NDArray[np.bool_]) -> Pieces:
    """The pieces of the mask, with the nodes that they still need, in the same order."""
    at = np.flatnonzero(keep)
    count = np.diff(pieces.start)[at]
    points = ragged_indices(pieces.start[at], count)
    used, ends = np.unique(pieces.ends[at], return_inverse=True)
    return replace(
        pieces,
        ends=ends.reshape(-1, 2).astype(np.int64),
        start=np.concatenate([[0], np.cumsum(count)]),
        lon=pieces.lon[points],
        lat=pieces.lat[points],
        length_m=pieces.length_m[at],
        line=pieces.line[at],
        attributes=pieces.attributes.take(at),
        node_lon=pieces.node_lon[used],
        node_lat=pieces.node_lat[used],
        node_identity=pieces.node_identity[used],
    )


def split_at_barriers(pieces: Pieces, barriers: Mapping[int, int], connector_class: int) -> Pieces:
    """Give every piece that ends at a barrier its own copy of the node, joined by connectors.

    The first piece end keeps the node; each other end gets a copy and a connector to the node, of
    no length, that only the barrier's groups may pass. So whoever it stops can still drive up to
    it from every side.
    """
    identities = np.array(list(barriers), np.int64)
    passing = np.array(list(barriers.values()), np.uint16)
    at_barrier = np.isin(pieces.node_identity, identities)
    flat = pieces.ends.ravel()
    ends = np.flatnonzero(at_barrier[flat])
    _, first = np.unique(flat[ends], return_index=True)
    moved = np.delete(ends, first)
    if not len(moved):
        return pieces
    old = flat[moved]
    new = pieces.n_nodes + np.arange(len(moved))
    flat = flat.copy()
    flat[moved] = new

    order = np.argsort(identities)
    groups = passing[order][np.searchsorted(identities[order], pieces.node_identity[old])]
    connectors = plain_attributes(
        np.full(len(moved), connector_class), np.column_stack([groups, groups])
    )
    lon, lat = pieces.node_lon[old], pieces.node_lat[old]
    return replace(
        pieces,
        ends=np.concatenate([flat.reshape(-1, 2), np.column_stack([old, new])]),
        start=np.concatenate([pieces.start, pieces.start[-1] + 2 * np.arange(1, len(moved) + 1)]),
        lon=np.concatenate([pieces.lon, np.repeat(lon, 2)]),
        lat=np.concatenate([pieces.lat, np.repeat(lat, 2)]),
        length_m=np.concatenate([pieces.length_m, np.zeros(len(moved))]),
        line=np.concatenate([pieces.line, np.full((len(moved), 2), -1)]),
        attributes=pieces.attributes.joined_with(connectors),
        node_lon=np.concatenate([pieces.node_lon, lon]),
        node_lat=np.concatenate([pieces.node_lat, lat]),
        node_identity=np.concatenate([pieces.node_identity, np.full(len(moved), -1)]),
    )

"""Nodes of degree two taken out: pieces that only continue each other become one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from geodata.roads.lines import LineAttributes, ragged_indices
from geodata.roads.pieces import Pieces

# A piece ``i`` has the ends ``2 i`` (start) and ``2 i + 1``. A *state* is a piece being driven, and
# is named after the end where it is entered: state ``s`` leaves its piece at the end ``s ^ 1``.


def contract(pieces: Pieces, keep_nodes: NDArray[np.bool_]) -> Pieces:
    """Join pieces at nodes where exactly two ends of the same kind of road meet.

    A node stays where ``keep_nodes`` (v,) says so, and where class, access, limits, speeds or
    closure change. Shortest paths between nodes that stay keep their length. A closed ring that
    touches nothing keeps one node. The name is that of the longest named part.
    """
    link = _links(pieces, keep_nodes)
    if not (link >= 0).any():
        return pieces
    link = _open_rings(link)
    root, rank = _root_and_rank(link)
    driven = _one_direction(link, root)
    driven = driven[np.lexsort((rank[driven], root[driven]))]
    return _joined(pieces, driven, first=link[driven] < 0)


def _links(pieces: Pieces, keep_nodes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(2n,) the other end at a node that is taken out, -1 at nodes that stay."""
    flat = pieces.ends.ravel()
    degree = np.bincount(flat, minlength=pieces.n_nodes)
    order = np.argsort(flat, kind="stable")
    first = np.cumsum(degree) - degree
    two = np.flatnonzero((degree == 2) & ~keep_nodes)
    a, b = order[first[two]], order[first[two] + 1]
    kind = _kinds(pieces.attributes)
    # Arriving by the piece of ``a`` and going on by that of ``b`` must be the same kind of drive.
    same = (a >> 1 != b >> 1) & (kind[a ^ 1] == kind[b])
    link = np.full(len(flat), -1, np.int64)
    link[a[same]], link[b[same]] = b[same], a[same]
    return link


def _kinds(attributes: LineAttributes) -> NDArray[np.int64]:
    """(2n,) a number for each state: equal where everything but the name is equal."""
    turned = attributes.turned(np.ones(len(attributes), bool))
    rows = np.stack([_attribute_rows(attributes), _attribute_rows(turned)], axis=1)
    rows = rows.reshape(-1, rows.shape[-1])
    kind = np.zeros(len(rows), np.int64)
    for column in rows.T:
        _, code = np.unique(column, return_inverse=True)
        _, kind = np.unique(kind * (code.max() + 1) + code, return_inverse=True)
    return kind


def _attribute_rows(attributes: LineAttributes) -> NDArray[np.float64]:
    columns = [
        attributes.road_class,
        attributes.max_weight_t,
        attributes.max_height_m,
        attributes.closed,
        *attributes.access.T,
        *attributes.speed_kph.T,
        *attributes.speed_limit_kph.T,
    ]
    return np.asarray(np.nan_to_num(np.column_stack(columns).astype(float), nan=-1.0))


def _open_rings(link: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut every ring of links once, at the start of its first piece."""
    n = len(link) // 2
    ends = np.flatnonzero(link >= 0)
    graph = sparse.coo_array((np.ones(len(ends)), (ends >> 1, link[ends] >> 1)), shape=(n, n))
    n_chains, chain = sparse.csgraph.connected_components(graph, directed=False)
    linked_ends = np.bincount(chain[ends >> 1], minlength=n_chains)
    is_ring = linked_ends == 2 * np.bincount(chain, minlength=n_chains)
    _, first_piece = np.unique(chain, return_index=True)
    cut = 2 * first_piece[is_ring]
    link = link.copy()
    link[link[cut]] = -1
    link[cut] = -1
    return link


def _root_and_rank(link: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(2n,) the state each chain begins with and the number of states before this one.

    By pointer doubling: after ``k`` rounds every state has looked ``2^k`` states back.
    """
    states = np.arange(len(link))
    # The state before ``s`` left its piece at ``link[s]``, so it entered at the end opposite.
    back = np.where(link >= 0, link ^ 1, states)
    rank = (link >= 0).astype(np.int64)
    while (link[back] >= 0).any():
        rank += rank[back]
        back = back[back]
    return back, rank


def _one_direction(link: NDArray[np.int64], root: NDArray[np.int64]) -> NDArray[np.int64]:
    """States of every chain in one of its two directions: that with the lower first state."""
    states = np.arange(len(link))
    last = np.empty(len(link), np.int64)
    is_last = link[states ^ 1] < 0
    last[root[is_last]] = states[is_last]
    return states[root < (last[root] ^ 1)]


def _joined(pieces: Pieces, driven: NDArray[np.int64], first: NDArray[np.bool_]) -> Pieces:
    """One piece a chain; ``driven`` holds the states chain by chain, ``first`` marks beginnings."""
    piece, backwards = driven >> 1, (driven & 1).astype(bool)
    chain_first = np.flatnonzero(first)
    chain_last = np.append(chain_first[1:], len(driven)) - 1
    head, tail = driven[chain_first], driven[chain_last]

    count = np.diff(pieces.start)[piece]
    begin = np.where(backwards, pieces.start[piece + 1] - 1, pieces.start[piece])
    step = np.where(backwards, -1, 1)
    skip = (~first).astype(np.int64)  # the point shared with the piece before
    points = ragged_indices(begin + skip * step, count - skip, step)
    n_points = np.add.reduceat(count - skip, chain_first)

    attributes = pieces.attributes.take(head >> 1).turned((head & 1).astype(bool))
    names = _longest_name(pieces, piece, chain_first)
    flat_ends, flat_line = pieces.ends.ravel(), pieces.line.ravel()
    used, ends = np.unique(
        np.column_stack([flat_ends[head], flat_ends[tail ^ 1]]), return_inverse=True
    )
    return replace(
        pieces,
        ends=ends.reshape(-1, 2).astype(np.int64),
        start=np.concatenate([[0], np.cumsum(n_points)]),
        lon=pieces.lon[points],
        lat=pieces.lat[points],
        length_m=np.add.reduceat(pieces.length_m[piece], chain_first),
        line=np.column_stack([flat_line[head], flat_line[tail ^ 1]]),
        attributes=replace(attributes, name=names),
        node_lon=pieces.node_lon[used],
        node_lat=pieces.node_lat[used],
        node_identity=pieces.node_identity[used],
    )


def _longest_name(
    pieces: Pieces, piece: NDArray[np.int64], chain_first: NDArray[np.int64]
) -> NDArray[np.int32]:
    """(c,) the name of each chain's longest named piece, -1 where none has a name."""
    chain = np.zeros(len(piece), np.int64)
    chain[chain_first[1:]] = 1
    chain = np.cumsum(chain)
    name = pieces.attributes.name[piece]
    weight = np.where(name >= 0, pieces.length_m[piece], -1.0)
    order = np.lexsort((weight, chain))
    last_of_chain = np.append(chain_first[1:], len(piece)) - 1
    return np.asarray(name[order[last_of_chain]], np.int32)

"""From a reader's lines to the road graph: cut, contract, direct, restrict turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError
from geodata.roads.contraction import contract
from geodata.roads.graph import CONNECTOR, RoadGraph, RoadTopology
from geodata.roads.lines import RoadLines, ragged_indices
from geodata.roads.pieces import Pieces, cut_at_junctions, kept, split_at_barriers
from geodata.roads.turns import SplitJunctions, split_at_turns


def build_graph(lines: RoadLines, *, contracted: bool = True) -> RoadGraph:
    """Make the directed graph of a reader's lines.

    Parameters
    ----------
    contracted : take out nodes of degree two where nothing changes

    Raises
    ------
    InputError
        No line with a length is left.
    """
    pieces = cut_at_junctions(lines)
    dead = pieces.is_dead
    used = (pieces.attributes.access != 0).any(axis=1)
    pieces = kept(pieces, used & ~dead)
    if not len(pieces):
        message = N_("no road that anybody may use is in this network")
        raise InputError([Fault(where=lines.source or "roads", message=message)])
    class_names = lines.class_names
    if (lines.barriers or lines.turns) and CONNECTOR not in class_names:
        class_names = (*class_names, CONNECTOR)
    if lines.barriers:
        pieces = split_at_barriers(pieces, lines.barriers, class_names.index(CONNECTOR))
    if contracted:
        vias = [rule.via_node for rule in lines.turns]
        pieces = contract(pieces, np.isin(pieces.node_identity, vias))
    edges = _directed(pieces)
    turns = split_at_turns(
        edges.start_node,
        edges.end_node,
        pieces.line[edges.piece, edges.backwards.astype(int)],
        pieces.line[edges.piece, 1 - edges.backwards],
        pieces.node_identity,
        lines.turns,
    )
    counts = {
        **lines.counts,
        "zero_length": lines.counts.get("zero_length", 0) + int(dead.sum()),
        "used_by_nobody": int((~used & ~dead).sum()),
        "turn_rules": len(lines.turns) - turns.unused,
        "turn_rules_unused": lines.counts.get("turn_rules_unused", 0) + turns.unused,
        "barriers": len(lines.barriers),
    }
    return _assembled(lines, pieces, edges, turns, class_names, counts)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Directed edges of pieces: along, against."""

    piece: NDArray[np.int64]
    backwards: NDArray[np.int64]  # 0 along the piece, 1 against
    start_node: NDArray[np.int64]
    end_node: NDArray[np.int64]
    reverse: NDArray[np.int64]


def _directed(pieces: Pieces) -> _Edges:
    exists = pieces.attributes.access != 0
    number = np.where(exists, np.cumsum(exists).reshape(exists.shape) - 1, -1)
    piece, backwards = np.nonzero(exists)
    return _Edges(
        piece=piece,
        backwards=backwards,
        start_node=pieces.ends[piece, backwards],
        end_node=pieces.ends[piece, 1 - backwards],
        reverse=number[piece, 1 - backwards],
    )


def _assembled(
    lines: RoadLines,
    pieces: Pieces,
    edges: _Edges,
    turns: SplitJunctions,
    class_names: tuple[str, ...],
    counts: dict[str, int],
) -> RoadGraph:
    """Road edges first, then the connectors of split junctions."""
    n_connectors = len(turns.connector_from)
    known = pieces.attributes.take(edges.piece)
    side = (np.arange(len(edges.piece)), edges.backwards)

    def with_connectors(values: NDArray[Any], filling: object) -> NDArray[Any]:
        return np.concatenate([values, np.full(n_connectors, filling, values.dtype)])

    return RoadGraph(
        topology=RoadTopology(
            node_lon=np.concatenate([pieces.node_lon, pieces.node_lon[turns.copy_of]]),
            node_lat=np.concatenate([pieces.node_lat, pieces.node_lat[turns.copy_of]]),
            edge_from=np.concatenate([turns.edge_from, turns.connector_from]).astype(np.int32),
            edge_to=np.concatenate([turns.edge_to, turns.connector_to]).astype(np.int32),
        ),
        length_m=with_connectors(pieces.length_m[edges.piece], 0.0),
        road_class=with_connectors(known.road_class, len(class_names) - 1),
        class_names=class_names,
        name=with_connectors(known.name, -1),
        names=lines.names,
        reverse=with_connectors(edges.reverse.astype(np.int32), -1),
        access=np.concatenate([known.access[side], turns.connector_access]),
        max_weight_t=with_connectors(known.max_weight_t, np.nan),
        max_height_m=with_connectors(known.max_height_m, np.nan),
        speed_kph=with_connectors(known.speed_kph[side], np.nan),
        closed=with_connectors(known.closed, False),  # noqa: FBT003 - a filling, not an option
        **_shapes(pieces, edges, turns),
        source=lines.source,
        speed_limit_kph=with_connectors(known.speed_limit_kph[side], np.nan),
        counts=counts,
    )


def _shapes(pieces: Pieces, edges: _Edges, turns: SplitJunctions) -> dict[str, Any]:
    """Lines of the edges in driving order; a connector is its node twice."""
    count = np.diff(pieces.start)[edges.piece]
    backwards = edges.backwards.astype(bool)
    begin = np.where(backwards, pieces.start[edges.piece + 1] - 1, pieces.start[edges.piece])
    points = ragged_indices(begin, count, np.where(backwards, -1, 1))
    n_before = len(pieces.node_lon)
    node = turns.connector_from
    node = np.where(node < n_before, node, turns.copy_of[np.maximum(node - n_before, 0)])
    at = np.repeat(node, 2)
    counts = np.concatenate([count, np.full(len(node), 2)])
    return {
        "shape_start": np.concatenate([[0], np.cumsum(counts)]),
        "shape_lon": np.concatenate([pieces.lon[points], pieces.node_lon[at]]),
        "shape_lat": np.concatenate([pieces.lat[points], pieces.node_lat[at]]),
    }

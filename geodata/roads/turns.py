"""Turn restrictions as topology: a junction is split so that no forbidden turn has a path.

At a restricted junction every edge that a rule names gets an end of its own: an arriving edge
``f`` ends at the copy ``v_f``, a leaving edge ``t`` begins at the copy ``v_t``. All other edges
still arrive at the node ``v``, and leave from the copy ``v_out``. Connectors of no length then
join every arrival to every departure, each for the groups of road users that may turn so: walkers
pass where lorries may not. Each road edge stays one edge with its own line and reverse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.roads.access import Access
from geodata.roads.lines import TurnRule


@dataclass(frozen=True, eq=False)
class SplitJunctions:
    """Edges after the split.

    Parameters
    ----------
    edge_from, edge_to : (e,) node positions, copies included
    copy_of : (c,) the node that each added node is a copy of
    connector_from, connector_to : (k,) ends of the connectors
    connector_access : (k,) bits of the groups that may turn so
    unused : rules that fit no pair of edges of the network
    """

    edge_from: NDArray[np.int64]
    edge_to: NDArray[np.int64]
    copy_of: NDArray[np.int64]
    connector_from: NDArray[np.int64]
    connector_to: NDArray[np.int64]
    connector_access: NDArray[np.uint16]
    unused: int


def split_at_turns(
    edge_from: NDArray[np.int64],
    edge_to: NDArray[np.int64],
    line_leaving: NDArray[np.int64],
    line_arriving: NDArray[np.int64],
    node_identity: NDArray[np.int64],
    rules: Sequence[TurnRule],
) -> SplitJunctions:
    """Split the junctions of the rules.

    Parameters
    ----------
    edge_from, edge_to : (e,) node positions
    line_leaving, line_arriving : (e,) the reader's line that an edge follows at its two ends
    node_identity : (v,) the reader's identity of each node
    """
    forbidden, unused = _forbidden_turns(
        edge_from, edge_to, line_leaving, line_arriving, node_identity, rules
    )
    new_from, new_to = edge_from.copy(), edge_to.copy()
    copies: list[int] = []
    connectors: list[tuple[int, int, int]] = []

    def copy(node: int) -> int:
        copies.append(node)
        return len(node_identity) + len(copies) - 1

    leaving_of = _edges_by_node(edge_from, forbidden)
    for node, turns in forbidden.items():
        out = copy(node)
        arrival = {f: copy(node) for f in sorted({f for f, _ in turns})}
        departure = {t: copy(node) for t in sorted({t for _, t in turns})}
        for edge in leaving_of[node]:
            new_from[edge] = departure.get(edge, out)
        for edge, end in arrival.items():
            new_to[edge] = end
        for f, begin in ((None, node), *arrival.items()):
            connectors.append((begin, out, int(Access.ALL)))
            for t, end in departure.items():
                groups = int(Access.ALL) & ~(0 if f is None else turns.get((f, t), 0))
                if groups:
                    connectors.append((begin, end, groups))
    joined = np.array(connectors, np.int64).reshape(-1, 3)
    return SplitJunctions(
        edge_from=new_from,
        edge_to=new_to,
        copy_of=np.array(copies, np.int64),
        connector_from=joined[:, 0],
        connector_to=joined[:, 1],
        connector_access=joined[:, 2].astype(np.uint16),
        unused=unused,
    )


def _forbidden_turns(
    edge_from: NDArray[np.int64],
    edge_to: NDArray[np.int64],
    line_leaving: NDArray[np.int64],
    line_arriving: NDArray[np.int64],
    node_identity: NDArray[np.int64],
    rules: Sequence[TurnRule],
) -> tuple[Mapping[int, Mapping[tuple[int, int], int]], int]:
    """Node -> (arriving edge, leaving edge) -> groups forbidden to turn so; and unused rules."""
    vias = np.flatnonzero(np.isin(node_identity, [rule.via_node for rule in rules]))
    node_of = {int(node_identity[node]): int(node) for node in vias}
    arriving = _edges_by_node(edge_to, node_of.values())
    leaving = _edges_by_node(edge_from, node_of.values())
    forbidden: dict[int, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
    unused = 0
    for rule in rules:
        node = node_of.get(rule.via_node, -1)
        came = [e for e in arriving.get(node, ()) if line_arriving[e] == rule.from_line]
        goes = [e for e in leaving.get(node, ()) if line_leaving[e] == rule.to_line]
        if not came or not goes:
            unused += 1
            continue
        if rule.only:
            goes = [e for e in leaving[node] if e not in goes]
        for pair in ((f, t) for f in came for t in goes):
            forbidden[node][pair] |= rule.groups
    return forbidden, unused


def _edges_by_node(end: NDArray[np.int64], nodes: Iterable[int]) -> Mapping[int, list[int]]:
    """Edges with that end at each of the nodes."""
    wanted = np.array(sorted(nodes), np.int64)
    by_node: dict[int, list[int]] = {int(node): [] for node in wanted}
    for edge in np.flatnonzero(np.isin(end, wanted)):
        by_node[int(end[edge])].append(int(edge))
    return by_node

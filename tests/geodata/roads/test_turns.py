"""Split junctions against a search over edges, which knows turns by itself."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.roads.access import LORRIES, MOTOR, Access
from geodata.roads.build import build_graph
from geodata.roads.graph import at_nodes
from geodata.roads.lines import TurnRule, plain_attributes
from tests.geodata.roads.networks import distances, lines_between, node_at

# A crossing: west 0, east 1, north 2, south 3, middle 4; lines from the arms to the middle.
CROSS = np.array([[-100, 0], [100, 0], [0, 100], [0, -100], [0, 0]])
ARMS = [(0, 4), (1, 4), (2, 4), (3, 4)]


def crossing(*rules: TurnRule):
    return build_graph(lines_between(CROSS, ARMS, turns=rules))


def ways(graph, group=Access.CAR):
    """Whether west leads straight to east, north and south, without turning round at an end."""
    table = distances(graph, group)
    west = node_at(graph, -100, 0)
    arms = [node_at(graph, *CROSS[i]) for i in (1, 2, 3)]
    return [bool(table[west, arm] < 250) for arm in arms]


def test_no_turn_closes_that_turn_alone():
    graph = crossing(TurnRule(0, 4, 2, only=False, groups=int(MOTOR)))
    assert ways(graph) == [True, False, True]
    assert ways(graph, Access.WALK) == [True, True, True]
    south, north = node_at(graph, 0, -100), node_at(graph, 0, 100)
    assert np.isfinite(distances(graph)[south, north])
    assert np.isfinite(distances(graph)[north, node_at(graph, -100, 0)])


def test_only_turn_closes_all_others():
    graph = crossing(TurnRule(0, 4, 1, only=True, groups=int(MOTOR)))
    assert ways(graph) == [True, False, False]


def test_a_rule_for_lorries_binds_nobody_else():
    graph = crossing(TurnRule(0, 4, 2, only=False, groups=int(LORRIES)))
    assert ways(graph, Access.HGV) == [True, False, True]
    assert ways(graph, Access.CAR) == [True, True, True]


def test_connectors_have_no_length_and_are_no_road():
    graph = crossing(TurnRule(0, 4, 2, only=False, groups=int(MOTOR)))
    assert graph.is_connector.sum() > 0
    assert (graph.length_m[graph.is_connector] == 0).all()
    assert graph.is_line_leader.sum() == 4
    assert graph.length_m[graph.is_line_leader] == pytest.approx(np.full(4, 100), rel=0.01)
    assert graph.counts["turn_rules"] == 1


def test_a_rule_that_fits_no_road_is_counted():
    graph = crossing(TurnRule(0, 0, 2, only=False, groups=int(MOTOR)))
    assert (graph.counts["turn_rules"], graph.counts["turn_rules_unused"]) == (0, 1)
    assert graph.n_nodes == 5
    assert ways(graph) == [True, True, True]


def test_a_rule_where_two_pieces_of_one_road_meet_keeps_the_node():
    nodes = np.array([[0, 0], [100, 0], [200, 0]])
    rule = TurnRule(0, 1, 1, only=False, groups=int(Access.HGV))
    graph = build_graph(lines_between(nodes, [(0, 1), (1, 2)], turns=[rule]))
    start, end = node_at(graph, 0, 0), node_at(graph, 200, 0)
    assert np.isinf(distances(graph, Access.HGV)[start, end])
    assert np.isfinite(distances(graph, Access.HGV)[end, start])
    assert np.isfinite(distances(graph, Access.CAR)[start, end])


def test_a_barrier_stops_lorries_from_every_side_and_lets_them_come_up_to_it():
    graph = build_graph(lines_between(CROSS, ARMS, barriers={4: int(Access.WALK)}))
    assert ways(graph) == [False, False, False]
    assert ways(graph, Access.WALK) == [True, True, True]
    table, west = distances(graph), node_at(graph, -100, 0)
    at_middle = np.hypot(*(graph.topology.node_lon - 115.4, graph.topology.node_lat - 36.5)) < 1e-7
    assert at_middle.sum() == 4
    assert np.isfinite(table[west, at_middle]).sum() == 1


def test_a_barrier_inside_a_road():
    nodes = np.array([[0, 0], [100, 0], [200, 0]])
    lines = lines_between(nodes, [(0, 1), (1, 2)], barriers={1: int(Access.ALL & ~LORRIES)})
    graph = build_graph(lines)
    start, end = node_at(graph, 0, 0), node_at(graph, 200, 0)
    assert np.isinf(distances(graph, Access.GOODS)[start, end])
    assert distances(graph, Access.CAR)[start, end] == pytest.approx(200, rel=0.01)


def edge_search(graph, rules, source):
    """Least metres to each node of an unsplit graph, over (edge, edge) turns that are allowed."""
    ends = list(zip(graph.topology.edge_from, graph.topology.edge_to, strict=True))
    line = np.arange(len(ends)) // 2  # both directions exist for every line
    banned = set()
    for rule in rules:
        came = [
            e for e, (_, b) in enumerate(ends) if line[e] == rule.from_line and b == rule.via_node
        ]
        goes = [
            e for e, (a, _) in enumerate(ends) if line[e] == rule.to_line and a == rule.via_node
        ]
        if came and goes:
            leaving = [e for e, (a, _) in enumerate(ends) if a == rule.via_node]
            goes = [e for e in leaving if e not in goes] if rule.only else goes
            banned |= {(f, t) for f in came for t in goes}
    best = np.full(graph.n_nodes, np.inf)
    best[source] = 0
    queue = [(float(graph.length_m[e]), e) for e, (a, _) in enumerate(ends) if a == source]
    heapq.heapify(queue)
    done = set()
    while queue:
        far, edge = heapq.heappop(queue)
        if edge in done:
            continue
        done.add(edge)
        node = ends[edge][1]
        best[node] = min(best[node], far)
        for e, (a, _) in enumerate(ends):
            if a == node and (edge, e) not in banned:
                heapq.heappush(queue, (far + float(graph.length_m[e]), e))
    return best


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10_000))
def test_split_junctions_agree_with_a_search_over_edges(seed):
    generator = np.random.default_rng(seed)
    n, m = 6, 10
    nodes = generator.uniform(0, 1000, (n, 2))
    pairs = [tuple(generator.choice(n, 2, replace=False)) for _ in range(m)]
    plain = plain_attributes(np.zeros(m, int), np.full((m, 2), int(Access.ALL)))
    meets = [(f, t, v) for f in range(m) for t in range(m) for v in set(pairs[f]) & set(pairs[t])]
    picked = generator.choice(len(meets), min(6, len(meets)), replace=False)
    rules = [
        TurnRule(f, int(v), t, only=bool(generator.random() < 0.3), groups=int(MOTOR))
        for f, t, v in (meets[i] for i in picked)
    ]
    plain_graph = build_graph(lines_between(nodes, pairs, attributes=plain), contracted=False)
    # Nodes are numbered in order of appearance; rules speak of identities.
    identity = {}
    for pair in pairs:
        for node in pair:
            identity.setdefault(int(node), len(identity))
    moved = [
        TurnRule(r.from_line, identity[r.via_node], r.to_line, r.only, r.groups) for r in rules
    ]
    split = build_graph(
        lines_between(nodes, pairs, attributes=plain, turns=rules), contracted=False
    )
    table = distances(split)
    copies = [
        np.flatnonzero(
            (split.topology.node_lon == plain_graph.topology.node_lon[v])
            & (split.topology.node_lat == plain_graph.topology.node_lat[v])
        )
        for v in range(plain_graph.n_nodes)
    ]
    for source in range(plain_graph.n_nodes):
        want = edge_search(plain_graph, moved, source)
        leaves = np.array([source])  # the node itself: all arrivals and departures hang on it
        got = [
            0 if v == source else table[np.ix_(leaves, copies[v])].min() for v in range(len(want))
        ]
        assert got == pytest.approx(want, abs=1e-5)


def test_positions_at_a_split_junction_can_leave_by_every_road():
    graph = crossing(TurnRule(0, 4, 2, only=False, groups=int(MOTOR)))
    at = at_nodes(graph.topology, np.array([4]))
    assert graph.topology.edge_from[at.edge[0]] == 4

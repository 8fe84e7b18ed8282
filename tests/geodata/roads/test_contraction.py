from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.roads.access import Access
from geodata.roads.build import build_graph
from geodata.roads.contraction import contract
from geodata.roads.lines import LineAttributes, plain_attributes
from geodata.roads.pieces import cut_at_junctions
from tests.geodata.roads.networks import distances, lines_between, node_at

CHAIN = np.array([[0, 0], [100, 0], [200, 0], [300, 0], [400, 0]])
CHAIN_PAIRS = [(0, 1), (1, 2), (2, 3), (3, 4)]


def attributes(n: int, **changes) -> LineAttributes:
    plain = plain_attributes(np.zeros(n, int), np.full((n, 2), int(Access.ALL)))
    return replace(plain, **changes)


def test_a_chain_becomes_one_road_with_its_points_in_order():
    graph = build_graph(lines_between(CHAIN, CHAIN_PAIRS))
    assert (graph.n_nodes, graph.n_edges) == (2, 2)
    assert graph.length_m == pytest.approx([400, 400], rel=0.01)
    assert (np.diff(graph.shape_lon[:5]) > 0).all()
    assert (graph.shape_lon[5:] == graph.shape_lon[:5][::-1]).all()
    assert graph.reverse.tolist() == [1, 0]


def test_pieces_drawn_in_any_direction_join():
    graph = build_graph(lines_between(CHAIN, [(1, 0), (1, 2), (3, 2), (3, 4)]))
    assert (graph.n_nodes, graph.n_edges) == (2, 2)
    lon = graph.shape_lon[:5]
    assert (np.diff(lon) > 0).all() or (np.diff(lon) < 0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"road_class": np.array([0, 0, 1, 1], np.int16)},
        {"max_weight_t": np.array([np.nan, np.nan, 10, 10], np.float32)},
        {"max_height_m": np.array([3, 3, np.nan, np.nan], np.float32)},
        {"closed": np.array([False, False, True, True])},
        {"access": np.array([[63, 63], [63, 63], [63, 1], [63, 1]], np.uint16)},
        {"speed_kph": np.array([[30, 30]] * 2 + [[40, 40]] * 2, np.float32)},
        {"speed_limit_kph": np.array([[30, 30]] * 2 + [[30, 40]] * 2, np.float32)},
    ],
)
def test_a_change_that_matters_keeps_its_node(changes):
    graph = build_graph(lines_between(CHAIN, CHAIN_PAIRS, attributes=attributes(4, **changes)))
    assert graph.n_nodes == 3
    node_at(graph, 200, 0)


def test_names_do_not_keep_a_node_and_the_longest_wins():
    nodes = np.array([[0, 0], [100, 0], [400, 0], [450, 0]])
    named = attributes(3, name=np.array([0, 1, -1], np.int32))
    graph = build_graph(lines_between(nodes, [(0, 1), (1, 2), (2, 3)], attributes=named))
    assert graph.n_nodes == 2
    assert [graph.names[i] for i in graph.name] == ["西路", "西路"]


def test_one_way_pieces_that_meet_head_on_do_not_join():
    one_way = attributes(2, access=np.array([[63, 1], [63, 1]], np.uint16))
    onward = build_graph(lines_between(CHAIN[:3], [(0, 1), (1, 2)], attributes=one_way))
    head_on = build_graph(lines_between(CHAIN[:3], [(0, 1), (2, 1)], attributes=one_way))
    assert (onward.n_nodes, head_on.n_nodes) == (2, 3)


def test_a_closed_ring_survives():
    nodes = np.array([[0, 0], [100, 0], [100, 100], [0, 100]])
    graph = build_graph(lines_between(nodes, [(0, 1), (1, 2), (3, 2), (3, 0)]))
    assert (graph.n_nodes, graph.n_edges) == (1, 2)
    assert graph.topology.edge_from.tolist() == graph.topology.edge_to.tolist() == [0, 0]
    assert graph.length_m == pytest.approx([400, 400], rel=0.01)
    assert len(graph.shape_lon) == 10


def test_loops_and_parallel_roads_stay():
    # A road 0-1, a second one 0-2-1 beside it, a loop 1-3-4-1, a spur 0-5.
    nodes = np.array([[0, 0], [100, 0], [50, 50], [200, 0], [200, 50], [-90, 0]])
    pairs = [(0, 1), (0, 2), (2, 1), (1, 3), (3, 4), (4, 1), (0, 5)]
    graph = build_graph(lines_between(nodes, pairs))
    assert graph.n_nodes == 3
    ends = np.sort(np.column_stack([graph.topology.edge_from, graph.topology.edge_to]), axis=1)
    assert sorted(map(tuple, ends.tolist())) == [(0, 1)] * 4 + [(0, 2)] * 2 + [(1, 1)] * 2


def test_a_line_that_crosses_itself_and_another_at_a_point_it_shares():
    # One line through 0-1-2-3-1: the point 1 comes up twice, so the line is cut there.
    base = lines_between(np.array([[0, 0], [100, 0], [200, 0], [200, 100]]), [(0, 1)])
    order = np.array([0, 1, 2, 3, 1])
    corner = lines_between(np.array([[0, 0], [100, 0], [200, 0], [200, 100]]), [(0, 1), (2, 3)])
    lon, lat = corner.lon[[0, 1, 2, 3]], corner.lat[[0, 1, 2, 3]]
    line = replace(
        base, start=np.array([0, 5]), lon=lon[order], lat=lat[order], node=order.astype(np.int64)
    )
    graph = build_graph(line)
    assert (graph.n_nodes, graph.n_edges) == (2, 4)
    loop = graph.topology.edge_from == graph.topology.edge_to
    assert loop.sum() == 2


def test_dead_lines_are_left_out_and_counted():
    nodes = np.array([[0, 0], [100, 0]])
    graph = build_graph(lines_between(nodes, [(0, 1), (1, 1), (0, 0)]))
    assert graph.n_edges == 2
    assert graph.counts["zero_length"] == 2


@st.composite
def networks(draw):
    n = draw(st.integers(2, 14))
    seed = draw(st.integers(0, 10_000))
    generator = np.random.default_rng(seed)
    nodes = generator.uniform(0, 2000, (n, 2))
    m = draw(st.integers(1, 24))
    pairs = generator.integers(0, n, (m, 2))
    access = generator.choice([63, 62, 1], (m, 2), p=[0.8, 0.1, 0.1])
    plain = plain_attributes(generator.choice([0, 1], m, p=[0.9, 0.1]), access)
    return lines_between(nodes, pairs, attributes=plain)


@settings(max_examples=150, deadline=None)
@given(networks())
def test_contraction_keeps_every_shortest_way_between_nodes_that_stay(lines):
    alive = ~cut_at_junctions(lines).is_dead
    if not alive.any():
        return
    full, small = build_graph(lines, contracted=False), build_graph(lines)
    keys = {
        (lon, lat): i
        for i, (lon, lat) in enumerate(
            zip(full.topology.node_lon, full.topology.node_lat, strict=True)
        )
    }
    kept = [
        keys[place] for place in zip(small.topology.node_lon, small.topology.node_lat, strict=True)
    ]
    for group in (Access.CAR, Access.WALK):
        want = distances(full, group)[np.ix_(kept, kept)]
        got = distances(small, group)
        assert got == pytest.approx(want, abs=1e-6)
    assert small.length_m.sum() == pytest.approx(full.length_m.sum())


@settings(max_examples=60, deadline=None)
@given(networks())
def test_what_is_contracted_cannot_be_contracted_again(lines):
    pieces = cut_at_junctions(lines)
    nobody = np.zeros(pieces.n_nodes, bool)
    once = contract(pieces, nobody)
    twice = contract(once, np.zeros(once.n_nodes, bool))
    assert len(twice) == len(once)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_shapes_begin_and_end_at_their_nodes_and_reverse_is_mutual(lines):
    if cut_at_junctions(lines).is_dead.all():
        return
    graph = build_graph(lines)
    for ends, at in (
        (graph.topology.edge_from, graph.shape_start[:-1]),
        (graph.topology.edge_to, graph.shape_start[1:] - 1),
    ):
        assert (graph.shape_lon[at] == graph.topology.node_lon[ends]).all()
    paired = np.flatnonzero(graph.reverse >= 0)
    assert (graph.reverse[graph.reverse[paired]] == paired).all()
    assert (graph.length_m[graph.reverse[paired]] == graph.length_m[paired]).all()

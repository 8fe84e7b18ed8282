"""Orders, trees and arcs: every order serves, whatever the network looks like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.impedance_roads import synthetic_roads
from geodata.impedance.hierarchy import build_hierarchy
from geodata.impedance.order import elimination_order, neighbours, strip_low_degrees

from .networks import graphs

METHODS = pytest.mark.parametrize("method", ["metis", "geometric"])


def shape(name, n):
    nodes = np.arange(n, dtype=np.int32)
    if name == "path":
        return nodes[:-1], nodes[1:]
    if name == "ring":
        return nodes, np.roll(nodes, -1)
    if name == "star":
        return np.zeros(n - 1, np.int32), nodes[1:]
    if name == "wheel":  # a hub whose neighbours all have three
        rim = nodes[1:]
        return np.r_[np.zeros(n - 1, np.int32), rim], np.r_[rim, np.roll(rim, -1)]
    return np.empty(0, np.int32), np.empty(0, np.int32)


def order_of(n, one, other, method, place=None):
    start, head = neighbours(n, one, other)
    lon, lat = np.random.default_rng(1).random((2, n)) if place is None else place
    return start, head, elimination_order(start, head, lon, lat, method=method)


@METHODS
@pytest.mark.parametrize("name", ["path", "ring", "star", "wheel", "islands"])
@pytest.mark.parametrize("n", [1, 3, 200])
def test_every_node_is_ordered_once(name, n, method):
    _, _, order = order_of(n, *shape(name, n), method)
    assert sorted(order.tolist()) == list(range(n))


@METHODS
def test_nodes_all_at_one_place_are_ordered(method):
    graph = synthetic_roads(400)
    topology = graph.topology
    nowhere = np.zeros((2, topology.n_nodes))
    _, _, order = order_of(topology.n_nodes, topology.edge_from, topology.edge_to, method, nowhere)
    assert sorted(order.tolist()) == list(range(topology.n_nodes))


def test_a_long_chain_hangs_a_logarithm_deep():
    n = 4000
    start, head = neighbours(n, *shape("path", n))
    early, core, *_ = strip_low_degrees(start, head)
    assert (len(early), len(core)) == (n, 0)
    tail, ahead = shape("path", n)
    hierarchy = build_hierarchy(start, head, early, tail, ahead)
    assert hierarchy.height <= 2 * np.log2(n)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graph=graphs())
def test_the_arcs_are_the_chordal_completion(graph):
    topology = graph.topology
    n = topology.n_nodes
    start, head, order = order_of(n, topology.edge_from, topology.edge_to, "metis")
    hierarchy = build_hierarchy(start, head, order, topology.edge_from, topology.edge_to)
    near = [set() for _ in range(n)]
    for a, b in zip(topology.edge_from, topology.edge_to, strict=True):
        low, high = sorted((hierarchy.rank[a], hierarchy.rank[b]))
        if low < high:
            near[low].add(int(high))
    for v in range(n):
        for above in near[v]:
            near[above] |= {other for other in near[v] if other > above}
        arcs = hierarchy.up_head[hierarchy.up_start[v] : hierarchy.up_start[v + 1]]
        assert arcs.tolist() == sorted(near[v])
        assert hierarchy.parent[v] == (min(near[v]) if near[v] else -1)
    for v in range(n):
        below = range(v - hierarchy.size[v] + 1, v)
        assert all(hierarchy.parent[w] >= 0 and hierarchy.parent[w] <= v for w in below)
        assert (hierarchy.parent == v).sum() == 0 or hierarchy.size[v] > 1


def test_both_methods_give_hierarchies_of_like_size():
    topology = synthetic_roads(3000).topology
    arcs = {}
    for method in ("metis", "geometric"):
        place = (topology.node_lon, topology.node_lat)
        start, head, order = order_of(
            topology.n_nodes, topology.edge_from, topology.edge_to, method, place
        )
        arcs[method] = build_hierarchy(
            start, head, order, topology.edge_from, topology.edge_to
        ).n_arcs
    assert arcs["geometric"] < 1.4 * arcs["metis"]

"""Matrices and cutoffs against the oracle, on everything a network can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph, csr_matrix

from benchmarks.impedance_roads import synthetic_roads
from geodata.impedance import cost_matrix, matrices, order, within
from geodata.roads.graph import CostGraph, RoadPositions, at_nodes

from .networks import assert_costs_equal, cases, cost_graph, oracle

THOROUGH = settings(
    max_examples=70,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def position(edge, fraction) -> RoadPositions:
    return RoadPositions(np.array([edge], np.int32), np.array([fraction], float))


@THOROUGH
@given(case=cases())
def test_costs_equal_those_of_the_oracle(case):
    graph, sources, targets = case
    want = oracle(graph, sources, targets)
    assert_costs_equal(cost_matrix(graph, sources, targets, use_cache=False), want)
    assert_costs_equal(
        cost_matrix(graph, sources, targets, dtype=np.float32, use_cache=False), want, 1e-4
    )


@THOROUGH
@given(case=cases())
def test_the_geometric_order_gives_the_same_costs(case, monkeypatch):
    monkeypatch.setattr(order, "pymetis", None)
    graph, sources, targets = case
    got = cost_matrix(graph, sources, targets, use_cache=False)
    assert_costs_equal(got, oracle(graph, sources, targets))


@pytest.mark.parametrize("by_search", [False, True])
@THOROUGH
@given(case=cases(), cutoff=st.sampled_from([0.0, 1.0, 3.5, np.inf]) | st.floats(0, 2000))
def test_pairs_within_a_cutoff_are_those_of_the_oracle(case, cutoff, by_search, monkeypatch):
    monkeypatch.setattr(matrices, "search_pays", lambda *_: by_search)
    graph, sources, targets = case
    want = oracle(graph, sources, targets)
    got = within(graph, sources, targets, cutoff, use_cache=False)
    assert got.shape == want.shape
    assert got.has_canonical_format
    pairs = got.tocoo()
    stored = np.full(want.shape, np.inf)
    stored[pairs.row, pairs.col] = pairs.data
    # At the cutoff itself, sums in another order may fall on either side.
    unclear = np.isclose(want, cutoff, rtol=1e-6, atol=1e-6)
    assert_costs_equal(
        np.where(unclear, 0, stored), np.where(unclear, 0, np.where(want <= cutoff, want, np.inf))
    )


def test_a_pair_at_no_cost_is_stored():
    graph = cost_graph(2, [(0, 1, 5.0, 1, 0, 5.0)])
    here = position(0, 0.4)
    pairs = within(graph, here, here, 0.0)
    assert pairs.nnz == 1
    assert pairs.data.tolist() == [0.0]


def test_a_pair_exactly_at_the_cutoff_is_within_it():
    graph = cost_graph(3, [(0, 1, 0.1), (1, 2, 0.2)])
    ends = at_nodes(graph.topology, np.array([0, 2]))
    start, end = (RoadPositions(ends.edge[k : k + 1], ends.fraction[k : k + 1]) for k in (0, 1))
    assert within(graph, start, end, 0.3).nnz == 1


def test_on_a_one_way_edge_going_back_is_going_round():
    ring = cost_graph(3, [(0, 1, 10.0), (1, 2, 10.0), (2, 0, 10.0)])
    near, far = position(0, 0.2), position(0, 0.7)
    assert cost_matrix(ring, near, far).item() == pytest.approx(5.0)
    assert cost_matrix(ring, far, near).item() == pytest.approx(25.0)


def test_the_way_round_can_be_shorter_than_along_the_edge():
    graph = cost_graph(2, [(0, 1, 100.0, 1, 0, 100.0), (0, 1, 1.0, 1, 0, 1.0)])
    assert cost_matrix(graph, position(0, 0.05), position(0, 0.95)).item() == pytest.approx(11.0)


def test_places_named_on_either_edge_of_a_line_are_one():
    graph = cost_graph(2, [(0, 1, 10.0, 1, 0, np.inf)])
    assert cost_matrix(graph, position(0, 0.3), position(1, 0.7)).item() == 0.0


def test_a_position_at_the_end_of_an_edge_is_the_node():
    graph = cost_graph(3, [(0, 1, 4.0), (1, 2, 3.0)])
    assert cost_matrix(graph, position(0, 1.0), position(1, 0.0)).item() == 0.0
    assert cost_matrix(graph, position(0, 1.0), position(1, 1.0)).item() == 3.0
    closed = cost_graph(3, [(0, 1, np.inf), (1, 2, 3.0)])
    assert cost_matrix(closed, position(0, 1.0), position(1, 1.0)).item() == 3.0


def test_a_position_on_no_road_reaches_nothing():
    graph = cost_graph(2, [(0, 1, 1.0, 1, 0, 1.0)])
    assert np.isinf(cost_matrix(graph, position(-1, 0.0), position(0, 0.5))).all()
    assert within(graph, position(0, 0.5), position(-1, 0.0), np.inf).nnz == 0


def test_empty_lists_give_empty_answers():
    graph = cost_graph(2, [(0, 1, 1.0)])
    nothing = RoadPositions(np.empty(0, np.int32), np.empty(0))
    assert cost_matrix(graph, nothing, position(0, 0.5)).shape == (0, 1)
    assert cost_matrix(graph, position(0, 0.5), nothing).shape == (1, 0)
    assert within(graph, nothing, nothing, 5.0).shape == (0, 0)


@pytest.mark.parametrize(
    ("edge", "fraction", "words"),
    [(7, 0.5, "do not|does not have"), (0, 1.5, "outside 0..1"), (0, np.nan, "outside 0..1")],
)
def test_positions_that_cannot_be_are_named(edge, fraction, words):
    graph = cost_graph(2, [(0, 1, 1.0)])
    with pytest.raises(ValueError, match=words):
        cost_matrix(graph, position(edge, fraction), position(0, 0.5))


@pytest.mark.parametrize("cost", [-1.0, np.nan])
def test_costs_that_cannot_be_are_named(cost):
    graph = cost_graph(2, [(0, 1, cost)])
    with pytest.raises(ValueError, match="close an edge with inf"):
        cost_matrix(graph, position(0, 0.5), position(0, 0.5))


@pytest.mark.parametrize("cutoff", [-1.0, np.nan])
def test_cutoffs_that_cannot_be_are_named(cutoff):
    graph = cost_graph(2, [(0, 1, 1.0)])
    with pytest.raises(ValueError, match="0 or more"):
        within(graph, position(0, 0.5), position(0, 0.5), cutoff)


def test_other_number_types_are_refused():
    graph = cost_graph(2, [(0, 1, 1.0)])
    with pytest.raises(ValueError, match="float32 or float64"):
        cost_matrix(graph, position(0, 0.5), position(0, 0.5), dtype=np.int64)


@pytest.fixture(scope="module")
def county() -> CostGraph:
    return synthetic_roads(3000, seed=4)


def scattered(graph: CostGraph, count: int, seed: int) -> RoadPositions:
    random = np.random.default_rng(seed)
    return RoadPositions(
        random.integers(0, graph.topology.n_edges, count).astype(np.int32), random.random(count)
    )


@pytest.mark.parametrize(("n_sources", "n_targets"), [(130, 90), (300, 20)])
@pytest.mark.parametrize("method", ["metis", "geometric"])
def test_several_blocks_and_both_directions_of_the_sweep(
    county, n_sources, n_targets, method, monkeypatch
):
    if method == "geometric":
        monkeypatch.setattr(order, "pymetis", None)
    sources, targets = scattered(county, n_sources, 1), scattered(county, n_targets, 2)
    want = oracle(county, sources, targets)
    assert_costs_equal(cost_matrix(county, sources, targets), want)
    pairs = within(county, sources, targets, 4000.0)
    np.testing.assert_array_equal(pairs.toarray() > 0, want <= 4000.0)


def test_any_number_of_threads_gives_the_same_bits(county, monkeypatch):
    sources, targets = scattered(county, 200, 1), scattered(county, 100, 2)
    answers = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("WANGDIAN_THREADS", threads)
        answers.append(cost_matrix(county, sources, targets).tobytes())
    assert len(set(answers)) == 1


def test_nodes_agree_with_scipy_on_the_bare_graph(county):
    topology = county.topology
    random = np.random.default_rng(3)
    some, others = random.integers(0, topology.n_nodes, (2, 70))
    bare = csr_matrix(
        (county.cost, (topology.edge_from, topology.edge_to)), shape=(topology.n_nodes,) * 2
    )
    want = csgraph.dijkstra(bare, indices=some)[:, others]
    got = cost_matrix(county, at_nodes(topology, some), at_nodes(topology, others))
    assert_costs_equal(got, want)


def test_the_rule_sends_short_cutoffs_to_searches_and_long_ones_to_the_sweep(county):
    few, many = (matrices.departures(county, scattered(county, count, 5)) for count in (3, 1000))
    assert matrices.search_pays(county, few, 500.0)
    assert not matrices.search_pays(county, many, 4000.0)
    assert not matrices.search_pays(county, few, np.inf)

"""Real networks: samples of the matrix against SciPy, contracted and with every bend a node."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csgraph

from benchmarks.impedance_engines import bare_matrix
from benchmarks.impedance_files import file_roads
from geodata.impedance import cost_matrix, nearest, path, within
from geodata.roads.graph import CostGraph, RoadPositions, at_nodes

pytestmark = pytest.mark.real

FILES = {
    "liechtenstein": "liechtenstein.osm.pbf",
    "wuhan": "neatnet_wuhan_8989_original.parquet",
    "monaco": "monaco.osm.gz",
}


@pytest.fixture(scope="module", params=list(FILES))
def graph(request) -> CostGraph:
    folder = request.getfixturevalue("roads_folder")
    return file_roads(folder / FILES[request.param])


@pytest.fixture(scope="module")
def roads_folder():
    from tests.conftest import REAL_DATA, missing

    if not REAL_DATA.is_dir():
        missing(f"real data is absent ({REAL_DATA.name} beside the checkout)")
    return REAL_DATA / "roads"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("WANGDIAN_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "orders"))


def sample(graph: CostGraph, count: int, seed: int) -> np.ndarray:
    used = np.unique(graph.topology.edge_from[np.isfinite(graph.cost)])
    return np.random.default_rng(seed).choice(used, count)


def scipy_costs(graph: CostGraph, some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return csgraph.dijkstra(bare_matrix(graph), indices=some)[:, others]


def assert_agrees(graph: CostGraph) -> None:
    # The junctions that turn restrictions split stand apart in SciPy's graph, together in ours.
    some, others = sample(graph, 12, 1), sample(graph, 300, 2)
    usable = np.isfinite(graph.cost)
    sources, targets = (at_nodes(graph.topology, nodes, usable) for nodes in (some, others))
    want = scipy_costs(graph, some, others)
    got = cost_matrix(graph, sources, targets, use_cache=False)
    whole = unsplit(graph, some)[:, None] & unsplit(graph, others)[None, :]
    np.testing.assert_array_equal(np.isinf(got)[whole], np.isinf(want)[whole])
    near = whole & np.isfinite(want)
    np.testing.assert_allclose(got[near], want[near], rtol=1e-6, atol=1e-6)


def unsplit(graph: CostGraph, nodes: np.ndarray) -> np.ndarray:
    topology, edge = graph.topology, np.flatnonzero(graph.reverse >= 0)
    back = graph.reverse[edge]
    apart = topology.edge_from[edge] != topology.edge_to[back]
    split = np.zeros(topology.n_nodes, bool)
    split[topology.edge_from[edge[apart]]] = True
    split[topology.edge_to[back[apart]]] = True
    return ~split[nodes]


def test_samples_agree_with_scipy(graph):
    assert_agrees(graph)


def test_a_closure_is_only_customised_and_agrees_too(graph):
    cost = graph.cost.copy()
    cost[np.random.default_rng(3).choice(len(cost), len(cost) // 50)] = np.inf
    assert_agrees(replace(graph, cost=cost))


def test_the_answers_agree_with_each_other(graph):
    random = np.random.default_rng(4)
    used = np.flatnonzero(np.isfinite(graph.cost))
    sources, targets = (
        RoadPositions(random.choice(used, count).astype(np.int32), random.random(count))
        for count in (20, 60)
    )
    costs = cost_matrix(graph, sources, targets)
    cutoff = float(np.median(costs[np.isfinite(costs)]))
    pairs = within(graph, sources, targets, cutoff)
    assert pairs.nnz == (costs <= cutoff).sum()
    least = np.sort(costs, axis=1)[:, :4]
    np.testing.assert_allclose(nearest(graph, sources, targets, 4)[1], least, rtol=1e-9)
    for place in range(5):
        source, target = (
            RoadPositions(points.edge[[place]], points.fraction[[place]])
            for points in (sources, targets)
        )
        route = path(graph, source, target)
        assert route.cost == pytest.approx(costs[place, place], rel=1e-9)


def test_every_bend_a_node_gives_the_same_costs(roads_folder):
    file = roads_folder / FILES["liechtenstein"]
    contracted, bends = file_roads(file), file_roads(file, bends=True)
    assert bends.topology.n_nodes > 2 * contracted.topology.n_nodes
    some, others = sample(contracted, 10, 1), sample(contracted, 200, 2)
    want = scipy_costs(contracted, some, others)
    sources, targets = (at_nodes(bends.topology, nodes) for nodes in (some, others))
    got = cost_matrix(bends, sources, targets, use_cache=False)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)

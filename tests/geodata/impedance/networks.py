"""Random small networks with everything that can go wrong on one, and a slow, plain oracle."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csgraph, csr_matrix

from geodata.roads.graph import CostGraph, RoadPositions, RoadTopology

COSTS = st.sampled_from([0.0, 1.0, 1.0, 2.5, 7.0, math.inf]) | st.floats(0, 1000)
FRACTIONS = st.sampled_from([0.0, 1.0, 0.5, 0.25, 0.3, 0.7]) | st.floats(0, 1)


def cost_graph(n_nodes, lines, *, lon=None, lat=None) -> CostGraph:
    """A graph of lines ``(from, to, cost)`` or ``(from, to, cost, back_from, back_to, back_cost)``."""
    edge_from, edge_to, cost, reverse = [], [], [], []
    for line in lines:
        edge = len(cost)
        edge_from.append(line[0])
        edge_to.append(line[1])
        cost.append(line[2])
        reverse.append(-1)
        if len(line) > 3:
            edge_from.append(line[3])
            edge_to.append(line[4])
            cost.append(line[5])
            reverse[edge] = edge + 1
            reverse.append(edge)
    places = np.random.default_rng(0).random((2, n_nodes))
    topology = RoadTopology(
        places[0] if lon is None else lon,
        places[1] if lat is None else lat,
        np.array(edge_from, np.int32),
        np.array(edge_to, np.int32),
    )
    return CostGraph(topology, np.array(cost, float), np.array(reverse, np.int32))


@st.composite
def graphs(draw, *, split: bool = True) -> CostGraph:
    """Loops, parallel edges, islands, one-way rings, closed and zero-length edges, split ends."""
    n_nodes = draw(st.integers(1, 10))
    node = st.integers(0, n_nodes - 1)
    lines = []
    for _ in range(draw(st.integers(0, 18))):
        start, end, cost = draw(node), draw(node), draw(COSTS)
        kind = draw(
            st.sampled_from(["one-way", "two-way", "two-way", "split" if split else "two-way"])
        )
        if kind == "one-way":
            lines.append((start, end, cost))
        elif kind == "two-way":
            lines.append((start, end, cost, end, start, draw(st.just(cost) | COSTS)))
        else:
            lines.append((start, end, cost, draw(node), draw(node), draw(st.just(cost) | COSTS)))
    return cost_graph(n_nodes, lines)


def positions(graph: CostGraph, most: int = 6) -> st.SearchStrategy[RoadPositions]:
    """Up to ``most`` positions, some equal, some at edge ends, some on no road."""
    edge = st.integers(-1, graph.topology.n_edges - 1)
    return st.lists(st.tuples(edge, FRACTIONS), max_size=most).map(
        lambda pairs: RoadPositions(
            np.array([e for e, _ in pairs], np.int32), np.array([f for _, f in pairs], float)
        )
    )


@st.composite
def cases(draw, *, split: bool = True):
    """A graph, sources and targets."""
    graph = draw(graphs(split=split))
    return graph, draw(positions(graph)), draw(positions(graph))


def oracle(  # noqa: PLR0912 - one plain loop a rule
    graph: CostGraph, sources: RoadPositions, targets: RoadPositions
) -> np.ndarray:
    """Costs by SciPy's Dijkstra, each position a node of its own: sources out, targets in."""
    topology, cost, reverse = graph.topology, graph.cost, graph.reverse
    n_nodes, n_sources = topology.n_nodes, len(sources)
    arcs: dict[tuple[int, int], float] = {}

    def add(tail, head, value):
        # Parallel arcs by their minimum: csr_matrix would add them up.
        key = (int(tail), int(head))
        if math.isfinite(value):
            arcs[key] = min(value, arcs.get(key, math.inf))

    def ways(edge, fraction):
        yield edge, fraction
        if reverse[edge] >= 0:
            yield int(reverse[edge]), 1 - fraction

    def junction(edge, fraction):
        """Nodes at which a position at the very end of an edge stands."""
        back = reverse[edge]
        two_way = back >= 0 and math.isfinite(cost[back])
        if fraction == 0:
            yield topology.edge_from[edge]
            if two_way:
                yield topology.edge_to[back]
        if fraction == 1:
            yield topology.edge_to[edge]
            if two_way:
                yield topology.edge_from[back]

    for edge in range(topology.n_edges):
        add(topology.edge_from[edge], topology.edge_to[edge], cost[edge])
    for i, (edge, fraction) in enumerate(zip(sources.edge, sources.fraction, strict=True)):
        if edge < 0:
            continue
        for node in junction(edge, fraction):
            add(n_nodes + i, node, 0.0)
        for way, at in ways(edge, fraction):
            if math.isfinite(cost[way]):
                add(n_nodes + i, topology.edge_to[way], (1 - at) * cost[way])
    for j, (edge, fraction) in enumerate(zip(targets.edge, targets.fraction, strict=True)):
        if edge < 0:
            continue
        here = n_nodes + n_sources + j
        for node in junction(edge, fraction):
            add(node, here, 0.0)
        for way, at in ways(edge, fraction):
            if not math.isfinite(cost[way]):
                continue
            add(topology.edge_from[way], here, at * cost[way])
        for i, (other, start) in enumerate(zip(sources.edge, sources.fraction, strict=True)):
            for way, at in ways(edge, fraction):
                if other < 0:
                    continue
                for other_way, begin in ways(other, start):
                    if way == other_way and abs(at - begin) <= 1e-12:
                        add(n_nodes + i, here, 0.0)
                    elif way == other_way and at > begin and math.isfinite(cost[way]):
                        add(n_nodes + i, here, (at - begin) * cost[way])
    size = n_nodes + n_sources + len(targets)
    tail, head = (np.array([key[k] for key in arcs], int) for k in (0, 1))
    matrix = csr_matrix((np.array(list(arcs.values())), (tail, head)), shape=(size, size))
    if not n_sources:
        return np.empty((0, len(targets)))
    costs = csgraph.dijkstra(matrix, indices=np.arange(n_nodes, n_nodes + n_sources))
    return costs[:, n_nodes + n_sources :]


def assert_costs_equal(got: np.ndarray, want: np.ndarray, relative: float = 1e-6) -> None:
    """Equal to a relative 1e-6 or to 1e-6 m; infinite in the same places."""
    np.testing.assert_array_equal(np.isinf(got), np.isinf(want))
    finite = np.isfinite(want)
    np.testing.assert_allclose(got[finite], want[finite], rtol=relative, atol=relative)

"""Routes cost what the matrix says, join up, and drive edges their own way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from geodata.impedance import Ways, path
from geodata.roads.graph import RoadPositions

from .networks import cases, cost_graph, oracle


def one(positions: RoadPositions, place: int) -> RoadPositions:
    return RoadPositions(positions.edge[[place]], positions.fraction[[place]])


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_a_route_is_a_connected_way_of_the_least_cost(case):
    graph, sources, targets = case
    want = oracle(graph, sources, targets)
    for i in range(len(sources)):
        for j in range(len(targets)):
            route = path(graph, one(sources, i), one(targets, j))
            if np.isinf(want[i, j]):
                assert np.isinf(route.cost)
                assert len(route.edge) == 0
                continue
            assert route.cost == pytest.approx(want[i, j], rel=1e-6, abs=1e-6)
            driven = (route.end - route.start) * graph.cost[route.edge]
            assert driven.sum() == pytest.approx(route.cost, rel=1e-6, abs=1e-6)
            assert (route.start <= route.end).all()
            ends = graph.topology.edge_to[route.edge[:-1]]
            assert (ends == graph.topology.edge_from[route.edge[1:]]).all()
            assert (route.end[:-1] == 1).all()
            assert (route.start[1:] == 0).all()


def test_a_route_names_the_parts_of_its_edges():
    graph = cost_graph(3, [(0, 1, 10.0, 1, 0, 10.0), (1, 2, 4.0)])
    route = path(
        graph,
        RoadPositions(np.array([1], np.int32), np.array([0.25])),
        RoadPositions(np.array([2], np.int32), np.array([0.5])),
    )
    assert route.edge.tolist() == [0, 2]
    assert route.start.tolist() == [0.75, 0.0]
    assert route.end.tolist() == [1.0, 0.5]
    assert route.cost == pytest.approx(4.5)


def test_against_the_reverse_edge_the_parts_are_turned():
    graph = cost_graph(2, [(0, 1, 10.0, 1, 0, 10.0)])
    route = path(
        graph,
        RoadPositions(np.array([0], np.int32), np.array([0.75])),
        RoadPositions(np.array([0], np.int32), np.array([0.25])),
    )
    assert route.edge.tolist() == [1]
    assert (route.start.tolist(), route.end.tolist()) == ([0.25], [0.75])


def test_ways_between_positions_of_a_list_are_those_of_each_pair():
    graph = cost_graph(3, [(0, 1, 10.0, 1, 0, 10.0), (1, 2, 4.0)])
    places = RoadPositions(np.array([1, 2, 0], np.int32), np.array([0.25, 0.5, 0.1]))
    ways = Ways(graph, places)
    for i in range(3):
        for j in range(3):
            alone, found = path(graph, one(places, i), one(places, j)), ways.between(i, j)
            assert found.cost == alone.cost
            assert found.edge.tolist() == alone.edge.tolist()
            assert found.start.tolist() == alone.start.tolist()


def test_more_than_one_source_is_refused():
    graph = cost_graph(2, [(0, 1, 1.0)])
    two = RoadPositions(np.zeros(2, np.int32), np.zeros(2))
    with pytest.raises(ValueError, match="1 source and 1 target"):
        path(graph, two, two)

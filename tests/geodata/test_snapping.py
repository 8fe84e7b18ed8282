from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.crs import metric_crs, to_metric
from geodata.roads.access import Access
from geodata.roads.build import build_graph
from geodata.roads.export import shapes
from geodata.roads.graph import CostGraph
from geodata.roads.lines import TurnRule, plain_attributes
from geodata.roads.speeds import by_length, usable, vehicle
from geodata.snapping import snap
from tests.geodata.roads.networks import lines_between, place


def points(*xy_m):
    lon, lat = zip(*(place(x, y) for x, y in xy_m), strict=True)
    return np.array(lon), np.array(lat)


def all_edges(graph):
    return np.ones(graph.n_edges, bool)


@pytest.fixture
def bend():
    nodes = np.array([[0, 0], [1000, 0], [1000, 500]])
    return build_graph(lines_between(nodes, [(0, 1), (1, 2)]))


def test_the_foot_of_the_perpendicular_on_a_road_with_a_bend(bend):
    lon, lat = points((250, 40), (1100, 250), (-30, -40))
    found = snap(lon, lat, bend, all_edges(bend), 500)
    assert found.ok.all()
    assert found.positions.edge.tolist() == [0, 0, 0]
    assert found.positions.fraction == pytest.approx([250 / 1500, 1250 / 1500, 0], abs=2e-3)
    assert found.distance_m == pytest.approx([40, 100, 50], rel=0.01)
    foot_lon, foot_lat = points((250, 0), (1000, 250), (0, 0))
    assert found.lon == pytest.approx(foot_lon, abs=2e-6)
    assert found.lat == pytest.approx(foot_lat, abs=2e-6)
    assert found.component is not None
    assert found.component.tolist() == [0, 0, 0]


def test_beyond_the_cap_a_point_is_on_no_road_but_its_distance_is_told(bend):
    lon, lat = points((500, 99), (500, 101))
    found = snap(lon, lat, bend, all_edges(bend), 100)
    assert found.ok.tolist() == [True, False]
    assert found.distance_m == pytest.approx([99, 101], rel=0.01)
    assert found.positions.edge[1] == -1


def test_closed_and_forbidden_roads_are_not_snapped_to():
    nodes = np.array([[0, 0], [1000, 0], [0, 300], [1000, 300]])
    access = np.array([[int(Access.WALK)] * 2, [int(Access.ALL)] * 2])
    lines = lines_between(
        nodes, [(0, 1), (2, 3)], attributes=plain_attributes(np.zeros(2, int), access)
    )
    graph = build_graph(lines)
    lon, lat = points((500, 50))
    on_foot = snap(lon, lat, graph, usable(graph, vehicle("walk")), 500)
    by_lorry = snap(lon, lat, graph, by_length(graph, vehicle("compactor")), 500)
    assert on_foot.distance_m == pytest.approx([50], rel=0.01)
    assert by_lorry.distance_m == pytest.approx([250], rel=0.01)
    closed = graph.with_closures(by_lorry.positions.edge.astype(np.int64))
    none = snap(lon, lat, closed, by_length(closed, vehicle("compactor")), 500)
    assert not none.ok.any()
    assert np.isinf(none.distance_m).all()


def test_a_street_open_one_way_only_is_entered_by_its_open_edge():
    nodes = np.array([[0, 0], [1000, 0]])
    attributes = plain_attributes(np.zeros(1, int), np.array([[int(Access.WALK), 63]]))
    graph = build_graph(lines_between(nodes, [(0, 1)], attributes=attributes))
    lon, lat = points((250, 10))
    cost = by_length(graph, vehicle("car"))
    found = snap(lon, lat, graph, cost, 100)
    assert np.isfinite(cost.cost[found.positions.edge[0]])
    assert found.positions.fraction[0] == pytest.approx(0.75, abs=0.01)


def test_ties_are_broken_by_the_lowest_edge(bend):
    nodes = np.array([[0, 0], [1000, 0], [1000, 500], [1000, -500]])
    graph = build_graph(lines_between(nodes, [(3, 1), (2, 1), (0, 1)]))
    lon, lat = points((1000, 0), (1080, 0))
    found = snap(lon, lat, graph, all_edges(graph), 500)
    assert found.positions.edge.tolist() == [0, 0]
    assert found.positions.fraction == pytest.approx([1, 1], abs=1e-6)
    between_twins = np.array([[0, 0], [1000, 0], [0, 100], [1000, 100]])
    twins = build_graph(lines_between(between_twins, [(0, 1), (2, 3)]))
    middle = snap(*points((500, 50)), twins, all_edges(twins), 500)
    again = snap(*points((500, 50)), twins, all_edges(twins), 500)
    assert middle.positions.edge.tolist() == again.positions.edge.tolist()


def test_connectors_are_no_roads_and_islands_are_named():
    nodes = np.array([[0, 0], [1000, 0], [1000, 500], [2000, 0], [5000, 0], [5100, 0]])
    rule = TurnRule(0, 1, 1, only=False, groups=int(Access.CAR))
    graph = build_graph(lines_between(nodes, [(0, 1), (1, 2), (1, 3), (4, 5)], turns=[rule]))
    lon, lat = points((1000, 1), (5050, 10))
    found = snap(lon, lat, graph, all_edges(graph), 500)
    assert not graph.is_connector[found.positions.edge].any()
    assert found.component is not None
    assert found.component.tolist() == [0, 1]


def test_points_without_coordinates_and_none_at_all(bend):
    lon, lat = points((250, 40), (0, 0))
    lon[1] = np.nan
    found = snap(lon, lat, bend, all_edges(bend), 500)
    assert found.ok.tolist() == [True, False]
    assert np.isnan(found.distance_m[1])
    assert len(snap(np.zeros(0), np.zeros(0), bend, all_edges(bend), 500).positions) == 0


def test_a_cost_graph_means_its_finite_edges(bend):
    cost = CostGraph(bend.topology, np.array([np.inf, 7.0]), bend.reverse)
    found = snap(*points((250, 40)), bend, cost, 500)
    assert found.positions.edge.tolist() == [1]
    assert found.positions.fraction[0] == pytest.approx(1 - 250 / 1500, abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_against_every_edge_by_brute_force(seed):
    generator = np.random.default_rng(seed)
    nodes = generator.uniform(0, 3000, (8, 2))
    pairs = [tuple(generator.choice(8, 2, replace=False)) for _ in range(9)]
    graph = build_graph(lines_between(nodes, pairs))
    may = generator.random(graph.n_edges) < 0.7
    lon, lat = points(*generator.uniform(-500, 3500, (12, 2)))
    found = snap(lon, lat, graph, may, 800)
    metric = metric_crs(graph.topology.node_lon, graph.topology.node_lat)
    edges = np.flatnonzero(may)
    if not len(edges):
        assert not found.ok.any()
        return
    roads = shapely.transform(
        shapes(graph, edges), lambda xy: np.column_stack(to_metric(xy[:, 0], xy[:, 1], metric))
    )
    spots = shapely.points(*to_metric(lon, lat, metric))
    off = shapely.distance(spots[:, None], roads[None, :])
    assert found.distance_m == pytest.approx(off.min(axis=1), abs=1e-6)
    assert (found.ok == (off.min(axis=1) <= 800)).all()
    for i in np.flatnonzero(found.ok):
        edge = int(found.positions.edge[i])
        assert may[edge]
        road = roads[int(np.flatnonzero(edges == edge)[0])]
        spot = shapely.line_interpolate_point(road, found.positions.fraction[i], normalized=True)
        assert shapely.distance(spot, spots[i]) == pytest.approx(found.distance_m[i], abs=1e-6)

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from geodata.roads.access import Access
from geodata.roads.build import build_graph
from geodata.roads.components import component_of_edge, component_of_node
from geodata.roads.lines import plain_attributes
from geodata.roads.report import network_report
from tests.geodata.roads.networks import lines_between


def grid(n: int, step_m: float = 400):
    nodes = np.array([[step_m * i, step_m * j] for i in range(n) for j in range(n)])
    pairs = [(n * i + j, n * i + j + 1) for i in range(n) for j in range(n - 1)]
    pairs += [(n * i + j, n * i + n + j) for i in range(n - 1) for j in range(n)]
    return nodes, pairs


def test_figures_of_a_grid():
    nodes, pairs = grid(5)
    report = network_report(build_graph(lines_between(nodes, pairs)))
    assert report.length_km == pytest.approx(16, rel=0.01)
    assert report.length_km_by_class == pytest.approx({"village": report.length_km})
    assert (report.components, report.largest_share, report.one_way_share) == (1, 1.0, 0.0)
    assert report.circuity is not None
    assert 1.0 <= report.circuity <= 2**0.5
    assert report.circuity_p90 is not None
    assert report.circuity_p90 >= report.circuity
    assert (report.loops, report.parallel, report.duplicates, report.zero_length) == (0, 0, 0, 0)
    assert report.unknown_classes == ()
    assert json.dumps(report.as_dict())


def test_the_same_seed_gives_the_same_circuity():
    nodes, pairs = grid(8)
    graph = build_graph(lines_between(nodes, pairs))
    one, two = (network_report(graph, seed=3, sources=10) for _ in range(2))
    assert one == two


def test_pieces_dead_data_and_one_way():
    nodes = np.array([[0, 0], [1000, 0], [1000, 1000], [5000, 0], [5500, 0], [6000, 600]])
    pairs = [(0, 1), (1, 0), (1, 2), (2, 2), (3, 4), (3, 4)]
    access = np.full((6, 2), int(Access.ALL))
    access[2, 1] = int(Access.WALK)
    access[5] = int(Access.WALK)
    attributes = replace(
        plain_attributes(np.array([0, 0, 0, 0, 1, 1]), access),
        max_weight_t=np.array([8, *[np.nan] * 5], np.float32),
        closed=np.array([True, *[False] * 5]),
    )
    lines = lines_between(nodes, pairs, attributes=attributes)
    lines = replace(lines, class_names=("village", "???"))
    report = network_report(build_graph(lines))
    assert report.components == 2
    assert report.largest_share == pytest.approx(3000 / 3500, rel=0.01)
    assert report.one_way_share == pytest.approx(1000 / 3500, rel=0.01)
    assert report.zero_length == 1
    assert report.duplicates == 2
    assert report.parallel == 2
    assert report.unknown_classes == ("???",)
    assert report.weight_limited_km == pytest.approx(1, rel=0.01)
    assert report.closed_km == pytest.approx(1, rel=0.01)


def test_components_are_numbered_by_size():
    nodes = np.array([[0, 0], [100, 0], [500, 0], [600, 0], [700, 50]])
    graph = build_graph(lines_between(nodes, [(0, 1), (2, 3), (3, 4)]), contracted=False)
    assert component_of_node(graph.topology).tolist() == [1, 1, 0, 0, 0]
    usable = graph.topology.edge_from < 2
    assert component_of_edge(graph.topology, usable).tolist() == [0, 0, -1, -1, -1, -1]

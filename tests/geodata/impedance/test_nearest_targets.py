"""The k nearest against the sorted rows of the oracle's matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.impedance import nearest, nearest_targets
from geodata.roads.graph import at_nodes

from .networks import assert_costs_equal, cases, cost_graph, oracle


@pytest.mark.parametrize("most_labels", [0, 100])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(case=cases(), k=st.integers(1, 9))
def test_costs_are_the_least_of_each_row(case, k, most_labels, monkeypatch):
    monkeypatch.setattr(nearest_targets, "MOST_LABELS", most_labels)
    graph, sources, targets = case
    want = oracle(graph, sources, targets)
    found, cost = nearest(graph, sources, targets, k, use_cache=False)
    least = np.full((len(sources), k), np.inf)
    columns = min(k, len(targets))
    least[:, :columns] = np.sort(want, axis=1)[:, :columns]
    assert_costs_equal(cost, least)
    np.testing.assert_array_equal(found >= 0, np.isfinite(least))
    for row, targets_found in enumerate(found):
        named = targets_found[targets_found >= 0]
        assert len(set(named)) == len(named)
        assert_costs_equal(want[row, named], cost[row, : len(named)])


def test_equal_targets_come_in_their_order():
    graph = cost_graph(3, [(0, 1, 5.0), (0, 2, 5.0)])
    nodes = at_nodes(graph.topology, np.array([2, 1, 1]))
    found, _ = nearest(graph, at_nodes(graph.topology, np.array([0])), nodes, 3)
    assert found.tolist() == [[0, 1, 2]]


def test_fewer_than_one_is_refused():
    graph = cost_graph(2, [(0, 1, 1.0)])
    here = at_nodes(graph.topology, np.array([0]))
    with pytest.raises(ValueError, match="at least 1"):
        nearest(graph, here, here, 0)

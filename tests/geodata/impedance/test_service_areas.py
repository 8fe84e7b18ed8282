"""Service areas: a place on an edge is inside just when its cost from a source is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.impedance import reach
from geodata.roads.graph import RoadPositions

from .networks import cases, cost_graph, oracle


def probes(graph):
    """Places inside every usable edge."""
    edge = np.repeat(np.flatnonzero(np.isfinite(graph.cost)), 5).astype(np.int32)
    return RoadPositions(edge, np.tile([0.01, 0.26, 0.5, 0.74, 0.99], len(edge) // 5))


@pytest.mark.parametrize("inward", [False, True])
@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(split=False), cutoff=st.sampled_from([0.0, 1.0, 3.0, 10.0, 400.0]))
def test_portions_hold_the_places_within_the_cutoff(case, cutoff, inward):
    graph, sources, _ = case
    places = probes(graph)
    if not len(sources) or not len(places):
        return
    area = reach(graph, sources, [cutoff / 2, cutoff], inward=inward)
    portions = area.portions(cutoff)
    cost = oracle(graph, places, sources).T if inward else oracle(graph, sources, places)
    nearest = cost.min(axis=0)
    for edge, fraction, least in zip(places.edge, places.fraction, nearest, strict=True):
        here = portions.edge == edge
        held = ((portions.start[here] <= fraction) & (fraction <= portions.end[here])).any()
        if held:  # on this edge or, the same place, on its reverse
            assert least <= cutoff + 1e-6
        elif least < cutoff - 1e-6:
            back = portions.edge == graph.reverse[edge]
            turned = 1 - fraction
            assert graph.reverse[edge] >= 0
            assert ((portions.start[back] <= turned) & (turned <= portions.end[back])).any()
    assert (portions.start <= portions.end).all()
    assert (np.diff(portions.edge) >= 0).all()


def test_node_costs_and_sources_are_those_of_the_nearest():
    graph = cost_graph(3, [(0, 1, 10.0, 1, 0, 10.0), (1, 2, 10.0, 2, 1, 10.0)])
    sources = RoadPositions(np.array([0, 2], np.int32), np.array([0.1, 0.8]))
    area = reach(graph, sources, 8.5)
    assert area.node_cost.tolist() == pytest.approx([1.0, 8.0, 2.0])
    assert area.node_source.tolist() == [0, 1, 1]
    assert np.isinf(reach(graph, sources, 5.0).node_cost[1])


def test_the_drive_home_is_not_the_drive_out():
    graph = cost_graph(2, [(0, 1, 10.0)])
    source = RoadPositions(np.array([0], np.int32), np.array([0.5]))
    out, home = (reach(graph, source, 3.0, inward=inward).portions(3.0) for inward in (False, True))
    assert (out.start.tolist(), out.end.tolist()) == ([0.5], [0.8])
    assert home.start.tolist() == pytest.approx([0.2])
    assert home.end.tolist() == [0.5]


def test_beyond_what_was_searched_is_refused():
    graph = cost_graph(2, [(0, 1, 10.0)])
    area = reach(graph, RoadPositions(np.array([0], np.int32), np.array([0.5])), 3.0)
    with pytest.raises(ValueError, match="beyond"):
        area.portions(4.0)

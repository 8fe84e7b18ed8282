"""Parts of edges are cut out of their lines where their fractions say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from geodata.impedance import Route, way_points
from geodata.impedance.drawing import edge_part

ROAD = SimpleNamespace(
    shape_start=np.array([0, 3, 5]),
    shape_lon=np.array([0.0, 1.0, 1.0, 2.0, 2.0]),
    shape_lat=np.array([0.0, 0.0, 1.0, 0.0, 0.0]),
)


def test_a_whole_edge_keeps_its_points():
    assert edge_part(ROAD, 0, 0.0, 1.0).tolist() == [[0, 0], [1, 0], [1, 1]]


def test_a_part_starts_and_ends_between_points():
    first, corner, last = edge_part(ROAD, 0, 0.25, 0.75)
    assert first == pytest.approx([0.5, 0.0], abs=1e-3)
    assert corner == pytest.approx([1.0, 0.0])
    assert last == pytest.approx([1.0, 0.5], abs=1e-3)


def test_a_way_has_no_point_twice_in_a_row_and_none_of_edges_without_length():
    parts = np.array([0, 1, 0]), np.zeros(3), np.ones(3)
    points = way_points(ROAD, Route(*parts, cost=3.0))
    assert points.tolist() == [[0, 0], [1, 0], [1, 1], [2, 0], [0, 0], [1, 0], [1, 1]]
    assert way_points(ROAD, Route(*(part[:0] for part in parts), cost=np.inf)).shape == (0, 2)

"""Parts of edges are cut out of their lines where their fractions say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from geodata.impedance import EdgePortions, lines
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


def test_an_edge_without_length_has_no_line():
    parts = EdgePortions(np.array([0, 1]), np.array([0.0, 0.0]), np.array([0.5, 1.0]))
    line, nothing = lines(ROAD, parts)
    assert line.length == pytest.approx(1.0, abs=1e-3)
    assert nothing is None

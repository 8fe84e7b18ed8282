from __future__ import annotations

import pytest

from planner import Progress, SolverSettings
from planner.solution import relative_gap


def test_every_senseless_setting_is_named() -> None:
    with pytest.raises(ValueError) as caught:
        SolverSettings(time_limit_s=-1, gap=float("nan"), threads=0, seed=-3)
    for name in ("time_limit_s is -1", "gap is nan", "threads is 0", "seed is -3"):
        assert name in str(caught.value)


def test_gap_is_a_fraction_of_the_answer_both_ways() -> None:
    assert relative_gap(100, 99) == pytest.approx(0.01)
    assert relative_gap(100, 101) == pytest.approx(0.01)
    assert relative_gap(0, 0) == 0
    assert relative_gap(float("nan"), 1) == float("inf")
    assert Progress("x", 0.0, 200.0, 150.0).gap == 0.25
    assert Progress("x", 0.0).gap == float("inf")

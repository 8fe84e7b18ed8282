from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import Objective, Outcome, presets
from planner.solving import judging
from planner.solving.judging import InternalError, outcome_of, outward, settled_bound, sharpened

IMPEDANCE = np.array([[2.0, 5.0], [4.0, 1.0]])


@pytest.mark.parametrize(
    ("objective", "bound", "flags", "outcome"),
    [
        (100.0, 100.0, {}, Outcome.OPTIMAL),
        (100.0, 100.0 - 9e-5, {}, Outcome.OPTIMAL),
        (100.0, 100.0 - 2e-4, {}, Outcome.FEASIBLE),
        (100.0, -np.inf, {}, Outcome.FEASIBLE),
        (100.0, 90.0, {"cancelled": True}, Outcome.CANCELLED),
        (100.0, 100.0, {"cancelled": True}, Outcome.OPTIMAL),
        (np.nan, 90.0, {}, Outcome.NO_ANSWER),
        (np.nan, np.nan, {"infeasible": True}, Outcome.INFEASIBLE),
        (np.nan, np.nan, {"cancelled": True}, Outcome.CANCELLED),
        (0.0, 0.0, {}, Outcome.OPTIMAL),
    ],
)
def test_outcome(objective, bound, flags, outcome) -> None:
    assert outcome_of(objective, bound, **flags) is outcome


@given(st.floats(-1e12, 1e12))
def test_outward_never_moves_inward(bound) -> None:
    assert outward(bound, maximise=False) <= bound <= outward(bound, maximise=True)


def test_whole_objectives_lift_the_bound() -> None:
    cover = presets.set_cover(IMPEDANCE, radius=4)
    assert sharpened(0.3, cover) == 1
    assert sharpened(1.0, cover) == 1
    assert sharpened(1.00005, cover) == 1  # rounding of a solver, not a proof of 2
    assert sharpened(1.2, cover) == 2
    most = presets.maximal_cover(IMPEDANCE, [3.0, 4.0], radius=4, p=1)
    assert sharpened(6.7, most) == 6
    assert sharpened(6.99995, most) == 7
    assert sharpened(100.0, most) == 7  # all there is


def test_broken_objectives_keep_theirs() -> None:
    median = presets.p_median(IMPEDANCE, [0.5, 1.5], p=1)
    assert sharpened(1.25, median) == 1.25
    assert sharpened(-3.0, median) == 0
    assert sharpened(float("nan"), median) == 0


def test_worst_impedance_is_one_that_occurs() -> None:
    centre = presets.p_centre(IMPEDANCE, p=1)
    assert sharpened(2.3, centre) == 4
    assert sharpened(4.0, centre) == 4


def test_crossing_bounds() -> None:
    assert settled_bound(10.0, 10.0 + 1e-9, maximise=False) == 10
    assert settled_bound(10.0, 9.0, maximise=False) == 9
    assert settled_bound(10.0, float("nan"), maximise=True) == np.inf
    with pytest.raises(InternalError, match="refutes"):
        settled_bound(10.0, 11.0, maximise=False)
    with pytest.raises(InternalError, match="refutes"):
        settled_bound(10.0, 9.0, maximise=True)


def test_only_coverage_is_maximised() -> None:
    assert [one for one in Objective if judging.maximised(one)] == [Objective.MAX_COVERED]

"""Parts that do not fit together: every fault at once, with the remedy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.problem_faults import ProblemError
from planner.routes import Compartment, Goods, RoadMatrix, RoundsSettings, Stops
from tests.planner.routes.instances import lorry, scattered


def test_all_faults_of_stops_are_named_at_once():
    with pytest.raises(ProblemError) as error:
        Stops.simple(
            ["a", "b"], [0, 1], [-1.0, np.nan], service_s=[-5.0, np.inf], opens_s=[100.0, 0.0],
            closes_s=[50.0, 10.0], visits=[0, 1], largest_gap_days=[0, 9],
        )  # fmt: skip
    text = str(error.value)
    for part in ("amount_t is -1 at a", "amount_t is not a number at b", "service_s is -5 at a",
                 "service_s is infinite at b", "close before they open", "0 times a cycle",
                 "largest gap"):  # fmt: skip
        assert part in text


def test_shapes_and_ids():
    with pytest.raises(ProblemError, match="given twice"):
        Stops.simple(["a", "a"], [0, 1], [1.0, 1.0])
    with pytest.raises(ProblemError, match="service_s has shape"):
        Stops.simple(["a", "b"], [0, 1], [1.0, 1.0], service_s=[1.0])


def test_a_lorry_that_makes_no_sense():
    with pytest.raises(ProblemError) as error:
        lorry(payload_t=0.0, cny_per_km=-1.0, shift_end_s=0.0, compartments=(), longest_trips=0,
              available=(-1,))  # fmt: skip
    for part in ("payload_t is 0", "cny_per_km is -1", "night shift", "no compartment",
                 "longest_trips is 0", "negative number"):  # fmt: skip
        assert part in str(error.value)
    with pytest.raises(ProblemError, match="two compartments"):
        lorry(compartments=(Compartment((0,)), Compartment((0,))))


def test_a_matrix_that_makes_no_sense():
    bad = np.array([[1.0, -1.0], [np.nan, 0.0]])
    with pytest.raises(ProblemError) as error:
        RoadMatrix(bad, np.zeros((2, 3)))
    for part in ("not a number", "negative", "to itself", "square"):
        assert part in str(error.value)
    one_way = np.array([[0.0, np.inf], [1.0, 0.0]])
    with pytest.raises(ProblemError, match="no duration"):
        RoadMatrix(one_way, np.array([[0.0, 1.0], [1.0, 0.0]]))


def test_parts_that_do_not_fit():
    problem = scattered(3)
    with pytest.raises(ProblemError, match="no road matrix 'air'"):
        replace(problem, vehicles=(lorry(matrix="air"),))
    with pytest.raises(ProblemError, match="depots are given"):
        replace(problem, vehicles=(lorry(available=(1, 2)),))
    with pytest.raises(ProblemError, match="outside 0"):
        replace(problem, stops=replace(problem.stops, place=np.array([2, 3, 99])))
    with pytest.raises(ProblemError, match="given twice"):
        replace(problem, vehicles=(lorry(), lorry()))
    with pytest.raises(ProblemError, match="no vehicle class"):
        replace(problem, vehicles=())
    with pytest.raises(ProblemError, match="longest time on board"):
        Goods("w", 0.0)
    with pytest.raises(ValueError, match="time_limit_s"):
        RoundsSettings(time_limit_s=0)


def test_a_problem_is_its_fingerprint():
    problem = scattered(3)
    assert problem.fingerprint() == scattered(3).fingerprint()
    dearer = replace(problem, vehicles=(lorry(fixed_cny=1.0),))
    assert dearer.fingerprint() != problem.fingerprint()

"""Bisection over the radius, also where questions stay unanswered."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from planner import Objective, Outcome, Sites, SolverSettings, presets, solve, verify
from planner.solving.method import Found
from planner.solving.radius_search import RadiusSearch, _Range
from tests.planner.solving.test_child import hard_problem


@given(st.data())
def test_range_closes_on_the_optimum_or_keeps_it_inside(data) -> None:
    """Whatever stays undecided, low is never past the optimum and high never before it."""
    radii = np.arange(data.draw(st.integers(1, 30)), dtype=float)
    optimum = data.draw(st.integers(0, len(radii) - 1))
    hard = data.draw(st.sets(st.integers(0, len(radii) - 1)))
    range_, asked = _Range(radii, None), 0
    while (position := range_.next_question()) is not None:
        asked += 1
        assert asked < 100
        if position in hard:
            range_.undecided(position)
        elif position < optimum:
            range_.impossible(position)
        else:
            worst = data.draw(st.integers(optimum, position))
            range_.achieved(float(worst))
        assert range_.low <= optimum <= range_.high
    if not hard:
        assert range_.low == range_.high == optimum


def test_capacitated_centre_by_hand() -> None:
    impedance = np.array([[1.0, 6.0], [2.0, 7.0], [9.0, 3.0]])
    sites = Sites.simple(["a", "b"], capacity=[1, 5])
    problem = presets.p_centre(impedance, sites=sites)
    solution = solve(problem)
    assert solution.certificate.method == RadiusSearch.name
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.certificate.objective == 6
    assert verify(problem, solution) == []


def test_time_limit_leaves_a_plan_and_a_bound_below_it() -> None:
    from dataclasses import replace

    problem = replace(hard_problem(120, 30), objective=Objective.MIN_WORST)
    solution = solve(problem, SolverSettings(time_limit_s=4))
    assert solution.certificate.seconds < 6
    assert verify(problem, solution) == []
    if solution.has_plan:
        assert solution.certificate.bound <= solution.certificate.objective


def test_applies_to_the_worst_impedance_alone() -> None:
    method = RadiusSearch()
    assert method.applies(presets.p_centre(np.ones((2, 2))))
    assert not method.applies(presets.p_median(np.ones((2, 2))))
    assert isinstance(Found.nothing(method.name, bound=0.0), Found)

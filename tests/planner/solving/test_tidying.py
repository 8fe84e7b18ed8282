"""Shorter ways, never at the price of the objective or a rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import Objective, Sites, SolverSettings, presets, solve, verify
from planner.metrics import plan_metrics
from planner.solving.method import Found, Watch
from planner.solving.tidying import tidied

pytestmark = pytest.mark.pulp

PLAIN = SolverSettings(accelerate=False)


def crossing(objective: Objective, *, single_source: bool = True):
    """Two villages and two sites side by side, all open, both able to serve either."""
    problem = presets.capacitated_location(
        np.array([[1.0, 8.0], [8.0, 1.0]]),
        [5.0, 5.0],
        sites=Sites.simple(["a", "b"], capacity=[6, 6], fixed_cost=[1, 1]),
        single_source=single_source,
    )
    return replace(problem, objective=objective)


@pytest.mark.parametrize("single_source", [True, False])
@pytest.mark.parametrize("objective", [Objective.MIN_SITES, Objective.MAX_COVERED])
def test_nobody_passes_the_nearer_site_for_nothing(objective, single_source) -> None:
    problem = crossing(objective, single_source=single_source)
    solution = solve(problem, PLAIN)
    assert verify(problem, solution) == []
    assert plan_metrics(problem, solution).mean_impedance == pytest.approx(1)


def test_crossed_ways_are_uncrossed_and_partly_served_stay_so() -> None:
    problem = crossing(Objective.MAX_COVERED, single_source=False)
    crossed = Found(
        np.array([0, 1]), np.array([0, 1]), np.array([1, 0]), np.array([1.0, 0.5]), 7.5, 10.0, "x"
    )
    neat = tidied(problem, crossed, PLAIN, Watch(PLAIN))
    assert neat.site.tolist() == [0, 1]
    assert neat.share == pytest.approx([1.0, 0.5])


def test_least_cost_is_left_alone() -> None:
    problem = crossing(Objective.MIN_COST)
    crossed = Found(
        np.array([0, 1]), np.array([0, 1]), np.array([1, 0]), np.ones(2), 82.0, 82.0, "x"
    )
    assert tidied(problem, crossed, PLAIN, Watch(PLAIN)) is crossed

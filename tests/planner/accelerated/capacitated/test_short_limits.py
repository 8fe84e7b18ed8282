"""Very many pairs: what is known before there was time for a bound."""

from __future__ import annotations

import numpy as np
import pytest

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Cancelled, Outcome, Progress, SolverSettings
from planner.solving.checker import verify
from planner.solving.solve import solve


def large_plane(*, required: int) -> SitingProblem:
    """As many pairs as the first plan is made for: few points would not fill a second."""
    rng = np.random.default_rng(5)
    places, stands = rng.random((2_500, 2)), rng.random((400, 2))
    distance = np.sqrt(((places[:, None] - stands[None]) ** 2).sum(axis=2))
    weight = rng.integers(1, 9, 2_500).astype(float)
    marks = np.zeros(400, np.bool_)
    marks[:required] = True
    return SitingProblem(
        Objective.MIN_COST,
        Demand([f"D{i}" for i in range(2_500)], weight),
        Sites.simple(
            [f"S{j}" for j in range(400)],
            capacity=np.full(400, np.ceil(weight.sum() / 40)),
            fixed_cost=rng.uniform(20, 40, 400),
            required=marks,
        ),
        Arcs.from_dense(distance, weight),
        quotas=(Quota("west", np.arange(200), 2, 60),),
        single_source=False,
    )


@pytest.mark.parametrize("limit_s", [0.0, 0.05])
def test_the_shortest_limit_has_a_plan_of_very_many_pairs(limit_s) -> None:
    problem = large_plane(required=1)
    answer = solve(problem, SolverSettings(threads=1, time_limit_s=limit_s))
    assert answer.outcome is Outcome.FEASIBLE
    assert not verify(problem, answer)
    assert answer.certificate.bound <= answer.certificate.objective


def test_cancelled_before_any_bound_there_is_the_nearest_plan() -> None:
    problem = large_plane(required=0)

    def stop(event: Progress) -> None:
        if np.isfinite(event.objective):
            raise Cancelled

    answer = solve(problem, SolverSettings(threads=1), stop)
    assert answer.outcome is Outcome.CANCELLED
    assert answer.has_plan
    assert not verify(problem, answer)

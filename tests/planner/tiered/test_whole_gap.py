"""The gap is asked of the whole: where the sum of the streams is within it, all of them end."""

from __future__ import annotations

import numpy as np
import pytest

from planner.solution import Progress, SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.solve import _Run
from planner.solving.tiered.solve import solve_tiered as solve
from tests.planner.tiered.problems import tiny


def test_a_watch_that_ends_leaves_its_parts_no_time() -> None:
    watch = Watch(SolverSettings(time_limit_s=100.0))
    part, free = watch.part(50.0), Watch(SolverSettings())
    assert part.remaining_s > 40.0
    watch.end()
    assert watch.remaining_s == part.remaining_s == watch.part(10.0).remaining_s == 0.0
    assert free.remaining_s == np.inf


@pytest.mark.parametrize(
    ("objective", "bound", "planned", "ends"),
    [
        (100.0, 99.5, True, True),
        (-100.0, -100.5, True, True),
        (100.0, 98.5, True, False),
        (100.0, 99.5, False, False),
        (np.inf, -np.inf, False, False),
    ],
)
def test_streams_end_when_their_sum_will_do(objective, bound, planned, ends) -> None:
    problem = tiny(1)
    run = _Run(problem, SolverSettings(gap=0.01, time_limit_s=100.0), None)
    plans = solve(problem).streams
    watch = run._watches[0] = Watch(SolverSettings(time_limit_s=100.0))
    answer = run._answers[0]
    answer.reached, answer.bounds = [objective], [bound]
    answer.plans = plans if planned else None
    run._tell(0, Progress("turn", 1.0, float("nan"), float("nan")))
    assert (watch.remaining_s == 0.0) is ends

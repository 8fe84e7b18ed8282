from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import solve
from planner.solving.tiered.whatif import as_built, outage, regrets
from planner.tiered import checker, metrics
from tests.planner.tiered.problems import tiny


def uncertain():
    problem = tiny(3)
    stream = problem.streams[0]
    demand = stream.demand
    wider = replace(demand, low=demand.tonnes * 0.4, high=demand.tonnes * 1.5)
    return replace(problem, streams=(replace(stream, demand=wider),))


def test_tonnes_of_a_facility_that_is_down_go_elsewhere_or_are_named() -> None:
    problem = tiny(3, "at_least")
    plan = solve(problem)
    usual = metrics.loads(problem, plan.streams)
    result = outage(problem, plan.streams, 1, (("main", "low", 0),))
    assert not checker.verify(result.problem, result.solution)
    lost = sum(x.taken_in_t_per_yr for x in usual if x.facility == "a" and x.year == 2025)
    assert result.taken_over.get(("main", "low", "a"), 0.0) == pytest.approx(-lost)
    taken = result.taken_over.get(("main", "low", "b"), 0.0)
    assert taken + result.unserved_t_per_yr == pytest.approx(lost)


def test_surge_is_served_as_far_as_there_is_room() -> None:
    problem = tiny(3)
    plan = solve(problem)
    calm = outage(problem, plan.streams, 1)
    assert calm.unserved_t_per_yr == pytest.approx(0.0)
    assert outage(problem, plan.streams, 1, surge=4.0).unserved_t_per_yr > 0


def test_unknown_facility_is_refused() -> None:
    problem = tiny(3)
    with pytest.raises(ValueError, match="no such facility"):
        outage(problem, solve(problem).streams, 0, (("main", "low", 7),))


def test_regrets() -> None:
    problem = uncertain()
    result = regrets(problem)
    for column in range(3):
        assert result.regret[:, column].min() == pytest.approx(0.0)
    # The programme made for an estimate is never worse under it than another that serves all.
    for column in range(3):
        serving = np.isfinite(result.regret[:, column])
        if serving[column]:
            assert result.cost[column, column] <= result.cost[serving, column].min() + 1e-6
    assert result.holds_at_high[2]
    assert result.robust >= 0


def test_as_built_keeps_what_is_open() -> None:
    problem = tiny(3)
    plan = solve(problem)
    held = as_built(problem, plan.streams, 1)
    again = solve(held)
    for size, before in zip(again.streams[0].size, plan.streams[0].size, strict=True):
        np.testing.assert_array_equal(size[0], before[1])


def test_in_need_points_may_give_to_several() -> None:
    problem = tiny(3)
    plan = solve(problem)
    whole = outage(problem, plan.streams, 1, surge=1.6)
    divided = outage(problem, plan.streams, 1, surge=1.6, divided=True)
    assert not checker.verify(divided.problem, divided.solution)
    assert divided.unserved_t_per_yr <= whole.unserved_t_per_yr + 1e-6

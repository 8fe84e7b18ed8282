"""The checker notices every kind of broken plan; made by breaking good ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner import solve
from planner.tiered import Flow, StreamPlan, checker
from tests.planner.tiered.problems import tiny


def rules(problem, plans) -> set[str]:
    return {one.rule for one in checker.check_plan(problem, plans)}


@pytest.fixture(scope="module")
def good():
    problem = tiny(3, "at_least", "terminals", "shared")
    return problem, solve(problem).streams


def changed(plans, **parts):
    return (replace(plans[0], **parts), *plans[1:])


def test_a_good_plan_is_accepted(good) -> None:
    assert not rules(*good)


def test_closed_and_reopened(good) -> None:
    problem, plans = good
    size = plans[0].size[0].copy()
    size[1, 0] = -1
    assert {"closed_again", "quota", "closed"} <= rules(
        problem, changed(plans, size=(size, plans[0].size[1]))
    )


def test_flows_that_do_not_balance(good) -> None:
    problem, plans = good
    flow = plans[0].flows[1]
    more = replace(flow, tonnes=flow.tonnes * 1.01)
    assert "balance" in rules(
        problem, changed(plans, flows=(plans[0].flows[0], more, plans[0].flows[2]))
    )


def test_a_point_left_out(good) -> None:
    problem, plans = good
    flow = plans[0].flows[0]
    fewer = Flow(*(getattr(flow, name)[1:] for name in ("phase", "arc", "tonnes", "share")))
    found = rules(problem, changed(plans, flows=(fewer, *plans[0].flows[1:])))
    assert {"served", "coverage_target"} <= found


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"capacity_t_per_yr": np.full(4, 1.0)}, "capacity"),
        ({"least_throughput_t_per_yr": np.array([0, 13.0, 0, 13.0])}, None),
        ({"end_year": np.array([2024, 2024])}, "not_available"),
        ({"forbidden": np.array([True, True])}, "not_available"),
    ],
)
def test_facilities_that_do_not_allow_the_plan(good, change, rule) -> None:
    problem, plans = good
    stream = problem.streams[0]
    tier = replace(stream.tiers[0], facilities=replace(stream.tiers[0].facilities, **change))
    other = replace(
        problem,
        streams=(replace(stream, tiers=(tier, stream.tiers[1])), *problem.streams[1:]),
    )
    assert rule is None or rule in rules(other, plans)


def test_land_and_neighbours(good) -> None:
    problem, plans = good
    tight = replace(problem, places=replace(problem.places, land_available_m2=np.full(4, 1.0)))
    assert "land" in rules(tight, plans)
    budget = replace(problem, phases=replace(problem.phases, budget_cny=np.full(2, 1.0)))
    assert "budget" in rules(budget, plans)


def test_wrong_shapes_are_named_and_nothing_else(good) -> None:
    problem, plans = good
    assert rules(problem, plans[:1]) == {"shape"}
    bad = StreamPlan((plans[0].size[0][:1], plans[0].size[1]), plans[0].flows)
    assert rules(problem, (bad, *plans[1:])) == {"shape"}


def test_verify_refuses_false_claims() -> None:
    problem = tiny(3, "in_principle")
    solution = solve(problem)
    assert not checker.verify(problem, solution)
    assert solution.yielded
    hidden = replace(solution, yielded=())
    assert {one.rule for one in checker.verify(problem, hidden)} == {"yielded_list"}
    stage = replace(solution.stages[0], bound=solution.stages[0].objective + 5)
    assert "bound_side" in {
        one.rule for one in checker.verify(problem, replace(solution, stages=(stage,)))
    }

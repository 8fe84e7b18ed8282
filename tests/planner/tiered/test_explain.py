"""Rules that cannot be met are named with the smallest change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner import Outcome, solve
from planner.solving.tiered import solve as tiered_solve
from planner.tiered import FacilityQuota, checker
from tests.planner.tiered.problems import tiny

pytestmark = pytest.mark.pulp


def reasons(problem):
    solution = solve(problem)
    assert solution.outcome is Outcome.INFEASIBLE
    return {one.kind: one for one in solution.reasons}


def test_quota_beyond_the_candidates() -> None:
    problem = tiny(1)
    quota = FacilityQuota("three points", "main", "low", [0, 1], 3)
    found = reasons(replace(problem, quotas=(quota,)))["tiered_quota_clash"]
    assert found.subjects == ("three points",)
    assert found.values["amount"] == pytest.approx(1.0)
    assert found.values["proven"]


def test_missing_capacity_in_tonnes() -> None:
    problem = tiny(1)
    stream = problem.streams[0]
    part = stream.tiers[1].facilities
    small = replace(part, capacity_t_per_yr=[2.0, 2.0])
    tiers = (stream.tiers[0], replace(stream.tiers[1], facilities=small))
    found = reasons(replace(problem, streams=(replace(stream, tiers=tiers),)))
    total = stream.demand.tonnes.sum(axis=1)
    # Each facility's largest need over the phases is told once.
    assert found["tiered_missing_capacity"].values["amount"] == pytest.approx(
        total.max() - 4.0, rel=0.3
    )
    assert "tiered_least_unserved" in found


def test_budget_too_small() -> None:
    problem = tiny(1)
    phases = replace(problem.phases, budget_cny=[250.0, 1000.0])
    found = reasons(replace(problem, phases=phases))
    assert found["tiered_budget"].values["amount"] > 0


def test_two_rules_must_give_together() -> None:
    problem = tiny(1)
    quota = FacilityQuota("three points", "main", "low", [0, 1], 3)
    phases = replace(problem.phases, budget_cny=[50.0, 50.0])
    found = reasons(replace(problem, quotas=(quota,), phases=phases))
    assert {"tiered_quota_clash", "tiered_budget"} <= set(found)
    assert all(one.values["together"] for one in found.values())


def test_a_large_problem_is_told_by_counting_alone(monkeypatch) -> None:
    monkeypatch.setattr(tiered_solve, "LEAST_ARCS", 0)
    problem = tiny(1)
    part = replace(problem.streams[0].tiers[0].facilities, required=[True, True])
    tiers = (replace(problem.streams[0].tiers[0], facilities=part), problem.streams[0].tiers[1])
    streams = (replace(problem.streams[0], tiers=tiers),)
    quotas = (
        FacilityQuota("one point", "main", "low", [0, 1], 0, 1),
        FacilityQuota("three centres", "main", "up", [0, 1], 3, phases=(1,)),
    )
    found = reasons(replace(problem, streams=streams, quotas=quotas))
    assert list(found) == ["tiered_quota_clash"]
    told = found["tiered_quota_clash"].values
    assert told["by_subject"] == {"one point": 1.0, "three centres": 1.0}
    assert told["amount"] == 2.0


def test_streams_that_have_plans_keep_them_where_another_has_none() -> None:
    problem = tiny(5, "shared")
    apart = [
        replace(tier, facilities=replace(tier.facilities, place=None))
        for tier in problem.streams[1].tiers
    ]
    second = replace(problem.streams[1], tiers=tuple(apart))
    quota = FacilityQuota("three points", "main", "low", [0, 1], 3)
    problem = replace(problem, streams=(problem.streams[0], second), quotas=(quota,))
    found = solve(problem)
    assert found.outcome is Outcome.INFEASIBLE
    assert not found.has_plan
    none, one = found.group_of("main"), found.group_of("side")
    assert none.outcome is Outcome.INFEASIBLE
    assert not none.plans
    assert one.outcome is Outcome.OPTIMAL
    alone = replace(problem, streams=(second,), quotas=())
    assert not checker.check_plan(alone, one.plans)
    assert one.objective == pytest.approx(solve(alone).certificate.objective)
    assert [reason.subjects for reason in none.reasons] == [("three points",)]
    assert not one.reasons

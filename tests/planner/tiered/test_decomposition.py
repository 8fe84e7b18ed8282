"""The decomposition against the plain model: its bounds never pass an optimum, its plans keep all."""

from __future__ import annotations

import numpy as np
import pytest

from planner import Outcome, SolverSettings, solve
from planner.solving.tiered import decomposition
from planner.solving.tiered.groups import part_of
from planner.tiered import checker
from tests.planner.tiered.county import county
from tests.planner.tiered.problems import RULES, TWO_STREAMS, tiny

SUITED = [rule for rule in RULES if rule not in TWO_STREAMS | {"skip", "target", "one_way"}]


def compare(problem, monkeypatch) -> None:
    plain = solve(problem, SolverSettings(accelerate=False))
    monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    assert decomposition.suits(problem)
    ours = solve(problem, SolverSettings(time_limit_s=3.0))
    assert not checker.verify(problem, ours)
    if not plain.has_plan:
        assert not ours.has_plan
        return
    best = plain.certificate.objective
    slack = 1e-6 * max(1.0, abs(best))
    assert ours.certificate.bound <= best + slack
    if ours.has_plan:
        assert ours.certificate.objective >= plain.certificate.bound - slack


@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("rule", ["exactly", "loss", "seasons", "grows", "in_principle"])
def test_bound_is_on_the_right_side(rule, seed, monkeypatch) -> None:
    compare(tiny(seed, rule), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(13, 19))
@pytest.mark.parametrize("rule", SUITED)
def test_bound_is_on_the_right_side_under_every_rule(rule, seed, monkeypatch) -> None:
    compare(tiny(seed, rule, "exactly"), monkeypatch)


def small_county(seed: int, load: float):
    return part_of(county(2, seed=seed, villages=60, candidates=(20, 18, 3), load=load), [1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_small_county(seed, monkeypatch) -> None:
    problem = small_county(seed, 60 / 352)
    monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    assert not decomposition.lacks_room(problem)
    ours = solve(problem, SolverSettings(time_limit_s=20.0, gap=0.01))
    assert not checker.verify(problem, ours)
    plain = solve(problem, SolverSettings(time_limit_s=60.0, gap=1e-3, accelerate=False))
    assert ours.certificate.bound <= plain.certificate.objective * (1 + 1e-6)
    assert np.isfinite(ours.certificate.objective)


@pytest.mark.slow
def test_county_without_room_has_no_plan_and_why(monkeypatch) -> None:
    # Twenty points of 2,000 t cannot take 50,000 t: both ways prove it, and say what is missing.
    problem = small_county(2, 1.0)
    monkeypatch.setattr(decomposition, "LEAST_ARCS", 0)
    assert decomposition.lacks_room(problem)
    for accelerate in (True, False):
        solution = solve(problem, SolverSettings(time_limit_s=20.0, accelerate=accelerate))
        assert solution.outcome is Outcome.INFEASIBLE
        missing = {one.kind: one for one in solution.reasons}["tiered_missing_capacity"]
        assert missing.values["amount"] >= 57_500 - 40_000 - 1

"""The tiered model against trying everything, with each rule alone and in pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from planner import Outcome, solve
from planner.tiered import Goal, GoalKind, checker
from tests.planner.tiered.brute_force import best
from tests.planner.tiered.problems import RULES, TWO_STREAMS, tiny, with_goals

OTHER_GOALS = [
    GoalKind.SITES,
    GoalKind.COVERED_TONNES,
    GoalKind.COVERED_PEOPLE,
    GoalKind.MEAN_DISTANCE,
    GoalKind.WORST_DISTANCE,
]
NO_PROBLEM = {("divided", "contiguity"), ("divided", "zones")}
"""Contiguous areas are of whole points; the problem itself says so."""
PAIRS = [pair for pair in combinations(RULES, 2) if pair not in NO_PROBLEM]


def agrees(problem, kind=GoalKind.COST) -> None:
    solution = solve(problem)
    wanted = best(problem, kind)
    broken = checker.verify(problem, solution)
    assert not broken, list(map(str, broken))
    if wanted is None:
        assert solution.outcome is Outcome.INFEASIBLE
        assert solution.reasons
    else:
        assert solution.outcome is Outcome.OPTIMAL
        assert solution.certificate.objective == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.pulp
@pytest.mark.parametrize("rule", [None, *RULES])
def test_each_rule_alone(rule) -> None:
    agrees(tiny(1, *([rule] if rule else [])))


@pytest.mark.parametrize("kind", OTHER_GOALS)
@pytest.mark.parametrize("rule", [pytest.param("target", marks=pytest.mark.slow), "at_least"])
def test_each_goal(kind, rule) -> None:
    agrees(with_goals(tiny(2, rule), Goal.of(kind)), kind)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_rules_in_pairs(pair, seed) -> None:
    agrees(tiny(seed, *pair))


def test_some_rules_in_pairs_every_time() -> None:
    pairs = [pair for pair in PAIRS if not TWO_STREAMS & set(pair)]
    picked = np.random.default_rng(0).choice(len(pairs), 4, replace=False)
    for number in picked:
        agrees(tiny(5, *pairs[number]))

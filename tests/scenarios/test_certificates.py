"""What may be added up over tiers, and what may not."""

from __future__ import annotations

import pytest

from planner.solution import Certificate, Outcome
from scenarios.certificates import overall, weakest


def certificate(objective: float, bound: float, outcome: Outcome, sense: str = "min"):
    return Certificate(
        outcome=outcome, sense=sense, objective=objective, bound=bound, seconds=1.0, method="m",
        solver="s", solver_version="1", problem_hash="h", checked=True,
    )  # fmt: skip


PROVEN = certificate(100, 100, Outcome.OPTIMAL)
CLOSE = certificate(200, 190, Outcome.FEASIBLE)


def test_one_tier_is_its_own_certificate():
    assert overall([CLOSE], independent=False) is CLOSE


def test_tiers_side_by_side_add_up():
    both = overall([PROVEN, CLOSE], independent=True)
    assert (both.objective, both.bound, both.seconds) == (300, 290, 2)
    assert both.outcome is Outcome.FEASIBLE


def test_a_tier_on_top_of_another_does_not():
    both = overall([PROVEN, CLOSE], independent=False)
    assert (both.objective, both.bound) == (200, 190)
    assert both.gap == CLOSE.gap
    assert both.outcome is Outcome.FEASIBLE


def test_senses_that_differ_are_not_added():
    other = certificate(50, 60, Outcome.FEASIBLE, "max")
    assert overall([PROVEN, other], independent=True).objective == 50


def test_the_weakest_outcome_speaks_for_all():
    assert weakest([Outcome.OPTIMAL, Outcome.INFEASIBLE]) is Outcome.INFEASIBLE
    assert weakest([Outcome.FEASIBLE, Outcome.CANCELLED]) is Outcome.CANCELLED
    with pytest.raises(ValueError, match="without any tier"):
        overall([], independent=True)

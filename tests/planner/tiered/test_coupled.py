"""Streams that share places, solved apart: bounds and plans against the plain model."""

from __future__ import annotations

import pytest

from planner import SolverSettings, solve
from planner.solving.tiered import coupled
from planner.tiered import checker
from tests.planner.tiered.problems import TWO_STREAMS, tiny


@pytest.mark.parametrize("seed", [21, 22])
@pytest.mark.parametrize("rule", sorted(TWO_STREAMS))
def test_bound_and_plan(rule, seed, monkeypatch) -> None:
    problem = tiny(seed, rule, "expandable")
    plain = solve(problem, SolverSettings(accelerate=False))
    monkeypatch.setattr(coupled, "LEAST_ARCS", 0)
    assert coupled.suits(problem)
    ours = solve(problem)
    assert not checker.verify(problem, ours)
    assert ours.has_plan == plain.has_plan
    if plain.has_plan:
        best = plain.certificate.objective
        assert ours.certificate.bound <= best + 1e-6 * max(1.0, abs(best))
        assert ours.certificate.objective >= best - 1e-6 * max(1.0, abs(best))

"""The turns of tree and search follow the work that is done, not the clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner import SitingProblem, SolverSettings
from planner.solving.capacitated import whole, whole_search
from planner.solving.capacitated.whole import WholeRun
from planner.solving.method import Watch
from tests.planner.solving.test_child import hard_problem


class HurriedWatch(Watch):
    """A clock that runs a hundred times as fast: a machine that many others wait for."""

    @property
    def seconds(self) -> float:
        return 100.0 * super().seconds


def tight_problem() -> SitingProblem:
    """Little more room than is needed, so that the tree has several turns."""
    problem = hard_problem(80, 16)
    scale = 1.15 * problem.demand.weight.sum() / problem.sites.capacity.sum()
    sites = replace(problem.sites, capacity=scale * problem.sites.capacity)
    return replace(problem, sites=sites)


@pytest.mark.parametrize("tree_work", [20_000, pytest.param(0, marks=pytest.mark.slow)])
def test_the_same_search_on_a_slow_machine_and_a_quick_one(tree_work, monkeypatch) -> None:
    """With the long search soon and late; the limit is far off for both."""
    monkeypatch.setattr(whole, "TREE_WORK", tree_work)
    monkeypatch.setattr(whole, "MODEL_PAIRS", 0)
    # Small models of HiGHS have seconds of their own, which a slow machine may spend.
    monkeypatch.setattr(whole, "REGIONS", ())
    monkeypatch.setattr(whole, "WIDER", ())
    monkeypatch.setattr(whole, "PACKED", 0)
    monkeypatch.setattr(whole, "MODEL_TURN", whole.TURNS)
    monkeypatch.setattr(whole, "FIRST_NODES", 8)
    monkeypatch.setattr(whole_search, "DEALT_POINTS", 200_000)
    monkeypatch.setattr(whole_search, "FIRST_ROUNDS", 1_000)
    problem, found = tight_problem(), []
    settings = SolverSettings(threads=2, gap=1e-6, time_limit_s=1e6)
    for watch in (Watch(settings), HurriedWatch(settings)):
        run = WholeRun(problem, settings, watch)
        found.append((run.solve(), run))
    (one, first), (other, second) = found
    assert one.objective == other.objective
    assert one.bound == other.bound
    assert (one.size == other.size).all()
    assert (one.site == other.site).all()
    assert dict(one.reduced) == dict(other.reduced)
    assert set(first.stages) == set(second.stages)

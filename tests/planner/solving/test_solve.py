"""The public call: what it promises whatever the method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import planner
from planner import Arcs, Demand, Objective, Outcome, Sites, SitingProblem, SolverSettings, presets
from planner.solving import methods
from planner.solving.judging import InternalError
from planner.solving.method import Found
from planner.solving.pulp_solver import PulpMethod

PLAIN = SolverSettings(accelerate=False)


def scattered(n: int = 30, m: int = 8, p: int = 3) -> SitingProblem:
    rng = np.random.default_rng(1)
    return presets.p_median(rng.uniform(1, 9, (n, m)), rng.uniform(1, 5, n), p=p)


def test_certificate_says_what_was_done() -> None:
    problem, heard = scattered(), []
    solution = planner.solve(problem, PLAIN, heard.append)
    got = solution.certificate
    assert got.outcome is Outcome.OPTIMAL
    assert got.method == "pulp"
    assert got.checked
    assert got.sense == "min"
    assert got.bound <= got.objective
    assert got.gap <= planner.solution.PROVEN_GAP
    assert got.problem_hash == problem.fingerprint()
    assert "HiGHS" in got.solver
    assert got.solver_version
    assert set(got.stage_seconds) == {"build", "solve"}
    assert {event.phase for event in heard} >= {"build", "solve"}


def test_a_wide_gap_is_feasible_not_optimal() -> None:
    solution = planner.solve(scattered(60, 25, 7), SolverSettings(accelerate=False, gap=0.5))
    assert solution.certificate.gap <= 0.5
    proven = solution.certificate.gap <= planner.solution.PROVEN_GAP
    assert solution.outcome is (Outcome.OPTIMAL if proven else Outcome.FEASIBLE)


def test_the_same_problem_gives_the_same_plan() -> None:
    one, other = planner.solve(scattered(), PLAIN), planner.solve(scattered(), PLAIN)
    assert one.size.tolist() == other.size.tolist()
    assert one.site.tolist() == other.site.tolist()


def test_nothing_to_serve_and_nowhere_to_serve_from() -> None:
    nobody = presets.p_median(np.zeros((0, 3)), p=2)
    assert planner.solve(nobody, PLAIN).outcome is Outcome.OPTIMAL
    nowhere = presets.p_median(np.zeros((3, 0)))
    solution = planner.solve(nowhere, PLAIN)
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.unserved.tolist() == [0, 1, 2]
    assert planner.solve(replace(nowhere, site_count=(1, 1)), PLAIN).outcome is Outcome.INFEASIBLE


@pytest.mark.parametrize("objective", list(Objective))
def test_nobody_can_be_reached(objective) -> None:
    problem = replace(presets.p_median(np.full((2, 2), np.inf), p=1), objective=objective)
    solution = planner.solve(problem)
    assert solution.unserved.tolist() == [0, 1]
    assert solution.outcome is Outcome.OPTIMAL
    assert planner.verify(problem, solution) == []


def test_an_earlier_plan_is_a_start() -> None:
    problem = scattered()
    first = planner.solve(problem, PLAIN)
    again = planner.solve(problem, PLAIN, start=first)
    assert again.certificate.objective == pytest.approx(first.certificate.objective)
    other = replace(problem, site_count=(2, 2))  # the start breaks this rule and is ignored
    assert planner.solve(other, PLAIN, start=first).outcome is Outcome.OPTIMAL


def test_a_start_survives_an_immediate_cancel() -> None:
    def listen(_event) -> None:
        raise planner.Cancelled

    problem = scattered()
    first = planner.solve(problem, PLAIN)
    stopped = planner.solve(problem, PLAIN, listen, start=first)
    assert stopped.outcome is Outcome.CANCELLED
    assert stopped.certificate.objective == pytest.approx(first.certificate.objective)


def test_no_time_at_all_is_no_answer() -> None:
    settings = SolverSettings(accelerate=False, time_limit_s=0.0)
    solution = planner.solve(scattered(200, 50, 10), settings)
    assert solution.outcome in (Outcome.NO_ANSWER, Outcome.FEASIBLE)
    assert solution.outcome is not Outcome.OPTIMAL


class _Wrong(PulpMethod):
    """A method with a fault."""

    def run(self, problem, settings, watch) -> Found:
        found = super().run(problem, settings, watch)
        return replace(found, **self.fault)


@pytest.mark.parametrize(
    "fault",
    [
        {"share": np.full(30, 0.5)},
        {"size": np.full(8, -1)},
        {"bound": 1e9},
    ],
)
def test_a_faulty_method_is_an_internal_error(monkeypatch, fault) -> None:
    monkeypatch.setattr(methods, "PulpMethod", type("Faulty", (_Wrong,), {"fault": fault}))
    with pytest.raises(InternalError):
        planner.solve(scattered(), PLAIN)


class _Empty(PulpMethod):
    """A method that applies and comes to nothing."""

    def run(self, problem, settings, watch) -> Found:
        return Found.nothing("empty", bound=-np.inf)


def test_a_method_that_comes_to_nothing_hands_over(monkeypatch) -> None:
    monkeypatch.setattr(methods, "ACCELERATED", (f"{__name__}:_Empty",))
    assert planner.solve(scattered()).certificate.method == "pulp"


def test_every_registered_method_can_be_loaded() -> None:
    for place in methods.ACCELERATED:
        module, name = place.split(":")
        method = getattr(__import__(module, fromlist=[name]), name)()
        assert method.name
        assert method.applies(scattered()) in (True, False)


def test_stored_zero_is_an_arc_of_length_zero() -> None:
    arcs = Arcs([0, 1], [0], [0.0], [0.0])
    problem = SitingProblem(Objective.MIN_COST, Demand(("v",), [3.0]), Sites.simple(["s"]), arcs)
    solution = planner.solve(problem)
    assert solution.certificate.objective == 0
    assert solution.outcome is Outcome.OPTIMAL
    assert len(solution.unserved) == 0

"""The solver's own process: it can be ended, it ends with its parent, its findings survive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from planner import Cancelled, Outcome, Sites, SolverSettings, presets, solve, verify
from planner.solving import child, highs, pulp_solver
from planner.solving.highs import HighsOptions, LinearProgram
from tests.interrupts import hears_interrupts

pytestmark = pytest.mark.pulp

ROOT = Path(__file__).resolve().parents[3]


def hard_problem(n: int = 240, m: int = 60):
    """Single source with tight capacities: far beyond a minute for the plain model."""
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0, 1000, (n, 2)), rng.uniform(0, 1000, (m, 2))
    weight, capacity = rng.uniform(5, 35, n), rng.uniform(10, 160, m)
    capacity *= 3 * weight.sum() / capacity.sum()
    fixed = rng.uniform(0, 90, m) + rng.uniform(100, 110, m) * np.sqrt(capacity)
    return presets.capacitated_location(
        np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1)),
        weight,
        sites=Sites.simple([f"s{j}" for j in range(m)], capacity=capacity, fixed_cost=fixed),
        single_source=True,
    )


def knapsack() -> LinearProgram:
    rng = np.random.default_rng(0)
    size = rng.integers(10, 100, 30).astype(float)
    return LinearProgram(
        cost=size + rng.integers(0, 5, 30),
        lower=np.zeros(30),
        upper=np.ones(30),
        integer=np.ones(30, bool),
        row_start=np.array([0, 30]),
        row_index=np.arange(30),
        row_value=size,
        row_lower=np.array([-np.inf]),
        row_upper=np.array([700.0]),
        maximise=True,
    )


def children() -> list[psutil.Process]:
    alive = [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in alive if "planner.solving.child" in p.cmdline()]


def test_a_child_answers_as_this_process_does() -> None:
    heard = []
    here = highs.run(knapsack(), HighsOptions())
    there = child.run(knapsack(), HighsOptions(threads=1), on_news=heard.append)
    assert there.objective == pytest.approx(here.objective)
    assert there.bound == pytest.approx(here.bound)
    assert not children()


def test_time_limit_holds_and_says_feasible_not_optimal(monkeypatch) -> None:
    monkeypatch.setattr(pulp_solver, "SMALL_NONZEROS", 0)
    problem = hard_problem(500, 60)
    began = time.perf_counter()
    solution = solve(problem, SolverSettings(time_limit_s=4, accelerate=False))
    assert time.perf_counter() - began < 4 + 2  # a second, and one for a busy machine
    assert solution.outcome in (Outcome.FEASIBLE, Outcome.NO_ANSWER)
    assert verify(problem, solution) == []
    assert not children()


@pytest.mark.parametrize("small", [0, 10**9])
def test_cancel_keeps_the_best_plan_and_its_gap(monkeypatch, small) -> None:
    """In a child (small = 0) and in this process; after the first incumbent."""
    monkeypatch.setattr(pulp_solver, "SMALL_NONZEROS", small)
    problem, asked = hard_problem(160, 40), []

    def listen(event) -> None:
        if np.isfinite(event.objective) or event.seconds > 30:
            asked.append(time.perf_counter())
            raise Cancelled

    solution = solve(problem, SolverSettings(accelerate=False), listen)
    assert time.perf_counter() - asked[0] < 3
    assert solution.outcome is Outcome.CANCELLED
    assert solution.has_plan
    assert verify(problem, solution) == []
    assert not children()


def test_cancel_before_any_incumbent_is_no_plan() -> None:
    def listen(event) -> None:
        raise Cancelled

    solution = solve(hard_problem(), SolverSettings(accelerate=False), listen)
    assert solution.outcome is Outcome.CANCELLED
    assert not solution.has_plan
    assert verify(hard_problem(), solution) == []


def test_a_child_that_is_killed_is_a_clear_error() -> None:
    def kill_it(_news) -> None:
        for one in children():
            one.kill()

    with pytest.raises(child.ChildDiedError, match="gave no answer"):
        child.run(
            pulp_solver.models.build(hard_problem()).linear.arrays(),
            HighsOptions(),
            on_news=kill_it,
        )


def test_listeners_error_comes_through_and_ends_the_child() -> None:
    def fail(_news) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        child.run(knapsack(), HighsOptions(), on_news=fail)
    assert not children()


SCRIPT = """
import sys; sys.path.insert(0, {root!r})
from planner import SolverSettings, solve
from planner.solving import pulp_solver
from tests.planner.solving.test_child import hard_problem
pulp_solver.SMALL_NONZEROS = {small}
def listen(event):
    print(event.phase, event.objective, flush=True)
print(solve(hard_problem(), SolverSettings(accelerate=False), listen).outcome, flush=True)
"""


def started(small: int) -> subprocess.Popen[str]:
    script = SCRIPT.format(root=str(ROOT), small=small)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - sets a signal, no more
    )


def wait_for(parent: subprocess.Popen[str], word: str) -> None:
    for line in parent.stdout:
        if line.startswith(word):
            return
    pytest.fail(f"never said {word}")


def test_the_child_ends_when_its_parent_is_killed() -> None:
    parent = started(0)
    wait_for(parent, "solve")
    orphans = psutil.Process(parent.pid).children()
    assert orphans
    parent.kill()
    parent.wait()
    gone, alive = psutil.wait_procs(orphans, timeout=10)
    assert gone
    assert not alive


@pytest.mark.parametrize("small", [0, 10**9])
def test_ctrl_c_gives_the_best_plan_so_far(small) -> None:
    parent = started(small)
    wait_for(parent, "solve")
    os.kill(parent.pid, signal.SIGINT)
    out, _ = parent.communicate(timeout=20)
    assert out.splitlines()[-1] == "cancelled"
    assert parent.returncode == 0

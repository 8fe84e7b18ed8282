"""Memory: what there is, what a solve may take of it, and what is said where that is too little."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest

import planner
from planner import Outcome, SolverSettings, models, presets, verify
from planner.solving import child, highs, memory, methods, open_nodes, pulp_solver
from planner.solving.capacitated.location import CapacitatedLocation
from planner.solving.highs import HighsOptions
from planner.solving.memory import NotEnoughMemoryError
from planner.solving.method import Watch
from tests.planner.solving.test_child import hard_problem, knapsack

MEMINFO = "MemTotal:       8000000 kB\nMemAvailable:   4096000 kB\n"


@pytest.fixture
def machine(tmp_path):
    """A made-up machine with 4,000 MiB free, and the folder of its control group."""
    (tmp_path / "meminfo").write_text(MEMINFO)
    return tmp_path / "meminfo", tmp_path


def test_what_is_free_is_what_the_machine_has(machine) -> None:
    assert memory.free_mib(*machine) == 4000


@pytest.mark.parametrize(
    ("limit", "expected"), [(str(1500 * 2**20), 1000), ("max", 4000), (str(100 * 2**20), 0)]
)
def test_or_less_where_the_control_group_may_take_less(machine, limit, expected) -> None:
    (machine[1] / "memory.max").write_text(limit + "\n")
    (machine[1] / "memory.current").write_text(f"{500 * 2**20}\n")
    assert memory.free_mib(*machine) == expected


def test_nobody_knows_where_the_system_does_not_say(tmp_path) -> None:
    assert memory.free_mib(tmp_path / "none", tmp_path) == np.inf


def test_the_limit_is_as_asked_or_a_share_of_what_is_free(monkeypatch) -> None:
    monkeypatch.setattr(memory, "free_mib", lambda: 1000.0)
    assert memory.allowed_mib(SolverSettings()) == memory.SHARE * 1000
    assert memory.allowed_mib(SolverSettings(memory_mib=70)) == 70


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="memory_mib is 0; give MiB from 1 up"):
        SolverSettings(memory_mib=0)


def sparse_problem():
    """Two neighbours for each of many points: few arcs of very many pairs."""
    n, m = 1_200, 300
    impedance = np.full((n, m), np.inf)
    point = np.arange(n)
    impedance[point, point % m] = 1.0
    impedance[point, (point + 1) % m] = 2.0
    sites = planner.Sites.simple(
        [f"s{j}" for j in range(m)], capacity=np.full(m, 8.0), fixed_cost=np.ones(m)
    )
    return presets.capacitated_location(impedance, np.ones(n), sites=sites, single_source=False)


def test_what_holds_every_pair_is_passed_over_for_what_holds_arcs() -> None:
    problem = sparse_problem()
    names = [
        [one.name for one in methods.applicable(problem, SolverSettings(memory_mib=mib))]
        for mib in (10, 1000)
    ]
    assert names == [["pulp"], [CapacitatedLocation.name, "pulp"]]
    solution = planner.solve(problem, SolverSettings(memory_mib=10, gap=0.05))
    assert solution.certificate.method == "pulp"
    assert verify(problem, solution) == []


def test_a_problem_that_fits_nowhere_is_refused_before_the_work() -> None:
    with pytest.raises(NotEnoughMemoryError, match=r"300 sites need about 2 MiB .* memory_mib"):
        planner.solve(sparse_problem(), SolverSettings(memory_mib=1))


@pytest.mark.pulp
def test_a_solver_that_meets_the_limit_ends_as_out_of_memory() -> None:
    program = models.build(hard_problem(600, 200)).linear.arrays()
    with pytest.raises(child.ChildDiedError) as died:
        child.run(program, HighsOptions(memory_mib=1), on_news=lambda _: None)
    assert died.value.out_of_memory


@pytest.mark.pulp
def test_without_a_plan_that_is_a_clear_error_and_with_one_an_answer(monkeypatch) -> None:
    def refused(*_given, **_named):
        raise child.ChildDiedError(child.OUT_OF_MEMORY)

    settings = SolverSettings(accelerate=False, memory_mib=200)
    problem = hard_problem(60, 12)
    earlier = planner.solve(problem, SolverSettings(gap=0.05))
    monkeypatch.setattr(child, "run", refused)
    monkeypatch.setattr(pulp_solver, "SMALL_NONZEROS", 0)
    with pytest.raises(NotEnoughMemoryError, match="used up the 200 MiB"):
        planner.solve(problem, settings)
    answer = planner.solve(problem, settings, start=earlier)
    assert answer.outcome is Outcome.FEASIBLE
    assert verify(problem, answer) == []


@pytest.mark.pulp
def test_a_limit_that_is_enough_changes_nothing() -> None:
    free = highs.run(knapsack(), HighsOptions())
    held = child.run(knapsack(), HighsOptions(threads=1, memory_mib=500), on_news=lambda _: None)
    assert held.objective == pytest.approx(free.objective)


def test_open_nodes_are_taken_by_bound_until_they_fill_their_memory() -> None:
    heap = [(bound, serial) for serial, bound in enumerate((3, 1, 2, 5, 4))]
    heapq.heapify(heap)
    taken = [open_nodes.next_node(heap, 4, lambda node: node[1]) for _ in range(5)]
    # Five and four open: the youngest; then by bound.
    assert taken == [(4, 4), (5, 3), (1, 1), (2, 2), (3, 0)]


def test_fewer_nodes_are_open_where_memory_is_short() -> None:
    assert open_nodes.most_open(2**20, 4000.0) == 2000
    assert open_nodes.most_open(2**20, -50.0) == open_nodes.LEAST
    assert open_nodes.most_open(8, np.inf) == open_nodes.MOST


@pytest.mark.parametrize("single", [True, False])
def test_a_tree_without_room_for_nodes_proves_the_same(single, monkeypatch) -> None:
    problem = replace(hard_problem(70, 14), single_source=single)
    proven = planner.solve(problem, SolverSettings(threads=1, gap=1e-3)).certificate
    monkeypatch.setattr(open_nodes, "most_open", lambda *_: 3)
    monkeypatch.setattr("planner.solving.capacitated.whole.MODEL_PAIRS", 0)
    settings = SolverSettings(threads=1, gap=1e-3, time_limit_s=60)
    tight = CapacitatedLocation().run(problem, settings, Watch(settings))
    assert tight.bound <= proven.objective * (1 + 1e-9)
    assert tight.objective >= proven.bound * (1 - 1e-9)
    assert tight.objective - tight.bound <= 1.01e-3 * tight.objective

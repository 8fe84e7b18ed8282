"""Questions answered here and by children: the same answers, and stops that keep the best plan."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from planner import SolverSettings, verify
from planner.presets import capacitated_location, set_cover
from planner.problem import Sites
from planner.solution import Cancelled, Outcome
from scenarios import solvers as module
from scenarios.solvers import Children, Here, Question, solvers

SETTINGS = SolverSettings(time_limit_s=20.0, gap=0.0)


def unheard(_question, _event) -> None:
    """Hear nothing."""


def cover(stream: str, seed: int = 0) -> Question:
    draw = np.random.default_rng(seed)
    points, sites = draw.random((30, 2)), draw.random((12, 2))
    distance = np.hypot(*(points[:, None] - sites[None]).transpose(2, 0, 1))
    return Question(stream, "point", set_cover(distance, radius=0.7), SETTINGS)


def long_question(stream: str) -> Question:
    """Single-source location that no computer proves in the time of a test."""
    draw = np.random.default_rng(5)
    points, places = draw.random((300, 2)), draw.random((60, 2))
    distance = np.hypot(*(points[:, None] - places[None]).transpose(2, 0, 1))
    weight = draw.integers(5, 60, 300).astype(float)
    sites = Sites.simple(
        [f"s{j}" for j in range(60)],
        capacity=np.full(60, weight.sum() / 11.3),
        fixed_cost=draw.uniform(80, 120, 60),
    )
    problem = capacitated_location(distance, weight, sites=sites, single_source=True)
    return Question(stream, "station", problem, SolverSettings(time_limit_s=300.0, gap=0.0))


def all_answers(asked: module.Solvers, count: int) -> dict[str, module.Answer]:
    found: dict[str, module.Answer] = {}
    while len(found) < count:
        for question, solution in asked.answers(block=True):
            found[question.stream] = (question, solution)
    return found


@pytest.fixture
def children(monkeypatch):
    """Two at most, the second as soon as a question waits."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    made = Children(2, unheard)
    yield made
    made.end()


def test_children_answer_as_this_process_does(children):
    questions = [cover(f"s{k}", k) for k in range(4)]
    here = Here(unheard)
    for question in questions:
        here.submit(question)
        children.submit(question)
    apart, alone = all_answers(children, 4), all_answers(here, 4)
    for name, (question, solution) in apart.items():
        assert solution is not None
        assert verify(question.problem, solution) == []
        assert solution.certificate.objective == alone[name][1].certificate.objective
        assert np.array_equal(solution.size, alone[name][1].size)
    assert children.answers(block=False) == []
    assert children.answers(block=True) == []


def test_practice_is_silent_even_where_it_fails(children):
    children.practise(cover("a").problem)
    children.practise("no problem")  # type: ignore[arg-type]
    children.submit(cover("a"))
    assert list(all_answers(children, 1)) == ["a"]


def test_progress_names_its_question_and_what_it_raises_comes_out(children):
    heard = []

    def hear(question, event) -> None:
        heard.append((question.stream, event.phase))
        raise Cancelled

    children.hear = hear
    children.submit(cover("a"))
    with pytest.raises(Cancelled):
        all_answers(children, 1)
    assert heard[0][0] == "a"


def test_stopping_hands_in_the_best_plans_and_begins_nothing_more(children):
    found = []

    def hear(question, event) -> None:
        if np.isfinite(event.objective):
            found.append(question.stream)
            raise Cancelled

    children.hear = hear
    questions = [long_question("a"), long_question("b"), long_question("waits")]
    for question in questions:
        children.submit(question)
    with pytest.raises(Cancelled):
        all_answers(children, 1)
    children.stop()
    answers = all_answers(children, 3)
    assert answers["waits"][1] is None
    solution = answers[found[0]][1]
    assert solution.outcome is Outcome.CANCELLED
    assert solution.has_plan
    assert verify(answers[found[0]][0].problem, solution) == []


def test_what_a_dead_child_had_is_solved_here(children):
    children.submit(cover("a"))
    for child in list(children._children):
        os.kill(child.running.process.pid, signal.SIGKILL)
    assert all_answers(children, 1)["a"][1].has_plan
    children.submit(cover("b"))
    assert all_answers(children, 1)["b"][1].has_plan


def test_children_without_more_to_do_are_ended(children):
    children.submit(long_question("a"))
    children.submit(cover("b"))
    assert all_answers(children, 1)["b"][1].has_plan
    assert not children.keep(2)
    assert children.keep(1)
    (left,) = children._children
    assert left.at_work is not None
    children.stop()
    assert all_answers(children, 1)["a"][0].stream == "a"


def test_errors_of_a_solve_are_raised_here(children):
    broken = cover("a")
    children.submit(Question("a", "point", "no problem", broken.settings))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        children.answers(block=True)


@pytest.mark.parametrize(
    ("points", "streams", "threads"), [(10, 5, None), (10_000, 1, None), (10_000, 5, 1)]
)
def test_small_runs_start_no_children(points, streams, threads):
    with solvers(points, streams, threads, unheard) as found:
        assert isinstance(found, Here)


def test_a_core_is_left_to_this_process_until_a_question_waits_too_long(monkeypatch):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    with solvers(10_000, 2, 2, unheard) as found:
        assert isinstance(found, Children)
        assert len(found._children) == 1
        found.submit(long_question("a"))
        found.submit(cover("b"))
        assert all_answers(found, 1)["b"][1].has_plan
        processes = [child.running.process for child in found._children]
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)


def test_nothing_is_begun_here_once_stopped():
    here = Here(unheard)
    question = cover("a")
    here.submit(question)
    here.stop()
    assert here.answers(block=True) == [(question, None)]
    assert here.answers(block=True) == []

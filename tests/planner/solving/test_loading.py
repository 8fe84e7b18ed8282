from __future__ import annotations

import numpy as np
import pytest

from planner import Objective, presets, solve
from planner.solution import SolverSettings
from planner.solving import loading, methods
from planner.solving.method import Watch


def problems():
    draw = np.random.default_rng(1)
    distance = draw.uniform(0, 900, (12, 5))
    weight = draw.integers(1, 9, 12).astype(float)
    yield presets.p_median(distance, weight, p=2)
    yield presets.p_centre(distance, weight, p=2)
    yield presets.set_cover(distance, radius=600.0, weight=weight)
    yield presets.maximal_cover(distance, weight, radius=300.0, p=2)


@pytest.mark.parametrize("problem", list(problems()), ids=lambda one: str(one.objective))
def test_the_clock_does_not_count_loading(problem, monkeypatch):
    monkeypatch.setattr(loading, "_loaded", set())
    settings = SolverSettings(time_limit_s=30)
    heard = []
    watch = Watch(settings, heard.append)
    method = next(iter(methods.applicable(problem, settings)))
    loading.load(method, problem, settings, watch)
    assert [event.phase for event in heard] == ["load"]
    assert watch.seconds < 1.0
    loading.load(method, problem, settings, watch)
    assert len(heard) == 1


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize("single_source", [False, True])
def test_the_tiny_problem_has_an_answer(objective, single_source):
    problem = next(one for one in problems())
    kind = loading.tiny_problem(
        problem.__class__(
            objective=objective,
            demand=problem.demand,
            sites=problem.sites,
            arcs=problem.arcs,
            single_source=single_source,
        )
    )
    assert solve(kind, SolverSettings(accelerate=False)).has_plan

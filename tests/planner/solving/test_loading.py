from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from planner import Objective, Sites, presets, solve
from planner.solution import Cancelled, SolverSettings
from planner.solving import capacitated, loading, methods
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
    told = len(heard)
    assert {event.phase for event in heard} == {"load"}
    assert watch.seconds < 1.0
    loading.load(method, problem, settings, watch)
    assert len(heard) == told


def test_loading_can_be_stopped_on_its_way_and_begun_again(monkeypatch):
    monkeypatch.setattr(loading, "_loaded", set())
    problem, settings, heard = next(iter(problems())), SolverSettings(), []

    def stop(event):
        heard.append(event)
        if len(heard) > 1:  # the first comes before there is anything to stop
            raise Cancelled

    method = next(iter(methods.applicable(problem, settings)))
    with pytest.raises(Cancelled):
        loading.load(method, problem, settings, Watch(settings, stop))
    assert not loading._loaded  # a half is not ready
    loading.load(method, problem, settings, Watch(settings))
    assert loading._loaded


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


def kernels():
    """Every compiled kernel of capacitated location, and for what types it has been compiled."""
    found = {}
    for one in pkgutil.iter_modules(capacitated.__path__):
        module = importlib.import_module(f"{capacitated.__name__}.{one.name}")
        for name, value in vars(module).items():
            if isinstance(value, Dispatcher):
                found[module.__name__, name] = len(value.signatures)
    return found


@pytest.mark.parametrize("single_source", [False, True])
def test_no_kernel_is_left_to_compile_on_the_clock(single_source, monkeypatch):
    monkeypatch.setattr(loading, "_loaded", set())
    draw = np.random.default_rng(3)
    weight = draw.integers(1, 9, 60).astype(float)
    problem = presets.capacitated_location(
        np.hypot(*(draw.random((60, 1, 2)) - draw.random((1, 20, 2))).transpose(2, 0, 1)) * 100,
        weight,
        sites=Sites.simple(
            [f"j{j}" for j in range(20)],
            capacity=np.full(20, weight.sum() / 5),
            fixed_cost=draw.uniform(900, 1500, 20),
        ),
        single_source=single_source,
    )
    settings = SolverSettings(gap=0.001)
    method = next(iter(methods.applicable(problem, settings)))
    loading.load(method, problem, settings, Watch(settings))
    before = kernels()
    assert solve(problem, settings).has_plan
    assert kernels() == before

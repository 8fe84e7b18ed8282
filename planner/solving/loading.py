"""Kernels are compiled (once an installation) and loaded (once a process) off the clock.

A time limit is the user's: it must not be eaten by a compiler, and a first run must not find worse
plans than a second. So before a method's first problem it solves a tiny one of the same kind, and
the time that takes is given back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from planner.problem import Arcs, Demand, Objective, Sites, SitingProblem
from planner.solution import SolverSettings
from planner.solving import methods
from planner.solving.method import Method, Watch
from planner.solving.pulp_solver import PulpMethod

POINTS, PLACES = 16, 6
_loaded: set[tuple[str, Objective, bool, bool]] = set()


def load(method: Method, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
    """Have the method's kernels ready; the watch does not count the time."""
    kind = (method.name, problem.objective, problem.single_source, problem.sites.capacitated)
    if kind in _loaded or isinstance(method, PulpMethod):  # the plain model compiles nothing
        return
    began_s = time.perf_counter()
    watch.report("load")
    limits = SolverSettings(threads=settings.threads)
    for tiny in _tiny_problems(problem):
        # Methods that leave small capacitated problems to others are still made ready by one.
        if method.applies(tiny) or tiny.sites.capacitated:
            # Whoever listens can stop this too.
            method.run(tiny, limits, Watch(limits, lambda _: watch.report("load")))
    _loaded.add(kind)
    watch.forgive(time.perf_counter() - began_s)


def practise(problem: SitingProblem) -> None:
    """Have ready what problems of this kind and size need, before there is one."""
    settings = SolverSettings()
    for method in methods.applicable(problem, settings):
        load(method, problem, settings, Watch(settings))


def _tiny_problems(problem: SitingProblem) -> Iterator[SitingProblem]:
    """One of the same kind; where points may not be divided, the divided one as well.

    A large single-source problem is first solved divided, which a tiny one has no need of.
    """
    tiny = tiny_problem(problem)
    yield tiny
    if tiny.sites.capacitated and tiny.single_source:
        yield replace(tiny, single_source=False)


def tiny_problem(problem: SitingProblem) -> SitingProblem:
    """A problem of the same kind that is solved in no time, through every stage of a method."""
    draw = np.random.Generator(np.random.PCG64(7))
    points, places = draw.random((POINTS, 2)), draw.random((PLACES, 2))
    distance = np.hypot(*(points[:, None] - places[None]).transpose(2, 0, 1)) * 1000.0
    weight = draw.integers(1, 9, POINTS).astype(np.float64)
    capacity = np.full(PLACES, np.ceil(weight.sum() / 2.5))
    median = problem.objective is Objective.MIN_COST and not problem.sites.capacitated
    counted = problem.objective in {Objective.MAX_COVERED, Objective.MIN_WORST}
    return SitingProblem(
        objective=problem.objective,
        demand=Demand(tuple(f"i{i}" for i in range(POINTS)), weight),
        sites=Sites.simple(
            [f"j{j}" for j in range(PLACES)],
            capacity=capacity if problem.sites.capacitated else None,
            fixed_cost=None if median or counted else draw.uniform(900, 1500, PLACES),
        ),
        arcs=Arcs.from_dense(distance, weight, cutoff=900.0),
        site_count=(2, 2) if median or counted else (None, None),
        single_source=problem.single_source,
    )

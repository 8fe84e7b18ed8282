"""A second search beside ours: its answer, its end, and that nothing hangs without it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from planner.routes import (
    Compartment,
    RoundsProgress,
    RoundsSettings,
    VehicleClass,
    plan_rounds,
)
from planner.routes.day_task import day_task, whole_fleet
from planner.routes.pyvrp_lorries import fewest
from planner.routes.route_day import SMALL_JOBS
from planner.routes.search import HEATS, SearchLimits
from planner.routes.twin import PATIENCE_S, WORTH_S, Twin, _searched
from planner.solution import Cancelled, Outcome
from tests.planner.routes.instances import scattered


def task_of(problem):
    return day_task(problem, 0, -1, np.arange(len(problem.stops)), whole_fleet(problem))


def within(seconds):
    return SearchLimits(time.perf_counter() + seconds, seed=1)


def test_it_answers_the_whole_task_in_time():
    task = task_of(scattered(SMALL_JOBS + 5))
    limits = within(6.0)
    twin = Twin(task, limits)
    try:
        found = twin.answer()
    finally:
        twin.end()
    if found is not None:  # a loaded machine may not have begun in time
        assert not found.left_out
        assert np.isfinite(found.cost_cny(task))
    assert time.perf_counter() < limits.end_s + PATIENCE_S + 5.0


def test_it_can_be_ended_at_once_and_then_has_no_answer():
    twin = Twin(task_of(scattered(SMALL_JOBS + 5)), within(60.0))
    twin.end()
    assert twin.answer() is None


def test_a_plan_with_two_processes_is_checked_and_can_be_stopped():
    problem = scattered(SMALL_JOBS + 10)

    def stop(event: RoundsProgress) -> None:
        if event.phase == "improve" and event.seconds > 2.0:
            raise Cancelled

    found = plan_rounds(problem, RoundsSettings(time_limit_s=60.0), stop)
    assert found.outcome is Outcome.CANCELLED
    assert found.checked
    assert found.seconds < 30


def test_where_only_loads_count_the_second_search_has_the_fewest_lorries():
    alone = VehicleClass(
        "lorry", "road", (Compartment((0,)),), (None,), shift_end_s=float("inf"), cny_per_km=1.0,
        payload_t=2.0, longest_trips=1,
    )  # fmt: skip
    loads = scattered(30, amount_t=np.full(30, 0.5), service_s=np.zeros(30), vehicle=alone)
    assert fewest(task_of(loads)) == 8
    found = _searched(task_of(loads), SearchLimits(time.perf_counter() + 2.0, 1))
    assert not found.left_out
    assert 8 <= len(found.orders) <= 8 + HEATS - 1
    assert fewest(task_of(scattered(30))) is None  # hours count there


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="processes"):
        RoundsSettings(processes=3)
    assert replace(RoundsSettings(), processes=1).processes == 1
    assert WORTH_S > 0

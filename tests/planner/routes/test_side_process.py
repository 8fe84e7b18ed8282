"""A process that calculates for ours: answers, its end, and what becomes of an error in it."""

from __future__ import annotations

import math
import time
from typing import Self

import numpy as np
import pytest

from planner.routes import Goods, parts, plan_rounds, route_day
from planner.routes.settings import RoundsSettings
from planner.routes.side_process import SideProcess
from tests.planner.routes.instances import scattered


def soon() -> float:
    return time.perf_counter() + 30.0


def test_it_answers_one_call_after_another():
    with SideProcess() as beside:
        for number in (3.0, 4.0):
            beside.ask(math.hypot, number, 0.0)
            assert beside.answer(soon()) == number
        assert not beside.busy


def test_what_is_not_there_in_time_is_none():
    with SideProcess() as beside:
        beside.ask(time.sleep, 60.0)
        assert beside.answer(time.perf_counter()) is None
        assert beside.busy
    assert not beside.busy


def test_an_error_in_it_is_no_answer():
    with SideProcess() as beside:
        beside.ask(math.sqrt, -1.0)
        assert beside.answer(soon()) is None
        beside.ask(math.sqrt, 4.0)  # it is gone; nothing hangs
        assert beside.answer(soon()) is None


class Here:
    """Answers at once, in this process."""

    busy = False
    calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def ask(self, function, *arguments: object) -> None:
        Here.calls += 1
        self.found = function(*arguments)

    def answer(self, _moment_s: float):
        return getattr(self, "found", None)


def test_parts_of_a_large_task_are_searched_in_two_processes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "SideProcess", Here)
    for module in (parts, route_day):
        monkeypatch.setattr(module, "WHOLE_JOBS", 80)
    monkeypatch.setattr(parts, "PART_JOBS", 40)
    monkeypatch.setattr(parts, "PART_S", 0.05)
    monkeypatch.setattr(parts, "WORTH_S", 0.1)
    problem = scattered(100)
    found = plan_rounds(problem, RoundsSettings(time_limit_s=3.0))
    assert found.checked
    assert not found.unserved
    assert Here.calls > 1


def test_parts_of_goods_that_may_not_be_long_on_board(monkeypatch: pytest.MonkeyPatch):
    """Their rounds of several trips are searched as single ones."""
    for module in (parts, route_day):
        monkeypatch.setattr(module, "WHOLE_JOBS", 30)
    monkeypatch.setattr(parts, "PART_JOBS", 20)
    problem = scattered(45, goods=(Goods("waste", 2.5 * 3600.0),), amount_t=np.full(45, 0.4))
    found = plan_rounds(problem, RoundsSettings(time_limit_s=60.0, iterations=8))
    assert found.checked
    assert max(one.trips for one in found.rounds) > 1

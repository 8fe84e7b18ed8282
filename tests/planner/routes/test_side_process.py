"""A process that calculates for ours: answers, its end, and what becomes of an error in it."""

from __future__ import annotations

import math
import time

import pytest

from planner.routes import parts, plan_rounds
from planner.routes.plan import RoundsSettings
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


def test_parts_of_a_large_task_are_searched_in_two_processes(monkeypatch: pytest.MonkeyPatch):
    taken: list[bool] = []
    accept = parts._Turns.take_in

    def noted(turns: parts._Turns, beside: SideProcess) -> bool:
        taken.append(accept(turns, beside))
        return taken[-1]

    monkeypatch.setattr(parts._Turns, "take_in", noted)
    monkeypatch.setattr(parts, "PART_JOBS", 40)
    monkeypatch.setattr(parts, "PART_S", 0.2)
    monkeypatch.setattr(parts, "WORTH_S", 1.0)
    problem = scattered(parts.WHOLE_JOBS + 10)
    found = plan_rounds(problem, RoundsSettings(time_limit_s=5.0))
    assert found.checked
    assert not found.unserved
    assert len(taken) > 1

"""A comparison of stores and rounds that is stopped ends at once, with the rounds there are."""

from __future__ import annotations

import time

import pytest

from planner.routes import RoundsProgress, RoundsSettings
from planner.solution import Cancelled, Outcome
from scenarios.rounds import rounds_of_plan
from tests.scenarios.conftest import SMALL_SOURCES


def test_a_comparison_that_is_stopped_has_the_rounds_to_everybody(small_sources):
    asked = []

    def stop(_stream: str, event: RoundsProgress) -> None:
        if event.phase == "improve":
            asked.append(time.perf_counter())
            raise Cancelled

    settings = RoundsSettings(time_limit_s=120.0)
    found = rounds_of_plan(*small_sources, settings=settings, split=True, on_rounds=stop).streams[
        SMALL_SOURCES
    ]
    assert time.perf_counter() - asked[0] < 10.0
    assert found.solution.outcome is Outcome.CANCELLED
    assert found.solution.checked
    assert found.split is None


def test_stopped_before_there_are_rounds_it_has_none(small_sources):
    def stop(_stream: str, _event: RoundsProgress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        rounds_of_plan(*small_sources, split=True, on_rounds=stop)

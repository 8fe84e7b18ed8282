"""A comparison of stores and rounds that is stopped ends at once, with the rounds there are."""

from __future__ import annotations

import time

import pytest

from planner.routes import RoundsProgress, RoundsSettings
from planner.solution import Cancelled, Outcome
from scenarios.inputs import Inputs
from scenarios.plan import Plan
from scenarios.rounds import rounds_of_plan
from scenarios.run import run
from scenarios.schema import Scenario

STREAM = "hazardous_small_source"


@pytest.fixture(scope="module")
def planned() -> tuple[Plan, Inputs]:
    given: list[Inputs] = []
    scenario = Scenario.model_validate({
        "title": "rounds", "synthetic": {"villages": 40}, "max_snap_m": 800,
        "off_road": "straight", "streams": [{"stream": STREAM}],
        "solver": {"time_limit_s": 5, "gap": 0.5},
    })  # fmt: skip
    return run(scenario, on_inputs=given.append), given[0]


def test_a_comparison_that_is_stopped_has_the_rounds_to_everybody(planned):
    asked = []

    def stop(_stream: str, event: RoundsProgress) -> None:
        if event.phase == "improve":
            asked.append(time.perf_counter())
            raise Cancelled

    settings = RoundsSettings(time_limit_s=120.0)
    found = rounds_of_plan(
        *planned, settings=settings, split=True, on_rounds=stop, draw=False
    ).streams[STREAM]
    assert time.perf_counter() - asked[0] < 10.0
    assert found.solution.outcome is Outcome.CANCELLED
    assert found.solution.checked
    assert found.split is None


def test_stopped_before_there_are_rounds_it_has_none(planned):
    def stop(_stream: str, _event: RoundsProgress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        rounds_of_plan(*planned, split=True, on_rounds=stop, draw=False)

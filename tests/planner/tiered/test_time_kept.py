"""Parts of a solve ask for no more time than there is."""

from __future__ import annotations

import numpy as np
import pytest

from planner.models import modelling
from planner.solution import Cancelled, SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered import decomposition, main_solve, one_stream
from planner.solving.tiered.main_run import FIRST_S, LATE_S, LEAST_PART_S, MainRun
from planner.solving.tiered.plain import GroupAnswer, solve_plain
from planner.tiered.problem import TieredProblem
from planner.tiered.solution import StreamPlan
from tests.planner.tiered.county import county
from tests.planner.tiered.problems import tiny

SETTINGS = SolverSettings(time_limit_s=10.0)


class Clock(Watch):
    """A watch that shows so many seconds left."""

    def __init__(self, left_s: float) -> None:
        super().__init__(SETTINGS)
        self._left_s = left_s

    @property
    def remaining_s(self) -> float:
        return self._left_s


@pytest.fixture
def asked() -> list[float | None]:
    """Limits that the tiers above were solved with."""
    return []


def run_with(left_s: float, asked: list[float | None], *, planned: bool) -> MainRun:
    def solve_one(
        part: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
    ) -> None:
        asked.append(settings.time_limit_s)

    answer = GroupAnswer(plans=(StreamPlan((), ()),) if planned else None)
    return MainRun(tiny(1), SETTINGS, Clock(left_s), answer, solve_one, [])


def test_what_is_above_has_half_of_the_time_left(asked) -> None:
    run_with(6.0, asked, planned=True)._solved_above(tiny(1))
    assert asked == [3.0]


def test_at_the_end_what_is_above_is_left_alone_unless_there_is_no_plan(asked) -> None:
    assert run_with(0.3, asked, planned=True)._solved_above(tiny(1)) is None
    assert not asked
    for left_s in (0.3, 3.0, 6.0):
        run_with(left_s, asked, planned=False)._solved_above(tiny(1))
    assert asked == [0.3 + LATE_S, FIRST_S, 3.0]


@pytest.mark.parametrize(
    ("left_s", "seconds"), [(10.0, 5.0), (1.5, 1.0), (0.4, 0.4), (0.0, LEAST_PART_S), (np.inf, 60)]
)
def test_a_part_has_its_share_or_a_second_where_there_is_one(left_s, seconds, asked) -> None:
    assert run_with(left_s, asked, planned=True)._seconds_of(0.5, 60.0) == seconds


def large() -> TieredProblem:
    return county(1, villages=60, candidates=(20, 18, 3), load=60 / 352)


def test_the_build_of_a_large_model_ends_with_the_time(monkeypatch) -> None:
    monkeypatch.setattr(modelling, "_TICK_EVERY", 50)
    answer = GroupAnswer()
    solve_plain(large(), SETTINGS, Clock(0.0), answer)
    assert answer.plans is None
    assert not answer.infeasible


def test_the_build_of_the_decomposition_can_be_cancelled(monkeypatch) -> None:
    monkeypatch.setattr(modelling, "_TICK_EVERY", 50)
    reports: list[str] = []

    def listen(event) -> None:
        reports.append(event.phase)
        if len(reports) > 1:
            raise Cancelled

    problem = large()
    with pytest.raises(Cancelled):
        decomposition._Run(problem, SETTINGS, Watch(SETTINGS, listen), GroupAnswer())
    assert reports == ["build", "build"]


def test_no_second_method_is_begun_when_the_time_is_up(monkeypatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(main_solve, "applies", lambda _part: True)
    monkeypatch.setattr(main_solve, "solve_main", lambda *_: False)
    monkeypatch.setattr(one_stream, "solve_plain", lambda *_: begun.append("plain"))
    for left_s in (0.0, 5.0):
        one_stream.solve_one(tiny(1), SETTINGS, Clock(left_s), GroupAnswer())
    assert begun == ["plain"]

"""What HiGHS says, in five plain words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.solving import highs
from planner.solving.highs import EMPTY, Ending, HighsOptions, LinearProgram

pytestmark = pytest.mark.pulp


def program(*, row_lower: float, integer: bool = True, maximise: bool = False) -> LinearProgram:
    """Least (or most) x + y, 0 <= x, y <= 4, with x + y >= row_lower and <= 7.5."""
    return LinearProgram(
        cost=np.ones(2),
        lower=np.zeros(2),
        upper=np.full(2, 4.0),
        integer=np.full(2, integer),
        row_start=np.array([0, 2]),
        row_index=np.array([0, 1]),
        row_value=np.ones(2),
        row_lower=np.array([row_lower]),
        row_upper=np.array([7.5]),
        maximise=maximise,
    )


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        (program(row_lower=2.5), 3.0),
        (program(row_lower=2.5, integer=False), 2.5),
        (program(row_lower=0, maximise=True), 7.0),
        (program(row_lower=0, integer=False, maximise=True), 7.5),
    ],
)
def test_finished_with_objective_and_bound(given, objective) -> None:
    answer = highs.run(given, HighsOptions())
    assert answer.ending is Ending.FINISHED
    assert answer.objective == pytest.approx(objective)
    assert answer.bound == pytest.approx(objective)
    assert answer.values.sum() == pytest.approx(objective)


@pytest.mark.parametrize("integer", [True, False])
def test_infeasible(integer) -> None:
    answer = highs.run(program(row_lower=7.6, integer=integer), HighsOptions())
    assert answer.ending is Ending.INFEASIBLE
    assert not answer.has_values


@pytest.mark.parametrize(("low", "ending"), [(0.0, Ending.FINISHED), (1.0, Ending.INFEASIBLE)])
def test_nothing_to_decide(low, ending) -> None:
    empty = LinearProgram(
        EMPTY,
        EMPTY,
        EMPTY,
        np.zeros(0, bool),
        np.array([0, 0]),
        np.zeros(0, int),
        EMPTY,
        np.array([low]),
        np.array([2.0]),
    )
    answer = highs.run(empty, HighsOptions())
    assert answer.ending is ending
    assert answer.has_values is (ending is Ending.FINISHED)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        highs.run(replace(program(row_lower=0), row_value=np.array([np.inf, 1.0])), HighsOptions())


def test_unbounded_is_a_failure_without_a_bound() -> None:
    endless = replace(program(row_lower=0, integer=False), lower=np.full(2, -np.inf))
    endless = replace(endless, row_lower=np.array([-np.inf]))
    answer = highs.run(endless, HighsOptions())
    assert answer.ending is Ending.FAILED
    assert answer.bound == -np.inf


def test_a_start_with_unknowns_is_completed() -> None:
    answer = highs.run(program(row_lower=2.5), HighsOptions(), start=np.array([3.0, np.nan]))
    assert answer.objective == pytest.approx(3)


def test_listeners_error_comes_out_after_the_stop() -> None:
    from planner.models import MODELS
    from planner.models.modelling import ArrayWriter
    from tests.planner.solving.test_child import hard_problem

    def fail(_news) -> None:
        raise KeyboardInterrupt

    hard = MODELS["capacitated_location"](hard_problem(60, 20), ArrayWriter).linear.arrays()
    with pytest.raises(KeyboardInterrupt):
        highs.run(hard, HighsOptions(), on_news=fail)

"""A change keeps most rounds as they were and says what it changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planner.problem_faults import ProblemError
from planner.routes import RoundsProgress, RoundsSettings, Stops, plan_rounds
from planner.routes.changes import replan, replan_record
from planner.routes.record import record
from planner.routes.territories import with_territories
from planner.solution import Cancelled, Outcome
from tests.planner.routes.instances import QUICK, lorry, scattered


def taken(stops, rows):
    names = [name for name in Stops.__dataclass_fields__ if name != "ids"]
    return Stops(
        tuple(stops.ids[i] for i in rows), **{name: getattr(stops, name)[rows] for name in names}
    )


@cache
def fleet_of_two():
    problem = scattered(36, vehicle=lorry(available=(6,), longest_trips=2, payload_t=2.0))
    return problem, plan_rounds(problem, QUICK)


def test_nothing_changed_changes_nothing():
    problem, found = fleet_of_two()
    again, change = replan(problem, found, problem, QUICK)
    assert again.checked
    assert change.kept == len(found.rounds)
    assert not change.moved + change.added + change.dropped + change.unserved


def test_a_new_stop_goes_into_a_round_that_has_room():
    problem, _ = fleet_of_two()
    fewer = replace(problem, stops=taken(problem.stops, np.arange(35)))
    found = plan_rounds(fewer, QUICK)
    again, change = replan(fewer, found, problem, QUICK)
    assert again.checked
    assert not again.unserved
    assert change.added == ("s35",)
    assert change.kept >= len(found.rounds) - 2


def test_a_dropped_stop_leaves_the_others_where_they_are():
    problem, found = fleet_of_two()
    fewer = replace(problem, stops=taken(problem.stops, np.arange(1, 36)))
    again, change = replan(problem, found, fewer, QUICK)
    assert again.checked
    assert change.dropped == ("s0",)
    assert not change.moved
    assert change.kept == len(found.rounds) - 1


def test_a_lorry_that_is_out_hands_its_stops_to_others():
    problem, found = fleet_of_two()
    used = len(found.rounds)
    vehicle = replace(problem.vehicles[0], available=(used,), longest_trips=None)
    before = replace(problem, vehicles=(vehicle,))
    one_less = replace(before, vehicles=(replace(vehicle, available=(used - 1,)),))
    again, change = replan(before, found, one_less, QUICK)
    assert again.checked
    assert len(again.rounds) <= used - 1
    assert change.moved or again.unserved


def told_of_a_lorry_out(stop_at=None):
    """What is told while stops of a lorry that is out are planned anew, and the end of it."""
    problem, found = fleet_of_two()
    vehicle = replace(problem.vehicles[0], available=(len(found.rounds),), longest_trips=None)
    before = replace(problem, vehicles=(vehicle,))
    fewer = replace(vehicle, available=(len(found.rounds) - 1,))
    heard: list[RoundsProgress] = []

    def hear(event: RoundsProgress) -> None:
        heard.append(event)
        if stop_at is not None and stop_at(event):
            raise Cancelled

    one_less = replace(before, vehicles=(fewer,))
    settings = RoundsSettings(time_limit_s=1.2)
    again, _ = replan_record(record(before, found), one_less, settings, hear)
    return heard, again, one_less


def test_a_change_has_an_answer_at_once_that_is_then_improved():
    heard, again, problem = told_of_a_lorry_out()
    answers = [one.incumbent() for one in heard if one.incumbent is not None]
    assert len(answers) == 1
    assert heard[-1].incumbent is None  # the search went on
    assert answers[0].checked
    missing, missing_at_once = (
        sum(one.missing for one in found.unserved) for found in (again, answers[0])
    )
    assert missing <= missing_at_once
    if missing == missing_at_once:
        assert again.cost_cny(problem) <= answers[0].cost_cny(problem) + 1e-6


def test_a_change_that_is_stopped_keeps_the_answer_that_it_has():
    heard, again, _ = told_of_a_lorry_out(lambda event: event.incumbent is not None)
    assert again.outcome is Outcome.CANCELLED
    assert again.checked
    assert again.rounds == heard[-1].incumbent().rounds
    with pytest.raises(Cancelled):
        told_of_a_lorry_out(lambda event: event.incumbent is None)


def test_a_week_with_a_new_stop():
    problem = scattered(20, days=6, visits=np.array([1, 2] * 10))
    fewer = replace(problem, stops=taken(problem.stops, np.arange(19)))
    found = plan_rounds(fewer, replace(QUICK, iterations=30))
    again, change = replan(fewer, found, problem, replace(QUICK, iterations=30))
    assert again.checked
    assert change.added == ("s19",)
    assert (again.calendar[:19] == found.calendar).all()
    assert again.calendar[19].sum() == 2


def test_territories_do_not_criss_cross():
    problem = with_territories(scattered(80, seed=5), 4)
    of, place = problem.stops.territory, problem.stops.place
    way = problem.matrices["road"].duration_s[np.ix_(place, place)]
    # Of the nearest neighbours of a stop, most are in its territory; strewn, a quarter would be.
    near = np.argsort(way + np.eye(len(way)) * 1e9, axis=1)[:, :4]
    assert (of[near] == of[:, None]).mean() > 0.7


def test_territories_are_compact_and_of_equal_work():
    problem = with_territories(scattered(60, seed=3), 4)
    of = problem.stops.territory
    counts = np.bincount(of, minlength=4)
    assert counts.max() < 1.6 * counts.min()
    found = plan_rounds(problem, replace(QUICK, iterations=20))
    assert found.checked
    assert {one.territory for one in found.rounds} == {0, 1, 2, 3}
    with pytest.raises(ProblemError, match="territories are asked"):
        with_territories(problem, 61)

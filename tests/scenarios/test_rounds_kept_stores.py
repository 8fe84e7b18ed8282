"""Rounds after a change where shared stores were decided before: who brings where stays."""

from __future__ import annotations

import json
from dataclasses import replace

import openpyxl
import pytest

from planner.routes import RoundsSettings
from planner.routes.record import RoundsRecord
from planner.solution import Outcome
from scenarios.deliverables.rounds_map import rounds_map_data
from scenarios.deliverables.rounds_workbook import write_rounds_workbook
from scenarios.rounds import rounds_of_plan
from scenarios.rounds_changes import AddedStop, RoundsChanges
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_output import record_of, rounds_dict
from tests.scenarios.conftest import SMALL_SOURCES

QUICK = RoundsSettings(time_limit_s=0.5)


@pytest.fixture(scope="module")
def producers(small_sources) -> list[str]:
    """Ids with little of their own, so that a store has room for some of them."""
    demand = small_sources[0].streams[SMALL_SOURCES].demand.sort_values("demand_t_per_yr")
    return [str(one) for one in demand["id"]]


@pytest.fixture(scope="module")
def before(small_sources, producers):
    """Rounds with a store at the second producer, where the first four bring."""
    store = f"store-{producers[1]}"
    wished = RoundsRecord((), {}, (), dict.fromkeys(producers[:4], store))
    return changed(small_sources, wished, RoundsChanges())


def changed(small_sources, earlier, changes):
    found = rounds_of_plan(
        *small_sources, settings=QUICK, split=True, earlier={SMALL_SOURCES: earlier},
        changes={SMALL_SOURCES: changes},
    )  # fmt: skip
    return found.streams[SMALL_SOURCES]


def again(before, small_sources, **given):
    return changed(small_sources, record_of(rounds_dict(before)), RoundsChanges(**given))


def test_the_stores_of_before_are_called_at_for_what_is_brought(before, small_sources, producers):
    assert before.solution.checked
    assert set(before.split.brings["from_id"]) == set(producers[:4])
    called = set(before.case.stops["id"])
    assert called.isdisjoint(producers[:4])
    assert f"store-{producers[1]}" in called
    everybody = small_sources[0].streams[SMALL_SOURCES].demand["demand_t_per_yr"].sum()
    assert before.figures["t_per_yr"] == pytest.approx(everybody)


def test_nothing_changed_keeps_every_round(before, small_sources):
    after = again(before, small_sources)
    assert after.change.kept == after.change.before == len(before.solution.rounds)
    assert set(after.split.brings["to_id"]) == set(before.split.brings["to_id"])


def test_a_producer_that_brings_may_go_or_have_more(before, small_sources, producers):
    tonnes = before.split.stores["t_per_yr"].iloc[0]
    gone = again(before, small_sources, dropped=(producers[0],))
    assert gone.solution.checked
    assert set(gone.split.brings["from_id"]) == set(producers[1:4])
    assert gone.split.stores["t_per_yr"].iloc[0] < tonnes
    more = again(before, small_sources, amounts={producers[0]: 5.0})
    assert more.split.stores["t_per_yr"].iloc[0] > tonnes
    # More than the store may hold: the largest is visited from then on.
    most = rounds_costs().shared_store.capacity_t_per_yr
    beyond = again(before, small_sources, amounts={producers[0]: 1.5 * most})
    assert producers[0] in set(beyond.case.stops["id"])
    assert beyond.solution.checked


def test_a_store_closes_with_its_host(before, small_sources, producers):
    after = again(before, small_sources, dropped=(producers[1],))
    assert after.solution.checked
    assert after.split is None
    assert {producers[0], *producers[2:4]} <= set(after.case.stops["id"])
    assert after.change.dropped == (f"store-{producers[1]}",)


def test_a_new_stop_is_visited(before, small_sources):
    point = small_sources[0].streams[SMALL_SOURCES].demand.geometry.iloc[0]
    new = AddedStop(id="new", lon=point.x, lat=point.y, t_per_yr=1.0)
    after = again(before, small_sources, added=(new,))
    assert after.change.added == ("new",)
    assert after.solution.outcome is Outcome.FEASIBLE
    assert len(after.split.brings) == len(before.split.brings)


def test_stores_that_are_kept_are_told_without_a_comparison(before, small_sources, tmp_path):
    assert len(before.split.lines("zh")) == 1
    told = rounds_dict(before)
    json.dumps(told, allow_nan=False)
    assert len(told["split"]["brings"]) == 4
    rounds = replace_streams(small_sources, before)
    write_rounds_workbook(rounds, tmp_path / "rounds.xlsx", "en")
    sheets = openpyxl.load_workbook(tmp_path / "rounds.xlsx").sheetnames
    assert "Shared stores" in sheets
    assert "Stores and rounds" not in sheets
    shown = rounds_map_data(rounds, "zh")["streams"][0]
    assert (len(shown["stores"]), shown["ways"]) == (1, [])


def replace_streams(small_sources, one):
    empty = rounds_of_plan(*small_sources, settings=QUICK)
    return replace(empty, streams={SMALL_SOURCES: one})

"""Runs handed out once, whatever asks for them, and what becomes of what comes back."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.jobs.runner import MOST_ATTEMPTS, Runner, _News
from api.settings import Settings
from scenarios.store import ArtefactStore, open_database, runs
from scenarios.store.models import RunRow


class Future:
    def __init__(self) -> None:
        self.status = "pending"

    def add_done_callback(self, _call: Any) -> None:
        """Nothing comes back by itself."""

    def cancel(self, **_options: Any) -> None:
        self.status = "cancelled"


class Client:
    """Dask as the runner sees it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def submit(self, _call: Any, spec: dict[str, Any], **_options: Any) -> Future:
        self.sent.append(spec)
        return Future()


@pytest.fixture
def runner(tmp_path):
    settings = Settings(data=tmp_path)
    database = open_database(settings.database_url)
    made = Runner(settings, database, ArtefactStore(settings.artefact_url))
    made._client = Client()
    yield made
    database.close()


def queued(runner) -> str:
    document = {"title": "t", "streams": [{"stream": "x"}]}
    with runner._database.writing() as session:
        return runs.add(session, RunRow(title="t", document=document, streams=["x"], key="k")).id


def take(runner, run_id, attempt, **told) -> bool:
    with runner._database.writing() as session:
        return runner._take(session, _News(run_id, attempt, told))


def row_of(runner, run_id) -> RunRow:
    with runner._database.reading() as session:
        return runs.run(session, run_id)


def test_a_run_accepted_before_the_start_is_handed_out_once(runner):
    run_id = queued(runner)
    runner.submit(run_id)  # by whoever accepted it
    with runner._database.writing() as session:
        runner._recover(session, runs.run(session, run_id))  # and by the start
    for one in runner._waiting:
        runner._hand_out(one)
    runner._hand_out(run_id)
    assert len(runner._client.sent) == 1
    assert row_of(runner, run_id).attempt == 1


def test_a_run_that_cannot_be_handed_out_now_is_tried_again(runner, monkeypatch):
    run_id = queued(runner)
    runner._ready.set()
    monkeypatch.setattr("api.jobs.runner.AGAIN_S", 0.01)
    reading, away = runner._database.writing, [True, True]

    def writing():
        if away:
            away.pop()
            raise OperationalError("SELECT 1", {}, ConnectionError("gone"))
        return reading()

    monkeypatch.setattr(runner._database, "writing", writing)
    runner.submit(run_id)
    until = time.monotonic() + 20
    while not runner._client.sent and time.monotonic() < until:
        time.sleep(0.01)
    assert len(runner._client.sent) == 1


def test_a_lost_run_is_handed_out_again_and_in_the_end_given_up(runner):
    run_id = queued(runner)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        runner._hand_out(run_id)
        assert row_of(runner, run_id).attempt == attempt
        take(runner, run_id, attempt, kind="started", worker="w")
        again = take(runner, run_id, attempt, kind="lost")
        assert again is (attempt < MOST_ATTEMPTS)
    row = row_of(runner, run_id)
    assert row.state == "failed"
    assert "3" in row.faults[0]["en"]


def test_news_of_an_attempt_that_was_given_up_changes_nothing(runner):
    run_id = queued(runner)
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="started", worker="w")
    take(runner, run_id, 1, kind="lost")
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="failed", faults=[])
    assert row_of(runner, run_id).state == "queued"


def test_rounds_so_far_are_news_and_no_end(runner):
    run_id = queued(runner)
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="started", worker="w")
    take(runner, run_id, 1, kind="so_far", stream="x", objective=12.5)
    with runner._database.reading() as session:
        last = runs.events(session, run_id, 0)[-1]
    assert (last.kind, last.data) == ("so_far", {"stream": "x", "objective": 12.5})
    assert row_of(runner, run_id).state == "running"


def test_what_comes_back_ends_a_run(runner):
    ends = {
        "finished": {"kind": "finished", "faults": [], "summary": {"streams": {}}, "artefacts": {}},
        "failed": {"kind": "failed", "faults": []},
        "cancelled": {"kind": "cancelled"},
    }
    for state, told in ends.items():
        run_id = queued(runner)
        runner._hand_out(run_id)
        take(runner, run_id, 1, kind="started", worker="w")
        take(runner, run_id, 1, **told)
        row = row_of(runner, run_id)
        assert row.state == state
        assert bool(row.folder) is (state == "finished")


def test_over_the_limit_without_a_plan_is_a_failure_that_says_so(runner):
    run_id = queued(runner)
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="cancelled", over_limit=True)
    assert row_of(runner, run_id).state == "failed"
    assert "3600" in row_of(runner, run_id).faults[0]["en"]


def test_a_run_asked_to_stop_before_it_began_is_not_handed_out(runner):
    run_id = queued(runner)
    with runner._database.writing() as session:
        runs.run(session, run_id).cancel_requested = True
    runner._hand_out(run_id)
    assert runner._client.sent == []


FOUND = {"faults": [], "summary": {"streams": {}}}
ROUNDS, ALL = ({"rounds.json": {}}, {"rounds.json": {}, "rounds.xlsx": {}})


@pytest.fixture
def kept(runner):
    """A run that was stopped: it has its rounds, its files are being made."""
    run_id = queued(runner)
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="started")
    with runner._database.writing() as session:
        runs.run(session, run_id).cancel_requested = True
    take(runner, run_id, 1, kind="kept", artefacts=ROUNDS, folder="runs/x/1-kept", **FOUND)
    return run_id


def test_a_run_that_was_stopped_has_ended_before_its_files_are_there(runner, kept):
    row = row_of(runner, kept)
    assert (row.state, row.phase, row.folder) == ("cancelled", "files", "runs/x/1-kept")
    assert row.finished_at is not None
    take(runner, kept, 1, kind="progress", phase="write")
    assert row_of(runner, kept).phase == "files"
    take(runner, kept, 1, kind="finished", artefacts=ALL, **FOUND)
    row = row_of(runner, kept)
    assert (row.state, row.phase, row.folder) == ("cancelled", "", f"runs/{kept}/1")
    assert row.artefacts == ALL
    assert runner._useless == ["runs/x/1-kept"]
    take(runner, kept, 1, kind="finished", artefacts=ROUNDS, **FOUND)  # too late
    assert row_of(runner, kept).artefacts == ALL


@pytest.mark.parametrize("news", [
    {"kind": "unwritten", "faults": []}, {"kind": "failed", "faults": []}, {"kind": "lost"},
    {"kind": "cancelled"},
])  # fmt: skip
def test_rounds_are_kept_where_their_files_do_not_come(runner, kept, news):
    assert not take(runner, kept, 1, **news)
    row = row_of(runner, kept)
    assert (row.state, row.phase, row.folder) == ("cancelled", "", "runs/x/1-kept")
    assert [one["severity"] for one in row.faults] == ["warning"]


def test_files_that_a_server_before_was_waiting_for_do_not_come(runner, kept, monkeypatch):
    monkeypatch.setattr("threading.Thread.start", lambda _self: None)
    runner.start()
    row = row_of(runner, kept)
    assert (row.state, row.phase, len(row.faults)) == ("cancelled", "", 1)


def test_files_of_a_run_that_is_gone_are_taken_away(runner, kept):
    with runner._database.writing() as session:
        session.delete(runs.run(session, kept))
    take(runner, kept, 1, kind="finished", artefacts=ALL, **FOUND)
    assert runner._useless == [f"runs/{kept}/1"]


def test_rounds_that_are_kept_too_late_are_the_finished_ones(runner):
    run_id = queued(runner)
    runner._hand_out(run_id)
    take(runner, run_id, 1, kind="finished", artefacts=ALL, **FOUND)
    take(runner, run_id, 1, kind="kept", artefacts=ROUNDS, folder="runs/x/1-kept", **FOUND)
    row = row_of(runner, run_id)
    assert (row.state, row.phase, row.artefacts) == ("finished", "", ALL)

"""The store on SQLite and, where it is installed, on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from scenarios.store import Database, keeping, open_database, people, runs
from scenarios.store.models import (
    Base,
    CommentRow,
    RunRow,
    RunState,
    ScenarioRow,
    SessionRow,
    UploadRow,
    UserRow,
)
from tests.postgresql import Cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a server of our own on loopback."""
    pytest.importorskip("psycopg")
    cluster = Cluster("fsync=off")
    cluster.start()
    yield cluster.url
    cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> Iterator[Database]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'deep' / 'w.db'}"
    else:
        url = request.getfixturevalue("postgresql")
    opened = open_database(url)
    yield opened
    if request.param == "postgresql":
        with opened.writing() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
    opened.close()


def a_run(**facts) -> RunRow:
    return RunRow(title="t", document={"title": "t"}, streams=["x"], key="k" * 64, **facts)


def test_the_steps_make_what_the_models_say(database):
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    database.migrate()  # a second time changes nothing
    assert database.answers()


def test_a_run_from_queue_to_end(database):
    with database.writing() as session:
        run_id = runs.add(session, a_run()).id
    with database.writing() as session:
        row = runs.run(session, run_id)
        runs.begin(session, row, 1)
        runs.end(session, row, RunState.FINISHED, folder="runs/x/1", artefacts={"a": {"size": 1}})
    with database.reading() as session:
        row = runs.run(session, run_id)
        assert row.state == "finished"
        assert row.finished_at.tzinfo is not None
        assert abs((datetime.now(UTC) - row.finished_at).total_seconds()) < 60
        kinds = [one.kind for one in runs.events(session, run_id)]
        assert kinds == ["queued", "started", "finished"]
        last = runs.events(session, run_id)[1].id
        assert [one.kind for one in runs.events(session, run_id, after=last)] == ["finished"]
        assert runs.finished_with_key(session, "k" * 64).id == run_id
        assert runs.waiting_with_key(session, "k" * 64) is None
        assert runs.unfinished(session) == []
        assert runs.folders(session) == {"runs/x/1": run_id}


def test_lists_count_faults_and_leave_the_rest_out(database):
    fault = {"where": "a", "severity": "error", "row": None, "zh": "一", "en": "one"}
    with database.writing() as session:
        plan = runs.add(session, a_run(faults=[fault, fault], state="finished")).id
        rounds = runs.add(session, a_run(kind="rounds", options={"seed": 1}, state="finished")).id
    with database.reading() as session:
        lines, total = runs.listed(session, limit=10)
        assert (total, {one.id: one.fault_count for one in lines}) == (2, {plan: 2, rounds: 0})
        assert [one.id for one in runs.listed(session, limit=10, kind="rounds")[0]] == [rounds]
        assert runs.RunLine.of(runs.run(session, plan)) in lines
        # Rounds are no plan to ask who serves a village.
        assert runs.latest_finished(session).id == plan


def test_what_fails_inside_is_not_kept(database):
    with pytest.raises(RuntimeError), database.writing() as session:  # noqa: PT012 - the block is what fails
        runs.add(session, a_run())
        raise RuntimeError
    with database.reading() as session:
        assert runs.listed(session, limit=10) == ([], 0)


def test_many_writers_lose_nothing(database):
    with database.writing() as session:
        run_id = runs.add(session, a_run()).id

    def write() -> None:
        for _ in range(20):
            with database.writing() as session:
                row = runs.run(session, run_id)
                runs.note(session, row, "progress", n=1)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.reading() as session:
        assert len(runs.events(session, run_id)) == 81


def test_a_scenario_goes_and_its_runs_stay(database):
    with database.writing() as session:
        scenario = keeping.add_scenario(session, {"title": "'; DROP TABLE runs; --"})
        run_id = runs.add(session, a_run(scenario_id=scenario.id)).id
    with database.writing() as session:
        keeping.remove_scenario(session, session.get(ScenarioRow, scenario.id))
    with database.reading() as session:
        assert runs.run(session, run_id).scenario_id is None


def test_uploads_by_content(database):
    with database.writing() as session:
        first = UploadRow(file="a.csv", name="a", size=1, sha256="0" * 64)
        keeping.add_upload(session, first)
    with database.writing() as session:
        same = keeping.add_upload(
            session, UploadRow(file="a.csv", name="b", size=1, sha256="0" * 64)
        )
        assert same.name == "a"
        assert not keeping.upload_in_use(session, "a.csv")
        keeping.add_scenario(session, {"title": "t", "layers": {"villages": {"file": "a.csv"}}})
        assert keeping.upload_in_use(session, "a.csv")


def test_people_keys_and_sessions(database):
    with database.writing() as session:
        session.add(UserRow(id="u", name="王", role="planner"))
        session.flush()
        session.add(
            SessionRow(
                digest="d", user_id="u", csrf="c", expires_at=datetime(2000, 1, 1, tzinfo=UTC)
            )
        )
        run_id = runs.add(session, a_run()).id
        session.flush()
        session.add(
            CommentRow(run_id=run_id, stream="x", site_id="s", verdict="note", district="甲")
        )
    with database.writing() as session:
        assert people.count_users(session) == 1
        assert people.session_of(session, "d") is None
        people.end_old_sessions(session)
        assert people.user_of_key(session, "nothing") is None
        assert len(people.comments(session, run_id, district="甲")) == 1
        assert people.comments(session, run_id, district="乙") == []

"""The process of a job: started ahead, taken once, ended with whoever has it."""

from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import pytest

from api.jobs import ahead, process
from api.jobs.ahead import JobAhead
from api.jobs.process import JobProcess


@pytest.fixture
def started(monkeypatch):
    """Processes that do nothing but listen, in the order that they were started in."""
    found: list[JobProcess] = []

    def idle(self: JobProcess) -> subprocess.Popen[str]:
        found.append(self)
        return subprocess.Popen(
            ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    monkeypatch.setattr(JobProcess, "_started", idle)
    monkeypatch.setattr(process, "LOOK_EVERY_S", 0.01)
    yield found
    for one in found:
        one.end()


def test_each_job_has_a_process_of_its_own(started, tmp_path):
    # Dask sends it to its workers, those that come later too.
    worker = pickle.loads(pickle.dumps(JobAhead(str(tmp_path / "work"))))  # noqa: S301 - our own
    worker.setup(None)
    worker.prepare()
    assert len(started) == 1
    first, second = worker.take(), worker.take()
    assert [first, second] == started
    assert first.place != second.place
    worker.prepare()
    assert len(started) == 3
    assert worker.take() is started[2]


def test_a_process_that_has_died_is_replaced(started, tmp_path):
    worker = JobAhead(str(tmp_path))
    worker.prepare()
    started[0]._child.kill()
    started[0]._child.wait()
    assert worker.take() is started[1]
    worker.prepare()
    assert not started[0].place.exists()


def test_a_process_whose_folder_was_tidied_away_is_replaced(started, tmp_path):
    worker = JobAhead(str(tmp_path))
    worker.prepare()
    started[0].place.rmdir()
    assert worker.take() is started[1]


def test_a_process_that_cannot_be_started_leaves_no_folder(monkeypatch, tmp_path):
    def none(_self: JobProcess) -> subprocess.Popen[str]:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(JobProcess, "_started", none)
    with pytest.raises(OSError, match="unavailable"):
        JobProcess(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_it_ends_with_its_worker_and_leaves_nothing(started, tmp_path):
    worker = JobAhead(str(tmp_path))
    worker.prepare()
    worker.teardown(None)
    assert not started[0].alive
    assert list(tmp_path.iterdir()) == []
    worker.teardown(None)


def test_no_room_for_it_is_the_job_s_to_say(monkeypatch, tmp_path):
    def full(_work: str) -> JobProcess:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ahead, "JobProcess", full)
    worker = JobAhead(str(tmp_path))
    worker.prepare()
    with pytest.raises(OSError, match="space"):
        worker.take()


def test_a_job_that_is_silent_says_nothing_and_one_that_has_ended_none(started, tmp_path):
    one = JobProcess(str(tmp_path))
    assert one.next_line() == {}
    one._say('{"kind": "progress"}')
    while not (told := one.next_line()):
        pass
    assert told == {"kind": "progress"}
    one.end()
    while (told := one.next_line()) is not None:
        assert told == {}
    one.ask_to_stop()  # too late, and no harm


def test_a_real_one_begins_when_it_is_told_and_ends_with_its_input(tmp_path):
    one, left = JobProcess(str(tmp_path)), JobProcess(str(tmp_path))
    try:
        left._child.stdin.close()
        one.spec.write_text('{"out": "", "kind": "rounds", "options": {}}', "utf-8")
        one.begin()
        while not (told := one.next_line()):
            pass
        assert told["kind"] == "failed"
        assert str(Path(tmp_path)) not in str(told)
        assert left._child.wait(30) == 1
    finally:
        one.end()
        left.end()

"""A job heard out: what is kept of it when somebody stops it, whatever it is doing then."""

from __future__ import annotations

import pytest

from api.jobs import task
from api.jobs.task import KEPT, SEARCHED, SO_FAR, UNWRITTEN, Attendance, JobDiedError, JobSpec

SPEC = JobSpec("r", 1, {}, (), "zh", "", "runs/r/1", "", limit_s=1e9)
PROGRESS = {"kind": "progress", "phase": "rounds_improve"}
FOUND = {"kind": SEARCHED, "summary": {"streams": {}}, "faults": [], "cancelled": True}
DONE = {"kind": "finished", "summary": {"streams": {}}, "faults": []}
FULL = {"kind": "failed", "faults": [{"where": "run"}]}


class Job:
    """Says its lines; what it is asked stands between them."""

    def __init__(self, *lines) -> None:
        self._lines = list(lines)
        self.heard: list[str] = []

    def begin(self) -> None:
        self.heard.append("begin")

    def ask_to_stop(self) -> None:
        self.heard.append("stop")

    def next_line(self):
        line = self._lines.pop(0)
        self.heard.append("" if line is None else line.get("kind", ""))
        return line

    def end(self) -> int:
        return -9


def attended(job, wish_after, spec=SPEC):
    """The last line, and what was told; somebody wishes to stop once ``wish_after`` was said."""
    told = []
    last = Attendance(job, spec, told.append, lambda: wish_after in job.heard).last_line()
    return last, told


@pytest.mark.parametrize("wish_after", ["progress", SO_FAR])
def test_a_search_that_is_stopped_is_kept_as_soon_as_it_has_ended(wish_after):
    job = Job(PROGRESS, {"kind": SO_FAR}, FOUND, PROGRESS, DONE)
    last, told = attended(job, wish_after)
    assert job.heard[: job.heard.index("stop")][-1] == wish_after
    kinds = [one["kind"] for one in told]
    assert kinds == ["progress", SO_FAR, KEPT, "progress"]
    assert told[2]["summary"] == FOUND["summary"]
    assert (last["kind"], last["stopped"]) == ("finished", True)


def test_whoever_stops_while_files_are_made_does_not_wait_for_them():
    job = Job(FOUND, {}, {**PROGRESS, "phase": "write"}, {}, {}, DONE)
    last, told = attended(job, "progress")
    assert [one["kind"] for one in told] == ["progress", KEPT]
    assert job.heard.index("stop") < job.heard.index("finished")
    assert last["kind"] == "finished"


def test_whom_nobody_stops_is_not_told_to_have_ended_early():
    last, told = attended(Job(FOUND, PROGRESS, DONE), "never")
    assert [one["kind"] for one in told] == ["progress"]
    assert (last["kind"], last["stopped"]) == ("finished", False)


@pytest.mark.parametrize("end", [None, FULL])
def test_files_that_do_not_come_take_nothing_of_what_is_kept(end):
    last, told = attended(Job(FOUND, PROGRESS, end), "progress")
    assert told[-1]["kind"] == KEPT
    assert last["kind"] == UNWRITTEN
    assert last["faults"] == (FULL["faults"] if end else [])


def test_a_job_that_dies_with_nothing_kept_is_tried_again():
    with pytest.raises(JobDiedError):
        attended(Job(FOUND, None), "never")


def test_stopped_before_there_are_rounds_there_is_nothing():
    last, told = attended(Job(PROGRESS, {"kind": "cancelled"}), "progress")
    assert [one["kind"] for one in told] == ["progress"]
    assert last["kind"] == "cancelled"


def test_files_that_take_for_ever_are_given_up(monkeypatch):
    monkeypatch.setattr(task, "FILES_GRACE_S", -1.0)
    last, _ = attended(Job(FOUND, PROGRESS, {}), "progress")
    assert last["kind"] == UNWRITTEN

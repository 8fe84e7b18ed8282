"""Runs and their events: queued, running, ended, and what is left of them after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scenarios.store.models import ENDED, FILES_COME, EventRow, RunKind, RunRow, RunState, now


def add(session: Session, row: RunRow) -> RunRow:
    """Accept a run: from here on it is not lost."""
    session.add(row)
    session.flush()
    note(session, row, "queued")
    return row


def run(session: Session, run_id: str) -> RunRow | None:
    """A run by id."""
    return session.get(RunRow, run_id)


@dataclass(frozen=True)
class RunLine:
    """A run as a list shows it: without its document, its faults in words and its files.

    Parameters
    ----------
    fault_count : how many faults and warnings it has
    """

    id: str
    kind: str
    scenario_id: str | None
    title: str
    streams: list[Any]
    lang: str
    state: str
    phase: str
    stream: str
    tier: str
    percent: float
    objective: float | None
    bound: float | None
    gap: float | None
    attempt: int
    cancel_requested: bool
    published: bool
    start_run_id: str | None
    folder: str
    summary: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    fault_count: int

    @classmethod
    def of(cls, row: RunRow) -> RunLine:
        """The line of a run that is there as a whole."""
        plain = {one.name: getattr(row, one.name) for one in fields(cls) if one.name != _COUNT}
        return cls(**plain, fault_count=len(row.faults))


_COUNT = "fault_count"

AnyRun = RunRow | RunLine


def listed(
    session: Session,
    *,
    limit: int,
    offset: int = 0,
    scenario_id: str | None = None,
    state: str | None = None,
    published: bool | None = None,
    kind: str | None = None,
) -> tuple[list[RunLine], int]:
    """A page of runs, the latest first, and how many there are."""
    wanted = [
        column == value
        for column, value in (
            (RunRow.scenario_id, scenario_id), (RunRow.state, state),
            (RunRow.published, published), (RunRow.kind, kind),
        )
        if value is not None
    ]  # fmt: skip
    total = session.scalar(select(func.count(RunRow.id)).where(*wanted)) or 0
    columns = [
        func.json_array_length(RunRow.faults) if one.name == _COUNT else getattr(RunRow, one.name)
        for one in fields(RunLine)
    ]
    order = (RunRow.created_at.desc(), RunRow.id)
    rows = session.execute(
        select(*columns).where(*wanted).order_by(*order).limit(limit).offset(offset)
    )
    return [RunLine(*one) for one in rows], total


def latest_finished(session: Session, *, published: bool | None = None) -> RunRow | None:
    """The plan that is shown where nobody names one."""
    wanted = select(RunRow).where(
        RunRow.state == RunState.FINISHED.value, RunRow.kind == RunKind.PLAN.value
    )
    if published is not None:
        wanted = wanted.where(RunRow.published == published)
    order = (RunRow.created_at.desc(), RunRow.id)
    return session.scalars(wanted.order_by(*order).limit(1)).first()


def finished_with_key(session: Session, key: str) -> RunRow | None:
    """The latest finished run of the same inputs and versions."""
    wanted = select(RunRow).where(RunRow.key == key, RunRow.state == RunState.FINISHED.value)
    return session.scalars(wanted.order_by(RunRow.finished_at.desc()).limit(1)).first()


def waiting_with_key(session: Session, key: str) -> RunRow | None:
    """A run of the same inputs that is on its way."""
    on_its_way = (RunState.QUEUED.value, RunState.RUNNING.value)
    wanted = select(RunRow).where(
        RunRow.key == key, RunRow.state.in_(on_its_way), RunRow.cancel_requested.is_(False)
    )
    return session.scalars(wanted.order_by(RunRow.created_at).limit(1)).first()


def unfinished(session: Session) -> list[RunRow]:
    """Runs that a server before this one has left, the oldest first."""
    ended = [state.value for state in ENDED]
    wanted = select(RunRow).where(RunRow.state.not_in(ended)).order_by(RunRow.created_at)
    return list(session.scalars(wanted))


def without_files(session: Session) -> list[RunRow]:
    """Runs that have ended and whose files a server before this one was still waiting for."""
    return list(session.scalars(select(RunRow).where(RunRow.phase == FILES_COME)))


def count_waiting(session: Session) -> int:
    """How many runs are queued or running."""
    ended = [state.value for state in ENDED]
    return session.scalar(select(func.count(RunRow.id)).where(RunRow.state.not_in(ended))) or 0


def folders(session: Session) -> dict[str, str]:
    """Artefact folders in use, with the run of each."""
    rows = session.execute(select(RunRow.folder, RunRow.id).where(RunRow.folder != ""))
    return {str(folder): str(run_id) for folder, run_id in rows}


def note(session: Session, row: RunRow, kind: str, **data: Any) -> EventRow:
    """Add an event to a run."""
    event = EventRow(run_id=row.id, kind=kind, data=data)
    session.add(event)
    session.flush()
    return event


def events(session: Session, run_id: str, after: int = 0, limit: int = 500) -> list[EventRow]:
    """Events of a run after one of them, in order."""
    wanted = select(EventRow).where(EventRow.run_id == run_id, EventRow.id > after)
    return list(session.scalars(wanted.order_by(EventRow.id).limit(limit)))


def begin(session: Session, row: RunRow, attempt: int, worker: str = "") -> None:
    """A worker has taken the run up."""
    row.state = RunState.RUNNING.value
    row.attempt = attempt
    row.started_at = row.started_at or now()
    note(session, row, "started", attempt=attempt, worker=worker)


def requeue(session: Session, row: RunRow, reason: str) -> None:
    """Back into the queue, with the reason."""
    row.state = RunState.QUEUED.value
    row.phase, row.percent = "", 0.0
    note(session, row, "requeued", reason=reason)


def end(
    session: Session,
    row: RunRow,
    state: RunState,
    *,
    faults: Sequence[dict[str, Any]] = (),
    **facts: Any,
) -> None:
    """The run has come to its end; its artefacts, if any, are complete."""
    row.state = state.value
    row.finished_at = now()
    row.faults = list(faults)
    for name, value in facts.items():
        setattr(row, name, value)
    if state is RunState.FINISHED:
        row.percent = 100.0
    note(session, row, state.value, faults=list(faults))


def files_there(session: Session, row: RunRow, **facts: Any) -> None:
    """The files of a run that ended before them are there, or will not come any more."""
    row.phase = ""
    for name, value in facts.items():
        setattr(row, name, value)
    note(session, row, "files")

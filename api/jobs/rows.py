"""What is heard of a run, written into its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from geodata.faults import N_, Fault
from scenarios.job import fault_dict
from scenarios.store import runs
from scenarios.store.models import FILES_COME, RunRow, RunState

TOO_LONG = N_("the run took longer than the limit of {seconds:.0f} s and had no plan by then")
NO_FILES = N_("the map, the driver sheets and the other files of these rounds were not made")
STOPPED = N_("stopped at the limit of {seconds:.0f} s; this is the best plan by then")

Told = Mapping[str, Any]


def run_folder(row: RunRow) -> str:
    """Where the result of a run's present attempt is when it is there."""
    return attempt_folder(row.id, row.attempt)


def attempt_folder(run_id: str, attempt: int) -> str:
    """The same of a run whose row may have gone."""
    return f"runs/{run_id}/{attempt}"


def begun(session: Session, row: RunRow, told: Told) -> None:
    """A worker has taken its present attempt up."""
    runs.begin(session, row, row.attempt, str(told.get("worker", "")))


def progressed(session: Session, row: RunRow, told: Told) -> None:
    """It goes on."""
    row.state = RunState.RUNNING.value
    for name in ("phase", "stream", "tier", "percent"):
        setattr(row, name, told[name])
    if told["step"] == "solve":
        for name in ("objective", "bound", "gap"):
            setattr(row, name, told[name])
    kept = ("phase", "stream", "tier", "percent", "objective", "bound", "gap")
    runs.note(session, row, "progress", **{name: told[name] for name in kept})


def shown(session: Session, row: RunRow, told: Told) -> None:
    """Its best rounds so far can be read."""
    runs.note(session, row, "so_far", stream=told["stream"], objective=told["objective"])


def failed(session: Session, row: RunRow, told: Told) -> None:
    """It has ended with nothing but faults; after a wish to stop that is what was wished for."""
    state = RunState.CANCELLED if row.cancel_requested else RunState.FAILED
    runs.end(session, row, state, faults=told["faults"])


def finished(session: Session, row: RunRow, told: Told, limit_s: float) -> None:
    """It has ended with a plan or with rounds, and all their files."""
    faults = list(told["faults"])
    if told.get("over_limit"):
        faults.append(fault(STOPPED, severity="warning", seconds=limit_s))
    cancelled = bool(told.get("cancelled")) and row.cancel_requested
    runs.end(
        session,
        row,
        RunState.CANCELLED if cancelled else RunState.FINISHED,
        faults=faults,
        summary=told["summary"],
        gap=_worst_gap(told["summary"]),
        artefacts=told["artefacts"],
        folder=run_folder(row),
    )


def stopped(session: Session, row: RunRow, told: Told, limit_s: float) -> None:
    """It was stopped before there was anything to keep."""
    if told.get("over_limit") and not row.cancel_requested:
        runs.end(session, row, RunState.FAILED, faults=[fault(TOO_LONG, seconds=limit_s)])
    else:
        runs.end(session, row, RunState.CANCELLED)


def kept(session: Session, row: RunRow, told: Told) -> None:
    """It was stopped and has its rounds; the files that take longer follow."""
    row.phase = FILES_COME
    runs.end(
        session,
        row,
        RunState.CANCELLED,
        faults=told["faults"],
        summary=told["summary"],
        artefacts=told["artefacts"],
        folder=told["folder"],
    )


def completed(session: Session, row: RunRow, told: Told) -> str:
    """The rest of its files is there; the folder that its row named until now."""
    before = row.folder
    facts = {"artefacts": told["artefacts"], "folder": run_folder(row)}
    runs.files_there(session, row, **facts)
    return before


def without_files(session: Session, row: RunRow, told: Told) -> None:
    """The rest of its files will not come."""
    faults = [*row.faults, *told.get("faults", ()), fault(NO_FILES, severity="warning")]
    runs.files_there(session, row, faults=faults)


def fault(message: str, *, severity: str = "error", **values: Any) -> dict[str, Any]:
    """A fault of the run itself, in both languages."""
    return {**fault_dict(Fault("run", message, values)), "severity": severity}


def _worst_gap(summary: Mapping[str, Any]) -> float | None:
    gaps = [one.get("gap") for one in summary["streams"].values()]
    return None if not gaps or None in gaps else max(gaps)

"""A scenario becomes a run: the same inputs and versions are answered from what is kept."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import metadata
from typing import Any

from api.auth.principal import Principal
from api.problems import Problem
from api.service import Service
from geodata.faults import N_
from scenarios.store import runs
from scenarios.store.models import RunKind, RunRow, RunState

VERSIONED = ("wangdian", "numpy", "scipy", "geopandas", "pulp", "highspy")


@lru_cache(maxsize=1)
def versions() -> tuple[str, ...]:
    """Versions of what makes a plan."""
    found = []
    for name in VERSIONED:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} ?")
    return tuple(found)


def run_key(document: dict[str, Any], lang: str, rounds: dict[str, Any] | None = None) -> str:
    """SHA-256 of everything that an answer depends on; uploads are named by their content.

    Parameters
    ----------
    rounds : how they are to be made and over which plan, where a run makes rounds
    """
    parts: dict[str, Any] = {"scenario": document, "lang": lang, "versions": versions()}
    if rounds is not None:
        parts["rounds"] = rounds
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def start_run(
    service: Service,
    document: dict[str, Any],
    who: Principal,
    lang: str,
    *,
    scenario_id: str | None = None,
    start_run_id: str | None = None,
    anew: bool = False,
    rounds: dict[str, Any] | None = None,
) -> tuple[RunRow, bool]:
    """A run of the document, and whether it is one that was there already.

    Parameters
    ----------
    start_run_id : the run whose plan the solver starts from
    anew : plan again although there is an answer
    rounds : how to make rounds, where that is what the run is for

    Raises
    ------
    Problem
        503 where too many runs are waiting.
    """
    made = None if rounds is None else {**rounds, "of": start_run_id}
    key = run_key(document, lang, made)
    with service.database.writing() as session:
        if not anew:
            known = runs.finished_with_key(session, key) or runs.waiting_with_key(session, key)
            if known is not None:
                return known, True
        if runs.count_waiting(session) >= service.settings.most_waiting:
            raise Problem(503, N_("too many runs are waiting"), headers={"Retry-After": "60"})
        row = RunRow(
            scenario_id=scenario_id,
            title=str(document["title"]),
            document=document,
            streams=_streams(document, rounds),
            key=key,
            lang=lang,
            start_run_id=start_run_id,
            kind=(RunKind.PLAN if rounds is None else RunKind.ROUNDS).value,
            options=rounds or {},
            owner_id=who.user_id,
        )
        runs.add(session, row)
    service.runner.submit(row.id)
    return row, False


def _streams(document: dict[str, Any], rounds: dict[str, Any] | None) -> list[str]:
    asked = set((rounds or {}).get("streams", ()))
    every = [str(one["stream"]) for one in document["streams"]]
    return [one for one in every if not asked or one in asked]


def cancel_run(service: Service, run_id: str) -> RunRow:
    """Ask a run to stop.

    Raises
    ------
    Problem
        404 where there is none, 409 where it has ended.
    """
    with service.database.writing() as session:
        row = runs.run(session, run_id)
        if row is None:
            raise Problem(404, N_("there is no such run"))
        if RunState(row.state).ended:
            values = {"state": row.state}
            raise Problem(409, N_("the run has ended already ({state})"), values)
        row.cancel_requested = True
        runs.note(session, row, "cancelling")
    service.runner.cancel(run_id)
    return row


def delete_run(service: Service, run_id: str) -> None:
    """Remove a run that has ended, and its files.

    Raises
    ------
    Problem
        404 where there is none, 409 where it has not ended or another run starts from it.
    """
    with service.database.writing() as session:
        row = runs.run(session, run_id)
        if row is None:
            raise Problem(404, N_("there is no such run"))
        if not RunState(row.state).ended:
            raise Problem(409, N_("the run has not ended; cancel it first"))
        waiting = runs.unfinished(session)
        kept = row.folder and any(one.options.get("keep") == row.folder for one in waiting)
        if kept or any(one.start_run_id == row.id for one in waiting):
            raise Problem(409, N_("a waiting run starts from this one"))
        folder = row.folder
        session.delete(row)
    if folder:
        # The row has gone first: nothing points at files that are no longer whole.
        service.store.remove(folder)
    service.forget_run(run_id)

"""Runs handed to Dask, watched, and taken up again after a restart.

What happens arrives on threads of Dask; one thread of ours writes it into the database, so that
events of a run stay in order. The database is the truth: a run is accepted when it stands there,
and it has a result when its row names the complete artefacts.
"""

from __future__ import annotations

import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.jobs import rows
from api.jobs.cluster import connected, made
from api.jobs.rows import attempt_folder, fault, run_folder
from api.jobs.task import KEPT, SO_FAR, TOPIC, JobSpec, cancel_name, perform
from api.settings import Settings
from geodata.faults import N_
from scenarios.store import ArtefactStore, Database, keeping, runs
from scenarios.store.models import FILES_COME, RunRow, RunState

log = logging.getLogger("wangdian.jobs")

AGAIN_S = 2.0
"""After which a run that could not be handed out is tried again."""

MOST_ATTEMPTS = 3
"""A run that its server or scheduler has lost this often is given up."""

WORKER_LOST = N_("the workers of this run ended {count} times; the machine may lack memory")
LOST = N_("the run was lost {count} times with its server or scheduler")
FAULTY = N_("the run failed by a fault of this program; its log has the details")

PLAIN_NEWS = {
    "started": rows.begun,
    "progress": rows.progressed,
    SO_FAR: rows.shown,
    KEPT: rows.kept,
    "failed": rows.failed,
}

Told = dict[str, Any]


@dataclass(frozen=True)
class _News:
    run: str
    attempt: int
    told: Told


class Runner:
    """Hands runs out and keeps their rows up to date.

    Parameters
    ----------
    on_finished : told when the row of a run that has ended well says so
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: ArtefactStore,
        on_finished: Callable[[], None] | None = None,
    ) -> None:
        self._on_finished = on_finished
        self._settings = settings
        self._database = database
        self._store = store
        self._news: queue.Queue[_News | None] = queue.Queue()
        self._futures: dict[str, Any] = {}
        self._client: Any = None
        self._cluster: Any = None
        self._ready = threading.Event()
        self._closing = False
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        """Runs to hand out as soon as there are workers, each once, in order."""
        self._useless: list[str] = []
        """Folders that no row names any more, once the present news are in the database."""
        self._threads = [
            threading.Thread(target=self._connect, name="runs-connect", daemon=True),
            threading.Thread(target=self._write, name="runs-write", daemon=True),
        ]

    def start(self) -> None:
        """Take up what an earlier server left, and begin; returns at once."""
        self._sweep()
        with self._database.writing() as session:
            for row in runs.unfinished(session):
                self._recover(session, row)
            for row in runs.without_files(session):
                rows.without_files(session, row, {})
        for thread in self._threads:
            thread.start()

    def submit(self, run_id: str) -> None:
        """Hand a queued run out as soon as there are workers."""
        with self._lock:
            if not self._ready.is_set():
                self._waiting[run_id] = None
                return
        try:
            self._hand_out(run_id)
        except Exception:
            # The database or the scheduler is away: the run is accepted, so it is tried again.
            log.exception("run %s cannot be handed out; trying again", run_id)
            if not self._closing:
                later = threading.Timer(AGAIN_S, self.submit, [run_id])
                later.daemon = True
                later.start()

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; its row says already that it was asked."""
        with self._database.reading() as session:
            row = runs.run(session, run_id)
        if row is None or RunState(row.state).ended:
            return
        if row.state == RunState.QUEUED.value:
            future = self._futures.get(run_id)
            # A task that no worker has begun is Dask's to forget; what has begun hears the wish.
            if future is not None:
                self._wish_to_stop(row.id, row.attempt)
                future.cancel(force=True)
            self._news.put(_News(run_id, row.attempt, {"kind": "cancelled", "unbegun": True}))
        else:
            self._wish_to_stop(row.id, row.attempt)

    def workers(self) -> int:
        """How many workers there are at this moment."""
        if self._client is None:
            return 0
        return len(self._client.scheduler_info(n_workers=-1).get("workers", {}))

    @property
    def is_ready(self) -> bool:
        """Whether runs are handed out."""
        return self._ready.is_set()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until runs are handed out."""
        return self._ready.wait(timeout_s)

    def close(self) -> None:
        """Let go of the workers; runs that have not ended go on with the next server."""
        self._closing = True
        self._news.put(None)
        for one in (self._client, self._cluster):
            if one is not None:
                try:
                    one.close(timeout=5)
                except Exception:  # we are leaving anyway
                    log.debug("closing", exc_info=True)

    # ------------------------------------------------------------------ handing out

    def _connect(self) -> None:
        while not self._closing:
            try:
                self._client, self._cluster = connected(
                    self._settings, self._work("dask"), self._jobs()
                )
                break
            except Exception:
                log.exception("no workers; trying again")
                time.sleep(5)
        else:
            return
        self._client.subscribe_topic(TOPIC, self._hear)
        with self._lock:
            self._ready.set()
            waiting, self._waiting = self._waiting, {}
        for run_id in waiting:
            self.submit(run_id)

    def _hand_out(self, run_id: str) -> None:
        if run_id in self._futures:
            return  # it is out already
        with self._database.writing() as session:
            row = runs.run(session, run_id)
            if row is None or row.state != RunState.QUEUED.value or row.cancel_requested:
                return
            row.attempt += 1
            spec = self._spec(row, self._start_folder(session, row))
        # The attempt is in the database from here on: what comes back of it can be told apart.
        future = self._client.submit(
            perform,
            spec.as_dict(),
            key=f"wangdian-run-{row.id}-{row.attempt}",
            retries=1,
            pure=False,
        )
        self._futures[run_id] = future
        attempt = row.attempt
        future.add_done_callback(lambda done: self._ended(run_id, attempt, done))

    def _start_folder(self, session: Any, row: RunRow) -> str:
        earlier = runs.run(session, row.start_run_id) if row.start_run_id else None
        return earlier.folder if earlier is not None else ""

    def _spec(self, row: RunRow, start: str) -> JobSpec:
        return JobSpec(
            run=row.id,
            attempt=row.attempt,
            scenario=row.document,
            uploads=tuple(sorted(keeping.files_of(row.document))),
            lang=row.lang,
            start=start,
            folder=run_folder(row),
            artefacts=self._settings.artefact_url,
            limit_s=self._settings.run_limit_s,
            work=self._jobs(),
            kind=row.kind,
            options=row.options,
        )

    def _work(self, name: str) -> Path:
        return self._settings.data / "work" / name

    def _jobs(self) -> str:
        """Folder for the temporary files of jobs; workers elsewhere have their own."""
        return "" if self._settings.scheduler else str(self._work("jobs"))

    def _wish_to_stop(self, run_id: str, attempt: int) -> None:
        from distributed import Event  # noqa: PLC0415 - the server answers before it is loaded

        if self._client is not None:
            made(Event, cancel_name(run_id, attempt), client=self._client).set()

    # ------------------------------------------------------------------ hearing

    def _hear(self, event: tuple[float, Told]) -> None:
        told = dict(event[1])
        self._news.put(_News(told.pop("run"), told.pop("attempt"), told))

    def _ended(self, run_id: str, attempt: int, future: Any) -> None:
        if self._closing:
            return
        if future.status == "finished":
            told = future.result()
        elif future.status == "error":
            error = future.exception()
            log.error("run %s: %r", run_id, error)
            lost = type(error).__name__ in ("KilledWorker", "JobDiedError")
            told = {"kind": "failed", "faults": [fault(WORKER_LOST if lost else FAULTY, count=3)]}
        else:
            told = {"kind": "lost"}
        self._news.put(_News(run_id, attempt, told))

    def _write(self) -> None:
        while True:
            news = [self._news.get()]
            while not self._news.empty() and len(news) < 100:
                news.append(self._news.get())
            if None in news:
                return
            again: list[str] = []
            try:
                with self._database.writing() as session:
                    again += [
                        one.run for one in news if one is not None and self._take(session, one)
                    ]
            except Exception:
                # A database that is away for a moment (restart, full disk) must not lose the end
                # of a run.
                log.exception("the database does not take news; trying again")
                if self._closing:
                    return
                for one in news:
                    self._news.put(one)
                self._useless.clear()
                time.sleep(1)
                continue
            self._tidy()
            for run_id in again:
                self.submit(run_id)
            finished = any(one is not None and one.told["kind"] == "finished" for one in news)
            if finished and self._on_finished is not None:
                self._on_finished()

    def _tidy(self) -> None:
        """Take away what nothing points at any more."""
        while self._useless:
            folder = self._useless.pop()
            try:
                self._store.remove(folder)
            except OSError:  # a later start sweeps it
                log.exception("%s cannot be removed", folder)

    def _take(self, session: Any, news: _News) -> bool:
        """Write one thing down; whether the run must be handed out again."""
        row = runs.run(session, news.run)
        told, kind = news.told, news.told["kind"]
        if row is None and kind == "finished":  # removed while its files were being made
            self._useless.append(attempt_folder(news.run, news.attempt))
        if row is None or news.attempt != row.attempt:
            return False
        if RunState(row.state).ended:
            self._take_files(session, row, told)
            return False
        if kind in PLAIN_NEWS:
            PLAIN_NEWS[kind](session, row, told)
        elif kind == "finished":
            rows.finished(session, row, told, self._settings.run_limit_s)
        elif kind == "cancelled":
            if told.get("unbegun") and row.state != RunState.QUEUED.value:
                return False
            rows.stopped(session, row, told, self._settings.run_limit_s)
        elif kind == "lost":
            self._futures.pop(row.id, None)
            return self._lost(session, row)
        if RunState(row.state).ended and row.phase != FILES_COME:
            self._futures.pop(row.id, None)
        return False

    def _take_files(self, session: Any, row: RunRow, told: Told) -> None:
        """What comes of a run that has ended: the rest of its files, or that there are none."""
        if row.phase != FILES_COME or told["kind"] in ("started", "progress", SO_FAR, KEPT):
            return
        self._futures.pop(row.id, None)
        if told["kind"] == "finished":
            self._useless.append(rows.completed(session, row, told))
        else:
            rows.without_files(session, row, told)

    def _lost(self, session: Any, row: RunRow) -> bool:
        if row.cancel_requested:
            runs.end(session, row, RunState.CANCELLED)
            return False
        if row.attempt >= MOST_ATTEMPTS:
            runs.end(session, row, RunState.FAILED, faults=[fault(LOST, count=row.attempt)])
            return False
        runs.requeue(session, row, "lost")
        return True

    # ------------------------------------------------------------------ after a restart

    def _recover(self, session: Any, row: RunRow) -> None:
        if row.cancel_requested:
            runs.end(session, row, RunState.CANCELLED)
        elif row.attempt >= MOST_ATTEMPTS:
            runs.end(session, row, RunState.FAILED, faults=[fault(LOST, count=row.attempt)])
        else:
            if row.state == RunState.RUNNING.value:
                runs.requeue(session, row, "restart")
            self._waiting[row.id] = None

    def _sweep(self) -> None:
        """Temporary files and half-made results of a server that was killed."""
        if self._settings.scheduler:
            return  # workers elsewhere may still be at it
        shutil.rmtree(self._settings.data / "work", ignore_errors=True)
        with self._database.reading() as session:
            self._store.sweep(runs.folders(session))

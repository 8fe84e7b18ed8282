"""What a Dask worker does for a run: fetch, plan in a process of its own, publish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from api.jobs.process import JobProcess
from scenarios.job import DISK_FULL, NO_ROOM, fault_dict
from scenarios.store.artefacts import Artefact, ArtefactStore

TOPIC = "wangdian-runs"
"""Dask's event topic that workers tell progress on."""

ROUNDS = "rounds.json"
"""As scenarios.rounds_output names it, which loads the search for rounds."""
FEATURES = ("features/villages.jsonl", "features/facilities.jsonl", "features/links.jsonl")
"""Of a plan, that its rounds start from: as scenarios.finished_plan reads them."""
SO_FAR = "so_far"
"""What the job calls rounds that can be read while they are still being improved."""
SEARCHED, KEPT, UNWRITTEN = "searched", "kept", "unwritten"
"""The job: the search has ended, and its rounds can be read. We: a run that was stopped has them;
its other files will not come any more."""
GRACE_S = 60.0
"""After a wish to stop, this long to write the best plan so far."""
FILES_GRACE_S = 600.0
"""The same where what was found is kept already, and only files are to come."""

Told = dict[str, Any]


class JobDiedError(RuntimeError):
    """The process of a run ended without a word (out of memory, killed)."""


@dataclass(frozen=True)
class JobSpec:
    """A run as a worker needs to know it.

    Parameters
    ----------
    attempt : counts the times that the server has handed the run out
    scenario : plain values of the scenario
    uploads : files that it names, under ``uploads/`` of the artefacts
    start : artefact folder of the run to start from, "" for none
    folder : artefact folder that the result goes to
    work : folder for temporary files, "" is the system's
    kind, options : "plan", or "rounds" and how they are to be made
    """

    run: str
    attempt: int
    scenario: Told
    uploads: tuple[str, ...]
    lang: str
    start: str
    folder: str
    artefacts: str
    limit_s: float
    work: str = ""
    kind: str = "plan"
    options: Told = field(default_factory=dict)

    def as_dict(self) -> Told:
        """Plain values, so that a worker of another version can say what is wrong."""
        return asdict(self)


def so_far_folder(folder: str) -> str:
    """Where the best rounds so far are, of a run whose result will be in ``folder``."""
    return f"{folder}-so-far"


def kept_folder(folder: str) -> str:
    """Where the rounds are that a stopped search ended with, until all their files are there."""
    return f"{folder}-kept"


def cancel_name(run: str, attempt: int) -> str:
    """Dask's name of the event that asks an attempt to stop."""
    return f"wangdian-cancel-{run}-{attempt}"


def perform(plain: Told) -> Told:
    """A Dask task: the whole of one attempt; the last line of the job with its artefacts."""
    from distributed import Event, get_client, get_worker  # noqa: PLC0415 - on a worker

    from api.jobs.ahead import job_ahead  # noqa: PLC0415 - as above

    spec = JobSpec(**{**plain, "uploads": tuple(plain["uploads"])})
    worker = get_worker()
    made: Any = Event  # Dask has no types to call it by
    wish = made(cancel_name(spec.run, spec.attempt), client=get_client())

    def tell(told: Told) -> None:
        worker.log_event(TOPIC, {"run": spec.run, "attempt": spec.attempt, **told})

    tell({"kind": "started", "worker": str(worker.address)})
    ahead = job_ahead(worker)
    try:
        start = _starter(spec.work) if ahead is None else ahead.take
        return attempt(spec, tell, lambda: bool(wish.is_set()), start)
    finally:
        if ahead is not None:
            ahead.prepare()


def _starter(work: str) -> Callable[[], JobProcess]:
    return lambda: JobProcess(work)


def attempt(
    spec: JobSpec,
    tell: Callable[[Told], None],
    stop: Callable[[], bool],
    start: Callable[[], JobProcess],
) -> Told:
    """Fetch, plan, publish.

    Parameters
    ----------
    start : gives the process to plan in, which is this attempt's alone

    Raises
    ------
    JobDiedError
        If the process ended without a word; another worker may do better.
    """
    store = ArtefactStore(spec.artefacts)
    try:
        job = start()
        try:
            return _performed(spec, store, job, tell, stop)
        finally:
            job.end()
            with suppress(OSError):
                store.remove(so_far_folder(spec.folder))
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        return {"kind": "failed", "faults": [fault_dict(DISK_FULL)]}


def _performed(
    spec: JobSpec,
    store: ArtefactStore,
    job: JobProcess,
    tell: Callable[[Told], None],
    stop: Callable[[], bool],
) -> Told:
    _prepare(spec, store, job)

    def hear(told: Told) -> None:
        if told["kind"] == SO_FAR:
            _show(job.place / SO_FAR, store, so_far_folder(spec.folder))
        if told["kind"] == KEPT:
            folder = kept_folder(spec.folder)
            made = store.publish(job.place / SEARCHED, folder)
            told |= {"folder": folder, "artefacts": _as_dicts(made)}
        tell(told)

    last = Attendance(job, spec, hear, stop).last_line()
    if last["kind"] == "finished":
        last["artefacts"] = _as_dicts(store.publish(job.place / "out", spec.folder))
    return last


def _as_dicts(made: Mapping[str, Artefact]) -> dict[str, Told]:
    return {name: one.as_dict() for name, one in made.items()}


def _show(place: Path, store: ArtefactStore, folder: str) -> None:
    """Have the rounds so far read by others; where that cannot be, the final ones will."""
    with suppress(OSError):
        for path in place.iterdir():
            if not path.name.startswith("."):
                store.put(path, f"{folder}/{path.name}")


def _prepare(spec: JobSpec, store: ArtefactStore, job: JobProcess) -> None:
    """Write the specification of the job, with everything that it names brought here."""
    place = job.place
    inputs, start, keep = place / "inputs", place / "start", place / "keep"
    inputs.mkdir()
    for name in spec.uploads:
        store.fetch(f"uploads/{name}", inputs / name)
    for name in _start_files(spec) if spec.start else ():
        if store.exists(f"{spec.start}/{name}"):
            store.fetch(f"{spec.start}/{name}", start / name)
    if spec.options.get("keep"):
        store.fetch(f"{spec.options['keep']}/{ROUNDS}", keep / ROUNDS)
    told = {
        "scenario": spec.scenario,
        "folder": str(inputs),
        "out": str(place / "out"),
        "start": str(start) if spec.start else "",
        "so_far": str(place / SO_FAR),
        "searched": str(place / SEARCHED),
        "keep": str(keep) if spec.options.get("keep") else "",
        "lang": spec.lang,
        "kind": spec.kind,
        "options": spec.options,
    }
    job.spec.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def _start_files(spec: JobSpec) -> Iterator[str]:
    """Of the plan to start from: all that rounds need, or what a new plan carries over."""
    rounds = spec.kind != "plan"
    yield from FEATURES if rounds else ()
    for name in ("plan.json",) if rounds else ("plan.json", "problem.npz"):
        yield name
        yield from (f"{one['stream']}/{name}" for one in spec.scenario["streams"])


class Attendance:
    """Hears a job out, and asks it to stop when it should.

    A search that has ended needs no asking: its rounds are kept at once, and the run is told to
    have ended with them; that the rest of its files are still being made is nobody's delay.
    """

    def __init__(
        self, job: JobProcess, spec: JobSpec, tell: Callable[[Told], None], stop: Callable[[], bool]
    ) -> None:
        self._job, self._spec, self._tell, self._stop = job, spec, tell, stop
        self._end_s = time.monotonic() + spec.limit_s
        self._asked_s: float | None = None
        self._is_wish = self._is_over = self._is_kept = False
        self._searched: Told | None = None

    def last_line(self) -> Told:
        """What came of the job.

        Raises
        ------
        JobDiedError
            If the process ended without a word, and nothing of it is kept.
        """
        self._job.begin()
        while True:
            told = self._job.next_line()
            if told is None:
                return self._died()
            if told.get("kind") in ("progress", SO_FAR):
                self._tell(told)
            elif told.get("kind") == SEARCHED:
                self._searched = told
            elif told:
                return self._ended(told)
            self._look()
            if self._asked_s is not None and time.monotonic() - self._asked_s > self._grace_s:
                return self._ended({"kind": "cancelled"})

    @property
    def _grace_s(self) -> float:
        return GRACE_S if self._searched is None else FILES_GRACE_S

    def _look(self) -> None:
        """Ask the job to stop where that is wished for or its time is up; keep what it has."""
        self._is_wish = self._is_wish or self._stop()
        if self._asked_s is None:
            self._is_over = time.monotonic() > self._end_s
            if self._is_wish or self._is_over:
                self._asked_s = time.monotonic()
                self._job.ask_to_stop()
        if self._is_wish and self._searched is not None and not self._is_kept:
            self._is_kept = True
            self._tell({**self._searched, "kind": KEPT})

    def _ended(self, told: Told) -> Told:
        if self._is_kept and told["kind"] != "finished":
            return {"kind": UNWRITTEN, "faults": told.get("faults", [])}
        return {**told, "stopped": self._asked_s is not None, "over_limit": self._is_over}

    def _died(self) -> Told:
        code = self._job.end()
        if self._is_kept:
            return {"kind": UNWRITTEN, "faults": []}
        raise JobDiedError(f"the process of run {self._spec.run} ended with {code}")

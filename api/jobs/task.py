"""What a Dask worker does for a run: fetch, plan in a process of its own, publish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from api.jobs.process import JobProcess
from scenarios.job import DISK_FULL, NO_ROOM, fault_dict
from scenarios.store.artefacts import ArtefactStore

TOPIC = "wangdian-runs"
"""Dask's event topic that workers tell progress on."""

ROUNDS = "rounds.json"
"""As scenarios.rounds_output names it, which loads the search for rounds."""
FEATURES = ("features/villages.jsonl", "features/facilities.jsonl", "features/links.jsonl")
"""Of a plan, that its rounds start from: as scenarios.finished_plan reads them."""
SO_FAR = "so_far"
"""What the job calls rounds that can be read while they are still being improved."""
GRACE_S = 60.0
"""After a wish to stop, this long to write the best plan so far."""

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
        tell(told)

    last = _attended(job, spec, hear, stop)
    if last["kind"] == "finished":
        made = store.publish(job.place / "out", spec.folder)
        last["artefacts"] = {name: one.as_dict() for name, one in made.items()}
    return last


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


def _attended(
    job: JobProcess, spec: JobSpec, tell: Callable[[Told], None], stop: Callable[[], bool]
) -> Told:
    """The last line of the job; asks it to stop when it should."""
    limit_s = time.monotonic() + spec.limit_s
    asked_s: float | None = None
    over = False
    job.begin()
    while True:
        told = job.next_line()
        if told is None:
            raise JobDiedError(f"the process of run {spec.run} ended with {job.end()}")
        if told.get("kind") in ("progress", SO_FAR):
            tell(told)
        elif told:
            return {**told, "stopped": asked_s is not None, "over_limit": over}
        if asked_s is None and (stop() or time.monotonic() > limit_s):
            over = time.monotonic() > limit_s
            asked_s = time.monotonic()
            job.ask_to_stop()
        elif asked_s is not None and time.monotonic() - asked_s > GRACE_S:
            return {"kind": "cancelled", "stopped": True, "over_limit": over}

"""What a Dask worker does for a run: fetch, plan in a process of its own, publish.

The solver must not run in the worker itself: a running task cannot be stopped there, and a fault of
native code would take the worker along. The child ends when its input closes, so that it does not
outlive the worker.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from scenarios.job import DISK_FULL, NO_ROOM, fault_dict
from scenarios.store.artefacts import ArtefactStore

TOPIC = "wangdian-runs"
"""Dask's event topic that workers tell progress on."""

LOOK_EVERY_S = 0.25
ROUNDS = "rounds.json"
"""As scenarios.rounds_output names it, which loads the search for rounds."""
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

    spec = JobSpec(**{**plain, "uploads": tuple(plain["uploads"])})
    worker = get_worker()
    made: Any = Event  # Dask has no types to call it by
    wish = made(cancel_name(spec.run, spec.attempt), client=get_client())

    def tell(told: Told) -> None:
        worker.log_event(TOPIC, {"run": spec.run, "attempt": spec.attempt, **told})

    tell({"kind": "started", "worker": str(worker.address)})
    return attempt(spec, tell, lambda: bool(wish.is_set()))


def attempt(spec: JobSpec, tell: Callable[[Told], None], stop: Callable[[], bool]) -> Told:
    """Fetch, plan, publish.

    Raises
    ------
    JobDiedError
        If the process ended without a word; another worker may do better.
    """
    if spec.work:
        Path(spec.work).mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="run-", dir=spec.work or None))
    try:
        store = ArtefactStore(spec.artefacts)
        path = _prepared(spec, store, place)

        def hear(told: Told) -> None:
            if told["kind"] == SO_FAR:
                _show(place / SO_FAR, store, so_far_folder(spec.folder))
            tell(told)

        last = _attended(path, spec, hear, stop)
        if last["kind"] == "finished":
            made = store.publish(place / "out", spec.folder)
            last["artefacts"] = {name: one.as_dict() for name, one in made.items()}
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        return {"kind": "failed", "faults": [fault_dict(DISK_FULL)]}
    else:
        return last
    finally:
        shutil.rmtree(place, ignore_errors=True)
        with suppress(OSError):
            store.remove(so_far_folder(spec.folder))


def _show(place: Path, store: ArtefactStore, folder: str) -> None:
    """Have the rounds so far read by others; where that cannot be, the final ones will."""
    with suppress(OSError):
        for path in place.iterdir():
            if not path.name.startswith("."):
                store.put(path, f"{folder}/{path.name}")


def _prepared(spec: JobSpec, store: ArtefactStore, place: Path) -> Path:
    """The specification of the job, with everything that it names brought here."""
    inputs = place / "inputs"
    inputs.mkdir()
    for name in spec.uploads:
        store.fetch(f"uploads/{name}", inputs / name)
    start = place / "start"
    if spec.start:
        for stream in [one["stream"] for one in spec.scenario["streams"]]:
            for name in ("plan.json", "problem.npz"):
                for inner in (name, f"{stream}/{name}"):
                    if store.exists(f"{spec.start}/{inner}"):
                        store.fetch(f"{spec.start}/{inner}", start / inner)
    keep = place / "keep"
    if spec.options.get("keep"):
        store.fetch(f"{spec.options['keep']}/{ROUNDS}", keep / ROUNDS)
    path = place / "spec.json"
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
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def _attended(
    path: Path, spec: JobSpec, tell: Callable[[Told], None], stop: Callable[[], bool]
) -> Told:
    """The last line of the job; asks it to stop when it should."""
    child = _started(path)
    lines: queue.Queue[Told | None] = queue.Queue()
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    limit_s = time.monotonic() + spec.limit_s
    asked_s: float | None = None
    over = False
    try:
        while True:
            told = _next(lines)
            if told is None:
                raise JobDiedError(f"the process of run {spec.run} ended with {child.wait()}")
            if told.get("kind") in ("progress", SO_FAR):
                tell(told)
            elif told:
                return {**told, "stopped": asked_s is not None, "over_limit": over}
            if asked_s is None and (stop() or time.monotonic() > limit_s):
                over = time.monotonic() > limit_s
                asked_s = time.monotonic()
                _ask_to_stop(child)
            elif asked_s is not None and time.monotonic() - asked_s > GRACE_S:
                return {"kind": "cancelled", "stopped": True, "over_limit": over}
    finally:
        child.kill()
        child.wait()


def _started(path: Path) -> subprocess.Popen[str]:
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(  # noqa: S603 - our own program and file
        [sys.executable, "-P", "-m", "scenarios.job", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(path.parent)},
    )


def _read(source: IO[str] | None, lines: queue.Queue[Told | None]) -> None:
    assert source is not None  # noqa: S101 - a pipe was asked for
    for line in source:
        try:
            lines.put(json.loads(line))
        except ValueError:  # cut short by a kill
            break
    lines.put(None)


def _next(lines: queue.Queue[Told | None]) -> Told | None:
    """The next line, an empty one where there is none for a moment, None at the end."""
    try:
        return lines.get(timeout=LOOK_EVERY_S)
    except queue.Empty:
        return {}


def _ask_to_stop(child: subprocess.Popen[str]) -> None:
    try:
        assert child.stdin is not None  # noqa: S101 - a pipe was asked for
        child.stdin.write("cancel\n")
        child.stdin.flush()
    except OSError:
        pass  # it has just ended

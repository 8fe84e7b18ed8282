"""One run in a process of its own: ``python -m scenarios.job SPEC.json``.

The worker that starts it talks by pipes. In: the line ``begin`` says that the specification is
written (until then the process loads what jobs need, and practises); the line ``cancel`` asks to
stop with the best plan so far; the end of the input means that the worker has died, and the process
ends with it. Out: one JSON object a line: progress, and last what came of it. The plan's files are
in the folder that the specification names, complete when the last line is ``finished``.
"""

from __future__ import annotations

import _thread
import errno
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from geodata.faults import N_, Fault, InputError
from planner.problem_faults import ProblemError
from planner.solution import Cancelled, Outcome
from scenarios.progress import RunProgress
from scenarios.wording import LANGUAGES, translator

if TYPE_CHECKING:
    from planner.routes import RoundsProgress
    from scenarios.schema import Scenario

SITES_PERCENT, PLANNED_PERCENT = 30.0, 90.0
"""How far a run has come when the sites stand, and when what it plans on them does."""
DRAWING_PERCENT, WRITING_PERCENT = 91.0, 93.0
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DISK_FULL = Fault(
    "run", N_("there is no room on the disk for the plan's files; the plan is not kept")
)
BEGIN, CANCEL = "begin", "cancel"
"""What the worker says."""
FINISHING = ("draw", "write")
"""Steps of what is there already, which a wish to stop does not end."""
NICENESS = 10
"""Planning gives way to whoever waits for an answer of the service."""

Told = dict[str, Any]


class Watcher(threading.Thread):
    """Hears the worker: that there is a job, a wish to stop, or its end."""

    def __init__(self, source: IO[str]) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._interrupts = False
        self.begun = threading.Event()
        self.cancelled = threading.Event()

    def run(self) -> None:
        """Listen until the input ends."""
        for line in self._source:
            if line.strip() == BEGIN:
                self.begun.set()
            elif line.strip() == CANCEL:
                self.cancelled.set()
                _thread.interrupt_main()  # as a signal would: `interrupted` is called there
        os._exit(1)  # the worker is gone: nobody is left to take a result

    def interrupted(self, *_signal: object) -> None:
        """Handle SIGINT in the main thread; only a wish to stop is one, where it may be heeded."""
        if self._interrupts and self.cancelled.is_set():
            self._interrupts = False
            raise KeyboardInterrupt

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Within it a wish to stop interrupts the main thread, not only where it asks for one.

        Raises
        ------
        Cancelled
            If nothing within it took the interruption for its own.
        """
        self._interrupts = True
        try:
            self.interrupted()  # by a wish from before
            yield
        except KeyboardInterrupt:
            raise Cancelled from None
        finally:
            self._interrupts = False


class Teller:
    """Progress as lines, no more often than anybody could read."""

    STEPS = ("assess", "sites", "distances", "solve")
    EVERY_S = 0.2
    """Between two lines of the same phase of rounds, whose search is heard of all the time."""

    def __init__(self, sink: IO[str], watcher: Watcher, *, with_rounds: bool = False) -> None:
        self._sink, self._watcher = sink, watcher
        self._until_percent = SITES_PERCENT if with_rounds else PLANNED_PERCENT
        self._lock = threading.Lock()
        self._last: Told = {}
        self._reached_percent = 0.0
        self._rounds_said: tuple[str, str, float] = ("", "", 0.0)

    def __call__(self, event: RunProgress) -> None:
        """Pass an event of the run on; stop the run where that is asked for."""
        told = {
            "kind": "progress",
            "phase": event.step if event.solving is None else event.solving.phase,
            "step": event.step,
            "stream": event.stream,
            "tier": event.tier,
            "percent": self._percent(event),
            **{
                name: None if event.solving is None else _finite(getattr(event.solving, name))
                for name in ("objective", "bound", "gap")
            },
        }
        self._tell_new(told)
        if self._watcher.cancelled.is_set() and event.step not in FINISHING:
            raise Cancelled

    def rounds(self, stream: str, event: RoundsProgress, share: float, limit_s: float) -> None:
        """Pass an event of the search for rounds on; the objective is what a cycle costs."""
        if self._watcher.cancelled.is_set():
            raise Cancelled
        now_s = time.monotonic()
        said_of, said, said_s = self._rounds_said
        if (said_of, said) == (stream, event.phase) and now_s - said_s < self.EVERY_S:
            return
        self._rounds_said = (stream, event.phase, now_s)
        done = min(share + event.seconds / limit_s, 1.0)
        percent = SITES_PERCENT + (PLANNED_PERCENT - SITES_PERCENT) * done
        percent = self._reached_percent = max(percent, self._reached_percent)
        self._tell_new(
            {
                "kind": "progress", "phase": f"rounds_{event.phase}", "step": "solve",
                "stream": stream, "tier": "", "percent": round(percent, 1),
                "objective": _finite(event.cost_cny), "bound": None, "gap": None,
            }
        )  # fmt: skip

    def so_far(self, stream: str, cost_cny: float) -> None:
        """Say that rounds can be read which are still being improved."""
        self.tell({"kind": "so_far", "stream": stream, "objective": _finite(cost_cny)})

    def searched(self, told: Told) -> None:
        """Say that the search has ended, with what the run's row is to say of its rounds."""
        self.tell({"kind": "searched", **told})

    def stoppable(self) -> AbstractContextManager[None]:
        """Within it a wish to stop interrupts whatever is going on, as Ctrl-C does."""
        return self._watcher.interrupting()

    def _tell_new(self, told: Told) -> None:
        if told != self._last:
            self._last = told
            self.tell(told)

    def tell(self, told: Told) -> None:
        """One line."""
        with self._lock:
            self._sink.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
            self._sink.flush()

    def _percent(self, event: RunProgress) -> float:
        if event.step == "inputs":
            return 1.0
        if event.step in FINISHING:
            return DRAWING_PERCENT if event.step == "draw" else WRITING_PERCENT
        share = self.STEPS.index(event.step) / 10 if event.step in self.STEPS else 0.0
        if event.solving is not None and math.isfinite(event.solving.gap):
            share += 0.5 * max(0.0, 1.0 - event.solving.gap)
        done = (event.done + min(share, 0.95)) / max(event.total, 1)
        # Streams side by side take turns in telling: what was reached stays reached.
        reached = round(5.0 + (self._until_percent - 5.0) * min(done, 1.0), 1)
        self._reached_percent = max(self._reached_percent, reached)
        return self._reached_percent


def main(arguments: Sequence[str]) -> int:
    """Run the specification in the file named."""
    with suppress(OSError):
        os.nice(NICENESS)
    # What libraries print must not get between our lines.
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    watcher = Watcher(sys.stdin)
    signal.signal(signal.SIGINT, watcher.interrupted)
    watcher.start()
    teller = Teller(sink, watcher)
    spec: Told = {"out": ""}
    _get_ready(watcher)
    try:
        spec = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        if spec.get("kind") == "rounds":
            teller = Teller(sink, watcher, with_rounds=True)
        teller.tell({"kind": "finished", **_done(spec, teller)})
    except Cancelled:
        teller.tell({"kind": "cancelled"})
    except InputError as error:
        faults = (
            [DISK_FULL] if _is_no_room(error.__cause__) else _without_places(error.faults, spec)
        )
        teller.tell({"kind": "failed", "faults": [fault_dict(one) for one in faults]})
    except ProblemError as error:
        told = [fault_dict(Fault("scenario", one)) for one in error.faults]
        teller.tell({"kind": "failed", "faults": told})
    except MemoryError:
        message = N_("there is not enough memory for this scenario")
        teller.tell({"kind": "failed", "faults": [fault_dict(Fault("run", message))]})
    except Exception as error:  # noqa: BLE001 - the details go to the log, never to a reader
        traceback.print_exc()
        message = N_("the run failed by a fault of this program; its log has the details")
        fault = DISK_FULL if _is_no_room(error) else Fault("run", message)
        teller.tell({"kind": "failed", "faults": [fault_dict(fault)]})
    return 0


def _get_ready(watcher: Watcher) -> None:
    """Load what jobs need until there is one; then it is not waited for."""
    if not watcher.begun.is_set():
        from scenarios.job_practice import practise  # noqa: PLC0415 - heavy

        with suppress(Exception):  # the job will meet the same, and tell of it
            practise(watcher.begun.is_set)
    watcher.begun.wait()


def _is_no_room(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in NO_ROOM


def _without_places(faults: Sequence[Fault], spec: Told) -> list[Fault]:
    """Faults of our own folders as faults of the run: where those lie is nobody's business."""
    return [
        replace(one, where="run") if spec["out"] and spec["out"] in one.where else one
        for one in faults
    ]


def _done(spec: Told, teller: Teller) -> Told:
    """What was asked for, written; what the run's row says of it."""
    if spec.get("kind") == "rounds":
        from scenarios.job_rounds import planned_rounds  # noqa: PLC0415 - heavy

        return planned_rounds(spec, teller)
    return _planned(spec, teller)


def _planned(spec: Told, teller: Teller) -> Told:
    """Plan and write; what the run's row says of it."""
    from scenarios.earlier_plan import read_earlier_plan  # noqa: PLC0415 - heavy
    from scenarios.feature_files import write_features  # noqa: PLC0415
    from scenarios.inputs import Inputs  # noqa: PLC0415
    from scenarios.output import write_plan  # noqa: PLC0415
    from scenarios.run import run  # noqa: PLC0415
    from scenarios.schema import Scenario  # noqa: PLC0415
    from scenarios.service_check import write_index  # noqa: PLC0415
    from scenarios.service_check.build import build_index  # noqa: PLC0415
    from scenarios.service_check.files import SERVICE  # noqa: PLC0415

    scenario = within_cores(Scenario.model_validate(spec["scenario"]))
    start = read_earlier_plan(Path(spec["start"])) if spec.get("start") else None
    given: list[Inputs] = []
    plan = run(
        scenario,
        folder=spec["folder"],
        on_progress=teller,
        on_inputs=given.append,
        start=start,
    )
    teller(RunProgress("write"))
    out = Path(spec["out"])
    write_plan(plan, out, spec["lang"])
    write_features(plan, out)
    write_index(build_index(plan, given[0]), out / SERVICE)
    return _summary(plan)


def within_cores(scenario: Scenario) -> Scenario:
    """The scenario with no more threads than this machine has cores for runs.

    With three cores or more one is left to the server; on fewer its priority has to do.
    """
    cores = len(os.sched_getaffinity(0))
    most = cores - 1 if cores > 2 else cores
    threads = min(scenario.solver.threads, most)
    solver = scenario.solver.model_copy(update={"threads": threads})
    return scenario.model_copy(update={"solver": solver})


def _summary(plan: Any) -> Told:
    from scenarios.answers import is_open  # noqa: PLC0415

    streams = {}
    for key, stream in plan.streams.items():
        open_rows = stream.facilities[is_open(stream.facilities["status"]).to_numpy(bool)]
        streams[key] = {
            "name": stream.profile.name.model_dump(),
            "outcome": stream.certificate.outcome.value,
            "objective": _finite(stream.certificate.objective),
            "bound": _finite(stream.certificate.bound),
            "gap": _finite(stream.certificate.gap),
            "facilities": len(open_rows),
            "new": int((open_rows["status"] == "new").sum()),
            "villages": len(stream.demand),
            "unserved": int((~stream.demand["served"].astype(bool)).sum()),
            "input_hash": stream.input_hash,
        }
    cancelled = any(one["outcome"] == Outcome.CANCELLED.value for one in streams.values())
    districts = sorted(
        {str(one) for stream in plan.streams.values() for one in stream.demand["district"] if one}
    )
    return {
        "cancelled": cancelled or len(streams) < len(plan.scenario.streams),
        "faults": [fault_dict(one) for one in plan.faults],
        "summary": {
            "title": plan.title,
            "area": plan.scenario.area,
            "synthetic": plan.synthetic,
            "streams": streams,
            "districts": districts,
            "seconds": {key: round(value, 3) for key, value in plan.seconds.items()},
            "versions": dict(plan.versions),
        },
    }


def fault_dict(fault: Fault) -> Told:
    """A fault in both languages, for whoever asks later."""
    return {
        "where": fault.where,
        "severity": fault.severity.value,
        "row": fault.row,
        **{lang: fault.text(translator(lang)) for lang in LANGUAGES},
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A second search of a task in a process of its own, beside ours, from another beginning.

The search holds Python's lock, so that threads would only take turns. The child is this module
(``python -m planner.routes.twin``): it reads a task, searches it until its time is up and writes
its answer; messages are pickles between the two processes alone. It is started with ``subprocess``,
because workers of a pool may have no multiprocessing children, and it ends when its parent ends it
or is gone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import IO

from planner.routes.day_task import DayTask, needs_time
from planner.routes.pyvrp_lorries import ROUNDING
from planner.routes.pyvrp_model import build
from planner.routes.route_day import GIVE_UP_SHARE, DayAnswer, route_day
from planner.routes.search import FICKLE, PATIENT, SHORT_S, SearchLimits, search

WORTH_S = 4.0
"""A shorter search is over before a child has begun."""
HAND_OVER_S = 0.05
"""By so much the child ends earlier, to have its answer there in time."""
PATIENCE_S = 0.4
"""So long after its end a child's answer is waited for."""
OTHER_SEED = 7919
"""Added to the seed: the same beginning twice would be the same search."""


class Twin:
    """A child that searches; whoever started it ends it."""

    def __init__(self, task: DayTask, limits: SearchLimits) -> None:
        self._end_s = limits.end_s
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "planner.routes.twin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            # Ctrl-C goes to the parent alone, which ends the child itself.
            start_new_session=True,
        )
        self._answer: DayAnswer | None = None
        # A moment on the wall's clock: processes do not share any other for certain.
        moment = time.time() + limits.left_s - HAND_OVER_S
        # Made into bytes here: while it is handed over, our own search fills the task's caches.
        asked = pickle.dumps((task, moment, (limits.seed + OTHER_SEED) % 2**31))
        self._talk = threading.Thread(target=self._exchange, args=(asked,), daemon=True)
        self._talk.start()

    def _exchange(self, asked: bytes) -> None:
        """Hand the task over and take the answer in; a child that died has none."""
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 - asked for when it was started
            assert self._process.stdout is not None  # noqa: S101 - likewise
            self._process.stdin.write(asked)
            self._process.stdin.flush()
            self._answer = pickle.load(self._process.stdout)  # noqa: S301 - our own child's

    def answer(self) -> DayAnswer | None:
        """What it found, waited for until shortly after its end; None where it has nothing."""
        self._talk.join(max(0.0, self._end_s - time.perf_counter()) + PATIENCE_S)
        return self._answer

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._talk.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def main() -> None:
    """Answer one task."""
    inbox: IO[bytes] = sys.stdin.buffer
    task, moment, seed = pickle.load(inbox)  # noqa: S301 - our own parent's
    threading.Thread(target=_end_with_parent, args=(inbox,), daemon=True).start()
    left_s = moment - time.time()
    temper = FICKLE if left_s <= SHORT_S else PATIENT
    limits = SearchLimits(time.perf_counter() + left_s, seed, temper=temper)
    pickle.dump(_searched(task, limits), sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _searched(task: DayTask, limits: SearchLimits) -> DayAnswer:
    """With as few lorries as can be, where that holds: from many, a search seldom gets there."""
    few = _fewest(task)
    if few is not None:
        give_up_s = time.perf_counter() + GIVE_UP_SHARE * limits.left_s
        found = search(build(few), replace(limits, give_up_s=give_up_s))
        if found.feasible:
            return DayAnswer(found.orders, ())
    return route_day(task, limits)


def _fewest(task: DayTask) -> DayTask | None:
    """The task with no more lorries than its loads need; None where more than loads counts."""
    vehicles, depots = task.problem.vehicles, task.problem.depots
    if len(vehicles) > 1 or len(depots) > 1 or vehicles[0].longest_trips != 1:
        return None
    if needs_time(task, vehicles[0]) or task.fleet[0][0] is not None:
        return None
    needed = [
        ceil(float(task.amounts(streams, measure).sum()) / room - ROUNDING)
        for streams, measure, room in vehicles[0].limits()
    ]
    return replace(task, fleet=((max(needed),),)) if needed else None


def _end_with_parent(inbox: IO[bytes]) -> None:
    """Nothing more comes: when the pipe closes, whoever asked is gone."""
    inbox.read(1)
    os._exit(3)


if __name__ == "__main__":
    main()

"""A linear program in a process of its own, which can be ended at any moment.

HiGHS does not listen during presolve, and a listener that wants to stop must be obeyed within a
second: so a large program runs in a child, which is this module (``python -m planner.solving.child
DESCRIPTOR``). It ends when the connection closes, so that it cannot outlive its parent.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from planner.child_process import ChildProcess
from planner.solving import highs
from planner.solving.highs import EMPTY, HighsAnswer, HighsOptions, Incumbent, LinearProgram
from planner.solving.memory import MIB

_OWN_MIB = 64
"""Of a child itself: stacks of its threads, and modules that are imported when first needed."""
_MEMORY_STATUS = "Memory limit reached"
"""How HiGHS says so itself."""
_HEARTBEAT_S = 0.1
"""How often the parent looks whether it should stop."""
_GRACE_S = 0.5
"""How long after its limit a child may still hand in its answer."""
_NEWS_EVERY_S = 0.2
"""Bounds are sent no more often than this; incumbents always."""


OUT_OF_MEMORY = 12
"""How a child ends that has met its limit of memory (``ENOMEM``)."""
_FATAL = {OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL}
"""Ends of a child that memory brings about: HiGHS's threads abort where they are refused more, and
the system kills where nobody refuses."""


class ChildDiedError(RuntimeError):
    """The child ended without an answer (out of memory, killed from outside)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the solver's process ended with code {code} and gave no answer")
        self.code = code

    @property
    def out_of_memory(self) -> bool:
        """Whether it ended as processes do that are refused memory."""
        return self.code in _FATAL


def run(
    program: LinearProgram,
    options: HighsOptions,
    *,
    start: highs.FloatArray = EMPTY,
    on_news: Callable[[Incumbent | None], None],
) -> HighsAnswer:
    """Solve in a child; ``on_news`` hears every incumbent, and None as a heartbeat.

    Raises
    ------
    ChildDiedError
        If the child ended without an answer and without being asked to.
    Whatever ``on_news`` raised, after the child has been ended.
    """
    child = ChildProcess.started("planner.solving.child")
    limit_s = np.inf if options.time_limit_s is None else options.time_limit_s
    end_s = time.monotonic() + limit_s
    task = (program, options, start, limit_s)
    sender = threading.Thread(target=_hand_over, args=(child.link, task), daemon=True)
    sender.start()
    try:
        return _attend(child, end_s, on_news, program)
    finally:
        child.end(sender)


def _hand_over(link: Connection, task: object) -> None:
    """Send the task; a child that died meanwhile is noticed where its answer is awaited."""
    with contextlib.suppress(OSError):
        link.send(task)


def _attend(
    child: ChildProcess,
    end_s: float,
    on_news: Callable[[Incumbent | None], None],
    program: LinearProgram,
) -> HighsAnswer:
    while True:
        while child.link.poll(_HEARTBEAT_S):
            message = _received(child)
            if isinstance(message, HighsAnswer):
                return message
            on_news(message)
        on_news(None)
        if time.monotonic() > end_s + _GRACE_S:
            worst = np.inf if program.maximise else -np.inf
            nothing = float("nan")
            return HighsAnswer(
                highs.Ending.STOPPED, nothing, worst, EMPTY, "ended at the limit", highs.version()
            )


def _received(child: ChildProcess) -> HighsAnswer | Incumbent:
    try:
        message: HighsAnswer | Incumbent = child.link.recv()
    except (EOFError, OSError):
        raise ChildDiedError(child.process.wait()) from None
    return message


def _end_with_parent(link: Connection) -> None:
    """Wait for the end of the connection, which is the end of the parent, then end at once."""
    with contextlib.suppress(EOFError, OSError):
        link.recv_bytes()
    os._exit(3)


def _hold_to(memory_mib: float) -> None:
    """Let the system refuse this process more; of data, as libraries map far more than they use."""
    if np.isfinite(memory_mib):
        most = int(memory_mib * MIB)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_mib() -> float:
    """What counts against that limit before there is any work; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) / 1024.0
    return 0.0


def main() -> None:
    """Child's side: read one task, stream what is found, hand in the answer."""
    link = Connection(int(sys.argv[1]))
    began_s = time.monotonic()
    before_mib = _data_mib()
    program, options, start, limit_s = link.recv()
    threading.Thread(target=_end_with_parent, args=(link,), daemon=True).start()
    _hold_to(before_mib + _OWN_MIB + options.memory_mib)
    said_s = [0.0]

    def tell(news: Incumbent) -> None:
        now_s = time.monotonic()
        if len(news.values) or now_s - said_s[0] > _NEWS_EVERY_S:
            said_s[0] = now_s
            link.send(news)

    if np.isfinite(limit_s):
        left_s = limit_s - (time.monotonic() - began_s)
        options = replace(options, time_limit_s=left_s)
    try:
        answer = highs.run(program, options, start=start, on_news=tell)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    if answer.status == _MEMORY_STATUS and not answer.has_values:
        os._exit(OUT_OF_MEMORY)
    link.send(answer)


if __name__ == "__main__":
    main()

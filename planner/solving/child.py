"""A linear program in a process of its own, which can be ended at any moment.

HiGHS does not listen during presolve, and a listener that wants to stop must be obeyed within a
second: so a large program runs in a child, which is this module (``python -m planner.solving.child
DESCRIPTOR``). It ends when the connection closes, so that it cannot outlive its parent.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np

from planner.child_process import ChildProcess
from planner.solving import highs
from planner.solving.highs import EMPTY, HighsAnswer, HighsOptions, Incumbent, LinearProgram

_HEARTBEAT_S = 0.1
"""How often the parent looks whether it should stop."""
_GRACE_S = 0.5
"""How long after its limit a child may still hand in its answer."""
_NEWS_EVERY_S = 0.2
"""Bounds are sent no more often than this; incumbents always."""


class ChildDiedError(RuntimeError):
    """The child ended without an answer (out of memory, killed from outside)."""


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
        code = child.process.wait()
        sentence = f"the solver's process ended with code {code} and gave no answer"
        raise ChildDiedError(sentence) from None
    return message


def _end_with_parent(link: Connection) -> None:
    """Wait for the end of the connection, which is the end of the parent, then end at once."""
    with contextlib.suppress(EOFError, OSError):
        link.recv_bytes()
    os._exit(3)


def main() -> None:
    """Child's side: read one task, stream what is found, hand in the answer."""
    link = Connection(int(sys.argv[1]))
    began_s = time.monotonic()
    program, options, start, limit_s = link.recv()
    threading.Thread(target=_end_with_parent, args=(link,), daemon=True).start()
    said_s = [0.0]

    def tell(news: Incumbent) -> None:
        now_s = time.monotonic()
        if len(news.values) or now_s - said_s[0] > _NEWS_EVERY_S:
            said_s[0] = now_s
            link.send(news)

    if np.isfinite(limit_s):
        left_s = limit_s - (time.monotonic() - began_s)
        options = replace(options, time_limit_s=left_s)
    link.send(highs.run(program, options, start=start, on_news=tell))


if __name__ == "__main__":
    main()

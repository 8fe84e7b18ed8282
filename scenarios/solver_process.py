"""A child of a run that solves tiers: ``python -m scenarios.solver_process DESCRIPTOR``.

It reads ``(problem, settings, start)`` from the connection it inherits and sends its progress, then
the solution, or the error it met. ``STOP`` read while it solves asks for the best plan so far. A
problem without settings is of the kind that is to come, so that the real one need not wait for what
is loaded once a process. It ends when the connection closes, so that it cannot outlive its parent.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

_NEWS_EVERY_S = 0.1
"""A person cannot read faster; a new phase is told at once."""
STOP = b"stop"
"""Sent while it solves: hand in the best plan so far."""


def main() -> None:
    """Answer questions until the parent is gone."""
    link = Connection(int(sys.argv[1]))
    inbox: SimpleQueue[bytes] = SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(link, inbox, stop), daemon=True).start()
    from planner.solving.loading import practise  # noqa: PLC0415 - the parent writes meanwhile
    from planner.solving.solve import solve  # noqa: PLC0415

    while True:
        problem, settings, start = pickle.loads(inbox.get())  # noqa: S301 - our own parent's words
        if settings is None:
            with suppress(Exception):  # the real question will meet the same, and tell of it
                practise(problem)
            continue
        try:
            link.send(solve(problem, settings, _Teller(link, stop), start=start))
        except Exception as error:  # noqa: BLE001 - the parent raises it
            link.send(error)


def _listen(link: Connection, inbox: SimpleQueue[bytes], stop: threading.Event) -> None:
    """Take in what comes, also while a solve runs."""
    while True:
        try:
            message = link.recv_bytes()
        except (EOFError, OSError):
            os._exit(3)
        if message == STOP:
            stop.set()
        else:
            inbox.put(message)


class _Teller:
    """Hands a solve's progress on, and the parent's wish to stop back."""

    def __init__(self, link: Connection, stop: threading.Event) -> None:
        self._link = link
        self._stop = stop
        self._said: tuple[str, float] = ("", 0.0)

    def __call__(self, event: Any) -> None:
        from planner.solution import Cancelled  # noqa: PLC0415 - as above

        if self._stop.is_set():
            raise Cancelled
        phase, said_s = self._said
        if event.phase != phase or time.monotonic() - said_s > _NEWS_EVERY_S:
            self._said = (event.phase, time.monotonic())
            self._link.send(event)


if __name__ == "__main__":
    main()

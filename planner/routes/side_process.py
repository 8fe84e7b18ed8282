"""A second process that evaluates one call after another, on the machine's other core.

PyVRP holds Python's lock, so that threads would only take turns. The child
(``python -m planner.routes.side_calls DESCRIPTOR``) reads a function and its arguments, answers
with what the function returns, and reads on until its parent ends it or is gone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from planner.child_process import ChildProcess


class SideProcess:
    """A child that calculates; whoever started it ends it (or uses it in a ``with``)."""

    def __init__(self) -> None:
        self._child = ChildProcess.started("planner.routes.side_calls")
        self._answer: Any = None
        self._talk = threading.Thread(target=lambda: None, daemon=True)
        self._talk.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.end()

    def ask(self, function: Callable[..., Any], *arguments: object) -> None:
        """Have a function of a module evaluated there, once the call before has its answer."""
        self._talk.join()
        self._answer = None
        # Made into bytes here: while it is handed over, our own search fills the task's caches.
        asked = pickle.dumps((function, arguments))
        self._talk = threading.Thread(target=self._exchange, args=(asked,), daemon=True)
        self._talk.start()

    def _exchange(self, asked: bytes) -> None:
        """Hand the call over and take the answer in; a child that died has none."""
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            self._child.link.send_bytes(asked)
            self._answer = self._child.link.recv()

    @property
    def busy(self) -> bool:
        """Whether a call is being evaluated."""
        return self._talk.is_alive()

    def answer(self, moment_s: float) -> Any:
        """What the function returned; None where it is not there by a ``perf_counter``."""
        self._talk.join(max(0.0, moment_s - time.perf_counter()))
        return None if self.busy else self._answer

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        self._child.end(self._talk)


def main() -> None:
    """Answer until nothing more is asked."""
    link = Connection(int(sys.argv[1]))
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(link, asked), daemon=True).start()
    while True:
        function, arguments = pickle.loads(asked.get())  # noqa: S301 - our own parent's
        link.send(function(*arguments))


def _read(link: Connection, asked: queue.SimpleQueue[bytes]) -> None:
    """Take calls in, also during one: when the connection closes, whoever asked is gone."""
    while True:
        try:
            asked.put(link.recv_bytes())
        except (EOFError, OSError):
            os._exit(3)

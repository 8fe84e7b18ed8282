"""A linear program in a process of its own, which can be ended at any moment.

HiGHS does not listen during presolve, and a listener that wants to stop must be obeyed within a
second: so a large program runs in a child. The child is this module, started by path of the
package (``python -m planner.solving.child``); messages are length-prefixed pickles between the two
processes alone. It ends when its standard input closes, so that it cannot outlive its parent.
Started with ``subprocess``, because workers of a pool may have no multiprocessing children.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from planner.solving import highs
from planner.solving.highs import EMPTY, HighsAnswer, HighsOptions, Incumbent, LinearProgram

_LENGTH = struct.Struct("<Q")
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
    child = _started()
    limit_s = np.inf if options.time_limit_s is None else options.time_limit_s
    end_s = time.monotonic() + limit_s
    try:
        sender = threading.Thread(
            target=_hand_over, args=(child.stdin, (program, options, start, limit_s)), daemon=True
        )
        sender.start()
        return _attend(child, end_s, on_news, program)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _close(pipe)


def _started() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "planner.solving.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        # Ctrl-C goes to the parent alone, which ends the child itself.
        start_new_session=True,
    )


def _attend(
    child: subprocess.Popen[bytes],
    end_s: float,
    on_news: Callable[[Incumbent | None], None],
    program: LinearProgram,
) -> HighsAnswer:
    assert child.stdout is not None  # noqa: S101 - asked for when it was started
    inbox = _Inbox(child.stdout.fileno())
    while True:
        for message in inbox.messages(_HEARTBEAT_S):
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
        if inbox.closed:
            code = child.wait()
            raise ChildDiedError(f"the solver's process ended with code {code} and gave no answer")


class _Inbox:
    """Messages from a pipe, read without ever waiting longer than asked."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = bytearray()
        self.closed = False

    def messages(self, wait_s: float) -> list[Any]:
        """Every whole message that is there, waiting at most ``wait_s`` for more bytes."""
        ready, _, _ = select.select([self._descriptor], [], [], wait_s)
        if ready:
            read = os.read(self._descriptor, 1 << 20)
            self.closed = not read
            self._held += read
        found = []
        while len(self._held) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._held)
            if len(self._held) < _LENGTH.size + size:
                break
            body = bytes(self._held[_LENGTH.size : _LENGTH.size + size])
            del self._held[: _LENGTH.size + size]
            found.append(pickle.loads(body))  # noqa: S301 - our own child's words
        return found


def _hand_over(pipe: IO[bytes] | None, message: object) -> None:
    """Write the task; a child that died meanwhile is noticed by its closed output."""
    with contextlib.suppress(OSError, ValueError):
        if pipe is not None:
            _send(pipe, message)


def _send(pipe: IO[bytes], message: object) -> None:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(body)))
    pipe.write(body)
    pipe.flush()


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        pipe.close()


def _receive(pipe: IO[bytes]) -> Any:
    (size,) = _LENGTH.unpack(pipe.read(_LENGTH.size))
    return pickle.loads(pipe.read(size))  # noqa: S301 - our own parent's words


def _end_with_parent(pipe: IO[bytes]) -> None:
    """Wait for the end of the input, which is the end of the parent, then end at once."""
    pipe.read(1)
    os._exit(3)


def main() -> None:
    """Child's side: read one task, stream what is found, hand in the answer."""
    task, words = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the messages
    began_s = time.monotonic()
    program, options, start, limit_s = _receive(task)
    threading.Thread(target=_end_with_parent, args=(task,), daemon=True).start()
    said_s = [0.0]

    def tell(news: Incumbent) -> None:
        now_s = time.monotonic()
        if len(news.values) or now_s - said_s[0] > _NEWS_EVERY_S:
            said_s[0] = now_s
            _send(words, news)

    if np.isfinite(limit_s):
        left_s = limit_s - (time.monotonic() - began_s)
        options = replace(options, time_limit_s=left_s)
    _send(words, highs.run(program, options, start=start, on_news=tell))


if __name__ == "__main__":
    main()

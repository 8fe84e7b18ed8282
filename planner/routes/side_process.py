"""A second process that evaluates one call after another, on the machine's other core.

PyVRP holds Python's lock, so that threads would only take turns. The child is this module
(``python -m planner.routes.side_process``): it reads a function and its arguments, answers with
what the function returns, and reads on; messages are pickles between the two processes alone. It is
started with ``subprocess``, because workers of a pool may have no multiprocessing children, and it
ends when its parent ends it or is gone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LENGTH_BYTES = 8
"""Of a call, before it."""


class SideProcess:
    """A child that calculates; whoever started it ends it (or uses it in a ``with``)."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "planner.routes.side_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            # Ctrl-C goes to the parent alone, which ends the child itself.
            start_new_session=True,
        )
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
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 - asked for when it was started
            assert self._process.stdout is not None  # noqa: S101 - likewise
            self._process.stdin.write(len(asked).to_bytes(LENGTH_BYTES, "big"))
            self._process.stdin.write(asked)
            self._process.stdin.flush()
            self._answer = pickle.load(self._process.stdout)  # noqa: S301 - our own child's

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
        self._process.kill()
        self._process.wait()
        self._talk.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def main() -> None:
    """Answer until nothing more is asked."""
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(asked,), daemon=True).start()
    while True:
        function, arguments = pickle.loads(asked.get())  # noqa: S301 - our own parent's
        pickle.dump(function(*arguments), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _read(asked: queue.SimpleQueue[bytes]) -> None:
    """Take calls in, also during one: when the pipe closes, whoever asked is gone."""
    while True:
        length = sys.stdin.buffer.read(LENGTH_BYTES)
        if len(length) < LENGTH_BYTES:
            os._exit(3)
        asked.put(sys.stdin.buffer.read(int.from_bytes(length, "big")))


if __name__ == "__main__":
    main()

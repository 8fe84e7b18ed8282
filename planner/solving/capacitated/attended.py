"""Compiled work beside a thread that listens, so that a long kernel obeys limit and listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from planner.problem import IntArray

T = TypeVar("T")

LISTEN_EVERY_S = 0.1

Pause = Callable[[], bool]
"""Asked in the thread of the caller whether to stop; may raise, which stops too."""


def attended(jobs: Sequence[Callable[[], T]], halt: IntArray, pause: Pause) -> list[T]:
    """Run jobs side by side; ``halt`` (1,), which they look at, is set once ``pause`` says so."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job) for job in jobs]
        wait_for(running, halt, pause)
        return [one.result() for one in running]


def wait_for(running: Sequence[Future[T]], halt: IntArray, pause: Pause) -> None:
    """Wait until all have ended; ``halt`` is set as soon as ``pause`` says so or raises."""
    try:
        while wait(running, timeout=LISTEN_EVERY_S).not_done:
            if pause():
                halt[0] = 1
    except BaseException:
        halt[0] = 1
        raise

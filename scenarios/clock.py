"""Where the seconds of a run go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._by_step: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Count what happens inside under ``step``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._by_step[step] = self._by_step.get(step, 0.0) + time.perf_counter() - start

    @property
    def seconds(self) -> dict[str, float]:
        """By step, and in all."""
        return {**self._by_step, "total": time.perf_counter() - self._start}

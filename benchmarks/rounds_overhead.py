"""How much of our time for rounds is not PyVRP's own: what the wrapping costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from planner.routes import search


@dataclass
class PyvrpClock:
    """Seconds inside PyVRP's search, with those of our listeners and clock that it calls."""

    searching_s: float = 0.0
    called_back_s: float = 0.0

    def overhead(self, whole_s: float) -> float:
        """Share of a whole that was spent outside PyVRP's own code."""
        return 1.0 - (self.searching_s - self.called_back_s) / whole_s


@contextmanager
def pyvrp_clock() -> Iterator[PyvrpClock]:
    """Time every search of this process; a second process is not seen, nor does it cost time here.

    PyVRP's own is all of ``search.solved`` (its neighbourhoods, first solution and iterations, as
    ``pyvrp.solve`` has them too) but for what it calls of ours.
    """
    clock = PyvrpClock()

    def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            begin_s = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                setattr(clock, part, getattr(clock, part) + time.perf_counter() - begin_s)

        return call

    ours = (
        (search._Stop, "__call__"), (search._Listener, "on_iteration"),  # noqa: SLF001 - measured
        (search._Listener, "on_best"),  # noqa: SLF001 - measured
    )  # fmt: skip
    with ExitStack() as patches:
        whole = timed(search.solved, "searching_s")
        patches.enter_context(mock.patch.object(search, "solved", whole))
        for kind, name in ours:
            method = timed(getattr(kind, name), "called_back_s")
            patches.enter_context(mock.patch.object(kind, name, method))
        yield clock

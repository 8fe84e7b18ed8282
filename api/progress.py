"""What a person at a terminal sees of a running plan."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from geodata.faults import N_
from scenarios.progress import OnRunProgress, RunProgress, unheard
from scenarios.wording import Translate, number, percent, translator

SHOWN_AFTER_S = 1.0
"""What is over sooner needs no bar."""

TELL = "WANGDIAN_TELL"
"""Set in the environment: each new step is a line on standard error, for scripts and logs."""

STEPS = {
    "inputs": N_("reading inputs"),
    "assess": N_("assessing the present state"),
    "sites": N_("gathering and screening sites"),
    "distances": N_("measuring distances"),
    "solve": N_("solving"),
    "write": N_("writing files"),
}


@contextmanager
def progress_bar(lang: str, *, quiet: bool) -> Iterator[OnRunProgress]:
    """A listener that draws a bar with phase, incumbent and gap on standard error."""
    if os.environ.get(TELL):
        yield _tell
        return
    if quiet or not sys.stderr.isatty():
        yield unheard
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    listener = _Bar(bar, translator(lang))
    try:
        yield listener.hear
    finally:
        bar.stop()


_told: list[str] = []


def _tell(event: RunProgress) -> None:
    """Write a line for each new step."""
    line = " ".join(word for word in (event.step, event.stream, event.tier) if word)
    if _told[-1:] != [line]:
        _told.append(line)
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Bar:
    """Starts after a second, and redraws no more often than a person can read."""

    def __init__(self, bar: Progress, translate: Translate) -> None:
        self._bar = bar
        self._translate = translate
        self._start_s = time.monotonic()
        self._task = bar.add_task("", total=1)
        self._running = False

    def hear(self, event: RunProgress) -> None:
        """Show one event."""
        if not self._running and time.monotonic() - self._start_s >= SHOWN_AFTER_S:
            self._bar.start()
            self._running = True
        self._bar.update(
            self._task,
            description=describe(event, self._translate),
            completed=event.done,
            total=max(event.total, 1),
        )


def describe(event: RunProgress, translate: Translate) -> str:
    """One line of an event: where it is, the best so far, and how far that is from the bound."""
    words = [translate(STEPS.get(event.step, event.step))]
    if event.stream:
        words.append(f"{event.stream}/{event.tier}" if event.tier else event.stream)
    solving = event.solving
    if solving is not None:
        words.append(solving.phase)
        if math.isfinite(solving.objective):
            words.append(translate("best {value}").format(value=number(solving.objective)))
        if math.isfinite(solving.gap):
            words.append(translate("gap {gap}").format(gap=percent(solving.gap, 2)))
    return " · ".join(words)

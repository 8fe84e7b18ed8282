"""What a person at a terminal sees of a running plan."""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
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
    "solved": N_("solved"),
    "rounds": N_("planning rounds"),
    "write": N_("writing files"),
}

PHASES = {
    "load": N_("preparing the solver (the first run of an installation compiles it, a minute)"),
}
"""Phases of a solve that a person wonders about; the others are called as the solver does."""

COMPILING = N_("compiling the road searches, once for this installation (about 15 s)")
"""What ``geodata.impedance`` logs before the first search of an installation."""

LINES_SHOWN = 2
"""So many things that go on at once are named; the rest are counted."""


@contextmanager
def progress_bar(lang: str, *, quiet: bool) -> Iterator[OnRunProgress]:
    """A listener that draws a bar with phase, incumbent and gap on standard error."""
    if os.environ.get(TELL):
        with _logged(_tell_line):
            yield _tell
        return
    if quiet:
        yield unheard
        return
    if not sys.stderr.isatty():
        # A log has no line to draw in; that a compiler runs must be said all the same.
        with _logged(lambda message: _tell_line(translator(lang)(message))):
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
        with _logged(listener.note):
            yield listener.hear
    finally:
        bar.stop()


class _Handler(logging.Handler):
    """Hands the text of each log message on."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on one message."""
        self._tell(record.getMessage())


@contextmanager
def _logged(tell: Callable[[str], None]) -> Iterator[None]:
    """Hear what the road searches say of themselves: that they wait for the compiler."""
    log, handler = logging.getLogger("geodata.impedance"), _Handler(tell)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


_told: list[str] = []


def _tell(event: RunProgress) -> None:
    """Write a line for each new step."""
    line = " ".join(word for word in (event.step, event.stream, event.tier) if word)
    # Tiers are solved side by side, and each reports many times.
    if line not in _told:
        _told.append(line)
        _tell_line(line)


def _tell_line(line: str) -> None:
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
        self._step: RunProgress | None = None
        self._solving: dict[tuple[str, str], RunProgress] = {}
        self._note = ""

    def hear(self, event: RunProgress) -> None:
        """Show one event, beside the tiers that are being solved meanwhile."""
        if time.monotonic() - self._start_s >= SHOWN_AFTER_S:
            self._start()
        tier = (event.stream, event.tier)
        self._note = ""
        if event.step == "solved":
            self._solving.pop(tier, None)
        elif event.step == "solve":
            self._solving[tier] = event
            if self._step is not None and (self._step.stream, self._step.tier) == tier:
                self._step = None
        else:
            self._step = event
        self._bar.update(
            self._task,
            description=self._description(),
            completed=event.done,
            total=max(event.total, 1),
        )

    def note(self, message: str) -> None:
        """Show beside the step that it waits for something, until the next event."""
        self._start()
        self._note = self._translate(message)
        self._bar.update(self._task, description=self._description())

    def _start(self) -> None:
        if not self._running:
            self._bar.start()
            self._running = True

    def _description(self) -> str:
        going_on = [self._step] if self._step is not None else []
        going_on += self._solving.values()
        lines = [describe(one, self._translate) for one in going_on[:LINES_SHOWN]]
        if self._note:
            lines.append(self._note)
        more = len(going_on) - LINES_SHOWN
        return " | ".join(lines) + (f" (+{more})" if more > 0 else "")


def describe(event: RunProgress, translate: Translate) -> str:
    """One line of an event: where it is, the best so far, and how far that is from the bound."""
    words = [translate(STEPS.get(event.step, event.step))]
    if event.stream:
        words.append(f"{event.stream}/{event.tier}" if event.tier else event.stream)
    solving = event.solving
    if solving is not None:
        words.append(translate(PHASES.get(solving.phase, solving.phase)))
        if math.isfinite(solving.objective):
            words.append(translate("best {value}").format(value=number(solving.objective)))
        if math.isfinite(solving.gap):
            words.append(translate("gap {gap}").format(gap=percent(solving.gap, 2)))
    return " · ".join(words)

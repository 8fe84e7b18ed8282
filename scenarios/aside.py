"""The workbook written in a process of its own, while this one writes the other files.

It is started while the last tiers are being solved and this process has nothing else to do, so that
it is ready when there is a plan.
"""

from __future__ import annotations

import contextlib
import pickle
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from planner.child_process import ChildProcess
from scenarios.plan import Plan


class Aside:
    """Writes one workbook; use it as a context, whose end is the end of the process."""

    def __init__(self) -> None:
        self._child: ChildProcess | None = None
        self._asked: tuple[Plan, Path, str] | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a process to write."""
        return self._child is not None

    def prepare(self) -> None:
        """Start the process, and load here what the other files need."""
        from scenarios.output import default_writers  # noqa: PLC0415 - heavy, which is the point

        if self._child is None:
            self._child = ChildProcess.started("scenarios.writer_process")
        default_writers()

    def begin(self, plan: Plan, path: Path, lang: str) -> None:
        """Have the workbook written to ``path``."""
        assert self._child is not None  # noqa: S101 - callers asked ready
        streams = {name: replace(one, answers=()) for name, one in plan.streams.items()}
        self._asked = (plan, path, lang)
        # A child that has died is noticed by its closed link.
        with contextlib.suppress(OSError):
            self._child.link.send((replace(plan, streams=streams), path, lang))

    def finish(self) -> None:
        """Wait for the workbook; what went wrong in writing it is raised here."""
        assert self._child is not None  # noqa: S101 - as above
        assert self._asked is not None  # noqa: S101 - it was begun
        try:
            met = self._child.link.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            from scenarios.deliverables.workbook import write_workbook  # noqa: PLC0415 - heavy

            write_workbook(*self._asked)
            return
        if met is not None:
            raise met

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._child is not None:
            self._child.end()
            self._child = None

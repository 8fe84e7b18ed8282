"""A process that runs one job, in a folder of its own.

The solver must not run in a worker itself: a running task cannot be stopped there, and a fault of
native code would take the worker along. The process may be started before there is a job for it;
it loads what jobs need meanwhile. It ends when its input closes, so that it does not outlive the
worker.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from scenarios.job import BEGIN, CANCEL

LOOK_EVERY_S = 0.1

Told = dict[str, Any]


class JobProcess:
    """Started at once; begins when its specification is written; whoever has it ends it.

    Parameters
    ----------
    work : folder for its own folder, "" is the system's

    Raises
    ------
    OSError
        If there is no room for its folder, or no process to be had.
    """

    def __init__(self, work: str) -> None:
        if work:
            Path(work).mkdir(parents=True, exist_ok=True)
        self.place = Path(tempfile.mkdtemp(prefix="run-", dir=work or None))
        try:
            self._child = self._started()
        except OSError:
            shutil.rmtree(self.place, ignore_errors=True)
            raise
        self._lines: queue.Queue[Told | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def spec(self) -> Path:
        """The file that says what is to be done."""
        return self.place / "spec.json"

    @property
    def alive(self) -> bool:
        """Whether it can be begun: it has not ended, and nobody has tidied its folder away."""
        return self._child.poll() is None and self.place.is_dir()

    def begin(self) -> None:
        """Have it do what its specification says, which has been written."""
        self._say(BEGIN)

    def ask_to_stop(self) -> None:
        """Have it end with the best so far."""
        self._say(CANCEL)

    def next_line(self) -> Told | None:
        """What it says next, nothing where it is silent for a moment, None when it has ended."""
        try:
            return self._lines.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            return {}

    def end(self) -> int:
        """End it at once, with its folder; the code that it ended with."""
        self._child.kill()
        code = self._child.wait()
        shutil.rmtree(self.place, ignore_errors=True)
        return code

    def _started(self) -> subprocess.Popen[str]:
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.Popen(  # noqa: S603 - our own program and file
            [sys.executable, "-P", "-m", "scenarios.job", str(self.spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={
                **os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(self.place)
            },
        )  # fmt: skip

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self._child.stdout:
            try:
                self._lines.put(json.loads(line))
            except ValueError:  # cut short by a kill
                break
        self._lines.put(None)

    def _say(self, word: str) -> None:
        assert self._child.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(OSError):  # it has just ended, which its silence tells
            self._child.stdin.write(f"{word}\n")
            self._child.stdin.flush()

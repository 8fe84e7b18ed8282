"""A command in a fresh process: its wall and processor time, and the memory of all it started."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_MIB = 2**20
_EVERY_S = 0.1
_UNFINISHED = -1


def peak_resident_mib() -> float:
    """Most memory that this process itself has held.

    Linux carries ``ru_maxrss`` over from the parent into a child that it starts, so that a small
    process started by a large one seems large; ``VmHWM`` begins anew with the program.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True)
class Measured:
    """One run of a command.

    Parameters
    ----------
    wall_s : from start to end, imports counted
    cpu_s : of the process and of everything it started and waited for
    peak_mib : resident memory of the largest process of them (``ru_maxrss``)
    tree_mib : of all of them at once, looked at ten times a second; shared pages count for each
    code : its exit code, -1 where it was ended at the limit
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    tree_mib: float
    code: int
    stdout: str
    stderr: str

    @property
    def memory_mib(self) -> float:
        """The less favourable of the two readings."""
        return max(self.peak_mib, self.tree_mib)

    def row(self) -> dict[str, float | int]:
        """The figures, rounded."""
        return {
            "wall_s": round(self.wall_s, 2),
            "cpu_s": round(self.cpu_s, 2),
            "peak_mib": round(self.peak_mib),
            "tree_mib": round(self.tree_mib),
            "exit_code": self.code,
        }


def measure(
    command: Sequence[str | Path], *, limit_s: float, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a command and measure it; at the limit it and its children are ended.

    Parameters
    ----------
    environment : variables besides those of this process
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began_s = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=err,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        watch = _Watch(child.pid, limit_s)
        # Popen.wait would throw the child's resource usage away.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - began_s
        watch.stop()
        out.seek(0)
        err.seek(0)
        return Measured(
            wall_s=wall_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / _MIB,
            tree_mib=watch.peak_bytes / _MIB,
            code=_UNFINISHED if watch.ended else child.returncode,
            stdout=out.read(),
            stderr=err.read(),
        )


class _Watch:
    """Looks at a process and its descendants until it is stopped, and ends them at the limit."""

    def __init__(self, pid: int, limit_s: float) -> None:
        self.peak_bytes = 0
        self.ended = False
        self._process = psutil.Process(pid)
        self._until_s = time.monotonic() + limit_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more looking; returns once it has ended."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_EVERY_S):
            family = self._family()
            self.peak_bytes = max(self.peak_bytes, sum(map(_resident_bytes, family)))
            if time.monotonic() > self._until_s and not self.ended:
                self.ended = True
                for one in reversed(family):
                    _kill(one)

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended since
        return 0


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return

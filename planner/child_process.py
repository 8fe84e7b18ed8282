"""A module of this program run as a process of its own, with a connection to it.

Started with ``subprocess``, because workers of a pool may have no multiprocessing children; its one
argument is the descriptor of the connection, which closes when either side ends. Messages are
pickles between the two processes alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

_STANDARD_ERROR = 2


@dataclass(eq=False)
class ChildProcess:
    """A running child; whoever started it ends it."""

    process: subprocess.Popen[bytes]
    link: Connection

    @classmethod
    def started(cls, module: str) -> ChildProcess:
        """Run ``python -m module DESCRIPTOR``."""
        ours, theirs = Pipe()
        root = str(Path(__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - this program's own module
                [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                # Whatever a library prints there must not get into a command's answer.
                stdout=_STANDARD_ERROR,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                # Ctrl-C goes to the parent alone, which knows what is to become of the work.
                start_new_session=True,
            )
        return cls(process, ours)

    def end(self, *talking: threading.Thread) -> None:
        """End it at once, whatever it is doing.

        Parameters
        ----------
        talking : threads that read from the connection or write to it; they meet its end, and it
            is closed under none of them
        """
        self.process.kill()
        self.process.wait()
        for one in talking:
            one.join()
        self.link.close()

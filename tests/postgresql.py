"""A PostgreSQL server of our own on loopback, which may be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.conftest import missing

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Cluster:
    """Made in a folder of its own, which goes when it is stopped.

    Not below pytest's folders: every session of pytest closes these to other users when it starts.
    """

    def __init__(self, *options: str) -> None:
        if not BINARIES:
            missing("PostgreSQL is not installed")
        self.place = Path(tempfile.mkdtemp(prefix="wangdian-postgresql-"))
        self._options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        # PostgreSQL does not run as root: it is started as whom its package has made.
        self._before: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self.place, "postgres", "postgres")
            self._before = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._tool("initdb", "-A", "trust", "-U", "wangdian", "-E", "UTF8", "--locale=C")

    @property
    def url(self) -> str:
        """Of its only database."""
        return f"postgresql://wangdian@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start, and repair what a kill has left."""
        words = [
            f"-p {self._port}", "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=",
            *(f"-c {one}" for one in self._options),
        ]  # fmt: skip
        self._tool("pg_ctl", "-w", "-l", str(self.place / "log"), "-o", " ".join(words), "start")

    def kill(self) -> None:
        """End it as a power cut would; its children end with it."""
        pid = int((self.place / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End it without waiting for anybody; one that is gone already is left so."""
        self._tool("pg_ctl", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.place, ignore_errors=True)

    def _tool(self, name: str, *arguments: str, check: bool = True) -> None:
        subprocess.run(
            [*self._before, str(BINARIES[-1] / name), "-D", str(self.place / "data"), *arguments],
            check=check,
            capture_output=True,
            cwd=self.place,
        )

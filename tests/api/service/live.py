"""A server in a process of its own, as ``wangdian serve`` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx


class Server:
    """Started on a free port over a folder; may be killed and started again."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data, self.environment = data, environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Start and wait until it answers and hands runs out."""
        words = ["serve", "--no-demo", "--port", str(self.port), "--data", str(self.data)]
        log = (self.data.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *words],
            env={**os.environ, **self.environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.until(self._ready, 120)
        return self

    def _ready(self) -> bool:
        try:
            return bool(self.client.get("/health").json()["runs"])
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """End it at once, its workers left to themselves."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.client.close()

    def run(self, document: dict[str, Any], **options: Any) -> str:
        """Start a run; its id."""
        answer = self.client.post("/api/runs", json={"scenario": document, "anew": True, **options})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def state(self, run_id: str) -> dict[str, Any]:
        """Where a run stands."""
        found: dict[str, Any] = self.client.get(f"/api/runs/{run_id}").json()
        return found

    def ended(self, run_id: str, limit_s: float = 240) -> dict[str, Any]:
        """The run when it has come to its end."""
        self.until(
            lambda: self.state(run_id)["state"] in ("finished", "failed", "cancelled"), limit_s
        )
        return self.state(run_id)

    @staticmethod
    def until(done: Any, limit_s: float) -> None:
        """Wait for something."""
        end_s = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < end_s, "took too long"
            time.sleep(0.2)

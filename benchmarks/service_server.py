"""A server in a process of its own for measuring, started as an office starts it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

READY_S = 120.0
PLANNED_S = 900.0


class LiveServer:
    """``wangdian serve`` on a free port of loopback, ended with the block."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.base = f"http://127.0.0.1:{self._port}"
        words = ["serve", "--no-demo", "--port", str(self._port), "--data", str(data)]
        data.mkdir(parents=True, exist_ok=True)
        self._log = (data.parent / "server.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *words],
            stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        try:
            self.wait(self._ready, READY_S)
        except TimeoutError:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    @property
    def pid(self) -> int:
        """Of the server itself."""
        return self._process.pid

    def resident_mib(self) -> float:
        """Memory that the server itself holds, without the workers."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def told(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the API says; ``body`` is posted.

        Raises
        ------
        RuntimeError
            Where it refuses.
        """
        data = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        status, text = self._asked("GET" if body is None else "POST", path, data, kind)
        if status >= 400:
            raise RuntimeError(f"{path}: {status} {text[:300]!r}")
        return json.loads(text)

    def timed_ms(self, path: str) -> float:
        """From the question to the last byte of a page."""
        began = time.perf_counter()
        self._asked("GET", path, None, {"Accept": "text/html"})
        return (time.perf_counter() - began) * 1e3

    def _asked(
        self, method: str, path: str, data: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=300)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def start(self, scenario: Mapping[str, Any]) -> str:
        """Start a run; its id."""
        return str(self.told("/api/runs", {"scenario": scenario, "anew": True})["id"])

    def keep(self, scenario: Mapping[str, Any]) -> str:
        """Keep a scenario; its id."""
        return str(self.told("/api/scenarios", scenario)["id"])

    def state(self, run_id: str) -> dict[str, Any]:
        """Where a run stands."""
        found: dict[str, Any] = self.told(f"/api/runs/{run_id}")
        return found

    def plan(self, scenario: Mapping[str, Any]) -> str:
        """Plan a scenario to its end; the id of the run.

        Raises
        ------
        RuntimeError
            Where no plan comes of it.
        """
        run_id = self.start(scenario)
        self.wait(lambda: self.state(run_id)["finished_at"] is not None, PLANNED_S)
        found = self.state(run_id)
        if found["state"] != "finished":
            raise RuntimeError(f"the run has {found['state']}: {found['faults']}")
        return run_id

    def stop(self, run_id: str) -> None:
        """Cancel a run and wait until it has ended."""
        self.told(f"/api/runs/{run_id}/cancel", {})
        self.wait(lambda: self.state(run_id)["finished_at"] is not None, 120)

    def wait(self, done: Callable[[], bool], limit_s: float) -> None:
        """Look again until something is so.

        Raises
        ------
        TimeoutError
            After the limit.
        """
        until = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError(f"the server at {self.base}")
            time.sleep(0.2)

    def _ready(self) -> bool:
        try:
            return bool(self.told("/health")["runs"])
        except (OSError, HTTPException):
            return False

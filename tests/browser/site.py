"""The service with its pages on a port of its own, and a browser that reaches nothing else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "out" / "screenshots"
SERIOUS = ("serious", "critical")


class SitePage:
    """A page of the service, what went wrong on it, and what it asked of others."""

    def __init__(self, page, base: str) -> None:
        self.page = page
        self.base = base
        self.faults: list[str] = []
        self.fetched: list[str] = []
        page.on("console", lambda one: one.type == "error" and self.faults.append(one.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.route("**/*", self._route)

    def _route(self, route) -> None:
        if route.request.url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            self.fetched.append(route.request.url)
            route.abort()

    def open(self, path: str, *, ready: bool = False) -> None:
        self.page.goto(self.base + path)
        if ready:
            self.ready()

    def ready(self) -> None:
        """Wait until the page's map has all its layers."""
        self.page.locator("html[data-ready=yes]").wait_for(state="attached")

    def picture(self, name: str) -> None:
        """Keep a screenshot for whoever looks at a change."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def accessibility_faults(self) -> list[str]:
        """Serious faults that axe finds on the page as it stands."""
        import axe_playwright_python

        source = Path(axe_playwright_python.__file__).parent / "axe.min.js"
        found = self.page.evaluate(
            f"async () => {{ {source.read_text('utf-8')}; return axe.run() }}"
        )
        return [
            f"{one['id']}: {node['html'][:120]}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]


@contextmanager
def in_thread(app) -> Iterator[str]:
    """The application answering on a port, with nobody to plan."""
    port = _free_port()
    config = uvicorn.Config(app, port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@contextmanager
def served(data: Path) -> Iterator[str]:
    """``wangdian serve`` as an office starts it."""
    port = _free_port()
    command = [
        sys.executable, "-c", "from api.cli import main; main()", "serve", "--no-demo",
        "--port", str(port), "--data", str(data),
    ]  # fmt: skip
    with (data.parent / "serve.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    try:
        _wait(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def told(base: str, path: str) -> dict:
    """What the API says."""
    with urllib.request.urlopen(base + path, timeout=30) as answer:  # noqa: S310 - our own
        return json.load(answer)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(base: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{base}/sign-in", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(base)

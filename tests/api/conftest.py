"""The command line as a user runs it, with writers that exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory, monkeypatch):
    """No test leaves a note in the user's own state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def wangdian() -> Run:
    """Run ``wangdian`` with arguments."""
    runner = CliRunner()

    def run(*arguments: str | Path) -> Result:
        return runner.invoke(app, [str(one) for one in arguments])

    return run


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A small scenario of one quick stream."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "title: 试\nsynthetic: {villages: 30}\nstreams: [{stream: pesticide_packaging}]\n"
        "solver: {time_limit_s: 10}\nmax_snap_m: 800\n",
        encoding="utf-8",
    )
    return path

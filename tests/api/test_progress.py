"""What is drawn of a run: the step, the tiers solved beside it, and that a compiler runs."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress as Bar

from api import progress
from api.progress import COMPILING, _Bar, progress_bar
from geodata.impedance import compiled
from planner.solution import Progress
from scenarios.progress import RunProgress
from scenarios.wording import translator

LOG = logging.getLogger("geodata.impedance")


@pytest.fixture
def shown():
    bar = Bar(console=Console(file=io.StringIO()))
    line = _Bar(bar, translator("en"))
    yield line, lambda: bar.tasks[0].description
    bar.stop()


def solving(stream: str, objective: float = float("nan")) -> RunProgress:
    event = Progress("bound", 1.0, objective, float("nan"))
    return RunProgress("solve", stream, "point", 0, 5, event)


def test_tiers_solved_at_once_are_named_beside_the_step(shown):
    line, said = shown
    line.hear(RunProgress("distances", "a", "point", 0, 5))
    line.hear(RunProgress("solve", "a", "point", 0, 5))
    line.hear(RunProgress("sites", "b", "store", 0, 5))
    assert said() == "gathering and screening sites · b/store | solving · a/point"
    line.hear(solving("a", 12.0))
    assert said() == "gathering and screening sites · b/store | solving · a/point · bound · best 12"
    line.hear(solving("c"))
    assert said().endswith("(+1)")
    line.hear(RunProgress("solved", "a", "point", 1, 5))
    assert said() == "gathering and screening sites · b/store | solving · c/point · bound"


def test_a_tier_that_is_solved_is_no_longer_at_its_step(shown):
    line, said = shown
    line.hear(RunProgress("distances", "a", "point", 0, 1))
    line.hear(solving("a"))
    assert said() == "solving · a/point · bound"


def test_the_first_run_says_that_it_compiles(shown):
    line, said = shown
    line.hear(RunProgress("assess", "a"))
    line.note(COMPILING)
    assert said() == f"assessing the present state · a | {COMPILING}"
    line.hear(RunProgress("sites", "a", "point"))
    assert COMPILING not in said()
    line.hear(RunProgress("solve", "a", "point", 0, 1, Progress("load", 1.0)))
    assert "compiles it" in said()


def test_what_the_searches_log_is_what_the_line_knows():
    """The sentence is translated by its words: it must be the one that geodata logs."""
    assert COMPILING in Path(compiled.__file__).read_text(encoding="utf-8")


def test_a_log_hears_of_the_compiler_too_and_in_its_language(capsys, monkeypatch):
    monkeypatch.delenv(progress.TELL, raising=False)
    with progress_bar("zh", quiet=False) as hear:
        hear(RunProgress("inputs"))
        LOG.info(COMPILING)
    assert capsys.readouterr().err.startswith("正在编译道路搜索程序")
    with progress_bar("zh", quiet=True):
        LOG.info(COMPILING)
    assert capsys.readouterr().err == ""
    assert LOG.handlers == []

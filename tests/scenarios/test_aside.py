"""The workbook from a process of its own: the same file, the same faults, and no need of it."""

from __future__ import annotations

import os
import signal

import pytest
from openpyxl import load_workbook

from scenarios.aside import Aside
from scenarios.output import WORKBOOK, default_writers, write_plan

FIRST = {WORKBOOK: default_writers()[WORKBOOK]}


def cells(path) -> list[list[tuple[object, ...]]]:
    book = load_workbook(path, read_only=True)
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def test_the_workbook_is_the_same_as_written_here(small_plan, tmp_path):
    with Aside() as aside:
        aside.prepare()
        files = write_plan(small_plan, tmp_path / "aside", "zh", writers=FIRST, aside=aside)
    write_plan(small_plan, tmp_path / "here", "zh", writers=FIRST)
    assert tmp_path / "aside" / WORKBOOK in files
    assert cells(tmp_path / "aside" / WORKBOOK) == cells(tmp_path / "here" / WORKBOOK)


def test_a_process_that_died_is_not_missed(small_plan, tmp_path):
    with Aside() as aside:
        aside.prepare()
        os.kill(aside._child.process.pid, signal.SIGKILL)
        aside._child.process.wait()
        write_plan(small_plan, tmp_path / "out", "zh", writers=FIRST, aside=aside)
    assert (tmp_path / "out" / WORKBOOK).is_file()


def test_what_goes_wrong_is_raised_here(small_plan, tmp_path):
    with Aside() as aside:
        aside.prepare()
        aside.begin(small_plan, tmp_path / "nowhere" / WORKBOOK, "zh")
        with pytest.raises(OSError, match="nowhere"):
            aside.finish()


def test_what_is_not_prepared_is_not_used(small_plan, tmp_path):
    with Aside() as aside:
        assert not aside.ready
        write_plan(small_plan, tmp_path / "out", "zh", writers=FIRST, aside=aside)
    assert (tmp_path / "out" / WORKBOOK).is_file()

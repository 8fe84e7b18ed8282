"""The harness of ``make bench``, on instances of a moment."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.__main__ import PARTS, main, other_commands
from benchmarks.measuring import measure
from benchmarks.scale_siting import MODELS, run


def test_time_memory_and_words_of_a_command_and_its_children():
    grown = "import subprocess,sys; x=bytearray(80_000_000); print('said')"
    done = measure([sys.executable, "-c", grown], limit_s=30)
    assert (done.code, done.stdout) == (0, "said\n")
    assert done.peak_mib > 80
    assert done.memory_mib >= done.peak_mib
    failed = measure([sys.executable, "-c", "import os; exit(os.environ['X'])"], limit_s=30,
                     environment={"X": "why"})  # fmt: skip
    assert failed.code == 1
    assert "why" in failed.stderr


def test_a_command_that_does_not_end_is_ended_with_its_children():
    nested = (
        "import subprocess,sys,time; "
        "subprocess.Popen([sys.executable,'-c','import time; time.sleep(60)']); time.sleep(60)"
    )
    done = measure([sys.executable, "-c", nested], limit_s=0.5)
    assert done.code == -1
    assert done.wall_s < 20


@pytest.mark.parametrize("model", MODELS)
def test_models_are_solved_and_checked(model):
    row = run(model, 60, 12, seed=0, limit_s=5)
    assert row["checked"]
    assert row["outcome"] in ("optimal", "feasible")
    json.dumps(row, allow_nan=False)


def test_rows_go_to_one_file_and_a_missed_bar_is_exit_1(monkeypatch, tmp_path, capsys):
    row = {"bench": "county", "run": "second", "wall_s": 1.0, "cpu_s": 1.0, "peak_mib": 10,
           "tree_mib": 12, "worst_gap": 0.5, "meets_bar": False}  # fmt: skip
    monkeypatch.setitem(PARTS, "county", lambda: iter([row]))
    assert main(["--out", str(tmp_path / "o"), "--only", "county"]) == 1
    assert "MISSES ITS BAR" in capsys.readouterr().out
    assert json.loads((tmp_path / "o" / "product.json").read_text())["rows"] == [row]
    monkeypatch.setitem(PARTS, "county", lambda: iter([{**row, "meets_bar": True}]))
    assert main(["--out", str(tmp_path / "o"), "--only", "county"]) == 0


def test_comparisons_on_real_data_are_asked_only_where_it_is(tmp_path):
    without = other_commands(tmp_path, tmp_path / "gone")
    assert not any("--data" in command for command in without.values())
    assert any("--data" in command for command in other_commands(tmp_path, tmp_path).values())

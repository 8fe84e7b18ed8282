"""The command of rounds: its options, and which streams a run is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.commands.rounds import _scenario
from geodata.faults import InputError


def test_the_command_is_there_with_its_options():
    result = CliRunner().invoke(app, ["rounds", "--help"], env={"COLUMNS": "160"})
    assert result.exit_code == 0
    for option in ("--stream", "--split", "--anywhere", "--plan", "--time-limit"):
        assert option in result.output


def test_only_the_streams_asked_for_are_planned():
    read, folder = _scenario(Path("demo"), ["synthetic.villages=20"], ["household_transfer"])
    assert [one.stream for one in read.streams] == ["household_transfer"]
    assert read.synthetic is not None
    assert read.synthetic.villages == 20
    assert folder == Path()


def test_a_file_that_is_not_there_is_one_message(tmp_path):
    out = str(tmp_path / "out")
    result = CliRunner().invoke(app, ["rounds", str(tmp_path / "no.yaml"), "--out", out])
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_stream_that_the_scenario_lacks_is_refused_with_the_example_that_has_it(tmp_path):
    asked = ["rounds", "demo", "--stream", "hazardous_small_source", "--lang", "en"]
    result = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "household_transfer" in result.output
    assert "wangdian rounds collection_rounds --stream hazardous_small_source" in result.output
    with pytest.raises(InputError, match="no stream nothing"):
        _scenario(Path("demo"), [], ["nothing"])

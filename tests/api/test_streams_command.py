"""``wangdian streams``: the list, one with its evidence, and the documentation."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from api.cli import app
from scenarios.load_knowledge import stream_ids

RUNNER = CliRunner()


def wangdian(*words: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["streams", *words])
    return done.exit_code, done.output


def test_the_list_names_every_stream_in_both_languages():
    for lang, word in (("zh", "秸秆收储"), ("en", "straw")):
        code, text = wangdian("--lang", lang)
        assert code == 0
        assert word in text
    code, text = wangdian("--json")
    said = json.loads(text)
    assert [one["id"] for one in said["streams"]] == list(stream_ids())
    assert {"G2"} <= {system for one in said["audit_rules"] for system in one["systems"]}


def test_one_stream_is_shown_with_its_evidence():
    code, text = wangdian("show", "straw")
    assert code == 0
    assert "秸秆收储" in text
    assert "规划取值（非规范条文）" in text
    code, text = wangdian("show", "estate_rooms", "--lang", "en")
    assert "GB 55013-2021" in text
    assert "not used" in text
    code, text = wangdian("show", "medical_waste", "--json")
    said = json.loads(text)
    hours = [one for one in said["numbers"] if one["key"].endswith("holding.hours")]
    assert [(one["value"], one["evidence"]) for one in hours] == [(48, "seen")]


def test_an_audit_rule_is_shown_too():
    code, text = wangdian("show", "heaps_clearance", "--lang", "en")
    assert code == 0
    assert "wangdian check" in text
    assert json.loads(wangdian("show", "heaps_clearance", "--json")[1])["systems"] == ["G2"]


def test_an_unknown_stream_is_one_message_with_the_nearest():
    code, text = wangdian("show", "straww_storage", "--lang", "en")
    assert code == 2
    assert "did you mean straw_storage?" in text


def test_the_documentation_is_written(tmp_path: Path):
    code, text = wangdian("doc", "--out", str(tmp_path), "--lang", "en")
    assert code == 0
    assert "pages written" in text
    assert (tmp_path / "en" / "tyres.md").is_file()

"""The streams' documentation: written from the YAML, whole in both languages, and committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geodata.faults import InputError
from scenarios.audit_profile import audit_ids
from scenarios.load import profile_of
from scenarios.load_knowledge import stream_ids
from scenarios.numbers import numbers_in
from scenarios.schema import StreamUse
from scenarios.stream_pages import find_stream, page, pages, write_pages
from scenarios.stream_tables import cell, markdown_table

DOCS = Path(__file__).resolve().parents[3] / "docs" / "streams"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_committed_pages_are_what_the_yaml_says(lang: str):
    wanted = dict(pages(lang))
    there = {path.name: path.read_text("utf-8") for path in (DOCS / lang).glob("*.md")}
    stale = sorted(name for name in wanted if there.get(name) != wanted[name])
    assert not stale, "run `wangdian streams doc --out docs/streams`"
    assert set(there) == set(wanted)


@pytest.mark.parametrize("stream", stream_ids())
def test_a_page_has_every_number_and_every_rule(stream: str):
    profile = profile_of(StreamUse(stream=stream))
    chinese, english = page(stream, "zh"), page(stream, "en")
    for one in numbers_in(profile):
        assert f"`{one.key}`" in chinese
        assert f"`{one.key}`" in english
    for tier in profile.tiers:
        for quota in tier.quotas:
            assert cell(quota.text) in chinese
    assert "## 全部数值及其依据" in chinese
    assert "## Every number and its evidence" in english


@pytest.mark.parametrize("stream", stream_ids())
def test_an_english_page_is_english(stream: str):
    """Names and quotations of the texts stay Chinese; the page's own words and notes do not."""
    for line in page(stream, "en").splitlines():
        if line.startswith("#"):
            assert not re.search(r"[\u4e00-\u9fff]", line), line


def test_an_editable_default_and_a_conflict_are_told_as_such():
    text = page("household_transfer", "en")
    assert "**planning assumption, not a clause**" in text
    assert "is used" in text
    assert "0.361" in text


def test_a_stream_is_found_by_id_name_or_beginning():
    assert find_stream("straw") == "straw_storage"
    assert find_stream("straw_three_tier") == "straw_three_tier"
    assert find_stream("废旧农膜") == "farm_film"
    assert find_stream("medic") == "medical_waste"
    assert find_stream("heaps") == "heaps_clearance"
    with pytest.raises(InputError, match="did you mean"):
        find_stream("medcal_waste")


def test_a_bar_or_line_break_does_not_end_a_cell():
    lines = list(markdown_table(["a|b"], [["x\ny|z"]]))
    assert lines == ["| a\\|b |", "|---|", "| x y\\|z |"]
    assert list(markdown_table(["a"], [])) == []


def test_pages_are_written_into_a_folder_a_language(tmp_path: Path):
    written = write_pages(tmp_path)
    assert len(written) == 2 * (1 + len(stream_ids()) + len(audit_ids()))
    assert (tmp_path / "zh" / "README.md").read_text("utf-8").startswith("# 类别与审计规则")
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="is a file"):
        write_pages(tmp_path / "file")

"""``wangdian targets`` and what ``wangdian check`` says of a document."""

from __future__ import annotations

import json

import pytest
import yaml

from scenarios.load import example
from tests.scenarios.documents import CLEAN

SCENARIO = {
    "title": "试",
    "synthetic": {"villages": 30},
    "streams": [{"stream": "pesticide_packaging"}],
    "solver": {"time_limit_s": 10},
    "max_snap_m": 800,
}
POINTS = {
    "number": 3, "name": "回收点覆盖率", "targets": {2025: "100%"}, "clause": "附件 3",
    "decided_by": [{"stream": "pesticide_packaging", "figure": "served_points"}],
}  # fmt: skip


@pytest.fixture
def scenario_with(tmp_path):
    """Write a scenario with the clean document and some parts of it replaced."""

    def write(**changes):
        path = tmp_path / "s.yaml"
        document = {**CLEAN, **changes}
        path.write_text(yaml.safe_dump({**SCENARIO, "document": document}, allow_unicode=True),
                        encoding="utf-8")  # fmt: skip
        return path

    return write


def test_the_table_is_printed_in_both_languages(wangdian, scenario_with):
    path = scenario_with()
    chinese = wangdian("targets", path)
    english = wangdian("targets", path, "--lang", "en")
    assert chinese.exit_code == english.exit_code == 0
    assert "秸秆综合利用率★" in chinese.stdout
    assert "与布局无关" in chinese.stdout
    assert "not decided by siting" in english.stdout
    assert "5 percentage points from the baseline" in english.stdout


def test_a_plan_decides_what_siting_decides(wangdian, scenario_with, tmp_path):
    table = {"clause": "附件"}
    path = scenario_with(indicators=[*CLEAN["indicators"], POINTS], table=table)
    before = json.loads(wangdian("targets", path, "--json").stdout)["indicators"][2]
    assert (before["state"], before["plan"]) == ("not_planned", None)
    made = wangdian("plan", path, "--out", tmp_path / "plan", "--quiet")
    assert made.exit_code == 0, made.output
    shown = wangdian("targets", path, "--plan", tmp_path / "plan", "--json")
    after = json.loads(shown.stdout)["indicators"][2]
    assert after["state"] in ("met", "not_met")
    assert after["targets"][0]["gap"] == pytest.approx(100 - after["plan"]["value"], abs=1e-6)
    assert after["plan"]["stream"] == "pesticide_packaging"


def test_a_scenario_without_a_document_says_so(wangdian, scenario):
    result = wangdian("targets", scenario, "--lang", "en")
    assert result.exit_code == 2
    assert "has no 'document'" in result.stderr


NO_YEAR = json.dumps({"stream": {"id": "a"}, "indicators": [], "facilities": [], "tiers": [],
                      "assessment": {}, "phases": [{"year": "2025", "facilities": []}]})  # fmt: skip


@pytest.mark.parametrize(
    "content", [None, "[]", '{"stream": {}}', "{", '{"stream": {"id": "a"}}', NO_YEAR]
)
def test_a_folder_without_a_plan_is_refused(wangdian, scenario_with, tmp_path, content):
    if content is not None:
        (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    result = wangdian("targets", scenario_with(), "--plan", tmp_path, "--lang", "en")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "plan" in result.stderr


def test_check_reports_findings_and_still_succeeds(wangdian, scenario_with):
    events = [{"name": "会议", "day": "2023-09-01", "clause": "三"}]
    path = scenario_with(events=events)
    result = wangdian("check", path, "--lang", "en")
    assert result.exit_code == 0
    assert "the document of 2023-08-19 reports 会议 of 2023-09-01" in result.stdout
    plain = json.loads(wangdian("check", path, "--json").stdout)
    [finding] = plain["findings"]
    assert (finding["rule"], finding["figures"]["days"]) == ("reported_before", 13)
    assert "晚于文件日期" in finding["name"]


def test_check_of_a_clean_document_finds_nothing(wangdian, scenario_with):
    result = wangdian("check", scenario_with(), "--json")
    assert json.loads(result.stdout)["findings"] == []


def test_check_looks_at_deadlines_from_a_day(wangdian, scenario_with):
    tasks = [{**CLEAN["tasks"][0], "done": []}]
    path = scenario_with(tasks=tasks)
    late = json.loads(wangdian("check", path, "--on", "2025-03-01", "--json").stdout)["findings"]
    assert [one["rule"] for one in late] == ["task_deadline"]
    assert late[0]["figures"]["days_left"] < 0


def test_check_finds_what_domain_reviewers_found_in_a_real_document(wangdian, tmp_path):
    path = tmp_path / "s.yaml"
    document = example("changchun_chaoyang").document.model_dump(mode="json")
    path.write_text(yaml.safe_dump({**SCENARIO, "document": document}, allow_unicode=True),
                    encoding="utf-8")  # fmt: skip
    result = wangdian("check", path)
    assert result.exit_code == 0
    assert "相差 52%" in result.stdout
    assert "99.6" in result.stdout

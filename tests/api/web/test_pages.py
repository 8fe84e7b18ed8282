"""Pages as they leave the server: who sees which, in which language, under which policy."""

from __future__ import annotations

import io
import json
import re

import openpyxl
import pytest

from api.web import knowledge
from api.web.profile_form import form_groups
from api.web.rendering import typed
from api.web.run_words import gap_sentence
from scenarios.load import profile_of
from scenarios.load_knowledge import stream_ids
from scenarios.schema import StreamUse
from scenarios.store.models import RunRow
from tests.api.service.conftest import HOSTILE, STREAM

PAGE = {"accept": "text/html"}
PLANNERS = ("/planner", "/planner/new", f"/planner/new?stream={STREAM}")


def test_no_page_has_inline_script_or_style_and_names_are_text(client, run_id):
    for path in (*PLANNERS, "/township", "/sign-in", f"/planner/runs/{run_id}",
                 f"/planner/runs/{run_id}/faults", f"/planner/compare?a={run_id}&b={run_id}"):  # fmt: skip
        answer = client.get(path, headers=PAGE)
        assert answer.status_code == 200, path
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert HOSTILE not in answer.text
        for attributes in re.findall(r"<script([^>]*)>", answer.text):
            assert "src=" in attributes or "application/json" in attributes
        assert not re.search(r"<[^>]+\s(on\w+|style)=", answer.text)
        assert not re.search(r'(src|href)="(https?:)?//', answer.text)


def test_the_language_is_asked_for_and_then_remembered(client, run_id):
    chinese = client.get("/township", headers=PAGE)
    assert '<html lang="zh-CN">' in chinese.text
    assert "服务半径查询" in chinese.text
    english = client.get("/township?lang=en", headers=PAGE)
    assert "Is this village served?" in english.text
    assert "Is this village served?" in client.get("/township", headers=PAGE).text


def test_errors_are_pages_for_browsers_and_problems_for_programs(client):
    page = client.get("/nothing?lang=en", headers=PAGE)
    assert page.status_code == 404
    assert "There is no such thing" in page.text
    page = client.get("/planner/runs/none", headers={**PAGE, "accept-language": "zh"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert client.get("/nothing").headers["content-type"] == "application/problem+json"
    assert client.get("/api/runs/none", headers=PAGE).json()["status"] == 404


def test_a_township_sees_its_own_and_no_planner_s_page(person, run_id, planned):
    _, summary = planned
    own, other = summary["districts"][:2]
    person("administrator")
    official = person("township", district=own)
    page = official.get("/township", headers=PAGE)
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', page.text).group(1))
    assert {one["district"] for one in data["villages"]} == {own}
    assert official.get("/township", params={"district": other}, headers=PAGE).status_code == 403
    for path in PLANNERS:
        assert official.get(path, headers=PAGE).status_code == 403
    for name in ("tasks", "villages"):
        path = f"/api/runs/{run_id}/{name}.csv"
        assert official.get(path, params={"district": other}).status_code == 403
        assert other not in official.get(path).text
    plan = official.get(f"/planner/runs/{run_id}", headers=PAGE, follow_redirects=False)
    assert plan.headers["location"].startswith("/township")


def test_nobody_in_particular_sees_published_plans_only(person, run_id, client):
    planner = person("administrator")
    assert "还没有" in client.get("/township", headers=PAGE).text
    assert client.get("/planner", headers=PAGE).status_code == 401
    planner.put(f"/api/runs/{run_id}/publication", json={"published": True})
    page = client.get("/township", headers=PAGE).text
    assert "任务单" in page
    assert '<form class="comment"' not in page


def test_the_task_list_is_a_spreadsheet(client, run_id):
    text = client.get(f"/api/runs/{run_id}/tasks.csv").content.decode("utf-8-sig")
    rows = text.strip().splitlines()
    tasks = client.get(f"/api/runs/{run_id}/tasks").json()["tasks"]
    assert len(rows) == len(tasks) + 1
    assert "责任单位" in rows[0]
    book = client.get(f"/api/runs/{run_id}/villages.xlsx?served=false").content
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert sheet.max_row == 1  # every village of the plan is served


@pytest.mark.parametrize("stream", stream_ids())
def test_every_number_of_a_form_can_be_set(stream):
    profile = knowledge.profile(stream)
    fields = [one for group in form_groups(profile, "zh") for one in group.fields]
    changes = {one.key: one.value for one in fields if one.value is not None}
    again = profile_of(StreamUse(stream=stream, set=changes))
    after = [one for group in form_groups(again, "en") for one in group.fields]
    assert [one.value for one in after] == [one.value for one in fields]
    assert all(one.source or one.planning for one in fields)


def test_a_recalled_number_says_so():
    groups = form_groups(knowledge.profile("pesticide_packaging"), "zh")
    radius = next(one for group in groups for one in group.fields if one.key.endswith("radius_km"))
    assert radius.planning
    assert radius.value == 3.0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_planning_value_is_marked_once(client, lang):
    page = client.get(f"/planner/new?stream=pesticide_packaging&lang={lang}", headers=PAGE).text
    mark = {"zh": "规划取值（非规范条文）", "en": "planning assumption, not a clause"}[lang]
    sources = re.findall(r"<td data-title=[^>]*>(<b.*?)</td>", page)
    assert sources
    assert [one.count(mark) for one in sources] == [1] * len(sources)


@pytest.mark.parametrize(("value", "text"), [
    (None, ""), (3.55e-05, "0.0000355"), (3.0, "3"), (100.0, "100"), (1e22, "1" + 22 * "0"),
    (-0.5, "-0.5"), (0.1 + 0.2, "0.30000000000000004"), (0, "0"),
])  # fmt: skip
def test_numbers_stand_in_fields_as_people_type_them(value, text):
    assert typed(value) == text
    assert value is None or float(text) == value


def test_a_fault_does_not_say_twice_where_it_is(client, service_app, run_id):
    faults = [
        {"where": where, "severity": "warning", "row": row, "zh": f"{place}: 缺{what}", "en": ""}
        for where, row, place, what in (
            ("villages", None, "villages", "人口"), ("a: b.csv", 3, "a: b.csv, 第 3 行", "坐标"),
            (STREAM, None, "别处", "类别"),
        )
    ]  # fmt: skip
    with service_app.state.service.database.writing() as session:
        session.get(RunRow, run_id).faults = faults
    page = client.get(f"/planner/runs/{run_id}/faults?lang=zh", headers=PAGE).text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert cells[::4] == ["需求点", "a: b.csv", "农药包装废弃物回收点"]
    assert cells[3::4] == ["缺人口", "缺坐标", "别处: 缺类别"]


@pytest.mark.parametrize(("summary", "words"), [
    ({"objective": 1.0, "gap": 0.0, "outcome": "optimal"}, "已证明最优"),
    ({"objective": 1.0, "gap": 0.0079, "outcome": "feasible"}, "最多相差 0.8%"),
    ({"objective": 1.0, "gap": None, "outcome": "feasible"}, "尚"),
])  # fmt: skip
def test_what_is_proven_is_said_as_to_an_official(summary, words):
    assert words in gap_sentence(summary, "zh") or summary["gap"] is None


def test_a_run_without_a_summary_still_has_names():
    row = RunRow(streams=[STREAM, "unknown"], summary={})
    assert knowledge.stream_names(row, "zh") == {
        STREAM: "农药包装废弃物回收点",
        "unknown": "unknown",
    }

"""Runs over the API: accepted, kept, cancelled, changed, compared; their results."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest

from scenarios.store import runs
from scenarios.store.models import RunState
from tests.api.service.conftest import DOCUMENT, HOSTILE, STREAM, add_plan


def test_a_run_is_accepted_with_its_address(client):
    answer = client.post("/api/runs", json={"scenario": {**DOCUMENT, "title": "another"}})
    assert answer.status_code == 202
    told = client.get(answer.headers["location"]).json()
    assert told["state"] == "queued"
    assert told["scenario"]["title"] == "another"


def test_the_same_inputs_are_answered_from_what_is_kept(client, run_id, service_app):
    answer = client.post("/api/runs", json={"scenario": DOCUMENT, "lang": "zh"})
    assert answer.status_code in (200, 202)
    # Defaults are left out of a kept document: the key is that of the document as it is kept.
    again = client.post("/api/runs", json={"scenario": DOCUMENT, "lang": "zh"})
    assert again.json()["id"] == answer.json()["id"]
    anew = client.post("/api/runs", json={"scenario": DOCUMENT, "lang": "zh", "anew": True})
    assert anew.json()["id"] != answer.json()["id"]


def test_a_queued_run_is_cancelled_and_then_removed(client, service_app):
    made = client.post("/api/runs", json={"scenario": {**DOCUMENT, "title": "c"}}).json()
    where = f"/api/runs/{made['id']}"
    assert client.delete(where).status_code == 409
    assert client.post(f"{where}/cancel").status_code == 202
    service = service_app.state.service
    with service.database.writing() as session:
        row = runs.run(session, made["id"])
        assert row.cancel_requested
        runs.end(session, row, RunState.CANCELLED)
    assert client.post(f"{where}/cancel").status_code == 409
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_events_are_sent_from_any_of_them_on(client, run_id):
    def kinds(after=0):
        text = client.get(f"/api/runs/{run_id}/events", params={"after": after}).text
        return [line[7:] for line in text.splitlines() if line.startswith("event: ")]

    assert kinds() == ["queued", "finished", "end"]
    assert kinds(10**9) == ["end"]


def test_results_are_listed_and_every_file_comes_as_what_it_is(client, run_id):
    told = client.get(f"/api/runs/{run_id}/results").json()
    assert {one["name"] for one in told["files"]} == {
        "map.html", "plan.xlsx", "plan.gpkg", "plan.json", "problem.npz",
    }  # fmt: skip
    for one in told["files"]:
        answer = client.get(one["href"])
        assert answer.status_code == 200
        assert len(answer.content) == one["size"]
    for name, href in told["layers"].items():
        layer = client.get(href).json()
        assert layer["type"] == "FeatureCollection", name


@pytest.mark.parametrize("name", [
    "../../wangdian.db", "%2e%2e/%2e%2e/wangdian.db", "..%5c..%5cwangdian.db", "service.npz",
    "features/villages.jsonl", "plan.json/../../x", "/etc/passwd", "plan.json%00", "nothing",
])  # fmt: skip
def test_nothing_but_the_plans_files_is_served(client, run_id, name):
    assert client.get(f"/api/runs/{run_id}/files/{name}").status_code == 404


def test_the_map_has_an_origin_of_its_own(client, run_id):
    answer = client.get(f"/api/runs/{run_id}/map")
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert HOSTILE not in answer.text


def test_the_report_is_for_printing_and_for_word(client, run_id):
    page = client.get(f"/api/runs/{run_id}/report")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    document = pytest.importorskip("docx").Document(
        io.BytesIO(client.get(f"/api/runs/{run_id}/report.docx").content)
    )
    assert HOSTILE in document.paragraphs[0].text
    assert document.styles["Normal"].element.xml.count("eastAsia") == 1


def test_a_change_is_a_new_run_that_starts_from_the_old(client, run_id):
    layer = client.get(f"/api/runs/{run_id}/layers/facilities.geojson").json()
    new = next(f for f in layer["features"] if f["properties"]["status"] == "new")["properties"]
    village = client.get(f"/api/runs/{run_id}/layers/villages.geojson").json()["features"][0]
    changes = {
        "sites": [
            {"action": "ban", "stream": STREAM, "site": new["id"]},
        ],
        "radii": [{"stream": STREAM, "tier": new["tier"], "radius_km": 4}],
    }
    answer = client.post(f"/api/runs/{run_id}/replan", json=changes)
    assert answer.status_code == 202, answer.text
    told = client.get(answer.headers["location"]).json()
    assert told["start_run_id"] == run_id
    assert told["scenario"]["site_changes"][0]["site"] == new["id"]
    assert village


@pytest.mark.parametrize("changes", [
    {"sites": [{"action": "move", "stream": STREAM, "site": "x"}]},
    {"sites": [{"action": "burn", "stream": STREAM, "site": "x"}]},
    {"radii": [{"stream": STREAM, "tier": "x.y", "radius_km": 4}]},
    {"radii": [{"stream": STREAM, "tier": "x", "radius_km": -4}]},
    {"closed_roads": [{"lon": 999, "lat": 0}]},
    {"overrides": ["layers.villages.file=/etc/passwd"]},
    {"what": 1},
])  # fmt: skip
def test_changes_that_are_none_are_refused(client, run_id, changes):
    assert client.post(f"/api/runs/{run_id}/replan", json=changes).status_code == 422


def test_two_plans_are_compared(client, run_id, service_app, planned, tmp_path):
    folder, summary = planned
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.rglob("*"):
        if path.is_file():
            goal = other / path.relative_to(folder)
            goal.parent.mkdir(exist_ok=True)
            goal.write_bytes(path.read_bytes())
    plan = json.loads((other / "plan.json").read_text("utf-8"))
    gone = plan["facilities"].pop()
    for one in plan["assignments"]:
        if one["to_id"] == gone["id"]:
            one["to_id"] = plan["facilities"][0]["id"]
    (other / "plan.json").write_text(json.dumps(plan), "utf-8")
    after = add_plan(service_app.state.service, (other, summary))
    told = client.get(f"/api/runs/{run_id}/comparison/{after.id}").json()["streams"][STREAM]
    assert [one["id"] for one in told["closed"]] == [gone["id"]]
    assert told["opened"] == []
    assert told["counts"]["reassigned"] > 0
    layer = client.get(f"/api/runs/{run_id}/comparison/{after.id}/map").json()
    assert {"closed", "kept", "reassigned"} <= {
        f["properties"]["change"] for f in layer["features"]
    }
    same = client.get(f"/api/runs/{run_id}/comparison/{run_id}").json()["streams"][STREAM]
    assert sum(same["counts"].values()) == 0


def test_the_workbook_runs_no_formula(client, run_id):
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/api/runs/{run_id}/files/plan.xlsx").content)
    )
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)

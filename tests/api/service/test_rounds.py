"""Rounds over the API: asked for over a plan, read by those whom they concern."""

from __future__ import annotations

import json

import pytest

from api.jobs.rows import run_folder
from api.jobs.task import so_far_folder
from api.routes import results
from api.running import run_key
from scenarios import rounds_output
from scenarios.store import runs
from tests.api.service.conftest import DOCUMENT, STREAM

PAGE = {"accept": "text/html"}


def test_rounds_are_a_run_of_their_own_over_a_plan(client, run_id):
    asked = {"time_limit_s": 5, "streams": [STREAM], "split": True}
    answer = client.post(f"/api/runs/{run_id}/rounds", json=asked)
    assert answer.status_code == 202, answer.text
    told = client.get(answer.headers["location"]).json()
    assert (told["kind"], told["state"], told["start_run_id"]) == ("rounds", "queued", run_id)
    again = client.post(f"/api/runs/{run_id}/rounds", json=asked).json()
    assert again["id"] == told["id"]
    other = client.post(f"/api/runs/{run_id}/rounds", json={**asked, "seed": 1}).json()
    assert other["id"] != told["id"]
    # The plan's own answer is not taken for its rounds.
    assert run_key(DOCUMENT, "zh") != run_key(DOCUMENT, "zh", {})
    assert client.post(f"/api/runs/{told['id']}/cancel").status_code == 202


@pytest.mark.parametrize(("wanted", "status"), [
    ({"streams": ["household_transfer"]}, 404), ({"streams": ["../x"]}, 422),
    ({"time_limit_s": 0}, 422), ({"time_limit_s": 1e9}, 422), ({"seed": -1}, 422), ({"x": 1}, 422),
])  # fmt: skip
def test_rounds_that_cannot_be_are_refused(client, run_id, wanted, status):
    assert client.post(f"/api/runs/{run_id}/rounds", json=wanted).status_code == status


def test_rounds_are_read_by_stream_day_and_lorry(client, rounds_id, run_id):
    base = f"/api/runs/{rounds_id}"
    assert client.get(f"{base}/rounds").json()[STREAM]["checked"]
    assert client.get(f"{base}/rounds", params={"stream": "x"}).status_code == 404
    layer = f"{base}/rounds.geojson"
    assert len(client.get(layer).json()["features"]) == 3
    for query, count in (({"day": 1}, 1), ({"day": 0}, 2), ({"lorry": "站-2"}, 0)):
        assert len(client.get(layer, params=query).json()["features"]) == count
    told = client.get(f"{base}/results").json()
    assert told["plan"] == run_id
    for one in told["files"]:
        assert client.get(one["href"]).status_code == 200
    assert "sandbox" in client.get(told["map"]).headers["content-security-policy"]


def test_the_best_rounds_so_far_are_read_while_they_are_searched(client, service_app, run_id):
    asked = {"time_limit_s": 5, "streams": [STREAM]}
    told = client.post(f"/api/runs/{run_id}/rounds", json=asked).json()
    base = f"/api/runs/{told['id']}"
    assert client.get(f"{base}/rounds").status_code == 409  # nobody has begun
    service = service_app.state.service
    with service.database.writing() as session:
        row = runs.run(session, told["id"])
        row.state, row.attempt = "running", 1
        folder = so_far_folder(run_folder(row))
    assert client.get(f"{base}/rounds").status_code == 409  # there is none yet
    files = {
        rounds_output.ROUNDS: {STREAM: {"so_far": {"still_improving": True}}},
        rounds_output.GEOJSON: {"type": "FeatureCollection", "still_improving": True,
                                "features": []},
    }  # fmt: skip
    for name, content in files.items():
        path = service.settings.data / name
        path.write_text(json.dumps(content), "utf-8")
        service.store.put(path, f"{folder}/{name}")
    assert client.get(f"{base}/rounds").json() == files[rounds_output.ROUNDS]
    assert client.get(f"{base}/rounds.geojson").json()["still_improving"]
    page = client.get(f"/planner/runs/{told['id']}", headers=PAGE).text
    assert 'id="so-far"' in page
    assert client.delete(base).status_code == 409


def test_a_plan_has_no_rounds_and_rounds_are_no_plan(client, run_id, rounds_id):
    for path in ("rounds", "rounds.geojson"):
        assert client.get(f"/api/runs/{run_id}/{path}").status_code == 409
    for path in ("plan", "report", "villages", "layers/villages.geojson", "tasks"):
        assert client.get(f"/api/runs/{rounds_id}/{path}").status_code == 409, path
    assert client.get(f"/ogc/runs/{rounds_id}/collections").status_code == 409
    assert client.get("/coverage", params={"village": "V0001", "run": rounds_id}).status_code == 409
    assert client.post(f"/api/runs/{rounds_id}/replan", json={}).status_code == 409
    assert client.post(f"/api/runs/{rounds_id}/rounds", json={}).status_code == 409
    assert client.get("/coverage", params={"village": "V0001"}).json()["run"] == run_id


def test_whom_rounds_concern_sees_them(person, rounds_id, monkeypatch):
    admin = person("administrator")
    layer = f"/api/runs/{rounds_id}/rounds.geojson"
    own = person("township", district="甲镇").get(layer).json()["features"]
    assert [one["properties"]["district"] for one in own] == ["甲镇"]
    department = person("department", streams=["household_transfer"])
    assert department.get(layer).status_code == 404
    public = person("public")
    assert public.get(layer).status_code == 404
    admin.put(f"/api/runs/{rounds_id}/publication", json={"published": True})
    assert len(public.get(layer).json()["features"]) == 3
    assert public.post(f"/api/runs/{rounds_id}/rounds", json={}).status_code == 403
    assert (
        person("township", district="甲镇").get(f"/api/runs/{rounds_id}/rounds").status_code == 403
    )


def test_the_page_of_rounds_names_fleet_and_who_is_left(client, rounds_id, run_id, monkeypatch):
    page = client.get(f"/planner/runs/{rounds_id}", headers=PAGE).text
    assert "&lt;b&gt;村" in page
    assert "rounds.geojson" in page
    assert f"/planner/runs/{run_id}" in page
    assert client.get("/planner", headers=PAGE).status_code == 200
    # A stream that is not collected in rounds has no button for them.
    assert 'id="rounds"' not in client.get(f"/planner/runs/{run_id}", headers=PAGE).text
    monkeypatch.setattr("api.web.knowledge.has_rounds", lambda _stream: True)
    assert 'id="rounds"' in client.get(f"/planner/runs/{run_id}", headers=PAGE).text


def test_rounds_are_a_process(client, run_id, rounds_id):
    told = client.get("/ogc/processes/rounds").json()
    assert {"run", "streams", "time_limit_s"} <= set(told["inputs"])
    run = "/ogc/processes/rounds/execution"
    answer = client.post(run, json={"inputs": {"run": run_id, "time_limit_s": 3}})
    assert answer.status_code == 201, answer.text
    assert client.get(answer.headers["location"]).json()["processID"] == "rounds"
    for wrong in ({}, {"run": 1}, {"run": run_id, "seed": "x"}, {"run": run_id, "what": 1}):
        assert client.post(run, json={"inputs": wrong}).status_code == 400
    assert client.post(run, json={"inputs": {"run": "none"}}).status_code == 404
    found = client.get(f"/ogc/jobs/{rounds_id}/results").json()
    assert set(found) == {"map", "rounds"}  # what there is of this run
    assert client.get(found["rounds"]["href"]).status_code == 200


def test_the_files_have_the_names_that_the_job_gives_them():
    ours = (results.ROUNDS_MAP, results.ROUNDS_LAYER, results.ROUNDS)
    assert ours == (rounds_output.MAP, rounds_output.GEOJSON, rounds_output.ROUNDS)
    assert {rounds_output.WORKBOOK, rounds_output.GEOPACKAGE} <= set(results.MEDIA_TYPES)


CHANGES = {
    STREAM: {"dropped": ["V0001"], "lorries": [{"depot": "站", "vehicle": "x", "lorries": 1}]}
}


def test_changed_rounds_are_a_run_that_keeps_the_rounds_before(client, rounds_id, run_id):
    path = f"/api/runs/{rounds_id}/rounds/changes"
    answer = client.post(path, json={"changes": CHANGES})
    assert answer.status_code == 202, answer.text
    told = client.get(answer.headers["location"]).json()
    assert (told["kind"], told["start_run_id"], told["streams"]) == ("rounds", run_id, [STREAM])
    other = {STREAM: {"amounts": {"V0002": 3.5}}}
    assert client.post(path, json={"changes": other}).json()["id"] != told["id"]
    # What a waiting run starts from stays.
    assert client.delete(f"/api/runs/{rounds_id}").status_code == 409
    assert client.post(f"/api/runs/{told['id']}/cancel").status_code == 202


@pytest.mark.parametrize(("changes", "status"), [
    ({}, 422), ({"household_transfer": {}}, 404), ({"../x": {}}, 422),
    ({STREAM: {"dropped": [""]}}, 422), ({STREAM: {"amounts": {"V1": -1}}}, 422),
    ({STREAM: {"lorries": [{"depot": "a", "vehicle": "b", "lorries": -1}]}}, 422),
    ({STREAM: {"added": [{"id": "n", "lon": 999, "lat": 0, "t_per_yr": 1}]}}, 422),
])  # fmt: skip
def test_changes_that_cannot_be_are_refused(client, rounds_id, changes, status):
    answer = client.post(f"/api/runs/{rounds_id}/rounds/changes", json={"changes": changes})
    assert answer.status_code == status


def test_only_rounds_can_be_changed_and_only_by_who_may_write(client, person, run_id, rounds_id):
    asked = {"changes": CHANGES}
    assert client.post(f"/api/runs/{run_id}/rounds/changes", json=asked).status_code == 409
    path = f"/api/runs/{rounds_id}/rounds/changes"
    person("administrator")
    assert person("township", district="甲镇").post(path, json=asked).status_code == 403


def test_the_page_of_rounds_has_a_form_for_changes(client, rounds_id):
    page = client.get(f"/planner/runs/{rounds_id}", headers=PAGE).text
    assert f'data-stream="{STREAM}"' in page
    assert "/static/rounds.js" in page


def test_rounds_that_were_stopped_are_read_before_their_files_are_there(
    client, service_app, rounds_id
):
    service = service_app.state.service
    with service.database.writing() as session:
        row = runs.run(session, rounds_id)
        row.state, row.phase = "cancelled", "files"
        row.artefacts = {name: one for name, one in row.artefacts.items() if "rounds.json" in name}
    base = f"/api/runs/{rounds_id}"
    assert client.get(f"{base}/rounds").json()[STREAM]["checked"]
    told = client.get(f"{base}/results").json()
    assert "map" not in told
    assert set(client.get(f"/ogc/jobs/{rounds_id}/results").json()) == {"rounds"}
    page = client.get(f"/planner/runs/{rounds_id}", headers=PAGE).text
    assert 'id="files-come"' in page
    assert 'id="so-far-map"' in page
    assert client.post(f"{base}/cancel").status_code == 409
    with service.database.writing() as session:
        runs.files_there(session, runs.run(session, rounds_id))
    events = client.get(f"{base}/events").text
    assert events.index("event: files") < events.index("event: end")
    assert 'id="files-come"' not in client.get(f"/planner/runs/{rounds_id}", headers=PAGE).text

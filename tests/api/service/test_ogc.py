"""OGC API - Features and Processes as the standards have them."""

from __future__ import annotations

import pytest

from tests.api.service.conftest import DOCUMENT


@pytest.fixture
def base(run_id):
    return f"/ogc/runs/{run_id}"


def test_the_landing_page_leads_everywhere(client, base):
    page = client.get(base).json()
    rels = {one["rel"]: one["href"] for one in page["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(rels)
    assert any("geojson" in one for one in client.get(rels["conformance"]).json()["conformsTo"])
    definition = client.get(rels["service-desc"])
    assert definition.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    assert definition.json()["openapi"].startswith("3.0")


def test_collections_have_extents_and_items(client, base):
    told = client.get(f"{base}/collections").json()["collections"]
    assert {"villages", "facilities", "roads", "service_areas"} <= {one["id"] for one in told}
    for one in told:
        items = next(link["href"] for link in one["links"] if link["rel"] == "items")
        page = client.get(items, params={"limit": 1})
        assert page.headers["content-type"] == "application/geo+json"
    assert client.get(f"{base}/collections/nothing").status_code == 404


def test_pages_hold_every_feature_once(client, base):
    href = f"{base}/collections/villages/items?limit=7"
    seen = []
    while href:
        page = client.get(href).json()
        assert page["numberReturned"] == len(page["features"]) <= 7
        seen += [one["id"] for one in page["features"]]
        href = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert seen == list(range(1, page["numberMatched"] + 1))


def test_boxes_and_properties_filter(client, base):
    items = f"{base}/collections/villages/items"
    every = client.get(items, params={"limit": 1000}).json()["features"]
    lon, lat = every[0]["geometry"]["coordinates"]
    box = f"{lon - 1e-4},{lat - 1e-4},{lon + 1e-4},{lat + 1e-4}"
    found = client.get(items, params={"bbox": box}).json()
    assert every[0]["id"] in [one["id"] for one in found["features"]]
    assert found["numberMatched"] < len(every)
    district = every[0]["properties"]["district"]
    found = client.get(items, params={"district": district, "limit": 1000}).json()["features"]
    assert {one["properties"]["district"] for one in found} == {district}
    one = client.get(f"{items}/{every[0]['id']}").json()
    assert one["properties"] == every[0]["properties"]
    assert client.get(f"{items}/999999").status_code == 404


@pytest.mark.parametrize("query", [
    "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,5,2,3", "bbox=nan,1,2,3", "unknown=1", "limit=0",
    "limit=x", "offset=-1",
])  # fmt: skip
def test_wrong_parameters_are_refused(client, base, query):
    assert client.get(f"{base}/collections/villages/items?{query}").status_code in (400, 422)


def test_a_process_is_executed_watched_and_dismissed(client):
    told = client.get("/ogc/processes").json()["processes"]
    assert {one["id"] for one in told} == {"planning", "rounds", "coverage"}
    inputs = {"inputs": {"scenario": {"value": {**DOCUMENT, "title": "ogc"}}}}
    answer = client.post("/ogc/processes/planning/execution", json=inputs)
    assert answer.status_code == 201
    status = client.get(answer.headers["location"]).json()
    assert status == answer.json()
    assert status["status"] == "accepted"
    assert status["type"] == "process"
    early = client.get(f"{answer.headers['location']}/results")
    assert early.status_code == 404
    assert early.json()["type"].endswith("result-not-ready")
    gone = client.delete(answer.headers["location"]).json()
    assert gone["status"] == "dismissed"


def test_finished_jobs_have_results(client, run_id):
    jobs = {one["jobID"]: one for one in client.get("/ogc/jobs").json()["jobs"]}
    assert jobs[run_id]["status"] == "successful"
    results = client.get(f"/ogc/jobs/{run_id}/results").json()
    for one in results.values():
        assert client.get(one["href"]).status_code == 200


def test_coverage_is_a_process_too(client):
    answer = client.post(
        "/ogc/processes/coverage/execution", json={"inputs": {"lon": 115.5, "lat": 36.5}}
    )
    assert answer.status_code == 200
    assert answer.json()["answers"]
    for wrong in ({}, {"lon": 1}, {"lon": "a", "lat": 1}, {"lon": True, "lat": 1}, []):
        body = {"inputs": wrong}
        assert client.post("/ogc/processes/coverage/execution", json=body).status_code == 400


def test_what_is_not_there_says_so_in_the_standards_words(client):
    assert client.get("/ogc/processes/x").json()["type"].endswith("no-such-process")
    assert client.get("/ogc/jobs/x").json()["type"].endswith("no-such-job")

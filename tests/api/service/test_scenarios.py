"""Scenarios and uploads over the API: kept, copied, checked, refused."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from tests.api.service.conftest import DOCUMENT


def upload(client, name, data):
    return client.post("/api/uploads", files={"file": (name, data)})


VILLAGES = (
    "编号,名称,乡镇,经度,纬度,人口\nV1,王村,甲镇,115.5,36.5,800\nV2,李村,甲镇,115.52,36.51,900\n"
)


def test_a_scenario_is_kept_copied_changed_and_removed(client):
    made = client.post("/api/scenarios", json=DOCUMENT)
    assert made.status_code == 201
    where = made.headers["location"]
    assert client.get(where).json()["scenario"]["title"] == DOCUMENT["title"]
    copied = client.post(f"{where}/copy", json={"title": "二", "overrides": ["solver.gap=0.02"]})
    assert copied.status_code == 201
    assert copied.json()["scenario"]["solver"]["gap"] == 0.02
    assert copied.json()["parent_id"] == made.json()["id"]
    assert client.get("/api/scenarios").json()["total"] == 2
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_all_faults_of_a_document_are_told_at_once(client):
    wrong = {"title": "x", "streams": [{"stream": "nonsense"}], "max_snap_m": -3, "colour": "red"}
    answer = client.post("/api/scenarios", json=wrong, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    text = str(answer.json()["faults"])
    assert "max_snap_m" in text
    assert "colour" in text
    copy = client.post("/api/scenarios/validate", json=wrong).json()
    assert copy["valid"] is False


@pytest.mark.parametrize("document", [
    {"title": "x", "synthetic": {"villages": 30}, "streams": [{"stream": "../../etc/passwd.yaml"}]},
    {"title": "x", "layers": {"villages": {"file": "/etc/passwd"}}, "streams": [{"stream": "household_transfer"}]},
    {"title": "x", "layers": {"villages": {"file": "../x.csv"}}, "streams": [{"stream": "household_transfer"}]},
    {"title": "x", "roads": {"place": "Beijing"}, "layers": {}, "streams": [{"stream": "household_transfer"}]},
    {"title": "x", "roads": {"file": "..\\..\\x"}, "streams": [{"stream": "household_transfer"}]},
])  # fmt: skip
def test_a_document_cannot_name_a_path_or_the_internet(client, document):
    assert client.post("/api/scenarios", json=document).status_code == 422


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 50_000])
def test_a_body_that_is_no_document_is_refused(client, body):
    headers = {"content-type": "application/json"}
    answer = client.post("/api/scenarios", content=body, headers=headers)
    assert 400 <= answer.status_code < 500


def test_sql_and_script_in_texts_are_only_texts(client):
    title = "'; DROP TABLE scenarios; -- <script>alert(1)</script> {{7*7}} %s"
    made = client.post("/api/scenarios", json={**DOCUMENT, "title": title})
    assert client.get(made.headers["location"]).json()["title"] == title
    assert client.get("/api/scenarios/' OR 1=1 --").status_code == 404
    assert client.get("/api/runs", params={"scenario_id": "' OR '1'='1"}).json()["total"] == 0


def test_the_same_upload_twice_is_one(client):
    first, second = (upload(client, name, VILLAGES) for name in ("a.csv", "b.csv"))
    assert first.status_code == second.status_code == 201
    assert first.json()["file"] == second.json()["file"]
    assert len(client.get("/api/uploads").json()) == 1


def test_an_upload_is_named_by_its_content_and_never_by_a_path(client, service_app):
    made = upload(client, "..\\..\\etc/cron.d/evil.csv", VILLAGES).json()
    assert made["name"] == "evil.csv"
    store = service_app.state.service.store
    assert store.local_path(f"uploads/{made['file']}").is_file()
    for name in ("../wangdian.db", "%2e%2e%2fwangdian.db", made["file"].upper()):
        assert client.get(f"/api/uploads/{name}").status_code == 404


def test_a_description_tells_columns_coordinates_and_faults(client):
    made = upload(client, "村.csv", VILLAGES).json()
    told = client.get(f"/api/uploads/{made['file']}/description", params={"crs": "wgs84"}).json()
    assert told["rows"] == 2
    means = {one["header"]: one["means"] for one in told["columns"]}
    assert means["名称"] == "name"
    assert told["bbox"][0] == pytest.approx(115.5)
    assert len(told["preview"]["features"]) == 2
    undeclared = client.get(f"/api/uploads/{made['file']}/description").json()
    assert any(one["severity"] == "error" for one in undeclared["faults"])


@pytest.mark.parametrize(("name", "data", "status"), [
    ("x.exe", b"MZ", 415), ("x", b"1", 415), ("x.csv", b"", 422),
    ("x.xlsx", b"no zip at all", 422), ("x.zip", b"PK\x03\x04cut", 422),
])  # fmt: skip
def test_files_that_are_none_are_refused(client, name, data, status):
    assert upload(client, name, data).status_code == status


def packed(members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return sink.getvalue()


def test_bombs_and_climbing_archives_are_refused(client):
    bomb = packed([("big.shp", b"\0" * 60_000_000)])
    assert upload(client, "bomb.zip", bomb).status_code == 422
    climbing = packed([("../../evil.shp", b"1")])
    assert upload(client, "climb.zip", climbing).status_code == 422
    workbook = packed([("xl/worksheets/sheet1.xml", b"<a>" * 30_000_000)])
    assert upload(client, "bomb.xlsx", workbook).status_code == 422
    assert client.get("/api/uploads").json() == []


def test_oversized_geojson_is_refused(client, monkeypatch):
    deep = b'{"a":' * 200_000
    assert upload(client, "deep.geojson", deep).status_code == 422
    monkeypatch.setattr("geodata.geojson_limits.MOST_BRACKETS", 50_000)
    monkeypatch.setattr("geodata.geojson_limits.MOST_FEATURES", 1_000)
    line = {"type": "LineString", "coordinates": [[1.0, 2.0]] * 60_000}
    many = {"type": "FeatureCollection", "features": [{"type": "Feature"}] * 2_000}
    for whole in (line, many):
        answer = upload(client, "big.json", json.dumps(whole).encode())
        assert answer.status_code == 422
        assert answer.json()["faults"]
    assert client.get("/api/uploads").json() == []


def test_what_is_too_large_is_refused(service_app, client):
    big = client.post("/api/scenarios", content=b"x" * 3_000_000)
    assert big.status_code == 413
    assert big.headers["content-type"] == "application/problem+json"


def test_an_upload_in_use_stays(client):
    file = upload(client, "v.csv", VILLAGES).json()["file"]
    document = {
        "title": "x", "layers": {"villages": {"file": file, "crs": "wgs84"}},
        "streams": [{"stream": "household_transfer"}],
    }  # fmt: skip
    made = client.post("/api/scenarios", json=document)
    assert made.status_code == 201, made.text
    assert client.delete(f"/api/uploads/{file}").status_code == 409
    client.delete(made.headers["location"])
    assert client.delete(f"/api/uploads/{file}").status_code == 204


def test_a_scenario_of_uploads_is_checked_with_all_faults(client):
    text = VILLAGES + "V2,重村,甲镇,200,36.5,900\n"
    file = upload(client, "v.csv", text).json()["file"]
    document = {
        "title": "x", "layers": {"villages": {"file": file, "crs": "wgs84"}},
        "streams": [{"stream": "household_transfer"}],
    }  # fmt: skip
    told = client.post("/api/scenarios/validate", json=document).json()
    assert told["valid"] is False
    assert len(told["faults"]) >= 2

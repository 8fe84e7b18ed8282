"""The service check: the right answer, for the right people, whatever is asked."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import openpyxl
import pytest

from scenarios.service_check.index import ServiceIndex
from tests.api.service.conftest import STREAM


@pytest.fixture
def villages(client, run_id):
    return client.get(f"/api/runs/{run_id}/layers/villages.geojson").json()["features"]


def test_a_village_is_answered_as_the_plan_has_it(client, villages):
    for feature in villages:
        stated = feature["properties"]
        (answer,) = client.get("/coverage", params={"village": stated["id"]}).json()["answers"]
        assert answer["served"] is stated["served"]
        if stated["served"]:
            assert answer["site"]["id"] == stated["facility_id"]
            assert answer["site"]["distance_m"] == pytest.approx(stated["impedance"], abs=0.06)
            assert answer["within"] is stated["within_radius"]
            line = answer["route"]["coordinates"]
            assert line[0] == pytest.approx(feature["geometry"]["coordinates"], abs=1e-5)
            assert line[-1] == pytest.approx(
                [answer["site"]["lon"], answer["site"]["lat"]], abs=1e-5
            )
        assert answer["radius_m"] == 3000
        assert "规划取值" in answer["clause"]
        distances = [one["distance_m"] for one in answer["next_nearest"]]
        assert distances == sorted(distances)


def test_a_point_at_a_village_is_the_village_and_names_find_it(client, villages):
    lon, lat = villages[3]["geometry"]["coordinates"]
    by_point = client.get("/coverage", params={"lon": lon, "lat": lat}).json()["answers"]
    name = villages[3]["properties"]["name"]
    by_name = client.get("/coverage", params={"name": name, "stream": STREAM}).json()["answers"]
    assert by_point[0] in by_name


def test_a_point_beside_a_village_is_measured_from_itself(client, villages):
    lon, lat = villages[3]["geometry"]["coordinates"]
    (answer,) = client.get("/coverage", params={"lon": lon + 0.004, "lat": lat}).json()["answers"]
    assert answer["village"]["id"]
    assert answer["from_village_m"] > 1
    assert answer["route"]["coordinates"][0] == pytest.approx([lon + 0.004, lat], abs=1e-5)


def test_a_point_in_nobodys_plan_is_said_to_be(client):
    (answer,) = client.get("/coverage", params={"lon": 0, "lat": 0}).json()["answers"]
    assert answer["served"] is False
    assert answer["reason"] == "outside"


@pytest.mark.parametrize("query", [
    {}, {"lon": 1}, {"lon": "x", "lat": 1}, {"lon": "nan", "lat": 1}, {"lon": 999, "lat": 1},
    {"lon": 1, "lat": "inf"},
])  # fmt: skip
def test_a_question_of_no_place_is_refused(client, query):
    answer = client.get("/coverage", params=query)
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


@pytest.mark.parametrize("query", [
    {"village": "nobody"}, {"name": "<script>"}, {"village": "V0001", "stream": "x' OR 1=1"},
    {"village": "V0001", "run": "../../x"}, {"village": "V0001", "run": "0" * 32},
])  # fmt: skip
def test_what_is_not_there_is_not_found(client, query):
    assert client.get("/coverage", params=query).status_code == 404


def test_problems_speak_the_asked_language(client):
    english = client.get("/coverage", headers={"Accept-Language": "en-GB,zh;q=0.5"}).json()
    chinese = client.get("/coverage").json()
    assert english["detail"].startswith("give lon")
    assert english["title"] != chinese["title"]


def test_a_township_is_told_of_its_own_villages_alone(client, villages, person):
    districts = sorted({one["properties"]["district"] for one in villages})
    person("administrator")
    official = person("township", district=districts[0])
    for feature in villages:
        facts = feature["properties"]
        mine = facts["district"] == districts[0]
        assert official.get("/coverage", params={"village": facts["id"]}).status_code == (
            200 if mine else 403
        )
        lon, lat = feature["geometry"]["coordinates"]
        asked = official.get("/coverage", params={"lon": lon, "lat": lat})
        assert asked.status_code == (200 if mine else 403)


def test_the_public_is_told_of_published_plans_and_no_sensitive_place(
    client, villages, person, run_id, monkeypatch
):
    planner = person("administrator")
    nobody = person("public")
    village = {"village": villages[0]["properties"]["id"]}
    assert nobody.get("/coverage", params=village).status_code == 404
    planner.put(f"/api/runs/{run_id}/publication", json={"published": True})
    assert nobody.get("/coverage", params=village).json()["answers"][0]["site"]["lon"]
    monkeypatch.setattr("api.auth.principal.sensitive_streams", lambda: {STREAM})
    nobody.app.state.service.plans.forget(run_id)
    (answer,) = nobody.get("/coverage", params=village).json()["answers"]
    assert answer["route"] is None
    assert answer["next_nearest"] == []
    assert answer["site"]["lon"] is None
    assert answer["site"]["id"] is None
    assert answer["site"]["distance_m"] % 1000 == 0
    layer = nobody.get(f"/api/runs/{run_id}/layers/facilities.geojson").json()
    assert all(one["geometry"] is None for one in layer["features"])
    assert nobody.get(f"/api/runs/{run_id}/layers/links.geojson").json()["features"] == []
    for what in ("map", "files/plan.gpkg", "report", "plan"):
        assert nobody.get(f"/api/runs/{run_id}/{what}").status_code == 403
    items = nobody.get(f"/ogc/runs/{run_id}/collections/villages/items").json()["features"]
    assert all(one["properties"]["facility_id"] is None for one in items)
    area = nobody.get(
        f"/api/runs/{run_id}/isochrones",
        params={"stream": STREAM, "site": villages[0]["properties"]["facility_id"]},
    )
    assert area.status_code == 404


def test_a_sheet_comes_back_with_columns_added(client, villages):
    lon, lat = villages[0]["geometry"]["coordinates"]
    text = f"名称,经度,纬度,备注\n甲,{lon},{lat},=1+1\n乙,{lon},{lat},+cmd|' /C calc'!A0\n"
    files = {"file": ("点.csv", text)}
    answer = client.post("/api/coverage/batch?crs=wgs84", files=files)
    assert answer.status_code == 200, answer.text
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["名称", "经度", "纬度", "备注"]
    assert len(rows[0]) == 4 + 7
    assert rows[1][3] == "'=1+1"
    assert rows[2][3].startswith("'+cmd")
    own = villages[0]["properties"]
    assert rows[1][4] == own["facility_name"]


def test_a_place_that_another_tier_answers_for_leaves_the_first_ones_cells_blank(
    client, villages, run_id
):
    first, second = (feature["geometry"]["coordinates"] for feature in villages[:2])
    client.get("/coverage", params={"village": villages[0]["properties"]["id"]})
    plan = client.app.state.service.plans.ready(run_id)
    (tier,) = plan.index.tiers
    passed_over = np.arange(len(tier.villages)) == 0
    later = replace(
        tier, facts=replace(tier.facts, tier="later"), answers_for=passed_over, _cache={}
    )
    here = replace(tier, answers_for=~passed_over, _cache={})
    plan.index = ServiceIndex(plan.index.network, [here, later])
    text = "名称,经度,纬度\n" + "".join(f"甲,{lon},{lat}\n" for lon, lat in (first, second))
    files = {"file": ("points.csv", text.encode())}
    answer = client.post("/api/coverage/batch?crs=wgs84", files=files)
    header, one, two = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert len(header) == len(one) == len(two) == 3 + 2 * 7
    assert not any(one[3:10])
    assert one[10] == villages[0]["properties"]["facility_name"]
    assert two[3] == villages[1]["properties"]["facility_name"]
    assert not any(two[10:])
    listed = client.get(f"/api/runs/{run_id}/villages").json()["villages"]
    assert len(listed) == len(villages)
    (told,) = client.get("/coverage", params={"lon": first[0], "lat": first[1]}).json()["answers"]
    assert told["tier"] == "later"


def test_a_workbook_comes_back_without_formulas(client, villages):
    lon, lat = villages[0]["geometry"]["coordinates"]
    book = openpyxl.Workbook()
    book.active.append(["名称", "经度", "纬度"])
    book.active.append(["@SUM(1)", lon, lat])
    sink = io.BytesIO()
    book.save(sink)
    answer = client.post(
        "/api/coverage/batch?crs=wgs84", files={"file": ("a.xlsx", sink.getvalue())}
    )
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert "'@SUM(1)" in {cell.value for cell in cells}


def test_a_sheet_without_a_system_or_with_none_to_read_is_refused(client):
    for name, text in (
        ("a.csv", "名称,经度,纬度\n甲,115.5,36.5\n"),
        ("a.csv", "x\n"),
        ("a.pdf", "x"),
    ):
        answer = client.post("/api/coverage/batch", files={"file": (name, text)})
        assert answer.status_code in (415, 422)


def test_isochrones_grow_with_their_cutoff(client, villages, run_id):
    site = next(one["properties"]["facility_id"] for one in villages if one["properties"]["served"])
    for unit, cutoffs in (("m", "500,2000"), ("min", "3,10")):
        query = {"stream": STREAM, "site": site, "cutoffs": cutoffs, "unit": unit}
        layer = client.get(f"/api/runs/{run_id}/isochrones", params=query).json()
        import shapely

        large, small = (shapely.geometry.shape(one["geometry"]) for one in layer["features"])
        assert large.area > small.area > 0
        assert large.buffer(0.001).contains(small)
    for wrong in ("", "x", "0", "-1", "1e9", "1,2,3,4,5,6,7,8,9", "nan"):
        query = {"stream": STREAM, "site": site, "cutoffs": wrong}
        assert client.get(f"/api/runs/{run_id}/isochrones", params=query).status_code == 400


def test_lists_for_a_township(client, run_id, villages, person):
    district = villages[0]["properties"]["district"]
    person("administrator")
    official = person("township", district=district)
    told = official.get(f"/api/runs/{run_id}/villages").json()["villages"]
    assert {one["district"] for one in told} == {district}
    assert official.get(f"/api/runs/{run_id}/villages", params={"district": "x"}).status_code == 403
    tasks = official.get(f"/api/runs/{run_id}/tasks").json()["tasks"]
    assert {one["district"] for one in tasks} <= {district}
    assert official.get(f"/api/runs/{run_id}/files/plan.xlsx").status_code == 403


@pytest.mark.parametrize("query", [
    "village=V0003", "village=V0003&lang=en", "village=V0003&route=false&x=1", "village=V0003&lon=",
    "lon=115.51&lat=36.5", "name=%E5%BC%A0", "village=", "village=V0003&stream=x", "lon=1",
    "village=nobody", "run=0&village=V0003", "lon=x&lat=1",
])  # fmt: skip
def test_from_memory_the_answer_is_that_of_the_long_way(client, monkeypatch, query):
    client.get("/coverage?village=V0001")  # the plan is in memory from here on
    for headers in ({}, {"Accept-Language": "en"}):
        quick = client.get(f"/coverage?{query}", headers=headers)
        with monkeypatch.context() as slow:
            slow.setattr("api.quick.QuickCheck._answer", lambda *_arguments: None)
            slow_answer = client.get(f"/coverage?{query}", headers=headers)
        assert (quick.status_code, quick.content) == (slow_answer.status_code, slow_answer.content)
        assert quick.headers == slow_answer.headers


def test_questions_that_mean_the_same_are_kept_once(client, service_app, run_id):
    for extra in ("", "&x=1", "&route=yes", "&lang=zh"):
        client.get(f"/coverage?village=V0003{extra}")
    plan = service_app.state.service.plans.ready(run_id)
    assert len(plan.answers) == 1


def test_a_new_plan_is_read_before_anybody_asks(service_app, run_id):
    service = service_app.state.service
    assert service.plans.ready(run_id) is None
    service._new_plan()
    service._ahead.submit(lambda: None).result(60)
    plan = service.plans.ready(run_id)
    assert plan is not None
    assert plan.layer("villages") is not None

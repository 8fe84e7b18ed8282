"""Who may do what: keys, browsers, other sites' pages, limits, the audit."""

from __future__ import annotations

import errno
import logging
import sqlite3

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.auth.limits import RateLimit
from api.auth.principal import is_sensitive
from api.auth.secrets import password_hash, password_matches
from api.settings import Settings
from scenarios.store.models import UserRow
from tests.api.service.conftest import DOCUMENT, STREAM

WRITES = [
    ("POST", "/api/scenarios", DOCUMENT),
    ("POST", "/api/runs", {"scenario": DOCUMENT}),
    ("POST", "/api/users", {"name": "x", "role": "planner"}),
    ("POST", "/ogc/processes/planning/execution", {"inputs": {"scenario": DOCUMENT}}),
    ("GET", "/api/scenarios", None),
    ("GET", "/api/uploads", None),
    ("GET", "/api/users", None),
    ("GET", "/api/audit", None),
]


def test_without_users_this_machine_may_do_everything_and_nobody_else(client):
    assert client.get("/api/me").json()["via"] == "open"
    for host in ("evil.example", "10.0.0.1:8000", ""):
        assert client.get("/api/me", headers={"Host": host}).status_code == 403
    assert client.get("/api/me", headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
])  # fmt: skip
def test_a_page_of_another_site_writes_nothing(client, headers):
    assert client.post("/api/scenarios", json=DOCUMENT, headers=headers).status_code == 403
    assert client.get("/api/scenarios").json()["total"] == 0


def test_with_users_nobody_is_let_in_without_a_key(service_app, person):
    person("administrator")
    nobody = TestClient(service_app, base_url="http://127.0.0.1")
    for method, path, body in WRITES:
        assert nobody.request(method, path, json=body).status_code == 401, path
    stranger = {"Authorization": "Bearer wd_" + "x" * 43}
    assert nobody.get("/api/me", headers=stranger).status_code == 401
    assert nobody.get("/api/runs").json()["runs"] == []


@pytest.mark.parametrize("role", ["department", "township", "public"])
def test_only_planners_plan(person, role):
    person("administrator")
    somebody = person(role, district="x", streams=["other"])
    for method, path, body in WRITES:
        assert somebody.request(method, path, json=body).status_code == 403, path


def test_only_administrators_manage_people(person):
    person("administrator")
    planner = person("planner")
    assert planner.get("/api/scenarios").status_code == 200
    assert planner.get("/api/users").status_code == 403
    assert planner.post("/api/users", json={"name": "x", "role": "planner"}).status_code == 403


def test_a_department_sees_its_streams(person, run_id):
    person("administrator")
    other = person("department", streams=["household_transfer"])
    assert other.get(f"/api/runs/{run_id}").status_code == 404
    own = person("department", streams=[STREAM])
    assert own.get(f"/api/runs/{run_id}").status_code == 200
    assert own.get(f"/api/runs/{run_id}/files/plan.xlsx").status_code == 200


def test_a_browser_signs_in_and_its_writes_carry_a_token(service_app):
    service = service_app.state.service
    with service.database.writing() as session:
        session.add(
            UserRow(
                name="王", role="administrator", password_hash=password_hash("很长的密码 12345")
            )
        )
    service.users_changed()
    browser = TestClient(service_app, base_url="http://127.0.0.1")
    assert browser.post("/api/sign-in", json={"name": "王", "password": "x"}).status_code == 401
    assert browser.post("/api/sign-in", json={"name": "李", "password": "x"}).status_code == 401
    answer = browser.post("/api/sign-in", json={"name": "王", "password": "很长的密码 12345"})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].casefold()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.post("/api/scenarios", json=DOCUMENT).status_code == 403
    token = {"X-CSRF-Token": answer.json()["csrf"]}
    assert browser.post("/api/scenarios", json=DOCUMENT, headers=token).status_code == 201
    away = {**token, "Origin": "http://evil.example"}
    assert browser.post("/api/scenarios", json=DOCUMENT, headers=away).status_code == 403
    assert browser.post("/api/sign-out", headers=token).status_code == 204
    assert browser.get("/api/me").json()["role"] == "public"


def test_keys_are_made_shown_once_and_revoked(client, service_app):
    first = client.post("/api/users", json={"name": "a", "role": "planner"})
    assert first.status_code == 409  # the first must be an administrator
    made = client.post("/api/users", json={"name": "a", "role": "administrator"}).json()
    assert client.get("/api/me").json()["role"] == "public"
    admin = {"Authorization": f"Bearer {made['key']}"}
    assert made["key"] not in client.get("/api/users", headers=admin).text
    second = client.post(f"/api/users/{made['id']}/keys", json={"label": "b"}, headers=admin).json()
    other = {"X-API-Key": second["key"]}
    assert client.get("/api/me", headers=other).json()["name"] == "a"
    where = f"/api/users/{made['id']}/keys/{second['id']}"
    assert client.delete(where, headers=admin).status_code == 204
    assert client.get("/api/me", headers=other).status_code == 401
    mine = client.patch(f"/api/users/{made['id']}", json={"active": False}, headers=admin)
    assert mine.status_code == 409


def test_writes_are_in_the_audit_and_secrets_in_no_log(client, caplog):
    caplog.set_level(logging.DEBUG)
    made = client.post(
        "/api/users", json={"name": "a", "role": "administrator", "password": "geheim-12345"}
    ).json()
    admin = {"Authorization": f"Bearer {made['key']}"}
    client.post("/api/scenarios", json=DOCUMENT, headers=admin)
    rows = client.get("/api/audit", headers=admin).json()
    assert [(one["who"], one["method"], one["path"], one["status"]) for one in rows] == [
        ("a", "POST", "/api/scenarios", 201), ("open", "POST", "/api/users", 201),
    ]  # fmt: skip
    assert made["key"] not in caplog.text
    assert "geheim" not in caplog.text


def test_comments_reach_the_planner_and_stay_in_their_township(person, run_id, client):
    layer = client.get(f"/api/runs/{run_id}/layers/facilities.geojson").json()["features"]
    site = layer[0]["properties"]
    planner = person("administrator")
    own = person("township", district=site["district"])
    other = person("township", district="别处")
    said = {"stream": STREAM, "site_id": site["id"], "verdict": "object", "text": "<b>'; DROP"}
    where = f"/api/runs/{run_id}/comments"
    assert other.post(where, json=said).status_code == 403
    assert own.post(where, json=said).status_code == 201
    assert planner.get(where).json()[0]["text"] == "<b>'; DROP"
    assert other.get(where).json() == []
    assert own.post(where, json={**said, "site_id": "none"}).status_code == 404
    assert own.post(where, json={**said, "verdict": "maybe"}).status_code == 422


def test_every_answer_has_the_safe_headers(client, run_id):
    for path in ("/coverage", "/api/runs", "/nothing", f"/api/runs/{run_id}/map", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"


def test_an_unforeseen_fault_tells_nothing_internal(service_app, client, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("secret path /home/x")

    monkeypatch.setattr(service_app.state.service.plans, "load_ready", fail)
    service_app.state.service.plans._loaded.clear()
    answer = client.get("/coverage", params={"village": "V0001"})
    assert answer.status_code == 500
    assert answer.json()["status"] == 500
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_too_many_requests_wait(tmp_path):
    app = create_app(Settings(data=tmp_path, requests_per_minute=5, sign_in_per_minute=2))
    with app.state.service.database.writing() as session:
        session.add(UserRow(name="a", role="administrator"))
    client = TestClient(app, base_url="http://127.0.0.1")
    given = {"name": "a", "password": "x"}
    assert [client.post("/api/sign-in", json=given).status_code for _ in range(3)] == [
        401,
        401,
        429,
    ]
    codes = [client.get("/api/me").status_code for _ in range(6)]
    assert codes[-1] == 429
    assert int(client.get("/api/me").headers["retry-after"]) >= 1


def test_a_bucket_refills(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("api.auth.limits.time.monotonic", lambda: now[0])
    limit = RateLimit(60)
    assert all(limit.wait_s("a") == 0 for _ in range(60))
    assert limit.wait_s("a") > 0
    assert limit.wait_s("b") == 0
    now[0] = 2.0
    assert [limit.wait_s("a") == 0 for _ in range(3)] == [True, True, False]


def test_passwords_are_salted_and_compared():
    one, other = password_hash("a" * 12), password_hash("a" * 12)
    assert one != other
    assert password_matches("a" * 12, one)
    assert not password_matches("b" * 12, one)
    assert not password_matches("a" * 12, None)
    assert not password_matches("a" * 12, "rubbish")


def test_the_profiles_say_what_the_public_is_not_told_of():
    hidden = ("medical_waste", "infusion_bottles", "hazardous_household", "hazardous_small_source")
    for stream in (*hidden, "battery_oil", "no longer known"):
        assert is_sensitive(stream), stream
    for stream in ("household_transfer", STREAM):
        assert not is_sensitive(stream), stream


def test_troubles_of_the_machine_are_told_by_name(service_app, client, monkeypatch):
    away = OperationalError("SELECT secret", {}, ConnectionError("host 10.0.0.1"))
    full = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    room = OSError(errno.ENOSPC, "No space left on device", "/secret/place")
    for error, status in ((away, 503), (full, 507), (room, 507), (ValueError("secret"), 500)):

        def fail(error=error):
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(service_app.state.service.database, "reading", fail)
            answer = client.get("/api/runs?lang=en")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        for words in ("secret", "10.0.0.1", "SELECT", "INSERT"):
            assert words not in answer.text
        assert ("retry-after" in answer.headers) is (status == 503)


def test_while_the_database_is_away_the_check_answers_from_memory(service_app, client, monkeypatch):
    check = {"village": "V0001"}
    before = client.get("/coverage", params=check).json()

    def away():
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    monkeypatch.setattr(service_app.state.service.database, "reading", away)
    monkeypatch.setattr("api.service.RUN_KNOWN_FOR_S", -1.0)
    service_app.state.service._users = (0.1, False)
    for _ in range(3):
        assert client.get("/coverage", params=check).json() == before
    assert client.get("/coverage", params={**check, "run": "f" * 32}).status_code == 503

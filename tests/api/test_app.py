"""The stub application: the last plan's map in a sandbox, its files, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.last_plan import last_plan, remember


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = tmp_path / "plan"
    (plan / "straw").mkdir(parents=True)
    (plan / "map.html").write_text("<html><script>1</script></html>", encoding="utf-8")
    (plan / "straw" / "plan.json").write_text("{}", encoding="utf-8")
    (plan / "secret.txt").write_text("no", encoding="utf-8")
    (tmp_path / "plan.json").write_text('{"outside": 1}', encoding="utf-8")
    (plan / "plan.xlsx").symlink_to(tmp_path / "plan.json")
    return plan


def test_the_page_frames_the_map_in_a_sandbox(folder):
    client = TestClient(create_app(folder))
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert 'sandbox="allow-scripts"' in page.text
    assert "/files/straw/plan.json" in page.text
    assert "script" not in page.headers["content-security-policy"]


def test_the_map_has_an_origin_of_its_own(folder):
    answer = TestClient(create_app(folder)).get("/map")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    direct = TestClient(create_app(folder)).get("/files/map.html")
    assert direct.headers["content-security-policy"] == policy


def test_files_have_their_media_types(folder):
    answer = TestClient(create_app(folder)).get("/files/straw/plan.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [
    "/files/secret.txt", "/files/../plan.json", "/files/%2e%2e/plan.json", "/files/plan.xlsx",
    "/files/straw/deeper/plan.json", "/files//etc/passwd", "/files/plan.gpkg", "/docs",
])  # fmt: skip
def test_nothing_else_is_served(folder, path):
    assert TestClient(create_app(folder)).get(path).status_code == 404


def test_the_last_plan_is_remembered_until_it_has_gone(folder):
    assert last_plan() is None
    remember(folder)
    assert last_plan() == folder
    folder.rename(folder.with_name("moved"))
    assert last_plan() is None

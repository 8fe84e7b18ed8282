"""A service with one small plan in it; nothing is handed to workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth.secrets import new_key
from api.running import run_key
from api.service import Service
from api.settings import Settings
from scenarios import rounds_output
from scenarios.feature_files import write_features
from scenarios.job import _summary
from scenarios.output import write_plan
from scenarios.run import run
from scenarios.schema import Scenario
from scenarios.service_check import write_index
from scenarios.service_check.build import build_index
from scenarios.service_check.files import SERVICE
from scenarios.store import runs
from scenarios.store.models import KeyRow, RunRow, RunState, UserRow

STREAM = "pesticide_packaging"
HOSTILE = "<script>alert(1)</script>"

DOCUMENT: dict[str, Any] = {
    "title": f"试 {HOSTILE}",
    "synthetic": {"villages": 30},
    "streams": [{"stream": STREAM}],
    "max_snap_m": 800,
    "off_road": "straight",
    "solver": {"time_limit_s": 10},
}


@pytest.fixture(scope="session")
def planned(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """Files of a plan and its summary."""
    folder = tmp_path_factory.mktemp("planned") / "out"
    given: list[Any] = []
    plan = run(Scenario.model_validate(DOCUMENT), on_inputs=given.append)
    write_plan(plan, folder)
    write_features(plan, folder)
    write_index(build_index(plan, given[0]), folder / SERVICE)
    return folder, _summary(plan)["summary"]


@pytest.fixture
def service_app(tmp_path, planned) -> Iterator[Any]:
    """The application with a finished run in it."""
    app = create_app(Settings(data=tmp_path / "data"))
    add_plan(app.state.service, planned)
    yield app
    app.state.service.close()


@pytest.fixture
def client(service_app) -> TestClient:
    """Somebody at the machine itself, where no users are set up."""
    return TestClient(service_app, base_url="http://127.0.0.1")


@pytest.fixture
def run_id(service_app) -> str:
    """The finished run."""
    with service_app.state.service.database.reading() as session:
        row = runs.latest_finished(session)
        assert row is not None
        return row.id


@pytest.fixture
def person(service_app) -> Callable[..., TestClient]:
    """A caller with a key; whoever is not the first needs an administrator to be there."""

    def make(role: str, **facts: Any) -> TestClient:
        service = service_app.state.service
        key, digest = new_key()
        with service.database.writing() as session:
            row = UserRow(name=f"{role}-{digest[:6]}", role=role, **facts)
            session.add(row)
            session.flush()
            session.add(KeyRow(user_id=row.id, digest=digest))
        service.users_changed()
        headers = {"Authorization": f"Bearer {key}"}
        return TestClient(service_app, base_url="http://127.0.0.1", headers=headers)

    return make


def add_plan(service: Service, planned: tuple[Path, dict[str, Any]], **changes: Any) -> RunRow:
    """A finished run with the plan's files."""
    folder, summary = planned
    row = RunRow(
        title=DOCUMENT["title"],
        document=changes.pop("document", DOCUMENT),
        streams=[STREAM],
        key=run_key(DOCUMENT, "zh"),
        summary=summary,
        **changes,
    )
    with service.database.writing() as session:
        runs.add(session, row)
        row.folder = f"runs/{row.id}/1"
        made = service.store.publish(folder, row.folder)
        row.artefacts = {name: one.as_dict() for name, one in made.items()}
        runs.end(session, row, RunState.FINISHED)
    return row


def _call(district: str, day: int = 0) -> dict[str, Any]:
    facts = {"layer": "round_stops", "stream": STREAM, "district": district, "day": day,
             "lorry": "站-1", "arrive_s": 30_000}  # fmt: skip
    point = {"type": "Point", "coordinates": [115.5, 36.5]}
    return {"type": "Feature", "properties": facts, "geometry": point}


def add_rounds(service: Service, run_id: str, folder: Path) -> str:
    """A finished run of rounds over a plan, with two townships' calls; its files by way of folder."""
    line = {"type": "LineString", "coordinates": [[115.5, 36.5], [115.6, 36.6]]}
    facts = {"layer": "rounds", "stream": STREAM, "day": 0, "lorry": "站-1"}
    features = [
        {"type": "Feature", "properties": facts, "geometry": line},
        _call("甲镇"), _call("乙镇", day=1),
    ]  # fmt: skip
    folder.mkdir()
    files = {
        rounds_output.GEOJSON: json.dumps({"type": "FeatureCollection", "features": features}),
        rounds_output.ROUNDS: json.dumps({STREAM: {"checked": True, "rounds": []}}),
        rounds_output.MAP: "<script>1</script>",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    words = {"figures": [["lorries", "1"]], "unserved": [["<b>村", "甲镇", "why"]]}
    told = {
        "name": {"zh": "农药包装", "en": "Packs"}, "checked": True, "unserved": 1, "days": ["1"],
        "fleet": [{"vehicle": "lorry", "depot": "S1", "by_day": [1]}],
        "words": {"zh": words, "en": words},
    }  # fmt: skip
    row = RunRow(
        kind="rounds", options={"seed": 0}, title="rounds", document=DOCUMENT, streams=[STREAM],
        key="r", start_run_id=run_id, summary={"streams": {STREAM: told}},
    )  # fmt: skip
    with service.database.writing() as session:
        runs.add(session, row)
        row.folder = f"runs/{row.id}/1"
        made = service.store.publish(folder, row.folder)
        row.artefacts = {name: one.as_dict() for name, one in made.items()}
        runs.end(session, row, RunState.FINISHED)
    return row.id


@pytest.fixture
def rounds_id(service_app, run_id, tmp_path) -> str:
    """A finished run of rounds over the plan."""
    return add_rounds(service_app.state.service, run_id, tmp_path / "rounds")

"""Real clients against a real server: GDAL, OWSLib, schemathesis."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.service.conftest import DOCUMENT
from tests.scenarios.deliverables.test_in_qgis import in_qgis


@pytest.fixture
def address(service_app) -> Iterator[str]:
    """The service in a process of its own (GDAL waits with the lock of ours), with no workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--factory", "api.app:create_app", "--port", str(port), "--lifespan", "off"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *words, "--log-level", "error"],
        env={**os.environ, "WANGDIAN_DATA": str(service_app.state.service.settings.data)},
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        assert process.poll() is None
        try:
            httpx.get(f"{address}/health")
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(20)


def test_gdal_reads_every_feature_of_every_layer(address, run_id, client):
    pyogrio = pytest.importorskip("pyogrio")
    if "OAPIF" not in pyogrio.list_drivers():
        pytest.skip("this GDAL has no OAPIF driver")
    source = f"OAPIF:{address}/ogc/runs/{run_id}"
    layers = {str(name) for name, _ in pyogrio.list_layers(source)}
    for name in client.get(f"/ogc/runs/{run_id}/collections").json()["collections"]:
        assert name["id"] in layers
    for name in ("villages", "facilities", "roads"):
        table = pyogrio.read_dataframe(source, layer=name, PAGE_SIZE="10")
        whole = client.get(f"/api/runs/{run_id}/layers/{name}.geojson").json()["features"]
        assert len(table) == len(whole)
        assert table.crs.to_epsg() == 4326
    box = table.total_bounds
    part = pyogrio.read_dataframe(source, layer="villages", bbox=tuple(box))
    assert len(part)


def test_qgis_reads_a_layer_page_by_page(address, run_id, client, qgis_python):
    whole = client.get(f"/api/runs/{run_id}/layers/villages.geojson").json()["features"]
    found = in_qgis(qgis_python, f"{address}/ogc/runs/{run_id}", "villages")
    assert found == {"valid": True, "features": len(whole)}


def test_owslib_reads_features_and_runs_a_process(address, run_id):
    features_of = pytest.importorskip("owslib.ogcapi.features").Features
    processes_of = pytest.importorskip("owslib.ogcapi.processes").Processes
    features = features_of(f"{address}/ogc/runs/{run_id}/")
    assert "villages" in features.feature_collections()
    page = features.collection_items("villages", limit=3)
    assert page["numberReturned"] == 3
    processes = processes_of(f"{address}/ogc/")
    assert {one["id"] for one in processes.processes()} == {"planning", "rounds", "coverage"}
    assert processes.process("coverage")["inputs"]
    answer = processes.execute("coverage", {"lon": 115.5, "lat": 36.5})
    assert answer


@pytest.mark.slow
def test_no_request_of_the_document_makes_a_fault_of_the_server(service_app, run_id, rounds_id):
    """Every operation, rounds and their changes too; of runs that are there, and of any others."""
    schemathesis = pytest.importorskip("schemathesis")
    hypothesis = pytest.importorskip("hypothesis")
    service_app.state.service.runner.start = lambda: None
    schema = schemathesis.openapi.from_asgi(
        "/api/openapi.json", service_app, headers={"Host": "127.0.0.1"}
    )
    failures = []
    ids = itertools.cycle((run_id, rounds_id, "latest", None))
    for operation in schema.get_all_operations():
        one = operation.ok()
        if one.path.endswith("/events"):
            continue

        @hypothesis.given(case=one.as_strategy())
        @hypothesis.settings(max_examples=15, deadline=None, database=None,
                             suppress_health_check=list(hypothesis.HealthCheck))  # fmt: skip
        def check(case):
            known = next(ids)
            for name in ("run_id", "other") if known is not None else ():
                if name in case.path_parameters:
                    case.path_parameters[name] = known
            answer = case.call(headers={"Host": "127.0.0.1"}, timeout=200)
            if answer.status_code >= 500 and answer.status_code != 503:
                failures.append((case.method, case.path, case.query, str(case.body)[:200]))

        check()
    assert not failures, failures[:5]


def test_the_document_describes_every_route(client):
    document = client.get("/api/openapi.json").json()
    assert "/coverage" in document["paths"]
    assert "/api/runs/{run_id}/replan" in document["paths"]
    page = client.get("/docs").text
    assert "/api/runs/{run_id}/replan" in page
    assert "<script" not in page
    assert "http" not in page.split("<h2>")[0].replace("http-equiv", "")
    assert DOCUMENT

"""Servers and workers killed at any moment: nothing accepted is lost, nothing half-made is served."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.api.service.live import Server

pytestmark = pytest.mark.slow

QUICK = {
    "title": "quick", "synthetic": {"villages": 30}, "max_snap_m": 800,
    "streams": [{"stream": "pesticide_packaging"}], "off_road": "straight",
}  # fmt: skip
LONG = {
    "title": "long", "synthetic": {"villages": 352}, "max_snap_m": 800, "off_road": "straight",
    "streams": [{"stream": "straw_storage"}, {"stream": "household_transfer"}],
    "solver": {"gap": 0, "time_limit_s": 300},
}  # fmt: skip


@pytest.fixture
def server(tmp_path):
    one = Server(tmp_path / "data").start()
    yield one
    one.close()


def jobs_of(server: Server) -> list[psutil.Process]:
    """Processes that plan, under this server's folder."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        if "scenarios.job" in words and words[-1].startswith(str(server.data)):
            found.append(one)
    return found


def planning(server: Server, run_id: str) -> psutil.Process:
    server.until(lambda: server.state(run_id)["percent"] > 5, 120)
    return jobs_of(server)[0]


def whole(server: Server, run_id: str) -> None:
    results = server.client.get(f"/api/runs/{run_id}/results").json()
    for one in results["files"]:
        assert len(server.client.get(one["href"]).content) == one["size"]


def test_a_run_is_planned_and_kept(server):
    run_id = server.run(QUICK)
    assert server.ended(run_id)["state"] == "finished"
    whole(server, run_id)
    again = server.client.post("/api/runs", json={"scenario": QUICK})
    assert again.status_code == 200
    assert again.json()["id"] == run_id
    seen = server.client.get("/coverage", params={"village": "V0001"}).json()
    assert seen["run"] == run_id


def test_cancel_reaches_the_solver_and_keeps_the_plan_so_far(server):
    run_id = server.run(LONG)
    server.until(lambda: server.state(run_id)["objective"] is not None, 240)
    job = jobs_of(server)[0]
    asked = time.monotonic()
    assert server.client.post(f"/api/runs/{run_id}/cancel").status_code == 202
    server.until(lambda: server.state(run_id)["phase"] == "write" or not job.is_running(), 10)
    assert time.monotonic() - asked < 5  # a second where nobody else uses the machine
    told = server.ended(run_id)
    assert told["state"] == "cancelled"
    whole(server, run_id)


def test_a_time_limit_ends_a_run(tmp_path):
    server = Server(tmp_path / "data", WANGDIAN_RUN_LIMIT_S="25").start()
    try:
        told = server.ended(server.run(LONG), 200)
        assert told["state"] in ("finished", "failed")
        assert told["faults"]
    finally:
        server.close()


def test_a_killed_worker_is_replaced_and_the_run_planned_again(server):
    run_id = server.run(LONG | {"solver": {"time_limit_s": 5}})
    job = planning(server, run_id)
    worker = job.parent()
    os.kill(worker.pid, signal.SIGKILL)
    server.until(lambda: not job.is_running() or job.status() == psutil.STATUS_ZOMBIE, 20)
    assert server.ended(run_id, 280)["state"] == "finished"
    whole(server, run_id)


def test_a_killed_job_is_planned_again(server):
    run_id = server.run(LONG | {"solver": {"time_limit_s": 5}})
    planning(server, run_id).kill()
    assert server.ended(run_id, 280)["state"] == "finished"


def test_a_killed_server_goes_on_where_it_was(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        done = server.run(QUICK)
        assert server.ended(done)["state"] == "finished"
        first = server.run(LONG | {"solver": {"time_limit_s": 5}})
        second = server.run(QUICK | {"title": "second"})
        job = planning(server, first)
        server.kill()
        server.until(lambda: not job.is_running() or job.status() == psutil.STATUS_ZOMBIE, 30)
        server.start()
        whole(server, done)
        for run_id in (first, second):
            assert server.ended(run_id, 280)["state"] == "finished"
            whole(server, run_id)
        kinds = server.client.get(f"/api/runs/{first}/events").text
        assert "event: requeued" in kinds
    finally:
        server.close()


def test_fifty_runs_queue_and_none_is_lost(server):
    ids = [server.run(QUICK | {"title": f"run {k}"}) for k in range(50)]
    assert len(set(ids)) == 50
    for run_id in ids[2:]:
        server.client.post(f"/api/runs/{run_id}/cancel")
    states = [server.ended(run_id)["state"] for run_id in ids]
    assert states[:1] == ["finished"]
    assert set(states) <= {"finished", "cancelled"}


def test_a_full_disk_is_said_and_the_service_lives(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    server = Server(tmp_path / "data").start()
    try:
        (server.data / "artefacts").chmod(0o755)
        runs = server.data / "artefacts" / "runs"
        runs.write_text("a file where a folder is needed")  # writing there fails, as on a full disk
        run_id = server.run(QUICK)
        assert server.ended(run_id)["state"] == "failed"
        runs.unlink()
        assert server.ended(server.run(QUICK))["state"] == "finished"
    finally:
        server.close()

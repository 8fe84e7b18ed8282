"""Servers and workers killed at any moment: nothing accepted is lost, nothing half-made is served."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.api.service.live import Server
from tests.postgresql import Cluster

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


def jobs_of(server: Server, *, waiting: bool = False) -> list[psutil.Process]:
    """Processes that plan (or wait for something to plan), under this server's folder."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        ours = "scenarios.job" in words and words[-1].startswith(str(server.data))
        # It has a specification from when it begins.
        if ours and Path(words[-1]).exists() is not waiting:
            found.append(one)
    return found


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def planning(server: Server, run_id: str) -> psutil.Process:
    server.until(lambda: server.state(run_id)["percent"] > 5, 240)
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
    server.until(lambda: gone(job), 20)
    assert server.ended(run_id, 280)["state"] == "finished"
    whole(server, run_id)


def test_a_killed_job_is_planned_again(server):
    run_id = server.run(LONG | {"solver": {"time_limit_s": 5}})
    planning(server, run_id).kill()
    assert server.ended(run_id, 280)["state"] == "finished"


def test_the_process_started_ahead_is_one_job_s_alone_and_ends_with_its_server(server):
    server.until(lambda: jobs_of(server, waiting=True), 30)
    (first,) = jobs_of(server, waiting=True)
    run_id = server.run(QUICK)
    server.until(lambda: jobs_of(server), 30)
    assert jobs_of(server) == [first]
    assert server.ended(run_id)["state"] == "finished"
    server.until(lambda: gone(first) and jobs_of(server, waiting=True), 30)
    (second,) = jobs_of(server, waiting=True)
    second.kill()
    assert server.ended(server.run(QUICK | {"title": "after"}))["state"] == "finished"
    server.until(lambda: jobs_of(server, waiting=True), 30)
    (third,) = jobs_of(server, waiting=True)
    server.kill()
    server.until(lambda: gone(third), 30)


def test_nothing_is_started_ahead_where_that_is_not_wanted(tmp_path):
    server = Server(tmp_path / "data", WANGDIAN_JOBS_AHEAD="false").start()
    try:
        assert server.ended(server.run(QUICK))["state"] == "finished"
        assert not jobs_of(server, waiting=True)
    finally:
        server.close()


def test_a_killed_server_goes_on_where_it_was(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        done = server.run(QUICK)
        assert server.ended(done)["state"] == "finished"
        first = server.run(LONG | {"solver": {"time_limit_s": 5}})
        second = server.run(QUICK | {"title": "second"})
        job = planning(server, first)
        server.kill()
        server.until(lambda: gone(job), 30)
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


def test_a_killed_database_loses_nothing(tmp_path):
    cluster = Cluster()
    cluster.start()
    server = Server(tmp_path / "served", WANGDIAN_DATABASE=cluster.url).start()
    try:
        done = server.run(QUICK)
        assert server.ended(done)["state"] == "finished"
        check = {"village": "V0001"}
        before = server.client.get("/coverage", params=check).json()
        run_id = server.run(LONG | {"solver": {"time_limit_s": 5}})
        planning(server, run_id)
        cluster.kill()
        away = server.client.get("/api/runs")
        assert away.status_code == 503
        assert "psycopg" not in away.text
        assert server.client.post("/api/runs", json={"scenario": QUICK}).status_code == 503
        # Who serves a village is answered from memory meanwhile.
        assert server.client.get("/coverage", params=check).json() == before
        server.until(lambda: not jobs_of(server), 240)
        cluster.start()
        server.until(lambda: server.client.get("/health").status_code == 200, 60)
        assert server.ended(run_id, 280)["state"] == "finished"
        for one in (done, run_id):
            whole(server, one)
        assert server.ended(server.run(QUICK | {"title": "after"}))["state"] == "finished"
    finally:
        server.close()
        cluster.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that is soon full."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    allowed = os.geteuid() == 0
    if not allowed or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk of a test's own")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk):
    server = Server(small_disk / "data").start()
    try:
        done = server.run(QUICK)
        assert server.ended(done)["state"] == "finished"
        before = server.client.get("/coverage", params={"village": "V0001"}).json()
        run_id = server.run(LONG | {"solver": {"time_limit_s": 5}})
        planning(server, run_id)
        ballast = small_disk / "ballast"
        with ballast.open("wb") as sink, suppress(OSError):
            while True:
                sink.write(b"x" * 65536)
                sink.flush()
        upload = {"file": ("v.csv", b"x,y\n" * 500_000)}
        assert server.client.post("/api/uploads", files=upload).status_code == 507
        whole(server, done)
        assert server.client.get("/coverage", params={"village": "V0001"}).json() == before
        server.until(lambda: not jobs_of(server), 240)
        ballast.unlink()
        told = server.ended(run_id)
        assert told["state"] == "failed"
        assert "room" in told["faults"][0]["text"] or "空间" in told["faults"][0]["text"]
        assert str(small_disk) not in str(told["faults"])
        assert server.ended(server.run(QUICK | {"title": "room"}))["state"] == "finished"
        kept = {one.parent.name for one in (server.data / "artefacts" / "runs").glob("*/*")}
        assert run_id not in kept
    finally:
        server.close()

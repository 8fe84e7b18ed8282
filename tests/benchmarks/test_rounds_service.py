"""What the benchmark of rounds in the service asks for, of a server that answers from a table."""

from __future__ import annotations

import pytest

from benchmarks import rounds_service

PLAN, BEFORE, RUN = "plan", "before", "run"


class Server:
    """Has rounds from the third time that it is asked for them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def told(self, path, body=None):
        self.asked.append((path, body))
        if path.endswith("rounds.geojson"):
            call = {"kind": "stop", "id": "V1"}
            point = {"type": "Point", "coordinates": [115.0, 36.0]}
            return {"features": [{"properties": call, "geometry": point}]}
        if path.startswith(f"/api/runs/{BEFORE}/rounds?"):
            fleet = [{"depot": "a", "vehicle": "x", "by_day": [1, 2]},
                     {"depot": "b", "vehicle": "x", "by_day": [3, 1]}]  # fmt: skip
            return {rounds_service.STREAM: {"fleet": fleet}}
        if body is not None:
            return {"id": RUN}
        if len([one for one, _ in self.asked if one == path]) < 3:
            raise RuntimeError("409")
        return {rounds_service.STREAM: {"rounds": []}}

    def state(self, run):
        streams = [rounds_service.STREAM, "straw_storage"] if run == PLAN else []
        return {"finished_at": "now", "phase": "draw", "state": "finished", "streams": streams}

    def wait(self, done, _limit_s):
        assert done()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(rounds_service, "QUIET_S", 0.0)
    monkeypatch.setattr(rounds_service, "LOOK_EVERY_S", 0.001)


def test_changes_are_asked_of_rounds_and_rounds_of_the_plan():
    server = Server()
    cases = {name: (source, body) for name, source, body in rounds_service._cases(
        server, PLAN, BEFORE)}  # fmt: skip
    assert {name for name, (source, _) in cases.items() if source == BEFORE} == {
        "a stop less", "a stop more", "a lorry out"
    }  # fmt: skip
    out = cases["a lorry out"][1]["changes"][rounds_service.STREAM]["lorries"]
    assert out == [{"depot": "b", "vehicle": "x", "lorries": 2}]


def test_the_time_ends_with_the_first_rounds_that_can_be_read():
    server = Server()
    found = rounds_service._asked(server, PLAN, {"streams": []})
    assert found["state"] == "finished"
    assert [path for path, _ in server.asked].count(f"/api/runs/{RUN}/rounds") == 3
    assert found["first_s"] <= found["all_s"]
    changed = rounds_service._asked(Server(), BEFORE, {"changes": {rounds_service.STREAM: {}}})
    assert changed["first_s"] >= 0


def test_a_wish_to_stop_is_timed_until_the_run_has_ended():
    server = Server()
    found = rounds_service._stopped(server, PLAN, "draw")
    assert (found["state"], found["kept"]) == ("finished", 0)
    assert 0 <= found["heard_s"] <= found["files_s"]
    assert (f"/api/runs/{RUN}/cancel", {}) in server.asked


def test_a_run_that_has_failed_is_not_waited_for(monkeypatch):
    failed = {"state": "failed", "faults": ["broken"]}
    monkeypatch.setattr(Server, "state", lambda _self, _run: failed)
    with pytest.raises(RuntimeError, match="broken"):
        rounds_service._asked(Server(), PLAN, {"streams": ["x"]})

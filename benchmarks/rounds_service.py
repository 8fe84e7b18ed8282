"""How soon rounds can be read of a service, and how soon it hears that nobody wants them any more.

    python -m benchmarks.rounds_service [--times 1] [--json OUT]

Plans the embedded county, then asks for rounds and for changes of them as a page does, each time
when the server has been quiet for a moment. ``first_s`` is from the request to the first answer of
``GET /api/runs/{rounds}/rounds`` that has rounds in it, asked for every 20 ms; ``heard_s`` from the
wish to stop until the run says that it writes what it has, or has ended.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.service_server import LiveServer
from scenarios.load import example

LOOK_EVERY_S = 0.02
QUIET_S = 7.0
"""After a run, until the process of the next one has loaded what it needs."""
LIMIT_S = 120.0
STREAM = "household_transfer"
STOPPED_AFTER_S = (0.2, 0.6, 1.2, 4.0)

Row = dict[str, Any]


def rows(times: int) -> Iterator[Row]:
    """Each case so many times over."""
    with tempfile.TemporaryDirectory() as place, LiveServer(Path(place) / "data") as server:
        document = example("demo").model_dump(mode="json", exclude_defaults=True)
        plan = server.plan(document)
        before = _asked(server, plan, {"streams": [STREAM], "time_limit_s": 5})["run"]
        for name, source, body in _cases(server, plan, before):
            for _ in range(times):
                yield {"case": name, **_asked(server, source, {**body, "anew": True})}
        for after_s in STOPPED_AFTER_S:
            yield {"case": "stopped", "after_s": after_s, **_stopped(server, plan, after_s)}


def _cases(server: LiveServer, plan: str, before: str) -> Iterator[tuple[str, str, Row]]:
    limit = {"time_limit_s": 5}
    yield STREAM, plan, {"streams": [STREAM], **limit}
    yield "recyclables", plan, {"streams": ["recyclables"], **limit}
    yield "every stream", plan, limit
    layer = server.told(f"/api/runs/{before}/rounds.geojson")["features"]
    calls = [one for one in layer if one["properties"].get("kind") == "stop"]
    lon, lat = calls[0]["geometry"]["coordinates"]
    depot, vehicle, used = _busiest(server, before)
    changes = {
        "a stop less": {"dropped": [calls[0]["properties"]["id"]]},
        "a stop more": {"added": [{"id": "new", "lon": lon, "lat": lat, "t_per_yr": 50.0}]},
        "a lorry out": {"lorries": [{"depot": depot, "vehicle": vehicle, "lorries": used - 1}]},
    }
    for name, change in changes.items():
        yield name, before, {"changes": {STREAM: change}, **limit}


def _busiest(server: LiveServer, before: str) -> tuple[str, str, int]:
    """Depot and class with the most lorries out, and how many."""
    fleet = server.told(f"/api/runs/{before}/rounds?stream={STREAM}")[STREAM]["fleet"]
    most = max(fleet, key=lambda one: max(one["by_day"]))
    return most["depot"], most["vehicle"], max(most["by_day"])


def _asked(server: LiveServer, source: str, body: Row) -> Row:
    """Ask for rounds, wait for the first of them and then for the end."""
    path = f"/api/runs/{source}/rounds" + ("/changes" if "changes" in body else "")
    time.sleep(QUIET_S)
    began_s = time.perf_counter()
    run = server.told(path, body)["id"]
    while not _readable(server, run):
        if time.perf_counter() - began_s > LIMIT_S:
            raise TimeoutError(path)
        time.sleep(LOOK_EVERY_S)
    first_s = time.perf_counter() - began_s
    server.wait(lambda: server.state(run)["finished_at"] is not None, LIMIT_S)
    return {"run": run, "first_s": round(first_s, 2), "state": server.state(run)["state"]}


def _readable(server: LiveServer, run: str) -> bool:
    try:
        return bool(server.told(f"/api/runs/{run}/rounds"))
    except RuntimeError:  # 409: there are none yet
        return False


def _stopped(server: LiveServer, plan: str, after_s: float) -> Row:
    """Ask for rounds and, a while later, for their end."""
    time.sleep(QUIET_S)
    body = {"streams": [STREAM], "time_limit_s": 60, "anew": True}
    run = server.told(f"/api/runs/{plan}/rounds", body)["id"]
    time.sleep(after_s)
    phase = server.state(run)["phase"]
    began_s = time.perf_counter()
    server.told(f"/api/runs/{run}/cancel", {})
    while (now := server.state(run))["phase"] != "write" and now["finished_at"] is None:
        time.sleep(LOOK_EVERY_S)
    heard_s = time.perf_counter() - began_s
    server.wait(lambda: server.state(run)["finished_at"] is not None, LIMIT_S)
    kept = _readable(server, run)
    return {"phase": phase, "heard_s": round(heard_s, 2), "kept": kept}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a line a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found = []
    for row in rows(given.times):
        found.append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""How soon rounds can be read of a service, and how soon it hears that nobody wants them any more.

    python -m benchmarks.rounds_service [--times 1] [--browser /usr/bin/chromium] [--json OUT]

Plans the embedded county, then asks for rounds and for changes of them as a page does, each time
when the server has been quiet for a moment. ``first_s`` is from the request to the first answer of
``GET /api/runs/{rounds}/rounds`` that has rounds in it, asked for every 20 ms; ``all_s`` until
every stream has some. ``heard_s`` is from the wish to stop, in a stage of the run, until the run
says that it has ended, ``files_s`` until its last file is there. With a browser ``seen_s`` is from
the click on the button until rounds are drawn on the map of the page.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.service_server import LiveServer
from scenarios.load import example, profiles_of

LOOK_EVERY_S = 0.02
LOOKS = 10
"""For rounds, between two for what became of the run."""
QUIET_S = 7.0
"""After a run, until the process of the next one has loaded what it needs."""
LIMIT_S = 120.0
DRAWN = "document.querySelector('#so-far-map path, #so-far-map canvas') !== null"
STREAM = "household_transfer"
STAGES = (
    "inputs", "rounds_calendar", "rounds_quick", "rounds_improve", "draw", "write",
)  # fmt: skip
"""Of a run, in each of which it is stopped once."""
BROWSER_ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu")

Row = dict[str, Any]


def rows(times: int, browser: str = "") -> Iterator[Row]:
    """Each case so many times over."""
    with tempfile.TemporaryDirectory() as place, LiveServer(Path(place) / "data") as server:
        document = example("demo").model_dump(mode="json", exclude_defaults=True)
        plan = server.plan(document)
        before = _asked(server, plan, {"streams": [STREAM], "time_limit_s": 5})["run"]
        for name, source, body in _cases(server, plan, before):
            for _ in range(times):
                yield {"case": name, **_asked(server, source, {**body, "anew": True})}
        for stage in STAGES:
            for _ in range(times):
                yield {"case": "stopped", "stage": stage, **_stopped(server, plan, stage)}
        for _ in range(times if browser else 0):
            yield {"case": "page", "seen_s": _seen_s(server, plan, browser)}


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
    """Ask for rounds, wait for the first of them, for those of every stream, and for the end."""
    path = f"/api/runs/{source}/rounds" + ("/changes" if "changes" in body else "")
    time.sleep(QUIET_S)
    began_s = time.perf_counter()
    made = server.told(path, body)
    run, streams = made["id"], len(body.get("streams") or body.get("changes") or ())
    streams = streams or len(_with_rounds(server, source))
    moments: list[float] = []
    for look in count(1):
        readable = _readable(server, run)
        moments += [time.perf_counter() - began_s] * (readable - len(moments))
        if len(moments) >= streams:
            break
        time.sleep(LOOK_EVERY_S)
        if look % LOOKS == 0:  # seldom: each answer takes of the cores that the run needs
            _hold_on(server, run, began_s)
    _hold_on(server, run, began_s)
    while server.state(run)["finished_at"] is None:
        _hold_on(server, run, began_s)
    found = {"run": run, "first_s": round(moments[0], 2), "all_s": round(moments[-1], 2)}
    return {**found, "state": server.state(run)["state"]}


def _with_rounds(server: LiveServer, plan: str) -> Sequence[str]:
    """Streams of a plan that are collected in rounds."""
    profiles = profiles_of(example("demo"), ".")
    planned = server.state(plan)["streams"]
    return [one for one in planned if any(tier.rounds for tier in profiles[one].tiers)]


def _hold_on(server: LiveServer, run: str, began_s: float) -> None:
    """Wait a moment for a run that is on its way.

    Raises
    ------
    RuntimeError
        Where nothing more will come of it.
    """
    state = server.state(run)
    if state["state"] == "failed" or time.perf_counter() - began_s > LIMIT_S:
        raise RuntimeError(f"{run}: {state['state']}, {state['faults']}")
    time.sleep(LOOK_EVERY_S)


def _readable(server: LiveServer, run: str) -> int:
    """Streams whose rounds can be read."""
    try:
        return len(server.told(f"/api/runs/{run}/rounds"))
    except RuntimeError:  # 409: there are none yet
        return 0


def _stopped(server: LiveServer, plan: str, stage: str) -> Row:
    """Ask for rounds of every stream and, in a stage of the run, for their end."""
    time.sleep(QUIET_S)
    run = server.told(f"/api/runs/{plan}/rounds", {"time_limit_s": 5, "anew": True})["id"]
    began_s = time.perf_counter()
    while server.state(run)["phase"] != stage:
        _hold_on(server, run, began_s)
    began_s = time.perf_counter()
    server.told(f"/api/runs/{run}/cancel", {})
    while (now := server.state(run))["finished_at"] is None:
        _hold_on(server, run, began_s)
    heard_s = time.perf_counter() - began_s
    found = {"heard_s": round(heard_s, 2), "state": now["state"], "kept": _readable(server, run)}
    server.wait(lambda: server.state(run)["phase"] != "files", LIMIT_S)
    return {**found, "files_s": round(time.perf_counter() - began_s, 2)}


def _seen_s(server: LiveServer, plan: str, browser: str) -> float:
    """From the click on the button of a plan's page until rounds are drawn on a map."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=browser, args=list(BROWSER_ARGUMENTS))
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{server.base}/planner/runs/{plan}")
        page.locator("html[data-ready=yes]").wait_for(state="attached")
        # The same question again would be answered with the run that is there.
        seconds = 5 + time.time() % 1000 / 1000
        page.evaluate(f"document.getElementById('rounds').dataset.seconds = {seconds}")
        time.sleep(QUIET_S)
        began_s = time.perf_counter()
        page.locator("#rounds").click()
        page.locator("#so-far:not([hidden]) .outcome").first.wait_for()
        page.wait_for_function(DRAWN)
        seen_s = time.perf_counter() - began_s
        run = page.url.rsplit("/", 1)[-1]
        chromium.close()
    server.stop(run)
    return round(seen_s, 2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a line a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--browser", default="", help="a chromium, to measure the page too")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found = []
    for row in rows(given.times, given.browser):
        found.append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

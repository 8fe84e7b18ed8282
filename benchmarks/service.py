"""The service under load: a server as ``wangdian serve`` starts it, asked by wrk and page by page.

``check_352`` and ``check_10000`` ask the service check for villages by id and for points anywhere,
from the plan of a synthetic county, at rest and while another run is being planned on the same
machine. ``memory`` holds the server's resident memory before and after a hundred thousand
questions; ``page`` times every page, again and, of a fresh server, for the first time. Needs wrk;
everything stays on loopback.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.service_server import LiveServer

REQUESTS_PER_S = {352: 500.0, 10_000: 300.0}
P99_MS = 50.0
PAGE_MS = 100.0
GROWTH_MIB = 16.0
"""More than the noise of an allocator, less than a byte lost on every tenth question."""

STREAM = "pesticide_packaging"
CONNECTIONS = 16
SECONDS = 10
QUESTIONS = 100_000

BUSY = {
    "title": "busy", "synthetic": {"villages": 352, "seed": 5}, "max_snap_m": 800,
    "off_road": "straight",
    "streams": [{"stream": "straw_storage"}, {"stream": "household_transfer"}],
    "solver": {"gap": 0, "time_limit_s": 900},
}  # fmt: skip
"""A run that is still being planned when the measurement ends."""

VILLAGES_LUA = """
local ids = {{ids}}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", "/coverage?village=" .. ids[n % #ids + 1] .. "&stream={stream}")
end
"""
POINTS_LUA = """
math.randomseed(7)
local west, south, east, north = {box}
request = function()
  local lon = west + math.random() * (east - west)
  local lat = south + math.random() * (north - south)
  return wrk.format("GET", string.format("/coverage?lon=%.6f&lat=%.6f&stream={stream}", lon, lat))
end
"""

Row = dict[str, Any]


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    refused: int

    def row(self) -> Row:
        """The figures, rounded."""
        return {
            "requests_per_s": round(self.requests_per_s, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "worst_ms": round(self.worst_ms, 1),
            "refused": self.refused,
        }


def service_rows(*, sizes: tuple[int, ...] = (352, 10_000)) -> Iterator[Row]:
    """A row a size, question and state of the machine; then pages and memory."""
    if shutil.which("wrk") is None:
        yield {"bench": "service", "meets_bar": False, "error": ["wrk is not installed"], **_none()}
        return
    with tempfile.TemporaryDirectory(prefix="wangdian-bench-") as made:
        folder = Path(made)
        with LiveServer(folder / "data") as server:
            for villages in sizes:
                run_id = server.plan(_county(villages))
                yield from _check_rows(server, folder, villages, run_id)
            yield _memory_row(server, folder, sizes[0])
            yield from _page_rows(server)
        with LiveServer(folder / "data") as server:
            yield from _page_rows(server, first=True)


def _county(villages: int) -> Row:
    return {
        "title": f"{villages} villages", "synthetic": {"villages": villages}, "max_snap_m": 800,
        "off_road": "straight", "streams": [{"stream": STREAM}],
        "solver": {"gap": 0.05, "time_limit_s": 60},
    }  # fmt: skip


def _check_rows(server: LiveServer, folder: Path, villages: int, run_id: str) -> Iterator[Row]:
    scripts = _scripts(server, folder, villages, run_id)
    for state in ("at rest", "planning"):
        busy = server.start(BUSY) if state == "planning" else None
        if busy is not None:
            server.wait(lambda one=busy: server.state(one)["objective"] is not None, 120)
        for what, script in scripts.items():
            load = wrk(server.base, script, seconds=SECONDS)
            row: Row = {"bench": "service", "model": f"check_{villages}", "run": f"{what} {state}"}
            row |= {**load.row(), **_process(server, SECONDS)}
            row["bar"] = {"requests_per_s": REQUESTS_PER_S.get(villages), "p99_ms": P99_MS}
            row["meets_bar"] = _meets(load, villages)
            if busy is not None and server.state(busy)["state"] != "running":
                row |= {"meets_bar": False, "error": ["the run ended before the measurement"]}
            yield row
        if busy is not None:
            server.stop(busy)


def _meets(load: Load, villages: int) -> bool:
    enough = load.requests_per_s >= REQUESTS_PER_S.get(villages, 0.0)
    # The issue names the longest wait at the size of a county only.
    quick = load.p99_ms <= P99_MS or villages > min(REQUESTS_PER_S)
    return enough and quick and load.refused == 0


def _scripts(server: LiveServer, folder: Path, villages: int, run_id: str) -> Mapping[str, Path]:
    layer = server.told(f"/api/runs/{run_id}/layers/villages.geojson")
    ids = ",".join(json.dumps(one["properties"]["id"]) for one in layer["features"])
    lons, lats = zip(*(one["geometry"]["coordinates"] for one in layer["features"]), strict=True)
    box = ", ".join(f"{one:.6f}" for one in (min(lons), min(lats), max(lons), max(lats)))
    texts = {
        "villages": VILLAGES_LUA.replace("{ids}", ids),
        "points": POINTS_LUA.replace("{box}", box),
    }
    paths = {}
    for what, text in texts.items():
        paths[what] = folder / f"{what}-{villages}.lua"
        asked = f"{STREAM}&run={run_id}"
        paths[what].write_text(text.replace("{stream}", asked), encoding="utf-8")
    return paths


def wrk(base: str, script: Path, *, seconds: int) -> Load:
    """Ask for some seconds over a fixed number of connections."""
    command = [
        shutil.which("wrk") or "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
        "--timeout", "10s", "-s", str(script), base,
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return read_wrk(said)


def read_wrk(said: str) -> Load:
    """The figures in what wrk prints."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    worst = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", said)
    shares = dict(re.findall(r"(50|99)%\s+(\S+)", said))
    refused = sum(int(one) for one in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    for line in re.findall(r"Socket errors: (.*)", said):
        refused += sum(int(one) for one in re.findall(r"\d+", line))
    return Load(
        float(rate.group(1)) if rate else 0.0,
        milliseconds(shares.get("50", "inf")),
        milliseconds(shares.get("99", "inf")),
        milliseconds(worst.group(1)) if worst else float("inf"),
        refused,
    )


def milliseconds(text: str) -> float:
    """Times as wrk writes them: ``1.20s``, ``13.4ms`` and ``870us``."""
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)


def _memory_row(server: LiveServer, folder: Path, villages: int) -> Row:
    """Resident memory over a hundred thousand questions, half villages and half points."""
    scripts = [folder / f"{what}-{villages}.lua" for what in ("villages", "points")]
    for script in scripts:  # what is kept between questions is kept by now
        wrk(server.base, script, seconds=SECONDS)
    before, asked, began = server.resident_mib(), 0.0, time.perf_counter()
    while asked < QUESTIONS:
        for script in scripts:
            asked += wrk(server.base, script, seconds=SECONDS).requests_per_s * SECONDS
    after = server.resident_mib()
    row: Row = {
        "bench": "service", "model": "memory", "run": f"{asked:.0f} questions",
        "before_mib": round(before), "after_mib": round(after), "asked": round(asked),
        **_process(server, time.perf_counter() - began),
    }  # fmt: skip
    row["bar"] = {"growth_mib": GROWTH_MIB}
    row["meets_bar"] = after - before <= GROWTH_MIB
    return row


def _page_rows(server: LiveServer, *, first: bool = False) -> Iterator[Row]:
    """Server time of every page: of the first call of a fresh server, or of calls that follow."""
    run_ids = [one["id"] for one in server.told("/api/runs?state=finished")["runs"]]
    scenario = server.keep(_county(60))
    pages = {
        "township": "/township", "planner": "/planner", "new": "/planner/new",
        "new stream": f"/planner/new?stream={STREAM}", "plan": f"/planner/runs/{run_ids[-1]}",
        "large plan": f"/planner/runs/{run_ids[0]}",
        "large township": f"/township?run={run_ids[0]}",
        "compare": f"/planner/compare?a={run_ids[-1]}&b={run_ids[-1]}",
        "faults": f"/planner/runs/{run_ids[0]}/faults",
        "scenario": f"/planner/scenarios/{scenario}", "sign in": "/sign-in", "docs": "/docs",
    }  # fmt: skip
    for name, path in pages.items():
        times = [server.timed_ms(path) for _ in range(1 if first else 20)]
        row: Row = {"bench": "service", "model": "page", "run": f"{name}{' first' * first}"}
        row |= {"median_ms": round(statistics.median(times), 1), "worst_ms": round(max(times), 1)}
        row |= {**_process(server, sum(times) / 1e3), "bar": {"page_ms": PAGE_MS}}
        row["meets_bar"] = row["median_ms"] <= PAGE_MS
        yield row


def _process(server: LiveServer, seconds: float) -> Row:
    used = psutil.Process(server.pid).cpu_times()
    mib = round(server.resident_mib())
    return {
        "wall_s": round(seconds, 2), "cpu_s": round(used.user + used.system, 2), "peak_mib": mib,
        "tree_mib": mib,
    }  # fmt: skip


def _none() -> Row:
    return {"wall_s": 0.0, "cpu_s": 0.0, "peak_mib": 0, "tree_mib": 0}


def said(row: Mapping[str, Any]) -> str:
    """A row's own figures for the line on the screen."""
    if "requests_per_s" in row:
        return f"{row['requests_per_s']:7.0f}/s p99 {row['p99_ms']:6.1f} ms"
    if "median_ms" in row:
        return f"median {row['median_ms']:6.1f} ms, worst {row['worst_ms']:.1f} ms"
    if "after_mib" in row:
        return f"{row['before_mib']} MiB before, {row['after_mib']} MiB after"
    return json.dumps(row.get("error", ""))

"""Cost matrices by this engine and its peers, side by side.

    python -m benchmarks.impedance --roads synthetic:100000 --sources 1000 --targets 2000 --json OUT
    python -m benchmarks.impedance --roads roads.osm.pbf --cutoff 15000 --json OUT
    python -m benchmarks.impedance --suite issue --data ../shared/data/roads --json OUT
    python -m benchmarks.impedance --suite growth --json OUT

Each engine runs in a process of its own, once for every case; times are medians of 5 runs (fewer
where the budget is spent, see ``repeats``). Compiling is left out and reported as ``jit_s``. No
order is read from disk or left there, with or without ``--no-cache``: ``prep_s`` is order, build
and customisation, ``query_s`` the answer on a prepared graph, ``cold_s`` all of it in one call;
``query_cpu_s`` is the processor time of the answer in the engine's own process.
``ratio`` and ``cold_ratio`` say how many times as long an engine takes as this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.impedance_files import file_roads
from benchmarks.impedance_roads import synthetic_roads
from geodata.roads.graph import CostGraph, RoadPositions, at_nodes

ALL = ("wangdian", "wangdian-own-order", "scipy", "scipy2", "routingkit-cch", "pandana", "igraph")


@dataclass(frozen=True)
class Case:
    """One row of the table, for each of its engines."""

    name: str
    roads: str
    sources: int = 1000
    targets: int = 2000
    cutoff_m: float = np.inf
    engines: tuple[str, ...] = ALL
    on_edges: bool = False
    closed: int = 0
    float32: bool = False
    threads: int = 0


def issue_cases(data: Path) -> list[Case]:
    """Every row of the table that the engine has to show."""
    own, quick = ("wangdian",), ("wangdian", "scipy", "scipy2", "routingkit-cch")
    orders = ("wangdian", "wangdian-own-order")
    hundred, large = "synthetic:100000", "synthetic:500000"
    files = (
        ("Porto", "porto_portugal.osm.pbf"),
        ("Wuhan", "neatnet_wuhan_8989_original.parquet"),
        ("Liechtenstein", "liechtenstein.osm.pbf"),
    )
    return [
        Case("100k 1,000 x 2,000", hundred),
        Case("100k 1,000 x 2,000, one thread", hundred, engines=own, threads=1),
        Case("100k 1,000 x 2,000, float32", hundred, engines=own, float32=True),
        Case("100k 1,000 x 2,000, on edges", hundred, engines=own, on_edges=True),
        Case("100k 1,000 x 2,000, ten roads closed", hundred, engines=own, closed=10),
        Case("100k 1,000 x 2,000, cutoff 15 km", hundred, cutoff_m=15_000.0, engines=quick[:3]),
        Case("100k 2,000 x 10,000", hundred, 2000, 10_000, engines=own),
        Case("500k 2,000 x 10,000", large, 2000, 10_000, engines=orders),
        Case("500k 2,000 x 10,000, float32", large, 2000, 10_000, engines=own, float32=True),
        *(Case(f"{name}", str(data / file), engines=quick) for name, file in files),
        Case("Porto, every bend a node", f"bends:{data / files[0][1]}", engines=quick),
    ]


def growth_cases() -> list[Case]:
    """Time and memory from 20,000 to a million nodes."""
    sizes = (20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
    return [Case(f"growth {n:,}", f"synthetic:{n}", engines=("wangdian",)) for n in sizes]


def load(roads: str) -> CostGraph:
    kind, _, rest = roads.partition(":")
    if kind == "synthetic":
        return synthetic_roads(int(rest))
    return file_roads(Path(rest), bends=True) if kind == "bends" else file_roads(Path(roads))


def write_task(case: Case, graph: CostGraph, folder: Path, seed: int = 7) -> None:
    random = np.random.default_rng(seed)
    topology = graph.topology
    used = np.flatnonzero(np.isfinite(graph.cost))
    nodes = np.setdiff1d(topology.edge_from[used], split_nodes(graph))
    few = len(nodes) < max(case.sources, case.targets)
    source_nodes = random.choice(nodes, case.sources, replace=few).astype(np.int64)
    target_nodes = random.choice(nodes, case.targets, replace=few).astype(np.int64)
    sources = at_nodes(topology, source_nodes, np.isfinite(graph.cost))
    targets = at_nodes(topology, target_nodes, np.isfinite(graph.cost))
    if case.on_edges:
        sources, targets = (
            RoadPositions(random.choice(used, n).astype(np.int32), random.random(n))
            for n in (case.sources, case.targets)
        )
    np.savez(
        folder / "task.npz",
        lon=topology.node_lon,
        lat=topology.node_lat,
        edge_from=topology.edge_from,
        edge_to=topology.edge_to,
        cost=graph.cost,
        reverse=graph.reverse,
        source_edge=sources.edge,
        source_fraction=sources.fraction,
        target_edge=targets.edge,
        target_fraction=targets.fraction,
        source_nodes=source_nodes,
        target_nodes=target_nodes,
        cutoff=case.cutoff_m,
        closed=random.choice(used, case.closed, replace=False),
        float32=case.float32,
    )


def split_nodes(graph: CostGraph) -> NDArray[np.int32]:
    """Copies of junctions that turn restrictions have split.

    Peers know nodes only; a position at such a junction stands at all its copies.
    """
    topology = graph.topology
    edge = np.flatnonzero(graph.reverse >= 0)
    back = graph.reverse[edge]
    apart = topology.edge_from[edge] != topology.edge_to[back]
    return np.concatenate((topology.edge_from[edge[apart]], topology.edge_to[back[apart]]))


def run_case(case: Case, graph: CostGraph, given: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_task(case, graph, folder)
        for engine in case.engines:
            if given.engines and engine not in given.engines:
                continue
            report = run_engine(engine, case, folder, given)
            if report is not None:
                rows.append(row(case, engine, graph, report))
        compare(rows, folder)
    add_ratios(rows)
    return rows


def run_engine(
    engine: str, case: Case, folder: Path, given: argparse.Namespace
) -> dict[str, Any] | None:
    """The engine's report, None where it is not installed or fails (which is said)."""
    environment = dict(os.environ, WANGDIAN_CACHE_DIR=str(folder / "cache"))
    if case.threads:
        environment["WANGDIAN_THREADS"] = str(case.threads)
    command = [sys.executable, "-m", "benchmarks.impedance_engines", engine, str(folder)]
    command += ["--repeats", str(given.repeats), "--budget", str(given.budget)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{case.name}: {engine} gives no figure: {reason}", file=sys.stderr)
        return None
    report: dict[str, Any] = json.loads((folder / f"{engine}.json").read_text())
    return report


def row(case: Case, engine: str, graph: CostGraph, report: dict[str, Any]) -> dict[str, Any]:
    return {
        "case": case.name,
        "engine": engine,
        "nodes": graph.topology.n_nodes,
        "edges": graph.topology.n_edges,
        "sources": case.sources,
        "targets": case.targets,
        "cutoff_m": None if np.isinf(case.cutoff_m) else case.cutoff_m,
        **report,
        "max_rel_diff": None,
    }


def compare(rows: list[dict[str, Any]], folder: Path) -> None:
    """Largest relative difference of each engine's sampled rows from SciPy's, else from ours."""
    names = [entry["engine"] for entry in rows]
    if not names:
        return
    reference = next((name for name in ("scipy", "scipy2") if name in names), names[0])
    want = np.load(folder / f"{reference}.npy")
    for entry in rows:
        got = np.load(folder / f"{entry['engine']}.npy")
        if entry["engine"] == reference:
            continue
        both = np.isfinite(want) & np.isfinite(got)
        apart = np.abs(got[both] - want[both]) / np.maximum(want[both], 1.0)
        disagree = (np.isfinite(want) != np.isfinite(got)).sum()
        entry["max_rel_diff"] = float(apart.max()) if both.any() else 0.0
        entry["reached_differently"] = int(disagree)


def add_ratios(rows: list[dict[str, Any]]) -> None:
    own = next((entry for entry in rows if entry["engine"] == "wangdian"), None)
    for entry in rows:
        if own is None:
            continue
        entry["ratio"] = entry["query_s"] / own["query_s"]
        if own["cold_s"]:
            # SciPy needs no preparation to speak of; a hierarchy's first answer needs all of it.
            entry["cold_ratio"] = (entry["prep_s"] + entry["query_s"]) / own["cold_s"]


def bandwidth_gib_s() -> float:
    """What the machine copies in a second, all cores at once, read and written bytes counted."""
    cores = len(os.sched_getaffinity(0))
    blocks = [np.ones(16_000_000) for _ in range(cores)]
    spare = [np.empty_like(block) for block in blocks]
    best = 0.0
    for _ in range(5):
        threads = [
            threading.Thread(target=np.copyto, args=pair)
            for pair in zip(spare, blocks, strict=True)
        ]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = max(best, 2 * cores * blocks[0].nbytes / (time.perf_counter() - began))
    return best / 2**30


def machine(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Memory bandwidth, and the least time in which the answers could be written at it."""
    speed = bandwidth_gib_s()
    floors = {
        entry["case"]: entry["sources"] * entry["targets"] * 8 / 2**30 / speed
        for entry in rows
        if entry["engine"] == "wangdian" and entry["cutoff_m"] is None
    }
    return {"cores": len(os.sched_getaffinity(0)), "copy_gib_s": speed, "result_floor_s": floors}


def show(rows: list[dict[str, Any]]) -> None:
    for entry in rows:
        cold = f"{entry['cold_s']:8.3f}" if entry["cold_s"] else " " * 8
        difference = entry["max_rel_diff"]
        print(
            f"{entry['case']:38} {entry['engine']:15}",
            f"prep {entry['prep_s']:8.3f} query {entry['query_s']:8.3f}",
            f"cpu {entry['query_cpu_s']:7.3f} cold {cold}",
            f"x{entry.get('ratio', 0):8.1f} x{entry.get('cold_ratio', 0):6.1f}",
            f"{entry['peak_mib']:6.0f} MiB n={entry['repeats']}",
            "" if difference is None else f"{difference:.1e}",
            flush=True,
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--roads", help="a road file, synthetic:N, or bends:FILE")
    parser.add_argument("--suite", choices=["issue", "growth"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/roads"))
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--cutoff", type=float, default=np.inf, help="metres")
    parser.add_argument("--on-edges", action="store_true", help="positions inside edges")
    parser.add_argument("--closed", type=int, default=0, help="edges closed before each query")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=[])
    parser.add_argument("--only", default="", help="cases of the suite whose name holds this")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds an engine may repeat")
    parser.add_argument("--no-cache", action="store_true", help="no stored order (always so here)")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    if (given.roads is None) == (given.suite is None):
        parser.error("give either --roads or --suite")
    return given


def wanted_cases(given: argparse.Namespace) -> list[Case]:
    if given.suite == "growth":
        return growth_cases()
    if given.suite == "issue":
        return [case for case in issue_cases(given.data) if given.only in case.name]
    return [
        Case(
            given.roads,
            given.roads,
            given.sources,
            given.targets,
            given.cutoff,
            on_edges=given.on_edges,
            closed=given.closed,
            float32=given.float32,
            threads=given.threads,
            engines=ALL if not (given.on_edges or given.closed) else ("wangdian",),
        )
    ]


def main() -> None:
    given = arguments()
    rows: list[dict[str, Any]] = []
    graphs: dict[str, CostGraph] = {}
    for case in wanted_cases(given):
        if case.roads not in graphs:
            graphs = {case.roads: load(case.roads)}  # one network at a time in memory
        graph = graphs[case.roads]
        smaller = replace(case, closed=min(case.closed, graph.topology.n_edges))
        found = run_case(smaller, graph, given)
        show(found)
        rows += found
        given.json.write_text(json.dumps(rows, indent=1))
    beside = given.json.with_suffix(".machine.json")
    beside.write_text(json.dumps(machine(rows), indent=1))


if __name__ == "__main__":
    main()

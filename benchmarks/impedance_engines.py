"""One engine on one task, in a process of its own: prepare, ask, report as JSON.

Every engine is a class with ``prepare()`` and ``query()``; the task is a file of arrays written by
``benchmarks.impedance``. Run by it as ``python -m benchmarks.impedance_engines``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_matrix

from benchmarks.measuring import peak_resident_mib
from geodata.roads.graph import CostGraph, RoadPositions, RoadTopology

SAMPLE_ROWS = 16
"""Rows of the answer that are handed over to be compared."""
PER_UNIT = 1000
"""Engines that count in integers get thousandths of a metre or second."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is asked; nodes and edges as arrays, so that every engine starts from the same."""

    graph: CostGraph
    sources: RoadPositions
    targets: RoadPositions
    source_nodes: NDArray[np.int64]
    target_nodes: NDArray[np.int64]
    cutoff: float
    closed: NDArray[np.int64]
    float32: bool


class Engine(Protocol):
    """What is measured."""

    def prepare(self) -> None:
        """Everything that depends on the network and its costs only."""

    def query(self) -> NDArray[np.floating]:
        """The answer, (q, r); pairs beyond the cutoff are ``inf``."""


def read_task(folder: Path) -> Task:
    with np.load(folder / "task.npz") as arrays:
        topology = RoadTopology(*(arrays[k] for k in ("lon", "lat", "edge_from", "edge_to")))
        return Task(
            CostGraph(topology, arrays["cost"], arrays["reverse"]),
            RoadPositions(arrays["source_edge"], arrays["source_fraction"]),
            RoadPositions(arrays["target_edge"], arrays["target_fraction"]),
            arrays["source_nodes"],
            arrays["target_nodes"],
            float(arrays["cutoff"]),
            arrays["closed"],
            bool(arrays["float32"]),
        )


class Wangdian:
    """The engine of this project. Nothing is read from or left on disk or in the process."""

    def __init__(self, task: Task) -> None:
        from geodata.impedance import matrices, prepared

        self.task, self.matrices, self.prepared = task, matrices, prepared
        self.kind = np.float32 if task.float32 else np.float64
        self.graph = task.graph

    def prepare(self) -> None:
        self.prepared.forget()
        self.graph = self.task.graph
        key = self.prepared._structure_key(self.graph)  # noqa: SLF001 - keep it, but not on disk
        hierarchy = self.prepared._hierarchy(self.graph, None)  # noqa: SLF001
        self.prepared._hierarchies.get(key, lambda: hierarchy)  # noqa: SLF001
        self.prepared.prepared(self.graph)

    def close_roads(self) -> None:
        """Another metric on the same topology: never seen before, so it is customised anew."""
        cost = self.task.graph.cost.copy()
        cost[self.task.closed] = np.inf
        cost[self.task.graph.reverse[self.task.closed]] = np.inf
        cost[0] *= 1 + 1e-9 * np.random.default_rng().random()
        self.graph = CostGraph(self.task.graph.topology, cost, self.task.graph.reverse)

    def query(self) -> NDArray[np.floating]:
        task = self.task
        if len(task.closed):
            self.close_roads()
        if np.isfinite(task.cutoff):
            return self.matrices.within(self.graph, task.sources, task.targets, task.cutoff)
        return self.matrices.cost_matrix(self.graph, task.sources, task.targets, dtype=self.kind)

    def cold(self) -> None:
        self.prepared.forget()
        self.matrices.cost_matrix(
            self.task.graph, self.task.sources, self.task.targets, dtype=self.kind, use_cache=False
        )


class WangdianOwnOrder(Wangdian):
    """The same where pymetis is not installed: the order is the geometric dissection."""

    def __init__(self, task: Task) -> None:
        from geodata.impedance import order

        order.pymetis = None
        super().__init__(task)


def bare_matrix(graph: CostGraph) -> csr_matrix:
    """Node to node, parallel edges by their minimum: csr_matrix alone would add them up."""
    usable = np.flatnonzero(np.isfinite(graph.cost))
    usable = usable[np.argsort(graph.cost[usable], kind="stable")]
    tail, head = graph.topology.edge_from[usable], graph.topology.edge_to[usable]
    n = graph.topology.n_nodes
    _, first = np.unique(tail.astype(np.int64) * n + head, return_index=True)
    return csr_matrix((graph.cost[usable[first]], (tail[first], head[first])), shape=(n, n))


class SciPy:
    """SciPy's Dijkstra, one source after another."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        self.matrix = bare_matrix(self.task.graph)

    def rows(self, nodes: NDArray[np.int64]) -> NDArray[np.floating]:
        found = np.empty((len(nodes), len(self.task.target_nodes)))
        for row, node in enumerate(nodes):  # row by row: the whole would be sources times nodes
            found[row] = csgraph.dijkstra(self.matrix, indices=node, limit=self.task.cutoff)[
                self.task.target_nodes
            ]
        return found

    def query(self) -> NDArray[np.floating]:
        return self.rows(self.task.source_nodes)


class SciPyTwo(SciPy):
    """The same in two processes that already run."""

    def prepare(self) -> None:
        super().prepare()
        self.pool = multiprocessing.get_context("fork").Pool(2)

    def query(self) -> NDArray[np.floating]:
        return np.vstack(self.pool.map(self.rows, np.array_split(self.task.source_nodes, 2)))

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "pool"}


class RoutingKit:
    """RoutingKit's customisable contraction hierarchies, pinned targets."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        import routingkit_cch

        topology, cost = self.task.graph.topology, self.task.graph.cost
        usable = np.isfinite(cost)
        tail = topology.edge_from[usable].astype(np.uint32)
        head = topology.edge_to[usable].astype(np.uint32)
        lat, lon = topology.node_lat.astype(np.float32), topology.node_lon.astype(np.float32)
        order = routingkit_cch.compute_order_inertial(topology.n_nodes, tail, head, lat, lon)
        cch = routingkit_cch.CCH(order, tail, head, filter_always_inf_arcs=False)
        weights = np.round(cost[usable] * PER_UNIT).astype(np.uint32)
        self.metric = routingkit_cch.CCHMetric(cch, weights)

    def query(self) -> NDArray[np.floating]:
        import routingkit_cch

        ask = routingkit_cch.CCHOneToMany(self.metric, self.task.target_nodes.astype(np.uint32))
        rows = [
            np.array(ask.distances_from(int(node)), dtype=float) for node in self.task.source_nodes
        ]
        return np.nan_to_num(np.array(rows) / PER_UNIT, nan=np.inf)


class Pandana:
    """Pandana's contraction hierarchies, pair by pair."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        import pandana
        import pandas as pd

        topology, cost = self.task.graph.topology, self.task.graph.cost
        usable = np.isfinite(cost)
        self.network = pandana.Network(
            pd.Series(topology.node_lon),
            pd.Series(topology.node_lat),
            pd.Series(topology.edge_from[usable]),
            pd.Series(topology.edge_to[usable]),
            pd.DataFrame({"cost": cost[usable]}),
            twoway=False,
        )

    def query(self) -> NDArray[np.floating]:
        sources, targets = self.task.source_nodes, self.task.target_nodes
        pairs = np.repeat(sources, len(targets)), np.tile(targets, len(sources))
        found = np.array(self.network.shortest_path_lengths(*pairs)).reshape(len(sources), -1)
        return np.where(found > 4e6, np.inf, found)


class IGraph:
    """igraph's Dijkstra."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        import igraph

        topology, cost = self.task.graph.topology, self.task.graph.cost
        usable = np.isfinite(cost)
        pairs = np.column_stack((topology.edge_from[usable], topology.edge_to[usable]))
        self.graph = igraph.Graph(n=topology.n_nodes, edges=pairs, directed=True)
        self.cost = cost[usable].tolist()

    def query(self) -> NDArray[np.floating]:
        return np.array(
            self.graph.distances(
                self.task.source_nodes.tolist(), self.task.target_nodes.tolist(), weights=self.cost
            )
        )


ENGINES: dict[str, Callable[[Task], Engine]] = {
    "wangdian": Wangdian,
    "wangdian-own-order": WangdianOwnOrder,
    "scipy": SciPy,
    "scipy2": SciPyTwo,
    "routingkit-cch": RoutingKit,
    "pandana": Pandana,
    "igraph": IGraph,
}


def median_seconds(
    run: Callable[[], object], repeats: int, budget_s: float
) -> tuple[float, list[float]]:
    """Median of ``repeats`` runs, of fewer once the budget is spent."""
    seconds: list[float] = []
    while len(seconds) < repeats and sum(seconds) < budget_s:
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), seconds


def compile_kernels() -> float:
    """Everything that numba compiles, on a small network, so that no figure holds a compilation."""
    from benchmarks.impedance_roads import synthetic_roads
    from geodata.impedance import cost_matrix, matrices, within
    from geodata.impedance.positions import departures
    from geodata.roads.graph import at_nodes

    began = time.perf_counter()
    graph = synthetic_roads(500)
    some = at_nodes(graph.topology, np.arange(10))
    for kind in (np.float64, np.float32):
        cost_matrix(graph, some, some, dtype=kind, use_cache=False)
    within(graph, some, some, 1e6, use_cache=False)
    matrices.search_pays(graph, departures(graph, some), 1.0)
    return time.perf_counter() - began


def measure(engine_name: str, folder: Path, repeats: int, budget_s: float) -> dict[str, object]:
    """Run one engine on the task and report."""
    task = read_task(folder)
    engine = ENGINES[engine_name](task)
    ours = isinstance(engine, Wangdian)
    jit_s = compile_kernels() if ours else 0.0
    prep_s, _ = median_seconds(engine.prepare, repeats, budget_s / 3)
    answers: list[object] = []

    def ask() -> None:
        answers[:] = []  # one answer at a time in memory
        answers.append(engine.query())

    if ours:
        ask()  # the warm case: the graph has been asked before
    began = time.process_time()
    query_s, all_s = median_seconds(ask, repeats, budget_s)
    query_cpu_s = (time.process_time() - began) / len(all_s)
    peak_mib = peak_resident_mib()
    cold_s = None
    if isinstance(engine, Wangdian) and not len(task.closed) and np.isinf(task.cutoff):
        cold_s, _ = median_seconds(engine.cold, repeats, budget_s)
    answer = answers[0]
    if ours and np.isfinite(task.cutoff):
        answer = _dense(answer)
    np.save(folder / f"{engine_name}.npy", np.asarray(answer)[:SAMPLE_ROWS].astype(np.float64))
    return {
        "prep_s": prep_s,
        "query_s": query_s,
        "query_cpu_s": query_cpu_s,
        "cold_s": cold_s,
        "peak_mib": peak_mib,
        "repeats": len(all_s),
        "jit_s": jit_s,
    }


def _dense(pairs: csr_matrix) -> NDArray[np.floating]:
    sample = pairs[:SAMPLE_ROWS].tocoo()
    dense = np.full(sample.shape, np.inf)
    dense[sample.row, sample.col] = sample.data
    return dense


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=float, default=60.0)
    given = parser.parse_args()
    report = measure(given.engine, given.folder, given.repeats, given.budget)
    (given.folder / f"{given.engine}.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()

"""One instance in a process of its own: ``python -m benchmarks.location_run TASK.json``.

The clock starts at the cost matrix: making the problem from it counts, reading the file does not.
Compiled kernels are loaded before by a problem of four points, as libraries are imported before;
how long that took is ``load_seconds``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import issparse

from benchmarks.location_areas import areas_problem
from benchmarks.location_families import entries
from benchmarks.location_instances import Instance
from benchmarks.measuring import peak_resident_mib
from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import SolverSettings, relative_gap
from planner.tiered import TieredProblem
from planner.tiered import checker as tiered_checker

_OBJECTIVES = {
    "p_median": Objective.MIN_COST,
    "p_centre": Objective.MIN_WORST,
    "set_cover": Objective.MIN_SITES,
    "maximal_cover": Objective.MAX_COVERED,
    "capacitated": Objective.MIN_COST,
}


def problem_of(instance: Instance) -> SitingProblem | TieredProblem:
    """The instance as the product's problem."""
    return areas_problem(instance) if instance.model == "areas" else siting_problem(instance)


def siting_problem(instance: Instance) -> SitingProblem:
    """The instance as a problem of one tier."""
    n, m = instance.cost.shape
    fixed = instance.fixed
    if instance.model == "set_cover":
        fixed = np.ones(m)
    capacitated = instance.model == "capacitated"
    return SitingProblem(
        objective=_OBJECTIVES[instance.model],
        demand=Demand(tuple(map(str, range(n))), instance.weight),
        sites=_sites(instance, m, fixed),
        arcs=_arcs(instance, np.ones(n) if capacitated else instance.weight),
        site_count=(None, None) if instance.p is None else (instance.p, instance.p),
        quotas=_quotas(instance),
        single_source=instance.single_source or not capacitated,
    )


def _sites(instance: Instance, m: int, fixed: np.ndarray | None) -> Sites:
    ids = tuple(map(str, range(m)))
    sizes = instance.extra.get("sizes", 1)
    if sizes == 1 or instance.capacity is None or fixed is None:
        return Sites.simple(ids, capacity=instance.capacity, fixed_cost=fixed)
    no = np.zeros(m, np.bool_)
    start = sizes * np.arange(m + 1)
    return Sites(ids, no, no, no, start, instance.capacity, fixed, np.zeros(sizes * m))


def _quotas(instance: Instance) -> tuple[Quota, ...]:
    district = instance.extra.get("district")
    if district is None:
        return ()
    limits = zip(instance.extra["least"], instance.extra["most"], strict=True)
    return tuple(
        Quota(f"district {g}", np.flatnonzero(district == g), int(least), int(most))
        for g, (least, most) in enumerate(limits)
    )


def _arcs(instance: Instance, weight: np.ndarray) -> Arcs:
    cost = instance.cost
    cutoff = np.inf if instance.radius is None else instance.radius
    if not issparse(cost):
        return Arcs.from_dense(cost, weight, cutoff=cutoff)
    return Arcs(cost.indptr, cost.indices, cost.data, cost.data)


def _tiny(instance: Instance) -> Instance:
    """Four points of the same family, to load what it needs."""
    kept = np.linspace(0, instance.cost.shape[0] - 1, 4).astype(int)
    sites = np.linspace(0, instance.cost.shape[1] - 1, 3).astype(int)
    cost = instance.cost[kept]
    dense = np.asarray(cost.todense() if issparse(cost) else cost)[:, sites]
    return Instance(
        "tiny",
        instance.family,
        "capacitated" if instance.model == "areas" else instance.model,
        np.where(np.isfinite(dense), dense, 1.0) if instance.radius is None else dense,
        instance.weight[kept],
        p=None if instance.p is None else 2,
        radius=instance.radius,
        capacity=None if instance.capacity is None else np.full(3, instance.weight.sum()),
        fixed=None if instance.fixed is None else instance.fixed[sites],
        single_source=instance.single_source,
    )


def solve_instance(instance: Instance, settings: SolverSettings) -> dict[str, Any]:
    """A row of results, without the peer's part."""
    from planner.solving import checker
    from planner.solving.solve import solve

    began_s = time.perf_counter()
    if settings.accelerate:
        solve(problem_of(_tiny(instance)), settings)
    load_s = time.perf_counter() - began_s
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    problem = problem_of(instance)
    if isinstance(problem, TieredProblem):
        programme = solve(problem, settings)
        seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        certificate, broken = programme.certificate, tiered_checker.verify(problem, programme)
    else:
        solution = solve(problem, settings)
        seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        certificate, broken = solution.certificate, checker.verify(problem, solution)
    known = {"objective": certificate.objective, "bound": certificate.bound}
    return {
        "instance": instance.name,
        "family": instance.family,
        "n": instance.cost.shape[0],
        "m": instance.cost.shape[1],
        "p": instance.p,
        "outcome": str(certificate.outcome),
        **{key: float(value) if np.isfinite(value) else None for key, value in known.items()},
        "gap": _finite(certificate.gap),
        "optimum": instance.optimum,
        "best_known": instance.best_known,
        "error": _error(certificate.objective, instance.optimum),
        "seconds": seconds,
        "cpu_seconds": cpu_s,
        "load_seconds": load_s,
        "stage_seconds": dict(certificate.stage_seconds),
        "peak_mib": peak_resident_mib(),
        "method": certificate.method,
        "bound_proof": certificate.bound_proof,
        "bound_verified": certificate.bound_verified,
        "checked": not broken,
        "threads": settings.threads,
        "asked_gap": settings.gap,
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _error(objective: float, optimum: float | None) -> float | None:
    """How far from the published optimum, as a fraction of it."""
    return None if optimum is None else _finite(relative_gap(optimum, objective))


def main(arguments: Sequence[str] | None = None) -> None:
    """Solve the task's instance and print its row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", help="JSON: family, data, capacity, instance, time_limit, ...")
    task = json.loads(Path(parser.parse_args(arguments).task).read_text(encoding="utf-8"))
    data = None if task["data"] is None else Path(task["data"])
    found = entries(task["family"], data, task["capacity"], contiguous=task["contiguous"])
    every = {one.name: one for one in found}
    settings = SolverSettings(
        time_limit_s=task["time_limit"],
        gap=task["gap"],
        threads=task["threads"],
        accelerate=task["accelerate"],
        memory_mib=task["memory_mib"],
    )
    print(json.dumps(solve_instance(every[task["instance"]].make(), settings)))


if __name__ == "__main__":
    main()

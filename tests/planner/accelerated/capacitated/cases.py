"""Small random capacitated problems with every rule, and one solve of the method alone."""

from __future__ import annotations

import numpy as np

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import Cancelled, OnProgress, SolverSettings
from planner.solving.capacitated.location import CapacitatedLocation
from planner.solving.method import Found, Watch

TINY_POINTS, TINY_SITES = 5, 4
"""What brute force can try in a few milliseconds."""


def random_problem(
    seed: int, *, most_points: int = TINY_POINTS, most_sites: int = TINY_SITES
) -> SitingProblem:
    """Any mixture of sizes, quotas, counts, missing arcs, empty points and unlimited sites."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, most_points + 1)), int(rng.integers(1, most_sites + 1))
    whole = rng.random() < 0.6
    weight = rng.integers(0, 8, n) * (1.0 if whole else 1.37)
    cost = rng.integers(0, 40, (n, m)) * (1.0 if whole else 0.731)
    if rng.random() < 0.4:
        cost[rng.random((n, m)) < 0.3] = np.inf
    row, site = np.nonzero(np.isfinite(cost))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    mark, marked = rng.random(m), rng.random() < 0.4
    return SitingProblem(
        Objective.MIN_COST,
        Demand([f"D{i}" for i in range(n)], weight),
        _sites(rng, m, float(weight.sum()), (mark < 0.15) & marked, (mark > 0.85) & marked),
        Arcs(start, site, cost[row, site], cost[row, site]),
        site_count=_site_count(rng, m),
        quotas=_quotas(rng, m),
        single_source=bool(rng.random() < 0.5),
    )


def _sites(
    rng: np.random.Generator, m: int, total: float, required: np.ndarray, forbidden: np.ndarray
) -> Sites:
    sizes = rng.integers(1, 3, m) if rng.random() < 0.5 else np.ones(m, np.int64)
    k = int(sizes.sum())
    capacity = np.round(rng.uniform(0.1, 1.3, k) * max(total, 1.0) / max(1, m // 2))
    if rng.random() < 0.25:
        capacity[rng.random(k) < 0.3] = np.inf
    if not np.isfinite(capacity).any():
        capacity[0] = np.ceil(total)
    fixed = rng.integers(0, 60, k) * (1.0 if rng.random() < 0.6 else 0.913)
    return Sites(
        tuple(f"S{j}" for j in range(m)),
        required,
        forbidden,
        np.zeros(m, np.bool_),
        np.concatenate([[0], np.cumsum(sizes)]),
        capacity,
        fixed,
        np.zeros(k),
    )


def _site_count(rng: np.random.Generator, m: int) -> tuple[int | None, int | None]:
    if rng.random() < 0.6:
        return (None, None)
    low, high = sorted(int(x) for x in rng.integers(0, m + 1, 2))
    return (low if rng.random() < 0.6 else None, max(high, 1) if rng.random() < 0.7 else None)


def _quotas(rng: np.random.Generator, m: int) -> tuple[Quota, ...]:
    if rng.random() < 0.6:
        return ()
    group = rng.integers(0, 3, m)  # group 2 has no quota
    quotas = []
    for g in range(2):
        members = np.flatnonzero(group == g)
        if len(members):
            low = int(rng.integers(0, 2))
            high = int(rng.integers(max(1, low), len(members) + 1))
            quotas.append(Quota(f"Q{g}", members, low, high if rng.random() < 0.7 else None))
    return tuple(quotas)


def found_for(
    problem: SitingProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Found | None:
    """What the method finds by itself, without the house around it; cancelled, what it kept."""
    settings = SolverSettings(threads=1) if settings is None else settings
    watch = Watch(settings, on_progress)
    try:
        return CapacitatedLocation().run(problem, settings, watch)
    except Cancelled:
        return watch.best

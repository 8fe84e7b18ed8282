"""Small random problems with every rule of the families without capacities, and their optima."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem
from planner.solution import SolverSettings
from planner.solving.method import Found, Watch
from planner.solving.uncapacitated.cover import MaximalCover, SetCover
from planner.solving.uncapacitated.pcentre import PCentre
from planner.solving.uncapacitated.pmedian import PMedian

METHODS = {
    Objective.MIN_COST: PMedian(),
    Objective.MIN_SITES: SetCover(),
    Objective.MAX_COVERED: MaximalCover(),
    Objective.MIN_WORST: PCentre(),
}


def random_problem(
    rng: np.random.Generator, objective: Objective, *, most_sites: int = 7
) -> SitingProblem:
    """A problem of up to ``most_sites`` sites; many have no plan at all."""
    n, m = int(rng.integers(1, 12)), int(rng.integers(1, most_sites + 1))
    whole = rng.random() < 0.6
    points, places = rng.random((n, 2)), rng.random((m, 2))
    if rng.random() < 0.4:  # ties: points that stand together, sites that stand together
        points = points[rng.integers(0, max(1, n // 2), n)]
        places = places[rng.integers(0, max(1, m // 2 + 1), m)]
    impedance = np.sqrt(((points[:, None] - places[None]) ** 2).sum(2)) * 20
    weight = rng.integers(0, 5, n) * (1.0 if whole else 1.37)
    if whole:
        impedance = np.round(impedance)
    cutoff = np.inf if rng.random() < 0.4 else float(rng.uniform(2, 15))
    fixed = None
    if objective is Objective.MIN_SITES:
        fixed = np.ones(m) if rng.random() < 0.6 else rng.integers(0, 4, m) * 1.0
    elif objective is Objective.MIN_COST and rng.random() < 0.5:
        fixed = rng.integers(0, 9, m) * (1.0 if whole else 1.1)
    mark = rng.random(m)
    marked = rng.random() < 0.5
    return SitingProblem(
        objective,
        Demand([f"D{i}" for i in range(n)], weight),
        Sites.simple(
            [f"S{j}" for j in range(m)],
            fixed_cost=fixed,
            required=(mark < 0.1) & marked,
            forbidden=(mark > 0.9) & marked,
        ),
        Arcs.from_dense(impedance, weight, cutoff=cutoff),
        site_count=_site_count(rng, m),
        quotas=_quotas(rng, m),
    )


def _site_count(rng: np.random.Generator, m: int) -> tuple[int | None, int | None]:
    p = int(rng.integers(0, m + 1))
    kind = rng.random()
    if kind < 0.5:
        return (p, p)
    if kind < 0.7:
        return (None, None)
    if kind < 0.85:
        return (None, p)
    return (p, min(m, p + int(rng.integers(0, 3))))


def _quotas(rng: np.random.Generator, m: int) -> tuple[Quota, ...]:
    if rng.random() < 0.6 or m < 2:
        return ()
    shuffled = rng.permutation(m)
    cut = int(rng.integers(1, m))
    quotas = []
    for name, sites in (("north", shuffled[:cut]), ("south", shuffled[cut:])):
        if rng.random() < 0.7:
            low = int(rng.integers(0, min(3, len(sites)) + 1))
            high = None if rng.random() < 0.4 else low + int(rng.integers(0, 3))
            quotas.append(Quota(name, np.sort(sites), low, high))
    return tuple(quotas)


def brute_force(problem: SitingProblem) -> float | None:
    """Objective of the best choice of sites, by trying them all; None where none is allowed."""
    m = len(problem.sites)
    cost, impedance = _dense(problem, problem.arcs.cost), _dense(problem, problem.arcs.impedance)
    values = [
        _value(problem, cost, impedance, np.array(chosen, np.int64))
        for p in range(m + 1)
        for chosen in combinations(range(m), p)
        if _allowed(problem, chosen)
    ]
    possible = [value for value in values if value is not None]
    if not possible:
        return None
    return max(possible) if problem.objective is Objective.MAX_COVERED else min(possible)


def _dense(problem: SitingProblem, values: np.ndarray) -> np.ndarray:
    full = np.full((len(problem.demand), len(problem.sites)), np.inf)
    full[problem.arcs.demand, problem.arcs.site] = values
    return full


def _allowed(problem: SitingProblem, chosen: tuple[int, ...]) -> bool:
    opened = np.zeros(len(problem.sites), bool)
    opened[list(chosen)] = True
    least, most = problem.site_count
    counts = [(opened.sum(), least or 0, np.inf if most is None else most)]
    counts += [
        (opened[q.sites].sum(), q.minimum, np.inf if q.maximum is None else q.maximum)
        for q in problem.quotas
    ]
    sites = problem.sites
    kept = all(low <= count <= high for count, low, high in counts)
    return kept and not (sites.required & ~opened).any() and not (sites.forbidden & opened).any()


def _value(
    problem: SitingProblem, cost: np.ndarray, impedance: np.ndarray, chosen: np.ndarray
) -> float | None:
    held = problem.reachable
    served = np.isfinite(cost[:, chosen]).any(axis=1)
    if problem.objective is Objective.MAX_COVERED:
        return float(problem.demand.weight[served].sum())
    if not served[held].all():
        return None
    fixed = float(problem.sites.fixed_cost[chosen].sum())
    if problem.objective is Objective.MIN_SITES:
        return fixed
    if not held.any():
        return fixed if problem.objective is Objective.MIN_COST else 0.0
    if problem.objective is Objective.MIN_COST:
        return fixed + float(cost[held][:, chosen].min(axis=1).sum())
    return float(impedance[held][:, chosen].min(axis=1).max())


def solve(problem: SitingProblem, **settings: object) -> Found:
    """The family's own method, without the rest of the house."""
    ready = SolverSettings(**settings)  # type: ignore[arg-type]
    return METHODS[problem.objective].run(problem, ready, Watch(ready))

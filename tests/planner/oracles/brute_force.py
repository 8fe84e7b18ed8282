"""The best plan of a tiny problem by trying every choice of sites and sizes.

Shares no code with the planner: rules are read from the problem and applied one by one.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import linprog

from planner.problem import Objective, SitingProblem


def best_objective(problem: SitingProblem) -> float | None:
    """Objective of the best plan, None where there is none."""
    values = [v for size in _choices(problem) if (v := _best_given(problem, size)) is not None]
    if not values:
        return None
    return max(values) if problem.objective is Objective.MAX_COVERED else min(values)


def _choices(problem: SitingProblem):
    sites = problem.sites
    options = []
    for j in range(len(sites)):
        sizes = list(range(sites.size_start[j], sites.size_start[j + 1]))
        if sites.forbidden[j]:
            sizes = [-1]
        elif not sites.required[j]:
            sizes = [-1, *sizes]
        options.append(sizes)
    least, most = problem.site_count
    for size in product(*options):
        opened = [s >= 0 for s in size]
        count = sum(opened)
        if (least is not None and count < least) or (most is not None and count > most):
            continue
        if all(
            q.minimum <= sum(opened[j] for j in q.sites)
            and (q.maximum is None or sum(opened[j] for j in q.sites) <= q.maximum)
            for q in problem.quotas
        ):
            yield size


def _best_given(problem: SitingProblem, size: tuple[int, ...]) -> float | None:
    fixed = sum(problem.sites.fixed_cost[s] for s in size if s >= 0)
    arcs = problem.arcs
    rows = []
    for i in range(len(problem.demand)):
        if arcs.start[i] == arcs.start[i + 1]:
            continue
        span = range(arcs.start[i], arcs.start[i + 1])
        rows.append((i, [a for a in span if size[arcs.site[a]] >= 0]))
    if problem.objective is not Objective.MAX_COVERED and any(not row for _, row in rows):
        return None
    whole = problem.single_source or not _limited(problem)
    best = _whole(problem, size, rows) if whole else _divided(problem, size, rows)
    if best is None:
        return None
    if problem.objective is Objective.MIN_COST:
        return fixed + best
    return fixed if problem.objective is Objective.MIN_SITES else best


def _whole(problem, size, rows) -> float | None:
    """Best value over all assignments of whole demand points, tried all at once."""
    optional = problem.objective is Objective.MAX_COVERED
    choices = [[*row, -1] if optional else row for _, row in rows]
    if not _limited(problem):  # each for itself: the worst and the sum are least at each one's best
        choices = [_best_alone(problem, row) for row in choices]
    grid = np.meshgrid(*[np.array(c) for c in choices], indexing="ij") if choices else []
    picked = (
        np.array([g.ravel() for g in grid]).reshape(len(rows), -1)
        if grid
        else np.zeros((0, 1), int)
    )
    demand = np.array([i for i, _ in rows], int)
    fits = np.ones(picked.shape[1], bool)
    used = picked >= 0
    site = np.where(used, problem.arcs.site[picked], -1) if len(rows) else picked
    for j, s in enumerate(size):
        if s >= 0:
            load = (problem.demand.weight[demand][:, None] * (site == j)).sum(axis=0)
            fits &= load >= problem.sites.least_throughput[s] - 1e-9
            fits &= load <= problem.sites.capacity[s] + 1e-9
    if not fits.any():
        return None
    values = _values(problem, demand, picked, used)[fits]
    return float(values.max() if optional else values.min())


def _limited(problem) -> bool:
    return bool(np.isfinite(problem.sites.capacity).any() or problem.sites.least_throughput.any())


def _best_alone(problem, row) -> list[int]:
    by_cost = problem.objective is Objective.MIN_COST
    key = problem.arcs.cost if by_cost else problem.arcs.impedance
    there = [a for a in row if a >= 0]
    return [min(there, key=lambda a: key[a])] if there else row


def _values(problem, demand, picked, used) -> np.ndarray:
    if not len(demand):
        return np.zeros(picked.shape[1])
    if problem.objective is Objective.MIN_COST:
        return problem.arcs.cost[picked].sum(axis=0)
    if problem.objective is Objective.MAX_COVERED:
        return (problem.demand.weight[demand][:, None] * used).sum(axis=0)
    if problem.objective is Objective.MIN_WORST:
        return problem.arcs.impedance[picked].max(axis=0)
    return np.zeros(picked.shape[1])


def _divided(problem, size, rows) -> float | None:
    """Best value over all divisions of demand, as linear programs."""
    if problem.objective is not Objective.MIN_WORST:
        return _division(problem, size, rows, np.inf)
    for radius in sorted({0.0, *problem.arcs.impedance.tolist()}):
        if _division(problem, size, rows, radius) is not None:
            return radius
    return None


def _division(problem, size, rows, radius) -> float | None:
    arcs, sites, weight = problem.arcs, problem.sites, problem.demand.weight
    used = [(r, a) for r, (_, row) in enumerate(rows) for a in row if arcs.impedance[a] <= radius]
    maximise = problem.objective is Objective.MAX_COVERED
    opened = [j for j, s in enumerate(size) if s >= 0]
    serve = np.zeros((len(rows), len(used)))
    load = np.zeros((len(opened), len(used)))
    cost = np.zeros(len(used))
    for column, (r, a) in enumerate(used):
        i = rows[r][0]
        serve[r, column] = 1
        load[opened.index(arcs.site[a]), column] = weight[i]
        if maximise:
            cost[column] = -weight[i]
        elif problem.objective is Objective.MIN_COST:
            cost[column] = arcs.cost[a]
    capacity = np.array([sites.capacity[size[j]] for j in opened])
    least = np.array([sites.least_throughput[size[j]] for j in opened])
    if not used:
        fits = not (len(rows) and not maximise) and not (least > 0).any()
        return 0.0 if fits else None
    finite = np.isfinite(capacity)
    upper = np.vstack([load[finite], -load])
    limit = np.concatenate([capacity[finite], -least])
    if maximise:
        upper, limit = np.vstack([upper, serve]), np.concatenate([limit, np.ones(len(rows))])
    equal = (None, None) if maximise else (serve, np.ones(len(rows)))
    answer = linprog(cost, upper, limit, *equal, bounds=(0, 1), method="highs")
    if answer.status != 0:
        return None
    return -answer.fun if maximise else answer.fun

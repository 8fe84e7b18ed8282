"""The independent checker: recomputes a plan's objective and every rule with NumPy alone.

It imports no solver and no model, and shares no code with them: what it accepts is a plan of the
problem as :mod:`planner.problem` states it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, Objective, SitingProblem
from planner.solution import (
    FEASIBILITY_TOLERANCE,
    PROVEN_GAP,
    Outcome,
    SitingSolution,
    relative_gap,
)


@dataclass(frozen=True)
class Violation:
    """One rule that a plan breaks: which, where, by how much."""

    rule: str
    """Stable word, e.g. "capacity"."""
    subject: str
    """Id of the demand point, site or quota, "" for the plan as a whole."""
    amount: float
    """How far beyond the limit, in the rule's own unit."""

    def __str__(self) -> str:
        where = f" at {self.subject}" if self.subject else ""
        return f"{self.rule}{where}: off by {self.amount:g}"


def objective_of(
    problem: SitingProblem, size: IntArray, demand: IntArray, site: IntArray, share: FloatArray
) -> float:
    """Objective of a plan, whether or not it keeps the rules.

    Raises
    ------
    ValueError
        If a flow runs where there is no arc.
    """
    if problem.objective is Objective.MIN_SITES:
        return float(problem.sites.fixed_cost[size[size >= 0]].sum())
    arc = _arc_of(problem, demand, site)
    if (arc < 0).any():
        raise ValueError("a flow runs where the problem has no arc")
    if problem.objective is Objective.MIN_COST:
        fixed = problem.sites.fixed_cost[size[size >= 0]].sum()
        return float(fixed + (problem.arcs.cost[arc] * share).sum())
    if problem.objective is Objective.MAX_COVERED:
        return float((problem.demand.weight[demand] * share).sum())
    return float(problem.arcs.impedance[arc].max(initial=0.0))


def check_plan(
    problem: SitingProblem, size: IntArray, demand: IntArray, site: IntArray, share: FloatArray
) -> list[Violation]:
    """Every rule that a plan breaks; empty when it is a plan of the problem."""
    shape = _check_shape(problem, size, demand, site, share)
    if shape:
        return shape
    return [
        *_check_sites(problem, size),
        *_check_counts(problem, size),
        *_check_service(problem, size, demand, site, share),
        *_check_loads(problem, size, demand, site, share),
    ]


def verify(problem: SitingProblem, solution: SitingSolution) -> list[Violation]:
    """Re-check a solution against its problem: the plan, its objective and its certificate."""
    certificate = solution.certificate
    found: list[Violation] = []
    if certificate.problem_hash != problem.fingerprint():
        found.append(Violation("problem_hash", "", 1.0))
    if not solution.has_plan:
        if certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE):
            found.append(Violation("outcome_without_plan", "", 1.0))
        return found
    flows = (solution.size, solution.demand, solution.site, solution.share)
    broken = check_plan(problem, *flows)
    found += broken
    if any(one.rule in ("shape", "arc") for one in broken):
        return found
    found += _check_certificate(problem, solution, objective_of(problem, *flows))
    return found + _check_unserved(problem, solution)


def _check_certificate(
    problem: SitingProblem, solution: SitingSolution, objective: float
) -> list[Violation]:
    certificate = solution.certificate
    found = []
    if solution.objective_kind is not problem.objective:
        found.append(Violation("objective_kind", "", 1.0))
    if not _same(objective, certificate.objective):
        found.append(Violation("objective", "", abs(objective - certificate.objective)))
    sense = "max" if problem.objective is Objective.MAX_COVERED else "min"
    if certificate.sense != sense:
        found.append(Violation("sense", "", 1.0))
    crossed = certificate.bound - objective if sense == "min" else objective - certificate.bound
    if crossed > FEASIBILITY_TOLERANCE * max(1.0, abs(objective)):
        found.append(Violation("bound_side", "", crossed))
    gap = relative_gap(objective, certificate.bound)
    if certificate.outcome is Outcome.OPTIMAL and gap > PROVEN_GAP * (1 + 1e-6):
        found.append(Violation("false_optimal", "", gap))
    if certificate.outcome in (Outcome.INFEASIBLE, Outcome.NO_ANSWER):
        found.append(Violation("plan_without_outcome", "", 1.0))
    return found


def _check_unserved(problem: SitingProblem, solution: SitingSolution) -> list[Violation]:
    served = np.zeros(len(problem.demand))
    np.add.at(served, solution.demand, solution.share)
    short = set(np.flatnonzero(served < 1 - FEASIBILITY_TOLERANCE).tolist())
    wrong = sorted(short ^ set(solution.unserved.tolist()))
    return [Violation("unserved_list", problem.demand.ids[i], 1.0) for i in wrong]


def _check_shape(
    problem: SitingProblem, size: IntArray, demand: IntArray, site: IntArray, share: FloatArray
) -> list[Violation]:
    sites = problem.sites
    if size.shape != (len(sites),) or not (demand.shape == site.shape == share.shape):
        return [Violation("shape", "", 1.0)]
    options = np.diff(sites.size_start)
    offset = size - sites.size_start[:-1]
    stray = np.flatnonzero((size != -1) & ((offset < 0) | (offset >= options)))
    found = [Violation("size_of_other_site", sites.ids[j], 1.0) for j in stray]
    outside = (demand < 0) | (demand >= len(problem.demand)) | (site < 0) | (site >= len(sites))
    if outside.any() or not np.isfinite(share).all():
        found.append(Violation("shape", "", float(outside.sum())))
    return found


def _check_sites(problem: SitingProblem, size: IntArray) -> list[Violation]:
    sites, is_open = problem.sites, size >= 0
    found = [
        Violation("required", sites.ids[j], 1.0) for j in np.flatnonzero(sites.required & ~is_open)
    ]
    return found + [
        Violation("forbidden", sites.ids[j], 1.0) for j in np.flatnonzero(sites.forbidden & is_open)
    ]


def _check_counts(problem: SitingProblem, size: IntArray) -> list[Violation]:
    is_open = size >= 0
    limits = [("site_count", "", np.arange(len(is_open)), *problem.site_count)]
    limits += [("quota", q.name, q.sites, q.minimum, q.maximum) for q in problem.quotas]
    found = []
    for rule, name, members, least, most in limits:
        number = int(is_open[members].sum())
        if least is not None and number < least:
            found.append(Violation(f"{rule}_least", name, least - number))
        if most is not None and number > most:
            found.append(Violation(f"{rule}_most", name, number - most))
    for known in problem.exclusions:
        there = np.isin(np.arange(len(is_open)), known.opened)
        differ_by = int((there != is_open).sum())
        if differ_by < known.differ_by:
            found.append(Violation("exclusion", "", known.differ_by - differ_by))
    return found


def _check_service(
    problem: SitingProblem, size: IntArray, demand: IntArray, site: IntArray, share: FloatArray
) -> list[Violation]:
    ids, site_ids = problem.demand.ids, problem.sites.ids
    arc = _arc_of(problem, demand, site)
    found = [
        Violation("arc", f"{ids[demand[f]]}->{site_ids[site[f]]}", 1.0)
        for f in np.flatnonzero(arc < 0)
    ]
    found += [Violation("closed_site", site_ids[j], 1.0) for j in np.unique(site[size[site] < 0])]
    found += [Violation("share", ids[i], 1.0) for i in np.unique(demand[share <= 0])]
    flows = demand * len(site_ids) + site
    if len(np.unique(flows)) != len(flows):
        found.append(Violation("flow_twice", "", 1.0))
    served = np.bincount(demand, share, minlength=len(ids))
    if problem.objective is Objective.MAX_COVERED:
        off = np.maximum(served - 1, 0)
    else:
        off = np.where(problem.reachable, np.abs(served - 1), served)
    found += [
        Violation("served", ids[i], float(off[i]))
        for i in np.flatnonzero(off > FEASIBILITY_TOLERANCE)
    ]
    if problem.single_source:
        number = np.bincount(demand, minlength=len(ids))
        partly = np.abs(share - 1) > FEASIBILITY_TOLERANCE
        divided = np.flatnonzero(number > 1).tolist() + demand[partly].tolist()
        found += [Violation("single_source", ids[i], 1.0) for i in sorted(set(divided))]
    return found


def _check_loads(
    problem: SitingProblem, size: IntArray, demand: IntArray, site: IntArray, share: FloatArray
) -> list[Violation]:
    sites = problem.sites
    load = np.bincount(site, problem.demand.weight[demand] * share, minlength=len(sites))
    opened = np.flatnonzero(size >= 0)
    capacity, least = sites.capacity[size[opened]], sites.least_throughput[size[opened]]
    finite = np.where(np.isfinite(capacity), capacity, 0.0)
    over, short = load[opened] - capacity, least - load[opened]
    found = [
        Violation("capacity", sites.ids[opened[o]], float(over[o]))
        for o in np.flatnonzero(over > FEASIBILITY_TOLERANCE * np.maximum(1.0, finite))
    ]
    return found + [
        Violation("least_throughput", sites.ids[opened[o]], float(short[o]))
        for o in np.flatnonzero(short > FEASIBILITY_TOLERANCE * np.maximum(1.0, least))
    ]


def _arc_of(problem: SitingProblem, demand: IntArray, site: IntArray) -> IntArray:
    """(f,) position of the arc of each flow, -1 where there is none."""
    arcs, m = problem.arcs, max(1, len(problem.sites))
    if not len(arcs):
        return np.full(len(demand), -1)
    key = arcs.demand * m + arcs.site
    wanted = demand * m + site
    position = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[position] == wanted, position, -1)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= FEASIBILITY_TOLERANCE * max(1.0, abs(one), abs(other))

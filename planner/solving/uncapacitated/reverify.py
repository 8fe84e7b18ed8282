"""One evaluation that re-proves a Lagrangian bound from its multipliers.

Shares no code with the search: NumPy over the problem as it was given. Whoever
doubts a certificate needs only this page.
"""

from __future__ import annotations

import math

import numpy as np

from planner.problem import FloatArray, IntArray, Objective, SitingProblem

_UNIT = 2.0**-53


def reverify_bound(problem: SitingProblem, multipliers: FloatArray) -> float:
    """A proven bound of the objective: from below for a minimum, from above for a maximum.

    For any multipliers ``u >= 0`` of the reachable demand points, relaxing "everybody is served
    once" gives

        min  >=  sum_i u_i + min over allowed S of sum_{j in S} price_j
        price_j = fixed_j - sum_i max(0, u_i - cost_ij)

    with ``cost = 0`` for covers; a maximal cover loses ``weight_i`` where ``i`` is left out, so
    there ``u_i <= weight_i`` and the bound on what is lost is taken from the whole weight. Quotas
    that overlap are left out, which only weakens the bound. Objectives that are whole numbers for
    every plan are rounded inwards to one; everything else outwards by the rounding of the sums.

    Parameters
    ----------
    multipliers : (n,) in units of the objective

    Raises
    ------
    ValueError
        For an objective that has no such bound (the worst impedance), or multipliers of the wrong
        shape or sign.
    """
    if problem.objective is Objective.MIN_WORST:
        raise ValueError("the worst impedance has no Lagrangian bound; re-solve it instead")
    pay = np.asarray(multipliers, np.float64)
    if pay.shape != (len(problem.demand),) or not np.isfinite(pay).all() or (pay < 0).any():
        raise ValueError("multipliers must be one finite number >= 0 for each demand point")
    reachable = problem.reachable
    weight = problem.demand.weight
    maximised = problem.objective is Objective.MAX_COVERED
    if maximised:
        pay = np.minimum(pay, weight)
    pay = np.where(reachable, pay, 0.0)
    fixed = _fixed_costs(problem)
    price, rounding = _prices(problem, pay, fixed)
    cheapest = _cheapest_choice(problem, price)
    if cheapest is None:
        return -math.inf if maximised else math.inf
    value = math.fsum([*pay, *price[cheapest]])
    value -= rounding + 4 * _UNIT * abs(value)
    if maximised:
        total = math.fsum(weight[reachable])
        bound = (total - value) * (1 + 4 * _UNIT)
        return math.floor(bound + 1e-6) if _whole(weight) else bound
    whole = _whole(fixed) and (
        problem.objective is Objective.MIN_SITES or _whole(problem.arcs.cost)
    )
    return math.ceil(value - 1e-6) if whole else value


def _fixed_costs(problem: SitingProblem) -> FloatArray:
    """(m,) least fixed cost of each site among its sizes."""
    if problem.objective is Objective.MAX_COVERED:
        return np.zeros(len(problem.sites))
    sites = problem.sites
    if not len(sites):
        return np.zeros(0)
    return np.minimum.reduceat(sites.fixed_cost, sites.size_start[:-1])


def _prices(problem: SitingProblem, pay: FloatArray, fixed: FloatArray) -> tuple[FloatArray, float]:
    """(m,) prices of the sites and the most that rounding can have changed their sum."""
    arcs = problem.arcs
    cost = arcs.cost if problem.objective is Objective.MIN_COST else np.zeros(len(arcs))
    saving = np.maximum(0.0, pay[arcs.demand] - cost)
    total = np.bincount(arcs.site, saving, minlength=len(fixed))
    # Terms of one sign: the error of a sum in any order is at most (terms + 1) units of it.
    most = int(np.bincount(arcs.site, minlength=1).max(initial=0))
    rounding = (most + 4) * _UNIT * float(total.sum() + fixed.sum())
    return fixed - total, rounding


def _cheapest_choice(problem: SitingProblem, price: FloatArray) -> IntArray | None:
    """The cheapest sites that keep the counts, required and forbidden sites; None if none do."""
    sites = problem.sites
    m = len(sites)
    least, most = problem.site_count
    least_all, most_all = least or 0, m if most is None else most
    group, low, high = _disjoint_quotas(problem)
    taken = np.array(sites.required)
    count = np.bincount(group[taken], minlength=len(low))
    order = [j for j in np.argsort(price, kind="stable") if not taken[j] and not sites.forbidden[j]]
    for j in order:  # what the groups still need
        if count[group[j]] < low[group[j]]:
            taken[j] = True
            count[group[j]] += 1
    for j in order:  # what pays, or what the count over all still needs
        enough = taken.sum() >= least_all
        if taken.sum() >= most_all or (enough and price[j] >= 0):
            break
        if not taken[j] and count[group[j]] < high[group[j]]:
            taken[j] = True
            count[group[j]] += 1
    kept = (count >= low).all() and (count <= high).all()
    return np.flatnonzero(taken) if kept and least_all <= taken.sum() <= most_all else None


def _disjoint_quotas(problem: SitingProblem) -> tuple[IntArray, IntArray, IntArray]:
    """(m,) group of each site, and least and most of each group; the last has no quota."""
    m = len(problem.sites)
    group = np.full(m, len(problem.quotas))
    low = np.zeros(len(problem.quotas) + 1, np.int64)
    high = np.full(len(problem.quotas) + 1, m)
    for g, quota in enumerate(problem.quotas):
        if (group[quota.sites] < len(problem.quotas)).any():
            continue
        group[quota.sites] = g
        low[g] = quota.minimum
        high[g] = m if quota.maximum is None else quota.maximum
    return group, low, high


def _whole(values: FloatArray) -> bool:
    return bool((values == np.rint(values)).all())

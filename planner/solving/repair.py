"""An earlier plan made to fit a changed problem: the first incumbent of the next solve.

Cheap and without promise: sites that must open do, sites that must not close, counts are filled
with the site that helps most and thinned of the one missed least, and whoever lost a site goes to
the best one with room. What comes out is used only if the checker accepts it.
"""

from __future__ import annotations

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Objective, SitingProblem
from planner.solving.assignment import Plan, to_best_open_site


def repaired(problem: SitingProblem, earlier: IntArray) -> Plan | None:
    """A plan of the problem near an earlier one, None where no simple repair gives one.

    Parameters
    ----------
    earlier : (m,) opened size option of each site in the earlier plan, -1 where closed
    """
    sites, largest = problem.sites, _largest_sizes(problem)
    offered = (earlier >= sites.size_start[:-1]) & (earlier < sites.size_start[1:])
    size = np.where(offered, earlier, largest)
    size[sites.forbidden | ((earlier < 0) & ~sites.required)] = -1
    _settle_counts(problem, size)
    if not problem.needs_allocation:
        plan = to_best_open_site(problem, size)
        return plan if plan.kept_rules(problem) else None
    for grown in (size, np.where(size >= 0, largest, -1)):
        with_room = _to_sites_with_room(problem, grown)
        if with_room is not None and with_room.kept_rules(problem):
            return with_room
    return None


def _largest_sizes(problem: SitingProblem) -> IntArray:
    """(m,) the size of most capacity of each site, the cheapest of these."""
    sites = problem.sites
    order = np.lexsort((sites.fixed_cost, -sites.capacity, sites.site_of_size))
    return np.asarray(order[sites.size_start[:-1]])


def _way(problem: SitingProblem) -> FloatArray:
    """(a,) what is made small for each point: its cost, or its impedance."""
    arcs = problem.arcs
    return arcs.cost if problem.objective is Objective.MIN_COST else arcs.impedance


def _settle_counts(problem: SitingProblem, size: IntArray) -> None:
    """Open and close sites one by one until the counts are kept or nothing can be done."""
    m, largest = len(problem.sites), _largest_sizes(problem)
    limits = [(np.arange(m), *problem.site_count)]
    limits += [(quota.sites, quota.minimum, quota.maximum) for quota in problem.quotas]
    for members, least, most in limits:
        group = np.zeros(m, np.bool_)
        group[members] = True
        while least is not None and (size[group] >= 0).sum() < least:
            free = group & (size < 0) & ~problem.sites.forbidden
            if not free.any():
                return
            best = int(np.argmax(np.where(free, _gains(problem, size), -np.inf)))
            size[best] = largest[best]
        while most is not None and (size[group] >= 0).sum() > most:
            idle = group & (size >= 0) & ~problem.sites.required
            if not idle.any():
                return
            size[int(np.argmin(np.where(idle, _losses(problem, size), np.inf)))] = -1


def _nearest_two(problem: SitingProblem, is_open: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(n,) way to the best and to the second-best open site of each point; far where none is."""
    arcs, way, n = problem.arcs, _way(problem), len(problem.demand)
    far = 2.0 * float(way.max(initial=0.0)) + 1.0
    used = np.flatnonzero(is_open[arcs.site])
    order = used[np.lexsort((way[used], arcs.demand[used]))]
    edge = np.searchsorted(arcs.demand[order], np.arange(n + 1))
    number = np.diff(edge)
    first, second = np.full(n, far), np.full(n, far)
    first[number > 0] = way[order[edge[:-1][number > 0]]]
    second[number > 1] = way[order[edge[:-1][number > 1] + 1]]
    return first, second


def _gains(problem: SitingProblem, size: IntArray) -> FloatArray:
    """(m,) what opening each site would save on the way of those it is nearest to."""
    arcs = problem.arcs
    first, _ = _nearest_two(problem, size >= 0)
    saved = np.maximum(0.0, first[arcs.demand] - _way(problem))
    return np.bincount(arcs.site, saved, minlength=len(problem.sites)).astype(np.float64)


def _losses(problem: SitingProblem, size: IntArray) -> FloatArray:
    """(m,) what closing each site would add to the way of those it is nearest to."""
    arcs, way = problem.arcs, _way(problem)
    first, second = _nearest_two(problem, size >= 0)
    nearest = (size[arcs.site] >= 0) & (way <= first[arcs.demand])
    lost = (second - first)[arcs.demand[nearest]]
    return np.bincount(arcs.site[nearest], lost, minlength=len(problem.sites)).astype(np.float64)


def _to_sites_with_room(problem: SitingProblem, size: IntArray) -> Plan | None:
    """Whole points, the largest first, to the best open site with room for them."""
    arcs, weight, way = problem.arcs, problem.demand.weight, _way(problem)
    room = np.where(size >= 0, problem.sites.capacity[size], 0.0)
    demand, site = [], []
    for i in np.argsort(-weight, kind="stable"):
        span = np.arange(arcs.start[i], arcs.start[i + 1])
        fits = span[(size[arcs.site[span]] >= 0) & (room[arcs.site[span]] >= weight[i])]
        if len(fits):
            j = arcs.site[fits[np.argmin(way[fits])]]
            room[j] -= weight[i]
            demand.append(i)
            site.append(j)
        elif len(span) and problem.objective is not Objective.MAX_COVERED:
            return None
    order = np.argsort(demand, kind="stable")
    return Plan(
        size,
        np.array(demand, np.int64)[order],
        np.array(site, np.int64)[order],
        np.ones(len(demand)),
    )

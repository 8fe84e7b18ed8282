"""A capacitated problem as the arrays that the bound and the search work on.

Relaxing "every demand point is served" with multipliers ``lambda_i`` leaves one knapsack a size
option and a choice of options that respects counts and, in total, capacity. The counts are kept
exactly where the quotas are *laminar*: disjoint groups (districts) within one overall count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Objective, SitingProblem
from planner.solving.capacitated.opening import FREE, OPEN
from planner.solving.memory import MIB

MOST_PAIRS = 40_000_000
"""Demand points x sites that are held densely (8 bytes each)."""

BYTES_A_PAIR = 100
"""What all arrays over the pairs of points and sites take at most, for each: costs by site and by
point, the order of sites, the pairs of the bound with their shares, and copies while they are made.
"""


def needed_mib(points: int, sites: int) -> float:
    """About what the arrays over so many pairs take at most, by their number; not measured."""
    return points * sites * BYTES_A_PAIR / MIB


NO_LIMIT = np.iinfo(np.int64).max // 2


@dataclass(frozen=True, eq=False)
class CapacitatedData:
    """Dense view of a problem; sites that may never open are left out.

    Parameters
    ----------
    cost : (m, n) of serving the whole of a point, ``inf`` where there is no arc
    weight : (n,)
    site : (m,) positions in the problem
    point : (n,) positions in the problem (reachable demand)
    size_start, capacity, fixed_cost : size options, ascending capacity within a site
    size : (k,) positions of the options in the problem
    required : (m,)
    group : (m,) quota group of each site, the last group takes those without a quota
    group_least, group_most : (g,)
    count_least, count_most : sites open over all
    """

    cost: FloatArray
    weight: FloatArray
    site: IntArray
    point: IntArray
    size_start: IntArray
    capacity: FloatArray
    fixed_cost: FloatArray
    size: IntArray
    required: BoolArray
    group: IntArray
    group_least: IntArray
    group_most: IntArray
    count_least: int
    count_most: int
    single_source: bool

    @property
    def n(self) -> int:
        """Demand points."""
        return len(self.weight)

    @property
    def m(self) -> int:
        """Sites."""
        return len(self.site)

    @property
    def largest(self) -> FloatArray:
        """(m,) capacity of the largest size of each site."""
        return self.capacity[self.size_start[1:] - 1]

    @property
    def held_mib(self) -> int:
        """About what the arrays over all pairs take at most, by their number; not measured."""
        return math.ceil(needed_mib(self.n, self.m))

    def fewest_sites(self, state: IntArray, banned: BoolArray | None = None) -> int:
        """How many sites must be open at least: as asked, and for enough capacity.

        ``state`` (m,) of the sites, ``banned`` (k,) sizes that are left out.
        """
        room = self.capacity if banned is None else np.where(banned, 0.0, self.capacity)
        top = np.maximum.reduceat(room, self.size_start[:-1])
        taken = top[state == OPEN]
        free = np.sort(top[state == FREE])[::-1]
        filled = np.append(0.0, np.cumsum(free)) + taken.sum()
        # Capacity that is not enough at all is for the bound to find out.
        more = int(np.argmax(filled >= self.weight.sum() * (1.0 - 1e-9)))
        return max(self.count_least, len(taken) + more)

    @property
    def servable(self) -> bool:
        """Whether every point has a site that could take it."""
        return bool(self.m and np.isfinite(self.cost).any(axis=0).all())

    @property
    def integral(self) -> bool:
        """Whether every plan has a whole-numbered objective."""
        finite = self.cost[np.isfinite(self.cost)]
        return bool(
            self.single_source
            and (finite == np.round(finite)).all()
            and (self.fixed_cost == np.round(self.fixed_cost)).all()
        )

    @classmethod
    def of(cls, problem: SitingProblem) -> CapacitatedData:
        """Arrays of a problem that :func:`suits` accepts."""
        sites = problem.sites
        point = np.flatnonzero(problem.reachable)
        site = np.flatnonzero(~sites.forbidden)
        weight = problem.demand.weight[point]
        cost = _dense_cost(problem, site, point)
        if problem.single_source:
            largest = np.maximum.reduceat(sites.capacity, sites.size_start[:-1])[site]
            cost[weight[None, :] > largest[:, None]] = np.inf
        size = _sizes_by_capacity(problem, site)
        counts = np.diff(sites.size_start)[site]
        group, least, most = _groups(problem, site)
        low, high = problem.site_count
        return cls(
            cost=cost,
            weight=weight,
            site=site,
            point=point,
            size_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            capacity=sites.capacity[size],
            fixed_cost=sites.fixed_cost[size],
            size=size,
            required=sites.required[site],
            group=group,
            group_least=least,
            group_most=most,
            count_least=low or 0,
            count_most=NO_LIMIT if high is None else high,
            single_source=problem.single_source,
        )


def suits(problem: SitingProblem) -> bool:
    """Whether the Lagrangian keeps every rule of the problem (and it fits in memory)."""
    return (
        problem.objective is Objective.MIN_COST
        and problem.sites.capacitated
        and not problem.exclusions
        and not problem.sites.least_throughput.any()
        and len(problem.demand) * len(problem.sites) <= MOST_PAIRS
        and bool(problem.reachable.any())
        and _disjoint(problem)
    )


def _dense_cost(problem: SitingProblem, site: IntArray, point: IntArray) -> FloatArray:
    """(m, n) cost of kept sites and points, ``inf`` where there is no arc."""
    arcs, shape = problem.arcs, (len(problem.demand), len(problem.sites))
    if len(arcs) == shape[0] * shape[1]:
        by_point = arcs.cost.reshape(shape)
    else:
        # In the order of the arcs: a scatter by site touches another page with every arc.
        by_point = np.full(shape, np.inf)
        by_point[arcs.demand, arcs.site] = arcs.cost
    if len(site) < shape[1] or len(point) < shape[0]:
        by_point = by_point[np.ix_(point, site)]
    return np.array(by_point.T, order="C")


def _disjoint(problem: SitingProblem) -> bool:
    """Whether no site is in two quotas."""
    if not problem.quotas:
        return True
    named = np.concatenate([quota.sites for quota in problem.quotas])
    return len(np.unique(named)) == len(named)


def _sizes_by_capacity(problem: SitingProblem, site: IntArray) -> IntArray:
    """Size options of the sites in order, ascending capacity within each."""
    sites = problem.sites
    owner = sites.site_of_size
    order = np.lexsort((sites.fixed_cost, sites.capacity, owner))
    keep = np.zeros(len(sites), np.bool_)
    keep[site] = True
    return order[keep[owner[order]]]


def _groups(problem: SitingProblem, site: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Group of each kept site with its least and most open; the last group is "no quota"."""
    group = np.full(len(problem.sites), len(problem.quotas), np.int64)
    least, most = [], []
    for g, quota in enumerate(problem.quotas):
        group[quota.sites] = g
        least.append(quota.minimum)
        most.append(NO_LIMIT if quota.maximum is None else quota.maximum)
    return (
        group[site],
        np.array([*least, 0], np.int64),
        np.array([*most, NO_LIMIT], np.int64),
    )


def tiny_data(*, single_source: bool) -> CapacitatedData:
    """Two sites and three points: enough to run every kernel once."""
    return CapacitatedData(
        cost=np.array([[1.0, 2.0, 9.0], [8.0, 2.0, 1.0]]),
        weight=np.ones(3),
        site=np.arange(2),
        point=np.arange(3),
        size_start=np.arange(3),
        capacity=np.full(2, 2.0),
        fixed_cost=np.ones(2),
        size=np.arange(2),
        required=np.zeros(2, np.bool_),
        group=np.zeros(2, np.int64),
        group_least=np.zeros(1, np.int64),
        group_most=np.full(1, NO_LIMIT),
        count_least=0,
        count_most=NO_LIMIT,
        single_source=single_source,
    )

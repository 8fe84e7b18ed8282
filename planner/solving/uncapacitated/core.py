"""From a siting problem to its row form and back.

What is taken out on the way: demand nobody can reach, sites that must be open (they become part of
every point's way out) or closed, sizes dearer than a site's cheapest, demand points that always go
together, and dominated sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Objective, Quota, SitingProblem
from planner.solving.memory import MIB
from planner.solving.uncapacitated import reduce
from planner.solving.uncapacitated.rest import Rest
from planner.solving.uncapacitated.rows import (
    Rows,
    Rules,
    countable,
    narrowed,
    restrict,
    select_rows,
    sort_rows,
)


@dataclass(frozen=True, eq=False)
class Core:
    """A problem in row form.

    Parameters
    ----------
    rows, rules : what is left to decide
    sites : (m',) position in the problem of each site of ``rows``
    opened : positions in the problem of the sites that must be open
    size : (m,) the size option that each site of the problem would open at
    constant : part of the objective that no decision changes
    covered_of : reachable weight under ``MAX_COVERED``, where the row form counts what is lost;
        None for a minimum
    whole : every value that the objective can take is a whole number
    settled : (n,) what each point that no decision is left for pays, 0 for all others
    demand : (n',) position in the problem of each row of ``single``
    single : rows before merging; ``member`` (n',) the merged row of each
    reduced : what was taken out, by name
    possible : False where counts or uncoverable points rule out every plan
    """

    rows: Rows
    rules: Rules
    sites: IntArray
    opened: IntArray
    size: IntArray
    constant: float
    covered_of: float | None
    whole: bool
    settled: FloatArray
    demand: IntArray
    single: Rows
    member: IntArray
    reduced: dict[str, int]
    possible: bool

    def objective(self, value: float) -> float:
        """The problem's objective for a value of the row form (a bound stays one)."""
        total = value + self.constant
        return total if self.covered_of is None else self.covered_of - total

    def sizes(self, chosen: IntArray) -> IntArray:
        """(m,) opened size of every site of the problem for a choice of core sites."""
        opened = np.concatenate([self.opened, self.sites[chosen]])
        size = np.full(len(self.size), -1)
        size[opened] = self.size[opened]
        return size

    def multipliers(self, multiplier: FloatArray) -> FloatArray:
        """(n,) multipliers of the problem's demand points for those of the rows."""
        spread = self.settled.copy()
        spread[self.demand] = reduce.spread_multipliers(
            self.single, self.member, self.rows, multiplier
        )
        return spread


BYTES_AN_ARC = 100
"""What rows, their reductions and the search hold of an arc at most."""


def needed_mib(problem: SitingProblem) -> float:
    """About what a solve by rows holds beside the problem."""
    return len(problem.arcs) * BYTES_AN_ARC / MIB


def keeps_rules(problem: SitingProblem) -> bool:
    """Whether the row form can state every rule of the problem: no limits, quotas disjoint."""
    plain = not problem.needs_allocation and not problem.exclusions
    return plain and _groups(problem) is not None


def core_of(problem: SitingProblem) -> Core:
    """The row form of a p-median, set cover or maximal cover."""
    sites = problem.sites
    reachable = np.flatnonzero(problem.reachable)
    size, fixed = cheapest_sizes(problem), np.zeros(len(sites))
    if problem.objective is not Objective.MAX_COVERED:
        fixed = sites.fixed_cost[size]
    free = ~(sites.required | sites.forbidden)
    rest = Rest.of(_all_rows(problem, reachable), site_rules(problem, fixed), free, sites.required)
    rows, asked, member = rest.rows, rest.held, rest.member
    if problem.objective is Objective.MIN_SITES:
        rows, asked, member = _without_implied(rest)
    possible = bool(np.isfinite(rest.constant)) and countable(rest.rules)
    gone = np.zeros(len(rest.sites), np.bool_)
    if possible and len(gone):
        gone = reduce.dominated_sites(rows, rest.rules)
    settled = np.zeros(len(problem.demand))
    settled[reachable] = rest.settled
    none = np.zeros(len(gone), np.bool_)
    covered = problem.objective is Objective.MAX_COVERED
    return Core(
        rows=restrict(rows, ~gone, none),
        rules=narrowed(rest.rules, ~gone, none),
        sites=rest.sites[~gone],
        opened=np.flatnonzero(sites.required),
        size=size,
        constant=rest.constant if possible else 0.0,
        covered_of=float(problem.demand.weight[reachable].sum()) if covered else None,
        whole=_whole(rows, rest.rules.fixed, rest.constant),
        settled=settled,
        demand=reachable[asked],
        single=select_rows(rest.single, asked[rest.held]),
        member=member,
        reduced={
            "demand_settled": int((~rest.held).sum()),
            "demand_merged": len(rest.member) - len(rest.rows.outside),
            "demand_implied": len(rest.rows.outside) - len(rows.outside),
            "sites_settled": int((~free).sum()),
            "sites_dominated": int(gone.sum()),
        },
        possible=possible,
    )


def _without_implied(rest: Rest) -> tuple[Rows, BoolArray, IntArray]:
    """The rows of a cover that no other row implies.

    Returns
    -------
    the merged rows, the points (n,) that they stand for, and the merged row of each of those
    """
    needed = ~reduce.implied_rows(rest.rows, len(rest.sites))
    asked = rest.held.copy()
    asked[rest.held] = needed[rest.member]
    position = np.cumsum(needed) - 1
    member = position[rest.member[needed[rest.member]]]
    return select_rows(rest.rows, needed), asked, member


def plain_cover(rows: Rows) -> bool:
    """Whether the rows only ask to be covered, all of them."""
    return not rows.cost.any() and bool(np.isinf(rows.outside).all())


def counts_sites(rules: Rules) -> bool:
    """Whether no count can make a cheaper cover worthless."""
    m = len(rules.fixed)
    members = np.bincount(rules.group, minlength=len(rules.least) - 1)
    free = rules.least.max() == 0 and bool((rules.most[:-1] >= members).all())
    unit = rules.fixed.min() == rules.fixed.max()
    return free and (unit or rules.most[-1] == m)


def cover_core(rows: Rows, rules: Rules) -> Core:
    """The row form of "fewest sites that cover these rows", reduced until nothing more goes.

    Parameters
    ----------
    rows : sites rising within a row; costs and ways out do not count
    """
    m = len(rules.fixed)
    rules = Rules(np.ones(m), rules.group, rules.least, rules.most)
    sites = np.arange(m)
    rows = Rows(rows.start, rows.site, np.zeros(len(rows.site)), np.full(len(rows.outside), np.inf))
    possible = bool((np.diff(rows.start) > 0).all()) and countable(rules)
    while possible:
        before = (len(rows.site), len(sites))
        rows, _ = reduce.merge_rows(rows)
        rows = select_rows(rows, ~reduce.implied_rows(rows, len(sites)))
        gone = reduce.dominated_sites(rows, rules)
        none = np.zeros(len(sites), np.bool_)
        rows, rules, sites = restrict(rows, ~gone, none), narrowed(rules, ~gone, none), sites[~gone]
        if before == (len(rows.site), len(sites)):
            break
    n = len(rows.outside)
    return Core(
        rows=rows,
        rules=rules,
        sites=sites,
        opened=np.zeros(0, np.int64),
        size=np.zeros(m, np.int64),
        constant=0.0,
        covered_of=None,
        whole=True,
        settled=np.zeros(n),
        demand=np.arange(n),
        single=rows,
        member=np.arange(n),
        reduced={},
        possible=possible,
    )


def _all_rows(problem: SitingProblem, demand: IntArray) -> Rows:
    """Every arc of the reachable points, required and forbidden sites among them."""
    arcs = problem.arcs
    site = arcs.site.astype(np.int32)
    start = np.append(arcs.start[:-1][demand], len(arcs))  # rows left out are empty
    outside = np.full(len(demand), np.inf)
    if problem.objective is Objective.MIN_COST:
        cost = arcs.cost.copy()
        sort_rows(start, site, cost)
    else:
        cost = np.zeros(len(site))
        if problem.objective is Objective.MAX_COVERED:
            outside = problem.demand.weight[demand].copy()
    return Rows(start, site, cost, outside)


def cheapest_sizes(problem: SitingProblem) -> IntArray:
    """(m,) the size option of least fixed cost of each site."""
    sites = problem.sites
    order = np.lexsort((sites.fixed_cost, sites.site_of_size))
    return np.asarray(order[sites.size_start[:-1]])


def _groups(problem: SitingProblem) -> list[Quota] | None:
    """Quotas that bind, each over sites of its own; None where two of them overlap."""
    binding = [q for q in problem.quotas if q.minimum > 0 or q.maximum is not None]
    named = np.concatenate([q.sites for q in binding]) if binding else np.zeros(0, np.int64)
    return None if len(np.unique(named)) < len(named) else binding


def site_rules(problem: SitingProblem, fixed: FloatArray) -> Rules:
    """Counts over all sites; the last group has no quota."""
    quotas = _groups(problem) or []
    m, groups = len(problem.sites), len(quotas) + 1
    group = np.full(m, groups - 1)
    least, most = np.zeros(groups + 1, np.int64), np.full(groups + 1, m)
    for g, quota in enumerate(quotas):
        group[quota.sites] = g
        least[g] = quota.minimum
        most[g] = m if quota.maximum is None else quota.maximum
    low, high = problem.site_count
    least[groups] = 0 if low is None else low
    most[groups] = m if high is None else high
    return Rules(fixed, group, least, most)


def _whole(rows: Rows, fixed: FloatArray, constant: float) -> bool:
    ways_out = rows.outside[np.isfinite(rows.outside)]
    parts = (rows.cost, ways_out, fixed, np.array([constant]))
    small = sum(float(np.abs(part).sum()) for part in parts[1:]) < 2.0**40
    return small and all(bool((part == np.rint(part)).all()) for part in parts)

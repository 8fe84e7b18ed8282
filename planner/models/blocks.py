"""Groups of variables and rows that the siting models share.

Notation as in :mod:`planner.problem`: demand points ``i``, sites ``j``, size options ``s``,
usable arcs ``(i, j)``. ``open_j`` stands for the sum of the site's sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from planner.models.modelling import ModelWriter, Variable
from planner.problem import BoolArray, FloatArray, IntArray, SitingProblem
from planner.solution import FEASIBILITY_TOLERANCE

Variables = Sequence[Variable]


@dataclass(frozen=True, eq=False)
class SitingModel:
    """A linear model of a siting problem and where to find the decisions in it.

    Parameters
    ----------
    linear : the written model
    open_columns : (k,) column of each size option
    arcs : (u,) positions in ``problem.arcs`` of the arcs that have a variable
    arc_columns : (u,) their columns; empty where the assignment follows from the open sites
    """

    linear: ModelWriter
    open_columns: IntArray
    arcs: IntArray
    arc_columns: IntArray


def usable_arcs(problem: SitingProblem, *, whatever_size: bool = False) -> IntArray:
    """Positions of the arcs that some plan can use.

    Left out are arcs to forbidden sites and, with single source, arcs to sites whose largest size
    cannot take the whole demand (kept under ``whatever_size``).
    """
    arcs, sites = problem.arcs, problem.sites
    usable = ~sites.forbidden[arcs.site]
    if problem.single_source and len(arcs) and not whatever_size:
        largest = np.maximum.reduceat(sites.capacity, sites.size_start[:-1])[arcs.site]
        slack = FEASIBILITY_TOLERANCE * np.maximum(1.0, largest)
        usable &= problem.demand.weight[arcs.demand] <= largest + slack
    return np.flatnonzero(usable)


def effective_capacity(problem: SitingProblem, arcs: IntArray) -> FloatArray:
    """(k,) capacity of each size, but never more than the demand that can reach its site.

    The same plans stay possible, the relaxation gets tighter and ``inf`` disappears.
    """
    weight = problem.demand.weight[problem.arcs.demand[arcs]]
    within_reach = np.bincount(problem.arcs.site[arcs], weight, minlength=len(problem.sites))
    return np.minimum(problem.sites.capacity, within_reach[problem.sites.site_of_size])


def open_sites(model: ModelWriter, problem: SitingProblem) -> list[Variable]:
    """``open_j`` (or ``open_j_s``, one a size) in {0, 1}, with required and forbidden sites.

    ``one_size_j``: sum_s open_j_s <= 1, = 1 where the site is required.
    """
    sites = problem.sites
    opened: list[Variable] = []
    for j, (first, end) in enumerate(zip(sites.size_start[:-1], sites.size_start[1:], strict=True)):
        alone = end - first == 1
        options = [
            model.variable(
                f"open_{j}" if alone else f"open_{j}_{s - first}",
                lower=1.0 if alone and sites.required[j] else 0.0,
                upper=0.0 if sites.forbidden[j] else 1.0,
                integer=True,
            )
            for s in range(first, end)
        ]
        if not alone:
            row = model.equal if sites.required[j] else model.at_most
            row(f"one_size_{j}", options, [1.0] * len(options), 1.0)
        opened += options
    return opened


def use_arcs(
    model: ModelWriter, problem: SitingProblem, arcs: IntArray, *, integer: bool
) -> list[Variable]:
    """``use_i_j`` in [0, 1], or {0, 1} when ``integer``."""
    demand, site = problem.arcs.demand, problem.arcs.site
    return [model.variable(f"use_{demand[a]}_{site[a]}", integer=integer) for a in arcs]


def serve(
    model: ModelWriter,
    problem: SitingProblem,
    arcs: IntArray,
    use: Variables,
    *,
    wholly: bool = True,
) -> None:
    """``serve_i``: sum_j use_i_j = 1, or <= 1 unless ``wholly``."""
    row = model.equal if wholly else model.at_most
    for i, members in groups(problem.arcs.demand[arcs], problem.reachable):
        row(f"serve_{i}", [use[u] for u in members], [1.0] * len(members), 1.0)


def cover(model: ModelWriter, problem: SitingProblem, arcs: IntArray, opened: Variables) -> None:
    """``cover_i``: sum_j open_j >= 1 over the sites that reach ``i``."""
    for i, members in groups(problem.arcs.demand[arcs], problem.reachable):
        options = sizes_at(problem, opened, problem.arcs.site[arcs[members]])
        model.at_least(f"cover_{i}", options, [1.0] * len(options), 1.0)


def covered(
    model: ModelWriter, problem: SitingProblem, arcs: IntArray, opened: Variables
) -> dict[int, Variable]:
    """``covered_i`` in [0, 1] and its row covered_i <= sum_j open_j over the sites that reach i."""
    variables: dict[int, Variable] = {}
    for i, members in groups(problem.arcs.demand[arcs], problem.reachable):
        options = sizes_at(problem, opened, problem.arcs.site[arcs[members]])
        variables[i] = model.variable(f"covered_{i}")
        model.at_most(f"covered_{i}", [variables[i], *options], [1.0] + [-1.0] * len(options), 0.0)
    return variables


def link(
    model: ModelWriter, problem: SitingProblem, arcs: IntArray, use: Variables, opened: Variables
) -> None:
    """``link_i_j``: use_i_j <= open_j, one row an arc.

    The aggregated form (one row a site) is valid too, but its relaxation is far weaker and the
    search tree far larger.
    """
    demand, site, start = problem.arcs.demand, problem.arcs.site, problem.sites.size_start
    for u, a in enumerate(arcs):
        j = site[a]
        options = opened[start[j] : start[j + 1]]
        model.at_most(
            f"link_{demand[a]}_{j}", [use[u], *options], [1.0] + [-1.0] * len(options), 0.0
        )


def capacity(
    model: ModelWriter, problem: SitingProblem, arcs: IntArray, use: Variables, opened: Variables
) -> None:
    """Limits of the opened sizes.

    ``capacity_j``: sum_i weight_i use_i_j <= sum_s capacity_s open_j_s;
    ``throughput_j``: sum_i weight_i use_i_j >= sum_s least_s open_j_s.
    Each row is divided by its largest number, so that a solver's absolute tolerance is relative.
    """
    sites, weight = problem.sites, problem.demand.weight[problem.arcs.demand[arcs]]
    limit = effective_capacity(problem, arcs)
    everywhere = np.ones(len(sites), np.bool_)
    for j, members in groups(problem.arcs.site[arcs], everywhere):
        sizes = slice(sites.size_start[j], sites.size_start[j + 1])
        columns = [*(use[u] for u in members), *opened[sizes]]
        load = weight[members]
        if (sites.capacity[sizes] < load.sum()).any():
            _scaled(model.at_most, f"capacity_{j}", columns, load, limit[sizes])
        if (sites.least_throughput[sizes] > 0).any():
            _scaled(model.at_least, f"throughput_{j}", columns, load, sites.least_throughput[sizes])


def enough_capacity(
    model: ModelWriter, problem: SitingProblem, arcs: IntArray, opened: Variables
) -> None:
    """``enough_capacity``: sum_s capacity_s open_s >= sum_i weight_i.

    Follows from the other rows when all demand is served, but as one row it gives the solver a
    knapsack to cut with.
    """
    if not problem.sites.capacitated:
        return
    total = float(problem.demand.weight[problem.reachable].sum())
    if total > 0:
        limit = effective_capacity(problem, arcs) / total
        model.at_least("enough_capacity", opened, limit, 1.0)


def counts(model: ModelWriter, problem: SitingProblem, opened: Variables) -> None:
    """``site_count_least`` and ``_most``, ``quota_g_least`` and ``_most``, ``unlike_e``."""
    least, most = problem.site_count
    _count(model, "site_count", opened, least, most)
    for g, quota in enumerate(problem.quotas):
        options = sizes_at(problem, opened, quota.sites)
        _count(model, f"quota_{g}", options, quota.minimum or None, quota.maximum)
    exclusions(model, problem, opened)


def exclusions(model: ModelWriter, problem: SitingProblem, opened: Variables) -> None:
    """``unlike_e``: sum_{j not in S} open_j + sum_{j in S} (1 - open_j) >= differ_by.

    ``S`` are the sites that the known plan opens (Balas and Jeroslow 1972).
    """
    for e, known in enumerate(problem.exclusions):
        sign = np.ones(len(problem.sites))
        sign[known.opened] = -1.0
        limit = known.differ_by - len(known.opened)
        model.at_least(f"unlike_{e}", opened, sign[problem.sites.site_of_size], limit)


def _count(
    model: ModelWriter, name: str, options: Variables, least: int | None, most: int | None
) -> None:
    ones = [1.0] * len(options)
    if least is not None:
        model.at_least(f"{name}_least", options, ones, least)
    if most is not None and most < len(options):
        model.at_most(f"{name}_most", options, ones, most)


def _scaled(
    row: Callable[[str, Variables, FloatArray, float], None],
    name: str,
    columns: Variables,
    load: FloatArray,
    size: FloatArray,
) -> None:
    scale = max(float(load.max(initial=0.0)), float(size.max()), 1e-300)
    row(name, columns, np.concatenate([load, -size]) / scale, 0.0)


def sizes_at(problem: SitingProblem, opened: Variables, sites: Iterable[int]) -> list[Variable]:
    """The open variables of every size of these sites."""
    start = problem.sites.size_start
    return [one for j in sites for one in opened[start[j] : start[j + 1]]]


def groups(labels: IntArray, present: BoolArray) -> Iterator[tuple[int, IntArray]]:
    """Yield ``(label, positions)`` for every present label, an empty array where it has none."""
    order = np.argsort(labels, kind="stable")
    edge = np.searchsorted(labels[order], np.arange(len(present) + 1))
    for label in np.flatnonzero(present):
        yield int(label), order[edge[label] : edge[label + 1]]

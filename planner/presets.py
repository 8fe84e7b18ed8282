"""The classic problems by the field's names, from an impedance matrix.

ArcGIS users know them as Minimize Impedance (p-median), Minimize Facilities (set cover), Maximize
Coverage and Maximize Capacitated Coverage (maximal cover).

``impedance`` is dense ``(n_demand, n_sites)`` with ``inf`` where there is no way, or a SciPy
sparse matrix in which absent is no way and a stored 0 is a way of length 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any

import numpy as np

from planner.problem import (
    Arcs,
    Demand,
    FloatArray,
    IntArray,
    Objective,
    Quota,
    Sites,
    SitingProblem,
)
from planner.problem_faults import ProblemError

SiteCount = int | tuple[int | None, int | None] | None
"""Exactly this many open sites, (least, most), or no limit."""


def p_median(
    impedance: Any,
    weight: Any = None,
    *,
    p: SiteCount = None,
    demand_ids: Sequence[str] | None = None,
    sites: Sites | Sequence[str] | None = None,
    cost: Any = None,
    cutoff: float = np.inf,
    quotas: Sequence[Quota] = (),
    single_source: bool = True,
    **units: str,
) -> SitingProblem:
    """Least weighted impedance of serving everybody from ``p`` sites (Minimize Impedance).

    Parameters
    ----------
    impedance : (n, m) dense or sparse, metres or seconds
    weight : (n,) demand; 1 each if left out
    p : how many sites open
    sites : ids, or :class:`Sites` with capacities, required and forbidden sites, sizes
    cost : (n, m) dense or sparse cost of serving the whole of a demand point; weight x impedance
        if left out
    cutoff : pairs beyond it do not exist
    units : ``impedance_unit``, ``weight_unit``, ``cost_unit``

    Raises
    ------
    ProblemError
        If the parts do not fit together; every fault is named.
    """
    given = _Given(impedance, weight, p, demand_ids, sites, quotas, single_source, units)
    return _problem(Objective.MIN_COST, given, cost=cost, cutoff=cutoff)


def p_centre(
    impedance: Any,
    weight: Any = None,
    *,
    p: SiteCount = None,
    demand_ids: Sequence[str] | None = None,
    sites: Sites | Sequence[str] | None = None,
    cutoff: float = np.inf,
    quotas: Sequence[Quota] = (),
    single_source: bool = True,
    **units: str,
) -> SitingProblem:
    """Shortest worst impedance with ``p`` sites; parameters as :func:`p_median`."""
    given = _Given(impedance, weight, p, demand_ids, sites, quotas, single_source, units)
    return _problem(Objective.MIN_WORST, given, cutoff=cutoff)


def set_cover(
    impedance: Any,
    weight: Any = None,
    *,
    radius: float,
    p: SiteCount = None,
    demand_ids: Sequence[str] | None = None,
    sites: Sites | Sequence[str] | None = None,
    quotas: Sequence[Quota] = (),
    single_source: bool = True,
    **units: str,
) -> SitingProblem:
    """Fewest sites (or least fixed cost) with everybody within ``radius`` (Minimize Facilities).

    ``sites`` given as ids cost 1 each; given as :class:`Sites`, their ``fixed_cost`` counts, and
    all zero is read as 1 each.
    """
    given = _Given(impedance, weight, p, demand_ids, sites, quotas, single_source, units)
    return _problem(Objective.MIN_SITES, given, cutoff=radius, default_fixed_cost=1.0)


def maximal_cover(
    impedance: Any,
    weight: Any = None,
    *,
    radius: float,
    p: SiteCount = None,
    demand_ids: Sequence[str] | None = None,
    sites: Sites | Sequence[str] | None = None,
    quotas: Sequence[Quota] = (),
    single_source: bool = True,
    **units: str,
) -> SitingProblem:
    """Most weight within ``radius`` of ``p`` sites (Maximize [Capacitated] Coverage).

    Parameters as :func:`p_median`.
    """
    given = _Given(impedance, weight, p, demand_ids, sites, quotas, single_source, units)
    return _problem(Objective.MAX_COVERED, given, cutoff=radius)


def capacitated_location(
    impedance: Any,
    weight: Any,
    *,
    sites: Sites,
    p: SiteCount = None,
    demand_ids: Sequence[str] | None = None,
    cost: Any = None,
    cutoff: float = np.inf,
    quotas: Sequence[Quota] = (),
    single_source: bool = False,
    **units: str,
) -> SitingProblem:
    """Least fixed plus service cost with sites of limited sizes; parameters as :func:`p_median`."""
    given = _Given(impedance, weight, p, demand_ids, sites, quotas, single_source, units)
    return _problem(Objective.MIN_COST, given, cost=cost, cutoff=cutoff)


@dataclass(frozen=True, eq=False)
class _Given:
    """What every preset takes, as its caller gave it; described at :func:`p_median`."""

    impedance: Any
    weight: Any
    p: SiteCount
    demand_ids: Sequence[str] | None
    sites: Sites | Sequence[str] | None
    quotas: Sequence[Quota]
    single_source: bool
    units: dict[str, str]


def _problem(
    objective: Objective,
    given: _Given,
    *,
    cost: Any = None,
    cutoff: float,
    default_fixed_cost: float = 0.0,
) -> SitingProblem:
    pairs = _pairs(given.impedance, cutoff)
    n, m = pairs.shape
    amount = np.ones(n) if given.weight is None else np.asarray(given.weight, np.float64)
    ids = given.demand_ids
    ids = tuple(f"D{i}" for i in range(n)) if ids is None else tuple(ids)
    if amount.shape != (n,) or len(ids) != n:
        raise ProblemError(
            [f"{n} rows of impedance, {len(ids)} demand ids, weights of shape {amount.shape}"]
        )
    return SitingProblem(
        objective=objective,
        demand=Demand(ids, amount),
        sites=_sites(given.sites, m, default_fixed_cost),
        arcs=_arcs(pairs, cost, amount),
        site_count=_site_count(given.p),
        quotas=tuple(given.quotas),
        single_source=given.single_source,
        exclusions=(),
        **given.units,
    )


def _site_count(p: SiteCount) -> tuple[int | None, int | None]:
    if p is None or isinstance(p, tuple):
        return (None, None) if p is None else p
    return index(p), index(p)  # NumPy's integers too


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Finite pairs within the cutoff, sorted by row and column; stored zeros are among them."""

    shape: tuple[int, int]
    row: IntArray
    column: IntArray
    value: FloatArray


def _pairs(impedance: Any, cutoff: float) -> _Pairs:
    if hasattr(impedance, "tocoo"):
        # Not csr_array(impedance): converting sums duplicates, and pruning would drop the zeros.
        entries = impedance.tocoo()
        shape, row, column = entries.shape, entries.row, entries.col
        value = np.asarray(entries.data, np.float64)
    else:
        full = np.asarray(impedance, np.float64)
        if full.ndim != 2:
            raise ProblemError([f"impedance has shape {full.shape}, needs (n_demand, n_sites)"])
        shape, value = full.shape, full.ravel()
        row, column = np.divmod(np.arange(full.size), max(1, full.shape[1]))
    if np.isnan(value).any():
        raise ProblemError(["impedance has values that are not numbers; use inf for no way"])
    kept = np.flatnonzero(np.isfinite(value) & (value <= cutoff))
    order = kept[np.lexsort((column[kept], row[kept]))]
    return _Pairs((shape[0], shape[1]), row[order], column[order], value[order])


def _arcs(pairs: _Pairs, cost: Any, weight: FloatArray) -> Arcs:
    start = np.zeros(pairs.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(pairs.row, minlength=pairs.shape[0]), out=start[1:])
    if cost is None:
        return Arcs(start, pairs.column, pairs.value, pairs.value * weight[pairs.row])
    if cost.shape != pairs.shape:
        raise ProblemError([f"cost has shape {cost.shape}, impedance {pairs.shape}"])
    table = cost.tocsr() if hasattr(cost, "tocsr") else np.asarray(cost, np.float64)
    chosen = np.asarray(table[pairs.row, pairs.column], np.float64).ravel()
    return Arcs(start, pairs.column, pairs.value, chosen)


def _sites(sites: Sites | Sequence[str] | None, m: int, default_fixed_cost: float) -> Sites:
    if isinstance(sites, Sites):
        ready = sites
        if default_fixed_cost and not sites.fixed_cost.any():
            ready = replace(sites, fixed_cost=np.full(len(sites.capacity), default_fixed_cost))
    else:
        ids = [f"S{j}" for j in range(m)] if sites is None else list(sites)
        ready = Sites.simple(ids, fixed_cost=np.full(len(ids), default_fixed_cost))
    if len(ready) != m:
        raise ProblemError([f"impedance has {m} columns, but there are {len(ready)} sites"])
    return ready

"""Indicators of a plan: how far people go, how full sites are, how evenly service is spread.

Every figure states what it is taken over; unreachable and unserved points never enter a mean of
impedance, they have rates of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solution import FEASIBILITY_TOLERANCE, SitingSolution

NAN = float("nan")


@dataclass(frozen=True, eq=False)
class PlanMetrics:
    """Indicators of one plan.

    Parameters
    ----------
    opened_count : open sites
    mean_impedance : over served weight, in the problem's unit; NaN if nothing is served
    mean_impedance_unweighted : over served points
    worst_impedance : largest of any flow
    percentile_95 : impedance within which 95 % of the served weight lies
    served_count_rate, served_weight_rate : wholly served points over all points; served weight
        over all weight (unreachable ones count as not served)
    throughput : (m,) weight handled a site
    load_rate : (m,) throughput over the opened capacity; NaN where closed or unlimited
    """

    opened_count: int
    mean_impedance: float
    mean_impedance_unweighted: float
    worst_impedance: float
    percentile_95: float
    served_count_rate: float
    served_weight_rate: float
    throughput: FloatArray
    load_rate: FloatArray


def plan_metrics(problem: SitingProblem, solution: SitingSolution) -> PlanMetrics:
    """Indicators of a solution that has a plan.

    Raises
    ------
    ValueError
        If the solution has no plan.
    """
    if not solution.has_plan:
        raise ValueError(f"there is no plan to measure: the outcome is {solution.outcome}")
    demand, share = solution.demand, solution.share
    weight, impedance = problem.demand.weight[demand] * share, flow_impedance(problem, solution)
    served = _sums(demand, share, len(problem.demand))
    throughput = _sums(solution.site, weight, len(problem.sites))
    total = float(problem.demand.weight.sum())
    wholly = served >= 1 - FEASIBILITY_TOLERANCE
    return PlanMetrics(
        opened_count=len(solution.opened),
        mean_impedance=_mean(impedance, weight),
        mean_impedance_unweighted=_mean(impedance, share),
        worst_impedance=float(impedance.max()) if len(impedance) else NAN,
        percentile_95=_percentile(impedance, weight, 0.95),
        served_count_rate=float(wholly.mean()) if len(wholly) else NAN,
        served_weight_rate=float(weight.sum()) / total if total else NAN,
        throughput=throughput,
        load_rate=_load_rate(problem, solution.size, throughput),
    )


def flow_impedance(problem: SitingProblem, solution: SitingSolution) -> FloatArray:
    """(f,) impedance of each flow of a solution, in the problem's unit."""
    m, arcs = len(problem.sites), problem.arcs
    if not len(solution.demand):
        return np.zeros(0)
    key = arcs.demand * m + arcs.site
    return arcs.impedance[np.searchsorted(key, solution.demand * m + solution.site)]


@dataclass(frozen=True)
class Fairness:
    """How evenly groups (districts, townships) are served; impedances are group means.

    Parameters
    ----------
    mean_impedance : by group, over its served weight; NaN where nothing of it is served
    served_rate : by group, served over all weight
    worst_group : with the highest mean impedance; "" if none is served
    least_served_group : with the lowest served rate (then the higher impedance)
    gini : of the group means, weighted by served weight; 0 is even, towards 1 uneven
    """

    mean_impedance: dict[str, float]
    served_rate: dict[str, float]
    worst_group: str
    least_served_group: str
    gini: float


def fairness(problem: SitingProblem, solution: SitingSolution, groups: Sequence[str]) -> Fairness:
    """Fairness among groups; ``groups`` (n,) names the group of each demand point.

    Raises
    ------
    ValueError
        If there is not one group name a demand point.
    """
    if len(groups) != len(problem.demand):
        raise ValueError(f"{len(groups)} group names for {len(problem.demand)} demand points")
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    weight = problem.demand.weight[solution.demand] * solution.share
    group = member[solution.demand]
    served = _sums(group, weight, len(names))
    travelled = _sums(group, weight * flow_impedance(problem, solution), len(names))
    whole = _sums(member, problem.demand.weight, len(names))
    mean, rate = _ratio(travelled, served), _ratio(served, whole)
    worst = "" if np.isnan(mean).all() else str(names[np.nanargmax(mean)])
    ranked = np.lexsort((-np.nan_to_num(mean, nan=np.inf), np.nan_to_num(rate, nan=2.0)))
    return Fairness(
        mean_impedance=dict(zip(names.tolist(), mean.tolist(), strict=True)),
        served_rate=dict(zip(names.tolist(), rate.tolist(), strict=True)),
        worst_group=worst,
        least_served_group=str(names[ranked[0]]) if len(names) else "",
        gini=gini(mean[served > 0], served[served > 0]),
    )


def gini(values: FloatArray, weight: FloatArray) -> float:
    """Weighted Gini coefficient of values >= 0: half the mean absolute difference over the mean.

    ``sum_ij w_i w_j |v_i - v_j| / (2 (sum w)^2 mean)``; 0 where all are equal, NaN without values.
    """
    total = float(weight.sum())
    if not total:
        return NAN
    mean = float((values * weight).sum()) / total
    if mean == 0:
        return 0.0
    difference = np.abs(values[:, None] - values[None, :])
    return float(weight @ difference @ weight) / (2 * total**2 * mean)


def _sums(label: IntArray, amount: FloatArray, number: int) -> FloatArray:
    return np.asarray(np.bincount(label, amount, minlength=number), np.float64)


def _load_rate(problem: SitingProblem, size: IntArray, throughput: FloatArray) -> FloatArray:
    capacity = np.full(len(size), np.inf)
    capacity[size >= 0] = problem.sites.capacity[size[size >= 0]]
    known = (size >= 0) & np.isfinite(capacity) & (capacity > 0)
    return np.where(known, throughput / np.where(known, capacity, 1.0), NAN)


def _mean(values: FloatArray, weight: FloatArray) -> float:
    total = float(weight.sum())
    return float((values * weight).sum()) / total if total else NAN


def _percentile(values: FloatArray, weight: FloatArray, part: float) -> float:
    """Smallest value within which ``part`` of the weight lies."""
    if not weight.sum():
        return NAN
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    position = int(np.searchsorted(reached, part * reached[-1] * (1 - 1e-12)))
    return float(values[order[min(position, len(order) - 1)]])


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), NAN)

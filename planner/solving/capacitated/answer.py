"""From the arrays of the search back to a plan of the problem, and what is still worth finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.search import SitePlan
from planner.solving.method import Found

WHOLE_SLACK, MOST_WHOLE_SLACK = 0.01, 0.1
"""How far a bound must be over the next lower whole objective to rule it out."""
LEAST_SHARE = 1e-9
"""Smaller shares are rounding, not service."""


def limit(objective: float, gap: float, *, integral: bool) -> float:
    """Only plans under this are worth looking for, once there is one of this objective."""
    if not np.isfinite(objective):
        return objective
    # A hair under the gap asked for, lest the rounding of bounds spoils it.
    least = objective - 0.999 * gap * abs(objective)
    whole = WHOLE_SLACK * max(1.0, 1e-6 * abs(objective))
    if integral and whole < MOST_WHOLE_SLACK:
        least = min(least, objective - 1 + whole)
    return least


@dataclass(frozen=True, eq=False)
class Flows:
    """Sizes (m,) or -1, and per flow (f,) the site, the point and the share, by point."""

    chosen: IntArray
    site: IntArray
    point: IntArray
    share: FloatArray


def whole_flows(plan: WholePlan) -> Flows:
    """One flow a point."""
    n = len(plan.site)
    return Flows(plan.chosen, plan.site, np.arange(n), np.ones(n))


def divided_flows(plan: SitePlan) -> Flows:
    """The flows of a transport; shares of each point add up to exactly 1."""
    at, point = np.nonzero(plan.flow > LEAST_SHARE)
    share = plan.flow[at, point]
    total = np.bincount(point, weights=share)
    order = np.lexsort((at, point))
    share = share / total[point]
    return Flows(plan.chosen, plan.opened[at][order], point[order], share[order])


def found(problem: SitingProblem, data: CapacitatedData, flows: Flows, method: str) -> Found:
    """The plan in positions of the problem; objective and bound are the caller's to say."""
    size = np.full(len(problem.sites), -1)
    opened = np.flatnonzero(flows.chosen >= 0)
    size[data.site[opened]] = data.size[flows.chosen[opened]]
    return Found(
        size=size,
        demand=data.point[flows.point],
        site=data.site[flows.site],
        share=flows.share,
        objective=float("nan"),
        bound=-np.inf,
        method=method,
    )


def whole_plan(data: CapacitatedData, found: Found) -> WholePlan | None:
    """A plan of the problem in the arrays of the search; None where it uses what they leave out."""
    if found.size is None:
        return None
    size_at = {int(one): k for k, one in enumerate(data.size)}
    site_at = {int(one): j for j, one in enumerate(data.site)}
    serving = dict(zip(found.demand.tolist(), found.site.tolist(), strict=True))
    chosen = [size_at.get(int(found.size[j]), -1) for j in data.site]
    site = [site_at.get(serving.get(int(i), -1), -1) for i in data.point]
    if min(site, default=0) < 0:
        return None
    return WholePlan(np.array(chosen, np.int64), np.array(site, np.int64), found.objective)

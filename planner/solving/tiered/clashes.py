"""Quotas that must hold and cannot, seen by counting: nothing has to be solved to say so."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from planner.models.tiered_draft import Rule
from planner.problem import Strength
from planner.solution import Reason
from planner.solving.tiered.explain import KINDS
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import FacilityQuota


def clashes(problem: TieredProblem) -> tuple[Reason, ...]:
    """One reason for all quotas that fewer candidates or more standing facilities break; or none.

    A quota asks for too many where fewer facilities can be open, and allows too few where more must
    be: what is required, and what stands and may not be closed.
    """
    given: dict[str, float] = {}
    years: dict[str, set[int]] = defaultdict(set)
    for quota in problem.quotas:
        if quota.strength is not Strength.MUST:
            continue
        for t in problem.quota_phases(quota).tolist():
            off = _least_off(problem, quota, t)
            if off > 0:
                given[quota.name] = max(given.get(quota.name, 0.0), float(off))
                years[quota.name].add(problem.phases.years[t])
    if not given:
        return ()
    every = sorted(set().union(*years.values()))
    values = {
        "amount": float(np.sum(list(given.values()))),
        "by_subject": given,
        "years": every,
        "proven": True,
    }
    return (Reason(KINDS[Rule.QUOTAS], tuple(given), values),)


def _least_off(problem: TieredProblem, quota: FacilityQuota, t: int) -> int:
    """By how many facilities every plan breaks the quota at least."""
    tier = problem.stream(quota.stream).tier(quota.tier)
    part, alive = tier.facilities, problem.alive(tier)[t]
    must = (part.required | (part.existing & ~part.closable)) & alive
    over = 0 if quota.maximum is None else int(must[quota.facilities].sum()) - quota.maximum
    return max(over, quota.minimum - int(alive[quota.facilities].sum()))

"""Counts of open facilities by group and phase, by the strength of their wording.

``quota_q_t_least``   sum of open + short_qt >= minimum
``quota_q_t_most``    sum of open - over_qt <= maximum

``short`` and ``over`` are there for encouraged quotas (they cost the reward), for quotas in
principle and on demand where ``yielding``, and for all quotas when the rule is stretched.
"""

from __future__ import annotations

from planner.models.tiered_draft import Draft, Rule, Weighted, ones
from planner.problem import Strength
from planner.tiered.rules import FacilityQuota


def add_quotas(draft: Draft, *, yielding: bool) -> Weighted:
    """Rows of all quotas; gives what those in principle and on demand yield in all."""
    given: Weighted = {}
    ids = draft.problem.stream_ids
    for q, quota in enumerate(draft.problem.quotas):
        s = ids.index(quota.stream)
        k = draft.problem.streams[s].tier_ids.index(quota.tier)
        for t in draft.problem.quota_phases(quota).tolist():
            opened: Weighted = {}
            for j in quota.facilities.tolist():
                opened |= ones(draft.sizes(s, k, j, t))
            short = over = -1
            if quota.minimum > 0:
                short = _slack(draft, quota, f"short_{q}_{t}", t, yielding=yielding)
                terms = opened | ({short: 1.0} if short >= 0 else {})
                draft.at_least(f"quota_{q}_{t}_least", terms, quota.minimum)
            if quota.maximum is not None and quota.maximum < len(quota.facilities):
                over = _slack(draft, quota, f"over_{q}_{t}", t, yielding=yielding)
                terms = opened | ({over: -1.0} if over >= 0 else {})
                draft.at_most(f"quota_{q}_{t}_most", terms, quota.maximum)
            draft.quota_columns[q, t] = (short, over)
            if quota.strength in (Strength.IN_PRINCIPLE, Strength.ON_DEMAND):
                given |= ones(column for column in (short, over) if column >= 0)
    return given


def _slack(draft: Draft, quota: FacilityQuota, name: str, t: int, *, yielding: bool) -> int:
    upper = float(max(len(quota.facilities), quota.minimum))
    if quota.strength is Strength.ENCOURAGED:
        column = draft.add(name, upper=upper)
        draft.cost[column] += float(draft.problem.phases.weight[t] * quota.reward_cny_per_yr)
        return column
    if quota.strength is not Strength.MUST and yielding:
        return draft.add(name, upper=upper)
    stretched = draft.stretch(Rule.QUOTAS, name, quota.name, t, upper=upper)
    return stretched[0] if stretched else -1

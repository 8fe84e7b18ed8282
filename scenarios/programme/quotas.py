"""Counts of sites that texts ask for, as quotas of the tiered problem."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.problem import Strength
from planner.tiered import FacilityQuota, Phases
from scenarios.programme.levels import StreamLevels
from scenarios.schema import QuotaRule, Tier
from scenarios.sizes import WAN


def quotas_of_stream(levels: StreamLevels, phases: Phases, county: str) -> Iterator[FacilityQuota]:
    """Every count of every tier that is sited, one a district or one for the county."""
    for tier in levels.sited:
        if tier.sites is not None:
            every = np.arange(len(levels.sites[tier.id].sites))
            name = f"{county}: {tier.name.zh}"
            yield FacilityQuota(name, levels.profile.id, tier.id, every, tier.sites, tier.sites)
        for rule in tier.quotas:
            yield from _quota(levels, tier, rule, phases, county)


def _reward(rule: QuotaRule) -> float:
    reward = rule.reward_wan_cny_per_yr
    return 0.0 if reward is None or reward.value is None else max(0.0, reward.value) * WAN


def _quota(
    levels: StreamLevels, tier: Tier, rule: QuotaRule, phases: Phases, county: str
) -> Iterator[FacilityQuota]:
    """One count a district, or one for the county, in the phases that it speaks of."""
    sites = levels.sites[tier.id].sites
    of_site = sites["district"].to_numpy(object)
    of_point = levels.points.table["district"].to_numpy(object)
    groups = {county: (np.arange(len(sites)), np.arange(len(of_point)))}
    if rule.per == "district":
        names = sorted({str(one) for one in of_point if one and rule.means(str(one))})
        groups = {n: (np.flatnonzero(of_site == n), np.flatnonzero(of_point == n)) for n in names}
    spoken = tuple(t for t, year in enumerate(phases.years) if year >= (rule.year or 0))
    threshold = rule.above_t_per_yr
    staying = levels.hauls_to(tier.id)[0].tier_problem.problem.sites.required
    for name, (members, points) in groups.items():
        maximum = rule.maximum
        if maximum is not None and rule.strength is not Strength.MUST:
            # Texts do not tear down what stands.
            maximum = max(maximum, int(staying[members].sum()))
        yield FacilityQuota(
            name=f"{name}: {tier.name.zh}",
            stream=levels.profile.id,
            tier=tier.id,
            facilities=members,
            minimum=rule.minimum,
            maximum=maximum,
            strength=rule.strength,
            phases=spoken,
            threshold_t_per_yr=(threshold.value or 0.0) if threshold is not None else 0.0,
            reward_cny_per_yr=_reward(rule),
            demand=points,
        )

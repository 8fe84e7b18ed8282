"""Who wants service of a tier: demand points as it sees them, or the sites opened below it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenarios.answers import TierAnswer
from scenarios.demand_points import DemandPoints
from scenarios.problems import Wants, place_key
from scenarios.schema import StreamProfile, Tier
from scenarios.travel import Place


def present_wants(points: DemandPoints, tier: Tier) -> Wants:
    """Demand as a tier sees it today: an upper tier takes its share of the tonnes."""
    wants = points.wants(tier)
    if tier.share_taken is None or tier.share_taken.value is None:
        return wants
    share = tier.share_taken.value
    return replace(wants, tonnes=wants.tonnes * share, weight=wants.weight * share)


def opened_as_wants(profile: StreamProfile, tier: Tier, below: TierAnswer) -> Wants:
    """Sites that the tier below opened, with the tonnes they pass on."""
    opened = below.solution.opened
    throughput = below.throughput_t_per_yr[opened]
    share = 1.0 if tier.share_taken is None else tier.share_taken.value
    tonnes = throughput * below.tier.passed_on * (1.0 if share is None else share)
    busy = tonnes > 0
    rows = below.tier_problem.sites.iloc[opened[busy]].reset_index(drop=True)
    table = rows[["id", "name", "district", "geometry"]].assign(population=np.nan)
    key = f"{profile.id}:{below.tier.id}:opened:{place_key(rows)}"
    return Wants(table, Place.of(table, key), tonnes[busy], tonnes[busy], "t/yr")

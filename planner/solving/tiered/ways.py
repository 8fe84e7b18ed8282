"""What a tonne costs from a facility to where it ends, by the cheapest way.

All that is above counts as open and roomy, so that the cheapest way is a lower bound of what any
plan pays for the tonne; fixed costs above are counted apart.
"""

from __future__ import annotations

import numpy as np

from planner.problem import BoolArray, FloatArray
from planner.tiered.network import DEMAND, TERMINALS, Tier
from planner.tiered.problem import Stream, TieredProblem


def onward_cny_per_t(problem: TieredProblem, stream: Stream, t: int) -> dict[str, FloatArray]:
    """(f,) by level: of a tonne taken in, handling or gate fee included; ``inf`` without a way.

    Facilities that cannot be open in the phase are passed over.
    """
    price: dict[str, FloatArray] = {}
    if stream.terminals is not None:
        room = stream.terminals.capacity_t_per_yr[t]
        price[TERMINALS] = np.where(room > 0, stream.terminals.gate_fee_cny_per_t, np.inf)
    for tier in reversed(stream.tiers):
        legs = stream.legs_from(tier.id)
        ahead = np.full(len(tier.facilities), np.inf if legs else 0.0)
        for n in legs:
            leg = stream.legs[n]
            np.minimum.at(ahead, leg.row, leg.cost_cny_per_t + price[leg.destination][leg.to])
        share = tier.output_share if legs else 1.0
        onward = share * ahead if share > 0 else np.where(np.isfinite(ahead), 0.0, np.inf)
        onward = onward + tier.facilities.handling_cny_per_t
        price[tier.id] = np.where(may_be_open(problem, tier, t), onward, np.inf)
    return price


def may_be_open(problem: TieredProblem, tier: Tier, t: int) -> BoolArray:
    """(f,) alive, and not ruled out by a quota whose maximum is reached by what must be open.

    Quotas in principle count like those that must be (see :mod:`main_solve`).
    """
    part, alive = tier.facilities, problem.alive(tier)[t]
    must = (part.required | (part.existing & ~part.closable)) & alive
    possible: BoolArray = alive.copy()
    for quota in problem.quotas:
        if quota.tier != tier.id or quota.maximum is None or not quota.binds:
            continue
        if t in problem.quota_phases(quota) and must[quota.facilities].sum() >= quota.maximum:
            possible[quota.facilities] &= must[quota.facilities]
    return possible


def main_tier_of(stream: Stream) -> int:
    """The lowest tier that nothing passes by; else the lowest that demand gives to."""
    levels = stream.levels
    given = [levels.index(stream.legs[n].destination) for n in stream.legs_from(DEMAND)]
    for level in sorted(set(given)):
        passing = [
            leg
            for leg in stream.legs
            if levels.index(leg.origin) < level < levels.index(leg.destination)
        ]
        if not passing and level <= len(stream.tiers):
            return level - 1
    return min(given, default=1) - 1

"""The main tier of a stream in one phase, as arrays: the relaxation that is bounded and planned.

The main tier is the lowest one that nothing passes by (a township's store that takes in straw from
fields and from village points alike). Seen from it

- what is above is a price of a tonne taken in, by the cheapest way (:mod:`ways`), and the least
  that must be paid to open it, chosen with the same exact choice by :mod:`main_kernels`;
- a haul past it, where nothing else is left, goes to a facility of no cost and endless room;
- what is below (optional village points) is a second way of each point to each facility, the
  cheapest over all facilities below. A part of what those cost is charged on the way, shared out
  over the tonnes in reach (those that have no other way count for many); the other part,
  ``F_p / T_p`` a tonne in reach, pays for the room that the loss on the way saves. So neither comes
  for nothing, and no facility is charged more than it costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.models.tiered_opening import possible_sizes
from planner.problem import BoolArray, FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE
from planner.solving.tiered.main_choice import Choice, choice_of
from planner.solving.tiered.ways import main_tier_of, onward_cny_per_t
from planner.tiered.network import DEMAND, Tier
from planner.tiered.problem import Stream, TieredProblem

ON_THE_WAY = 0.75
"""Part of a lower facility's cost that is charged on the way."""
FORCED = 30.0
"""What a tonne counts, when that part is shared out, that has no way but over lower facilities."""


@dataclass(frozen=True, eq=False)
class MainTier:
    """The relaxation of one phase.

    Parameters
    ----------
    tier : position of the main tier in the stream
    choice : the last facility is "past it all" where demand may go past the tier
    start : (f + 1,) items of each facility; ``point``, ``cost`` (weighted, less ``base``),
        ``weight`` (tonnes taken in)
    leg, arc : (a,) the first haul; leg -1 for items over a lower facility
    base : (n,) weighted least cost of each point, which is added to every value
    relief : weighted cost of a unit of room that losses below save
    above : weighted least cost of opening what is above
    """

    tier: int
    choice: Choice
    start: IntArray
    point: IntArray
    cost: FloatArray
    weight: FloatArray
    leg: IntArray
    arc: IntArray
    base: FloatArray
    tonnes: FloatArray
    relief: float
    above: float

    @property
    def constant(self) -> float:
        """What every plan pays besides the relaxation's value."""
        return float(self.base.sum()) + self.above

    @property
    def facility(self) -> IntArray:
        """(a,) the facility of each item, in the choice's order."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def past(self) -> int:
        """Position of the facility that stands for hauls past the tier, -1 without."""
        return len(self.start) - 2 if self.choice.facility[-1] < 0 else -1


def suits(problem: TieredProblem) -> bool:
    """One stream for cost, wholly served, that shares nothing; nothing below its main tier must be.

    Of the rules left over none makes the relaxation wrong: it only knows less of them.
    """
    stream = problem.streams[0]
    if len(problem.streams) != 1 or not stream.tiers or not stream.legs_from(DEMAND):
        return False
    k = main_tier_of(stream)
    if not 0 <= k < len(stream.tiers) or k > 1:
        return False
    lower = stream.tiers[:k]
    asked = {quota.tier for quota in problem.quotas if quota.minimum > 0}
    places = problem.places
    return (
        bool((stream.coverage_target >= 1 - 1e-9).all())
        and not np.isfinite(problem.phases.budget_cny).any()
        and not any(tier.hosted_by is not None for tier in stream.tiers)
        and not (places.shared_cost_cny_per_yr.any() or places.shared_land_m2.any())
        and not np.isfinite(places.land_available_m2).any()
        and not any(_stands(tier) or tier.id in asked for tier in lower)
        and not any(tier.output_share > 1 for tier in lower)
    )


def _stands(tier: Tier) -> bool:
    part = tier.facilities
    return bool((part.required | (part.existing & ~part.closable)).any())


def main_tier(
    problem: TieredProblem, t: int, *, only: tuple[int, IntArray] | None = None
) -> MainTier:
    """The relaxation of a phase.

    Parameters
    ----------
    only : (tier above, facilities): no others of that tier are open
    """
    stream = problem.streams[0]
    problem = problem if only is None else with_only(problem, *only)
    stream = problem.streams[0]
    k = main_tier_of(stream)
    tonnes, weight = stream.demand.tonnes[t], float(problem.phases.weight[t])
    price = onward_cny_per_t(problem, stream, t)
    total = float(tonnes[stream.reachable].sum())
    past = any(stream.legs[n].destination not in stream.tier_ids[: k + 1] for n in _given(stream))
    choice = choice_of(problem, k, t, total, past=past, counted=not past)
    items = [_direct(stream, k, price, choice)]
    relief = np.inf
    if _has_lower(stream, k):
        below, dear = _over_lower(problem, stream, t, price, choice)
        items.append(below)
        lost = 1.0 - stream.tiers[0].output_share
        if lost > 0 and len(below[0]):
            relief = weight * (1 - ON_THE_WAY) * dear / lost * choice.unit_t
    if past:
        items.append(_past(stream, k, price, len(choice.facility) - 1))
    facility, point, per_t, taken, leg, arc = (
        np.concatenate(parts) for parts in zip(*items, strict=True)
    )
    fits = np.isfinite(per_t)
    if stream.single_source:
        largest = np.maximum.reduceat(
            np.where(np.isfinite(choice.fixed), choice.room, 0.0), choice.size_start[:-1]
        )
        fits &= tonnes[point] * taken <= largest[facility] * (1 + 2 * FEASIBILITY_TOLERANCE)
    order = np.flatnonzero(fits)[np.argsort(facility[fits], kind="stable")]
    cost = weight * tonnes[point] * per_t
    base = np.full(len(tonnes), np.inf)
    np.minimum.at(base, point[order], cost[order])
    base = np.where(np.isfinite(base), base, 0.0)
    start = np.searchsorted(facility[order], np.arange(len(choice.facility) + 1))
    return MainTier(
        k,
        choice,
        start,
        point[order],
        (cost - base[point])[order],
        (tonnes[point] * taken)[order],
        leg[order],
        arc[order],
        base,
        tonnes,
        relief,
        least_above(problem, stream, k, t, total),
    )


def straight(main: MainTier) -> MainTier:
    """The tier as plans know it: a way over a lower facility only for points without another.

    Plans know nothing of what lower facilities might save, and prices that count on it mislead.
    """
    has_other = np.zeros(len(main.tonnes), np.bool_)
    has_other[main.point[main.leg >= 0]] = True
    kept = (main.leg >= 0) | ~has_other[main.point]
    if kept.all():
        return main
    start = np.searchsorted(main.facility[kept], np.arange(len(main.start)))
    return replace(
        main,
        start=start,
        point=main.point[kept],
        cost=main.cost[kept],
        weight=main.weight[kept],
        leg=main.leg[kept],
        arc=main.arc[kept],
        relief=np.inf,
    )


def _straight_points(stream: Stream, k: int) -> BoolArray:
    """(n,) points with an arc to the main tier or past it."""
    there = np.zeros(len(stream.demand), np.bool_)
    for n in _given(stream):
        if stream.legs[n].destination not in stream.tier_ids[:k]:
            there |= np.diff(stream.legs[n].start) > 0
    return there


def _has_lower(stream: Stream, k: int) -> bool:
    """Whether points may give to a tier below the main one."""
    return k == 1 and any(
        stream.legs[n].destination == stream.tiers[0].id for n in stream.legs_from(DEMAND)
    )


def _given(stream: Stream) -> tuple[int, ...]:
    return stream.legs_from(DEMAND)


def with_only(problem: TieredProblem, k: int, facilities: IntArray) -> TieredProblem:
    """The problem with no other facilities of a tier open."""
    stream = problem.streams[0]
    part = stream.tiers[k].facilities
    shut = np.ones(len(part), np.bool_)
    shut[facilities] = False
    must = part.required | (part.existing & ~part.closable)
    tier = replace(
        stream.tiers[k], facilities=replace(part, forbidden=part.forbidden | (shut & ~must))
    )
    tiers = (*stream.tiers[:k], tier, *stream.tiers[k + 1 :])
    return replace(problem, streams=(replace(stream, tiers=tiers),))


Items = tuple[IntArray, IntArray, FloatArray, FloatArray, IntArray, IntArray]
"""Facility (in the choice's order), point, cost a tonne, tonnes taken in a tonne, leg, arc."""


def _direct(stream: Stream, k: int, price: dict[str, FloatArray], choice: Choice) -> Items:
    """Straight hauls to the main tier."""
    tier = stream.tiers[k]
    position = _positions(choice, len(tier.facilities))
    found = [n for n in _given(stream) if stream.legs[n].destination == tier.id]
    if not found:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0), np.zeros(0), none, none
    leg = stream.legs[found[0]]
    arc = np.flatnonzero(position[leg.to] >= 0)
    per_t = leg.cost_cny_per_t[arc] + price[tier.id][leg.to[arc]]
    return (
        position[leg.to[arc]],
        leg.row[arc],
        per_t,
        np.ones(len(arc)),
        np.full(len(arc), found[0]),
        arc,
    )


def _positions(choice: Choice, count: int) -> IntArray:
    position = np.full(count, -1)
    there = choice.facility >= 0
    position[choice.facility[there]] = np.flatnonzero(there)
    return position


def _over_lower(
    problem: TieredProblem, stream: Stream, t: int, price: dict[str, FloatArray], choice: Choice
) -> tuple[Items, float]:
    """The cheapest way over a facility below, for every point and main facility in its reach.

    With the least that facilities below cost a tonne.
    """
    lower, main = stream.tiers[0], stream.tiers[1]
    first = stream.legs[next(n for n in _given(stream) if stream.legs[n].destination == lower.id)]
    second = next(
        stream.legs[n] for n in stream.legs_from(lower.id) if stream.legs[n].destination == main.id
    )
    tonnes, part = stream.demand.tonnes[t], lower.facilities
    count = np.where(_straight_points(stream, k=1), 1.0, FORCED)
    reach, counted = np.zeros(len(part)), np.zeros(len(part))
    np.add.at(reach, first.to, tonnes[first.row])
    np.add.at(counted, first.to, (tonnes * count)[first.row])
    options = np.where(
        possible_sizes(problem, 0, 0)[t] & ~part.forbidden[part.facility_of_size],
        part.fixed_cost_cny_per_yr,
        np.inf,
    )
    cheapest = np.minimum.reduceat(options, part.size_start[:-1])
    dear = cheapest / np.maximum(reach, 1e-9)
    position = _positions(choice, len(main.facilities))
    ahead = np.full((len(part), len(main.facilities)), np.inf)
    ahead[second.row, second.to] = lower.output_share * (
        second.cost_cny_per_t + price[main.id][second.to]
    )
    charged = ON_THE_WAY * (cheapest / np.maximum(counted, 1e-9))[first.to] * count[first.row]
    here = first.cost_cny_per_t + part.handling_cny_per_t[first.to] + charged
    best = np.full((len(tonnes), len(main.facilities)), np.inf)
    np.minimum.at(best, first.row, here[:, None] + ahead[first.to])
    point, to = np.nonzero(np.isfinite(best) & (position >= 0)[None, :])
    none = np.full(len(point), -1)
    share = np.full(len(point), lower.output_share)
    least = float(dear[np.unique(first.to)].min(initial=np.inf))
    return (position[to], point, best[point, to], share, none, none), least


def _past(stream: Stream, k: int, price: dict[str, FloatArray], facility: int) -> Items:
    """Hauls past the main tier, the cheapest of each point."""
    parts = []
    for n in _given(stream):
        leg = stream.legs[n]
        if leg.destination not in stream.tier_ids[: k + 1]:
            per_t = leg.cost_cny_per_t + price[leg.destination][leg.to]
            parts.append((leg.row, per_t, np.full(len(leg), n), np.arange(len(leg))))
    point, per_t, leg_of, arc = (np.concatenate(one) for one in zip(*parts, strict=True))
    order = np.lexsort((per_t, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    none = np.zeros(len(first))
    return (
        np.full(len(first), facility),
        point[first],
        per_t[first],
        none,
        leg_of[first],
        arc[first],
    )


def least_above(problem: TieredProblem, stream: Stream, k: int, t: int, total: float) -> float:
    """Weighted least cost of opening what is above: quotas, what stands, and room for all."""
    fixed, through = 0.0, total * float(np.prod([one.output_share for one in stream.tiers[:k]]))
    levels = stream.levels
    for above in range(k + 1, len(stream.tiers)):
        through *= min(1.0, stream.tiers[above - 1].output_share)
        level = above + 1
        passed = any(
            levels.index(leg.origin) < level < levels.index(leg.destination) for leg in stream.legs
        )
        choice = choice_of(problem, above, t, through, past=False, counted=not passed)
        fixed += choice.least_fixed()
    return fixed

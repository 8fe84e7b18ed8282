"""What may be open in a tier in one phase, and the exact choice of it under prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.models.tiered_opening import possible_sizes
from planner.problem import BoolArray, FloatArray, IntArray, Strength
from planner.solution import FEASIBILITY_TOLERANCE
from planner.solving.tiered.main_kernels import choose
from planner.solving.tiered.ways import may_be_open
from planner.tiered.problem import TieredProblem

MOST_UNITS = 1_500
"""Units of room of which the exact choice counts; its work grows with them."""
ANY_UNITS = 600
"""Units where sizes have no common one."""
NO_LIMIT = 1_000_000
"""A count that no quota reaches."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What may be open in a tier, in the order that :func:`main_kernels.choose` wants.

    Parameters
    ----------
    facility : (f,) positions in the tier, by group
    size_start : (f + 1,) size options; ``size`` (o,) their positions in the tier
    room : (o,) tonnes, never more than all; ``fixed`` (o,) weighted, ``inf`` where impossible
    group, least, most : counts by group of quotas that do not overlap
    units, need : room in units, and how many are needed
    """

    facility: IntArray
    size_start: IntArray
    size: IntArray
    room: FloatArray
    fixed: FloatArray
    must: BoolArray
    group: IntArray
    least: IntArray
    most: IntArray
    units: IntArray
    need: int
    unit_t: float

    @property
    def owner(self) -> IntArray:
        """(o,) the facility (in this order) of each option."""
        return np.repeat(np.arange(len(self.facility)), np.diff(self.size_start))

    @property
    def whole_units(self) -> IntArray:
        """(o,) room in units rounded down: what surely fits."""
        limit = np.minimum(self.room, 2 * max(self.need, 1) * self.unit_t)
        return np.floor(limit / self.unit_t + 1e-9).astype(np.int64)

    def least_fixed(self) -> float:
        """The least fixed cost of any choice that quotas and room allow."""
        size = np.empty(len(self.facility), np.int64)
        return float(self.chosen(self.fixed, np.inf, size))

    def chosen(self, value: FloatArray, relief: float, size: IntArray) -> float:
        """:func:`choose` with these rules."""
        total: float = choose(
            self.size_start,
            self.group,
            self.least,
            self.most,
            self.must,
            self.units,
            self.need,
            relief,
            value,
            size,
        )
        return total


def choice_of(
    problem: TieredProblem, k: int, t: int, total: float, *, past: bool, counted: bool
) -> Choice:
    """What may be open in a tier in a phase.

    Parameters
    ----------
    total : tonnes that the tier takes in at least, where ``counted``
    past : add a facility of no cost and endless room
    """
    stream = problem.streams[0]
    tier = stream.tiers[k]
    part, weight = tier.facilities, float(problem.phases.weight[t])
    alive = problem.alive(tier)[t]
    possible = (
        possible_sizes(problem, 0, k)[t] & may_be_open(problem, tier, t)[part.facility_of_size]
    )
    possible &= part.least_throughput_t_per_yr <= tier.usable_capacity_t_per_yr * (1 + 1e-9)
    group, least, most = _groups(problem, k, t)
    order = np.argsort(group, kind="stable")
    size = np.concatenate(
        [np.arange(part.size_start[j], part.size_start[j + 1]) for j in order.tolist()]
    ).astype(np.int64)
    limit = max(float(stream.demand.tonnes[t].sum()), 1e-9)
    room = np.minimum(tier.usable_capacity_t_per_yr, limit)[size]
    fixed = np.where(possible, weight * part.fixed_cost_cny_per_yr, np.inf)[size]
    must = (part.required | (part.existing & ~part.closable)) & alive
    start = np.concatenate([[0], np.cumsum(np.diff(part.size_start)[order])]).astype(np.int64)
    group, must = group[order], must[order]
    if past:
        order = np.concatenate([order, [-1]])
        start = np.concatenate([start, [start[-1] + 1]])
        size, room, fixed = np.append(size, -1), np.append(room, np.inf), np.append(fixed, 0.0)
        must = np.append(must, [True])
        group = np.append(group, len(least) - 1)
    need_t = total * (1 - 4 * FEASIBILITY_TOLERANCE) if counted else 0.0
    unit_t = _unit(room, need_t)
    need = int(np.ceil(need_t / unit_t - 1e-9)) if need_t > 0 else 0
    units = np.minimum(np.ceil(np.minimum(room, limit) / unit_t - 1e-9), max(need, 1))
    return Choice(
        order,
        start,
        size,
        room,
        fixed,
        must,
        group,
        least,
        most,
        units.astype(np.int64),
        need,
        unit_t,
    )


def _unit(room: FloatArray, need_t: float) -> float:
    """A unit that all sizes are whole multiples of, not too small; else a small part of the need.

    Any unit gives a true rule; with a common one nothing is lost by rounding.
    """
    if need_t <= 0:
        return 1.0
    sizes = np.unique(room[(room > 0) & (room < need_t)])
    for parts in range(1, 200) if len(sizes) else ():
        unit = float(sizes[0]) / parts
        if need_t / unit > MOST_UNITS:
            break
        off = np.abs(sizes / unit - np.round(sizes / unit))
        if off.max() < 1e-6:
            return unit
    return need_t / ANY_UNITS


def _groups(problem: TieredProblem, k: int, t: int) -> tuple[IntArray, IntArray, IntArray]:
    """Quotas of a tier that do not overlap, as groups; the last group has the rest, without rule.

    Which quotas are left out only weakens the bound. Larger quotas are taken first where they say
    more than the number of facilities does.
    """
    tier_id = problem.streams[0].tiers[k].id
    count = len(problem.streams[0].tiers[k].facilities)
    group = np.full(count, -1)
    least: list[int] = []
    most: list[int] = []
    asked = [
        quota
        for quota in problem.quotas
        if quota.tier == tier_id
        and quota.strength is not Strength.ENCOURAGED
        and t in problem.quota_phases(quota)
        and len(quota.facilities)
        and (quota.minimum > 0 or _limits(quota.maximum, len(quota.facilities)))
    ]
    # One that covers the tier and asks for no more than its parts do would hide them.
    asked.sort(key=lambda quota: _limits(quota.maximum, len(quota.facilities)), reverse=True)
    parts = sum(quota.minimum for quota in asked if len(quota.facilities) < count)
    for quota in asked:
        whole = len(quota.facilities) == count
        if whole and quota.maximum is None and parts >= quota.minimum:
            continue
        if (group[quota.facilities] >= 0).any():
            continue
        group[quota.facilities] = len(least)
        least.append(quota.minimum)
        most.append(NO_LIMIT if quota.maximum is None else quota.maximum)
    group[group < 0] = len(least)
    return (
        group.astype(np.int64),
        np.array([*least, 0], np.int64),
        np.array([*most, NO_LIMIT], np.int64),
    )


def _limits(maximum: int | None, members: int) -> bool:
    return maximum is not None and maximum < members

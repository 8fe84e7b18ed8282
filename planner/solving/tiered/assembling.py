"""A plan of the whole stream from plans of its main tier, phase by phase.

What the open facilities of the main tier hand on, and points whose haul goes past it, are the
demand of a smaller problem: the tiers above, all phases at once, with their own rules of growth and
quotas. It is solved by whatever method suits it. Below, a point that has no straight haul gets the
cheapest facility, one that is open already before a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.models.tiered_opening import possible_sizes
from planner.problem import BoolArray, FloatArray, IntArray, Strength
from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier
from planner.solving.tiered.plain import GroupAnswer
from planner.tiered.network import DEMAND, TERMINALS, Leg, TieredDemand
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import FacilityQuota
from planner.tiered.solution import Flow, StreamPlan

NOBODY: IntArray = np.zeros(0, np.int64)
SolveOne = Callable[[TieredProblem, SolverSettings, Watch, GroupAnswer], None]


@dataclass(frozen=True, eq=False)
class Above:
    """The problem above the main tier.

    Parameters
    ----------
    facility, point : rows of its demand: facilities of the main tier, then points
    leg, arc : for each of its legs from demand, the leg and arc of the stream behind each arc
    """

    problem: TieredProblem
    facility: IntArray
    point: IntArray
    leg: tuple[IntArray, ...]
    arc: tuple[IntArray, ...]


def assembled(
    problem: TieredProblem,
    mains: list[MainTier],
    plans: list[MainPlan],
    solve_above: Callable[[TieredProblem], StreamPlan | None],
) -> StreamPlan | None:
    """The stream's plan; None where what is above cannot take it."""
    stream, k = problem.streams[0], mains[0].tier
    phases = len(plans)
    flows: list[list[tuple[int, int, float, float]]] = [[] for _ in stream.legs]
    sizes = [np.full((phases, len(tier.facilities)), -1) for tier in stream.tiers]
    load = np.zeros((phases, len(stream.tiers[k].facilities)))
    past: BoolArray = np.zeros(stream.demand.tonnes.shape, np.bool_)
    lower = _Lower(problem) if k == 1 else None
    for t, (main, plan) in enumerate(zip(mains, plans, strict=True)):
        sizes[k][t] = plan.size
        facility = main.facility
        for i in np.flatnonzero(plan.item >= 0).tolist():
            item, tonnes = int(plan.item[i]), float(stream.demand.tonnes[t, i])
            n, j = int(main.leg[item]), int(main.choice.facility[facility[item]])
            if j < 0:
                past[t, i] = True
            elif n >= 0:
                flows[n].append((t, int(main.arc[item]), tonnes, 1.0))
                load[t, j] += tonnes
            elif lower is None or not lower.give(t, i, j, tonnes):
                return None
            else:
                load[t, j] += tonnes * stream.tiers[0].output_share
    if lower is not None:
        lower.write(sizes[0], flows)
    if stream.legs_from(stream.tiers[k].id) or past.any():
        above = above_of(problem, k, load, past)
        found = solve_above(above.problem)
        if found is None:
            return None
        _take_above(stream, k, above, found, load, past, sizes, flows)
    return StreamPlan(tuple(sizes), tuple(_flow(one) for one in flows))


def _flow(entries: list[tuple[int, int, float, float]]) -> Flow:
    if not entries:
        return Flow.none()
    phase, arc, tonnes, share = (np.array(one) for one in zip(*entries, strict=True))
    return Flow(phase.astype(np.int64), arc.astype(np.int64), tonnes, share)


class _Lower:
    """The tier below the main one, for points that have no other way."""

    def __init__(self, problem: TieredProblem) -> None:
        stream = problem.streams[0]
        lower, main = stream.tiers[0], stream.tiers[1]
        self._into = next(
            n for n in stream.legs_from(DEMAND) if stream.legs[n].destination == lower.id
        )
        self._out = next(
            n for n in stream.legs_from(lower.id) if stream.legs[n].destination == main.id
        )
        self._stream = stream
        out = stream.legs[self._out]
        row = out.row.tolist()
        self._arc = {(p, j): a for a, (p, j) in enumerate(zip(row, out.to.tolist(), strict=True))}
        self._possible = (
            possible_sizes(problem, 0, 0)
            & ~lower.facilities.forbidden[lower.facilities.facility_of_size]
        )
        self._since: dict[int, tuple[int, int]] = {}
        self._given: list[tuple[int, int, float]] = []
        self._handed: dict[tuple[int, int], float] = {}

    def give(self, t: int, i: int, j: int, tonnes: float) -> bool:
        """Have a point go to main facility ``j`` over the cheapest facility below."""
        into, out = self._stream.legs[self._into], self._stream.legs[self._out]
        part, share = self._stream.tiers[0].facilities, self._stream.tiers[0].output_share
        best, least = None, np.inf
        for a in range(into.start[i], into.start[i + 1]):
            p = int(into.to[a])
            onward, option = self._arc.get((p, j)), self._option(t, p)
            if onward is None or option is None:
                continue
            haul = into.cost_cny_per_t[a] + part.handling_cny_per_t[p]
            cost = tonnes * (haul + share * out.cost_cny_per_t[onward])
            if p not in self._since:
                cost += part.fixed_cost_cny_per_yr[option]
            if cost < least:
                best, least = (a, p, option, onward), cost
        if best is None:
            return False
        a, p, option, onward = best
        self._since.setdefault(p, (t, option))
        self._given.append((t, a, tonnes))
        self._handed[t, onward] = self._handed.get((t, onward), 0.0) + share * tonnes
        return True

    def _option(self, t: int, p: int) -> int | None:
        """The size that a facility has, or the cheapest that it may have from now on."""
        if p in self._since:
            return self._since[p][1]
        part = self._stream.tiers[0].facilities
        span = np.arange(part.size_start[p], part.size_start[p + 1])
        lasting = span[self._possible[t:, span].all(axis=0)]
        lasting = lasting[np.isinf(part.capacity_t_per_yr[lasting])]
        if not len(lasting):
            return None
        return int(lasting[np.argmin(part.fixed_cost_cny_per_yr[lasting])])

    def write(self, size: IntArray, flows: list[list[tuple[int, int, float, float]]]) -> None:
        """Openings and flows of what was given."""
        for p, (t, option) in self._since.items():
            size[t:, p] = option
        for t, a, tonnes in self._given:
            flows[self._into].append((t, a, tonnes, 1.0))
        row = self._stream.legs[self._out].row
        leaving: dict[tuple[int, int], float] = {}
        for (t, onward), tonnes in self._handed.items():
            key = (t, int(row[onward]))
            leaving[key] = leaving.get(key, 0.0) + tonnes
        for (t, onward), tonnes in self._handed.items():
            total = leaving[t, int(row[onward])]
            flows[self._out].append((t, onward, tonnes, tonnes / total if total > 0 else 1.0))


def above_of(problem: TieredProblem, k: int, load: FloatArray, past: BoolArray) -> Above:
    """The tiers above, with what comes from the main tier and past it as demand.

    Parameters
    ----------
    load : (t, f) tonnes that each facility takes in
    past : (t, n) whether a point's haul goes past the main tier
    """
    stream = problem.streams[0]
    tier, kept = stream.tiers[k], stream.tiers[k + 1 :]
    facility, point = np.flatnonzero(load.any(axis=0)), np.flatnonzero(past.any(axis=0))
    tonnes = np.hstack(
        [load[:, facility] * tier.output_share, (stream.demand.tonnes * past)[:, point]]
    )
    ids = [f"{tier.id}:{tier.facilities.ids[j]}" for j in facility]
    ids += [f"{DEMAND}:{stream.demand.ids[i]}" for i in point]
    levels = [one.id for one in kept] + ([TERMINALS] if stream.terminals is not None else [])
    legs, leg_of, arc_of = [], [], []
    for level in levels:
        made = _leg_to(stream, k, level, facility, point)
        if made is not None:
            legs.append(made[0])
            leg_of.append(made[1])
            arc_of.append(made[2])
    inner = [leg for leg in stream.legs if leg.origin in {one.id for one in kept}]
    small = Stream(
        stream.id,
        TieredDemand(tuple(ids), tonnes),
        kept,
        (*legs, *inner),
        terminals=stream.terminals,
        single_source=tier.single_destination or (stream.single_source and len(point) > 0),
    )
    quotas = tuple(
        one
        for quota in problem.quotas
        if quota.tier in small.tier_ids
        for one in _as_rule(problem, quota)
    )
    return Above(
        replace(problem, streams=(small,), quotas=quotas),
        facility,
        point,
        tuple(leg_of),
        tuple(arc_of),
    )


def _as_rule(problem: TieredProblem, quota: FacilityQuota) -> tuple[FacilityQuota, ...]:
    """A quota that holds in the phases in which it speaks; its demand is not in the problem."""
    phases = tuple(problem.quota_phases(quota).tolist())
    if quota.strength is Strength.ENCOURAGED:
        return (replace(quota, demand=NOBODY),)
    return (replace(quota, strength=Strength.MUST, phases=phases, demand=NOBODY),) if phases else ()


def _leg_to(
    stream: Stream, k: int, level: str, facility: IntArray, point: IntArray
) -> tuple[Leg, IntArray, IntArray] | None:
    """The hauls from the new rows to a level, and the stream's legs and arcs behind them."""
    rows, legs, arcs = [], [], []
    for n, leg in enumerate(stream.legs):
        if leg.destination != level or leg.origin not in (stream.tiers[k].id, DEMAND):
            continue
        of_main = leg.origin != DEMAND
        chosen, offset = (facility, 0) if of_main else (point, len(facility))
        at = np.full(len(leg.start) - 1, -1)
        at[chosen] = offset + np.arange(len(chosen))
        arc = np.flatnonzero(at[leg.row] >= 0)
        rows.append(at[leg.row[arc]])
        legs.append(np.full(len(arc), n))
        arcs.append(arc)
    if not rows or not sum(map(len, rows)):
        return None
    row, leg_of, arc_of = (np.concatenate(one) for one in (rows, legs, arcs))
    order = np.argsort(row, kind="stable")
    row, leg_of, arc_of = row[order], leg_of[order], arc_of[order]
    pick = [(stream.legs[n], a) for n, a in zip(leg_of.tolist(), arc_of.tolist(), strict=True)]
    start = np.searchsorted(row, np.arange(len(facility) + len(point) + 1))
    made = Leg(
        DEMAND,
        level,
        start,
        np.array([leg.to[a] for leg, a in pick], np.int64),
        np.array([leg.impedance[a] for leg, a in pick]),
        np.array([leg.cost_cny_per_t[a] for leg, a in pick]),
    )
    return made, leg_of, arc_of


def _take_above(
    stream: Stream,
    k: int,
    above: Above,
    found: StreamPlan,
    load: FloatArray,
    past: BoolArray,
    sizes: list[IntArray],
    flows: list[list[tuple[int, int, float, float]]],
) -> None:
    """Write the plan of what is above in the stream's positions."""
    small = above.problem.streams[0]
    for number, size in enumerate(found.size):
        sizes[k + 1 + number] = size
    inner = [n for n, leg in enumerate(stream.legs) if leg.origin in small.tier_ids]
    first = len(above.leg)
    facilities = len(above.facility)
    for number, flow in enumerate(found.flows):
        row = small.legs[number].row
        for t, arc, tonnes, share in zip(
            flow.phase.tolist(),
            flow.arc.tolist(),
            flow.tonnes.tolist(),
            flow.share.tolist(),
            strict=True,
        ):
            if number >= first:
                flows[inner[number - first]].append((t, arc, tonnes, share))
                continue
            at = int(row[arc])
            used = (
                load[t, above.facility[at]] > 0
                if at < facilities
                else past[t, above.point[at - facilities]]
            )
            if used:
                n, a = int(above.leg[number][arc]), int(above.arc[number][arc])
                flows[n].append((t, a, tonnes, share))

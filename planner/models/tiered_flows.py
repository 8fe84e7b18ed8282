"""Who sends how much where, and what facilities and terminals can take.

``serve_s_i_t``         sum of shares over all legs that leave point i, plus unserved_it, = 1
``link_s_l_a_t``        share_at <= sum_o open_ot of the destination
``coverage_s_t``        tonnes left out <= (1 - target_t) x reachable tonnes
``balance_s_k_j_t``     output_share x taken in = sent
``capacity_s_k_j_t``    taken in <= sum_o capacity_o open_ot (seasons considered)
``throughput_s_k_j_t``  taken in >= sum_o least_o open_ot
``enough_s_k_t``        sum of capacity open in a tier that nothing skips >= all that comes
``units_s_k_t_n``       the same in whole sizes
``one_way_s_k_j_t``     at most one arc in use (``single_destination``), ``way_a`` in {0, 1}
``terminal_s_z_t``      taken in <= agreed quota

Shares are in {0, 1} with single source. Flows behind the first leg are in units of the stream's
tonnes, so that every row is of the order of 1.
"""

from __future__ import annotations

import numpy as np

from planner.models.tiered_draft import FAR, Draft, Rule, Weighted, ones
from planner.problem import BoolArray, FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE
from planner.tiered.network import DEMAND, TERMINALS, Leg
from planner.tiered.problem import Stream

WHOLE_TARGET = 1 - 1e-9
"""Targets from here up mean that every reachable point is served wholly."""

MOST_UNITS = 3
"""Sizes in which a tier's capacity is counted."""


def add_flows(draft: Draft) -> None:
    """Columns and rows of flows for every stream and phase."""
    for s, stream in enumerate(draft.problem.streams):
        for n, leg in enumerate(stream.legs):
            draft.carried[s, n] = _columns(draft, s, n, leg)
        draft.unserved[s] = np.full(stream.demand.tonnes.shape, -1, np.int64)
        for t in range(len(draft.problem.phases)):
            _serve(draft, s, t)
            _links(draft, s, t)
            for k, tier in enumerate(stream.tiers):
                _balance(draft, s, k, t)
                _loads(draft, s, k, t)
                if tier.single_destination:
                    _one_way(draft, s, k, t)
            _terminals(draft, s, t)


def _columns(draft: Draft, s: int, n: int, leg: Leg) -> IntArray:
    """A column for every arc that some plan can use."""
    stream, phases = draft.problem.streams[s], draft.problem.phases
    from_demand = leg.origin == DEMAND
    limit = draft.inflow_limit[s][leg.destination] / draft.scale[s]
    columns = np.full((len(phases), len(leg)), -1, np.int64)
    for t in range(len(phases)):
        usable = _usable(draft, s, leg, t)
        price = _price_cny_per_t(stream, leg) * phases.weight[t]
        tonnes = (
            stream.demand.tonnes[t][leg.row] if from_demand else np.full(len(leg), draft.scale[s])
        )
        for a in np.flatnonzero(usable).tolist():
            name = f"{'share' if from_demand else 'flow'}_{s}_{n}_{a}_{t}"
            upper = 1.0 if from_demand else _flow_limit(draft, limit[t, leg.to[a]])
            whole = from_demand and stream.single_source
            column = draft.add(name, upper=upper, integer=whole)
            columns[t, a] = column
            draft.cost[column] += float(price[a] * tonnes[a])
    return columns


def _flow_limit(draft: Draft, limit: float) -> float:
    relaxed = {Rule.CAPACITY, Rule.TERMINALS} & draft.relaxed
    return FAR if relaxed else min(float(limit), FAR)


def _price_cny_per_t(stream: Stream, leg: Leg) -> FloatArray:
    """(a,) haul, and what the destination asks for a tonne."""
    if leg.destination == TERMINALS:
        assert stream.terminals is not None  # noqa: S101 - a level only where there are terminals
        return leg.cost_cny_per_t + stream.terminals.gate_fee_cny_per_t[leg.to]
    handling: FloatArray = stream.tier(leg.destination).facilities.handling_cny_per_t[leg.to]
    return leg.cost_cny_per_t + handling


def _usable(draft: Draft, s: int, leg: Leg, t: int) -> BoolArray:
    """(a,) arcs whose destination can be open and large enough in this phase."""
    stream = draft.problem.streams[s]
    if leg.destination == TERMINALS:
        assert stream.terminals is not None  # noqa: S101 - as above
        room = stream.terminals.capacity_t_per_yr[t]
        open_to = np.ones(len(leg), np.bool_)
    else:
        tier = stream.tier(leg.destination)
        start = tier.facilities.size_start
        open_to = draft.problem.alive(tier)[t, leg.to]
        room = np.maximum.reduceat(tier.usable_capacity_t_per_yr, start[:-1])
    if leg.origin == DEMAND and stream.single_source and Rule.CAPACITY not in draft.relaxed:
        slack = FEASIBILITY_TOLERANCE * np.maximum(1.0, room)
        open_to = open_to & (stream.demand.tonnes[t][leg.row] <= (room + slack)[leg.to])
    return open_to


def _serve(draft: Draft, s: int, t: int) -> None:
    stream = draft.problem.streams[s]
    tonnes, reachable = stream.demand.tonnes[t], stream.reachable
    wholly = stream.coverage_target[t] >= WHOLE_TARGET
    sent = draft.departures(s, DEMAND, t)
    left_out: Weighted = {}
    for i in np.flatnonzero(reachable).tolist():
        subject = stream.demand.ids[i]
        terms = sent[i]
        if not wholly:
            share = draft.add(f"unserved_{s}_{i}_{t}", integer=stream.single_source)
            draft.unserved[s][t, i] = share
            weight = draft.problem.phases.weight[t] * stream.unserved_cost_cny_per_t
            draft.cost[share] += float(weight * tonnes[i])
            terms = terms | {share: 1.0}
            left_out[share] = float(tonnes[i]) / draft.scale[s]
        else:
            for more in draft.stretch(
                Rule.COVERAGE,
                f"unserved_{s}_{i}_{t}",
                f"{stream.id}:{subject}",
                t,
                upper=1.0,
                unit=max(float(tonnes[i]), 1e-9),
            ):
                draft.unserved[s][t, i] = more
                terms = terms | {more: 1.0}
        draft.equal(f"serve_{s}_{i}_{t}", terms, 1.0)
    if left_out:
        allowed = (1 - stream.coverage_target[t]) * tonnes[reachable].sum() / draft.scale[s]
        for more in draft.stretch(
            Rule.COVERAGE,
            f"short_of_target_{s}_{t}",
            stream.id,
            t,
            upper=FAR,
            unit=float(draft.scale[s]),
        ):
            left_out[more] = -1.0
        draft.at_most(f"coverage_{s}_{t}", left_out, float(allowed))


def _links(draft: Draft, s: int, t: int) -> None:
    stream = draft.problem.streams[s]
    for n in stream.legs_from(DEMAND):
        leg = stream.legs[n]
        if leg.destination == TERMINALS:
            continue
        k, columns = stream.tier_ids.index(leg.destination), draft.carried[s, n][t]
        for a in np.flatnonzero(columns >= 0).tolist():
            options = ones(draft.sizes(s, k, int(leg.to[a]), t), -1.0)
            draft.at_most(f"link_{s}_{n}_{a}_{t}", {int(columns[a]): 1.0} | options, 0.0)


def _balance(draft: Draft, s: int, k: int, t: int) -> None:
    stream = draft.problem.streams[s]
    tier = stream.tiers[k]
    if not stream.legs_from(tier.id):
        return
    taken, sent = draft.arrivals(s, tier.id, t), draft.departures(s, tier.id, t)
    for j, (came, left) in enumerate(zip(taken, sent, strict=True)):
        terms = {column: weight * tier.output_share for column, weight in came.items()}
        terms |= dict.fromkeys(left, -1.0)
        if terms:
            draft.equal(f"balance_{s}_{k}_{j}_{t}", terms, 0.0)


def _loads(draft: Draft, s: int, k: int, t: int) -> None:
    tier = draft.problem.streams[s].tiers[k]
    part, scale = tier.facilities, float(draft.scale[s])
    reach = draft.inflow_limit[s][tier.id][t]
    stretched = Rule.CAPACITY in draft.relaxed
    capacity = tier.usable_capacity_t_per_yr
    if not stretched:
        capacity = np.minimum(capacity, reach[part.facility_of_size])
    for j, came in enumerate(draft.arrivals(s, tier.id, t)):
        sizes = draft.sizes(s, k, j, t)
        span = slice(part.size_start[j], part.size_start[j + 1])
        if came:
            room = np.where(np.isfinite(capacity[span]), capacity[span], 1e3 * scale) / scale
            limit = came | dict(zip(sizes, (-room).tolist(), strict=True))
            for more in draft.stretch(
                Rule.CAPACITY,
                f"extra_{s}_{k}_{j}_{t}",
                part.ids[j],
                t,
                upper=FAR,
                unit=scale,
            ):
                limit[more] = -1.0
            draft.at_most(f"capacity_{s}_{k}_{j}_{t}", _scaled(limit), 0.0)
        least = part.least_throughput_t_per_yr[span] / scale
        if least.any():
            wanted = came | dict(zip(sizes, (-least).tolist(), strict=True))
            for more in draft.stretch(
                Rule.LEAST_THROUGHPUT,
                f"lack_{s}_{k}_{j}_{t}",
                part.ids[j],
                t,
                upper=float(least.max()),
                unit=scale,
            ):
                wanted[more] = 1.0
            draft.at_least(f"throughput_{s}_{k}_{j}_{t}", _scaled(wanted), 0.0)
    _enough(draft, s, k, t, capacity)


def _scaled(terms: Weighted) -> Weighted:
    """A row with right-hand side 0, divided by its largest coefficient."""
    scale = max(map(abs, terms.values()), default=1.0) or 1.0
    return {column: weight / scale for column, weight in terms.items()}


def _enough(draft: Draft, s: int, k: int, t: int, capacity: FloatArray) -> None:
    """Implied by the other rows, but as one row a knapsack that a solver can cut with."""
    stream = draft.problem.streams[s]
    levels = stream.levels
    skips = any(levels.index(leg.destination) - levels.index(leg.origin) > 1 for leg in stream.legs)
    if skips or draft.relaxed or stream.coverage_target[t] < WHOLE_TARGET:
        return
    total = float(stream.demand.tonnes[t][stream.reachable].sum())
    total *= float(np.prod([tier.output_share for tier in stream.tiers[:k]]))
    if total > 0:
        room = np.minimum(capacity / total, 1.0)
        terms = dict(zip(draft.open[s, k][t].tolist(), room.tolist(), strict=True))
        draft.at_least(f"enough_{s}_{k}_{t}", terms, 1.0)
        _enough_units(draft, s, k, t, total)


def _enough_units(draft: Draft, s: int, k: int, t: int, total: float) -> None:
    """``units_s_k_t_n``: the same row counted in sizes of one kind, rounded up on both sides.

    sum_o ceil(capacity_o / d) open_o >= ceil(total / d) for a size d (Chvatal and Gomory). Two
    medium centres that a relaxation takes for one and a half are two.
    """
    capacity = draft.problem.streams[s].tiers[k].usable_capacity_t_per_yr
    if not np.isfinite(capacity).all():
        return
    for n, unit in enumerate(np.unique(capacity[capacity > 0]).tolist()[:MOST_UNITS]):
        needed = np.ceil(total / unit * (1 - 2 * FEASIBILITY_TOLERANCE))
        if needed <= 1:
            continue
        units = np.minimum(np.ceil(capacity / unit - 1e-9), needed)
        terms = dict(zip(draft.open[s, k][t].tolist(), units.tolist(), strict=True))
        draft.at_least(f"units_{s}_{k}_{t}_{n}", terms, float(needed))


def _one_way(draft: Draft, s: int, k: int, t: int) -> None:
    stream = draft.problem.streams[s]
    tier = stream.tiers[k]
    limit = draft.inflow_limit[s][tier.id][t] * tier.output_share / draft.scale[s]
    if Rule.CAPACITY in draft.relaxed:
        limit = np.full(
            len(limit), float(np.prod([max(1.0, x.output_share) for x in stream.tiers]))
        )
    for j, sent in enumerate(draft.departures(s, tier.id, t)):
        if len(sent) < 2:
            continue
        ways = {column: draft.add(f"way_{s}_{k}_{column}", integer=True) for column in sent}
        for column, way in ways.items():
            draft.at_most(f"way_{s}_{k}_{column}", {column: 1.0, way: -float(limit[j])}, 0.0)
        draft.at_most(f"one_way_{s}_{k}_{j}_{t}", ones(ways.values()), 1.0)


def _terminals(draft: Draft, s: int, t: int) -> None:
    stream = draft.problem.streams[s]
    if stream.terminals is None:
        return
    for z, came in enumerate(draft.arrivals(s, TERMINALS, t)):
        limit = float(stream.terminals.capacity_t_per_yr[t, z])
        if came and np.isfinite(limit):
            for more in draft.stretch(
                Rule.TERMINALS,
                f"over_quota_{s}_{z}_{t}",
                stream.terminals.ids[z],
                t,
                upper=FAR,
                unit=float(draft.scale[s]),
            ):
                came[more] = -1.0
            draft.at_most(f"terminal_{s}_{z}_{t}", came, limit / draft.scale[s])

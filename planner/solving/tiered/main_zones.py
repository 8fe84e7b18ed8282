"""A main tier whose facilities serve whole zones of units in one piece: every zone is a column.

Where zones are of few units (townships of a county), all connected sets of units that fit a
facility are listed, each with its cheapest facility and size, and a set partitioning model picks
those that take every unit once: plan and bound in one, with contiguity kept by construction. The
sets are enumerated each once, from their first unit on (Wernicke 2006, "Efficient detection of
network motifs": the exclusive neighbourhood).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE, SolverSettings
from planner.solving import highs
from planner.solving.highs import Ending, HighsOptions, LinearProgram
from planner.solving.method import Watch
from planner.solving.tiered.main_choice import NO_LIMIT
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier
from planner.tiered.network import DEMAND
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import Contiguity

MOST_UNITS, MOST_ZONES = 62, 40_000
"""Of units of a problem that is solved so, and of zones that are listed."""
GAP = 1e-4


@dataclass(frozen=True, eq=False)
class Columns:
    """Zones with the facility and size that serve them.

    Parameters
    ----------
    zone : (c,) position in the list of zones
    facility, option : (c,) in the order of the main tier's choice; option -1 for what stays empty
    cost : (c,) weighted, fixed cost included
    """

    zone: IntArray
    facility: IntArray
    option: IntArray
    cost: FloatArray


def suits(problem: TieredProblem) -> bool:
    """Whether the first tier of the only stream, which takes all, serves zones of few units."""
    stream = problem.streams[0]
    rule = stream.contiguity
    return (
        rule is not None
        and not rule.merges
        and len(stream.demand) <= MOST_UNITS
        and rule.tier == stream.tiers[0].id
        and [stream.legs[n].destination for n in stream.legs_from(DEMAND)] == [rule.tier]
    )


def solved(
    main: MainTier,
    facilities: int,
    allowed: BoolArray,
    settings: SolverSettings,
    watch: Watch,
    seconds: float,
    *,
    rule: Contiguity,
) -> tuple[float, MainPlan | None]:
    """A bound of the relaxation, without :attr:`MainTier.constant`, and its plan.

    ``-inf`` and None where there are too many zones to list.

    Parameters
    ----------
    allowed : (o,) options that may be open; a bound holds for these alone
    """
    zones = zones_of(main, rule)
    if zones is None:
        return -np.inf, None
    watch.report("zones")
    columns = _columns(main, rule, zones, allowed)
    program = _program(main, rule, zones, columns)
    found = highs.run(program, HighsOptions(seconds, min(GAP, settings.gap / 10)))
    if found.ending is Ending.INFEASIBLE:
        return np.inf, None
    bound = found.bound - 1e-7 * abs(found.bound)
    if not found.has_values:
        return bound, None
    picked = np.flatnonzero(found.values > 0.5)
    return bound, _plan(main, zones, columns, picked, facilities)


def zones_of(main: MainTier, rule: Contiguity) -> BoolArray | None:
    """(z, n) every connected set of units that some facility can take; None if there are too many.

    Units without tonnes in reach belong to no zone.
    """
    n = len(main.tonnes)
    there = np.zeros(n, np.bool_)
    there[main.point] = True
    room = float(np.where(np.isfinite(main.choice.fixed), main.choice.room, 0.0).max(initial=0.0))
    largest = n if rule.most_units is None else rule.most_units
    found: list[int] = []
    for zone in _connected(rule, main.tonnes, there, room, largest):
        found.append(zone)
        if len(found) > MOST_ZONES:
            return None
    masks = np.array(found, np.uint64)[:, None]
    return np.asarray((masks >> np.arange(n, dtype=np.uint64)) & np.uint64(1), np.bool_)


def _connected(
    rule: Contiguity, tonnes: FloatArray, there: BoolArray, room: float, largest: int
) -> Iterator[int]:
    """Connected sets as bits, each once, no heavier than ``room`` and of at most so many units."""
    borders = [
        sum(1 << int(v) for v in rule.neighbour[rule.start[u] : rule.start[u + 1]] if there[v])
        for u in range(len(tonnes))
    ]
    weight, most = tonnes.tolist(), room * (1 + 2 * FEASIBILITY_TOLERANCE)
    for root in np.flatnonzero(there).tolist():
        later = -1 << (root + 1)
        # A set, what may still join it, what is settled for it, its tonnes and its units.
        stack = [(1 << root, borders[root] & later, 1 << root, weight[root], 1)]
        while stack:
            zone, ahead, settled, load, count = stack.pop()
            if load > most:
                continue
            yield zone
            while ahead and count < largest:
                bit = ahead & -ahead
                ahead ^= bit
                settled |= bit
                unit = bit.bit_length() - 1
                joined = (ahead | (borders[unit] & later)) & ~settled
                stack.append((zone | bit, joined, settled, load + weight[unit], count + 1))


def _columns(main: MainTier, rule: Contiguity, zones: BoolArray, allowed: BoolArray) -> Columns:
    """The cheapest facility of each zone and of each group that a quota limits; single ones beside.

    What needs no zone may stand open with nobody to serve, where that is asked for.
    """
    choice, count = main.choice, zones.sum(axis=1)
    within = zones.astype(np.float64)
    load = within @ main.tonnes
    best: dict[tuple[int, int], tuple[FloatArray, IntArray, IntArray]] = {}
    limited, single = _limited(main, rule), _single(main, rule)
    for f in range(len(choice.facility)):
        cost, option = _served(main, rule, f, (zones, within, load, count), allowed)
        group = int(choice.group[f]) if limited[choice.group[f]] else -1
        key = (group, f if single[f] else -1)
        known = best.get(key)
        if known is None:
            best[key] = (cost, option, np.full(len(cost), f))
            continue
        better = cost < known[0]
        for old, new in zip(known, (cost, option, np.full(len(cost), f)), strict=True):
            old[better] = new[better]
    parts = [
        (there, facility[there], option[there], cost[there])
        for cost, option, facility in best.values()
        for there in (np.flatnonzero(np.isfinite(cost)),)
    ]
    asked = np.flatnonzero(choice.must | limited[choice.group])
    parts += [_idle(main, rule, f, allowed, len(zones)) for f in asked.tolist()]
    zone, facility, option, cost = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Columns(zone.astype(np.int64), facility.astype(np.int64), option, cost)


def _single(main: MainTier, rule: Contiguity) -> BoolArray:
    """(f,) what must be open, and what no unit of its zone keeps from being taken twice."""
    return np.asarray(main.choice.must | (rule.home[main.choice.facility] < 0))


def _limited(main: MainTier, rule: Contiguity) -> BoolArray:
    """(g,) whether a quota says more of a group than that zones have each unit once.

    At most one in a group whose facilities all stand in the same unit, which their zones hold.
    """
    choice = main.choice
    limited = (choice.least > 0) | (choice.most < NO_LIMIT)
    for g in np.flatnonzero(limited & (choice.least == 0) & (choice.most >= 1)).tolist():
        members = np.flatnonzero(choice.group == g)
        home = np.unique(rule.home[choice.facility[members]])
        if len(home) == 1 and home[0] >= 0 and not choice.must[members].any():
            limited[g] = False
    return limited


def _served(
    main: MainTier,
    rule: Contiguity,
    f: int,
    listed: tuple[BoolArray, FloatArray, FloatArray, IntArray],
    allowed: BoolArray,
) -> tuple[FloatArray, IntArray]:
    """(z,) cost of each zone at a facility, ``inf`` where it cannot serve it, and the option."""
    zones, within, load, count = listed
    choice, none = main.choice, np.full(len(zones), -1)
    j = int(choice.facility[f])
    span = np.arange(choice.size_start[f], choice.size_start[f + 1])
    span = span[allowed[span] & np.isfinite(choice.fixed[span])]
    items = slice(main.start[f], main.start[f + 1])
    if not len(span) or items.start == items.stop:
        return np.full(len(zones), np.inf), none
    way = np.full(zones.shape[1], np.nan)
    way[main.point[items]] = main.cost[items]
    out = np.isnan(way)
    fits = ~zones[:, out].any(axis=1) & (count >= rule.least_units[j])
    if rule.most_units is not None:
        fits &= count <= rule.most_units
    if rule.home[j] >= 0:
        fits &= zones[:, rule.home[j]]
    option, fixed = _cheapest(main, span, load)
    cost = np.where(fits & (option >= 0), within @ np.where(out, 0.0, way) + fixed, np.inf)
    return cost, option


def _cheapest(main: MainTier, span: IntArray, load: FloatArray) -> tuple[IntArray, FloatArray]:
    """(z,) the cheapest of the options that hold each load, -1 where none does, and its cost."""
    option, fixed = np.full(len(load), -1), np.full(len(load), np.inf)
    slack = 1 + FEASIBILITY_TOLERANCE / 2
    for o in span.tolist():
        better = (load <= main.choice.room[o] * slack) & (main.choice.fixed[o] < fixed)
        option[better], fixed[better] = o, main.choice.fixed[o]
    return option, fixed


def _idle(
    main: MainTier, rule: Contiguity, f: int, allowed: BoolArray, zone: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """What must be open with nobody to serve, as a column of no zone."""
    choice = main.choice
    j = int(choice.facility[f])
    span = np.arange(choice.size_start[f], choice.size_start[f + 1])
    span = span[allowed[span] & np.isfinite(choice.fixed[span])]
    if rule.least_units[j] > 0 or rule.home[j] >= 0:
        span = span[:0]
    best = span[np.argmin(choice.fixed[span])] if len(span) else -1
    one = np.array([best]) if best >= 0 else np.zeros(0, np.int64)
    return np.full(len(one), zone), np.full(len(one), f), one, choice.fixed[one]


def _program(main: MainTier, rule: Contiguity, zones: BoolArray, columns: Columns) -> LinearProgram:
    """Every unit in one zone; groups within their quotas; single facilities at most once."""
    choice, width = main.choice, len(columns.cost)
    there = np.zeros(zones.shape[1], np.bool_)
    there[main.point] = True
    member = np.vstack([zones, np.zeros((1, zones.shape[1]), np.bool_)])[columns.zone]
    every = np.flatnonzero(there)
    ruled = np.flatnonzero((choice.least > 0) | (choice.most < NO_LIMIT))
    single = np.flatnonzero(_single(main, rule))
    group = choice.group[columns.facility][None, :] == ruled[:, None]
    once = columns.facility[None, :] == single[:, None]
    rows = vstack([csr_matrix(one.astype(np.float64)) for one in (member.T[every], group, once)])
    matrix = rows.tocsr()
    ones = np.ones(len(every))
    most = np.where(choice.most[ruled] < NO_LIMIT, choice.most[ruled], np.inf)
    return LinearProgram(
        cost=columns.cost,
        lower=np.zeros(width),
        upper=np.ones(width),
        integer=np.ones(width, np.bool_),
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate([ones, choice.least[ruled], choice.must[single]]).astype(
            np.float64
        ),
        row_upper=np.concatenate([ones, most, np.ones(len(single))]),
    )


def _plan(
    main: MainTier, zones: BoolArray, columns: Columns, picked: IntArray, facilities: int
) -> MainPlan:
    """Sizes and items of the columns that were picked."""
    at = np.full((len(main.choice.facility), len(main.tonnes)), -1)
    at[main.facility, main.point] = np.arange(len(main.cost))
    size, item = np.full(facilities, -1), np.full(len(main.tonnes), -1)
    for c in picked.tolist():
        f = int(columns.facility[c])
        size[main.choice.facility[f]] = main.choice.size[columns.option[c]]
        if columns.zone[c] < len(zones):
            members = np.flatnonzero(zones[columns.zone[c]])
            item[members] = at[f, members]
    return MainPlan(size, item, float(columns.cost[picked].sum()))

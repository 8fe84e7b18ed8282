"""Every rule of written rounds recomputed from the problem alone: no solver, no scheduling code.

The rounds say when a lorry is where and what it has on board; here each claim is recomputed from
the road matrix and the stops, and everything that does not hold is named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray
from planner.routes.problem import RoundsProblem
from planner.routes.solution import Kind, Round, RoundsSolution, Visit

TIME_TOLERANCE_S = 1e-3
LOAD_TOLERANCE = 1e-6
"""Relative: loads are sums of decimals."""
LENGTH_TOLERANCE_M = 1e-3


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold: its stable word, what it is about, and by how much."""

    rule: str
    subject: str
    amount: float = float("nan")


def check_solution(problem: RoundsProblem, solution: RoundsSolution) -> list[Finding]:
    """Rounds, calendar, fleet and the list of who is not served; nothing found is what is hoped."""
    known = [one for one in solution.rounds if _known(problem, one)]
    found = [
        Finding("unknown_position", f"round {k}")
        for k, one in enumerate(solution.rounds)
        if not _known(problem, one)
    ]
    for k, one in enumerate(known):
        name = f"{problem.vehicles[one.vehicle].id} {one.lorry}, day {one.day}, round {k}"
        found += check_round(problem, one, name)
    found += _fleet_findings(problem, known)
    found += _site_findings(problem, known)
    missing = {one.stop: one.missing for one in solution.unserved}
    found += _service_findings(problem, known, solution.calendar, missing)
    return found


def _known(problem: RoundsProblem, one: Round) -> bool:
    counts = {
        Kind.DEPOT: len(problem.depots),
        Kind.STOP: len(problem.stops),
        Kind.DISPOSAL: len(problem.disposal),
    }
    return (
        0 <= one.day < problem.day_count
        and 0 <= one.vehicle < len(problem.vehicles)
        and 0 <= one.depot < len(problem.depots)
        and len(one.visits) >= 2
        and all(0 <= call.position < counts[call.kind] for call in one.visits)
    )


def check_round(problem: RoundsProblem, one: Round, name: str) -> list[Finding]:
    """What is wrong with one round by itself."""
    return [
        *_route_findings(problem, one, name),
        *_clock_findings(problem, one, name),
        *_load_findings(problem, one, name),
        *_licence_findings(problem, one, name),
        *_board_findings(problem, one, name),
    ]


def _place(problem: RoundsProblem, call: Visit) -> int:
    if call.kind is Kind.DEPOT:
        return int(problem.depots.place[call.position])
    if call.kind is Kind.STOP:
        return int(problem.stops.place[call.position])
    return int(problem.disposal.place[call.position])


def _route_findings(problem: RoundsProblem, one: Round, name: str) -> Iterator[Finding]:
    """It begins and ends at its depot and drives ways that there are, of the length claimed."""
    for end in (one.visits[0], one.visits[-1]):
        if end.kind is not Kind.DEPOT or end.position != one.depot:
            yield Finding("ends_at_depot", name)
    if any(call.kind is Kind.DEPOT and call.position != one.depot for call in one.visits):
        yield Finding("other_depot", name)
    roads = problem.matrices[problem.vehicles[one.vehicle].matrix]
    for before, call in zip(one.visits, one.visits[1:], strict=False):
        length = roads.distance_m[_place(problem, before), _place(problem, call)]
        if not np.isfinite(length):
            yield Finding(
                "no_way", f"{name}: {_called(problem, before)} - {_called(problem, call)}"
            )
        elif abs(length - call.leg_m) > LENGTH_TOLERANCE_M + 1e-9 * length:
            yield Finding("leg_length", f"{name}: {_called(problem, call)}", call.leg_m - length)


def _called(problem: RoundsProblem, call: Visit) -> str:
    table = {
        Kind.DEPOT: problem.depots.ids,
        Kind.STOP: problem.stops.ids,
        Kind.DISPOSAL: problem.disposal.ids,
    }
    return table[call.kind][call.position]


def _clock_findings(problem: RoundsProblem, one: Round, name: str) -> Iterator[Finding]:
    """Driving and service take their time; windows and the shift hold."""
    vehicle = problem.vehicles[one.vehicle]
    drive = problem.matrices[vehicle.matrix].duration_s
    for before, call in zip(one.visits, one.visits[1:], strict=False):
        where = f"{name}: {_called(problem, call)}"
        needed = drive[_place(problem, before), _place(problem, call)]
        short = needed - (call.arrive_s - before.leave_s)
        if not short <= TIME_TOLERANCE_S:
            yield Finding("driving_time", where, float(short))
        if call.begin_s < call.arrive_s - TIME_TOLERANCE_S:
            yield Finding("begins_before_arriving", where, call.arrive_s - call.begin_s)
        yield from _service_time_findings(problem, call, where)
    start, end = one.visits[0].leave_s, one.visits[-1].arrive_s
    if start < vehicle.shift_start_s - TIME_TOLERANCE_S:
        yield Finding("shift_start", name, vehicle.shift_start_s - start)
    if end > vehicle.shift_end_s + TIME_TOLERANCE_S:
        yield Finding("shift_end", name, end - vehicle.shift_end_s)
    longest = vehicle.longest_shift_s + vehicle.longest_overtime_s
    if end - start > longest + TIME_TOLERANCE_S:
        yield Finding("shift_length", name, end - start - longest)


def _service_time_findings(problem: RoundsProblem, call: Visit, where: str) -> Iterator[Finding]:
    if call.kind is Kind.DEPOT:
        needed, opens, closes = 0.0, -np.inf, np.inf
    elif call.kind is Kind.STOP:
        table = problem.stops
        needed = table.service_s[call.position] * call.share
        opens, closes = table.opens_s[call.position], table.closes_s[call.position]
    else:
        sites = problem.disposal
        needed = sites.unload_s[call.position]
        opens, closes = sites.opens_s[call.position], sites.closes_s[call.position]
    short = needed - (call.leave_s - call.begin_s)
    if short > TIME_TOLERANCE_S:
        yield Finding("service_time", where, float(short))
    if call.begin_s < opens - TIME_TOLERANCE_S:
        yield Finding("before_opening", where, float(opens - call.begin_s))
    if call.begin_s > closes + TIME_TOLERANCE_S:
        yield Finding("after_closing", where, float(call.begin_s - closes))


def _load_findings(problem: RoundsProblem, one: Round, name: str) -> Iterator[Finding]:
    """Every limit of the lorry at every moment; what it says it has; empty when it is home."""
    vehicle = problem.vehicles[one.vehicle]
    tonnes = np.zeros(len(problem.goods))
    volume = np.zeros(len(problem.goods))
    for call in one.visits:
        if call.kind is Kind.STOP:
            tonnes = tonnes + problem.stops.amount_t[call.position] * call.share
            volume = volume + problem.stops.amount_m3[call.position] * call.share
        elif call.kind is Kind.DISPOSAL or not len(problem.disposal):
            tonnes, volume = np.zeros_like(tonnes), np.zeros_like(volume)
        where = f"{name}: {_called(problem, call)}"
        for streams, measure, room in vehicle.limits():
            held = (tonnes if measure == "t" else volume)[list(streams)].sum()
            if held > room * (1 + LOAD_TOLERANCE) + 1e-9:
                yield Finding("load", where, float(held - room))
        if abs(call.load_t - tonnes.sum()) > LOAD_TOLERANCE * max(1.0, tonnes.sum()):
            yield Finding("load_claimed", where, float(call.load_t - tonnes.sum()))
    if (tonnes > 0).any() or (volume > 0).any():
        yield Finding("empty_at_end", name, float(tonnes.sum()))
    emptied = sum(
        after.kind is not Kind.STOP and before.kind is Kind.STOP
        for before, after in zip(one.visits, one.visits[1:], strict=False)
    )
    if vehicle.longest_trips is not None and emptied > vehicle.longest_trips:
        yield Finding("trips", name, emptied - vehicle.longest_trips)


def _licence_findings(problem: RoundsProblem, one: Round, name: str) -> Iterator[Finding]:
    """It serves only what it carries and may, and empties where that is taken."""
    vehicle = problem.vehicles[one.vehicle]
    carried = set(vehicle.streams)
    own = None if one.territory < 0 else problem.territories[one.territory]
    if own is not None and own.depots is not None and one.depot not in own.depots:
        yield Finding("territory_depot", name)
    for call in one.visits:
        where = f"{name}: {_called(problem, call)}"
        if call.kind is Kind.STOP:
            stops, i = problem.stops, call.position
            has = {
                s for s in range(len(problem.goods))
                if stops.amount_t[i, s] > 0 or stops.amount_m3[i, s] > 0
            }  # fmt: skip
            if not has <= carried:
                yield Finding("stream_not_carried", where)
            if (
                vehicle.areas is not None
                and stops.area[i] >= 0
                and stops.area[i] not in vehicle.areas
            ):
                yield Finding("outside_licence", where)
            if stops.territory[i] != one.territory:
                yield Finding("outside_territory", where)
        elif call.kind is Kind.DISPOSAL:
            if vehicle.disposal is not None and call.position not in vehicle.disposal:
                yield Finding("site_not_allowed", where)
            if own is not None and own.disposal is not None and call.position not in own.disposal:
                yield Finding("site_not_allowed", where)
            if not all(problem.disposal.accepts[call.position, s] for s in carried):
                yield Finding("site_does_not_take", where)


def _board_findings(problem: RoundsProblem, one: Round, name: str) -> Iterator[Finding]:
    """No goods are on board for longer than they may be."""
    aboard: list[tuple[str, float, float]] = []
    for call in one.visits:
        if call.kind is Kind.STOP:
            i = call.position
            present = (problem.stops.amount_t[i] > 0) | (problem.stops.amount_m3[i] > 0)
            limits = [problem.goods[s].longest_on_board_s for s in np.flatnonzero(present)]
            aboard.append((_called(problem, call), call.begin_s, min(limits, default=np.inf)))
        elif call.kind is Kind.DISPOSAL or not len(problem.disposal):
            for stop, since, longest in aboard:
                over = call.arrive_s - since - longest
                if over > TIME_TOLERANCE_S:
                    yield Finding("time_on_board", f"{name}: {stop}", float(over))
            aboard = []


def _fleet_findings(problem: RoundsProblem, rounds: Sequence[Round]) -> Iterator[Finding]:
    """No more lorries than there are, and none out twice at a time."""
    out = Counter((one.vehicle, one.depot, one.day) for one in rounds)
    for (v, k, day), count in sorted(out.items()):
        number = problem.vehicles[v].available[k]
        if number is not None and count > number:
            subject = f"{problem.vehicles[v].id} at {problem.depots.ids[k]}, day {day}"
            yield Finding("fleet", subject, count - number)
    names = Counter((one.vehicle, one.depot, one.day, one.lorry) for one in rounds)
    for (v, k, day, lorry), count in sorted(names.items()):
        if count > 1:
            subject = f"{problem.vehicles[v].id} {lorry} at {problem.depots.ids[k]}, day {day}"
            yield Finding("lorry_twice", subject, count)


def _site_findings(problem: RoundsProblem, rounds: Sequence[Round]) -> Iterator[Finding]:
    """No site takes more on a day than it can."""
    amount = problem.stops.amount_t.sum(axis=1)
    taken: dict[tuple[int, int], float] = defaultdict(float)
    for one in rounds:
        load = 0.0
        for call in one.visits:
            if call.kind is Kind.STOP:
                load += float(amount[call.position]) * call.share
            elif call.kind is Kind.DISPOSAL:
                taken[call.position, one.day] += load
                load = 0.0
    for (site, day), tonnes in sorted(taken.items()):
        most = float(problem.disposal.capacity_t_per_day[site])
        if tonnes > most * (1 + LOAD_TOLERANCE):
            name = f"{problem.disposal.ids[site]}, day {day}"
            yield Finding("site_full", name, tonnes - most)


def _service_findings(
    problem: RoundsProblem,
    rounds: Sequence[Round],
    calendar: BoolArray,
    missing: dict[int, int],
) -> Iterator[Finding]:
    """Every stop as often as it should be, wholly, on days that may be; or named as unserved."""
    stops = problem.stops
    share: dict[tuple[int, int], float] = defaultdict(float)
    calls: Counter[tuple[int, int]] = Counter()
    for one in rounds:
        for call in one.visits:
            if call.kind is Kind.STOP:
                share[call.position, one.day] += call.share
                calls[call.position, one.day] += 1
    for (i, day), part in sorted(share.items()):
        where = f"{stops.ids[i]}, day {day}"
        if abs(part - 1) > LOAD_TOLERANCE:
            yield Finding("served_wholly", where, part - 1)
        if calls[i, day] > 1 and not stops.divisible[i]:
            yield Finding("served_twice", where, calls[i, day])
    for i, stop in enumerate(stops.ids):
        days = [day for day in range(problem.day_count) if (i, day) in share]
        yield from _frequency_findings(problem, i, stop, days, missing.get(i, 0))
        if calendar.shape == stops.days.shape and sorted(np.flatnonzero(calendar[i])) != days:
            yield Finding("calendar", stop)


def _frequency_findings(
    problem: RoundsProblem, i: int, stop: str, days: list[int], missing: int
) -> Iterator[Finding]:
    stops, cycle = problem.stops, problem.day_count
    if len(days) + missing != stops.visits[i]:
        yield Finding("visits", stop, len(days) + missing - int(stops.visits[i]))
    for day in days:
        if not stops.days[i, day]:
            yield Finding("day_not_allowed", f"{stop}, day {day}")
    if not days or missing:
        return
    for day, following in zip(days, [*days[1:], days[0] + cycle], strict=True):
        gap = following - day
        if gap < stops.smallest_gap_days[i] and cycle > 1:
            yield Finding("gap_too_small", f"{stop}, day {day}", gap)
        if gap > stops.largest_gap_days[i]:
            yield Finding("gap_too_large", f"{stop}, day {day}", gap)

"""Rounds by ids: what an earlier plan of rounds is remembered as, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from planner.routes.problem import RoundsProblem
from planner.routes.solution import Kind, RoundsSolution


@dataclass(frozen=True)
class RecordedRound:
    """One lorry on one day; ``calls`` are kind, id and share, between leaving and coming back."""

    day: int
    vehicle: str
    depot: str
    calls: tuple[tuple[Kind, str, float], ...]

    @property
    def stops(self) -> tuple[str, ...]:
        """Ids of the stops in order."""
        return tuple(name for kind, name, _ in self.calls if kind is Kind.STOP)


@dataclass(frozen=True)
class RoundsRecord:
    """Rounds of a cycle.

    Parameters
    ----------
    calendar : days of the cycle on which each stop is visited, by id
    brings : stop where somebody hands over who is not called at, by id; what they have is the
        stop's
    """

    day_names: tuple[str, ...]
    calendar: Mapping[str, tuple[int, ...]]
    rounds: tuple[RecordedRound, ...]
    brings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def served_by(self) -> dict[str, set[int]]:
        """Positions of the rounds that call at each stop."""
        served: dict[str, set[int]] = {}
        for k, one in enumerate(self.rounds):
            for stop in one.stops:
                served.setdefault(stop, set()).add(k)
        return served


def record(problem: RoundsProblem, found: RoundsSolution) -> RoundsRecord:
    """A solution by ids."""
    names = {
        Kind.STOP: problem.stops.ids,
        Kind.DEPOT: problem.depots.ids,
        Kind.DISPOSAL: problem.disposal.ids,
    }
    return RoundsRecord(
        problem.day_names,
        {
            stop: tuple(int(day) for day in np.flatnonzero(found.calendar[i]))
            for i, stop in enumerate(problem.stops.ids)
        },
        tuple(
            RecordedRound(
                one.day,
                problem.vehicles[one.vehicle].id,
                problem.depots.ids[one.depot],
                tuple((c.kind, names[c.kind][c.position], c.share) for c in one.visits[1:-1]),
            )
            for one in found.rounds
        ),
    )


@dataclass(frozen=True)
class RoundsChange:
    """What a new plan does otherwise than the one before.

    Parameters
    ----------
    kept : rounds that are exactly as they were
    extended : rounds, by lorry, that only took further stops, with the ids of those
    moved : ids of stops that another lorry or another day serves now
    added, dropped : ids of stops that were not there before, or are not there now
    unserved : ids of stops that had a lorry and have none now
    before, after : rounds of one cycle
    """

    kept: int
    extended: tuple[tuple[str, tuple[str, ...]], ...]
    moved: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    unserved: tuple[str, ...]
    before: int = 0
    after: int = 0


def change(before: RoundsRecord, after: RoundsRecord) -> RoundsChange:
    """How two plans of rounds differ."""
    known = {_signature(one) for one in before.rounds}
    old, new = before.served_by, after.served_by
    stays = _stays(before, after)
    return RoundsChange(
        sum(_signature(one) in known for one in after.rounds),
        tuple(_extended(before, after)),
        tuple(sorted(name for name in set(old) & set(new) if name not in stays)),
        tuple(sorted(set(after.calendar) - set(before.calendar))),
        tuple(sorted(set(before.calendar) - set(after.calendar))),
        tuple(sorted(name for name in old if name in after.calendar and name not in new)),
        len(before.rounds),
        len(after.rounds),
    )


def _signature(one: RecordedRound) -> tuple[int, str, str, tuple[str, ...]]:
    return one.day, one.vehicle, one.depot, one.stops


def _extended(before: RoundsRecord, after: RoundsRecord) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for one in after.rounds:
        for other in before.rounds:
            if _signature(one)[:-1] != _signature(other)[:-1]:
                continue
            had = set(other.stops)
            more = tuple(name for name in one.stops if name not in had)
            if more and tuple(name for name in one.stops if name in had) == other.stops:
                found.append((f"{one.vehicle} {one.depot}", more))
    return found


def _stays(before: RoundsRecord, after: RoundsRecord) -> set[str]:
    """Stops whose rounds of now share most of their stops with the rounds they were on."""
    sets = [set(one.stops) for one in before.rounds]
    stays: set[str] = set()
    for one in after.rounds:
        mine = set(one.stops)
        like = max(
            (j for j, other in enumerate(before.rounds) if other.day == one.day),
            key=lambda j: len(mine & sets[j]),
            default=None,
        )
        if like is not None:
            stays |= mine & sets[like]
    return stays

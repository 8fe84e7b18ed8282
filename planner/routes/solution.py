"""The answer to a rounds problem: who drives where, when, with what on board."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np

from planner.problem import BoolArray, FloatArray
from planner.routes.fleet import M_PER_KM, S_PER_H
from planner.routes.problem import RoundsProblem
from planner.solution import Outcome, Reason


class Kind(StrEnum):
    """What a lorry does at a place."""

    DEPOT = "depot"
    STOP = "stop"
    DISPOSAL = "disposal"


@dataclass(frozen=True)
class Visit:
    """One call of a lorry.

    Parameters
    ----------
    kind, position : which depot, stop or disposal site
    share : of what a stop has that day, 0..1; 1 elsewhere
    arrive_s, begin_s, leave_s : seconds of the day; between arriving and beginning it waits
    leg_m : driven from the call before
    load_t : on board when it leaves
    """

    kind: Kind
    position: int
    share: float
    arrive_s: float
    begin_s: float
    leave_s: float
    leg_m: float
    load_t: float


@dataclass(frozen=True)
class Round:
    """One lorry on one day, from leaving its depot to coming back.

    Parameters
    ----------
    day : position in the cycle
    vehicle : position of the class
    lorry : 0, 1 ... among those of the class and depot that are out on that day
    territory : that it stays in, -1 where it is free
    visits : the depot first and last
    """

    day: int
    vehicle: int
    depot: int
    lorry: int
    territory: int
    visits: tuple[Visit, ...]

    @property
    def distance_m(self) -> float:
        """Driven."""
        return sum(one.leg_m for one in self.visits)

    @property
    def out_s(self) -> float:
        """From leaving the depot to coming back."""
        return self.visits[-1].arrive_s - self.visits[0].leave_s

    @property
    def stops(self) -> tuple[Visit, ...]:
        """The calls at stops, in order."""
        return tuple(one for one in self.visits if one.kind is Kind.STOP)

    @property
    def trips(self) -> int:
        """How often it comes full and leaves empty."""
        emptied = sum(one.kind is Kind.DISPOSAL for one in self.visits)
        between = sum(
            one.kind is Kind.DEPOT and before.load_t > 0 for before, one in pairwise(self.visits)
        )
        return emptied + between

    def tonnes(self, problem: RoundsProblem) -> float:
        """Collected."""
        amount = problem.stops.amount_t.sum(axis=1)
        return float(sum(amount[one.position] * one.share for one in self.stops))

    def cost_cny(self, problem: RoundsProblem) -> float:
        """What the day of this lorry costs."""
        return problem.vehicles[self.vehicle].cost_cny(self.distance_m, self.out_s)


@dataclass(frozen=True)
class Unserved:
    """A stop that is not visited as often as it should be, and why.

    ``missing`` visits of the cycle; ``reason.kind`` is one of ``REASONS``.
    """

    stop: int
    missing: int
    reason: Reason


REASONS = (
    "stream_not_carried",  # no class carries what it has
    "outside_licence",  # no class may serve its licence area
    "no_lorry",  # the classes that could have no lorry
    "larger_than_any_lorry",
    "no_site",  # nowhere to empty
    "no_way",  # no road there or back
    "window_not_reachable",
    "longer_than_shift",
    "too_long_on_board",
    "no_feasible_day",  # frequency, gaps and allowed days contradict each other
    "sites_full",  # the sites take no more on that day
    "fleet_too_small",
)
"""Why a stop is not served, the deeper the later."""


@dataclass(frozen=True)
class DayFigures:
    """One day of the calendar in numbers."""

    day: int
    rounds: int
    stops: int
    km: float
    hours: float
    tonnes: float
    cost_cny: float


@dataclass(frozen=True, eq=False)
class RoundsSolution:
    """Rounds of all days.

    Parameters
    ----------
    outcome : FEASIBLE, CANCELLED (stopped, the best so far) or NO_ANSWER (nothing can be served)
    calendar : (n, d) days on which each stop is visited
    checked : whether the independent checker found nothing
    """

    outcome: Outcome
    rounds: tuple[Round, ...]
    unserved: tuple[Unserved, ...]
    calendar: BoolArray
    seconds: float
    first_seconds: float = float("nan")
    """When the first rounds that keep every rule were there."""
    problem_hash: str = ""
    checked: bool = False
    notes: tuple[Reason, ...] = field(default=())

    def cost_cny(self, problem: RoundsProblem) -> float:
        """Of one cycle."""
        return sum(one.cost_cny(problem) for one in self.rounds)

    @property
    def distance_m(self) -> float:
        """Driven in one cycle."""
        return sum(one.distance_m for one in self.rounds)

    def co2_kg(self, problem: RoundsProblem) -> float:
        """Of one cycle, by the factor of each class."""
        return sum(
            one.distance_m / M_PER_KM * problem.vehicles[one.vehicle].co2_kg_per_km
            for one in self.rounds
        )

    def fleet(self, problem: RoundsProblem) -> dict[tuple[str, str], tuple[int, ...]]:
        """Lorries out a day, by class and depot id."""
        count: Counter[tuple[int, int, int]] = Counter(
            (one.vehicle, one.depot, one.day) for one in self.rounds
        )
        pairs = sorted({(one.vehicle, one.depot) for one in self.rounds})
        return {
            (problem.vehicles[v].id, problem.depots.ids[k]): tuple(
                count[v, k, day] for day in range(problem.day_count)
            )
            for v, k in pairs
        }

    def fleet_needed(self, problem: RoundsProblem) -> dict[str, int]:
        """Lorries that one has to own, by class: the busiest day of each depot, added up."""
        needed: Counter[str] = Counter()
        for (vehicle, _), by_day in self.fleet(problem).items():
            needed[vehicle] += max(by_day)
        return dict(needed)

    def days(self, problem: RoundsProblem) -> tuple[DayFigures, ...]:
        """Figures of every day."""
        found = []
        for day in range(problem.day_count):
            rounds = [one for one in self.rounds if one.day == day]
            found.append(
                DayFigures(
                    day,
                    len(rounds),
                    sum(len(one.stops) for one in rounds),
                    sum(one.distance_m for one in rounds) / M_PER_KM,
                    sum(one.out_s for one in rounds) / S_PER_H,
                    sum(one.tonnes(problem) for one in rounds),
                    sum(one.cost_cny(problem) for one in rounds),
                )
            )
        return tuple(found)

    def utilisation(self, problem: RoundsProblem) -> tuple[float, float]:
        """Mean shares of payload used a trip and of shift used a round; NaN if unlimited."""
        loads = [
            load / problem.vehicles[one.vehicle].payload_t
            for one in self.rounds
            for load in trip_loads_t(one)
            if np.isfinite(problem.vehicles[one.vehicle].payload_t)
        ]
        shifts = [
            one.out_s / hours
            for one in self.rounds
            if np.isfinite(hours := min_finite_shift(problem, one))
        ]
        return _mean(loads), _mean(shifts)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def min_finite_shift(problem: RoundsProblem, one: Round) -> float:
    """Normal hours of the class, in seconds."""
    vehicle = problem.vehicles[one.vehicle]
    return min(vehicle.longest_shift_s, vehicle.shift_end_s - vehicle.shift_start_s)


def trip_loads_t(one: Round) -> list[float]:
    """Tonnes on board each time it comes to empty."""
    return [
        before.load_t
        for before, after in pairwise(one.visits)
        if after.kind is not Kind.STOP and before.load_t > 0
    ]


def stop_loads(one: Round, amount: FloatArray) -> list[float]:
    """What each call adds of an amount by stop, (n,), in order of ``one.visits``."""
    return [
        float(amount[call.position]) * call.share if call.kind is Kind.STOP else 0.0
        for call in one.visits
    ]

"""What a tiered plan must keep and what makes it good: phases, places, quotas, goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.problem import FloatArray, IntArray, Strength
from planner.problem_faults import frozen
from planner.tiered.faults import Checks


@dataclass(frozen=True, eq=False)
class Phases:
    """The years of a building programme.

    Parameters
    ----------
    years : ascending; a facility opened in one stays open in the later ones
    weight : (t,) what a year's cost in this phase counts: usually the (discounted) years it lasts
    budget_cny : (t,) for what is built in this phase; ``inf`` is no limit
    """

    years: tuple[int, ...]
    weight: FloatArray = None  # type: ignore[assignment]  # set below
    budget_cny: FloatArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "years", tuple(int(year) for year in self.years))
        t = len(self.years)
        check = Checks("phases")
        for name, default in (("weight", 1.0), ("budget_cny", np.inf)):
            given = getattr(self, name)
            array = frozen(np.full(t, default) if given is None else given, np.float64)
            object.__setattr__(self, name, array)
            check.shape(name, array, t)
            check.numbers(name, array, finite=name == "weight")
        if not t:
            check.fault("no year is given; give at least one")
        if any(later <= sooner for sooner, later in zip(self.years, self.years[1:], strict=False)):
            check.fault(f"years {self.years} must ascend")
        check.done()

    def __len__(self) -> int:
        return len(self.years)


@dataclass(frozen=True, eq=False)
class Places:
    """Pieces of ground on which several streams may stand together.

    Parameters
    ----------
    ids : (p,)
    shared_cost_cny_per_yr : (p,) paid once while anything is open there (gate, weighbridge, staff)
    shared_land_m2 : (p,) taken once while anything is open there
    land_available_m2 : (p,) ``inf`` is no limit
    """

    ids: tuple[str, ...] = ()
    shared_cost_cny_per_yr: FloatArray = None  # type: ignore[assignment]  # set below
    shared_land_m2: FloatArray = None  # type: ignore[assignment]
    land_available_m2: FloatArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        p = len(self.ids)
        check = Checks("places")
        check.unique("places", self.ids)
        defaults = (
            ("shared_cost_cny_per_yr", 0.0),
            ("shared_land_m2", 0.0),
            ("land_available_m2", np.inf),
        )
        for name, default in defaults:
            given = getattr(self, name)
            array = frozen(np.full(p, default) if given is None else given, np.float64)
            object.__setattr__(self, name, array)
            check.shape(name, array, p)
            check.numbers(name, array, finite=name != "land_available_m2")
        check.done()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class FacilityQuota:
    """How many facilities of a group are open: ``minimum <= opened <= maximum``, in each phase.

    What the strength means (the wording of the plan's text):

    - ``MUST`` holds in every plan; where it cannot, there is none, and the reasons name it.
    - ``IN_PRINCIPLE`` holds where any plan can keep it; otherwise as few as possible yield, each by
      as little as possible, before cost is looked at.
    - ``ENCOURAGED`` never forces: a facility short or over costs ``reward_cny_per_yr`` (lost).
    - ``ON_DEMAND`` holds as ``IN_PRINCIPLE`` in the phases in which the tonnes of ``demand`` reach
      ``threshold_t_per_yr``, and means nothing otherwise.

    Parameters
    ----------
    name : what a reader is told, e.g. the township
    stream, tier : ids
    facilities : positions in the tier
    maximum : None is no limit
    phases : positions of the phases it speaks of; None is all
    demand : positions in the stream's demand, for the threshold
    """

    name: str
    stream: str
    tier: str
    facilities: IntArray
    minimum: int = 0
    maximum: int | None = None
    strength: Strength = Strength.MUST
    phases: tuple[int, ...] | None = None
    reward_cny_per_yr: float = 0.0
    threshold_t_per_yr: float = 0.0
    demand: IntArray = None  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        object.__setattr__(self, "facilities", frozen(self.facilities, np.int64))
        demand = np.zeros(0) if self.demand is None else self.demand
        object.__setattr__(self, "demand", frozen(demand, np.int64))
        check = Checks(f"quota {self.name}")
        if self.minimum < 0:
            check.fault(f"minimum {self.minimum} is negative")
        if self.maximum is not None and self.maximum < self.minimum:
            check.fault(f"maximum {self.maximum} is below minimum {self.minimum}; swap them")
        if len(np.unique(self.facilities)) != len(self.facilities):
            check.fault("names a facility twice; name each once")
        for name in ("reward_cny_per_yr", "threshold_t_per_yr"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                check.fault(f"{name} is {value}; give a number from 0 up")
        check.done()

    @property
    def binds(self) -> bool:
        """Whether plans must keep it where they can."""
        return self.strength is not Strength.ENCOURAGED


def quotas_by_district(
    stream: str,
    tier: str,
    district_of_facility: IntArray,
    names: Sequence[str],
    **rule: object,
) -> tuple[FacilityQuota, ...]:
    """One quota a district, e.g. ``minimum=1`` for "at least one in each township".

    Districts without a candidate get theirs too: a rule that cannot be met must be named.

    Parameters
    ----------
    district_of_facility : (f,) position in ``names``, -1 for none
    rule : the other fields of :class:`FacilityQuota`
    """
    where = np.asarray(district_of_facility)
    return tuple(
        FacilityQuota(name, stream, tier, np.flatnonzero(where == g), **rule)  # type: ignore[arg-type]
        for g, name in enumerate(names)
    )


@dataclass(frozen=True, eq=False)
class Contiguity:
    """The units that a facility serves are one connected piece.

    Parameters
    ----------
    tier : whose service areas
    start, neighbour : (n + 1,), (e,) adjacency of the stream's demand points, symmetric, in
        compressed sparse rows
    home : (f,) the unit a facility stands in, which its area then contains; -1 where it need not
    unit : (m,) the unit that each demand point is part of, where units are whole districts: all
        of a unit is served by one facility. Default: every point is a unit (m = n)
    least_units : (f,) or one number: units that the area of an open facility has at least
    most_units : and at most; None is no limit
    """

    tier: str
    start: IntArray
    neighbour: IntArray
    home: IntArray
    unit: IntArray = None  # type: ignore[assignment]  # set below
    least_units: IntArray = 0  # type: ignore[assignment]  # made an array below
    most_units: int | None = None

    def __post_init__(self) -> None:
        for name in ("start", "neighbour", "home"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        units = np.arange(len(self.start) - 1) if self.unit is None else self.unit
        object.__setattr__(self, "unit", frozen(units, np.int64))
        check = Checks(f"contiguity of {self.tier}")
        check.positions("unit", self.unit, len(self.start) - 1)
        least = np.broadcast_to(np.asarray(self.least_units, np.int64), self.home.shape)
        object.__setattr__(self, "least_units", frozen(least, np.int64))
        if self.least_units.min(initial=0) < 0:
            check.fault("least_units has negative numbers; give 0 or more")
        if self.most_units is not None and self.most_units < self.least_units.max(initial=1):
            check.fault(f"most_units is {self.most_units}; give 1 or more, not below least_units")
        if check.rows("adjacency", self.start, len(self.neighbour)):
            n = len(self.start) - 1
            check.positions("neighbour", self.neighbour, n)
            check.positions("home", self.home, n, absent=True)
            row = np.repeat(np.arange(n), np.diff(self.start))
            there = set(zip(row.tolist(), self.neighbour.tolist(), strict=True))
            if any((b, a) not in there for a, b in there):
                check.fault("adjacency is not symmetric; name every border from both sides")
        check.done()

    @property
    def merges(self) -> bool:
        """Whether a unit may be more than one demand point."""
        return len(self.unit) != len(self.start) - 1 or not np.array_equal(
            self.unit, np.arange(len(self.unit))
        )


@dataclass(frozen=True, eq=False)
class Apart:
    """Facilities of two streams that may not be open in one phase: too near to each other.

    Parameters
    ----------
    one, other : (stream, tier)
    first, second : (q,) positions in ``one`` and ``other``; pair ``n`` is ``first[n], second[n]``
    """

    one: tuple[str, str]
    other: tuple[str, str]
    first: IntArray
    second: IntArray

    def __post_init__(self) -> None:
        for name in ("one", "other"):
            object.__setattr__(self, name, tuple(map(str, getattr(self, name))))
        for name in ("first", "second"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        check = Checks(f"apart {self.one}, {self.other}")
        if self.one[0] == self.other[0]:
            check.fault("is of one stream; name two streams")
        check.shape("second", self.second, len(self.first))
        check.done()


class GoalKind(StrEnum):
    """What can be made best; the first, third and fourth sum over phases by their weight."""

    COST = "cost"
    """Fixed, shared, haul, handling and gate fees, less rewards for encouraged quotas kept."""
    SITES = "sites"
    """Places that ever have anything open. (least)"""
    COVERED_TONNES = "covered_tonnes"
    """Tonnes served. (most)"""
    COVERED_PEOPLE = "covered_people"
    """People whose point is served, by share. (most)"""
    MEAN_DISTANCE = "mean_distance"
    """Mean impedance of the first haul, weighted by tonnes. (least)"""
    WORST_DISTANCE = "worst_distance"
    """Largest impedance of any first haul made. (least)"""
    WORST_DISTRICT = "worst_district"
    """Largest mean impedance of the first haul of any district in any phase. (least)"""

    @property
    def maximised(self) -> bool:
        """Whether more is better."""
        return self in (GoalKind.COVERED_TONNES, GoalKind.COVERED_PEOPLE)


@dataclass(frozen=True)
class Goal:
    """One step of an ordered objective: a weighted sum that is made least.

    Parameters
    ----------
    parts : (kind, weight > 0); what is maximised counts negatively in the sum
    allowance : relative worsening that later goals may ask of this one, e.g. 0.02
    """

    parts: tuple[tuple[GoalKind, float], ...] = ((GoalKind.COST, 1.0),)
    allowance: float = 0.0

    def __post_init__(self) -> None:
        check = Checks("goal")
        if not self.parts:
            check.fault("has no part; name what is to be made best")
        for kind, weight in self.parts:
            if not 0 < weight < float("inf"):
                check.fault(f"weight of {kind} is {weight}; give a positive number")
        if not 0 <= self.allowance < float("inf"):
            check.fault(f"allowance is {self.allowance}; give a fraction from 0 up")
        check.done()

    @classmethod
    def of(cls, kind: GoalKind, allowance: float = 0.0) -> Goal:
        """A goal of one kind."""
        return cls(((kind, 1.0),), allowance)

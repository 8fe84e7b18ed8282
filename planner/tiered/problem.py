"""The tiered problem: streams of tonnes over tiers of facilities, in phases, under quotas.

demand -> tier 1 -> ... -> tier K (-> terminals), one or more streams at once. Everything is plain
arrays with integer positions inside and stable ids for people; a part is checked when it is made
and is read-only after that (vary with :func:`dataclasses.replace`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, Strength
from planner.problem_faults import frozen
from planner.tiered.facilities import NO_YEAR
from planner.tiered.faults import Checks
from planner.tiered.network import (
    DEMAND,
    TERMINALS,
    Leg,
    Terminals,
    Tier,
    TieredDemand,
)
from planner.tiered.rules import Apart, Contiguity, FacilityQuota, Goal, Phases, Places


@dataclass(frozen=True, eq=False)
class Stream:
    """One stream and its network.

    Parameters
    ----------
    id : unique in the problem
    tiers : in the direction of the flow
    legs : every leg leads forward; a tier without a leg that leaves it is an end
    terminals : None where the last tier is the end
    single_source : a demand point gives all its tonnes of a phase to one destination
    coverage_target : (t,) least share of the reachable tonnes that is collected; at 1 every
        reachable point is served wholly. Default 1
    unserved_cost_cny_per_t : of tonnes that a target below 1 leaves out (what happens to them then)
    contiguity : service areas in one piece
    """

    id: str
    demand: TieredDemand
    tiers: tuple[Tier, ...]
    legs: tuple[Leg, ...]
    terminals: Terminals | None = None
    single_source: bool = True
    coverage_target: FloatArray = None  # type: ignore[assignment]  # set below
    unserved_cost_cny_per_t: float = 0.0
    contiguity: Contiguity | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple(self.tiers))
        object.__setattr__(self, "legs", tuple(self.legs))
        t = len(self.demand.tonnes)
        target = np.ones(t) if self.coverage_target is None else self.coverage_target
        object.__setattr__(self, "coverage_target", frozen(target, np.float64))
        check = Checks(f"stream {self.id}")
        check.unique("tiers", self.tier_ids)
        if {DEMAND, TERMINALS} & set(self.tier_ids):
            check.fault(f"a tier may not be called {DEMAND} or {TERMINALS}; rename it")
        check.shape("coverage_target", self.coverage_target, t)
        check.numbers("coverage_target", self.coverage_target)
        if (self.coverage_target > 1).any():
            check.fault("coverage_target is a share; give 0 to 1")
        if not 0 <= self.unserved_cost_cny_per_t < float("inf"):
            check.fault("unserved_cost_cny_per_t must be a number from 0 up")
        for tier in self.tiers:
            if not 0 <= tier.output_share < float("inf"):
                check.fault(f"tier {tier.id}: output_share is {tier.output_share}; give 0 or more")
        self._check_legs(check)
        self._check_contiguity(check)
        check.done()

    def _check_legs(self, check: Checks) -> None:
        known = self.levels
        check.unique("legs", [leg.name for leg in self.legs])
        for leg in self.legs:
            if leg.origin not in known or leg.destination not in known:
                check.fault(f"{leg.name} names an unknown level; known are {', '.join(known)}")
                continue
            if known.index(leg.origin) >= known.index(leg.destination):
                check.fault(f"{leg.name} leads backward; legs lead toward the terminals")
            if len(leg.start) - 1 != self.level_size(leg.origin):
                check.fault(
                    f"{leg.name} has {len(leg.start) - 1} rows for "
                    f"{self.level_size(leg.origin)} origins"
                )
            if leg.destination != TERMINALS or self.terminals is not None:
                check.positions(f"{leg.name}", leg.to, self.level_size(leg.destination))

    def _check_contiguity(self, check: Checks) -> None:
        rule = self.contiguity
        if rule is None:
            return
        if rule.tier not in self.tier_ids:
            check.fault(f"contiguity names an unknown tier {rule.tier}")
            return
        if len(rule.unit) != len(self.demand):
            check.fault(
                f"contiguity has units for {len(rule.unit)} of {len(self.demand)} demand points"
            )
        check.shape("contiguity.home", rule.home, len(self.tier(rule.tier).facilities))
        if not self.single_source:
            check.fault("contiguous areas need single_source; set it")

    @property
    def tier_ids(self) -> tuple[str, ...]:
        """In the direction of the flow."""
        return tuple(tier.id for tier in self.tiers)

    @property
    def levels(self) -> tuple[str, ...]:
        """Demand, tiers and terminals, in the direction of the flow."""
        ends = (TERMINALS,) if self.terminals is not None else ()
        return (DEMAND, *self.tier_ids, *ends)

    def tier(self, tier_id: str) -> Tier:
        """The tier of this id."""
        return self.tiers[self.tier_ids.index(tier_id)]

    def level_size(self, level: str) -> int:
        """Points, facilities or terminals of a level."""
        if level == DEMAND:
            return len(self.demand)
        if level == TERMINALS:
            return 0 if self.terminals is None else len(self.terminals)
        return len(self.tier(level).facilities)

    def legs_from(self, level: str) -> tuple[int, ...]:
        """Positions of the legs that leave a level."""
        return tuple(n for n, leg in enumerate(self.legs) if leg.origin == level)

    def legs_to(self, level: str) -> tuple[int, ...]:
        """Positions of the legs that arrive at a level."""
        return tuple(n for n, leg in enumerate(self.legs) if leg.destination == level)

    @cached_property
    def leads_on(self) -> Mapping[str, BoolArray]:
        """By level, (f,) whether what comes in can go on to an end.

        An end is a terminal, or a facility of a tier that no leg leaves.
        """
        leads: dict[str, BoolArray] = {}
        for level in reversed(self.levels[1:]):
            legs = [self.legs[n] for n in self.legs_from(level)]
            ahead = np.full(self.level_size(level), not legs)
            for leg in legs:
                ahead[leg.row[leads[leg.destination][leg.to]]] = True
            leads[level] = ahead
        return leads

    @property
    def reachable(self) -> BoolArray:
        """(n,) demand points with a way to an end of the stream."""
        there = np.zeros(len(self.demand), np.bool_)
        for n in self.legs_from(DEMAND):
            leg = self.legs[n]
            there[leg.row[self.leads_on[leg.destination][leg.to]]] = True
        return there


@dataclass(frozen=True, eq=False)
class TieredProblem:
    """Streams, phases and rules, ready to be solved by :func:`planner.solve`.

    Parameters
    ----------
    places : ground that facilities of several streams may share
    incompatible : pairs of stream ids that may not stand on one place in one phase
    apart : facilities of two streams that are too near to each other to be open in one phase
    goals : in order; each is kept while the next is made best
    districts : names, for ``district`` positions of demand and facilities

    Notes
    -----
    A demand point without an arc is unreachable: outside every rule and goal, and named.
    """

    streams: tuple[Stream, ...]
    phases: Phases
    places: Places = field(default_factory=Places)
    incompatible: tuple[tuple[str, str], ...] = ()
    apart: tuple[Apart, ...] = ()
    quotas: tuple[FacilityQuota, ...] = ()
    goals: tuple[Goal, ...] = (Goal(),)
    districts: tuple[str, ...] = ()
    impedance_unit: str = "m"

    def __post_init__(self) -> None:
        for name in ("streams", "incompatible", "apart", "quotas", "goals", "districts"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check = Checks("problem")
        check.unique("streams", self.stream_ids)
        if not self.streams or not self.goals:
            check.fault("needs at least one stream and one goal")
        for stream in self.streams:
            self._check_stream(check, stream)
        for one, other in self.incompatible:
            if not {one, other} <= set(self.stream_ids) or one == other:
                check.fault(f"incompatible streams {one}, {other}: name two known streams")
        for pair in self.apart:
            self._check_apart(check, pair)
        for quota in self.quotas:
            self._check_quota(check, quota)
        check.done()

    def _check_stream(self, check: Checks, stream: Stream) -> None:
        t, where = len(self.phases), f"stream {stream.id}"
        if len(stream.demand.tonnes) != t:
            check.fault(f"{where} has tonnes for {len(stream.demand.tonnes)} phases, needs {t}")
        if stream.terminals is not None:
            check.shape(
                f"{where}: terminals.capacity_t_per_yr",
                stream.terminals.capacity_t_per_yr,
                t,
                len(stream.terminals),
            )
        districts = len(self.districts)
        check.positions(f"{where}: district", stream.demand.district, districts, absent=True)
        for tier in stream.tiers:
            at = f"{where}, tier {tier.id}"
            check.positions(f"{at}: district", tier.facilities.district, districts, absent=True)
            check.positions(f"{at}: place", tier.facilities.place, len(self.places), absent=True)
            used = tier.facilities.place[tier.facilities.place >= 0]
            if len(np.unique(used)) != len(used):
                check.fault(f"{at} has two facilities on one place; make one with more sizes")
            if tier.hosted_by is not None and not self._known(*tier.hosted_by):
                check.fault(f"{at}: hosted_by names no known stream and tier: {tier.hosted_by}")

    def _check_apart(self, check: Checks, apart: Apart) -> None:
        for which, positions in ((apart.one, apart.first), (apart.other, apart.second)):
            if not self._known(*which):
                check.fault(f"apart names no known stream and tier: {which}")
            else:
                count = self.stream(which[0]).level_size(which[1])
                check.positions(f"apart {which}", positions, count)

    def _check_quota(self, check: Checks, quota: FacilityQuota) -> None:
        where = f"quota {quota.name}"
        if not self._known(quota.stream, quota.tier):
            check.fault(f"{where} names no known stream and tier: {quota.stream}, {quota.tier}")
            return
        stream = self.stream(quota.stream)
        check.positions(where, quota.facilities, stream.level_size(quota.tier))
        check.positions(f"{where}: demand", quota.demand, len(stream.demand))
        if quota.phases is not None:
            check.positions(f"{where}: phases", np.array(quota.phases), len(self.phases))

    def _known(self, stream: str, tier: str) -> bool:
        return stream in self.stream_ids and tier in self.stream(stream).tier_ids

    @property
    def stream_ids(self) -> tuple[str, ...]:
        """In the order given."""
        return tuple(stream.id for stream in self.streams)

    def stream(self, stream_id: str) -> Stream:
        """The stream of this id."""
        return self.streams[self.stream_ids.index(stream_id)]

    def quota_phases(self, quota: FacilityQuota) -> IntArray:
        """Phases in which a quota speaks; on demand, those whose tonnes reach its threshold."""
        every = range(len(self.phases)) if quota.phases is None else quota.phases
        phases: IntArray = np.array(every, np.int64)
        if quota.strength is not Strength.ON_DEMAND:
            return phases
        tonnes = self.stream(quota.stream).demand.tonnes[:, quota.demand].sum(axis=1)
        reached: IntArray = phases[tonnes[phases] >= quota.threshold_t_per_yr]
        return reached

    def alive(self, facilities_of: Tier) -> BoolArray:
        """(t, f) whether a facility of the tier may be open in a phase by its years."""
        years = np.array(self.phases.years)[:, None]
        part = facilities_of.facilities
        open_to: BoolArray = (years >= part.first_year) & (years <= part.end_year)
        begun = np.where(open_to, years, NO_YEAR).min(axis=0)
        open_to &= ~part.required | (years <= begun + part.lasts_yr)
        return open_to & ~part.forbidden

    def last_phase(self, facilities_of: Tier) -> IntArray:
        """(t, f) last phase in which a facility is open that opens in a phase; -1 if it may not."""
        years, alive = np.array(self.phases.years), self.alive(facilities_of)
        until = years[:, None] + facilities_of.facilities.lasts_yr
        last = np.searchsorted(years, until, side="right") - 1
        end = len(years) - 1 - np.argmax(alive[::-1], axis=0)
        return np.where(alive, np.minimum(last, end), -1).astype(np.int64)

    def is_temporary(self, facilities_of: Tier) -> BoolArray:
        """(f,) whether a facility may be cleared in a phase in which another opening had it open.

        Where its years outlast the programme, or say no less than its ``end_year``, it is none.
        """
        last = self.last_phase(facilities_of)
        early: BoolArray = ((last >= 0) & (last < last.max(axis=0))).any(axis=0)
        return early

    def at_estimate(self, estimate: str) -> TieredProblem:
        """The same problem with "low", "middle" or "high" tonnes as the only ones."""
        streams = []
        for stream in self.streams:
            demand = stream.demand
            tonnes = {"low": demand.low, "middle": demand.tonnes, "high": demand.high}[estimate]
            only = replace(demand, tonnes=tonnes, low=tonnes, high=tonnes)
            streams.append(replace(stream, demand=only))
        return replace(self, streams=tuple(streams))

    def fingerprint(self) -> str:
        """SHA-256 over every value that can change the answer."""
        digest = hashlib.sha256()
        for name, value in _leaves("", self):
            digest.update(f"\0{name}\0".encode())
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype.str}{value.shape}".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
            else:
                digest.update(repr(value).encode())
        return digest.hexdigest()


def _leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Every array and plain value of a nested part, by path."""
    if is_dataclass(value):
        for item in fields(value):
            yield from _leaves(f"{name}.{item.name}", getattr(value, item.name))
    elif isinstance(value, tuple) and any(is_dataclass(one) for one in value):
        for position, one in enumerate(value):
            yield from _leaves(f"{name}[{position}]", one)
    else:
        yield name, value

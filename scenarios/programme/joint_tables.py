"""What the rules that join streams come to in a plan: shared sites, zones, counts, stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planner.tiered import DEMAND
from planner.tiered.metrics import loads, stocks
from planner.tiered.objectives import off_quota, opened_in
from scenarios.plan import StreamPlan
from scenarios.programme.file import ProgrammePart


@dataclass(frozen=True)
class SharedSite:
    """A site on which several streams stand in a year, and what that saves."""

    year: int
    place: str
    tenants: tuple[tuple[str, str, str], ...]
    """(stream, tier, site) of each."""
    saved_cny_per_yr: float
    saved_land_m2: float


@dataclass(frozen=True)
class Zone:
    """The townships that a site serves as a whole in a year."""

    year: int
    tier: str
    site: str
    districts: tuple[str, ...]
    tonnes: float


@dataclass(frozen=True)
class CountMissed:
    """A count of sites that the plan does not keep in a year."""

    year: int
    tier: str
    name: str
    strength: str
    opened: int
    minimum: int
    maximum: int | None


@dataclass(frozen=True)
class Stock:
    """A store's stock over the year against what it holds.

    Parameters
    ----------
    storage_t : None is unlimited
    by_week : stock at the end of each week, tonnes
    """

    year: int
    tier: str
    site: str
    peak_t: float
    storage_t: float | None
    by_week: tuple[float, ...]


@dataclass(frozen=True)
class JointTables:
    """All of them for one stream."""

    shared_sites: tuple[SharedSite, ...] = ()
    zones: tuple[Zone, ...] = ()
    counts_missed: tuple[CountMissed, ...] = ()
    stocks: tuple[Stock, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain values for programs."""
        return asdict(self)


def joint_tables(stream: StreamPlan) -> JointTables:
    """The tables of a stream that was decided together with others; empty where it was not."""
    part = stream.programme
    if not isinstance(part, ProgrammePart) or not stream.has_plan:
        return JointTables()
    name = stream.profile.id
    return JointTables(
        tuple(_shared(part, name)),
        tuple(_zones(part, name)),
        tuple(_missed(part, name)),
        tuple(_stocks(part, name)),
    )


def _shared(part: ProgrammePart, name: str) -> Iterator[SharedSite]:
    problem = part.problem
    for t, year in enumerate(problem.phases.years):
        tenants: Mapping[int, list[tuple[str, str, str]]] = defaultdict(list)
        for stream, plan in zip(problem.streams, part.plans, strict=True):
            for tier, size in zip(stream.tiers, plan.size, strict=True):
                place = tier.facilities.place
                for j in np.flatnonzero((size[t] >= 0) & (place >= 0)).tolist():
                    tenants[int(place[j])].append((stream.id, tier.id, tier.facilities.ids[j]))
        for p, there in sorted(tenants.items()):
            if len(there) > 1 and name in {one[0] for one in there}:
                again = len(there) - 1
                yield SharedSite(
                    year,
                    problem.places.ids[p],
                    tuple(there),
                    again * float(problem.places.shared_cost_cny_per_yr[p]),
                    again * float(problem.places.shared_land_m2[p]),
                )


def _zones(part: ProgrammePart, name: str) -> Iterator[Zone]:
    s = part.problem.stream_ids.index(name)
    stream, plan = part.problem.streams[s], part.plans[s]
    rule = stream.contiguity
    if rule is None:
        return
    facilities = stream.tier(rule.tier).facilities
    for t, year in enumerate(part.problem.phases.years):
        served: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for n in stream.legs_to(rule.tier):
            leg, flow = stream.legs[n], plan.flows[n]
            if leg.origin != DEMAND:
                continue
            here = flow.phase == t
            points, sites = leg.row[flow.arc[here]], leg.to[flow.arc[here]]
            for i, j, tonnes in zip(
                points.tolist(), sites.tolist(), flow.tonnes[here].tolist(), strict=True
            ):
                served[j][int(stream.demand.district[i])] += tonnes
        for j, districts in sorted(served.items()):
            names = [part.problem.districts[g] for g in sorted(districts) if g >= 0]
            total = float(sum(districts.values()))
            yield Zone(year, rule.tier, facilities.ids[j], tuple(names), total)


def _missed(part: ProgrammePart, name: str) -> Iterator[CountMissed]:
    problem = part.problem
    for one in problem.quotas:
        if one.stream != name:
            continue
        for t in problem.quota_phases(one).tolist():
            if any(off_quota(problem, part.plans, one, t)):
                yield CountMissed(
                    problem.phases.years[t],
                    one.tier,
                    one.name,
                    one.strength.value,
                    opened_in(problem, part.plans, one, t),
                    one.minimum,
                    one.maximum,
                )


def _stocks(part: ProgrammePart, name: str) -> Iterator[Stock]:
    problem = part.problem
    stream = problem.stream(name)
    plan = part.plans[problem.stream_ids.index(name)]
    peaks = {
        (one.year, one.tier, one.facility): one.peak_stock_t
        for one in loads(problem, part.plans)
        if one.stream == name
    }
    for t, year in enumerate(problem.phases.years):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            if tier.seasons is None:
                continue
            ids = tier.facilities.ids
            by_week = stocks(problem, part.plans, name, tier.id, t)
            for j in np.flatnonzero(size[t] >= 0).tolist():
                room = float(tier.facilities.storage_t[size[t, j]])
                yield Stock(
                    year,
                    tier.id,
                    ids[j],
                    peaks[year, tier.id, ids[j]],
                    room if np.isfinite(room) else None,
                    tuple(by_week[ids[j]]),
                )

"""Tables of a programme: what is built when, what passes through, what is in stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.tiered.checker import investments
from planner.tiered.loads import served_share, taken_in
from planner.tiered.objectives import CostLine, Plans, costs, district_means
from planner.tiered.problem import TieredProblem

__all__ = [
    "CostLine",
    "Load",
    "Step",
    "costs",
    "coverage",
    "district_means",
    "investments",
    "loads",
    "programme",
    "stocks",
]


@dataclass(frozen=True)
class Step:
    """One line of the building programme.

    ``action`` is "keep", "build", "expand", "close" (what stood and is open no more) or "end" (its
    years are over); ``size`` is the option within the facility, -1 where it closes.
    """

    year: int
    stream: str
    tier: str
    facility: str
    action: str
    size: int
    investment_cny: float
    land_m2: float


@dataclass(frozen=True)
class Load:
    """What an open facility takes in during a year of a phase, and how full that is."""

    year: int
    stream: str
    tier: str
    facility: str
    taken_in_t_per_yr: float
    capacity_t_per_yr: float
    peak_stock_t: float

    @property
    def utilisation(self) -> float:
        """Share of the capacity that is used; 0 where capacity is unlimited."""
        if not np.isfinite(self.capacity_t_per_yr) or self.capacity_t_per_yr == 0:
            return 0.0
        return self.taken_in_t_per_yr / self.capacity_t_per_yr


def programme(problem: TieredProblem, plans: Plans) -> list[Step]:
    """What to open, expand and close when; what is kept is listed in the first phase only."""
    steps: list[Step] = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            part, alive = tier.facilities, problem.alive(tier)
            for j, name in enumerate(part.ids):
                before = int(part.existing_size[j])
                for t, year in enumerate(problem.phases.years):
                    now = int(size[t, j])
                    may_close = bool(alive[t, j] and part.existing[j])
                    action = _action(before, now, first=t == 0, may_close=may_close)
                    if action:
                        old = float(part.investment_cny[before]) if before >= 0 else 0.0
                        built = action in ("build", "expand")
                        cost = float(part.investment_cny[now]) - old if built else 0.0
                        land = float(part.land_m2[now]) if now >= 0 else 0.0
                        option = now - int(part.size_start[j]) if now >= 0 else -1
                        steps.append(
                            Step(year, stream.id, tier.id, name, action, option, cost, land)
                        )
                    before = now
    return sorted(steps, key=lambda one: (one.year, one.stream, one.tier, one.facility))


def _action(before: int, now: int, *, first: bool, may_close: bool) -> str:
    if now >= 0:
        if before < 0:
            return "build"
        if now != before:
            return "expand"
        return "keep" if first else ""
    if before >= 0:
        return "close" if may_close else "end"
    return ""


def loads(problem: TieredProblem, plans: Plans) -> list[Load]:
    """Throughput, usable capacity and peak stock of every open facility, phase by phase."""
    found = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier, size in zip(stream.tiers, plan.size, strict=True):
            taken = taken_in(stream, plan, tier.id, len(problem.phases))
            usable = tier.usable_capacity_t_per_yr
            peak = 0.0 if tier.seasons is None else tier.seasons.peak_stock
            for t, j in np.argwhere(size >= 0).tolist():
                tonnes = float(taken[t, j])
                found.append(
                    Load(
                        problem.phases.years[t],
                        stream.id,
                        tier.id,
                        tier.facilities.ids[j],
                        tonnes,
                        float(usable[size[t, j]]),
                        peak * tonnes,
                    )
                )
    return found


def stocks(
    problem: TieredProblem, plans: Plans, stream_id: str, tier_id: str, phase: int
) -> dict[str, list[float]]:
    """Stock at the end of each period of the year, in tonnes, for each open facility of a tier."""
    s = problem.stream_ids.index(stream_id)
    stream, plan = problem.streams[s], plans[s]
    tier = stream.tier(tier_id)
    if tier.seasons is None:
        return {}
    taken = taken_in(stream, plan, tier_id, len(problem.phases))[phase]
    size = plan.size[stream.tier_ids.index(tier_id)][phase]
    level = tier.seasons.relative_stock
    return {tier.facilities.ids[j]: (taken[j] * level).tolist() for j in np.flatnonzero(size >= 0)}


def coverage(problem: TieredProblem, plans: Plans) -> dict[tuple[str, int], tuple[float, float]]:
    """(stream, year) -> share of all tonnes, and of all people, that is served."""
    found = {}
    for stream, plan in zip(problem.streams, plans, strict=True):
        share = served_share(stream, plan, len(problem.phases))
        people = float(stream.demand.people.sum())
        for t, year in enumerate(problem.phases.years):
            tonnes = float(stream.demand.tonnes[t].sum())
            served = float(share[t] @ stream.demand.tonnes[t])
            reached = float(share[t] @ stream.demand.people)
            found[stream.id, year] = (
                served / tonnes if tonnes else 1.0,
                reached / people if people else 1.0,
            )
    return found

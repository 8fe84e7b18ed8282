"""A programme's solution as the tables of a plan: each phase as if it were planned by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.stacking import stacked
from planner.problem import Objective
from planner.solution import Certificate, SitingSolution
from planner.tiered import DEMAND, TieredSolution
from planner.tiered import StreamPlan as TieredPlan
from planner.tiered.loads import sent_on
from planner.tiered.problem import Stream
from scenarios.answers import (
    TierAnswer,
    assignments_table,
    demand_table,
    facilities_table,
    is_open,
)
from scenarios.indicators import stream_indicators
from scenarios.plan import PhaseState
from scenarios.problems import TierProblem, Wants
from scenarios.programme.levels import Haul, StreamLevels, joined_sites
from scenarios.programme.problem import Programme
from scenarios.schema import Tier
from scenarios.travel import Place, Travel, Trips

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Moved:
    """Flows of one haul in one phase, as positions in the origin and in the tier's sites."""

    haul: Haul
    origin: IntArray
    site: IntArray
    share: FloatArray
    arc: IntArray


def phase_states(
    programme: Programme, solution: TieredSolution, stream: int, travel: Travel
) -> tuple[PhaseState, ...]:
    """What stands and who goes where in each phase of one stream."""
    reader = _Reader(programme, solution, stream, travel)
    states = [reader.state(t) for t in range(len(programme.years))]
    opened = _opening_years([one.facilities for one in states], programme.years)
    return tuple(
        replace(one, facilities=one.facilities.assign(phase=_phase_texts(one.facilities, opened)))
        for one in states
    )


class _Reader:
    """Reads one stream of a solution, phase by phase."""

    def __init__(
        self, programme: Programme, solution: TieredSolution, stream: int, travel: Travel
    ) -> None:
        self.levels: StreamLevels = programme.levels[stream]
        self.stream: Stream = programme.problem.streams[stream]
        self.plan: TieredPlan = solution.streams[stream]
        self.years = programme.years
        self.certificate = solution.certificate
        self.travel = travel

    def state(self, t: int) -> PhaseState:
        """One phase."""
        levels = self.levels
        answers = [self._answer(tier, t) for tier in levels.tiers]
        facilities = stacked(
            [
                facilities_table(one, levels.sites[one.tier.id].closed, levels.profile)
                for one in answers
            ]
        )
        demand = demand_table(
            self._service(t), levels.points.basis, self.travel, levels.profile, self._promised_m()
        )
        # A point whose nearest sites lead nowhere is as far from a way as one without any.
        nowhere = ~self.stream.reachable & (demand["reason"] != "no_road").to_numpy()
        demand.loc[nowhere, "reason"] = "no_candidate_in_reach"
        return PhaseState(
            year=self.years[t],
            facilities=facilities,
            demand=demand,
            assignments=pd.concat([self._assignments(one) for one in answers], ignore_index=True),
            indicators=stream_indicators(answers, facilities, demand),
        )

    def _assignments(self, answer: TierAnswer) -> pd.DataFrame:
        """The tier's flows, each with the level that it comes from (``from_tier``)."""
        table = assignments_table(answer)
        hauls = self.levels.hauls_to(answer.tier.id)
        ends = np.cumsum([len(one.tier_problem.wants) for one in hauls])
        which = np.searchsorted(ends, answer.demand, side="right")
        ids = np.concatenate([np.array(one.tier_problem.wants.place.ids, object) for one in hauls])
        origins = np.array([one.origin for one in hauls], object)
        return table.assign(from_id=ids[answer.demand], from_tier=origins[which])

    def _moved(self, tier: str, t: int) -> list[_Moved]:
        """Flows that arrive at a tier."""
        found = []
        for haul, leg, flow in zip(
            self.levels.hauls, self.stream.legs, self.plan.flows, strict=True
        ):
            if haul.destination == tier:
                here = flow.phase == t
                arc = flow.arc[here]
                found.append(_Moved(haul, leg.row[arc], leg.to[arc], flow.share[here], arc))
        return found

    def _tonnes(self, level: str, t: int) -> FloatArray:
        """(o,) tonnes a year that each point of a level has to send on."""
        if level == DEMAND:
            return np.asarray(self.stream.demand.tonnes[t], np.float64)
        return np.asarray(sent_on(self.stream, self.plan, level, len(self.years))[t], np.float64)

    def _size(self, tier: Tier, t: int) -> IntArray:
        terminal = self.levels.terminal
        if terminal is not None and tier.id == terminal.id:
            # Ends that are given stand whatever the plan; their only size is what they have.
            found = self.levels.hauls_to(tier.id)[0].tier_problem.problem.sites
            return np.asarray(found.size_start[:-1], np.int64)
        return np.asarray(self.plan.size[self.stream.tier_ids.index(tier.id)][t], np.int64)

    def _answer(self, tier: Tier, t: int) -> TierAnswer:
        """A tier with everything that comes to it, from whichever level."""
        moved = self._moved(tier.id, t)
        problem = _stacked(
            [one.haul for one in moved], [self._tonnes(one.haul.origin, t) for one in moved], tier
        )
        offsets = np.cumsum([0, *(len(one.haul.tier_problem.wants) for one in moved)])[:-1]
        return _tier_answer(
            problem,
            self._siting(self._size(tier, t)),
            demand=np.concatenate(
                [one.origin + offset for one, offset in zip(moved, offsets, strict=True)]
            ),
            site=np.concatenate([one.site for one in moved]),
            share=np.concatenate([one.share for one in moved]),
            length=[_lengths(one) for one in moved],
        )

    def _service(self, t: int) -> TierAnswer:
        """Who takes from the demand points, of whichever tier."""
        tiers = self._taking_from_demand()
        moved = [
            one for tier in tiers for one in self._moved(tier.id, t) if one.haul.origin == DEMAND
        ]
        counts = [len(self.levels.sites[tier.id].sites) for tier in tiers]
        offsets = np.cumsum([0, *counts])[:-1]
        first = moved[0].haul.tier_problem
        names = tuple(tier.id for tier in tiers)
        sites = joined_sites(self.levels, names)
        wants = replace(first.wants, tonnes=self._tonnes(DEMAND, t))
        problem = replace(
            _joined(first, [one.haul.tier_problem.trips for one in moved], offsets.tolist()),
            wants=wants,
            sites=sites,
            site_place=Place.of(sites, f"{self.levels.profile.id}:served by:{'+'.join(names)}"),
            tier=self.levels.tiers[0],
        )
        size = np.concatenate([self._size(tier, t) for tier in tiers])
        return _tier_answer(
            problem,
            self._siting(size),
            demand=np.concatenate([one.origin for one in moved]),
            site=np.concatenate(
                [one.site + offset for one, offset in zip(moved, offsets, strict=True)]
            ),
            share=np.concatenate([one.share for one in moved]),
            length=[_lengths(one) for one in moved],
        )

    def _taking_from_demand(self) -> list[Tier]:
        """Tiers that points haul to, those that others are passed over for among them."""
        return [
            one for one in self.levels.tiers
            if any(haul.origin == DEMAND for haul in self.levels.hauls_to(one.id))
        ]  # fmt: skip

    def _promised_m(self) -> FloatArray:
        """(m,) radius of each site in :meth:`_service`, NaN where its tier promises none."""
        tiers = self._taking_from_demand()
        radii = [np.nan if one.radius_m is None else one.radius_m for one in tiers]
        return np.repeat(radii, [len(self.levels.sites[one.id].sites) for one in tiers])

    def _siting(self, size: IntArray) -> SitingSolution:
        none = np.zeros(0, np.int64)
        return SitingSolution(
            self.certificate, Objective.MIN_COST, size, none, none, np.zeros(0), none
        )


def _lengths(moved: _Moved) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    trips = moved.haul.tier_problem.trips
    return trips.out_m[moved.arc], trips.back_m[moved.arc], trips.by_road[moved.arc]


def _tier_answer(
    problem: TierProblem,
    solution: SitingSolution,
    *,
    demand: IntArray,
    site: IntArray,
    share: FloatArray,
    length: Sequence[tuple[FloatArray, FloatArray, NDArray[np.bool_]]],
) -> TierAnswer:
    """The flows in a settled order: by point, the largest share first."""
    out_m, back_m, by_road = (np.concatenate([one[k] for one in length]) for k in range(3))
    order = np.lexsort((site, -share, demand))
    return TierAnswer(
        tier_problem=problem,
        solution=solution,
        demand=demand[order],
        site=site[order],
        share=share[order],
        impedance_m=out_m[order],
        back_m=back_m[order],
        by_road=by_road[order],
    )


def _stacked(hauls: Sequence[Haul], tonnes: Sequence[FloatArray], tier: Tier) -> TierProblem:
    """One problem of several origins: their points one under another, the same sites."""
    parts = [one.tier_problem for one in hauls]
    first = parts[0]
    offsets = np.cumsum([0, *(part.trips.start[-1] for part in parts)])[:-1]
    start = np.concatenate(
        [[0], *(part.trips.start[1:] + o for part, o in zip(parts, offsets, strict=True))]
    )
    trips = Trips(
        start.astype(np.int64),
        *(
            np.concatenate([getattr(part.trips, name) for part in parts])
            for name in ("site", "out_m", "back_m", "by_road")
        ),
    )
    arcs = replace(
        first.problem.arcs,
        start=trips.start,
        site=trips.site,
        impedance=trips.out_m,
        cost=np.concatenate(
            [
                part.problem.arcs.cost * weight[part.trips.row]
                for part, weight in zip(parts, tonnes, strict=True)
            ]
        ),
    )
    wants = _stacked_wants([part.wants for part in parts], tonnes)
    demand = replace(first.problem.demand, ids=wants.place.ids, weight=wants.tonnes)
    return replace(
        first,
        tier=tier,
        problem=replace(first.problem, demand=demand, arcs=arcs, quotas=()),
        wants=wants,
        trips=trips,
        on_road=np.concatenate([part.on_road for part in parts]),
    )


def _stacked_wants(parts: Sequence[Wants], tonnes: Sequence[FloatArray]) -> Wants:
    if len(parts) == 1:
        return replace(parts[0], tonnes=tonnes[0], weight=tonnes[0])
    columns = ["id", "name", "district", "population", "geometry"]
    table = gpd.GeoDataFrame(
        pd.concat([part.table[columns] for part in parts], ignore_index=True),
        geometry="geometry",
        crs="EPSG:4326",
    )
    weight = np.concatenate(tonnes)
    key = "+".join(part.place.key for part in parts)
    place = Place(
        key,
        # A village and the point in it may share an id; they are told apart by their level.
        tuple(f"{n}/{one}" if n else one for n, part in enumerate(parts) for one in part.place.ids),
        np.concatenate([part.place.lon for part in parts]),
        np.concatenate([part.place.lat for part in parts]),
    )
    return Wants(table, place, weight, weight, "t/yr")


def _joined(first: TierProblem, trips: Sequence[Trips], offsets: Sequence[int]) -> TierProblem:
    """The same points with the sites of several tiers side by side."""
    row = np.concatenate([one.row for one in trips])
    site = np.concatenate([one.site + o for one, o in zip(trips, offsets, strict=True)])
    order = np.lexsort((site, row))
    start = np.zeros(len(first.wants) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(first.wants)), out=start[1:])
    merged = Trips(
        start,
        site[order],
        *(
            np.concatenate([getattr(one, name) for one in trips])[order]
            for name in ("out_m", "back_m", "by_road")
        ),
    )
    return replace(first, trips=merged)


def _opening_years(
    states: Sequence[gpd.GeoDataFrame], years: Sequence[int]
) -> Mapping[tuple[str, str], int]:
    """Year in which each site is first new, expanded or closed, by tier and id."""
    found: dict[tuple[str, str], int] = {}
    for table, year in zip(states, years, strict=True):
        changed = table[table["status"].isin(("new", "expanded", "closed"))]
        for key in zip(changed["tier"], changed["id"].astype(str), strict=True):
            found.setdefault(key, year)
    return found


def _phase_texts(table: gpd.GeoDataFrame, opened: Mapping[tuple[str, str], int]) -> list[str]:
    """The year of a site's change, "" where nothing changes."""
    acts = is_open(table["status"]) | (table["status"] == "closed")
    return [
        str(opened[key]) if acting and key in opened else ""
        for key, acting in zip(
            zip(table["tier"], table["id"].astype(str), strict=True), acts, strict=True
        )
    ]


def stream_certificate(certificate: Certificate, objective: float, bound: float) -> Certificate:
    """The certificate of one group of streams: its own part of objective and bound."""
    return replace(certificate, objective=objective, bound=min(bound, objective))

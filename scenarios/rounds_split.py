"""Shared stores for clusters of producers, rounds for the scattered, beside both extremes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.routes import (
    Depots,
    DisposalSites,
    RoundsProblem,
    RoundsSettings,
    RoundsSolution,
    Stops,
    plan_rounds,
)
from planner.routes.estimate import HaulEstimate, HaulFactors, fitted
from planner.routes.stores import Split, SplitComparison, StoreChoice, choose_split
from scenarios.rounds import RoundsPlan, StreamRounds
from scenarios.rounds_costs import RoundsCosts, rounds_costs
from scenarios.wording import number, translator

CNY_PER_WAN = 10_000.0
M_PER_KM = 1_000.0
EVALUATIONS = 8
"""Times that rounds are really planned: both extremes, the finalists, the first to fit to."""


@dataclass(frozen=True, eq=False)
class StreamSplit:
    """The comparison of one stream.

    Parameters
    ----------
    stores : (m,) names of the places that could be stores
    factors : of the estimate that chose which sets to plan
    """

    stream: str
    comparison: SplitComparison
    stores: tuple[str, ...]
    producers: tuple[str, ...]
    factors: HaulFactors

    def rows(self) -> list[tuple[str, Split]]:
        """The three ways, the split first."""
        one = self.comparison
        return [
            ("split", one.best), ("all_rounds", one.all_rounds), ("all_stores", one.all_stores),
        ]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        found: dict[str, Any] = {
            name: {
                "cost_wan_cny_per_yr": one.cost_cny / CNY_PER_WAN,
                "stores_wan_cny_per_yr": one.stores_cny / CNY_PER_WAN,
                "bringing_wan_cny_per_yr": one.bringing_cny / CNY_PER_WAN,
                "rounds_wan_cny_per_yr": one.rounds_cny / CNY_PER_WAN,
                "stores": [self.stores[j] for j in np.flatnonzero(one.opened)],
                "bring": int((one.store_of >= 0).sum()),
                "visited": int((one.store_of < 0).sum()),
            }
            for name, one in self.rows()
        }
        found["estimate_error"] = self.factors.error
        return found

    def lines(self, lang: str) -> list[str]:
        """One line for each of the three ways."""
        _ = translator(lang)
        names = {
            "split": _("stores and rounds"),
            "all_rounds": _("rounds to everybody"),
            "all_stores": _("a store within reach of everybody"),
        }
        text = _(
            "{name}: {cost} (10,000 CNY a year); {stores} stores, {bring} bring, {visited} visited"
        )
        return [
            text.format(
                name=names[name], cost=number(one.cost_cny / CNY_PER_WAN, 1),
                stores=int(one.opened.sum()), bring=int((one.store_of >= 0).sum()),
                visited=int((one.store_of < 0).sum()),
            )
            for name, one in self.rows()
        ]  # fmt: skip


def split_streams(rounds: RoundsPlan, settings: RoundsSettings) -> dict[str, StreamSplit]:
    """The split of every stream of the rounds."""
    return {key: split_stream(one, settings) for key, one in rounds.streams.items()}


def split_stream(one: StreamRounds, settings: RoundsSettings) -> StreamSplit:
    """Stores for clusters and rounds for the scattered producers of one stream.

    The lorries are those of the stream's rounds, stand at its largest open site and empty there.
    """
    costs = rounds_costs()
    each = RoundsSettings(
        max(settings.time_limit_s / EVALUATIONS, 0.5), settings.seed, settings.iterations
    )
    base = _base(one)
    cycles = one.case.cycles_per_yr
    everybody = _solved(base, each)
    factors = fitted(base, [everybody])
    roads = base.matrices[base.vehicles[0].matrix].distance_m
    places = _candidates(base, roads, costs)
    choice = _choice(base, roads, places, cycles, costs)
    stops = base.stops
    widened = replace(base, stops=_with_stores(base, places, np.zeros(len(places))))
    estimate = HaulEstimate(
        widened, factors, len(stops), float(stops.visits[0]) * cycles, base.vehicles[0].payload_t
    )

    def rounds_cost(store_of: np.ndarray) -> float:
        if (store_of < 0).all():
            found, problem = everybody, base
        else:
            problem = _visiting(base, places, store_of)
            found = _solved(problem, each)
        missing = sum(unserved.missing for unserved in found.unserved)
        return float("inf") if missing else found.cost_cny(problem) * cycles

    comparison = choose_split(choice, estimate, rounds_cost)
    names = one.case.stops["name"].astype(str)
    return StreamSplit(
        one.case.stream.profile.id,
        comparison,
        tuple(names.iloc[place] for place in places),
        tuple(names),
        factors,
    )


def _solved(problem: RoundsProblem, settings: RoundsSettings) -> RoundsSolution:
    return plan_rounds(problem, settings)


def _base(one: StreamRounds) -> RoundsProblem:
    """The stream's rounds from one depot, its largest open site, without service areas."""
    problem = one.case.problem
    taken = pd.to_numeric(one.case.sites["throughput_t_per_yr"], errors="coerce").fillna(0.0)
    site = int(np.argmax(taken.to_numpy()))
    stops = replace(problem.stops, territory=np.full(len(problem.stops), -1))
    vehicle = replace(problem.vehicles[0], available=(None,))
    return replace(
        problem,
        stops=stops,
        territories=(),
        vehicles=(vehicle,),
        depots=Depots((problem.depots.ids[site],), problem.depots.place[[site]]),
        disposal=DisposalSites.simple(
            (problem.disposal.ids[site],), problem.disposal.place[[site]],
            unload_s=problem.disposal.unload_s[[site]],
        ),
    )  # fmt: skip


def _candidates(base: RoundsProblem, roads: np.ndarray, costs: RoundsCosts) -> np.ndarray:
    """Producers with the most others within reach, each in a neighbourhood of its own."""
    place = base.stops.place
    near = roads[np.ix_(place, place)] <= costs.shared_store.reach_km * M_PER_KM
    left = near.copy()
    chosen: list[int] = []
    while len(chosen) < min(costs.shared_store.candidates, len(place)):
        gain = left.sum(axis=0)
        gain[chosen] = -1
        best = int(np.argmax(gain))
        if gain[best] < 2:
            break
        chosen.append(best)
        # What a store already near takes counts half for the next: neighbours may both be worth it.
        left = left & ~np.outer(near[:, best], np.ones(len(place), bool))
    return np.array(chosen, np.int64)


def _choice(
    base: RoundsProblem, roads: np.ndarray, places: np.ndarray, cycles: float, costs: RoundsCosts
) -> StoreChoice:
    store = costs.shared_store
    lorry = costs.lorry(store.bring_vehicle)
    stop = base.stops.place
    there = roads[np.ix_(stop, stop[places])]
    back = roads[np.ix_(stop[places], stop)].T
    way_km = (there + back) / M_PER_KM
    trip_cny = way_km * lorry.cny_per_km + store.bring_h_per_trip * costs.crew_cny_per_h
    # The producer that offers the room carries its own across the yard.
    trip_cny = np.where(way_km == 0, 0.0, trip_cny)
    bring = np.where(
        there <= store.reach_km * M_PER_KM, trip_cny * store.bring_trips_per_yr, np.inf
    )
    yearly = store.investment_wan_cny / store.lifetime_yr + store.operation_wan_cny_per_yr
    tonnes = base.stops.amount_t.sum(axis=1) * base.stops.visits * cycles
    return StoreChoice(
        tonnes,
        np.full(len(places), yearly * CNY_PER_WAN),
        bring,
        np.full(len(places), store.capacity_t_per_yr),
    )


def _with_stores(base: RoundsProblem, places: np.ndarray, per_visit_t: np.ndarray) -> Stops:
    """The stops with a stop for each store after them, visited as often as a producer."""
    stops = base.stops
    rows = np.concatenate((np.arange(len(stops)), places))
    amount = np.concatenate((stops.amount_t, np.asarray(per_visit_t)[:, None]))
    return replace(
        _taken(stops, rows),
        ids=(*stops.ids, *(f"store-{stops.ids[place]}" for place in places)),
        amount_t=amount,
        divisible=np.ones(len(rows), bool),
    )


def _taken(stops: Stops, rows: np.ndarray) -> Stops:
    """Some of the stops, one perhaps several times (ids are then the caller's to set)."""
    names = (
        "place", "amount_t", "amount_m3", "service_s", "opens_s", "closes_s", "visits",
        "smallest_gap_days", "largest_gap_days", "days", "area", "territory", "divisible",
    )  # fmt: skip
    ids = tuple(f"{k}-{stops.ids[row]}" for k, row in enumerate(rows))
    return Stops(ids, **{name: getattr(stops, name)[rows] for name in names})


def _visiting(base: RoundsProblem, places: np.ndarray, store_of: np.ndarray) -> RoundsProblem:
    """Rounds to the producers that bring nothing, and to the stores with what they hold."""
    brings = store_of >= 0
    tonnes = base.stops.amount_t.sum(axis=1) * base.stops.visits
    held = np.bincount(store_of[brings], tonnes[brings], minlength=len(places))
    visits = float(base.stops.visits[0])
    stops = _with_stores(base, places, held / visits)
    rows = np.concatenate(
        (np.flatnonzero(~brings), len(base.stops) + np.flatnonzero(held > 0))
    )  # fmt: skip
    kept = replace(_taken(stops, rows), ids=tuple(stops.ids[row] for row in rows))
    return replace(base, stops=kept)

"""Shared stores that clusters of producers could have: where, at what price, and their rounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.routes import RoundsProblem, Stops
from planner.routes.fleet import M_PER_KM
from planner.routes.stores import StoreChoice
from scenarios.rounds_costs import RoundsCosts
from scenarios.sizes import WAN

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STORE_PREFIX = "store-"
"""Before the id of its host it is the id of a shared store."""


def store_places(base: RoundsProblem, roads: FloatArray, costs: RoundsCosts) -> IntArray:
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


def store_choice(
    base: RoundsProblem, roads: FloatArray, places: IntArray, cycles: float, costs: RoundsCosts
) -> StoreChoice:
    """Costs a year of stores at producers' places; nobody brings anything to another territory."""
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
    area = base.stops.territory
    other = (area[:, None] != area[None, places]) & (area[:, None] >= 0) & (area[None, places] >= 0)
    bring = np.where(other, np.inf, bring)
    yearly = store.investment_wan_cny / store.lifetime_yr + store.operation_wan_cny_per_yr
    tonnes = base.stops.amount_t.sum(axis=1) * base.stops.visits * cycles
    return StoreChoice(
        tonnes,
        np.full(len(places), yearly * WAN),
        bring,
        np.full(len(places), store.capacity_t_per_yr),
    )


def with_stores(base: RoundsProblem, places: IntArray, store_of: IntArray | None = None) -> Stops:
    """The stops with a stop for each store after them, visited as rarely as the rarest producer.

    Parameters
    ----------
    store_of : (n,) whose amounts a store holds, -1 those of producers that bring nothing
    """
    stops = base.stops
    store_of = np.full(len(stops), -1) if store_of is None else store_of
    rows = np.concatenate((np.arange(len(stops)), places))
    amounts = {
        name: np.concatenate((getattr(stops, name), _held(stops, name, store_of, len(places))))
        for name in ("amount_t", "amount_m3")
    }
    rare = np.concatenate((np.arange(len(stops)), np.full(len(places), np.argmin(stops.visits))))
    calendar = {
        name: getattr(stops, name)[rare]
        for name in ("visits", "smallest_gap_days", "largest_gap_days", "days")
    }
    return replace(
        _taken(stops, rows),
        ids=(*stops.ids, *(STORE_PREFIX + stops.ids[place] for place in places)),
        **amounts,
        divisible=np.ones(len(rows), bool),
        **calendar,
    )


def _held(stops: Stops, amount: str, store_of: IntArray, stores: int) -> FloatArray:
    """(stores, s) what each holds of every kind when it is visited."""
    per_cycle = getattr(stops, amount) * stops.visits[:, None]
    held = np.zeros((stores, per_cycle.shape[1]))
    brings = store_of >= 0
    np.add.at(held, store_of[brings], per_cycle[brings])
    return held / float(stops.visits.min())


def _taken(stops: Stops, rows: np.ndarray) -> Stops:
    """Some of the stops, one perhaps several times (ids are then the caller's to set)."""
    names = (
        "place", "amount_t", "amount_m3", "service_s", "opens_s", "closes_s", "visits",
        "smallest_gap_days", "largest_gap_days", "days", "area", "territory", "divisible",
    )  # fmt: skip
    ids = tuple(f"{k}-{stops.ids[row]}" for k, row in enumerate(rows))
    return Stops(ids, **{name: getattr(stops, name)[rows] for name in names})


def visited_rows(store_of: IntArray, stores: int) -> IntArray:
    """Positions among producers and stores after them: who is called at."""
    held = np.bincount(store_of[store_of >= 0], minlength=stores)
    return np.concatenate((np.flatnonzero(store_of < 0), len(store_of) + np.flatnonzero(held)))


def with_rounds_to_stores(
    base: RoundsProblem, places: IntArray, store_of: IntArray
) -> RoundsProblem:
    """Rounds to the producers that bring nothing, and to the stores with what they hold."""
    stops = with_stores(base, places, store_of)
    rows = visited_rows(store_of, len(places))
    kept = replace(_taken(stops, rows), ids=tuple(stops.ids[row] for row in rows))
    return replace(base, stops=kept)

"""Shared stores as they were decided before, in rounds after a change.

Who brings where stays. A store whose host is no longer there closes, and a store that would hold
more than it may gives up its largest producers: those are visited from then on, as new stops are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from planner.problem import IntArray
from planner.routes.stores import Split, StoreChoice
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_split import StreamSplit, brings_of, case_with_stores, stores_of
from scenarios.rounds_stores import STORE_PREFIX, store_choice, with_rounds_to_stores

NOT_COMPARED = float("nan")


def with_kept_stores(
    case: RoundsCase, brings: Mapping[str, str]
) -> tuple[RoundsCase, StreamSplit | None]:
    """The case with calls at the stores in place of those who bring there.

    Parameters
    ----------
    brings : id of the store of each producer that brings; others are visited
    """
    base, costs = case.problem, rounds_costs()
    at = {name: i for i, name in enumerate(base.stops.ids)}
    stores = dict.fromkeys(brings.values())
    hosts = [at[host] for one in stores if (host := one.removeprefix(STORE_PREFIX)) in at]
    if not hosts:
        return case, None
    places = np.array(hosts, np.int64)
    store_at = {STORE_PREFIX + base.stops.ids[host]: k for k, host in enumerate(hosts)}
    wished = np.array([store_at.get(brings.get(one, ""), -1) for one in base.stops.ids], np.int64)
    roads = base.matrices[base.vehicles[0].matrix].distance_m
    choice = store_choice(base, roads, places, case.cycles_per_yr, costs)
    store_of = _within_capacity(choice, wished)
    opened = np.bincount(store_of[store_of >= 0], minlength=len(places)) > 0
    kept = Split(opened, store_of, NOT_COMPARED, NOT_COMPARED, NOT_COMPARED)
    problem = with_rounds_to_stores(base, places, store_of)
    table = stores_of(case, choice, places, kept)
    lines = brings_of(case, choice, places, kept, roads)
    split = StreamSplit(case.stream.profile.id, table, lines)
    return case_with_stores(case, problem, kept, places, table), split


def _within_capacity(choice: StoreChoice, store_of: IntArray) -> IntArray:
    """The same without the largest producers of stores that would hold too much."""
    kept = store_of.copy()
    for j, most_t in enumerate(choice.capacity_t):
        mine = np.flatnonzero(kept == j)
        smallest_first = mine[np.argsort(choice.producer_t[mine], kind="stable")]
        held_t = np.cumsum(choice.producer_t[smallest_first])
        kept[smallest_first[held_t > most_t * (1 + 1e-9)]] = -1
    return kept

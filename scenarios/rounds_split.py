"""Shared stores for clusters of producers, rounds for the scattered, beside both extremes.

The rounds that a plan then has are those of the cheapest of the three: to the producers that bring
nothing, and to the stores with what they hold.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.routes import (
    OnRounds,
    RoundsProblem,
    RoundsProgress,
    RoundsSettings,
    RoundsSolution,
    plan_rounds,
)
from planner.routes.estimate import HaulEstimate, HaulFactors, fitted
from planner.routes.fleet import M_PER_KM
from planner.routes.stores import Split, SplitComparison, StoreChoice, choose_split
from planner.solution import Cancelled, Outcome
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_stores import (
    STORE_PREFIX,
    store_choice,
    store_places,
    visited_rows,
    with_rounds_to_stores,
    with_stores,
)
from scenarios.sizes import WAN
from scenarios.wording import quantity, translator

EVALUATIONS = 8
"""Times that rounds are really planned: both extremes, the finalists, the first to fit to."""
LAST_SHARE = 0.5
"""Of the time, for better rounds of the best way and of both extremes, the same for each."""
STORE_NAME = "{name}共享暂存点"

WAY_NAMES = ("split", "all_rounds", "all_stores")
STORE_COLUMNS = ("id", "name", "district", "producers", "t_per_yr", "cost_cny_per_yr", "geometry")
BRING_COLUMNS = ("from_id", "from_name", "to_id", "to_name", "t_per_yr", "way_km", "geometry")

Solved = tuple[RoundsProblem, RoundsSolution]


@dataclass(frozen=True, eq=False)
class StreamSplit:
    """Shared stores of one stream, and the ways that were compared.

    Parameters
    ----------
    comparison : None where the stores are those of an earlier plan and nothing was compared
    figures : of the rounds of each way: lorries, km_per_yr, hours_per_yr, co2_t_per_yr
    factors : of the estimate that chose which sets to plan
    stores : STORE_COLUMNS, of those that open
    brings : BRING_COLUMNS, a line from each producer that brings to its store
    """

    stream: str
    stores: gpd.GeoDataFrame
    brings: gpd.GeoDataFrame
    comparison: SplitComparison | None = None
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    factors: HaulFactors | None = None

    def rows(self) -> list[tuple[str, Split]]:
        """The three ways, the split first; none where nothing was compared."""
        one = self.comparison
        if one is None:
            return []
        return list(zip(WAY_NAMES, (one.best, one.all_rounds, one.all_stores), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a way that leaves somebody unserved has no cost."""
        found: dict[str, Any] = {
            name: {
                "cost_wan_cny_per_yr": _finite(one.cost_cny / WAN),
                "stores_wan_cny_per_yr": one.stores_cny / WAN,
                "bringing_wan_cny_per_yr": one.bringing_cny / WAN,
                "rounds_wan_cny_per_yr": _finite(one.rounds_cny / WAN),
                "stores": int(one.opened.sum()),
                "bring": int((one.store_of >= 0).sum()),
                "visited": int((one.store_of < 0).sum()),
                **self.figures[name],
            }
            for name, one in self.rows()
        }
        found["stores"] = self.stores.drop(columns="geometry").to_dict(orient="records")
        brings = zip(self.brings["from_id"], self.brings["to_id"], strict=True)
        found["brings"] = {str(one): str(to) for one, to in brings}
        if self.factors is not None:
            found["estimate_error"] = self.factors.error
        return found

    def names(self, lang: str) -> dict[str, str]:
        """What the three ways are called."""
        _ = translator(lang)
        return {
            "split": _("stores and rounds"),
            "all_rounds": _("rounds to everybody"),
            "all_stores": _("a store within reach of everybody"),
        }

    def lines(self, lang: str) -> list[str]:
        """One line for each of the three ways, or of the stores that are kept."""
        _ = translator(lang)
        if self.comparison is None:
            kept = _("{stores} shared stores are kept with who brings there: {bring}")
            return [kept.format(stores=len(self.stores), bring=len(self.brings))]
        names = self.names(lang)
        text = _("{name}: {cost}; {stores} stores, {bring} bring, {visited} visited")
        return [
            text.format(
                name=names[name], cost=quantity(one.cost_cny / WAN, "wan_cny_per_yr", lang, 1),
                stores=int(one.opened.sum()), bring=int((one.store_of >= 0).sum()),
                visited=int((one.store_of < 0).sum()),
            )
            for name, one in self.rows()
        ]  # fmt: skip


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def split_case(
    case: RoundsCase, settings: RoundsSettings, listen: OnRounds | None = None
) -> tuple[RoundsCase, RoundsSolution, StreamSplit | None]:
    """Stores for clusters and rounds for the scattered producers of one stream.

    Parameters
    ----------
    case : of the stream, its lorries free to serve any stop of their licence area

    Returns
    -------
    The case and the rounds of the way that costs least, and all three compared; of one that is
    stopped the rounds to everybody, compared with nothing.

    Raises
    ------
    Cancelled
        If the listener asked to stop before there were rounds to everybody.
    """
    planned = _Planning(listen)
    try:
        return _compared(case, settings, planned)
    except (Cancelled, KeyboardInterrupt):
        if planned.first is None:
            raise Cancelled from None
        return case, replace(planned.first, outcome=Outcome.CANCELLED), None


class _Planning:
    """Rounds of one set of stores after the other, for one listener, who ends them all.

    A single search that is stopped answers with the best it has; the comparison ends with it.
    """

    def __init__(self, listen: OnRounds | None) -> None:
        self._listen = listen
        self._begin_s = time.perf_counter()
        self.first: RoundsSolution | None = None

    def __call__(self, problem: RoundsProblem, settings: RoundsSettings) -> RoundsSolution:
        heard = None if self._listen is None else self._heard
        found = plan_rounds(problem, settings, heard)
        self.first = self.first or found
        if found.outcome is Outcome.CANCELLED:
            raise Cancelled
        return found

    def beat(self) -> None:
        """Ask the listener whether to go on."""
        if self._listen is not None:
            self._listen(RoundsProgress("improve", time.perf_counter() - self._begin_s))

    def _heard(self, event: RoundsProgress) -> None:
        assert self._listen is not None  # noqa: S101 - who calls has looked
        if self.first is None:
            self._listen(event)  # rounds to everybody: an answer, if the comparison is stopped
            return
        # Sets of stores cost differently by what no event knows: no price of them is told.
        seconds = time.perf_counter() - self._begin_s
        self._listen(RoundsProgress(event.phase, seconds, rounds=event.rounds))


def _compared(
    case: RoundsCase, settings: RoundsSettings, planned: _Planning
) -> tuple[RoundsCase, RoundsSolution, StreamSplit]:
    costs = rounds_costs()
    each = replace(settings, time_limit_s=max(settings.time_limit_s / EVALUATIONS / 2, 0.5))
    base, cycles = case.problem, case.cycles_per_yr
    roads = base.matrices[base.vehicles[0].matrix].distance_m
    places = store_places(base, roads, costs)
    everybody = planned(base, each)
    factors = fitted([(base, everybody)])
    known: dict[bytes, Solved] = {}

    def rounds_cost(store_of: NDArray[np.int64]) -> float:
        if (store_of < 0).all():
            problem, found = base, everybody
        else:
            problem = with_rounds_to_stores(base, places, store_of)
            found = planned(problem, each)
        known[store_of.tobytes()] = problem, found
        missing = sum(unserved.missing for unserved in found.unserved)
        return float("inf") if missing else found.cost_cny(problem) * cycles

    choice = store_choice(base, roads, places, cycles, costs)
    estimate = HaulEstimate(
        replace(base, stops=with_stores(base, places)), factors,
        len(base.stops), base.stops.visits.astype(np.float64) * cycles, base.vehicles[0].payload_t,
    )  # fmt: skip
    compared = choose_split(choice, estimate, rounds_cost, planned.beat)
    compared, solved = _searched_longer(compared, known, settings, cycles, planned)
    figures = {name: _figures(*solved[name], cycles) for name in WAY_NAMES}
    stores = stores_of(case, choice, places, compared.best)
    brings = brings_of(case, choice, places, compared.best, roads)
    comparison = StreamSplit(case.stream.profile.id, stores, brings, compared, figures, factors)
    problem, found = solved["split"]
    return case_with_stores(case, problem, compared.best, places, stores), found, comparison


def _searched_longer(
    compared: SplitComparison,
    known: Mapping[bytes, Solved],
    settings: RoundsSettings,
    cycles: float,
    planned: _Planning,
) -> tuple[SplitComparison, dict[str, Solved]]:
    """All three ways with equally more time, and the cheapest of them then as the best.

    What is divided is searched on even where an extreme was cheaper: short searches differ by more
    than a few stores save.
    """
    longer = replace(settings, time_limit_s=settings.time_limit_s * LAST_SHARE / len(WAY_NAMES))
    ways: dict[str, tuple[Split, Solved]] = {}
    divided = compared.divided or compared.best
    for name, way in zip(
        WAY_NAMES, (divided, compared.all_rounds, compared.all_stores), strict=True
    ):
        problem, found = known[way.store_of.tobytes()]
        again = planned(problem, longer)
        worth = [(len(one.unserved), one.cost_cny(problem)) for one in (again, found)]
        found = again if worth[0] < worth[1] else found
        cost = float("inf") if found.unserved else found.cost_cny(problem) * cycles
        ways[name] = replace(way, rounds_cny=cost), (problem, found)
    best = min(ways.values(), key=lambda one: one[0].cost_cny)
    solved = {name: one for name, (_way, one) in ways.items()} | {"split": best[1]}
    return SplitComparison(best[0], ways["all_rounds"][0], ways["all_stores"][0]), solved


def _figures(problem: RoundsProblem, found: RoundsSolution, cycles: float) -> dict[str, float]:
    return {
        "lorries": float(sum(found.fleet_needed(problem).values())),
        "km_per_yr": found.distance_m / M_PER_KM * cycles,
        "hours_per_yr": sum(day.hours for day in found.days(problem)) * cycles,
        "co2_t_per_yr": found.co2_kg(problem) * cycles / M_PER_KM,
    }


def stores_of(
    case: RoundsCase, choice: StoreChoice, places: NDArray[np.int64], best: Split
) -> gpd.GeoDataFrame:
    """Those that open, in the order of their positions."""
    at = np.flatnonzero(best.opened)
    hosts = case.stops.iloc[places[at]].reset_index(drop=True)
    held = [float(choice.producer_t[best.store_of == j].sum()) for j in at]
    table = gpd.GeoDataFrame(
        {
            "id": [STORE_PREFIX + name for name in hosts["id"].astype(str)],
            "name": [STORE_NAME.format(name=name) for name in hosts["name"].astype(str)],
            "district": hosts["district"].astype(str),
            "producers": [int((best.store_of == j).sum()) for j in at],
            "t_per_yr": held,
            "cost_cny_per_yr": choice.store_cost[at],
        },
        geometry=gpd.GeoSeries(hosts.geometry, crs="EPSG:4326").representative_point(),
        crs="EPSG:4326",
    )
    return table[list(STORE_COLUMNS)]


def brings_of(
    case: RoundsCase,
    choice: StoreChoice,
    places: NDArray[np.int64],
    best: Split,
    roads: NDArray[np.float64],
) -> gpd.GeoDataFrame:
    """A straight line from each producer to its store; ``way_km`` is on the roads."""
    from_at = np.flatnonzero(best.store_of >= 0)
    to_at = places[best.store_of[from_at]]
    point = gpd.GeoSeries(case.stops.geometry, crs="EPSG:4326").representative_point()
    ids, names = case.stops["id"].astype(str), case.stops["name"].astype(str)
    stop = case.problem.stops.place
    lines = [
        shapely.LineString([(point.iloc[a].x, point.iloc[a].y), (point.iloc[b].x, point.iloc[b].y)])
        for a, b in zip(from_at, to_at, strict=True)
    ]
    table = {
        "from_id": ids.iloc[from_at].to_numpy(),
        "from_name": names.iloc[from_at].to_numpy(),
        "to_id": [STORE_PREFIX + ids.iloc[b] for b in to_at],
        "to_name": [STORE_NAME.format(name=names.iloc[b]) for b in to_at],
        "t_per_yr": choice.producer_t[from_at],
        "way_km": roads[stop[from_at], stop[to_at]] / M_PER_KM,
    }
    return gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")[list(BRING_COLUMNS)]


def case_with_stores(
    case: RoundsCase,
    problem: RoundsProblem,
    best: Split,
    places: NDArray[np.int64],
    stores: gpd.GeoDataFrame,
) -> RoundsCase:
    """The case of the way that is taken: who is called at, stores among them."""
    if not best.opened.any():
        return case
    n = len(best.store_of)
    rows = visited_rows(best.store_of, len(places))
    producers = case.stops.iloc[rows[rows < n]]
    called = stores.rename(columns={"t_per_yr": "demand_t_per_yr"})
    table = pd.concat([producers, called], ignore_index=True)
    stops = gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")
    return replace(case, problem=problem, stops=stops)

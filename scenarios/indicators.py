"""The figures of a stream's plan, each with its formula in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_
from scenarios.answers import TierAnswer, is_open
from scenarios.plan import Indicator
from scenarios.schema import ProblemType
from scenarios.sizes import WAN

FloatArray = NDArray[np.float64]


def stream_indicators(
    answers: Sequence[TierAnswer], facilities: gpd.GeoDataFrame, demand: gpd.GeoDataFrame
) -> tuple[Indicator, ...]:
    """Coverage, distances, sites, tonnes and money of one stream."""
    return (
        *_coverage(demand),
        *_distances(demand),
        *_sites(facilities),
        *_loads(facilities),
        *_money(answers, facilities),
    )


def _coverage(demand: gpd.GeoDataFrame) -> Iterable[Indicator]:
    served = demand["served"].to_numpy(bool)
    tonnes = _numbers(demand["demand_t_per_yr"])
    people = _numbers(demand["population"])
    yield Indicator(
        "served_points",
        N_("points served"),
        _share(served.sum(), len(served)),
        "%",
        N_("points assigned to an open site / all points of the layer"),
    )
    yield Indicator(
        "served_population",
        N_("population served"),
        _share(_sum(people[served]), _sum(people)),
        "%",
        N_("people of the points served / people of all points"),
    )
    yield Indicator(
        "served_tonnes",
        N_("tonnes served"),
        _share(_sum(tonnes[served]), _sum(tonnes)),
        "%",
        N_("tonnes a year of the points served / tonnes a year of all points"),
    )
    yield Indicator(
        "unserved_points",
        N_("points not served"),
        float((~served).sum()),
        "count",
        N_("points without an open site, whatever the reason"),
    )
    judged = demand["within_radius"].notna().to_numpy(bool)
    if judged.any():
        near = demand["within_radius"].fillna(value=False).to_numpy(bool)
        yield Indicator(
            "within_radius",
            N_("points within the service radius"),
            _share(near.sum(), judged.sum()),
            "%",
            N_(
                "points whose site is within its tier's radius, as the tier measures it / points "
                "whose tier promises one"
            ),
        )
        yield Indicator(
            "population_within_radius",
            N_("population within the service radius"),
            _share(_sum(people[near]), _sum(people[judged])),
            "%",
            N_("people of the points within the radius / people of points whose tier promises one"),
        )


def _distances(demand: gpd.GeoDataFrame) -> Iterable[Indicator]:
    metres = _numbers(demand["impedance"])
    straight = _numbers(demand["straight_m"])
    tonnes = np.nan_to_num(_numbers(demand["demand_t_per_yr"]))
    has = ~np.isnan(metres)
    if not has.any():
        return
    yield Indicator(
        "mean_distance",
        N_("mean distance"),
        float(metres[has].mean()),
        "m",
        N_("mean over the points served of the distance to their site, access legs counted"),
    )
    if tonnes[has].sum() > 0:
        yield Indicator(
            "mean_distance_by_tonnes",
            N_("mean distance by tonnes"),
            float(np.average(metres[has], weights=tonnes[has])),
            "m",
            N_("distance weighted by tonnes a year / tonnes a year"),
        )
    yield Indicator(
        "worst_distance",
        N_("longest distance"),
        float(metres[has].max()),
        "m",
        N_("longest distance of any point served"),
    )
    if straight[has].sum() > 0:
        yield Indicator(
            "circuity",
            N_("circuity factor"),
            float(metres[has].sum() / straight[has].sum()),
            "",
            N_("distances as measured / straight-line distances, over the points served"),
        )


def _sites(facilities: gpd.GeoDataFrame) -> Iterable[Indicator]:
    status = facilities["status"]
    counts: tuple[tuple[str, str, pd.Series, str], ...] = (
        ("sites", N_("open sites"), is_open(status), N_("sites kept, expanded or new, all tiers")),
        ("new_sites", N_("new sites"), status == "new", N_("sites that do not stand today")),
        (
            "kept_sites",
            N_("existing sites used"),
            status.isin(("kept", "expanded")),
            N_("sites that stand today and stay open"),
        ),
        ("closed_sites", N_("sites closed"), status == "closed", N_("sites that close or move")),
    )
    for one, name, rows, formula in counts:
        yield Indicator(one, name, float(rows.sum()), "sites", formula)


def _loads(facilities: gpd.GeoDataFrame) -> Iterable[Indicator]:
    opened = facilities[is_open(facilities["status"]).to_numpy(bool)]
    capacity = _numbers(opened["capacity_t_per_yr"])
    limited = ~np.isnan(capacity)
    if not limited.any():
        return
    load = _numbers(opened["throughput_t_per_yr"])
    yield Indicator(
        "capacity",
        N_("capacity"),
        float(capacity[limited].sum()),
        "t/yr",
        N_("sum over the open sites with a stated capacity, all tiers"),
    )
    yield Indicator(
        "load_rate",
        N_("load rate"),
        _share(load[limited].sum(), capacity[limited].sum()),
        "%",
        N_("tonnes handled / capacity, over the open sites with a stated capacity"),
    )


def _money(answers: Sequence[TierAnswer], facilities: gpd.GeoDataFrame) -> Iterable[Indicator]:
    opened = facilities[is_open(facilities["status"]).to_numpy(bool)]
    yield Indicator(
        "investment",
        N_("investment"),
        _sum(_numbers(opened["investment_wan_cny"])),
        "wan_cny",
        N_("sum over new sites and the additions to existing ones"),
    )
    yield Indicator(
        "land",
        N_("land"),
        _sum(_numbers(opened.loc[(opened["status"] == "new").to_numpy(bool), "land_m2"])),
        "m2",
        N_("sum over the new sites"),
    )
    haul = [_tonne_km(answer) for answer in answers]
    yield Indicator(
        "haul",
        N_("haulage"),
        sum(haul),
        "t·km/yr",
        N_("tonnes a year × loaded kilometres, all tiers"),
    )
    if all(answer.tier.problem is ProblemType.CAPACITATED_LOCATION for answer in answers):
        fixed, driven = (sum(_cost(answer, part) for answer in answers) for part in (0, 1))
        yield Indicator(
            "annual_cost",
            N_("annual cost"),
            (fixed + driven) / WAN,
            "wan_cny_per_yr",
            N_("investment by the capital recovery factor + running cost + haulage"),
        )
        yield Indicator(
            "haul_cost",
            N_("haulage cost"),
            driven / WAN,
            "wan_cny_per_yr",
            N_("tonnes × kilometres there and back ÷ 2 × cost of a tonne-kilometre"),
        )


def _tonne_km(answer: TierAnswer) -> float:
    return float(np.nansum(answer.tonnes * answer.impedance_m) / 1000)


def _cost(answer: TierAnswer, part: int) -> float:
    """Fixed (0) or haulage (1) cost of a tier, CNY a year, as its model counts them."""
    problem, solution = answer.tier_problem.problem, answer.solution
    if part == 0:
        return float(problem.sites.fixed_cost[solution.size[solution.opened]].sum())
    return flows_cost(answer, problem.arcs.cost)


def flows_cost(answer: TierAnswer, cost: FloatArray) -> float:
    """Sum of an arc cost over the flows, in their shares."""
    trips = answer.tier_problem.trips
    width = max(len(answer.tier_problem.sites), 1)
    arc = np.searchsorted(trips.row * width + trips.site, answer.demand * width + answer.site)
    return float((cost[arc] * answer.share).sum())


def _numbers(values: pd.Series) -> FloatArray:
    return pd.to_numeric(values, errors="coerce").to_numpy(np.float64)


def _sum(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.sum()) if len(known) else None


def _share(part: float | None, whole: float | None) -> float | None:
    """Percent; None where there is nothing to divide by."""
    return None if not whole or part is None else 100 * float(part) / float(whole)

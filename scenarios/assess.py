"""Present state: what stands, whom it serves, what is missing (现状 → 缺口).

It runs before anything is planned and the plan starts from it. Coverage is not one number: every
figure names its object (villages, people, households, tonnes), its criterion and its formula.

The shape of :attr:`scenarios.plan.StreamPlan.assessment`::

    {"tiers": [{
        "tier": id,
        "name": {"zh": ..., "en": ...},
        "metric": "road" | "walk" | "straight",
        "coverage": [{"object", "criterion", "value" (%), "covered", "all", "unit", "formula"}],
        "sites": [{"id", "name", "district", "state", "capacity_t_per_yr", "throughput_t_per_yr",
                   "throughput_basis", "load_rate", "n_nearest", "area_m2", "needed_area_m2",
                   "compliant", "findings": [{"text", "values"}]}],
        "shortfall": {"tonnes_per_yr", "sites", "villages", "village_ids",
                      "quotas": [{"name", "minimum", "standing", "missing", "strength"}]},
    }]}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_
from geodata.screening import Setback, screen
from planner.problem import Strength
from scenarios.facility_states import STANDS_TODAY
from scenarios.inputs import Inputs
from scenarios.problems import Wants, cutoff_of
from scenarios.schema import SizeOption, Tier
from scenarios.travel import DENSE_PAIRS, Place, Travel, Trips
from scenarios.wording import METRIC_NAMES

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FARTHEST_M = 50_000.0
"""In counties of many thousand villages nobody is looked for beyond this."""

OVERLOAD = 1.0
"""A site that handles more than its capacity is overloaded."""

OBJECTS: Sequence[tuple[str, str, str]] = (
    ("villages", N_("points"), "count"),
    ("population", N_("people"), "people"),
    ("households", N_("households"), "count"),
    ("tonnes", N_("tonnes"), "t/yr"),
)
"""Object of a coverage figure, its name and its unit."""

CRITERIA: Mapping[str, tuple[str, str]] = {
    "in_district": (
        N_("a facility stands in the same township"),
        N_("{object} in townships with a standing facility / all {object}"),
    ),
    "within_radius": (
        N_("a facility within the service radius"),
        N_("{object} at most {radius_km} km ({metric}) from a standing facility / all {object}"),
    ),
    "within_circle": (
        N_("a facility within the radius as the crow flies"),
        N_("{object} inside a circle of {radius_km} km around a standing facility / all {object}"),
    ),
    "in_system": (
        N_("taken into the collection system"),
        N_(
            "{object} that reach a standing facility within {cutoff_km} km, the nearest first, "
            "until its capacity is used / all {object}"
        ),
    ),
}
"""Criterion of a coverage figure, its name and its formula."""


def assess_tier(
    inputs: Inputs, tier: Tier, wants: Wants, facilities: gpd.GeoDataFrame, travel: Travel
) -> dict[str, Any]:
    """The present state of one tier; see the module's text for the shape."""
    standing = facilities[_states(facilities).isin(STANDS_TODAY).to_numpy(bool)]
    standing = standing.reset_index(drop=True)
    place = Place.of(standing, f"standing:{tier.id}:{','.join(standing['id'].astype(str))}")
    trips = travel.trips(wants.place, place, tier, _reach_m(tier, len(wants) * len(place)))
    radius_m = tier.radius_m
    covered = _covered(tier, wants, standing, place, trips, travel)
    return {
        "tier": tier.id,
        "name": {"zh": tier.name.zh, "en": tier.name.en},
        "metric": tier.metric.value if travel.uses_roads(tier) else "straight",
        "radius_km": None if radius_m is None else radius_m / 1000,
        "coverage": _coverage_rows(tier, wants, covered, travel),
        "sites": _site_rows(inputs, tier, wants, standing, trips),
        "shortfall": _shortfall(tier, wants, standing, covered),
    }


def _reach_m(tier: Tier, pairs: int) -> float:
    """How far facilities are looked for; unlimited unless that would be millions of pairs."""
    if pairs <= DENSE_PAIRS:
        return math.inf
    limits = [10 * (tier.radius_m or math.inf), cutoff_of(tier), FARTHEST_M]
    return min(limits)


def formula_text(row: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """The formula of a coverage row in words, with its numbers in place."""
    values = {key: row[key] for key in ("radius_km", "cutoff_km")}
    known = {key: "∞" if value is None else f"{value:g}" for key, value in values.items()}
    metric = translate(METRIC_NAMES[row["metric"]])
    object_name = translate(row["object_name"])
    return translate(row["formula"]).format(object=object_name, metric=metric, **known)


def _states(table: pd.DataFrame) -> pd.Series:
    values = table["state"].astype(object)
    return values.where(values.notna(), "")


def _covered(
    tier: Tier,
    wants: Wants,
    standing: gpd.GeoDataFrame,
    place: Place,
    trips: Trips,
    travel: Travel,
) -> dict[str, BoolArray]:
    """(n,) who is covered, by criterion."""
    n = len(wants)
    districts = set(standing["district"].dropna()) - {""}
    found = {"in_district": wants.table["district"].isin(districts).to_numpy(bool)}
    radius_m = tier.radius_m
    if radius_m is not None:
        found["within_radius"] = _any(trips, trips.out_m <= radius_m * (1 + 1e-9), n)
        straight = np.full(n, np.inf)
        if len(place):
            metres = travel.straight_m(wants.place, place)
            rows, columns = (part.ravel() for part in np.indices((n, len(place))))
            np.minimum.at(straight, rows, metres(rows, columns))
        found["within_circle"] = straight <= radius_m
    found["in_system"] = _in_system(wants, standing, trips.keep(trips.out_m <= cutoff_of(tier)))
    return found


def _any(trips: Trips, mask: BoolArray, n: int) -> BoolArray:
    return np.bincount(trips.row[mask], minlength=n) > 0


def _in_system(wants: Wants, standing: gpd.GeoDataFrame, trips: Trips) -> BoolArray:
    """Points taken in by the nearest facility with room left, nearest pairs first."""
    capacity = _numbers(standing, "capacity_t_per_yr")
    left = np.where(np.isnan(capacity), np.inf, capacity)
    tonnes = np.nan_to_num(wants.tonnes)
    if np.isinf(left).all():
        return np.diff(trips.start) > 0
    taken = np.zeros(len(wants), np.bool_)
    row, site = trips.row, trips.site
    for pair in np.argsort(trips.out_m, kind="stable"):
        i, j = row[pair], site[pair]
        if not taken[i] and tonnes[i] <= left[j]:
            taken[i] = True
            left[j] -= tonnes[i]
    return taken


def _coverage_rows(
    tier: Tier, wants: Wants, covered: Mapping[str, BoolArray], travel: Travel
) -> list[dict[str, Any]]:
    radius_m, cutoff_m = tier.radius_m, cutoff_of(tier)
    metric = tier.metric.value if travel.uses_roads(tier) else "straight"
    rows = []
    for criterion, mask in covered.items():
        for name, label, unit in OBJECTS:
            amount = _amounts(wants, name)
            total = float(np.nansum(amount))
            if total <= 0:
                continue
            part = float(np.nansum(amount[mask]))
            rows.append(
                {
                    "object": name,
                    "object_name": label,
                    "criterion": criterion,
                    "criterion_name": CRITERIA[criterion][0],
                    "value": 100 * part / total,
                    "covered": part,
                    "all": total,
                    "unit": unit,
                    "formula": CRITERIA[criterion][1],
                    "radius_km": None if radius_m is None else radius_m / 1000,
                    "cutoff_km": None if math.isinf(cutoff_m) else cutoff_m / 1000,
                    "metric": metric,
                }
            )
    return rows


def _amounts(wants: Wants, name: str) -> FloatArray:
    if name == "villages":
        return np.ones(len(wants))
    if name == "tonnes":
        return wants.tonnes
    return _numbers(wants.table, name)


def _numbers(table: pd.DataFrame, column: str) -> FloatArray:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)


def _site_rows(
    inputs: Inputs, tier: Tier, wants: Wants, standing: gpd.GeoDataFrame, trips: Trips
) -> list[dict[str, Any]]:
    """Load rate and compliance of every standing site."""
    if len(standing) == 0:
        return []
    nearest = _nearest(trips, len(wants))
    tonnes = np.nan_to_num(wants.tonnes)
    has = nearest >= 0
    n_nearest = np.bincount(nearest[has], minlength=len(standing))
    load = np.bincount(nearest[has], weights=tonnes[has], minlength=len(standing))
    capacity = _numbers(standing, "capacity_t_per_yr")
    stated = _numbers(standing, "throughput_t_per_yr")
    area = _numbers(standing, "area_m2")
    rules = [Setback(rule.kind, rule.setback_m) for rule in tier.screening]
    exclusions = inputs.layer("exclusions")
    drops = screen(standing, exclusions, rules, 0.0, inputs.metric_crs).dropped_by
    rows = []
    for j, site in enumerate(standing.itertuples()):
        handled = stated[j] if not math.isnan(stated[j]) else float(load[j])
        needed = _needed_area(tier.sizes, capacity[j])
        findings = _findings(capacity[j], handled, area[j], needed, drops[j])
        rows.append(
            {
                "id": str(site.id),
                "name": site.name or "",
                "district": site.district or "",
                "state": site.state or "kept",
                "capacity_t_per_yr": _known(capacity[j]),
                "throughput_t_per_yr": handled,
                "throughput_basis": "stated" if not math.isnan(stated[j]) else "nearest",
                "load_rate": _known(handled / capacity[j]) if capacity[j] > 0 else None,
                "n_nearest": int(n_nearest[j]),
                "area_m2": _known(area[j]),
                "needed_area_m2": needed,
                "compliant": not findings,
                "findings": findings,
            }
        )
    return rows


def _nearest(trips: Trips, n: int) -> NDArray[np.int64]:
    """(n,) the nearest site of each point, -1 where it reaches none."""
    nearest = np.full(n, -1, np.int64)
    order = np.lexsort((trips.site, trips.out_m))[::-1]
    nearest[trips.row[order]] = trips.site[order]
    return nearest


def _needed_area(sizes: Sequence[SizeOption], capacity_t_per_yr: float) -> float | None:
    """Land of the smallest size that has at least this capacity."""
    if math.isnan(capacity_t_per_yr):
        return None
    fitting = [s for s in sizes if (s.capacity_t_per_yr or math.inf) >= capacity_t_per_yr]
    best = min(fitting, key=lambda size: size.capacity_t_per_yr or math.inf, default=None)
    return None if best is None else best.land_m2


def _findings(
    capacity: float, handled: float, area: float, needed: float | None, dropped_by: str
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if capacity > 0 and handled > capacity * OVERLOAD:
        text = N_("handles {throughput} t/yr with a capacity of {capacity} t/yr")
        values = {"throughput": round(handled), "capacity": round(capacity)}
        found.append({"text": text, "values": values})
    if needed is not None and area < needed:
        text = N_("has {area} m² of land where a site of its capacity is planned with {needed} m²")
        found.append({"text": text, "values": {"area": round(area), "needed": round(needed)}})
    if dropped_by:
        found.append({"text": N_("stands where a new site may not: {rule}"),
                      "values": {"rule": dropped_by}})  # fmt: skip
    return found


def _shortfall(
    tier: Tier, wants: Wants, standing: gpd.GeoDataFrame, covered: Mapping[str, BoolArray]
) -> dict[str, Any]:
    """What is missing in tonnes, sites and points."""
    capacity = _numbers(standing, "capacity_t_per_yr")
    total = float(np.nansum(wants.tonnes))
    # A site without a stated capacity is not known to be short.
    unlimited = bool(np.isnan(capacity).any()) or not any(s.capacity_t_per_yr for s in tier.sizes)
    tonnes = None if unlimited else max(0.0, total - float(capacity.sum()))
    if unlimited and len(standing) == 0:
        tonnes = total
    quotas = _quota_rows(tier, wants, standing)
    mask = covered["within_radius"] if "within_radius" in covered else covered["in_system"]
    outside = np.flatnonzero(~mask)
    return {
        "tonnes_per_yr": tonnes,
        "demand_t_per_yr": total,
        "capacity_t_per_yr": None if unlimited else float(capacity.sum()),
        "sites": sum(row["missing"] for row in quotas),
        "villages": len(outside),
        "village_ids": [wants.place.ids[i] for i in outside],
        "quotas": quotas,
    }


def _quota_rows(tier: Tier, wants: Wants, standing: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    rows = []
    for rule in tier.quotas:
        if rule.minimum == 0 or rule.strength is Strength.ON_DEMAND:
            continue
        counts = {"": len(standing)}
        if rule.per == "district":
            districts = wants.table["district"]
            names = sorted({str(one) for one in districts if one and rule.means(one)})
            held = standing["district"].value_counts()
            counts = {name: int(held.get(name, 0)) for name in names}
        rows += [
            {
                "name": name,
                "per": rule.per,
                "minimum": rule.minimum,
                "standing": have,
                "missing": max(0, rule.minimum - have),
                "strength": rule.strength.value,
                "text": rule.text,
                "source": rule.source,
            }
            for name, have in counts.items()
        ]
    return rows


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

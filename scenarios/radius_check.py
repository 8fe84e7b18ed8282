"""Who is within a radius of the facilities that stand: counting, nothing is planned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError, raise_errors
from geodata.layers import read_layer
from scenarios.demand_points import demand_points
from scenarios.facility_states import STANDS_TODAY
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import profiles_of
from scenarios.schema import Scenario, StreamProfile, Tier
from scenarios.sites import facilities_of
from scenarios.travel import Place, Travel


@dataclass(frozen=True, eq=False)
class RadiusCheck:
    """Coverage of one stream's points by facilities.

    Parameters
    ----------
    metric : how it was measured: "road", "walk" or "straight"
    points : id, name, district, population, nearest_id, distance_m (null where none can be
        reached), straight_m, within, geometry
    """

    profile: StreamProfile
    tier: Tier
    radius_m: float
    metric: str
    n_facilities: int
    points: gpd.GeoDataFrame
    faults: tuple[Fault, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: rates with their formula, and who is outside."""
        within = self.points["within"].to_numpy(bool)
        circle = self.points["straight_m"].to_numpy(float) <= self.radius_m
        population = pd.to_numeric(self.points["population"], errors="coerce").to_numpy(float)
        outside = self.points[~within]
        return {
            "stream": self.profile.id,
            "tier": self.tier.id,
            "radius_km": self.radius_m / 1000,
            "metric": self.metric,
            "facilities": self.n_facilities,
            "points": len(within),
            "covered": int(within.sum()),
            "coverage": _rate(within.sum(), len(within)),
            "coverage_as_the_crow_flies": _rate(circle.sum(), len(within)),
            "population_coverage": _rate(np.nansum(population[within]), np.nansum(population)),
            "uncovered": [
                {
                    "id": str(row.id),
                    "name": row.name if isinstance(row.name, str) else "",
                    "district": row.district if isinstance(row.district, str) else "",
                    "distance_m": None if np.isnan(row.distance_m) else round(row.distance_m, 1),
                }
                for row in outside.itertuples(index=False, name="Row")
            ],
        }


def _rate(part: float, whole: float) -> float | None:
    return None if not whole else float(part) / float(whole)


def check_radius(
    scenario: Scenario,
    radius_m: float,
    *,
    folder: Path | str = ".",
    facilities: Path | None = None,
    crs: str | None = None,
) -> list[RadiusCheck]:
    """Coverage of each stream within a radius.

    Parameters
    ----------
    facilities : a table of facilities to measure from, for all streams; the standing facilities
        of the scenario where None
    crs : declared system of that table

    Raises
    ------
    InputError
        With the faults of the inputs; or where there is no facility to measure from.
    """
    profiles = profiles_of(scenario, folder)
    inputs = load_inputs(scenario, profiles, folder)
    given = None if facilities is None else _given(facilities, crs)
    travel = Travel(
        inputs.roads,
        inputs.metric_crs,
        scenario.max_snap_m,
        straight_off_road=scenario.off_road == "straight",
    )
    return [_check(inputs, profile, travel, radius_m, given) for profile in profiles.values()]


def _given(path: Path, crs: str | None) -> gpd.GeoDataFrame:
    layer = read_layer(path, "candidates", crs=crs)
    raise_errors(layer.faults)
    return layer.table


def _check(
    inputs: Inputs,
    profile: StreamProfile,
    travel: Travel,
    radius_m: float,
    given: gpd.GeoDataFrame | None,
) -> RadiusCheck:
    tier = profile.tiers[0]
    points = demand_points(inputs, profile)
    standing, faults = _standing(inputs, profile, tier) if given is None else (given, [])
    wants = points.wants(tier)
    place = Place.of(standing, f"radius:{profile.id}")
    trips = travel.trips(wants.place, place, tier, np.inf)
    nearest, distance = _nearest(trips.row, trips.site, trips.out_m, len(wants))
    table = points.table[["id", "name", "district", "population", "geometry"]].assign(
        nearest_id=np.append(np.array(place.ids, dtype=object), "")[nearest],
        distance_m=distance,
        straight_m=_nearest_straight(travel, wants.place, place),
        within=np.nan_to_num(distance, nan=np.inf) <= radius_m * (1 + 1e-9),
    )
    metric = tier.metric.value if travel.uses_roads(tier) else "straight"
    return RadiusCheck(
        profile, tier, radius_m, metric, len(place), table, (*points.faults, *faults)
    )


def _standing(
    inputs: Inputs, profile: StreamProfile, tier: Tier
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    by_tier, faults = facilities_of(inputs, profile)
    table = by_tier[tier.id]
    states = table["state"].astype(object).where(table["state"].notna(), "")
    standing = table[states.isin(STANDS_TODAY).to_numpy(bool)]
    if len(standing) == 0:
        message = N_(
            "no facility of {stream} stands today; give a table of facilities with --facilities"
        )
        raise InputError([Fault("facilities", message, {"stream": profile.id})])
    return standing, faults


def _nearest(
    row: NDArray[np.int64], site: NDArray[np.int64], metres: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(n,) position of and metres to the nearest site; -1 and NaN where none can be reached."""
    order = np.lexsort((site, metres))[::-1]
    nearest, distance = np.full(n, -1, np.int64), np.full(n, np.nan)
    nearest[row[order]], distance[row[order]] = site[order], metres[order]
    return nearest, distance


def _nearest_straight(travel: Travel, points: Place, sites: Place) -> NDArray[np.float64]:
    rows, columns = (part.ravel() for part in np.indices((len(points), len(sites))))
    straight = np.full(len(points), np.inf)
    np.minimum.at(straight, rows, travel.straight_m(points, sites)(rows, columns))
    return straight

"""Stops and lorries of a stream's rounds as they are after changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_, Fault, raise_errors
from scenarios.rounds_changes import AddedStop, RoundsChanges
from scenarios.rounds_fleet import LorryDepots


def with_changed_stops(
    stops: gpd.GeoDataFrame,
    site_of: NDArray[np.int64],
    sites: gpd.GeoDataFrame,
    changes: RoundsChanges,
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Stops and the site of each as they are now.

    Raises
    ------
    InputError
        With every stop that is not there, or is there already, and where none is left.
    """
    ids = stops["id"].astype(str)
    known = set(ids)
    added = {one.id for one in changes.added}
    absent = N_("there is no stop {stop} to change; see the ids in rounds.json")
    faults = _about(absent, [one for one in changes.dropped if one not in known])
    faults += _about(absent, [one for one in changes.amounts if one not in known | added])
    twice = N_("there is a stop {stop} already; give the new one another id")
    faults += _about(twice, [one.id for one in changes.added if one.id in known])
    kept = ~ids.isin(changes.dropped).to_numpy(bool)
    if not kept.any() and not added:
        faults.append(Fault("changes", N_("no stop is left; rounds have nothing to fetch")))
    raise_errors(faults)
    stops, site_of = stops[kept].reset_index(drop=True), site_of[kept]
    if changes.added:
        new, near = _added(changes.added, stops, sites)
        both = pd.concat([stops, new], ignore_index=True)
        stops = gpd.GeoDataFrame(both, geometry="geometry", crs="EPSG:4326")
        site_of = np.concatenate((site_of, near))
    said = stops["id"].astype(str).map(changes.amounts)
    return stops.assign(demand_t_per_yr=said.fillna(stops["demand_t_per_yr"])), site_of


def _about(message: str, stops: Iterable[str]) -> list[Fault]:
    return [Fault("changes", message, {"stop": one}) for one in stops]


def _added(
    added: tuple[AddedStop, ...], stops: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """New stops as rows, in the township of the nearest stop, and the nearest site of each."""
    points = gpd.GeoSeries(
        gpd.points_from_xy([one.lon for one in added], [one.lat for one in added]), crs="EPSG:4326"
    )
    district = "" if stops.empty else stops["district"].to_numpy()[_nearest(points, stops.geometry)]
    table = gpd.GeoDataFrame(
        {
            "id": [one.id for one in added],
            "name": [one.name or one.id for one in added],
            "district": district,
            "demand_t_per_yr": [one.t_per_yr for one in added],
        },
        geometry=points,
    )
    return table, _nearest(points, sites.geometry)


def _nearest(points: gpd.GeoSeries, others: gpd.GeoSeries) -> NDArray[np.int64]:
    """Position of the nearest as the crow flies; at one latitude a degree is as long for all."""
    narrow = np.cos(np.radians(float(points.y.mean())))
    place = others.representative_point()
    lon = points.x.to_numpy()[:, None] - place.x.to_numpy()[None]
    lat = points.y.to_numpy()[:, None] - place.y.to_numpy()[None]
    found: NDArray[np.int64] = np.hypot(lon * narrow, lat).argmin(axis=1)
    return found


def with_changed_lorries(
    depots: LorryDepots, classes: tuple[str, ...], changes: RoundsChanges
) -> LorryDepots:
    """Depots with the lorries that they have now.

    Raises
    ------
    InputError
        With every depot or class that is not there.
    """
    names = list(depots.table["id"].astype(str))
    lorries = {name: list(depots.available(name)) for name in classes}
    faults = []
    for one in changes.lorries:
        if one.depot in names and one.vehicle in lorries:
            lorries[one.vehicle][names.index(one.depot)] = one.lorries
            continue
        message = N_(
            "no lorries {vehicle} stand at {depot}; depots are {depots}, classes {classes}"
        )
        values = {
            "vehicle": one.vehicle, "depot": one.depot, "depots": ", ".join(names),
            "classes": ", ".join(classes),
        }  # fmt: skip
        faults.append(Fault("changes", message, values))
    raise_errors(faults)
    return replace(depots, lorries={name: tuple(row) for name, row in lorries.items()})

"""Lorries and depots of a stream's rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.faults import N_, Fault, InputError, raise_errors
from geodata.roads.speeds import vehicle as vehicle_class
from planner.routes import VehicleClass
from scenarios.inputs import Inputs
from scenarios.operations import Rounds
from scenarios.plan import Plan
from scenarios.profile import Tier
from scenarios.rounds_costs import RoundsCosts
from scenarios.rounds_kinds import compartments_of, room
from scenarios.rounds_roads import OFF_ROAD_SNAP_M, LorryRoads
from scenarios.rounds_stops import S_PER_H, value_of
from scenarios.schema import LorryDepot

DEFAULT_SHIFT_H = 8.0


@dataclass(frozen=True, eq=False)
class LorryDepots:
    """Where lorries stand.

    Parameters
    ----------
    table : id, name, district, geometry
    at_sites : whether they are the sites themselves
    lorries : by class, how many stand at each; None is as many as are needed
    """

    table: gpd.GeoDataFrame
    at_sites: bool
    lorries: Mapping[str, tuple[int | None, ...]]

    def available(self, vehicle: str) -> tuple[int | None, ...]:
        """Lorries of a class at each depot."""
        return self.lorries.get(vehicle, (None,) * len(self.table))


def lorry_depots(
    plan: Plan, stream: str, rule: Rounds, sites: gpd.GeoDataFrame, classes: Sequence[str]
) -> LorryDepots:
    """The depots of a stream: its open sites, or those that the scenario names.

    Raises
    ------
    InputError
        Rounds start at a depot and the scenario names none, or lorries of an unknown class.
    """
    depots = [one for one in plan.scenario.lorry_depots if not one.streams or stream in one.streams]
    for one in depots:
        for name in one.lorries:
            vehicle_class(name)  # an unknown class is refused by name
    if rule.start_stop == "site":
        return LorryDepots(sites, at_sites=True, lorries=_at_sites(depots, sites, classes))
    depots = [one for one in depots if one.lon is not None and one.lat is not None]
    if not depots:
        message = N_(
            "rounds of stream {stream} start at a depot and the scenario names none: give "
            "lorry_depots (id, lon, lat), or set start_stop to site"
        )
        raise InputError([Fault("lorry_depots", message, {"stream": stream})])
    table = gpd.GeoDataFrame(
        {
            "id": [one.id for one in depots],
            "name": [one.name or one.id for one in depots],
            "district": "",
        },
        geometry=gpd.points_from_xy([one.lon for one in depots], [one.lat for one in depots]),
        crs="EPSG:4326",
    )
    lorries = {name: tuple(one.lorries.get(name) for one in depots) for name in classes}
    return LorryDepots(table, at_sites=False, lorries=lorries)


def _at_sites(
    depots: Sequence[LorryDepot], sites: gpd.GeoDataFrame, classes: Sequence[str]
) -> dict[str, tuple[int | None, ...]]:
    """Lorries at the sites that a depot of the scenario is named after; as many as needed else."""
    by_id = {one.id: one.lorries for one in depots}
    return {
        name: tuple(by_id.get(site, {}).get(name) for site in sites["id"].astype(str))
        for name in classes
    }


def classes_of(tier: Tier, rule: Rounds) -> tuple[str, ...]:
    """Vehicle classes of a tier's rounds, its own first, each once.

    Raises
    ------
    InputError
        A body is said for a class that these rounds do not have.
    """
    classes = tuple(dict.fromkeys((tier.vehicle, *rule.vehicles)))
    message = N_("bodies of {vehicle}: these rounds have no such lorries; they have {known}")
    raise_errors(
        Fault("rounds", message, {"vehicle": name, "known": ", ".join(classes)})
        for name in rule.bodies
        if name not in classes
    )
    return classes


def lorry_roads(
    plan: Plan,
    inputs: Inputs,
    tier: Tier,
    vehicle: str,
    costs: RoundsCosts,
    places: Sequence[gpd.GeoSeries],
) -> LorryRoads:
    """The ways of a class between places."""
    shape = gpd.GeoSeries(pd.concat(places), crs="EPSG:4326").representative_point()
    straight = plan.scenario.off_road == "straight"
    return LorryRoads(
        inputs.roads,
        vehicle_class(vehicle),
        inputs.metric_crs,
        shape.x.to_numpy(np.float64),
        shape.y.to_numpy(np.float64),
        max(plan.scenario.max_snap_m, OFF_ROAD_SNAP_M) if straight else plan.scenario.max_snap_m,
        costs.access_kph,
        None if tier.leg is None or vehicle != tier.vehicle else tier.leg.speed_kph,
    )


def lorry(
    tier: Tier, vehicle: str, costs: RoundsCosts, available: tuple[int | None, ...]
) -> VehicleClass:
    """A class with its hours, prices and room."""
    rule = tier.rounds
    assert rule is not None  # noqa: S101 - the caller looked
    prices = costs.lorry(vehicle)
    payload_t = vehicle_class(vehicle).payload_t
    if tier.leg is not None and tier.leg.payload_t is not None and vehicle == tier.vehicle:
        payload_t = tier.leg.payload_t
    body = rule.bodies.get(vehicle)
    if body is not None and body.payload_t is not None:
        payload_t = body.payload_t
    shift_s = value_of(rule.shift_h, DEFAULT_SHIFT_H) * S_PER_H
    start_s = value_of(rule.shift_start_h, prices.shift_start_h) * S_PER_H
    overtime_s = costs.longest_overtime_h * S_PER_H
    return VehicleClass(
        id=vehicle,
        matrix=vehicle,
        compartments=compartments_of(rule, vehicle),
        available=available,
        shift_start_s=start_s,
        shift_end_s=start_s + shift_s + overtime_s,
        longest_shift_s=shift_s,
        longest_overtime_s=overtime_s,
        fixed_cny=prices.fixed_cny,
        cny_per_km=prices.cny_per_km,
        cny_per_h=costs.crew_cny_per_h,
        overtime_cny_per_h=costs.overtime_cny_per_h,
        payload_t=payload_t,
        volume_m3=room(None if body is None else body.volume_m3),
        co2_kg_per_km=costs.co2_kg_per_km(vehicle),
    )

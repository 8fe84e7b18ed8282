"""One metric of a road network for one vehicle: metres or seconds, inf where it may not go."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from geodata.faults import N_, Fault, InputError
from geodata.knowledge import knowledge
from geodata.roads.access import Access
from geodata.roads.classes import SPEED_CLASSES, speed_class
from geodata.roads.graph import CONNECTOR, CostGraph, FloatArray, RoadGraph

KPH_TO_MPS = 1 / 3.6


class VehicleName(BaseModel):
    """A vehicle's name in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class Vehicle(BaseModel):
    """A class of vehicles: what it may use, how fast it goes, what it carries."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    id: str
    name: VehicleName
    access: Access
    gross_weight_t: float = Field(gt=0)
    """Laden; compared with the road's weight limit."""
    height_m: float = Field(gt=0)
    payload_t: float = Field(gt=0)
    cost_cny_per_t_km: float = Field(ge=0)
    top_speed_kph: float = Field(gt=0)
    """No measured speed of a road makes this vehicle faster."""
    speed_kph: Mapping[str, float | None]
    """Speed class -> km/h; None: it does not use such roads."""
    evidence: str
    source: str

    @field_validator("access", mode="before")
    @classmethod
    def _group_by_name(cls, value: object) -> object:
        return Access[value] if isinstance(value, str) else value

    @field_validator("speed_kph")
    @classmethod
    def _every_class_has_a_speed(cls, value: Mapping[str, float | None]) -> Mapping[str, Any]:
        if set(value) != set(SPEED_CLASSES):
            message = f"speeds are wanted for exactly {', '.join(SPEED_CLASSES)}"
            raise ValueError(message)
        if any(speed is not None and not speed > 0 for speed in value.values()):
            raise ValueError("a speed is above 0 km/h, or null for a class that is not used")
        return value


@lru_cache(maxsize=1)
def vehicles() -> Mapping[str, Vehicle]:
    """Every vehicle class of vehicles.yaml by id."""
    known = knowledge("geodata.roads", "vehicles.yaml")
    shared = {key: known[key] for key in ("evidence", "source")}
    return {
        vehicle_id: Vehicle.model_validate({"id": vehicle_id, **shared, **entry})
        for vehicle_id, entry in known["vehicles"].items()
    }


def vehicle(vehicle_id: str) -> Vehicle:
    """The vehicle class of that id.

    Raises
    ------
    InputError
        There is none; the nearest ids are named.
    """
    known = vehicles()
    if vehicle_id in known:
        return known[vehicle_id]
    near = difflib.get_close_matches(vehicle_id, known, n=1)
    raise InputError(
        [
            Fault(
                where="vehicle",
                message=N_("there is no vehicle '{vehicle}'; use {nearest}"),
                values={"vehicle": vehicle_id, "nearest": near[0] if near else ", ".join(known)},
            )
        ]
    )


def usable(graph: RoadGraph, vehicle: Vehicle) -> NDArray[np.bool_]:
    """(e,) whether the vehicle may drive the edge: access, class, weight, height, closures.

    A limit that is not known (NaN) forbids nothing.
    """
    may: NDArray[np.bool_] = (
        ~graph.closed
        & ((graph.access & np.uint16(vehicle.access)) != 0)
        & ~(graph.max_weight_t < vehicle.gross_weight_t)
        & ~(graph.max_height_m < vehicle.height_m)
        & (_class_speeds_kph(graph, vehicle)[graph.road_class] > 0)
    )
    return may


def by_length(graph: RoadGraph, vehicle: Vehicle) -> CostGraph:
    """Metres along the road; ``inf`` where the vehicle may not go."""
    cost = np.where(usable(graph, vehicle), graph.length_m, np.inf)
    return CostGraph(graph.topology, cost, graph.reverse, unit="m")


def by_time(graph: RoadGraph, vehicle: Vehicle) -> CostGraph:
    """Seconds at the vehicle's speeds; ``inf`` where it may not go."""
    may = usable(graph, vehicle)
    cost = np.full(graph.n_edges, np.inf)
    cost[may] = graph.length_m[may] / (speeds_kph(graph, vehicle)[may] * KPH_TO_MPS)
    return CostGraph(graph.topology, cost, graph.reverse, unit="s")


def speeds_kph(graph: RoadGraph, vehicle: Vehicle) -> FloatArray:
    """(e,) km/h: the class default, a measured speed in its place, never above limit and top."""
    default = _class_speeds_kph(graph, vehicle)[graph.road_class]
    speed = np.where(np.isnan(graph.speed_kph), default, graph.speed_kph.astype(float))
    if graph.speed_limit_kph is not None:
        speed = np.fmin(speed, graph.speed_limit_kph)
    return np.minimum(speed, vehicle.top_speed_kph)


def _class_speeds_kph(graph: RoadGraph, vehicle: Vehicle) -> FloatArray:
    """(k,) km/h by position in ``class_names``; 0 where the vehicle does not use the class."""
    return np.array(
        [
            vehicle.top_speed_kph
            if name == CONNECTOR
            else vehicle.speed_kph[speed_class(name)] or 0.0
            for name in graph.class_names
        ]
        or [0.0]
    )

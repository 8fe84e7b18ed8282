"""The roads of a lorry class between the places of its rounds: matrices, and the ways as lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geodata.crs import to_metric
from geodata.roads.graph import CostGraph, RoadGraph, RoadPositions
from geodata.roads.speeds import Vehicle, by_time
from geodata.snapping import snap
from planner.routes import RoadMatrix

if TYPE_CHECKING:
    from geodata.impedance import Ways

FloatArray = NDArray[np.float64]

LENGTH_WEIGHT = 1e-4
"""Seconds added for a metre, to read off how long the quickest way is: one second in 10 km."""
STRAIGHT_CIRCUITY = 1.3
STRAIGHT_KPH = 25.0
OFF_ROAD_SNAP_M = 5_000.0
"""How far from the road a stop may be where a scenario measures such stops straight."""
M_PER_KM, S_PER_H = 1_000.0, 3_600.0


@dataclass(eq=False)
class LorryRoads:
    """Ways of one class of lorries between a list of places.

    Lorries take the quickest way. Its length is read off two searches whose costs differ by a
    little for each metre: the difference is the length of the way that is quickest in both.

    Parameters
    ----------
    lon, lat : (p,) of the places
    """

    roads: RoadGraph | None
    vehicle: Vehicle
    metric_crs: CRS
    lon: FloatArray
    lat: FloatArray
    max_snap_m: float
    access_kph: float
    speed_kph: float | None = None
    """In place of the speeds by road class."""
    _drawn: dict[tuple[int, int], FloatArray] = field(default_factory=dict)
    _graph: CostGraph | None = None
    _positions: RoadPositions | None = None
    _ways: Ways | None = None

    def matrix(self) -> RoadMatrix:
        """Metres and seconds between all places; ``inf`` where there is no way."""
        if self.roads is None:
            return self._straight()
        quick = by_time(self.roads, self.vehicle)
        graph = _with_length(quick, self.roads)
        snapped = snap(self.lon, self.lat, self.roads, quick, self.max_snap_m)
        self._graph, self._positions = graph, snapped.positions
        from geodata.impedance import cost_matrix  # noqa: PLC0415 - compiles on import

        both = np.asarray(cost_matrix(graph, snapped.positions, snapped.positions), np.float64)
        seconds = np.asarray(cost_matrix(quick, snapped.positions, snapped.positions), np.float64)
        with np.errstate(invalid="ignore"):
            metres = np.maximum((both - seconds) / LENGTH_WEIGHT, 0.0)
        leg = np.where(snapped.ok, snapped.distance_m, np.inf)
        legs = leg[:, None] + leg[None, :]
        metres = np.where(np.isfinite(both), metres, np.inf) + legs
        if self.speed_kph is not None:
            seconds = metres / (self.speed_kph * M_PER_KM / S_PER_H)
        else:
            seconds = seconds + legs / (self.access_kph * M_PER_KM / S_PER_H)
        return self._finished(metres, seconds)

    def _straight(self) -> RoadMatrix:
        east, north = to_metric(self.lon, self.lat, self.metric_crs)
        metres = STRAIGHT_CIRCUITY * np.hypot(
            east[:, None] - east[None, :], north[:, None] - north[None, :]
        )
        speed = self.speed_kph or STRAIGHT_KPH
        return self._finished(metres, metres / (speed * M_PER_KM / S_PER_H))

    def _finished(self, metres: FloatArray, seconds: FloatArray) -> RoadMatrix:
        """Places at one point are no way apart, and no way has half a figure."""
        same = (self.lon[:, None] == self.lon[None, :]) & (self.lat[:, None] == self.lat[None, :])
        metres, seconds = np.where(same, 0.0, metres), np.where(same, 0.0, seconds)
        absent = ~(np.isfinite(metres) & np.isfinite(seconds))
        metres, seconds = np.where(absent, np.inf, metres), np.where(absent, np.inf, seconds)
        return RoadMatrix(metres, seconds)

    def way(self, start: int, end: int) -> FloatArray:
        """(p, 2) points of the way between two places, WGS84; straight where no road leads."""
        key = (start, end)
        if key not in self._drawn:
            self._drawn[key] = self._draw(start, end)
        return self._drawn[key]

    def straight_way(self, places: list[int]) -> FloatArray:
        """(p, 2) the places themselves."""
        return np.column_stack((self.lon[places], self.lat[places]))

    def _draw(self, start: int, end: int) -> FloatArray:
        from geodata.impedance import Ways, way_points  # noqa: PLC0415 - compiles on import

        ends = self.straight_way([start, end])
        if self._graph is None or self.roads is None or (ends[0] == ends[1]).all():
            return ends
        if self._ways is None:
            assert self._positions is not None  # noqa: S101 - set with the graph
            self._ways = Ways(self._graph, self._positions)
        driven = way_points(self.roads, self._ways.between(start, end))
        return np.concatenate((ends[:1], driven, ends[1:]))


def _with_length(quick: CostGraph, roads: RoadGraph) -> CostGraph:
    cost = quick.cost + LENGTH_WEIGHT * roads.length_m
    return CostGraph(quick.topology, cost, quick.reverse, quick.unit)

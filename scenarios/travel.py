"""How far it is: from points to points by road, on foot or straight, measured once and kept.

Every pair is measured both ways (the lorry comes back another way round than it went) and says how
it was measured, since a straight line times a factor is not a road distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from geodata.crs import to_metric
from geodata.roads.graph import CostGraph, RoadGraph, RoadPositions
from geodata.roads.speeds import by_length, vehicle
from geodata.snapping import Snapped, snap
from scenarios.schema import Metric, Tier

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DENSE_PAIRS = 20_000_000
"""Up to this many pairs a whole matrix is the quickest and still small (160 MB)."""

RETURN_ALLOWANCE = 2.0
"""The way back of a large sparse search is looked for up to this many times the cutoff."""

WALKER = "walk"


@dataclass(frozen=True, eq=False)
class Place:
    """Points as travel needs them; ``key`` names the set, so that it is snapped once."""

    key: str
    ids: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray

    @classmethod
    def of(cls, table: gpd.GeoDataFrame, key: str) -> Place:
        """The points of a layer; areas stand for themselves by a point inside."""
        geometry = table.geometry
        points = (
            geometry if (geometry.geom_type == "Point").all() else geometry.representative_point()
        )
        return cls(
            key,
            tuple(table["id"].astype(str)),
            points.x.to_numpy(np.float64),
            points.y.to_numpy(np.float64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: IntArray, key: str) -> Place:
        """Some of the points, under a name of their own."""
        ids = tuple(self.ids[int(one)] for one in positions)
        return Place(key, ids, self.lon[positions], self.lat[positions])


@dataclass(frozen=True, eq=False)
class Trips:
    """Pairs within reach, in compressed sparse rows over the points that want service.

    Parameters
    ----------
    start : (n + 1,) row ``i`` is ``start[i]:start[i + 1]``
    site : (a,) increasing within a row
    out_m : (a,) from the point to the site, access legs counted
    back_m : (a,) the empty return
    by_road : (a,) measured on roads; False is a straight line times circuity
    """

    start: IntArray
    site: IntArray
    out_m: FloatArray
    back_m: FloatArray
    by_road: NDArray[np.bool_]

    @property
    def row(self) -> IntArray:
        """(a,) the point of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def keep(self, mask: NDArray[np.bool_]) -> Trips:
        """Only the pairs of ``mask``."""
        start = np.zeros_like(self.start)
        np.cumsum(np.bincount(self.row[mask], minlength=len(start) - 1), out=start[1:])
        return Trips(
            start, self.site[mask], self.out_m[mask], self.back_m[mask], self.by_road[mask]
        )

    def rows(self, positions: IntArray) -> Trips:
        """The pairs of some points, in the order given."""
        length = np.diff(self.start)[positions]
        start = np.concatenate(([0], np.cumsum(length)))
        take = np.repeat(self.start[:-1][positions] - start[:-1], length) + np.arange(start[-1])
        return Trips(
            start, self.site[take], self.out_m[take], self.back_m[take], self.by_road[take]
        )


class Travel:
    """Distances of one place: roads where there are any, and the fallback where there are none.

    What was measured is kept as long as the object lives: tiers share vehicles, streams villages.

    Parameters
    ----------
    roads : None where the scenario has no roads: everything is straight x circuity
    metric_crs : what straight lines are measured in
    max_snap_m : a point farther from every usable road is on no road
    straight_off_road : points on no road are measured straight x circuity instead of not at all
    """

    def __init__(
        self,
        roads: RoadGraph | None,
        metric_crs: CRS,
        max_snap_m: float = 500.0,
        *,
        straight_off_road: bool = False,
    ) -> None:
        self.roads = roads
        self.metric_crs = metric_crs
        self.max_snap_m = max_snap_m
        self.straight_off_road = straight_off_road
        self._graphs: dict[str, CostGraph] = {}
        self._snaps: dict[tuple[str, str], Snapped] = {}
        self._trips: dict[tuple[object, ...], Trips] = {}

    def uses_roads(self, tier: Tier) -> bool:
        """Whether the tier is measured on roads at all."""
        return self.roads is not None and tier.metric is not Metric.STRAIGHT

    def snapped(self, place: Place, tier: Tier) -> Snapped | None:
        """Where the points meet the road that the tier's vehicle may use; None without roads."""
        if not self.uses_roads(tier):
            return None
        return self._snapped(place, _vehicle_of(tier))

    def on_road(self, place: Place, tier: Tier) -> NDArray[np.bool_]:
        """(n,) whether each point can be measured from."""
        snapped = self.snapped(place, tier)
        if snapped is None or self.straight_off_road:
            return np.ones(len(place), np.bool_)
        return snapped.ok

    def straight_m(self, start: Place, end: Place) -> Callable[[IntArray, IntArray], FloatArray]:
        """Straight lines between positions of two sets, in metres."""
        from_xy, to_xy = self._plane(start), self._plane(end)

        def between(row: IntArray, column: IntArray) -> FloatArray:
            difference = from_xy[row] - to_xy[column]
            return np.hypot(difference[:, 0], difference[:, 1])

        return between

    def trips(self, start: Place, end: Place, tier: Tier, cutoff_m: float) -> Trips:
        """All pairs within the cutoff, measured as the tier says."""
        way = _vehicle_of(tier) if self.uses_roads(tier) else "straight"
        key = (start.key, end.key, way, tier.circuity, cutoff_m)
        if key not in self._trips:
            make = self._road_trips if self.uses_roads(tier) else self._straight_trips
            self._trips[key] = make(start, end, tier, cutoff_m)
        return self._trips[key]

    def _road_trips(self, start: Place, end: Place, tier: Tier, cutoff_m: float) -> Trips:
        name = _vehicle_of(tier)
        graph = self._graph(name)
        one, other = self._snapped(start, name), self._snapped(end, name)
        row, site, out_m, back_m = _on_roads(graph, one.positions, other.positions, cutoff_m)
        legs = one.distance_m[row] + other.distance_m[site]
        parts = [(row, site, out_m + legs, back_m + legs, np.ones(len(row), np.bool_))]
        parts.append(self._short_ways(start, end, one, other, tier.circuity))
        if self.straight_off_road:
            parts += self._off_road(start, end, one.ok, other.ok, tier, cutoff_m)
        return _merged(parts, len(start), len(end), cutoff_m)

    def _short_ways(
        self, start: Place, end: Place, one: Snapped, other: Snapped, circuity: float
    ) -> _Pairs:
        """Pairs that are nearer to each other than to the road: nobody walks to it and back.

        Without them a village would be two access legs away from a site on its own square.
        """
        leg = float(np.max(one.distance_m[one.ok], initial=0.0))
        reach_m = leg + float(np.max(other.distance_m[other.ok], initial=0.0))
        row, site, straight = _near_pairs(self._plane(start), self._plane(end), reach_m)
        legs = one.distance_m[row] + other.distance_m[site]
        short = one.ok[row] & other.ok[site] & (straight * circuity <= legs)
        length = straight[short] * circuity
        return row[short], site[short], length, length, np.zeros(len(length), np.bool_)

    def _off_road(
        self,
        start: Place,
        end: Place,
        start_ok: NDArray[np.bool_],
        end_ok: NDArray[np.bool_],
        tier: Tier,
        cutoff_m: float,
    ) -> list[_Pairs]:
        """Pairs with an end on no road, straight x circuity."""
        found = []
        for rows, columns in (
            (np.flatnonzero(~start_ok), np.arange(len(end))),
            (np.flatnonzero(start_ok), np.flatnonzero(~end_ok)),
        ):
            if len(rows) and len(columns):
                trips = self._straight_trips(
                    start.take(rows, ""), end.take(columns, ""), tier, cutoff_m
                )
                found.append(
                    (rows[trips.row], columns[trips.site], trips.out_m, trips.back_m, trips.by_road)
                )
        return found

    def _straight_trips(self, start: Place, end: Place, tier: Tier, cutoff_m: float) -> Trips:
        from_xy, to_xy = self._plane(start), self._plane(end)
        if np.isfinite(cutoff_m):
            row, site, straight = _near_pairs(from_xy, to_xy, cutoff_m / tier.circuity)
        else:
            row, site = (part.ravel() for part in np.indices((len(start), len(end))))
            straight = np.hypot(*(from_xy[row] - to_xy[site]).T)
        length = straight * tier.circuity
        pairs = (row, site, length, length, np.zeros(len(row), np.bool_))
        return _merged([pairs], len(start), len(end), cutoff_m)

    def _plane(self, place: Place) -> FloatArray:
        east_m, north_m = to_metric(place.lon, place.lat, self.metric_crs)
        return np.column_stack((east_m, north_m))

    def _graph(self, vehicle_id: str) -> CostGraph:
        assert self.roads is not None  # noqa: S101 - callers asked uses_roads
        if vehicle_id not in self._graphs:
            self._graphs[vehicle_id] = by_length(self.roads, vehicle(vehicle_id))
        return self._graphs[vehicle_id]

    def _snapped(self, place: Place, vehicle_id: str) -> Snapped:
        assert self.roads is not None  # noqa: S101 - callers asked uses_roads
        key = (place.key, vehicle_id)
        if key not in self._snaps:
            self._snaps[key] = snap(
                place.lon, place.lat, self.roads, self._graph(vehicle_id), self.max_snap_m
            )
        return self._snaps[key]


_Pairs = tuple[IntArray, IntArray, FloatArray, FloatArray, NDArray[np.bool_]]


def _vehicle_of(tier: Tier) -> str:
    return WALKER if tier.metric is Metric.WALK else tier.vehicle


def _on_roads(
    graph: CostGraph, start: RoadPositions, end: RoadPositions, cutoff_m: float
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Pairs on the road within the cutoff: row, site, way there, way back (without access legs)."""
    from geodata.impedance import cost_matrix, within  # noqa: PLC0415 - compiles on import

    if len(start) * len(end) <= DENSE_PAIRS:
        out = np.asarray(cost_matrix(graph, start, end), np.float64)
        back = np.asarray(cost_matrix(graph, end, start), np.float64).T
        row, site = np.nonzero(np.isfinite(out) & (out <= cutoff_m))
        out_m, back_m = out[row, site], back[row, site]
    else:
        there = within(graph, start, end, cutoff_m).tocoo()
        row, site = there.coords[0].astype(np.int64), there.coords[1].astype(np.int64)
        out_m = there.data.astype(np.float64)
        home = within(graph, end, start, cutoff_m * RETURN_ALLOWANCE).tocoo()
        back_m = _looked_up(row, site, home.coords[1], home.coords[0], home.data, len(end))
    # A one-way street or a closed road can cut the way home off; the way there stands in for it.
    return row, site, out_m, np.where(np.isfinite(back_m), back_m, out_m)


def _looked_up(
    row: IntArray,
    site: IntArray,
    known_row: NDArray[np.integer],
    known_site: NDArray[np.integer],
    value: NDArray[np.floating],
    width: int,
) -> FloatArray:
    """Values of (row, site) out of a list of pairs, ``inf`` where it has none."""
    known = known_row.astype(np.int64) * width + known_site
    order = np.argsort(known)
    wanted = row * width + site
    at = np.minimum(np.searchsorted(known[order], wanted), max(len(known) - 1, 0))
    if len(known) == 0:
        return np.full(len(row), np.inf)
    found = order[at]
    return np.where(known[found] == wanted, value[found], np.inf)


def _near_pairs(
    from_xy: FloatArray, to_xy: FloatArray, reach_m: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs within a straight distance: row, column, metres."""
    if len(from_xy) == 0 or len(to_xy) == 0:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0)
    found = cKDTree(from_xy).query_ball_tree(cKDTree(to_xy), reach_m)
    row = np.repeat(np.arange(len(found)), [len(one) for one in found])
    column = np.array([site for one in found for site in one], np.int64)
    return row, column, np.hypot(*(from_xy[row] - to_xy[column]).T)


def _merged(parts: list[_Pairs], n: int, m: int, cutoff_m: float) -> Trips:
    """One list of pairs, the shortest way of each, within the cutoff, sorted."""
    row, site, out_m, back_m, by_road = (
        np.concatenate([part[k] for part in parts]) for k in range(5)
    )
    order = np.lexsort((out_m, row * m + site))
    key = (row * m + site)[order]
    first = np.ones(len(key), np.bool_)
    first[1:] = key[1:] != key[:-1]
    take = order[first]
    take = take[out_m[take] <= cutoff_m]
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(row[take], minlength=n), out=start[1:])
    return Trips(start, site[take], out_m[take], back_m[take], by_road[take])

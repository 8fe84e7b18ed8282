"""Answers of the service check out of arrays: no search runs while somebody waits.

For every junction the nearest open sites of a tier are known beforehand, with the next edge on the
way to each. The nearest sites of any point are then those of the two ends of its road: if a site
is among the k nearest of the point by way of an end, it is among the k nearest of that end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenarios.service_check.network import (
    DECIMALS,
    FloatArray,
    IntArray,
    Line,
    Network,
    Position,
)

NEAREST = 4
"""Sites kept for every junction: the one that serves, the next two, and one to spare."""

ACCESS_KPH = {"walk": 4.5}
LANE_KPH = 15.0
"""Speed off the mapped roads (field lanes, yards) and on straight lines; set for this tool."""


@dataclass(frozen=True, eq=False)
class Places:
    """Sites or villages of a tier, by position.

    Parameters
    ----------
    edge, fraction, leg_m : where each meets the road; edge -1 where it is on none
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    districts: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    edge: IntArray
    fraction: FloatArray
    leg_m: FloatArray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Positions by id."""
        return {name: k for k, name in enumerate(self.ids)}


@dataclass(frozen=True)
class TierFacts:
    """What is the same for every answer of a tier.

    Parameters
    ----------
    vehicle : "" where distances are straight lines
    clause : where the radius is from, with edition; a recalled default says so itself
    """

    stream: str
    stream_names: Mapping[str, str]
    tier: str
    tier_names: Mapping[str, str]
    metric: str
    vehicle: str
    circuity: float
    straight_off_road: bool
    radius_m: float | None
    clause: str
    evidence: str


class Near(NamedTuple):
    """A site within reach: its position, road metres, seconds, and how it was measured."""

    site: int
    metres: float
    seconds: float
    measured: str


@dataclass(frozen=True, eq=False)
class TierIndex:
    """One tier that serves villages.

    Parameters
    ----------
    served_by : (n,) the site of each village, -1 where it has none
    metres, seconds : (n,) to that site; NaN where none
    measured : (n,) how: "road", "walk", "straight", "" where unserved
    within : (n,) 1, 0, -1 where no radius is promised
    reason : (n,) why unserved
    answers_for : (n,) villages that are this tier's: not those whose waste passes it over to a
        later tier (直运), of a later tier those alone
    near : (n, 3) up to three other sites of each village, nearest first, -1 where there is none
    near_metres, near_seconds : (n, 3)
    node_site, node_edge : (v, k) nearest sites of every junction, -1; the edge to leave it by
    node_metres, node_seconds : (v, k)
    detours : routes of villages that are sent to none of their nearest, by position
    """

    facts: TierFacts
    sites: Places
    villages: Places
    served_by: IntArray
    metres: FloatArray
    seconds: FloatArray
    measured: tuple[str, ...]
    within: NDArray[np.int8]
    reason: tuple[str, ...]
    answers_for: NDArray[np.bool_]
    near: IntArray
    near_metres: FloatArray
    near_seconds: FloatArray
    node_site: IntArray
    node_edge: IntArray
    node_metres: FloatArray
    node_seconds: NDArray[np.float32]
    detours: Mapping[int, Line]
    site_status: tuple[str, ...] = ()
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    def nearest_village(self, network: Network, x: float, y: float) -> tuple[int, float]:
        """The nearest village to a place and the straight metres to it."""
        xy = self._metres_of("villages", network)
        square = (xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2
        best = int(np.argmin(square))
        return best, float(square[best] ** 0.5)

    def nearest_sites(self, network: Network, position: Position, count: int = 3) -> list[Near]:
        """The open sites nearest to a position, by the tier's own measure."""
        if not len(self.sites):
            return []
        found: dict[int, Near] = {}
        if position.edge >= 0 and self.facts.vehicle:
            self._by_road(network, position, found)
        self._straight(network, position, found, count)
        return sorted(found.values(), key=lambda one: (one.metres, one.site))[:count]

    def _by_road(self, network: Network, position: Position, found: dict[int, Near]) -> None:
        vehicle = self.facts.vehicle
        seconds_of = network.seconds[vehicle]
        kph = _access_kph(self.facts)
        for edge, node, part in network.leaves(position, vehicle):
            first_m = part * float(network.length_m[edge])
            first_s = part * float(seconds_of[edge])
            row = zip(
                self.node_site[node].tolist(),
                self.node_metres[node].tolist(),
                self.node_seconds[node].tolist(),
                strict=True,
            )
            for site, metres, seconds in row:
                if site < 0:
                    break
                legs = position.leg_m + float(self.sites.leg_m[site])
                near = Near(
                    site,
                    first_m + metres + legs,
                    first_s + seconds + legs * 3.6 / kph,
                    self.facts.metric,
                )
                _keep(found, near)
        for site, driven in self._on_edge(network, position):
            edge = position.edge
            legs = position.leg_m + float(self.sites.leg_m[site])
            metres = driven * float(network.length_m[edge])
            seconds = driven * float(seconds_of[edge]) + legs * 3.6 / kph
            _keep(found, Near(site, metres + legs, seconds, self.facts.metric))

    def _on_edge(self, network: Network, position: Position) -> list[tuple[int, float]]:
        """Sites on the same line that can be driven to along it, and the part of it driven."""
        line = self._sites_by_line(network).get(_leader(network, position.edge))
        if not line:
            return []
        usable = network.usable[self.facts.vehicle]
        edge, back = position.edge, int(network.reverse[position.edge])
        ways = []
        for site in line:
            same = int(self.sites.edge[site]) == edge
            at = float(self.sites.fraction[site])
            at = at if same else 1.0 - at
            onward = at >= position.fraction and usable[edge]
            homeward = at <= position.fraction and back >= 0 and usable[back]
            if onward or homeward:
                ways.append((site, abs(at - position.fraction)))
        return ways

    def _straight(
        self, network: Network, position: Position, found: dict[int, Near], count: int
    ) -> None:
        """Sites measured straight x circuity: without roads, off them, or nearer than the road."""
        facts = self.facts
        if facts.vehicle and position.edge < 0 and not facts.straight_off_road:
            return
        away = self._metres_of("sites", network) - (position.x, position.y)
        square = np.einsum("ij,ij->i", away, away) * facts.circuity**2
        some = np.arange(len(square))
        if facts.vehicle and position.edge >= 0:
            beside = (self._straight_legs + position.leg_m).clip(0.0)
            some = np.flatnonzero(square <= beside * beside)
        if len(some) > count:
            some = some[np.argpartition(square[some], count)[: count + 1]]
        for site in some.tolist():
            metres = float(square[site]) ** 0.5
            _keep(found, Near(site, metres, metres * 3.6 / _access_kph(facts), "straight"))

    @cached_property
    def _straight_legs(self) -> FloatArray:
        """(m,) within these metres, and one's own to the road, a site is measured straight."""
        off = np.inf if self.facts.straight_off_road else -np.inf
        return np.where(self.sites.edge < 0, off, self.sites.leg_m)

    def route(self, network: Network, position: Position, near: Near) -> Line:
        """The way from a position to a site, for drawing."""
        sites = self.sites
        goal = [float(sites.lon[near.site]), float(sites.lat[near.site])]
        start = [position.lon, position.lat]
        if near.measured == "straight" or position.edge < 0:
            return [start, goal]
        start, goal = tidy([start])[0], tidy([goal])[0]
        return without_repeats([start, *self._road_route(network, position, near.site), goal])

    def _road_route(self, network: Network, position: Position, site: int) -> Line:
        best: tuple[float, int, int] | None = None
        for edge, node, part in network.leaves(position, self.facts.vehicle):
            k = self._rank(node, site)
            if k >= 0:
                metres = part * float(network.length_m[edge]) + float(self.node_metres[node, k])
                if best is None or metres < best[0]:
                    best = (metres, edge, node)
        for other, driven in self._on_edge(network, position):
            metres = driven * float(network.length_m[position.edge])
            if other == site and (best is None or metres <= best[0]):
                return self._direct(network, position, site)
        if best is None:
            return []
        _, edge, node = best
        begun = position.fraction if edge == position.edge else 1.0 - position.fraction
        points = network.line(edge, begun, 1.0)
        edge_to, node_edge = network.edge_to, self.node_edge
        for _ in range(len(self.node_site)):
            k = self._rank(node, site)
            if k < 0:
                return points
            onward = int(node_edge[node, k])
            if onward < 0:
                return points + self._arrival(network, node, site)
            points += network.line(onward)
            node = int(edge_to[onward])
        return points

    def _rank(self, node: int, site: int) -> int:
        """The place of a site among those nearest to a junction, -1 where it is none of them."""
        near: list[int] = self.node_site[node].tolist()
        return near.index(site) if site in near else -1

    def _direct(self, network: Network, position: Position, site: int) -> Line:
        edge = position.edge
        at = float(self.sites.fraction[site])
        at = at if int(self.sites.edge[site]) == edge else 1.0 - at
        if at >= position.fraction:
            return network.line(edge, position.fraction, at)
        return network.line(edge, at, position.fraction)[::-1]

    def _arrival(self, network: Network, node: int, site: int) -> Line:
        """From the last junction to the site on its road."""
        edge, at = int(self.sites.edge[site]), float(self.sites.fraction[site])
        back = int(network.reverse[edge])
        if int(network.edge_from[edge]) == node:
            return network.line(edge, 0.0, at)
        if back >= 0 and int(network.edge_from[back]) == node:
            return network.line(back, 0.0, 1.0 - at)
        return []

    def _metres_of(self, name: str, network: Network) -> FloatArray:
        if name not in self._cache:
            places = self.sites if name == "sites" else self.villages
            self._cache[name] = network.metres_of(places.lon, places.lat)
        cached: FloatArray = self._cache[name]
        return cached

    def _sites_by_line(self, network: Network) -> Mapping[int, list[int]]:
        if "lines" not in self._cache:
            lines: dict[int, list[int]] = {}
            for site, edge in enumerate(self.sites.edge.tolist()):
                if edge >= 0:
                    lines.setdefault(_leader(network, edge), []).append(site)
            self._cache["lines"] = lines
        cached: Mapping[int, list[int]] = self._cache["lines"]
        return cached


@dataclass(frozen=True, eq=False)
class ServiceIndex:
    """All tiers of a run that serve villages, over one network."""

    network: Network
    tiers: Sequence[TierIndex]

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], TierIndex]:
        """Tiers by stream and tier id."""
        return {(one.facts.stream, one.facts.tier): one for one in self.tiers}

    def of_stream(self, stream: str) -> list[TierIndex]:
        """The tiers of a stream, as a village meets them."""
        return [one for one in self.tiers if one.facts.stream == stream]

    @cached_property
    def streams(self) -> tuple[str, ...]:
        """Stream ids in the plan's order."""
        return tuple(dict.fromkeys(one.facts.stream for one in self.tiers))

    @cached_property
    def village_names(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """Tier and position of the villages of every name."""
        found: dict[str, list[tuple[int, int]]] = {}
        for t, tier in enumerate(self.tiers):
            for position, name in enumerate(tier.villages.names):
                found.setdefault(name, []).append((t, position))
        return {name: tuple(at) for name, at in found.items()}


def _access_kph(facts: TierFacts) -> float:
    return ACCESS_KPH.get(facts.vehicle or facts.metric, LANE_KPH)


def _leader(network: Network, edge: int) -> int:
    back = int(network.reverse[edge])
    return edge if back < 0 else min(edge, back)


def _keep(found: dict[int, Near], near: Near) -> None:
    known = found.get(near.site)
    if known is None or near.metres < known.metres:
        found[near.site] = near


def tidy(points: Line) -> Line:
    """Without the points that only repeat the one before, rounded to a decimetre."""
    return without_repeats([[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat in points])


def without_repeats(points: Line) -> Line:
    """A line of rounded points, each once in a row."""
    return points[:1] + [here for last, here in pairwise(points) if here != last]

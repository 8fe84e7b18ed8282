"""How far a site's service reaches over the roads, as areas for a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from geodata.roads.graph import CostGraph, RoadPositions, RoadTopology
from scenarios.service_check.index import LANE_KPH, TierIndex
from scenarios.service_check.network import Network

BESIDE_ROAD_M = 150.0
"""The ground this near to a reached road counts as reached; for showing alone."""


def isochrones(
    network: Network, tier: TierIndex, site: int, cutoffs: Sequence[float], unit: str
) -> list[dict[str, Any]]:
    """One GeoJSON feature a cutoff, the largest first, so that a map draws them in order.

    Parameters
    ----------
    cutoffs : metres or minutes on the way to the site, its access leg counted
    unit : "m" or "min"
    """
    found = []
    for cutoff in sorted(set(cutoffs), reverse=True):
        area = _area(network, tier, site, cutoff, unit)
        facts = {
            "site_id": tier.sites.ids[site],
            "stream": tier.facts.stream,
            "tier": tier.facts.tier,
            "cutoff": cutoff,
            "unit": unit,
            "measured": tier.facts.metric if _on_road(tier, site) else "straight",
        }
        shape = shapely.to_geojson(shapely.set_precision(area, 1e-6))
        found.append({"shape": shape, "facts": facts})
    return found


def _on_road(tier: TierIndex, site: int) -> bool:
    return bool(tier.facts.vehicle) and int(tier.sites.edge[site]) >= 0


def _area(
    network: Network, tier: TierIndex, site: int, cutoff: float, unit: str
) -> shapely.Geometry:
    back = Transformer.from_crs(network.metric, "EPSG:4326", always_xy=True)
    if _on_road(tier, site):
        shape = _reached(network, tier, site, cutoff, unit)
    else:
        metres = cutoff if unit == "m" else cutoff / 60 * LANE_KPH * 1000
        x, y = network.metres(float(tier.sites.lon[site]), float(tier.sites.lat[site]))
        shape = shapely.Point(x, y).buffer(metres / tier.facts.circuity)
    return shapely.transform(shape, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))


def _reached(
    network: Network, tier: TierIndex, site: int, cutoff: float, unit: str
) -> shapely.Geometry:
    """The ground beside the roads within the cutoff, in metres."""
    from geodata.impedance import reach  # noqa: PLC0415 - compiles on import

    vehicle, leg_m = tier.facts.vehicle, float(tier.sites.leg_m[site])
    graph = network.graph(vehicle)
    budget = cutoff - leg_m
    if unit == "min":
        topology = RoadTopology(
            network.node_lon, network.node_lat, network.edge_from, network.edge_to
        )
        cost = np.where(network.usable[vehicle], network.seconds[vehicle], np.inf)
        graph = CostGraph(topology, cost.astype(np.float64), network.reverse, "s")
        budget = cutoff * 60 - leg_m * 3.6 / LANE_KPH
    x, y = network.metres(float(tier.sites.lon[site]), float(tier.sites.lat[site]))
    shapes: list[shapely.Geometry] = [shapely.Point(x, y).buffer(BESIDE_ROAD_M)]
    if budget > 0:
        place = RoadPositions(tier.sites.edge[[site]], tier.sites.fraction[[site]])
        parts = reach(graph, place, budget, inward=True).portions(budget)
        lines = []
        for edge, start, end in zip(parts.edge, parts.start, parts.end, strict=True):
            line = np.array(network.line(int(edge), float(start), float(end)))
            if len(line) > 1:
                lines.append(shapely.linestrings(network.metres_of(line[:, 0], line[:, 1])))
        if lines:
            shapes.append(
                shapely.union_all(shapely.buffer(np.array(lines), BESIDE_ROAD_M, quad_segs=4))
            )
    return shapely.simplify(shapely.union_all(shapes), 20.0)

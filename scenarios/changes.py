"""A planner's changes to an earlier plan: sites locked, banned or moved, roads closed.

They stand in the scenario (``site_changes``, ``closed_roads``), so that a changed plan is a plan
like any other: it has a hash of its own and can be planned again from its file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.faults import N_, Fault, InputError, raise_errors
from geodata.roads.graph import RoadGraph
from geodata.snapping import snap
from planner.changes import ban, free, lock, move
from planner.problem_faults import ProblemError
from scenarios.inputs import Inputs
from scenarios.nearest import nearest
from scenarios.problems import TierProblem
from scenarios.road_lines import road_lines
from scenarios.schema import RoadClosure, Scenario, SiteChange, StreamProfile
from scenarios.sites import TierSites

CLOSURE_REACH_M = 200.0
"""A closure farther than this from every open road closes none."""

MOVED = "moved"


def changes_of(scenario: Scenario, profile: StreamProfile) -> tuple[SiteChange, ...]:
    """The changes that are meant for one stream."""
    return tuple(one for one in scenario.site_changes if one.stream == profile.id)


def moved_id(site: str) -> str:
    """Id of a moved site at its new place."""
    return f"{site}-{MOVED}"


def changed_inputs(inputs: Inputs, scenario: Scenario) -> Inputs:
    """The inputs with the scenario's roads closed.

    Raises
    ------
    InputError
        For a closure that is near no road, and for changes to a stream that is not planned.
    """
    planned = {use.stream.removesuffix(".yaml") for use in scenario.streams}
    strangers = sorted({one.stream for one in scenario.site_changes} - planned)
    message = N_("changes a site of stream {stream}, which the scenario does not plan")
    raise_errors(Fault("site_changes", message, {"stream": one}) for one in strangers)
    if not scenario.closed_roads:
        return inputs
    if inputs.roads is None:
        message = N_("the scenario has no roads to close")
        raise InputError([Fault("closed_roads", message)])
    roads = close_roads(inputs.roads, scenario.closed_roads)
    return replace(inputs, roads=roads, road_lines=road_lines(roads))


def close_roads(roads: RoadGraph, closures: Sequence[RoadClosure]) -> RoadGraph:
    """The network without the roads nearest to some points.

    Raises
    ------
    InputError
        Naming every point that is near no open road.
    """
    lon = np.array([one.lon for one in closures])
    lat = np.array([one.lat for one in closures])
    found = snap(lon, lat, roads, ~roads.closed, CLOSURE_REACH_M)
    message = N_("lies {metres:.0f} m from the nearest open road; point at the road itself")
    raise_errors(
        Fault(
            f"closed_roads, {one.lon:.6f} {one.lat:.6f}",
            message,
            {"metres": float(found.distance_m[k])},
        )
        for k, one in enumerate(closures)
        if not found.ok[k]
    )
    return roads.with_closures(np.unique(found.positions.edge).astype(np.int64))


def unknown_sites(
    profile: StreamProfile,
    changes: Sequence[SiteChange],
    sites: Mapping[str, gpd.GeoDataFrame],
) -> list[Fault]:
    """A fault for every change of a site that no tier of the stream has."""
    known = sorted({str(one) for table in sites.values() for one in table["id"]})
    faults = []
    for change in changes:
        if change.site in known:
            continue
        near = nearest(change.site, known)
        message = N_("stream {stream} has no site {site}; did you mean {near}?")
        if near is None:
            message = N_("stream {stream} has no site {site}")
        values = {"stream": profile.id, "site": change.site, "near": near}
        faults.append(Fault("site_changes", message, values))
    return faults


def with_new_places(found: TierSites, changes: Sequence[SiteChange]) -> TierSites:
    """The sites of a tier and, as candidates, the places that sites of it are moved to."""
    moves = [one for one in changes if one.action == "move"]
    rows = {str(name): position for position, name in enumerate(found.sites["id"])}
    moves = [one for one in moves if one.site in rows]
    if not moves:
        return found
    moved = found.sites.iloc[[rows[one.site] for one in moves]].assign(
        id=[moved_id(one.site) for one in moves],
        source=MOVED,
        state="",
        area_m2=np.nan,
        throughput_t_per_yr=np.nan,
        capacity_t_per_yr=np.nan,
        existing=False,
        required=False,
        geometry=shapely.points(
            np.array([one.lon for one in moves], np.float64),
            np.array([one.lat for one in moves], np.float64),
        ),
    )
    joined = pd.concat([found.sites, moved], ignore_index=True)
    sites = gpd.GeoDataFrame(joined, geometry="geometry", crs="EPSG:4326")
    return replace(found, sites=sites)


def with_changes(problem: TierProblem, changes: Sequence[SiteChange]) -> TierProblem:
    """The tier's problem with its sites locked, banned and moved.

    Raises
    ------
    InputError
        Where changes contradict each other.
    """
    changed = problem.problem
    known = set(changed.sites.ids)
    try:
        for change in changes:
            if change.site not in known:
                continue  # a site of another tier
            if change.action == "lock":
                changed = lock(changed, change.site)
            elif change.action == "ban":
                changed = ban(free(changed, change.site), change.site)
            else:
                changed = move(changed, change.site, moved_id(change.site))
    except ProblemError as error:
        raise InputError([Fault("site_changes", one) for one in error.faults]) from None
    return replace(problem, problem=changed)

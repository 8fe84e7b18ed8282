"""OSMnx: its GraphML files, and networks by place name from OpenStreetMap's servers.

OSMnx keeps no turn restrictions, so a network by place name has none; a PBF extract has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np
import osmnx as ox
import pandas as pd
import requests
import shapely
from numpy.typing import NDArray
from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError
from pyproj import CRS

from geodata.crs import declared_crs, to_wgs84
from geodata.faults import N_, Fault, InputError
from geodata.roads.access import Access
from geodata.roads.lines import RoadLines
from geodata.roads.osm_tags import WAY_KEYS, barrier_access
from geodata.roads.tagged import attributes_of_rows, standard_columns

_NODE_TAGS = ("barrier", "access", "motor_vehicle", "hgv", "goods", "maxheight")


def read_graphml(path: Path) -> RoadLines:
    """Read a GraphML file that OSMnx saved.

    Raises
    ------
    InputError
        The file is damaged, or is no graph with coordinates.
    """
    try:
        graph = ox.load_graphml(path)
    except (ParseError, ValueError, KeyError, TypeError, nx.NetworkXError, OSError) as error:
        message = N_("not a whole GraphML file of OSMnx ({error}); save or copy it again")
        raise InputError([Fault(path.name, message, {"error": str(error)[:200]})]) from error
    return lines_of_graph(graph, path.name)


def fetch_place(place: str, cache: Path | None = None) -> RoadLines:
    """Fetch the roads of a place by its name; what was fetched once is kept in the cache.

    Raises
    ------
    InputError
        The servers cannot be reached, or know no such place or no road in it.
    """
    try:
        with _settings(cache):
            graph = ox.graph_from_place(
                place, network_type="all", simplify=False, retain_all=True, truncate_by_edge=True
            )
    except (requests.exceptions.RequestException, ResponseStatusCodeError) as error:
        message = N_(
            "cannot reach OpenStreetMap's servers ({error}); connect to the internet, or download "
            "an extract (.osm.pbf) and give it as the road file"
        )
        raise InputError([Fault(place, message, {"error": type(error).__name__})]) from error
    except (InsufficientResponseError, TypeError, ValueError) as error:
        message = N_(
            "OpenStreetMap knows no area or no roads by this name ({error}); write it as on "
            "openstreetmap.org, e.g. '冠县, 聊城市, 山东省'"
        )
        raise InputError([Fault(place, message, {"error": str(error)[:200]})]) from error
    return lines_of_graph(graph, f"{place}, © OpenStreetMap contributors (ODbL)")


@contextmanager
def _settings(cache: Path | None) -> Iterator[None]:
    """OSMnx's global settings with the tags that roads need, put back afterwards."""
    changed: dict[str, Any] = {
        "useful_tags_way": sorted({*ox.settings.useful_tags_way, *WAY_KEYS, "name", "ref"}),
        "useful_tags_node": sorted({*ox.settings.useful_tags_node, *_NODE_TAGS}),
        "use_cache": True,
        # Its fallback for names that do not resolve is a server that China and offices block.
        "doh_url_template": None,
    }
    if cache is not None:
        changed["cache_folder"] = str(cache)
    before = {name: getattr(ox.settings, name) for name in changed}
    try:
        for name, value in changed.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)


def lines_of_graph(graph: nx.MultiDiGraph[Any], source: str) -> RoadLines:
    """Road lines of an OSMnx graph; the two directions of a street become one line.

    Raises
    ------
    InputError
        There are no edges, or nodes without coordinates.
    """
    nodes = list(graph.nodes(data=True))
    edges = list(graph.edges(keys=False, data=True))
    if not edges or any("x" not in data or "y" not in data for _, data in nodes):
        message = N_("no road network: {edges} edges between {nodes} nodes with coordinates")
        with_xy = sum("x" in data and "y" in data for _, data in nodes)
        raise InputError([Fault(source, message, {"edges": len(edges), "nodes": with_xy})])
    number = {name: i for i, (name, _) in enumerate(nodes)}
    place = np.array([(data["x"], data["y"]) for _, data in nodes], float)
    ends = np.array([(number[u], number[v]) for u, v, _ in edges], np.int64)
    lines = [
        data.get("geometry") or shapely.LineString(place[pair])
        for pair, (_, _, data) in zip(ends, edges, strict=True)
    ]
    keep, both_ways = _one_of_both_directions(ends, lines)
    table = pd.DataFrame([edges[i][2] for i in keep]).drop(columns="geometry", errors="ignore")
    # OSMnx draws a one-way street in its driving direction: "-1" was turned round already.
    table["oneway"] = np.where(both_ways, "no", "yes")
    tagged = attributes_of_rows(table, standard_columns(table.columns.map(str), {}))
    kept_rows = keep[tagged.rows]
    return _road_lines(graph, ends[kept_rows], [lines[i] for i in kept_rows], tagged, source)


def _road_lines(
    graph: nx.MultiDiGraph[Any], ends: NDArray[np.int64], lines: list[Any], tagged: Any, source: str
) -> RoadLines:
    points, line = shapely.get_coordinates(lines, return_index=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(lines)))])
    node = np.full(len(points), -1, np.int64)
    node[start[:-1]], node[start[1:] - 1] = ends.T
    declared = declared_crs(CRS(graph.graph.get("crs", "EPSG:4326")), source)
    lon, lat = to_wgs84(points[:, 0], points[:, 1], declared)
    barriers = {}
    for i, (_, data) in enumerate(graph.nodes(data=True)):
        if "barrier" in data:
            tags = {key: str(data[key]) for key in _NODE_TAGS if isinstance(data.get(key), str)}
            access = barrier_access(tags)
            if access != Access.ALL:
                barriers[i] = int(access)
    return RoadLines(
        start=start,
        lon=lon,
        lat=lat,
        node=node,
        attributes=tagged.attributes,
        class_names=tagged.class_names,
        names=tagged.names,
        barriers=barriers,
        source=source,
        counts=tagged.counts,
    )


def _one_of_both_directions(
    ends: NDArray[np.int64], lines: list[Any]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Edges to keep, and which of them stand for both directions of the same line."""
    turned = (ends[:, 0] > ends[:, 1]) | (
        (ends[:, 0] == ends[:, 1]) & np.array([_begins_high(line) for line in lines])
    )
    canonical = np.where(turned, shapely.reverse(lines), lines)
    shape = pd.factorize(shapely.to_wkb(canonical))[0]
    key = pd.DataFrame({"low": ends.min(axis=1), "high": ends.max(axis=1), "shape": shape})
    group = key.groupby(["low", "high", "shape"], sort=False).ngroup().to_numpy()
    n_groups = int(group.max()) + 1
    has = np.zeros((n_groups, 2), bool)
    has[group, turned.astype(int)] = True
    keep = np.sort(np.unique(group, return_index=True)[1])
    return keep, np.asarray(has.all(axis=1))[group[keep]]


def _begins_high(line: Any) -> bool:
    """Of a closed line: whether it is drawn in the higher of its two orders."""
    points = shapely.get_coordinates(line)
    return bool(tuple(points.ravel()) > tuple(points[::-1].ravel()))

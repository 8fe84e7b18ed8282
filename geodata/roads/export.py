"""A road network as layers: for maps, for GIS, and to be read again as the same network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError
from geodata.roads.graph import RoadGraph, RoadTopology
from geodata.roads.lines import ragged_indices

LAYERS = ("roads", "connectors", "junctions")
"""Lines one a road, links of split junctions one a row, and junctions, of an exported file."""

_PAIRED = ("from_node", "to_node", "access", "speed_kph", "speed_limit_kph", "closed", "length_m")
_NULLABLE = {"i": "Int64", "f": "Float64", "b": "boolean"}
_MARK = "wangdian_edge"


def lines_frame(graph: RoadGraph, edges: NDArray[np.integer] | None = None) -> gpd.GeoDataFrame:
    """One row a line of road (or the given edges), WGS84, with everything known of it.

    Columns with ``back_`` are of the opposite direction, null where there is none.
    """
    rows = np.flatnonzero(graph.is_line_leader) if edges is None else np.asarray(edges)
    back = graph.reverse[rows]
    columns: dict[str, Any] = {
        _MARK: rows,
        "road_class": np.array(graph.class_names, object)[graph.road_class[rows]],
        "name": np.array([*graph.names, None], object)[graph.name[rows]],
        "max_weight_t": graph.max_weight_t[rows],
        "max_height_m": graph.max_height_m[rows],
    }
    both = _directed_columns(graph)
    columns |= {name: both[name][rows] for name in _PAIRED}
    there = pd.Series(back >= 0)
    columns["back_edge"] = pd.Series(back.astype(np.int64), dtype="Int64").where(there)
    for name in _PAIRED:
        columns["back_" + name] = pd.Series(
            both[name][back], dtype=_NULLABLE[both[name].dtype.kind]
        ).where(there)
    frame = pd.DataFrame(columns)
    return gpd.GeoDataFrame(frame, geometry=shapes(graph, rows), crs="EPSG:4326")


def shapes(graph: RoadGraph, edges: NDArray[np.integer]) -> NDArray[np.object_]:
    """(n,) shapely lines of edges, in driving order."""
    count = np.diff(graph.shape_start)[edges]
    points = ragged_indices(graph.shape_start[:-1][edges], count)
    xy = np.column_stack([graph.shape_lon[points], graph.shape_lat[points]])
    return np.asarray(shapely.linestrings(xy, indices=np.repeat(np.arange(len(edges)), count)))


def _directed_columns(graph: RoadGraph) -> dict[str, NDArray[Any]]:
    limit = graph.speed_limit_kph
    return {
        "from_node": graph.topology.edge_from,
        "to_node": graph.topology.edge_to,
        "access": graph.access.astype(np.int32),
        "speed_kph": graph.speed_kph,
        "speed_limit_kph": np.full(graph.n_edges, np.nan, np.float32) if limit is None else limit,
        "closed": graph.closed,
        "length_m": graph.length_m,
    }


def save_roads(graph: RoadGraph, path: Path) -> None:
    """Write a GeoPackage with the layers of ``LAYERS``; the old file stays until it is whole.

    ``load_roads`` reads it as an equal network: same nodes, edges and order, same values.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        whole = Path(folder) / path.name
        edges = np.arange(graph.n_edges)
        links = np.flatnonzero(graph.is_connector & ((graph.reverse < 0) | (edges < graph.reverse)))
        junctions = gpd.GeoDataFrame(
            {"node": np.arange(graph.n_nodes)},
            geometry=shapely.points(graph.topology.node_lon, graph.topology.node_lat),
            crs="EPSG:4326",
        )
        for layer, frame in zip(
            LAYERS,
            (lines_frame(graph), lines_frame(graph, links), junctions),
            strict=True,
        ):
            pyogrio.write_dataframe(
                frame, whole, layer=layer, driver="GPKG", layer_metadata={"SOURCE": graph.source}
            )
        whole.replace(path)


def is_export(path: Path) -> bool:
    """Whether the file is one that ``save_roads`` wrote."""
    if path.suffix.lower() != ".gpkg":
        return False
    try:
        layers = set(pyogrio.list_layers(path)[:, 0])
        return set(LAYERS) <= layers and _MARK in pyogrio.read_info(path, layer="roads")["fields"]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        return False


def read_export(path: Path) -> RoadGraph:
    """The network of a file that ``save_roads`` wrote.

    Raises
    ------
    InputError
        Rows were taken out or changed so that it is no whole network any more.
    """
    try:
        roads, links, junctions = (pyogrio.read_dataframe(path, layer=name) for name in LAYERS)
        return _graph(pd.concat([roads, links], ignore_index=True), junctions, _source(path))
    except (pyogrio.errors.DataSourceError, KeyError, ValueError, IndexError) as error:
        message = N_(
            "this exported network is no longer whole ({error}); export it again, or copy the "
            "lines alone to a new layer"
        )
        raise InputError([Fault(path.name, message, {"error": str(error)[:200]})]) from error


def _source(path: Path) -> str:
    metadata = pyogrio.read_info(path, layer="roads").get("layer_metadata") or {}
    return str(metadata.get("SOURCE", path.name))


def _graph(frame: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame, source: str) -> RoadGraph:
    back = frame[frame["back_edge"].notna()]
    edge = np.concatenate([frame[_MARK], back["back_edge"]]).astype(np.int64)
    if not np.array_equal(np.sort(edge), np.arange(len(edge))):
        raise ValueError("edges are missing or doubled")
    order = np.argsort(edge)

    def directed(name: str, kind: Any) -> NDArray[Any]:
        values = np.concatenate([frame[name], back["back_" + name]])
        return np.asarray(values[order], kind)

    def shared(name: str, kind: Any) -> NDArray[Any]:
        return np.asarray(np.concatenate([frame[name], back[name]])[order], kind)

    forward = np.asarray(frame.geometry.array)
    lines = np.concatenate([forward, shapely.reverse(forward[frame["back_edge"].notna()])])[order]
    points, line = shapely.get_coordinates(lines, return_index=True)
    classes, class_names = pd.factorize(shared("road_class", object), sort=True)
    names, known_names = pd.factorize(shared("name", object), sort=True)
    nodes = junctions.sort_values("node")
    reverse = np.concatenate([frame["back_edge"].fillna(-1), back[_MARK]])[order]
    topology = RoadTopology(
        node_lon=shapely.get_x(nodes.geometry.array),
        node_lat=shapely.get_y(nodes.geometry.array),
        edge_from=directed("from_node", np.int32),
        edge_to=directed("to_node", np.int32),
    )
    if max(topology.edge_from.max(), topology.edge_to.max()) >= topology.n_nodes:
        raise ValueError("junctions are missing")
    return RoadGraph(
        topology=topology,
        length_m=directed("length_m", np.float64),
        road_class=classes.astype(np.int16),
        class_names=tuple(class_names),
        name=names.astype(np.int32),
        names=tuple(known_names),
        reverse=reverse.astype(np.int32),
        access=directed("access", np.uint16),
        max_weight_t=shared("max_weight_t", np.float32),
        max_height_m=shared("max_height_m", np.float32),
        speed_kph=directed("speed_kph", np.float32),
        closed=directed("closed", bool),
        shape_start=np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(lines)))]),
        shape_lon=points[:, 0].copy(),
        shape_lat=points[:, 1].copy(),
        source=source,
        speed_limit_kph=directed("speed_limit_kph", np.float32),
    )

"""Real road files against the figures of ../shared/data/SOURCES.tsv."""

from __future__ import annotations

import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString

from geodata.faults import InputError
from geodata.roads.access import Access
from geodata.roads.build import build_graph
from geodata.roads.components import component_of_node
from geodata.roads.graph import RoadGraph
from geodata.roads.lines import RoadLines, lengths_m, plain_attributes, ragged_indices
from geodata.roads.osm import read_osm
from geodata.roads.read import load_roads
from geodata.roads.report import network_report
from geodata.roads.speeds import by_time, vehicle
from geodata.snapping import snap

pytestmark = pytest.mark.real

DRIVEN = {
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary",
    "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential", "living_street",
    "service", "road", "track",
}  # fmt: skip


def driven(lines: RoadLines) -> RoadLines:
    """The roads that SOURCES.tsv counts, all alike, so that only the drawing matters."""
    classes = [i for i, name in enumerate(lines.class_names) if name in DRIVEN]
    keep = np.flatnonzero(np.isin(lines.attributes.road_class, classes))
    count = np.diff(lines.start)[keep]
    points = ragged_indices(lines.start[:-1][keep], count)
    everybody = np.full((len(keep), 2), int(Access.ALL))
    return replace(
        lines,
        start=np.concatenate([[0], np.cumsum(count)]),
        lon=lines.lon[points],
        lat=lines.lat[points],
        node=lines.node[points],
        attributes=plain_attributes(np.zeros(len(keep), int), everybody),
        barriers={},
        turns=(),
    )


def check_whole(graph: RoadGraph) -> None:
    """What holds for every network that was read."""
    topology = graph.topology
    for ends, at in (
        (topology.edge_from, graph.shape_start[:-1]),
        (topology.edge_to, graph.shape_start[1:] - 1),
    ):
        off = np.hypot(
            graph.shape_lon[at] - topology.node_lon[ends],
            graph.shape_lat[at] - topology.node_lat[ends],
        )
        assert off.max() < 1e-5
    paired = np.flatnonzero(graph.reverse >= 0)
    assert (graph.reverse[graph.reverse[paired]] == paired).all()
    assert np.isfinite(graph.length_m).all()
    assert lengths_m(graph.shape_start, graph.shape_lon, graph.shape_lat) == pytest.approx(
        graph.length_m, abs=1e-6
    )
    for name in ("compactor", "walk"):
        cost = by_time(graph, vehicle(name)).cost
        assert not np.isnan(cost).any()
        assert np.isfinite(cost).mean() > 0.3


@pytest.mark.parametrize(
    ("name", "ways", "nodes", "km", "largest"),
    [
        ("osmnx_West-Oakland.osm.bz2", 23, 147, 7.8, 0.946),
        ("monaco.osm.gz", 509, 3068, 61, 0.98),
        ("north-bayreuth.osm.gz", 1783, 12_784, 526, 0.984),
        ("liechtenstein.osm.pbf", 3479, 32_469, 862, 0.974),
        pytest.param("porto_portugal.osm.pbf", 46_413, 309_729, 10_353, 0.995,
                     marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_osm_files_have_the_counted_roads(real_data: Path, name, ways, nodes, km, largest):
    lines = driven(read_osm(real_data / "roads" / name))
    assert len(lines) == pytest.approx(ways, rel=1e-3)
    assert len(np.unique(lines.node)) == pytest.approx(nodes, rel=1e-3)
    total = lengths_m(lines.start, lines.lon, lines.lat).sum() / 1000
    assert total == pytest.approx(km, rel=0.01)
    graph = build_graph(lines)
    assert graph.length_m[graph.is_line_leader].sum() / 1000 == pytest.approx(total)
    # SOURCES.tsv counts every point of a road; the graph its junctions, so the share is near.
    share = np.bincount(component_of_node(graph.topology))[0] / graph.n_nodes
    assert share == pytest.approx(largest, abs=0.06)


@pytest.mark.slow
def test_porto_has_the_counted_junctions(real_data: Path):
    lines = driven(read_osm(real_data / "roads/porto_portugal.osm.pbf"))
    assert build_graph(lines).n_nodes == pytest.approx(62_618, rel=0.01)


@pytest.mark.parametrize(
    "name", ["osmnx_West-Oakland.osm.bz2", "monaco.osm.gz", "north-bayreuth.osm.gz",
             "liechtenstein.osm.pbf"],
)  # fmt: skip
def test_osm_files_become_whole_networks(real_data: Path, name):
    graph = load_roads(real_data / "roads" / name)
    check_whole(graph)
    report = network_report(graph)
    assert report.largest_share > 0.85
    assert report.circuity is not None
    assert 1 < report.circuity < 2.5
    assert report.unknown_classes == ()


def test_wuhan_lines_meet_by_their_ends(real_data: Path):
    path = real_data / "roads/neatnet_wuhan_8989_original.parquet"
    graph = load_roads(path, tolerance_m=0.01)
    check_whole(graph)
    report = network_report(graph)
    assert report.length_km == pytest.approx(7185, rel=1e-3)
    assert component_of_node(graph.topology).max() == 0
    assert report.one_way_share == 0
    assert graph.topology.node_lon.min() > 113.9
    assert graph.topology.node_lat.max() < 30.8
    frame = gpd.read_parquet(path)
    points, line = shapely.get_coordinates(frame.geometry.array, return_index=True)
    is_end = (np.diff(line, prepend=-1) != 0) | (np.diff(line, append=-1) != 0)
    n_ends = len(np.unique(np.round(points[is_end], 2), axis=0))
    assert n_ends == 82_891


def test_coquimbo_links(real_data: Path, tmp_path: Path):
    with zipfile.ZipFile(real_data / "roads/aequilibrae_coquimbo.zip") as archive:
        (tmp_path / "c.sqlite").write_bytes(archive.read("project_database.sqlite"))
    with sqlite3.connect(tmp_path / "c.sqlite") as database:
        rows = database.execute("SELECT link_type, direction, name, geometry FROM links").fetchall()
    # SpatiaLite: 43 bytes of frame, number of points, then x, y of each.
    lines = [
        LineString(np.frombuffer(blob, "<f8", 2 * int.from_bytes(blob[43:47], "little"), 47)
                   .reshape(-1, 2))
        for *_, blob in rows
    ]  # fmt: skip
    kinds, directions, names, _ = zip(*rows, strict=True)
    gpd.GeoDataFrame(
        {"link_type": kinds, "oneway": directions, "name": names}, geometry=lines, crs="EPSG:4326"
    ).to_file(tmp_path / "links.gpkg")
    graph = load_roads(tmp_path / "links.gpkg", tolerance_m=0.01)
    check_whole(graph)
    report = network_report(graph)
    assert report.length_km == pytest.approx(1526, rel=0.005)
    assert report.unknown_classes == ("centroid_connector",)
    assert report.one_way_share > 0.1
    parts = np.bincount(component_of_node(graph.topology))
    assert parts[0] / parts.sum() > 0.99


@pytest.mark.parametrize("share", [0.2, 0.7, 0.999])
def test_a_truncated_pbf_is_one_clear_message(real_data: Path, tmp_path: Path, share):
    whole = (real_data / "roads/liechtenstein.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"cut\.osm\.pbf: not a whole OSM file"):
        load_roads(path)


def test_villages_of_liechtenstein_are_on_roads(real_data: Path):
    path = real_data / "roads/liechtenstein.osm.pbf"
    graph = load_roads(path)
    points = pyogrio.read_dataframe(path, layer="points", columns=["place", "name"])
    villages = points[points["place"].isin(["village", "hamlet", "town"])]
    cost = by_time(graph, vehicle("compactor"))
    found = snap(villages.geometry.x.to_numpy(), villages.geometry.y.to_numpy(), graph, cost, 500)
    assert len(villages) >= 15
    assert found.ok.mean() > 0.9
    assert found.component is not None
    assert (found.component[found.ok] == 0).mean() > 0.9

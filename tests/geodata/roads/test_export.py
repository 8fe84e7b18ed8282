from __future__ import annotations

import sqlite3
from dataclasses import fields

import geopandas as gpd
import numpy as np
import pyogrio
import pytest

from geodata.faults import InputError
from geodata.roads.export import LAYERS, lines_frame, save_roads
from geodata.roads.graph import RoadGraph
from geodata.roads.read import load_roads
from tests.geodata.roads.networks import osm_file

ROAD = {"highway": "unclassified", "name": "试路", "maxspeed": "50"}


def assert_equal(one: RoadGraph, other: RoadGraph) -> None:
    assert one.topology.fingerprint == other.topology.fingerprint
    for field in fields(RoadGraph):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray) and field.name not in {"name", "road_class"}:
            assert a.dtype == b.dtype, field.name
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), field.name
    for positions, names in (("road_class", "class_names"), ("name", "names")):
        texts = [
            np.array([*getattr(g, names), ""], object)[getattr(g, positions)] for g in (one, other)
        ]
        assert np.array_equal(*texts)


@pytest.fixture
def graph(tmp_path):
    nodes = {1: (-100, 0), 2: (100, 0), 3: (0, 100), 4: (0, -100), 5: (0, 0), 6: (50, 0)}
    ways = [
        ([1, 5], ROAD), ([5, 6, 2], {**ROAD, "oneway": "yes", "maxweight": "8"}), ([5, 3], ROAD),
        ([5, 4], {"highway": "motorway", "maxheight": "4"}), ([2, 3], {"highway": "footway"}),
    ]  # fmt: skip
    rule = (
        {"type": "restriction", "restriction": "no_left_turn"},
        [("way", 1, "from"), ("node", 5, "via"), ("way", 3, "to")],
    )
    path = osm_file(tmp_path / "a.osm", nodes, ways, {6: {"barrier": "gate"}}, [rule])
    graph = load_roads(path)
    assert graph.is_connector.any()
    return graph


def test_an_exported_network_is_read_again_as_it_was(graph, tmp_path):
    closed = graph.with_closures(np.array([0])).with_speeds(
        np.linspace(10, 60, graph.n_edges).astype(np.float32)
    )
    save_roads(closed, tmp_path / "roads.gpkg")
    again = load_roads(tmp_path / "roads.gpkg")
    assert_equal(closed, again)
    assert again.source == graph.source
    save_roads(again, tmp_path / "twice.gpkg")
    assert_equal(again, load_roads(tmp_path / "twice.gpkg"))


def test_one_row_a_road_for_people(graph):
    frame = lines_frame(graph)
    assert len(frame) == graph.is_line_leader.sum() == 6
    assert frame.crs.to_epsg() == 4326
    assert frame["length_m"].sum() == pytest.approx(graph.length_m[graph.is_line_leader].sum())
    one_way = frame[frame["road_class"] == "motorway"]
    assert one_way["back_edge"].isna().all()
    assert len(lines_frame(graph, np.array([2, 0]))) == 2


def test_layers_of_the_file(graph, tmp_path):
    save_roads(graph, tmp_path / "roads.gpkg")
    assert set(LAYERS) <= set(pyogrio.list_layers(tmp_path / "roads.gpkg")[:, 0])
    assert len(gpd.read_file(tmp_path / "roads.gpkg", layer="junctions")) == graph.n_nodes
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_network_with_rows_taken_out_is_refused(graph, tmp_path):
    path = tmp_path / "roads.gpkg"
    save_roads(graph, path)
    with sqlite3.connect(path) as file:
        file.execute("DROP TRIGGER IF EXISTS rtree_roads_geom_delete")
        file.execute("DROP TRIGGER IF EXISTS trigger_delete_feature_count_roads")
        file.execute("DELETE FROM roads WHERE fid = 1")
    with pytest.raises(InputError, match=r"roads\.gpkg.*no longer whole"):
        load_roads(path)


def test_the_lines_alone_are_a_layer_like_any_other(graph, tmp_path):
    lines_frame(graph)[["road_class", "name", "geometry"]].to_file(tmp_path / "lines.gpkg")
    again = load_roads(tmp_path / "lines.gpkg")
    assert again.is_line_leader.sum() <= graph.is_line_leader.sum()

from __future__ import annotations

import bz2
import gzip

import numpy as np
import pytest

from geodata.faults import InputError
from geodata.roads.access import LORRIES, Access
from geodata.roads.osm import read_osm
from geodata.roads.read import load_roads
from tests.geodata.roads.networks import distances, node_at, osm_file

ROAD = {"highway": "unclassified"}
CROSS = {1: (-100, 0), 2: (100, 0), 3: (0, 100), 4: (0, -100), 5: (0, 0)}


def connected(graph, a, b, group=Access.CAR, within_m=np.inf):
    return bool(distances(graph, group)[node_at(graph, *a), node_at(graph, *b)] < within_m)


def test_ways_meet_where_they_share_a_node_only(tmp_path):
    shared = osm_file(tmp_path / "a.osm", CROSS, [([1, 5, 2], ROAD), ([3, 5, 4], ROAD)])
    bridge = osm_file(
        tmp_path / "b.osm",
        {**CROSS, 6: (0, 0)},  # at the same place, but another node
        [([1, 5, 2], ROAD), ([3, 6, 4], {**ROAD, "bridge": "yes", "layer": "1"})],
    )
    assert connected(load_roads(shared), (-100, 0), (0, 100))
    assert not connected(load_roads(bridge), (-100, 0), (0, 100))
    assert load_roads(shared).n_nodes == 5
    assert load_roads(bridge).n_nodes == 4


@pytest.mark.parametrize(
    ("tags", "onward", "back"),
    [({}, True, True), ({"oneway": "yes"}, True, False), ({"oneway": "-1"}, False, True)],
)
def test_one_way_streets_may_be_walked_back(tmp_path, tags, onward, back):
    path = osm_file(tmp_path / "a.osm", {1: (0, 0), 2: (100, 0)}, [([1, 2], {**ROAD, **tags})])
    graph = load_roads(path)
    assert connected(graph, (0, 0), (100, 0)) == onward
    assert connected(graph, (100, 0), (0, 0)) == back
    assert connected(graph, (100, 0), (0, 0), Access.WALK)
    assert connected(graph, (0, 0), (100, 0), Access.WALK)


def test_a_roundabout_runs_one_way(tmp_path):
    nodes = {1: (0, 0), 2: (50, 0), 3: (50, 50), 4: (0, 50), 5: (-100, 0), 6: (150, 0)}
    ring = ([1, 2, 3, 4, 1], {**ROAD, "junction": "roundabout"})
    path = osm_file(tmp_path / "a.osm", nodes, [ring, ([5, 1], ROAD), ([2, 6], ROAD)])
    table = distances(load_roads(path))
    graph = load_roads(path)
    west, east = node_at(graph, -100, 0), node_at(graph, 150, 0)
    assert table[west, east] == pytest.approx(250, rel=0.01)
    assert table[east, west] == pytest.approx(350, rel=0.01)


@pytest.mark.parametrize(
    ("tags", "groups"),
    [({"barrier": "bollard"}, Access.WALK), ({"barrier": "gate"}, Access.ALL & ~LORRIES),
     ({"barrier": "toll_booth"}, Access.ALL), ({"highway": "crossing"}, Access.ALL)],
)  # fmt: skip
def test_barrier_nodes(tmp_path, tags, groups):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0)}
    graph = load_roads(osm_file(tmp_path / "a.osm", nodes, [([1, 2, 3], ROAD)], {2: tags}))
    for group in Access:
        assert connected(graph, (0, 0), (200, 0), group) == bool(group & groups)
    assert graph.is_line_leader.sum() == (1 if groups == Access.ALL else 2)


@pytest.mark.parametrize(
    ("tags", "to_north", "to_south"),
    [
        ({"restriction": "no_left_turn"}, False, True),
        ({"restriction": "only_straight_on"}, True, False),
        ({"restriction": "no_left_turn", "except": "motorcar"}, True, True),
        ({"restriction:hgv": "no_left_turn"}, True, True),
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, True, True),
    ],
)
def test_turn_restrictions(tmp_path, tags, to_north, to_south):
    ways = [([1, 5], ROAD), ([5, 2], ROAD), ([5, 3], ROAD), ([5, 4], ROAD)]
    relation = (
        {"type": "restriction", **tags},
        [("way", 1, "from"), ("node", 5, "via"), ("way", 3, "to")],
    )
    graph = load_roads(osm_file(tmp_path / "a.osm", CROSS, ways, relations=[relation]))
    direct = 250  # turning round at the end of another arm takes 400 m
    assert connected(graph, (-100, 0), (0, 100), within_m=direct) == to_north
    assert connected(graph, (-100, 0), (0, -100), within_m=direct) == to_south
    assert connected(graph, (0, -100), (0, 100))
    assert connected(graph, (-100, 0), (0, 100), Access.WALK, direct)
    if "restriction:hgv" in tags:
        assert not connected(graph, (-100, 0), (0, 100), Access.HGV, direct)
    used = "restriction:conditional" not in tags
    assert graph.counts["turn_rules"] == int(used)
    assert graph.counts["turn_rules_unused"] == int(not used)


def test_a_turn_rule_on_a_way_that_passes_through_its_junction(tmp_path):
    ways = [([1, 5, 2], ROAD), ([3, 5, 4], ROAD)]
    relation = (
        {"type": "restriction", "restriction": "no_left_turn"},
        [("way", 1, "from"), ("node", 5, "via"), ("way", 2, "to")],
    )
    graph = load_roads(osm_file(tmp_path / "a.osm", CROSS, ways, relations=[relation]))
    assert not connected(graph, (-100, 0), (0, 100), within_m=250)
    assert connected(graph, (-100, 0), (100, 0), within_m=250)


def test_ferries_areas_and_unbuilt_roads_are_left_out_and_counted(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0)}
    ways = [
        ([1, 2], ROAD),
        ([2, 3], {"route": "ferry"}),
        ([2, 3], {"highway": "proposed"}),
        ([1, 2, 3, 1], {"highway": "pedestrian", "area": "yes"}),
        ([2, 3], {"waterway": "river"}),
    ]
    graph = load_roads(osm_file(tmp_path / "a.osm", nodes, ways))
    assert graph.n_edges == 2
    assert {k: graph.counts[k] for k in ("ferries", "not_roads", "areas")} == {
        "ferries": 1, "not_roads": 1, "areas": 1,
    }  # fmt: skip


def test_limits_names_and_classes(tmp_path):
    tags = {"highway": "secondary", "name": "冠宜路", "maxspeed": "60", "maxweight": "10",
            "maxheight": "3.8"}  # fmt: skip
    path = osm_file(
        tmp_path / "a.osm", {1: (0, 0), 2: (100, 0), 3: (200, 0)},
        [([1, 2], tags), ([2, 3], {"highway": "track"})],
    )  # fmt: skip
    graph = load_roads(path)
    edge = int(np.flatnonzero(graph.name >= 0)[0])
    assert graph.names[graph.name[edge]] == "冠宜路"
    assert graph.class_names[graph.road_class[edge]] == "secondary"
    assert graph.speed_limit_kph is not None
    assert graph.speed_limit_kph[edge] == 60
    assert graph.max_weight_t[edge] == 10
    assert graph.max_height_m[edge] == pytest.approx(3.8)
    unnamed = graph.class_names[graph.road_class[int(np.flatnonzero(graph.name < 0)[0])]]
    assert unnamed == "track"
    assert "OpenStreetMap" in graph.source


def test_a_way_with_points_outside_the_extract_is_cut_there(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 4: (300, 0), 5: (400, 0)}
    path = osm_file(tmp_path / "a.osm", nodes, [([1, 2, 3, 4, 5], ROAD)])
    lines = read_osm(path)
    assert len(lines) == 2
    assert lines.counts["missing_nodes"] == 1
    assert not connected(load_roads(path), (0, 0), (400, 0))


def test_points_that_are_no_place_on_earth_are_left_out(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0), 3: (0, 10_000_000), 4: (8_000_000, 0)}
    lines = read_osm(osm_file(tmp_path / "a.osm", nodes, [([3, 4, 1, 2], ROAD)]))
    assert len(lines.lon) == 2
    assert lines.counts["missing_nodes"] == 2
    nonsense = osm_file(tmp_path / "b.osm", {1: (0, 0), 2: (90_000_000, 0)}, [([1, 2], ROAD)])
    with pytest.raises(InputError, match="not a whole OSM file"):
        read_osm(nonsense)


def test_a_doubled_point_is_no_junction(tmp_path):
    path = osm_file(tmp_path / "a.osm", {1: (0, 0), 2: (9, 0), 3: (99, 0)}, [([1, 2, 2, 3], ROAD)])
    assert load_roads(path).n_nodes == 2


@pytest.mark.parametrize("suffix", [".osm.gz", ".osm.bz2", ".osm"])
def test_compressed_files_and_cut_ones(tmp_path, suffix):
    plain = osm_file(tmp_path / "a.osm", CROSS, [([1, 5, 2], ROAD)] * 200).read_bytes()
    pack = {".osm.gz": gzip.compress, ".osm.bz2": bz2.compress, ".osm": bytes}[suffix]
    path = tmp_path / f"b{suffix}"
    path.write_bytes(pack(plain))
    assert load_roads(path).n_nodes >= 2
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    with pytest.raises(InputError, match=r"b\.osm.*not a whole OSM file"):
        load_roads(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.osm.pbf", b"not a pbf at all"), ("a.osm", b"<html>404</html>"), ("a.osm.pbf", b""),
     ("a.osm.gz", b"\x1f\x8b nothing")],
)  # fmt: skip
def test_what_is_no_osm_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as fault:
        load_roads(path)
    assert name in str(fault.value)


def test_a_file_without_roads(tmp_path):
    path = osm_file(tmp_path / "a.osm", {1: (0, 0), 2: (9, 0)}, [([1, 2], {"waterway": "river"})])
    with pytest.raises(InputError, match="no road"):
        load_roads(path)


def test_an_entity_bomb_is_refused(tmp_path):
    path = tmp_path / "a.osm"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa">'
        '<!ENTITY b "&a;&a;&a;&a;&a;">]><osm version="0.6"><node id="1" lat="1" lon="1">'
        '<tag k="name" v="&b;"/></node></osm>'
    )
    with pytest.raises(InputError):
        load_roads(path)

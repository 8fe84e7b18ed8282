from __future__ import annotations

import sys
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely import LineString, MultiLineString, Point

from geodata.crs import declared_crs, to_metric
from geodata.faults import InputError
from geodata.gcj02 import wgs84_to_gcj02
from geodata.roads.access import Access
from geodata.roads.read import load_roads
from tests.geodata.roads.networks import distances, node_at, place

METRIC = CRS.from_epsg(4548)


def line(*points_m: tuple[float, float]) -> LineString:
    return LineString([place(*point) for point in points_m])


def layer(lines, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(lines), crs="EPSG:4326")


def reach(graph, a, b, group=Access.CAR) -> bool:
    return bool(np.isfinite(distances(graph, group)[node_at(graph, *a), node_at(graph, *b)]))


@pytest.fixture
def chinese() -> gpd.GeoDataFrame:
    return layer(
        [line((0, 0), (500, 0)), line((500, 0), (500, 800)), line((500, 0), (900, 50))],
        **{
            "道路名称": ["冠宜路", None, "  "],
            "道路等级": ["县道", "村道", "国道"],
            "单行": ["否", "是", None],
            "限重(t)": [None, 10, np.nan],
            "限高": [np.nan, np.nan, 3.5],
            "限速": ["60", "30", ""],
        },
    )


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".parquet", ".fgb"])
def test_every_format_gives_the_same_network(tmp_path, chinese, suffix):
    path = tmp_path / f"roads{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Shapefile's short names
        chinese.to_parquet(path) if suffix == ".parquet" else chinese.to_file(path)
    graph = load_roads(path)  # a Shapefile cuts 道路名称 to ten bytes: 道路名 and a third of 称
    assert graph.is_line_leader.sum() == 3
    assert graph.names == ("冠宜路",)
    assert sorted(graph.class_names) == ["县道", "国道", "村道"]
    assert graph.n_nodes == 4


def test_what_chinese_columns_say(tmp_path, chinese):
    chinese.to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    village = graph.class_names.index("村道")
    assert graph.max_weight_t[graph.road_class == village].tolist() == [10, 10]
    assert graph.speed_limit_kph is not None
    assert set(graph.speed_limit_kph[graph.road_class == village]) == {30}
    assert reach(graph, (500, 0), (500, 800))
    assert not reach(graph, (500, 800), (500, 0))
    assert reach(graph, (500, 800), (500, 0), Access.WALK)
    national = graph.road_class == graph.class_names.index("国道")
    assert graph.max_height_m[national] == pytest.approx([3.5, 3.5])


def test_a_shapefile_of_chinese_office_software(tmp_path, chinese):
    # GB18030 without a .cpg; full names fit into ten bytes of it.
    frame = chinese.rename(columns={"道路名称": "名称", "道路等级": "等级", "限重(t)": "限重"})
    frame[["名称", "等级", "限重", "geometry"]].to_file(tmp_path / "r.shp", encoding="GB18030")
    (tmp_path / "r.cpg").unlink()
    graph = load_roads(tmp_path / "r.shp")
    assert graph.names == ("冠宜路",)
    assert "国道" in graph.class_names
    assert np.nanmax(graph.max_weight_t) == 10


def test_a_zipped_shapefile(tmp_path, chinese):
    frame = chinese.rename(columns={"道路名称": "name", "道路等级": "class"})
    frame[["name", "class", "geometry"]].to_file(tmp_path / "r.shp", encoding="UTF-8")
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        for part in tmp_path.glob("r.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert load_roads(tmp_path / "r.zip").names == ("冠宜路",)


@pytest.mark.parametrize(("gap_m", "tolerance_m", "joined"), [
    (0.3, 0.5, True), (0.3, 0.1, False), (0.0, 0.0, True), (2.0, 0.5, False),
])  # fmt: skip
def test_ends_within_the_tolerance_are_one_junction(tmp_path, gap_m, tolerance_m, joined):
    layer([line((0, 0), (300, 0)), line((300 + gap_m, 0), (600, 0))]).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg", tolerance_m=tolerance_m)
    assert graph.n_nodes == (2 if joined else 4)


def test_crossing_lines_do_not_meet_and_ends_on_lines_do(tmp_path):
    roads = [line((0, 0), (200, 0), (600, 0)), line((300, -200), (300, 200)),
             line((450, 0.2), (450, 300)), line((200, 0), (200, -300))]  # fmt: skip
    layer(roads).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    assert not reach(graph, (0, 0), (300, 200))
    assert reach(graph, (0, 0), (450, 300))
    assert reach(graph, (0, 0), (200, -300))
    assert graph.counts["ends_on_lines"] == 2
    way = distances(graph)[node_at(graph, 0, 0), node_at(graph, 450, 300)]
    assert way == pytest.approx(750, rel=0.01)


def test_two_ends_on_one_segment_and_on_a_vertex(tmp_path):
    roads = [line((0, 0), (100, 0), (600, 0)), line((100, 0.1), (100, 50)),
             line((400, 0), (400, 50)), line((300, 0), (300, 50))]  # fmt: skip
    layer(roads).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    start = node_at(graph, 0, 0)
    for x in (100, 300, 400):
        far = distances(graph)[start, node_at(graph, x, 50)]
        assert far == pytest.approx(x + 50, rel=0.01)


def test_multilines_are_taken_apart_and_points_left_out(tmp_path):
    both = MultiLineString([line((0, 0), (100, 0)), line((100, 0), (200, 0))])
    frame = layer([both, line((200, 0), (300, 90)), Point(*place(0, 0)), None])
    frame.to_parquet(tmp_path / "r.parquet")
    graph = load_roads(tmp_path / "r.parquet")
    assert graph.n_nodes == 2
    assert graph.counts["not_lines"] == 2


def test_an_undeclared_system_says_how_to_declare(tmp_path, chinese):
    chinese.set_crs(None, allow_override=True).to_parquet(tmp_path / "r.parquet")
    with pytest.raises(InputError, match=r"no coordinate system is declared.*EPSG:4548"):
        load_roads(tmp_path / "r.parquet")
    assert load_roads(tmp_path / "r.parquet", crs="wgs84").n_nodes == 4


def test_systems_that_contradict_each_other(tmp_path, chinese):
    chinese.to_file(tmp_path / "r.gpkg")
    with pytest.raises(InputError, match="file says its system is WGS 84"):
        load_roads(tmp_path / "r.gpkg", crs="EPSG:4548")
    assert load_roads(tmp_path / "r.gpkg", crs="cgcs2000").n_nodes == 4


def test_gcj02_roads_are_moved_back_when_declared(tmp_path, chinese):
    def shifted(geometry):
        points = np.array(geometry.coords)
        return LineString(np.column_stack(wgs84_to_gcj02(points[:, 0], points[:, 1])))

    moved = chinese.set_geometry(chinese.geometry.map(shifted), crs="EPSG:4326")
    chinese.to_file(tmp_path / "true.gpkg")
    moved.to_file(tmp_path / "moved.gpkg")
    true = load_roads(tmp_path / "true.gpkg")
    back = load_roads(tmp_path / "moved.gpkg", crs="gcj02")
    off = np.hypot(*(np.subtract(to_metric(true.shape_lon, true.shape_lat, METRIC),
                                 to_metric(back.shape_lon, back.shape_lat, METRIC))))  # fmt: skip
    assert off.max() < 0.5
    undeclared = load_roads(tmp_path / "moved.gpkg")
    assert np.abs(undeclared.shape_lon - true.shape_lon).min() > 0.004


def test_projected_layers(tmp_path, chinese):
    chinese.to_crs(METRIC).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    assert node_at(graph, 500, 800) >= 0
    assert declared_crs("4548", "x").is_projected


def test_metres_declared_as_degrees_are_caught(tmp_path):
    frame = layer([LineString([(500000, 4000000), (500100, 4000000)])])
    frame.to_parquet(tmp_path / "r.parquet")
    with pytest.raises(InputError, match="no places on earth"):
        load_roads(tmp_path / "r.parquet")


def test_exchanged_axes_are_caught(tmp_path):
    frame = layer([LineString([(36.5, 115.4), (36.6, 115.4)])])
    frame.to_parquet(tmp_path / "r.parquet")
    with pytest.raises(InputError, match="exchange longitude and latitude"):
        load_roads(tmp_path / "r.parquet")


def test_osm_tags_in_gdals_other_tags(tmp_path):
    frame = layer(
        [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((0, 0), (0, 9))],
        highway=["primary", "construction", None],
        other_tags=['"oneway"=>"yes","maxspeed"=>"50"', None, '"waterway"=>"river"'],
    )
    frame.to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    assert graph.counts["not_roads"] == 2
    assert graph.access.tolist() == [int(Access.ALL), int(Access.WALK)]
    assert graph.speed_limit_kph is not None
    assert graph.speed_limit_kph.tolist() == [50, 50]


def test_route_numbers_stand_in_for_a_missing_class(tmp_path):
    refs = ["G106", "G3", "S315", "X002", "Y010", "C123", "??"]
    roads = [line((0, 10 * i), (100, 10 * i)) for i in range(len(refs))]
    layer(roads, 路线编号=refs).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    first = np.flatnonzero(graph.is_line_leader)
    classes = [graph.class_names[i] for i in graph.road_class[first]]
    assert classes == ["国道", "高速公路", "省道", "县道", "乡道", "村道", "other"]


def test_motorways_of_a_layer_without_directions_are_two_way(tmp_path):
    layer([line((0, 0), (100, 0))], highway=["motorway"]).to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg")
    assert (graph.access & int(Access.CAR) != 0).tolist() == [True, True]


def test_declared_columns_and_closures(tmp_path):
    frame = layer([line((0, 0), (100, 0)), line((100, 0), (200, 0))], kind=["县道", "县道"],
                  shut=["是", None])  # fmt: skip
    frame.to_file(tmp_path / "r.gpkg")
    graph = load_roads(tmp_path / "r.gpkg", columns={"highway": "kind", "closed": "shut"})
    assert graph.class_names == ("县道",)
    assert graph.closed.tolist() == [True, True, False, False]
    with pytest.raises(InputError) as fault:
        load_roads(tmp_path / "r.gpkg", columns={"highway": "kin", "higway": "kind"})
    assert len(fault.value.faults) == 2
    assert "highway" in str(fault.value)


def test_layers_of_a_geopackage(tmp_path, chinese):
    chinese.to_file(tmp_path / "r.gpkg", layer="one")
    chinese.to_file(tmp_path / "r.gpkg", layer="two")
    layer([Point(*place(0, 0))]).to_file(tmp_path / "r.gpkg", layer="dots")
    with pytest.raises(InputError, match=r"2 layers of lines.*one, two"):
        load_roads(tmp_path / "r.gpkg")
    assert load_roads(tmp_path / "r.gpkg", layer="two").n_nodes == 4
    with pytest.raises(InputError, match=r"no layer 'three'.*one, two"):
        load_roads(tmp_path / "r.gpkg", layer="three")
    with pytest.raises(InputError, match="has 1 rows of Point"):
        load_roads(tmp_path / "r.gpkg", layer="dots")


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson", ".shp", ".zip"])
def test_damaged_files(tmp_path, chinese, suffix):
    whole = tmp_path / f"w{suffix}"
    if suffix == ".zip":
        whole.write_bytes(b"PK\x03\x04 and then nothing")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            big = gpd.GeoDataFrame(pd.concat([chinese] * 200, ignore_index=True), crs="EPSG:4326")
            big.to_parquet(whole) if suffix == ".parquet" else big.to_file(whole)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError) as fault:
        load_roads(cut, crs="wgs84")
    assert f"cut{suffix}" in str(fault.value)
    assert len(fault.value.faults) == 1


def test_missing_pyarrow_is_named(tmp_path, chinese, monkeypatch):
    chinese.to_parquet(tmp_path / "r.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match="pyarrow"):
        load_roads(tmp_path / "r.parquet")

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from geodata.roads.access import Access
from geodata.roads.speeds import by_time, vehicles
from tests.geodata.synthetic.network_checks import edge_lines


@pytest.fixture(scope="module")
def roads(county):
    return county.roads


def test_arrays_fit_the_contract(roads):
    topology = roads.topology
    for name in (
        "length_m",
        "road_class",
        "name",
        "reverse",
        "access",
        "max_weight_t",
        "max_height_m",
        "speed_kph",
        "closed",
    ):
        assert len(getattr(roads, name)) == topology.n_edges, name
    assert len(roads.shape_start) == topology.n_edges + 1
    assert roads.shape_start[-1] == len(roads.shape_lon) == len(roads.shape_lat)
    assert (topology.edge_from != topology.edge_to).all()
    assert set(topology.edge_from) | set(topology.edge_to) == set(range(topology.n_nodes))
    assert roads.name.max() < len(roads.names)


def test_lines_begin_and_end_at_their_nodes(roads):
    topology = roads.topology
    for shape, node in ((roads.shape_lon, topology.node_lon), (roads.shape_lat, topology.node_lat)):
        np.testing.assert_array_equal(shape[roads.shape_start[:-1]], node[topology.edge_from])
        np.testing.assert_array_equal(shape[roads.shape_start[1:] - 1], node[topology.edge_to])


def test_reverse_edges_run_the_same_line_back(roads):
    both = np.flatnonzero(roads.reverse >= 0)
    back = roads.reverse[both]
    np.testing.assert_array_equal(roads.reverse[back], both)
    np.testing.assert_array_equal(roads.topology.edge_from[back], roads.topology.edge_to[both])
    np.testing.assert_array_equal(roads.length_m[back], roads.length_m[both])
    edge, other = both[0], back[0]
    there = roads.shape_lon[roads.shape_start[edge] : roads.shape_start[edge + 1]]
    home = roads.shape_lon[roads.shape_start[other] : roads.shape_start[other + 1]]
    np.testing.assert_array_equal(there, home[::-1])


def test_lengths_are_those_on_the_ellipsoid(roads):
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for edge in range(0, roads.topology.n_edges, 37):
        points = slice(roads.shape_start[edge], roads.shape_start[edge + 1])
        length_m = geod.line_length(roads.shape_lon[points], roads.shape_lat[points])
        assert roads.length_m[edge] == pytest.approx(length_m, abs=0.01)


def test_a_hierarchy_with_few_bridges_some_limits_and_one_ways(roads):
    km = np.bincount(roads.road_class, roads.length_m, len(roads.class_names)) / 2000
    by_class = dict(zip(roads.class_names, km, strict=True))
    assert 25 < by_class["trunk"] < 60
    assert by_class["trunk"] < by_class["secondary"] < by_class["unclassified"]
    assert by_class["track"] > 0
    posted = np.isfinite(roads.max_weight_t) & (roads.reverse > np.arange(len(roads.reverse)))
    assert 5 <= posted.sum() <= 20
    assert {5, 8, 10} & set(roads.max_weight_t[posted].tolist())
    assert roads.length_m[posted].max() < 700
    assert np.isfinite(roads.max_height_m).any()
    assert 10 <= (roads.reverse < 0).sum() <= 60


def test_roads_rarely_cross_without_a_junction(county):
    lines = edge_lines(county.roads, county.metric_crs)
    one_way_each = lines[(county.roads.reverse < 0) | (county.roads.reverse > lines.index)]
    shapes = one_way_each.to_numpy()
    import shapely

    left, _right = shapely.STRtree(shapes).query(shapes, predicate="crosses")
    assert len(left) / 2 < 0.01 * len(shapes)


def test_villages_are_a_plausible_detour_apart(county):
    topology = county.roads.topology
    metric = county.layers["villages"].to_crs(county.metric_crs).geometry
    nodes = edge_nodes(county)
    xy = np.column_stack([metric.x, metric.y])
    node = cKDTree(nodes).query(xy)[1]
    graph = csr_matrix(
        (county.roads.length_m, (topology.edge_from, topology.edge_to)),
        shape=(topology.n_nodes,) * 2,
    )
    by_road = dijkstra(graph, indices=node[::12])[:, node]
    straight = np.linalg.norm(xy[::12, None] - xy[None], axis=2)
    usable = np.isfinite(by_road) & (straight > 2_000)
    circuity = by_road[usable].sum() / straight[usable].sum()
    assert 1.15 < circuity < 1.45


def test_villages_keep_their_distance(county):
    metric = county.layers["villages"].to_crs(county.metric_crs).geometry
    xy = np.column_stack([metric.x, metric.y])
    nearest_m = cKDTree(xy).query(xy, k=2)[0][:, 1]
    assert nearest_m.min() > 450
    assert 1_000 < np.median(nearest_m) < 1_800


def edge_nodes(county):
    import geopandas as gpd

    topology = county.roads.topology
    points = gpd.GeoSeries(
        gpd.points_from_xy(topology.node_lon, topology.node_lat), crs="EPSG:4326"
    )
    metric = points.to_crs(county.metric_crs)
    return np.column_stack([metric.x, metric.y])


def test_lorries_keep_off_field_tracks(roads):
    track = roads.road_class == roads.class_names.index("track")
    assert track.any()
    assert not (roads.access[track] & Access.HGV).any()
    assert (roads.access[track] & Access.FARM).all()
    assert (roads.access[~track] == Access.ALL).all()


def test_some_lanes_end_in_the_fields(roads):
    ways = np.bincount(roads.topology.edge_from, minlength=roads.topology.n_nodes)
    assert 0.05 < np.mean(ways == 1) < 0.2


@pytest.mark.parametrize("vehicle", ["light_truck", "compactor", "semi_trailer"])
def test_every_lorry_gets_to_nearly_everywhere(roads, vehicle):
    usable = np.isfinite(by_time(roads, vehicles()[vehicle]).cost)
    topology = roads.topology
    ends = (topology.edge_from[usable], topology.edge_to[usable])
    graph = csr_matrix((np.ones(usable.sum()), ends), shape=(topology.n_nodes,) * 2)
    piece = connected_components(graph, connection="strong")[1]
    assert np.bincount(piece).max() > 0.985 * topology.n_nodes

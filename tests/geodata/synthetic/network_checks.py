"""What several tests ask of a road graph, computed without the product's own search code."""

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


def strong_pieces(roads):
    """Label of the strongly connected piece of each node."""
    topology = roads.topology
    ends = (topology.edge_from, topology.edge_to)
    shape = (topology.n_nodes, topology.n_nodes)
    graph = csr_matrix((np.ones(topology.n_edges), ends), shape=shape)
    return connected_components(graph, directed=True, connection="strong")[1]


def edge_lines(roads, metric_crs):
    """One projected line an edge."""
    count = np.diff(roads.shape_start)
    lines = shapely.linestrings(
        np.column_stack([roads.shape_lon, roads.shape_lat]),
        indices=np.repeat(np.arange(len(count)), count),
    )
    return gpd.GeoSeries(lines, crs="EPSG:4326").to_crs(metric_crs)


def nearest_edge(layer, lines):
    """Nearest edge of each point and the metres to it."""
    points = layer.geometry.to_crs(lines.crs).representative_point()
    edge = shapely.STRtree(lines.to_numpy()).nearest(points.to_numpy())
    return edge, shapely.distance(points.to_numpy(), lines.to_numpy()[edge])

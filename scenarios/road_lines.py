"""The road network as lines: what the map draws, and where roadside candidates stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from geodata.roads.graph import RoadGraph


def road_lines(roads: RoadGraph | None) -> gpd.GeoDataFrame:
    """One line a road: columns class, name, geometry (WGS84); empty without roads."""
    if roads is None or roads.n_edges == 0:
        return gpd.GeoDataFrame(
            {"class": [], "name": []}, geometry=gpd.GeoSeries([], crs="EPSG:4326"), crs="EPSG:4326"
        )
    edges = np.flatnonzero(roads.is_line_leader)
    lengths = (roads.shape_start[1:] - roads.shape_start[:-1])[edges]
    edges, lengths = edges[lengths > 1], lengths[lengths > 1]
    first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    points = np.repeat(roads.shape_start[edges] - first, lengths) + np.arange(lengths.sum())
    coordinates = np.column_stack((roads.shape_lon[points], roads.shape_lat[points]))
    names = np.array([*roads.names, ""], dtype=object)
    return gpd.GeoDataFrame(
        {
            "class": np.array(roads.class_names, dtype=object)[roads.road_class[edges]],
            "name": names[roads.name[edges]],
        },
        geometry=shapely.linestrings(
            coordinates, indices=np.repeat(np.arange(len(edges)), lengths)
        ),
        crs="EPSG:4326",
    )

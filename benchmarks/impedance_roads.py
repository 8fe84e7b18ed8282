"""Synthetic road networks of any size, seeded: what the impedance benchmarks run on.

Junctions lie evenly and in villages (12 a square kilometre, half of them clustered), joined by the
shorter edges of their Delaunay triangles: a Gabriel graph thinned to 2.76 roads a junction, which
is what rural county networks have. Every road is two-way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_matrix
from scipy.spatial import Delaunay, cKDTree

from geodata.roads.graph import CostGraph, RoadTopology

NODES_PER_KM2 = 12.0
ROADS_PER_NODE = 1.38
ORIGIN_LON, ORIGIN_LAT = 115.4, 36.4
M_PER_DEGREE = 111_320.0


def synthetic_roads(n_nodes: int, *, seed: int = 1, unit: str = "m") -> CostGraph:
    """A rural network with about ``n_nodes`` junctions, by length or by time."""
    random = np.random.default_rng(seed)
    points_km = _junctions(n_nodes, random)
    pairs, apart_km = _roads(points_km, random)
    length_m = apart_km * 1000 * random.uniform(1.0, 1.25, len(pairs))
    kph = random.choice([30, 50, 70, 90], len(pairs), p=[0.35, 0.35, 0.2, 0.1])
    cost = length_m if unit == "m" else np.maximum(length_m / (kph / 3.6), 0.5)
    lat = ORIGIN_LAT + points_km[:, 1] * 1000 / M_PER_DEGREE
    lon = ORIGIN_LON + points_km[:, 0] * 1000 / (M_PER_DEGREE * np.cos(np.radians(ORIGIN_LAT)))
    one = np.arange(len(pairs), dtype=np.int32)
    tail, head = pairs.T.astype(np.int32)
    topology = RoadTopology(lon, lat, np.r_[tail, head], np.r_[head, tail])
    reverse = np.r_[one + len(pairs), one].astype(np.int32)
    return CostGraph(topology, np.r_[cost, cost], reverse, unit)


def _junctions(n_nodes: int, random: np.random.Generator) -> NDArray[np.float64]:
    side_km = np.sqrt(n_nodes / NODES_PER_KM2)
    clustered = n_nodes // 2
    centres = random.random((max(10, n_nodes // 800), 2)) * side_km
    village = random.integers(0, len(centres), clustered)
    points = np.vstack(
        [
            random.random((n_nodes - clustered, 2)) * side_km,
            centres[village] + random.normal(0, 0.45, (clustered, 2)),
        ]
    )
    return np.clip(points, 0, side_km) + random.normal(0, 1e-4, points.shape)


def _roads(
    points: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    corners = Delaunay(points).simplices
    pairs = np.unique(
        np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), 1), axis=0
    )
    apart = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    nearest, _ = cKDTree(points).query(points[pairs].mean(axis=1))
    gabriel = nearest >= apart / 2 - 1e-12
    pairs, apart = pairs[gabriel].astype(np.int64), apart[gabriel]
    shape = (len(points), len(points))
    tree = csgraph.minimum_spanning_tree(csr_matrix((apart + 1e-9, pairs.T), shape=shape)).tocoo()
    key = pairs[:, 0] * len(points) + pairs[:, 1]
    keep = np.isin(key, tree.row.astype(np.int64) * len(points) + tree.col)
    spare = np.flatnonzero(~keep)
    wanted = max(0, int(ROADS_PER_NODE * len(points)) - int(keep.sum()))
    keep[random.choice(spare, min(wanted, len(spare)), replace=False)] = True
    return pairs[keep], apart[keep]

"""Generated instances with fixed recipes and seeds, so that everybody measures the same ones."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from benchmarks.location_instances import Instance


def beasley_graph(nodes: int, p: int, seed: int = 0) -> np.ndarray:
    """(n, n) shortest distances on a random graph as OR-Library's pmed: n^2/50 edges of 1..100.

    Beasley, A note on solving large p-median problems, EJOR 21 (1985).
    """
    draw = np.random.default_rng(1000 * nodes + p + seed)
    edges = nodes * nodes // 50
    path = draw.permutation(nodes)  # keeps the graph in one piece
    more = max(0, edges - nodes + 1)
    a = np.concatenate([path[:-1], draw.integers(0, nodes, more)])
    b = np.concatenate([path[1:], draw.integers(0, nodes, more)])
    length = draw.integers(1, 101, len(a)).astype(float)
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], length[order]
    first = np.r_[True, (np.diff(low) != 0) | (np.diff(high) != 0)] & (low != high)
    graph = csr_array((length[first], (low[first], high[first])), shape=(nodes, nodes))
    return shortest_path(graph, directed=False)


def clustered_plane(points: int, sites: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Distances (n, m) in whole units on a square of side 10,000, and weights 1..99.

    Half of the points are uniform, half around a centre for every 60 points; sites stand near
    points drawn without replacement.
    """
    draw = np.random.default_rng(seed + points * 7 + sites)
    centres = draw.random((max(5, points // 60), 2)) * 100
    half = points // 2
    around = centres[draw.integers(0, len(centres), half)] + draw.normal(0, 3, (half, 2))
    places = np.vstack([draw.random((points - half, 2)) * 100, around])
    stands = places[draw.choice(points, sites, replace=False)] + draw.normal(0, 0.3, (sites, 2))
    gap = places[:, None] - stands[None]
    distance = np.round(np.sqrt((gap**2).sum(axis=2)) * 100)
    return distance, draw.integers(1, 100, points).astype(float)


def cornuejols(sites: int, customers: int, ratio: float, seed: int, *, single: bool) -> Instance:
    """Cornuejols, Sridharan and Thizy, EJOR 50 (1991): capacities scaled to ``ratio`` x demand."""
    draw = np.random.default_rng(seed + sites * 13 + customers)
    places, stands = draw.random((customers, 2)), draw.random((sites, 2))
    demand = draw.integers(5, 36, customers).astype(float)
    capacity = draw.integers(10, 161, sites).astype(float)
    capacity = np.round(capacity * ratio * demand.sum() / capacity.sum())
    fixed = draw.uniform(0, 90, sites) + draw.uniform(100, 110, sites) * np.sqrt(capacity)
    distance = 10 * np.sqrt(((places[:, None] - stands[None]) ** 2).sum(axis=2))
    kind = "single" if single else "multi"
    return Instance(
        f"cornuejols-{sites}x{customers}-r{ratio:g}-{kind}-s{seed}",
        "synthetic",
        "capacitated",
        distance * demand[:, None],
        demand,
        capacity=capacity,
        fixed=np.round(fixed),
        single_source=single,
    )


def million_cover(points: int, sites: int, p: int, *, seed: int = 0) -> Instance:
    """Coverage of very many points as sparse rows; the dense matrix is never made.

    Points are placed as in :func:`clustered_plane`; a site covers the points within the radius.
    """
    draw = np.random.default_rng(seed + points + sites)
    centres = draw.random((1000, 2)) * 100
    half = points // 2
    around = centres[draw.integers(0, len(centres), half)] + draw.normal(0, 3, (half, 2))
    places = np.vstack([draw.random((points - half, 2)) * 100, around])
    stands = draw.random((sites, 2)) * 100
    radius = 5.0
    starts, columns, values = [np.zeros(1, np.int64)], [], []
    for block in range(0, points, 20_000):
        gap = places[block : block + 20_000, None] - stands[None]
        distance = np.sqrt((gap**2).sum(axis=2))
        row, column = np.nonzero(distance <= radius)
        starts.append(np.bincount(row, minlength=len(distance)))
        columns.append(column)
        values.append(distance[row, column])
    cover = csr_array(
        (np.concatenate(values), np.concatenate(columns), np.cumsum(np.concatenate(starts))),
        shape=(points, sites),
    )
    return Instance(
        f"mclp-{points}x{sites}-p{p}",
        "mclp",
        "maximal_cover",
        cover,
        draw.integers(1, 100, points).astype(float),
        p=p,
        radius=radius,
    )

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


BEASLEY_CAPACITIES = {
    "a": (8_000.0, 10_000.0, 12_000.0, 14_000.0),
    "b": (5_000.0, 6_000.0, 7_000.0, 8_000.0),
    "c": (5_000.0, 5_750.0, 6_500.0, 7_250.0),
}
"""Of every site, in the runs that OR-Library names for capa, capb and capc."""
_BEASLEY_FIXED = {"a": (1.0, 2.5), "b": (0.5, 1.25), "c": (0.25, 1.0)}
"""Range of the fixed costs in hundred thousands, set so that about as many sites open as there."""


def beasley_cap(
    letter: str, capacity: float, seed: int, *, sites: int = 100, customers: int = 1_000
) -> Instance:
    """An instance of the kind of OR-Library's capa, capb and capc (100 x 1,000, multi-source).

    After Beasley, An algorithm for solving large capacitated warehouse location problems, EJOR 33
    (1988): places at random on a square of side 1,000; the cost of a pair is the distance times the
    customer's demand times a factor around 1; every site has the capacity of the run. The shape of
    the paper's recipe is kept from memory; ranges of demand (1..114, 58,000 in all) and fixed
    costs are chosen so that sizes and optima are of the published order (11 to 19 million).
    """
    draw = np.random.default_rng([ord(letter), seed, sites, customers])
    places, stands = draw.random((customers, 2)) * 1000, draw.random((sites, 2)) * 1000
    demand = draw.integers(1, 115, customers).astype(float)
    distance = np.sqrt(((places[:, None] - stands[None]) ** 2).sum(axis=2))
    cost = np.round(distance * demand[:, None] * draw.uniform(1.0, 1.25, (customers, 1)), 5)
    low, high = _BEASLEY_FIXED[letter]
    fixed = np.round(draw.uniform(low, high, sites) * 1e6, 2)
    return Instance(
        f"cap{letter}-kind-{sites}x{customers}-c{capacity:g}-s{seed}",
        "synthetic",
        "capacitated",
        cost,
        demand,
        capacity=np.full(sites, capacity),
        fixed=fixed,
    )


def as_cap_file(instance: Instance, word: str | None = None) -> str:
    """The instance in OR-Library's format; ``word`` in place of every capacity."""
    customers, sites = instance.cost.shape
    limits = [word or f"{one:g}" for one in instance.capacity]
    lines = [f" {sites} {customers} "]
    lines += [f" {limit} {cost:.5f} " for limit, cost in zip(limits, instance.fixed, strict=True)]
    for demand, costs in zip(instance.weight, instance.cost, strict=True):
        lines.append(f" {demand:g} ")
        for at in range(0, sites, 7):
            lines.append(" " + " ".join(f"{one:.5f}" for one in costs[at : at + 7]) + " ")
    return "\n".join(lines) + "\n"


def county(points: int, sites: int, seed: int, *, single: bool, districts: int = 20) -> Instance:
    """Villages and candidates of a large county: three sizes a site, a quota for each district.

    The plane of :func:`clustered_plane`; fixed costs grow with capacity to the power 0.7, all
    largest sizes together hold five times the demand, and districts (cells of a 5 x 4 grid of the
    candidates) must open one site and may open at most 30% of theirs.
    """
    distance, weight = clustered_plane(points, sites, seed)
    draw = np.random.default_rng([seed, points, sites])
    largest = draw.uniform(0.5, 1.5, sites)
    largest *= 5.0 * weight.sum() / largest.sum()
    capacity = np.round(largest[:, None] * np.array([0.25, 0.5, 1.0])).ravel()
    scale = draw.uniform(0.8, 1.2, sites)
    fixed = np.round(900.0 * np.repeat(scale, 3) * capacity**0.7)
    # Neighbours by their likeness of distances: the candidates' places are not kept.
    first, second = distance[np.argmin(distance.sum(axis=1))], distance[np.argmax(distance[:, 0])]
    band = np.argsort(np.argsort(first)) * 5 // sites
    cell = np.zeros(sites, np.int64)
    for one in range(5):
        inside = np.flatnonzero(band == one)
        cell[inside] = np.argsort(np.argsort(second[inside])) * (districts // 5) // len(inside)
    district = band * (districts // 5) + cell
    return Instance(
        f"county-{points}x{sites}-{'single' if single else 'multi'}-s{seed}",
        "synthetic",
        "capacitated",
        distance * weight[:, None],
        weight,
        capacity=capacity,
        fixed=fixed,
        single_source=single,
        extra={
            "sizes": 3,
            "district": district,
            "least": np.ones(districts, np.int64),
            "most": np.ceil(0.3 * np.bincount(district, minlength=districts)).astype(int),
        },
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

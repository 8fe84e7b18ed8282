"""Small networks for tests: OSM files from a few words, lines on a metric grid, distances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from scipy import sparse

from geodata.roads.access import Access
from geodata.roads.graph import RoadGraph
from geodata.roads.lines import LineAttributes, RoadLines, TurnRule, plain_attributes

ORIGIN_LON, ORIGIN_LAT = 115.4, 36.5
LON_PER_M, LAT_PER_M = 1 / 89_500, 1 / 111_000


def place(x_m: float, y_m: float) -> tuple[float, float]:
    """About so many metres east and north of the origin."""
    return ORIGIN_LON + x_m * LON_PER_M, ORIGIN_LAT + y_m * LAT_PER_M


def osm_file(
    path: Path,
    nodes: Mapping[int, tuple[float, float]],
    ways: Sequence[tuple[Sequence[int], Mapping[str, str]]],
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
    relations: Iterable[tuple[Mapping[str, str], Sequence[tuple[str, int, str]]]] = (),
) -> Path:
    """Write OSM XML; nodes in metres from the origin, ways numbered from 1."""

    def tags(pairs: Mapping[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in pairs.items())

    parts = ['<?xml version="1.0" encoding="UTF-8"?><osm version="0.6" generator="test">']
    for number, (x, y) in nodes.items():
        lon, lat = place(x, y)
        parts.append(
            f'<node id="{number}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">'
            f"{tags((node_tags or {}).get(number, {}))}</node>"
        )
    for number, (refs, pairs) in enumerate(ways, 1):
        members = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        parts.append(f'<way id="{number}" version="1">{members}{tags(pairs)}</way>')
    for number, (pairs, members) in enumerate(relations, 1):
        text = "".join(
            f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members
        )
        parts.append(f'<relation id="{number}" version="1">{text}{tags(pairs)}</relation>')
    path.write_text("".join([*parts, "</osm>"]), encoding="utf-8")
    return path


def lines_between(
    nodes: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    *,
    attributes: LineAttributes | None = None,
    turns: Sequence[TurnRule] = (),
    barriers: Mapping[int, int] | None = None,
) -> RoadLines:
    """Straight lines between places (metres), all of class ``village`` and open to all."""
    at = np.asarray(pairs, np.int64).reshape(-1, 2)
    lon, lat = place(nodes[:, 0], nodes[:, 1])  # type: ignore[arg-type]
    n = len(at)
    if attributes is None:
        attributes = plain_attributes(np.zeros(n, int), np.full((n, 2), int(Access.ALL)))
    return RoadLines(
        start=2 * np.arange(n + 1),
        lon=np.asarray(lon)[at.ravel()],
        lat=np.asarray(lat)[at.ravel()],
        node=at.ravel(),
        attributes=attributes,
        class_names=("village", "track"),
        names=("东路", "西路"),
        turns=tuple(turns),
        barriers=barriers or {},
        source="test",
    )


def distances(graph: RoadGraph, group: Access = Access.CAR, cost: np.ndarray | None = None):
    """(v, v) shortest ways in metres between nodes, by SciPy."""
    topology = graph.topology
    weight = graph.length_m if cost is None else cost
    usable = ((graph.access & int(group)) != 0) & ~graph.closed & np.isfinite(weight)
    usable &= topology.edge_from != topology.edge_to
    a, b, w = topology.edge_from[usable], topology.edge_to[usable], weight[usable] + 1e-9
    order = np.lexsort((w, b, a))
    a, b, w = a[order], b[order], w[order]
    first = np.ones(len(a), bool)
    first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    shape = (graph.n_nodes, graph.n_nodes)
    matrix = sparse.csr_array((w[first], (a[first], b[first])), shape=shape)
    return sparse.csgraph.dijkstra(matrix)


def node_at(graph: RoadGraph, x_m: float, y_m: float) -> int:
    """The first node at the place (a split junction has several)."""
    lon, lat = place(x_m, y_m)
    off = np.hypot(graph.topology.node_lon - lon, graph.topology.node_lat - lat)
    nearest = int(np.argmin(off))
    assert off[nearest] < 1e-6, "there is no node at that place"
    return nearest

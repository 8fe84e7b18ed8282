"""What must hold of a plan of any real place: rules, distances and files, each by other means."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import shapely
from pyproj import CRS
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geodata.crs import to_metric
from geodata.roads.graph import CostGraph, RoadGraph, RoadPositions
from geodata.roads.speeds import by_length, vehicle
from geodata.snapping import Snapped, snap
from planner import verify
from scenarios.answers import TierAnswer, is_open
from scenarios.output import write_plan
from scenarios.plan import Plan
from scenarios.schema import Metric
from scenarios.travel import Place

SAMPLE = 40


def check_plan(plan: Plan, roads: RoadGraph, metric: CRS) -> None:
    """Every tier keeps its rules, and its distances are those of the roads."""
    for stream in plan.streams.values():
        for answer in stream.answers:
            assert verify(answer.tier_problem.problem, answer.solution) == []
            check_distances(answer, roads, metric, plan.scenario.max_snap_m)
        unserved = stream.demand[~stream.demand["served"]]
        assert (unserved["reason"] != "").all()


def check_distances(answer: TierAnswer, roads: RoadGraph, metric: CRS, cap_m: float) -> None:
    """Some rows of a tier's distances against SciPy's searches, access legs counted."""
    problem, tier = answer.tier_problem, answer.tier
    assert tier.metric is Metric.ROAD
    graph = by_length(roads, vehicle(tier.vehicle))
    chosen = np.unique(np.linspace(0, len(problem.wants) - 1, SAMPLE).astype(np.int64))
    start, end = problem.wants.place.take(chosen, "sample"), problem.site_place
    one, other = _snapped(start, roads, graph, cap_m), _snapped(end, roads, graph, cap_m)
    check_legs(start, one, roads, graph, metric)
    np.testing.assert_array_equal(one.ok, problem.on_road[chosen])
    want = scipy_metres(graph, one.positions, other.positions)
    want += one.distance_m[:, None] + other.distance_m[None, :]
    trips = problem.trips.rows(chosen)
    got, by_road = (np.full(want.shape, np.inf), np.zeros(want.shape, np.bool_))
    got[trips.row, trips.site], by_road[trips.row, trips.site] = trips.out_m, trips.by_road
    compared = by_road & np.isfinite(want)
    assert compared.any()
    np.testing.assert_allclose(got[compared], want[compared], rtol=1e-6, atol=1e-2)
    assert (by_road <= np.isfinite(want)).all()
    # Straight lines stand only for pairs that are nearer to each other than to the road.
    straight = np.isfinite(got) & ~by_road
    assert (got[straight] <= want[straight] + 1e-2).all()
    absent = ~np.isfinite(got)
    assert (want[absent] >= problem.cutoff_m - 1e-2).all()


def check_legs(
    place: Place, snapped: Snapped, roads: RoadGraph, graph: CostGraph, metric: CRS
) -> None:
    """Access legs are the distances to the nearest line that the vehicle may use."""
    usable = np.flatnonzero(np.isfinite(graph.cost))
    x, y = to_metric(roads.shape_lon, roads.shape_lat, metric)
    count = np.diff(roads.shape_start)[usable]
    take = np.repeat(roads.shape_start[:-1][usable] - np.cumsum(count) + count, count)
    take = take + np.arange(count.sum())
    lines = shapely.linestrings(
        np.column_stack((x, y))[take], indices=np.repeat(np.arange(len(usable)), count)
    )
    points = shapely.points(np.column_stack(to_metric(place.lon, place.lat, metric)))
    (at, _), metres = shapely.STRtree(lines).query_nearest(
        points, return_distance=True, all_matches=False
    )
    # Both measure in projections, which may be different ones.
    np.testing.assert_allclose(snapped.distance_m[at], metres, rtol=2e-3, atol=0.1)


def scipy_metres(graph: CostGraph, start: RoadPositions, end: RoadPositions) -> np.ndarray:
    """(n, m) shortest metres on the road between positions, ``inf`` where there is no way."""
    usable = np.flatnonzero(np.isfinite(graph.cost))
    top = graph.topology
    tail, head, cost = [top.edge_from[usable]], [top.edge_to[usable]], [graph.cost[usable]]
    here = _both_ways(graph, start)
    there = _both_ways(graph, end)
    first = top.n_nodes
    tail += [first + here[0], top.edge_from[there[1]]]
    head += [top.edge_to[here[1]], first + len(start) + there[0]]
    cost += [(1 - here[2]) * graph.cost[here[1]], there[2] * graph.cost[there[1]]]
    n_nodes = first + len(start) + len(end)
    matrix = _shortest_arcs(*(np.concatenate(part) for part in (tail, head, cost)), n_nodes)
    found = dijkstra(matrix, indices=np.arange(first, first + len(start)))
    metres = found[:, first + len(start) :]
    # On one edge one drives straight on.
    for k, edge, fraction in zip(*here, strict=True):
        same = (there[1] == edge) & (there[2] >= fraction)
        along = (there[2][same] - fraction) * graph.cost[edge]
        np.minimum.at(metres[k], there[0][same], along)
    return metres


def _snapped(place: Place, roads: RoadGraph, graph: CostGraph, cap_m: float) -> Snapped:
    return snap(place.lon, place.lat, roads, graph, cap_m)


def _both_ways(
    graph: CostGraph, positions: RoadPositions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions with the opposite edge's: which point, edge, fraction."""
    on_road = np.flatnonzero(positions.edge >= 0)
    edge, fraction = positions.edge[on_road], positions.fraction[on_road]
    back = graph.reverse[edge]
    usable = (back >= 0) & np.isfinite(graph.cost[back])
    return (
        np.concatenate((on_road, on_road[usable])),
        np.concatenate((edge, back[usable])),
        np.concatenate((fraction, 1 - fraction[usable])),
    )


def _shortest_arcs(
    tail: np.ndarray, head: np.ndarray, cost: np.ndarray, n_nodes: int
) -> csr_matrix:
    """Arcs as a matrix; of parallel ones the shortest, as SciPy would add them up."""
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.ones(len(tail), np.bool_)
    first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    # A stored zero would be no arc.
    return csr_matrix((cost[first] + 1e-9, (tail[first], head[first])), shape=(n_nodes, n_nodes))


class _Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag in ("script", "link", "img", "iframe"):
            self.fetched += [v for k, v in attrs if k in ("src", "href") and v]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass


def write_and_open(plan: Plan, folder: Path) -> None:
    """All files of a plan, opened by the programs that read such files."""
    files = {path.name: path for path in write_plan(plan, folder)}
    assert {"map.html", "plan.xlsx", "plan.gpkg", "plan.json"} <= set(files)
    page = _Page()
    page.feed(files["map.html"].read_text(encoding="utf-8"))
    assert page.open == []
    assert [one for one in page.fetched if not one.startswith("data:")] == []
    book = openpyxl.load_workbook(files["plan.xlsx"], read_only=True)
    assert len(book.sheetnames) >= 4
    villages = sum(len(stream.demand) for stream in plan.streams.values())
    layers = dict(pyogrio.list_layers(files["plan.gpkg"]))
    assert layers["villages"] == "Point"
    assert len(pyogrio.read_dataframe(files["plan.gpkg"], layer="villages")) == villages
    for stream_id, stream in plan.streams.items():
        place = folder if len(plan.streams) == 1 else folder / stream_id
        told = json.loads((place / "plan.json").read_text(encoding="utf-8"))
        assert told["certificate"]["objective"] == stream.certificate.objective
        shown = gpd.read_file(files["plan.gpkg"], layer="facilities")
        opened = stream.facilities[is_open(stream.facilities["status"])]
        assert set(opened["id"]) <= set(shown["id"])

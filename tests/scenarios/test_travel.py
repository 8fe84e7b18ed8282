"""Distances of the pipeline against SciPy on a grid of streets, both ways, and the fallbacks."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geodata.crs import metric_crs, to_metric
from geodata.roads.speeds import by_length, vehicle
from geodata.snapping import snap
from geodata.synthetic import make_county
from scenarios.schema import Metric, ProblemType, Tier, Words
from scenarios.travel import Place, Travel, Trips


def tier(metric: Metric = Metric.ROAD, **more) -> Tier:
    words = Words(zh="级", en="tier")
    return Tier(id="t", name=words, problem=ProblemType.P_MEDIAN, metric=metric, **more)


@pytest.fixture(scope="module")
def county():
    return make_county(30, 3)


def place(table, key: str) -> Place:
    return Place.of(table, key)


def travel_of(county, **more) -> Travel:
    return Travel(county.roads, CRS.from_user_input(county.metric_crs), 600.0, **more)


def scipy_metres(county, start: Place, end: Place) -> np.ndarray:
    """Shortest road metres, legs counted: both ends cut into their edges as new nodes."""
    graph = by_length(county.roads, vehicle("light_truck"))
    top = graph.topology
    points = [(p, snap(p.lon, p.lat, county.roads, graph, 600.0)) for p in (start, end)]
    usable = np.isfinite(graph.cost)
    best: dict[tuple[int, int], float] = {}

    def arc(a: int, b: int, metres: float) -> None:
        best[a, b] = min(best.get((a, b), np.inf), metres)

    for e in np.flatnonzero(usable):
        arc(int(top.edge_from[e]), int(top.edge_to[e]), float(graph.cost[e]))
    first = top.n_nodes
    on_edge: dict[int, list[tuple[float, int]]] = {}
    for _, snapped in points:
        for k, (e, f) in enumerate(
            zip(snapped.positions.edge, snapped.positions.fraction, strict=True)
        ):
            if e < 0:
                continue
            on_edge.setdefault(int(e), []).append((float(f), first + k))
            r = int(graph.reverse[e])
            if r >= 0 and usable[r]:
                on_edge.setdefault(r, []).append((1 - float(f), first + k))
        first += len(snapped.positions)
    for e, found in on_edge.items():
        a, b, metres = int(top.edge_from[e]), int(top.edge_to[e]), float(graph.cost[e])
        for f, node in found:
            arc(a, node, f * metres)
            arc(node, b, (1 - f) * metres)
            for g, other in found:
                if g >= f and other != node:
                    arc(node, other, (g - f) * metres)
    row, column = np.array(list(best)).T
    matrix = csr_matrix((np.array(list(best.values())) + 1e-9, (row, column)), shape=(first, first))
    n, m = len(start), len(end)
    sources = np.arange(top.n_nodes, top.n_nodes + n)
    road = dijkstra(matrix, indices=sources)[:, top.n_nodes + n : top.n_nodes + n + m]
    return road + points[0][1].distance_m[:, None] + points[1][1].distance_m[None, :]


def dense(trips: Trips, m: int, values: np.ndarray) -> np.ndarray:
    full = np.full((len(trips.start) - 1, m), np.inf)
    full[trips.row, trips.site] = values
    return full


def test_road_distances_equal_scipy_with_access_legs(county):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    trips = travel_of(county).trips(start, end, tier(), np.inf)
    want = scipy_metres(county, start, end)
    got = dense(trips, len(end), trips.out_m)
    road = dense(trips, len(end), trips.by_road.astype(float)) == 1
    assert (np.isfinite(want) == np.isfinite(got)).mean() > 0.99
    both = road & np.isfinite(want)
    assert both.sum() > 100
    np.testing.assert_allclose(got[both], want[both], rtol=1e-6, atol=1e-3)
    # Where the straight way was taken it is the shorter one.
    assert (got[~road & np.isfinite(got)] <= want[~road & np.isfinite(got)] + 1e-6).all()


def test_the_way_back_is_the_way_there_from_the_other_end(county):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    travel = travel_of(county)
    there, back = travel.trips(start, end, tier(), np.inf), travel.trips(end, start, tier(), np.inf)
    home = dense(back, len(start), back.out_m).T
    got = dense(there, len(end), there.back_m)
    both = np.isfinite(home) & np.isfinite(got)
    np.testing.assert_allclose(got[both], home[both], rtol=1e-9, atol=1e-6)


def test_a_cutoff_leaves_exactly_the_pairs_within_it(county):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    travel = travel_of(county)
    whole = travel.trips(start, end, tier(), np.inf)
    near = travel.trips(start, end, tier(), 5000.0)
    assert len(near.site) == (whole.out_m <= 5000).sum()
    np.testing.assert_array_equal(near.out_m, whole.out_m[whole.out_m <= 5000])


def test_the_sparse_search_equals_the_dense_one(county, monkeypatch):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    dense_trips = travel_of(county).trips(start, end, tier(), 8000.0)
    monkeypatch.setattr("scenarios.travel.DENSE_PAIRS", 0)
    sparse_trips = travel_of(county).trips(start, end, tier(), 8000.0)
    np.testing.assert_array_equal(dense_trips.site, sparse_trips.site)
    np.testing.assert_allclose(dense_trips.out_m, sparse_trips.out_m, rtol=1e-9)
    np.testing.assert_allclose(dense_trips.back_m, sparse_trips.back_m, rtol=1e-9)


def test_a_village_on_its_own_site_is_at_distance_zero(county):
    villages = place(county.layers["villages"], "v")
    trips = travel_of(county).trips(villages, villages, tier(), np.inf)
    assert (dense(trips, len(villages), trips.out_m).diagonal() == 0).all()


def test_straight_lines_are_multiplied_by_the_circuity(county):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    trips = travel_of(county).trips(start, end, tier(Metric.STRAIGHT, circuity=1.5), 6000.0)
    crs = CRS.from_user_input(county.metric_crs)
    a = np.column_stack(to_metric(start.lon, start.lat, crs))
    b = np.column_stack(to_metric(end.lon, end.lat, crs))
    want = 1.5 * np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    got = dense(trips, len(end), trips.out_m)
    np.testing.assert_allclose(got[want <= 6000], want[want <= 6000])
    assert np.isinf(got[want > 6000]).all()
    assert not trips.by_road.any()


def test_points_on_no_road_are_left_out_or_measured_straight_as_asked(county):
    villages = place(county.layers["villages"], "v")
    far = Place("far", ("X",), villages.lon[:1] + 2.0, villages.lat[:1])
    start = Place("both", (*villages.ids, "X"), np.append(villages.lon, far.lon),
                  np.append(villages.lat, far.lat))  # fmt: skip
    end = place(county.layers["candidates"], "c")
    strict, lenient = travel_of(county), travel_of(county, straight_off_road=True)
    assert not strict.on_road(start, tier())[-1]
    assert np.diff(strict.trips(start, end, tier(), np.inf).start)[-1] == 0
    assert lenient.on_road(start, tier())[-1]
    trips = lenient.trips(start, end, tier(), np.inf)
    assert np.diff(trips.start)[-1] == len(end)
    assert not trips.rows(np.array([len(start) - 1])).by_road.any()


def test_without_roads_everything_is_straight(county):
    start = place(county.layers["villages"], "v")
    travel = Travel(None, metric_crs(start.lon, start.lat), 500.0)
    assert not travel.uses_roads(tier())
    assert not travel.trips(start, start, tier(), np.inf).by_road.any()


def test_rows_and_keep_cut_the_list_in_order(county):
    start, end = place(county.layers["villages"], "v"), place(county.layers["candidates"], "c")
    trips = travel_of(county).trips(start, end, tier(), 9000.0)
    full = dense(trips, len(end), trips.out_m)
    some = np.array([5, 0, 7])
    rows = trips.rows(some)
    np.testing.assert_array_equal(dense(rows, len(end), rows.out_m), full[some])
    kept = trips.keep(trips.out_m < 4000)
    np.testing.assert_array_equal(
        dense(kept, len(end), kept.out_m), np.where(full < 4000, full, np.inf)
    )

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Polygon, box

from geodata.adjacency import membership, shared_borders, voronoi_areas
from tests.geodata.roads.networks import place


def square(x_m: float, y_m: float, width_m: float = 1000, height_m: float = 1000) -> Polygon:
    return box(*place(x_m, y_m), *place(x_m + width_m, y_m + height_m))


def neighbours(matrix) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in zip(*matrix.nonzero(), strict=True) if i < j}


def test_borders_of_a_chequerboard_leave_out_corners():
    areas = [square(0, 0), square(1000, 0), square(0, 1000), square(1000, 1000)]
    borders = shared_borders(areas)
    assert neighbours(borders) == {(0, 1), (0, 2), (1, 3), (2, 3)}
    assert borders[0, 1] == pytest.approx(1000, rel=0.02)
    assert (borders != borders.T).nnz == 0
    assert borders.diagonal().tolist() == [0] * 4


@pytest.mark.parametrize(("gap_m", "meets"), [(0, True), (10, True), (-10, True), (60, False)])
def test_slivers_of_drawing_still_are_a_border(gap_m, meets):
    borders = shared_borders([square(0, 0), square(1000 + gap_m, 0)])
    assert (borders.nnz > 0) == meets


def test_a_zone_over_its_townships_borders_on_them():
    zone = square(700, 300, 600, 300)
    borders = shared_borders([square(0, 0), square(1000, 0), zone, None, Polygon()])
    assert neighbours(borders) == {(0, 1), (0, 2), (1, 2)}
    assert borders.shape == (5, 5)


def test_no_areas():
    assert shared_borders([]).shape == (0, 0)
    assert shared_borders([None, None]).nnz == 0


def test_a_broken_polygon_is_mended():
    x0, y0 = place(1000, 0)
    x1, y1 = place(2000, 1000)
    bow_tie = Polygon([(x0, y0), (x1, y1), (x1, y0), (x0, y1)])
    assert not bow_tie.is_valid
    assert shared_borders([square(0, 0), bow_tie]).nnz == 2
    assert membership(*map(np.array, zip(place(1100, 500), strict=True)), [bow_tie]).tolist() == [0]


def test_membership_takes_the_smallest_area_and_counts_borders():
    areas = [square(0, 0), square(1000, 0), square(700, 300, 600, 300), None]
    spots = [(100, 100), (1500, 100), (900, 400), (1000, 900), (5000, 5000), (np.nan, 0)]
    lon, lat = map(np.array, zip(*(place(x, y) for x, y in spots), strict=True))
    found = membership(lon, lat, areas).tolist()
    assert found[:3] + found[4:] == [0, 1, 2, -1, -1]
    assert found[3] in {0, 1}
    assert membership(lon, lat, []).tolist() == [-1] * 6


def test_voronoi_areas_fill_the_outline_and_hold_their_points():
    outline = square(0, 0, 4000, 3000)
    lon, lat = map(np.array, zip(*(place(x, y) for x, y in
                                   [(500, 500), (3500, 500), (2000, 2500), (2000, 2500)]), strict=True))  # fmt: skip
    areas = voronoi_areas(lon, lat, outline)
    assert shapely.union_all(areas).symmetric_difference(outline).area < 1e-4 * outline.area
    assert areas[2].equals(areas[3])
    for area, x, y in zip(areas, lon, lat, strict=True):
        assert area.contains(shapely.Point(x, y))
    assert neighbours(shared_borders(areas[:3])) == {(0, 1), (0, 2), (1, 2)}


@pytest.mark.parametrize("spots", [[(0, 0)], [(0, 0), (900, 0)], [(0, 0), (900, 0), (1800, 0)]])
def test_few_points_have_areas_without_an_outline(spots):
    lon, lat = map(np.array, zip(*(place(x, y) for x, y in spots), strict=True))
    areas = voronoi_areas(lon, lat)
    assert all(area.area > 0 for area in areas)
    for area, x, y in zip(areas, lon, lat, strict=True):
        assert area.intersects(shapely.Point(x, y))


def test_points_without_coordinates_have_no_area():
    areas = voronoi_areas(np.array([115.4, np.nan]), np.array([36.5, 36.5]))
    assert [area.is_empty for area in areas] == [False, True]
    assert voronoi_areas(np.zeros(0), np.zeros(0)) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_every_place_is_in_the_area_of_its_nearest_point(seed):
    generator = np.random.default_rng(seed)
    lon, lat = (np.asarray(a) for a in place(*generator.uniform(0, 20_000, (2, 12))))
    areas = voronoi_areas(lon, lat)
    spots = np.array([area.representative_point().coords[0] for area in areas])
    _, _, far = Geod(ellps="WGS84").inv(
        np.repeat(spots[:, 0], 12), np.repeat(spots[:, 1], 12), np.tile(lon, 12), np.tile(lat, 12)
    )
    assert far.reshape(12, 12).argmin(axis=1).tolist() == list(range(12))

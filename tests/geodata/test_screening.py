from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geodata.columns import words_of
from geodata.screening import KIND_NAMES, Setback, screen

METRIC = CRS.from_epsg(4548)


def on_ground(shapes, **columns):
    """Shapes in metres around (500,000, 4,040,000) of the metric system, as a WGS84 layer."""
    moved = [shapely.affinity.translate(shape, 500_000, 4_040_000) for shape in shapes]
    return gpd.GeoDataFrame(
        columns, geometry=gpd.GeoSeries(moved, crs=METRIC).to_crs(4326), crs=4326
    )


def sites(*places, **columns):
    return on_ground([shapely.Point(place) for place in places], **columns)


ZONES = on_ground(
    [shapely.box(0, 0, 100, 100), shapely.LineString([(0, 500), (1000, 500)]), shapely.box(300, 0, 400, 100)],
    id=["e1", "e2", "e3"], name=["东大洼", None, None], kind=["farmland", "hv_line", "dwelling"],
)  # fmt: skip


def test_each_drop_names_rule_distance_and_zone():
    candidates = sites(
        (50, 50), (150, 300), (250, 50), (900, 460), (900, 440), area_m2=[900, 900, 900, 900, 900]
    )
    found = screen(
        candidates,
        ZONES,
        [Setback("farmland"), Setback("dwelling", 100), Setback("hv_line", 50)],
        0,
        METRIC,
    )
    assert found.kept.tolist() == [False, True, False, False, True]
    assert found.dropped_by == (
        "lies inside permanent basic farmland 东大洼",
        "",
        "lies 50 m from dwellings e3; at least 100 m are required",
        "lies 40 m from high-voltage line e2; at least 50 m are required",
        "",
    )
    assert found.drops[2].distance_m == pytest.approx(50, abs=1e-3)
    assert found.unchecked == ()


def test_the_first_rule_in_order_is_named_and_the_nearest_zone():
    candidates = sites((50, 50), (250, 50))
    rules = [Setback("dwelling", 1000), Setback("farmland")]
    found = screen(candidates, ZONES, rules, 0, METRIC)
    assert [drop.kind for drop in found.drops] == ["dwelling", "dwelling"]


def test_area_comes_last_and_unknown_area_passes():
    candidates = sites((5000, 5000), (5000, 6000), (50, 50), area_m2=[500.0, np.nan, 500.0])
    found = screen(candidates, ZONES, [Setback("farmland")], 600, METRIC)
    assert found.kept.tolist() == [False, True, False]
    assert found.dropped_by[0] == "has 500 m²; at least 600 m² are required"
    assert found.drops[2].rule == "inside"


def test_rules_without_a_layer_are_told_and_not_taken_for_clearance():
    rules = [Setback("red_line"), Setback("farmland"), Setback("school", 50)]
    found = screen(sites((5000, 5000)), ZONES, rules, 0, METRIC)
    assert found.unchecked == ("red_line", "school")
    nothing = gpd.GeoDataFrame({"id": [], "name": []}, geometry=[], crs=4326)
    assert screen(sites((0, 0)), nothing, rules, 0, METRIC).kept.all()
    assert len(screen(sites(), ZONES, rules, 0, METRIC).kept) == 0


def test_every_kind_that_layers_know_has_a_name():
    assert set(words_of("kind").values()) == set(KIND_NAMES)


def test_reasons_are_translated():
    found = screen(sites((50, 50)), ZONES, [Setback("farmland")], 0, METRIC)
    words = {
        "lies inside {kind} {name}": "位于{kind}{name}内",
        "permanent basic farmland": "基本农田",
    }
    assert found.drops[0].text(lambda text: words.get(text, text)) == "位于基本农田东大洼内"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0, 300))
def test_agrees_with_every_pair_measured(seed, setback):
    chance = np.random.default_rng(seed)
    places = [tuple(place) for place in chance.uniform(0, 2000, (30, 2))]
    shapes = [
        shapely.Point(place).buffer(size, quad_segs=2)
        for place, size in zip(
            chance.uniform(0, 2000, (8, 2)), chance.uniform(1, 200, 8), strict=True
        )
    ]
    zones = on_ground(shapes, id=[f"e{k}" for k in range(8)], name=[None] * 8, kind=["water"] * 8)
    found = screen(sites(*places), zones, [Setback("water", setback)], 0, METRIC)
    for place, kept, drop in zip(places, found.kept, found.drops, strict=True):
        true_m = min(shape.distance(shapely.Point(place)) for shape in shapes)
        if abs(true_m - setback) > 1e-3 and not 0 < true_m < 1e-3:
            assert kept == (true_m > 0 and true_m >= setback)
            if not kept:
                assert drop.distance_m == pytest.approx(true_m, abs=1e-3)

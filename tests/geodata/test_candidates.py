from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geodata.candidates import generate_candidates, merge_near
from geodata.crs import to_metric
from geodata.thinning import along_lines, grid_in_polygon, keep_apart
from tests.geodata.tables_on_disk import points, squares

METRIC = CRS.from_epsg(4548)


def layers():
    return {
        "candidates": points(
            [115.400], [36.4], id=["C1"], name=["场址"], district=["贾镇"], area_m2=[np.nan]
        ),
        "facilities": points(
            [115.4001, 115.5],
            [36.4, 36.5],
            id=["F1", "F2"],
            name=["甲站", "乙站"],
            district=["贾镇", None],
            state=["kept", "close"],
            stream=["straw", None],
        ),
        "villages": points(
            [115.4, 115.42, 115.5],
            [36.4001, 36.42, 36.5001],
            id=["v1", "v2", "v3"],
            name=["甲", "乙", "丙"],
            district=["贾镇", "贾镇", "店子镇"],
        ),
        "shops": points(
            [115.42], [36.4201], id=["s1"], name=["农资店"], district=["贾镇"], area_m2=[80.0]
        ),
        "districts": squares(id=["d1", "d2"], name=["贾镇", "店子镇"]).assign(
            seat_lon=[115.45, np.nan], seat_lat=[36.45, np.nan]
        ),
    }


def test_each_source_with_stable_ids_names_and_districts():
    found = generate_candidates(
        ["given", "existing", "villages", "shops", "district_seats"],
        layers(),
        METRIC,
        merge_within_m=0,
    )
    rows = found.set_index("id")
    assert list(found["id"]) == [
        "C1",
        "F1",
        "F2",
        "villages-v1",
        "villages-v2",
        "villages-v3",
        "shops-s1",
        "district_seats-d1",
        "district_seats-d2",
    ]
    assert rows.loc["shops-s1", ["name", "district", "source", "area_m2"]].tolist() == [
        "农资店",
        "贾镇",
        "shops",
        80,
    ]
    assert rows.loc["F2", "state"] == "close"
    assert rows.loc["district_seats-d1", "geometry"].x == pytest.approx(115.45)
    assert rows.loc["district_seats-d2", "geometry"].within(layers()["districts"].geometry[1])
    assert rows.loc["district_seats-d2", "district"] == "店子镇"


def test_near_duplicates_go_to_the_preferred_source_and_sites_are_never_merged_away():
    found = generate_candidates(["villages", "shops", "given", "existing"], layers(), METRIC)
    rows = found.set_index("id")
    # C1 and F1 stand 9 m apart and both stay; v1 is beside them, v3 beside F2, the shop beside v2
    assert set(rows.index) == {"C1", "F1", "F2", "villages-v2"}
    assert rows.loc["villages-v2", "merged_ids"] == "shops-s1"
    assert rows.loc["villages-v2", "area_m2"] == 80
    assert "villages-v3" in rows.loc["F2", "merged_ids"]
    other = generate_candidates(["shops", "villages"], layers(), METRIC)
    assert "shops-s1" in set(other["id"])


def test_absent_layers_add_nothing_and_unknown_sources_are_refused():
    assert len(generate_candidates(["villages", "roadside", "public_land"], {}, METRIC)) == 0
    with pytest.raises(ValueError, match="roadsides"):
        generate_candidates(["roadsides"], {}, METRIC)
    with pytest.raises(ValueError, match="spacing_m"):
        generate_candidates(["roadside"], {}, METRIC, spacing_m=0)


def road_grid():
    lines = [
        shapely.LineString([(115.4, 36.4 + k / 100), (115.6, 36.4 + k / 100)]) for k in range(11)
    ]
    return gpd.GeoDataFrame(
        {"class": ["county"] * 11, "name": ["县道"] * 11}, geometry=lines, crs=4326
    )


def metres(table):
    return np.column_stack(to_metric(table.geometry.x, table.geometry.y, METRIC))


def test_roadside_points_lie_on_roads_apart_and_leave_no_gap():
    roads = road_grid()
    found = generate_candidates(["roadside"], {}, METRIC, roads=roads, spacing_m=3000)
    on_road = roads.geometry.union_all().distance(found.geometry.to_numpy())
    assert on_road.max() < 1e-4  # a line straight in degrees is not quite so in metres
    place = metres(found)
    gaps = np.hypot(*(place[:, None] - place[None]).T)
    np.fill_diagonal(gaps, np.inf)
    assert gaps.min() >= 3000
    spots = metres(
        gpd.GeoDataFrame(
            geometry=gpd.GeoSeries(
                shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.37, normalized=True)
            ),
            crs=4326,
        )
    )
    assert np.hypot(*(spots[:, None] - place[None]).T).min(axis=0).max() <= 3000 + 1000
    again = generate_candidates(["roadside"], {}, METRIC, roads=roads.iloc[::-1], spacing_m=3000)
    assert set(again["id"]) == set(found["id"])
    assert found["id"].is_unique
    assert found["name"].tolist()[0] == "县道"


def test_roadside_points_are_called_by_village_and_road_each_by_a_name_of_its_own():
    villages = points([115.45, 115.55], [36.45, 36.45]).assign(id=["v1", "v2"], name=["甲村", ""])
    roads = road_grid().assign(name=["县道"] * 6 + [None] * 5)
    made = {"villages": villages}
    found = generate_candidates(["roadside"], made, METRIC, roads=roads, spacing_m=3000)
    assert found["name"].is_unique
    assert {name.rstrip("0123456789") for name in found["name"]} == {"甲村县道旁", "甲村路旁"}


def test_permitted_land_gives_a_point_a_small_plot_and_a_grid_a_large_one():
    land = squares(id=["L1"], name=[None], district=["贾镇"])
    small = points([115.7], [36.45]).to_crs(METRIC).buffer(20).to_crs(4326)
    table = gpd.GeoDataFrame(
        gpd.pd.concat(
            [land, gpd.GeoDataFrame({"id": ["L2"]}, geometry=small.to_numpy(), crs=4326)],
            ignore_index=True,
        ),
        crs=4326,
    )
    found = generate_candidates(
        ["permitted_land"], {"permitted_land": table}, METRIC, spacing_m=2000
    )
    of_large = found[found["id"].str.startswith("permitted_land-L1-")]
    assert 15 < len(of_large) < 35
    assert of_large.within(land.geometry[0]).all()
    assert found["id"].tolist()[-1] == "permitted_land-L2"
    assert found["area_m2"].iloc[-1] == pytest.approx(np.pi * 400, rel=0.02)
    public = generate_candidates(["public_land"], {"public_land": table}, METRIC)
    assert public.geometry.geom_type.eq("Point").all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 40), st.floats(0.01, 40))
def test_kept_points_are_apart_and_dropped_ones_are_near_a_kept_one(seed, n, distance):
    chance = np.random.default_rng(seed)
    places = chance.uniform(0, 100, (n, 2))
    fixed = chance.random(n) < 0.2
    kept = keep_apart(places, distance, fixed)
    gaps = np.hypot(*(places[:, None] - places[None]).T).reshape(n, n)
    assert kept[fixed].all()
    for at in np.flatnonzero(kept & ~fixed):
        assert (gaps[at][kept & (np.arange(n) != at)] >= distance).all()
    for at in np.flatnonzero(~kept):
        assert gaps[at][kept].min() < distance


def test_points_along_lines_and_in_polygons():
    lines = np.array(
        [shapely.LineString([(0, 0), (10, 0)]), None, shapely.LineString([(0, 5), (0.1, 5)])],
        dtype=object,
    )
    found, line = along_lines(lines, 4)
    assert line.tolist() == [2, 0, 0, 0]
    assert found[:, 0].tolist() == pytest.approx([0.05, 10 / 6, 5, 50 / 6])
    assert grid_in_polygon(shapely.box(0.5, 0.5, 3.5, 2.5), 1).tolist() == [
        [1, 1],
        [1, 2],
        [2, 1],
        [2, 2],
        [3, 1],
        [3, 2],
    ]
    thin = shapely.LineString([(0.2, 0.2), (9, 9.3)]).buffer(0.01)
    assert thin.contains(shapely.Point(grid_in_polygon(thin, 50)[0]))


def test_merging_nothing_changes_nothing():
    one = generate_candidates(["villages"], layers(), METRIC, merge_within_m=0)
    assert merge_near(one, 0, METRIC) is one

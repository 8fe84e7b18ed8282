"""A made-up city district: its size, its streets, its layers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.snapping import snap
from geodata.synthetic.county import LABEL
from geodata.synthetic.urban import make_urban_district
from geodata.synthetic.urban_units import DistrictSize

SIZE = DistrictSize(40, 12, 150_000, 5, towns=2, villages=8, sown_area_mu=20_000)


@pytest.fixture(scope="module")
def district():
    return make_urban_district(SIZE, 3)


def test_it_has_the_units_area_and_people_it_is_asked_for(district):
    units = district.layers["districts"]
    assert sum(name.endswith("街道") for name in units["name"]) == 5
    assert sum(name.endswith("镇") for name in units["name"]) == 2
    area = units.to_crs("EPSG:4548").area.sum() / 1e6
    assert area == pytest.approx(40, rel=0.01)
    people = district.layers["estates"]["population"].sum()
    people += district.layers["villages"]["population"].sum()
    assert people == pytest.approx(150_000, rel=0.15)
    assert district.layers["villages"]["sown_area_mu"].sum() == pytest.approx(20_000, rel=0.01)


def test_units_touch_and_do_not_overlap(district):
    polygons = district.layers["districts"].to_crs("EPSG:4548").geometry
    together = polygons.union_all()
    assert together.area == pytest.approx(polygons.area.sum(), rel=1e-4)
    assert together.geom_type == "Polygon"


def test_places_are_in_the_unit_that_they_name(district):
    units = district.layers["districts"].set_index("name").geometry
    for name in ("villages", "permitted_land"):
        layer = district.layers[name]
        points = layer.geometry.representative_point()
        inside = [units[home].buffer(0.002).contains(point)
                  for home, point in zip(layer["district"], points, strict=True)]  # fmt: skip
        assert all(inside)


def test_everything_is_near_a_street(district):
    for name in ("estates", "villages", "candidates"):
        points = district.layers[name].geometry
        usable = np.ones(district.roads.n_edges, np.bool_)
        found = snap(points.x.to_numpy(), points.y.to_numpy(), district.roads, usable, 800)
        assert (found.positions.edge >= 0).all()


def test_the_same_size_and_seed_give_the_same_district(district):
    again = make_urban_district(SIZE, 3)
    for name, layer in district.layers.items():
        assert isinstance(layer, gpd.GeoDataFrame)
        assert layer.equals(again.layers[name]), name
        assert layer.attrs["synthetic"] == LABEL
    assert np.array_equal(district.roads.length_m, again.roads.length_m)
    assert district.synthetic


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 12), st.integers(0, 3), st.integers(2, 12), st.integers(0, 99))
def test_any_small_size_can_be_made(subdistricts, towns, villages, seed):
    built = 20.0 if towns == 0 else 8.0
    size = DistrictSize(20, built, 60_000, subdistricts, towns, villages, 500)
    made = make_urban_district(size, seed)
    assert len(made.layers["districts"]) == subdistricts + towns
    assert len(made.layers["villages"]) == villages


@pytest.mark.parametrize(
    "wrong",
    [{"subdistricts": 0}, {"built_up_km2": 50}, {"population": 3}, {"villages": 1}],
)
def test_a_size_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"district|built-up|population"):
        DistrictSize(**{**vars(SIZE), **wrong})


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed"):
        make_urban_district(SIZE, -1)

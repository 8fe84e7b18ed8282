import hashlib
import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest

from geodata.synthetic import LABEL, make_county
from tests.geodata.synthetic.network_checks import edge_lines, nearest_edge, strong_pieces

STANDARD_COLUMNS = {
    "districts": {"id", "name", "seat_lon", "seat_lat", "geometry"},
    "villages": {"id", "name", "district", "population", "households", "sown_area_mu", "demand_t_per_yr", "geometry"},
    "facilities": {"id", "name", "district", "stream", "tier", "state", "capacity_t_per_yr", "throughput_t_per_yr", "area_m2", "geometry"},
    "candidates": {"id", "name", "district", "source", "stream", "area_m2", "geometry"},
    "exclusions": {"id", "name", "kind", "geometry"},
    "shops": {"id", "name", "district", "area_m2", "geometry"},
    "public_land": {"id", "name", "district", "area_m2", "geometry"},
    "permitted_land": {"id", "name", "district", "area_m2", "geometry"},
    "estates": {"id", "name", "district", "population", "households", "floor_area_m2", "demand_t_per_yr", "geometry"},
    "restaurants": {"id", "name", "district", "seats", "demand_t_per_yr", "geometry"},
    "clinics": {"id", "name", "district", "beds", "demand_t_per_yr", "geometry"},
    "repair_shops": {"id", "name", "district", "demand_t_per_yr", "geometry"},
    "building_sites": {"id", "name", "district", "floor_area_m2", "demand_t_per_yr", "geometry"},
    "livestock_farms": {"id", "name", "district", "kind", "pigs", "poultry", "demand_t_per_yr", "geometry"},
    "institutions": {"id", "name", "district", "kind", "population", "demand_t_per_yr", "geometry"},
    "parks": {"id", "name", "district", "area_m2", "demand_t_per_yr", "geometry"},
    "sewage_works": {"id", "name", "district", "sludge_t_per_yr", "demand_t_per_yr", "geometry"},
    "river_reaches": {"id", "name", "district", "dredged_t_per_yr", "demand_t_per_yr", "geometry"},
    "works": {"id", "name", "district", "hazardous_waste_t_per_yr", "demand_t_per_yr", "geometry"},
    "energy_plants": {"id", "name", "district", "photovoltaic_mw", "wind_mw", "geometry"},
    "excavations": {"id", "name", "district", "soil_t_per_yr", "demand_t_per_yr", "geometry"},
    "heaps": {"id", "name", "district", "kind", "tonnes", "removed_t", "deadline_year", "geometry"},
    "licence_areas": {"id", "name", "geometry"},
}  # fmt: skip
STATES = {
    "kept",
    "building",
    "approved",
    "upgrade",
    "expand",
    "move",
    "close",
    "planned",
    "temporary",
    "seasonal",
}
_PRINT_DIGEST = "from tests.geodata.synthetic.test_county import digest; from geodata.synthetic import make_county; print(digest(make_county(60, 3)))"


def digest(county):
    """SHA-256 of every value of a county."""
    total = hashlib.sha256(county.roads.topology.fingerprint.encode())
    for array in (
        county.roads.length_m,
        county.roads.road_class,
        county.roads.name,
        county.roads.max_weight_t,
        county.roads.shape_lon,
    ):
        total.update(np.ascontiguousarray(array).tobytes())
    total.update(repr(county.roads.names).encode())
    for name, layer in county.layers.items():
        total.update(name.encode() + layer.to_json(drop_id=True).encode())
    total.update(repr(dict(county.exceptions)).encode())
    return total.hexdigest()


def test_same_seed_gives_the_same_values_in_processes_of_other_hash_seed_and_thread_count():
    here = digest(make_county(60, 3))
    for hash_seed, threads in (("1", "1"), ("77", "2")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
        }
        there = subprocess.run(
            [sys.executable, "-c", _PRINT_DIGEST],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here


def test_another_seed_gives_another_county():
    assert digest(make_county(60, 3)) != digest(make_county(60, 4))


def test_it_says_everywhere_that_it_is_synthetic(county):
    assert county.synthetic
    assert LABEL == "合成数据 / synthetic"
    assert LABEL in county.title
    assert LABEL in county.roads.source
    assert LABEL in county.sources[0]
    assert all(layer.attrs["synthetic"] == LABEL for layer in county.layers.values())


@pytest.mark.parametrize("name", sorted(STANDARD_COLUMNS))
def test_layer_has_the_standard_columns(county, name):
    layer = county.layers[name]
    assert set(layer.columns) >= STANDARD_COLUMNS[name]
    assert layer.crs.to_epsg() == 4326
    assert layer["id"].is_unique
    assert layer["name"].str.len().min() > 1
    shapes = layer.geometry.dropna()
    assert shapes.is_valid.all()
    assert not shapes.is_empty.any()
    west, south, east, north = shapes.total_bounds
    assert 115.2 < west < east < 115.9
    assert 36.2 < south < north < 36.9
    assert not (layer.select_dtypes("number") < 0).any().any()


def test_every_row_names_a_known_district(county):
    known = set(county.layers["districts"]["name"])
    for name, layer in county.layers.items():
        if "district" in layer:
            assert set(layer["district"].dropna()) <= known, name


def test_units_are_those_of_a_county_plan(county):
    districts, villages = county.layers["districts"], county.layers["villages"]
    zone = districts[districts.geometry.isna()]
    assert len(districts) == 19
    assert len(villages) == 352
    assert list(zone["name"].str[-5:]) == ["经济开发区"]
    kinds = districts["name"].str.extract("(街道|镇|乡|经济开发区)$")[0].value_counts()
    assert kinds["街道"] == 3
    assert kinds["镇"] > kinds["乡"] >= 1
    per_district = villages["district"].value_counts()
    assert set(per_district.index) == set(districts["name"])
    assert per_district.min() >= 6
    assert per_district.max() <= 35


def test_zone_lies_over_townships(county):
    districts = county.layers["districts"].set_index("name").geometry
    zone = county.layers["villages"].query("district.str.endswith('开发区')")
    held = [
        any(shape is not None and shape.contains(point) for shape in districts)
        for point in zone.geometry
    ]
    assert len(zone) == 8
    assert all(held)


def test_townships_fit_together_without_gaps_or_overlaps(county):
    shapes = county.layers["districts"].geometry.dropna().to_crs(county.metric_crs)
    whole = shapes.union_all()
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(shapes.area.sum(), rel=1e-6)
    assert 1_100e6 < whole.area < 1_200e6


def test_villages_stand_in_the_township_they_name(county):
    districts = county.layers["districts"].dropna(subset="geometry").set_index("name").geometry
    villages = county.layers["villages"]
    own = villages[~villages["district"].str.endswith("开发区")]
    inside = [
        districts[home].contains(point)
        for home, point in zip(own["district"], own.geometry, strict=True)
    ]
    assert np.mean(inside) > 0.99


def test_names_repeat_between_townships_but_not_within_one(county):
    villages = county.layers["villages"]
    assert not villages.duplicated(["district", "name"]).any()
    assert villages["name"].value_counts().iloc[0] >= 3
    assert villages["name"].nunique() > 200


@pytest.mark.real
def test_townships_are_not_called_like_real_ones(real_data):
    names = set()
    for path in sorted((real_data / "places").glob("china_division*streets*.csv")):
        names |= {line.split(",")[1] for line in path.read_text(encoding="utf-8").splitlines()}
    made = {name.rstrip("镇乡街道") for name in make_county(2000, 1).layers["districts"]["name"]}
    assert names
    assert not {real for real in names if real[:2] in made}


def test_only_the_deliberate_villages_are_far_from_roads_or_cut_off(county):
    lines = edge_lines(county.roads, county.metric_crs)
    villages = county.layers["villages"]
    edge, distance_m = nearest_edge(villages, lines)
    by_reason = {
        reason: {v for v, r in county.exceptions.items() if r == reason}
        for reason in ("off_road", "separate", "track")
    }
    assert all(len(named) == 1 for named in by_reason.values())
    assert set(villages["id"][distance_m > 500]) == by_reason["off_road"]
    assert np.median(distance_m) < 40
    piece = strong_pieces(county.roads)
    largest = np.bincount(piece).argmax()
    cut_off = villages["id"][
        (piece[county.roads.topology.edge_from[edge]] != largest) & (distance_m <= 500)
    ]
    assert set(cut_off) == by_reason["separate"]
    assert np.mean(piece == largest) > 0.99


def test_whatever_may_be_a_site_lies_within_reach_of_a_road(county):
    lines = edge_lines(county.roads, county.metric_crs)
    for name in (
        "candidates",
        "facilities",
        "public_land",
        "permitted_land",
        "shops",
        "estates",
        "building_sites",
    ):
        assert nearest_edge(county.layers[name], lines)[1].max() < 500, name


@pytest.mark.parametrize("seed", range(4))
def test_every_seat_lies_by_a_road(seed):
    county = make_county(seed=seed)
    districts = county.layers["districts"]
    seats = gpd.points_from_xy(districts["seat_lon"], districts["seat_lat"], crs="EPSG:4326")
    lines = edge_lines(county.roads, county.metric_crs)
    assert nearest_edge(gpd.GeoDataFrame(geometry=seats), lines)[1].max() < 300


def test_every_district_has_a_yard_that_no_exclusion_touches(county):
    yards = county.layers["candidates"].query("stream == '秸秆'").to_crs(county.metric_crs)
    exclusions = county.layers["exclusions"].to_crs(county.metric_crs)
    setback_m = {"farmland": 0.5, "dwelling": 50, "hv_line": 50, "water": 30, "red_line": 0.5}
    free = yards
    for kind, metres in setback_m.items():
        zone = exclusions[exclusions["kind"] == kind].buffer(metres).union_all()
        free = free[~free.intersects(zone)]
    assert set(free["district"]) == set(county.layers["districts"]["name"])


def test_exclusions_of_every_kind(county):
    kinds = county.layers["exclusions"]["kind"].value_counts()
    assert set(kinds.index) == {
        "farmland",
        "dwelling",
        "water",
        "red_line",
        "water_source",
        "hv_line",
    }
    area = county.layers["exclusions"].to_crs(county.metric_crs).dissolve("kind").area
    assert 0.4 < area["farmland"] / 1_150e6 < 0.75
    assert 0.03 < area["dwelling"] / 1_150e6 < 0.15


def test_facilities_stand_in_many_states(county):
    facilities = county.layers["facilities"]
    assert set(facilities["state"]) == STATES
    assert facilities["stream"].nunique() >= 8
    not_yet = facilities["state"].isin(["building", "approved", "planned"])
    assert facilities.loc[not_yet, "throughput_t_per_yr"].isna().all()
    load = facilities["throughput_t_per_yr"] / facilities["capacity_t_per_yr"]
    assert load.max() > 1  # one is overloaded
    assert load.max() < 1.2


@pytest.mark.parametrize("villages", [10, 37, 120, 1000])
def test_other_sizes(villages):
    county = make_county(villages, 5)
    assert len(county.layers["villages"]) == villages
    assert set(county.layers) == set(STANDARD_COLUMNS)
    assert not any(layer.geometry.dropna().is_empty.any() for layer in county.layers.values())
    assert np.bincount(strong_pieces(county.roads)).max() > 0.97 * county.roads.topology.n_nodes
    # Plans order one for the county; more could not keep "exactly one", however large it is.
    assert (county.layers["facilities"]["tier"] == "sorting_centre").sum() == 1


@pytest.mark.slow
def test_ten_thousand_villages():
    county = make_county(10_000, 1)
    assert len(county.layers["districts"]) == round(10_000 * 18 / 352) + 28
    assert 90_000 < county.roads.topology.n_nodes < 140_000
    assert np.bincount(strong_pieces(county.roads)).max() > 0.99 * county.roads.topology.n_nodes


@pytest.mark.parametrize(("villages", "seed"), [(9, 0), (200_001, 0), (100, -1)])
def test_a_size_or_seed_out_of_range_is_named(villages, seed):
    with pytest.raises(ValueError, match="give"):
        make_county(villages, seed)


def test_terminals_of_neighbours_stand_outside_the_county(county):
    outline = county.layers["districts"].geometry.dropna().union_all()
    terminal = county.layers["facilities"].query("tier == 'terminal'")
    assert len(terminal) == 1
    assert terminal["district"].isna().all()
    assert not terminal.geometry.within(outline).any()

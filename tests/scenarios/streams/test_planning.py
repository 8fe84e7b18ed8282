"""Streams are planned by the one pipeline: an invented one from its YAML alone, and all there are."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planner.solution import Outcome
from scenarios.demand_points import demand_points
from scenarios.inputs import load_inputs
from scenarios.layer_sites import sites_of_layers
from scenarios.licence_areas import same_licence_area, with_licence_area
from scenarios.load import example, load_scenario, profile_of, profiles_of
from scenarios.load_knowledge import stream_ids
from scenarios.operations import Role
from scenarios.plan import Plan, StreamPlan
from scenarios.problems import OWN_SITE_M, haul_rate_cny_per_t_km
from scenarios.run import run
from scenarios.schema import StreamUse

HERE = Path(__file__).parent
OPEN = ("kept", "expanded", "new")
WITH_PLAN = (Outcome.OPTIMAL, Outcome.FEASIBLE)


def open_sites(stream: StreamPlan) -> gpd.GeoDataFrame:
    return stream.facilities[stream.facilities["status"].isin(OPEN)]


def planned(stream: str, villages: int, *changes: str) -> Plan:
    return run(example("demo", [
        f"synthetic.villages={villages}", "solver.time_limit_s=10",
        f"streams=[{{stream: {stream}}}]", *changes,
    ]))  # fmt: skip


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("invented")
    shutil.copy(HERE / "invented.yaml", folder / "coffee.yaml")
    (folder / "s.yaml").write_text(
        "title: 咖啡县\nsynthetic: {villages: 40, seed: 2}\nstreams: [{stream: coffee.yaml}]\n"
        "solver: {time_limit_s: 10}\nmax_snap_m: 800\noff_road: straight\n",
        encoding="utf-8",
    )
    return run(load_scenario(folder / "s.yaml"), folder=folder)


def test_an_invented_stream_is_a_yaml_and_nothing_else(invented: Plan):
    stream = invented.streams["coffee_grounds"]
    assert [one.tier for one in stream.tiers] == ["bin_store", "composting"]
    assert all(one.certificate.outcome in WITH_PLAN for one in stream.tiers)
    chosen = open_sites(stream)
    assert (chosen["tier"] == "bin_store").sum() >= 2
    assert (chosen["tier"] == "composting").sum() == 1


def test_points_of_several_layers_are_one_demand(invented: Plan):
    demand = invented.streams["coffee_grounds"].demand
    assert demand["id"].is_unique
    assert demand["id"].str.startswith("R").any()
    assert demand["id"].str.startswith("I").any()


def test_what_is_lost_at_a_tier_does_not_arrive_at_the_next(invented: Plan):
    stream = invented.streams["coffee_grounds"]
    moved = stream.assignments.groupby("tier")["tonnes_per_yr"].sum()
    assert moved["composting"] == pytest.approx(0.5 * moved["bin_store"], rel=1e-6)


def test_a_rule_that_binds_sites_to_another_layer_leaves_no_others(invented: Plan):
    stream = invented.streams["coffee_grounds"]
    chosen = open_sites(stream)
    (plant,) = chosen[chosen["tier"] == "composting"]["id"]
    assert plant.startswith("sewage_works-")


def test_an_absent_terminal_is_named_and_nothing_is_sited_for_it(invented: Plan):
    said = [fault.text() for fault in invented.faults if "buyer" in fault.text()]
    assert len(said) == 1
    assert "not counted" in said[0]


def test_light_stuff_costs_more_a_tonne_kilometre():
    film = profile_of(StreamUse(stream="farm_film")).tiers[0]
    plain = film.model_copy(update={"leg": None})
    assert film.leg is not None
    ratio = haul_rate_cny_per_t_km(film) / haul_rate_cny_per_t_km(plain)
    assert ratio == pytest.approx(1.0 / 0.4)  # the tricycle's payload over that of loose film
    stated = profile_of(StreamUse(stream="manure_centre")).tiers[0]
    assert haul_rate_cny_per_t_km(stated) == 1.4


def test_each_point_has_its_own_site_where_the_text_binds():
    plan = planned("estate_rooms", 20)
    stream = plan.streams["estate_rooms"]
    rooms = stream.assignments[stream.assignments["tier"] == "collection_room"]
    assert len(rooms) == len(stream.demand)
    assert rooms["to_id"].is_unique
    assert (stream.demand["straight_m"] <= OWN_SITE_M).all()


def test_a_terminal_takes_what_comes_and_is_not_sited():
    plan = planned("household_transfer", 30)
    stream = plan.streams["household_transfer"]
    ends = stream.facilities[stream.facilities["tier"] == "plant"]
    assert set(ends["status"]) == {"kept"}
    moved = stream.assignments.groupby("tier")["tonnes_per_yr"].sum()
    assert moved["plant"] == pytest.approx(moved["transfer_station"], rel=1e-6)


def square(west: float, east: float) -> shapely.Polygon:
    return shapely.box(west, 36.0, east, 37.0)


def test_licence_areas_forbid_pairs_across_their_border():
    areas = gpd.GeoDataFrame(
        {"name": ["西", "东"]}, geometry=[square(115, 115.5), square(115.5, 116)], crs="EPSG:4326"
    )
    points = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([115.2, 115.8, 120.0], [36.5] * 3), crs="EPSG:4326"
    )
    named = with_licence_area(points, areas)
    assert list(named["licence_area"]) == ["西", "东", ""]
    row, site = (one.ravel() for one in np.indices((3, 3)))
    allowed = same_licence_area(named, named, row, site).reshape(3, 3)
    assert allowed.tolist() == [[True, False, True], [False, True, True], [True, True, True]]
    assert same_licence_area(points, points, row, site).all()


def test_collection_of_hazardous_waste_stays_in_its_licence_area():
    plan = planned("hazardous_small_source", 40)
    stream = plan.streams["hazardous_small_source"]
    scenario = example("demo", ["synthetic.villages=40"])
    areas = load_inputs(scenario, profiles_of(scenario)).layer("licence_areas")
    pairs = stream.assignments[stream.assignments["tier"] == "clustered_store"]
    of_point = with_licence_area(stream.demand, areas).set_index("id")["licence_area"]
    of_site = with_licence_area(stream.facilities, areas).drop_duplicates("id")
    of_site = of_site.set_index("id")["licence_area"]
    assert len(pairs)
    assert (of_point[pairs["from_id"]].to_numpy() == of_site[pairs["to_id"]].to_numpy()).all()


def test_a_site_of_another_layer_beside_a_standing_one_is_that_one():
    scenario = example("demo", ["synthetic.villages=20", "streams=[{stream: medical_waste}]"])
    profiles = profiles_of(scenario)
    inputs = load_inputs(scenario, profiles)
    tier = profiles["medical_waste"].tiers[0]
    clinics = inputs.layer("clinics")
    none = inputs.layer("candidates").iloc[:0]
    assert len(sites_of_layers(inputs, tier, none, none)) == len(clinics)
    assert len(sites_of_layers(inputs, tier, clinics.iloc[:3], none)) <= len(clinics) - 3


def test_layers_that_a_scenario_lacks_are_passed_over():
    scenario = example("demo", ["synthetic.villages=20", "streams=[{stream: weee}]"])
    profiles = profiles_of(scenario)
    inputs = load_inputs(scenario, profiles)
    whole = demand_points(inputs, profiles["weee"])
    layers = {name: layer for name, layer in inputs.layers.items() if name != "villages"}
    fewer = demand_points(type(inputs)(**{**vars(inputs), "layers": layers}), profiles["weee"])
    assert len(whole.table) == len(inputs.layer("estates")) + len(inputs.layer("villages"))
    assert len(fewer.table) == len(inputs.layer("estates"))


@pytest.mark.slow
@pytest.mark.parametrize("stream", stream_ids())
def test_every_stream_is_planned_on_the_made_up_county(stream: str):
    profile = profile_of(StreamUse(stream=stream))
    made = planned(stream, 120).streams[stream]
    assert [one.tier for one in made.tiers] == [tier.id for tier in profile.tiers]
    for one in made.tiers:
        assert one.certificate.outcome in WITH_PLAN, one.tier
    for tier in profile.tiers:
        mine = made.facilities[made.facilities["tier"] == tier.id]
        assert mine["status"].isin(OPEN).any()
        if tier.role is Role.TERMINAL:
            assert set(mine["status"]) == {"kept"}

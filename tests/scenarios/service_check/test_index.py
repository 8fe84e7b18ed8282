"""The precomputed service check against searches of its own, from any point."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geodata.impedance import cost_matrix
from geodata.roads.graph import RoadPositions
from scenarios.run import run
from scenarios.schema import Scenario
from scenarios.service_check import read_index, write_index
from scenarios.service_check.answers import point_answer, village_answer
from scenarios.service_check.build import build_index, position_of


def planned(**facts):
    given = []
    document = {
        "title": "t", "synthetic": {"villages": 40, "seed": 3}, "max_snap_m": 800,
        "streams": [{"stream": "pesticide_packaging"}], **facts,
    }  # fmt: skip
    plan = run(Scenario.model_validate(document), on_inputs=given.append)
    return plan, build_index(plan, given[0])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    plan, index = planned()
    path = tmp_path_factory.mktemp("index") / "service.npz"
    write_index(index, path)
    return plan, read_index(path)


@pytest.fixture(scope="module")
def hauled_past():
    """Straw: the near villages haul straight to a township's store, the others by a village point."""
    return planned(
        streams=[{"stream": "straw_three_tier", "set": {"tiers.township_store.cutoff_km.value": 5}}],
        phases=[{"year": 2023}, {"year": 2025}], solver={"gap": 0.5},
    )  # fmt: skip


def test_a_village_hauled_past_a_tier_is_answered_for_by_the_one_that_takes_it(hauled_past):
    plan, index = hauled_past
    stream = plan.streams["straw_three_tier"]
    assert {one.facts.tier for one in index.tiers} == {"village_point", "township_store"}
    for k, row in enumerate(stream.demand.itertuples()):
        (tier,) = (one for one in index.tiers if one.answers_for[k])
        told = village_answer(index, tier, k, "zh")
        assert told["served"] is row.served
        assert (told["site"] or {"id": ""})["id"] == row.facility_id
        assert row.served or tier is index.tiers[0]
        promised = stream.profile.tiers[0].radius_m if tier.facts.tier == "village_point" else None
        assert told["radius_m"] == promised
        assert told["within"] == (None if pd.isna(row.within_radius) else row.within_radius)
        assert pd.isna(row.within_radius) is (promised is None)
        lon, lat = row.geometry.x, row.geometry.y
        by_point = [point_answer(index, one, lon, lat, "zh") for one in index.tiers]
        assert [one["site"] for one in by_point if one is not None] == [told["site"]]


def test_a_share_within_the_radius_is_of_those_whose_tier_promises_one(hauled_past):
    plan, _ = hauled_past
    stream = plan.streams["straw_three_tier"]
    (share,) = (one.value for one in stream.indicators if one.id == "within_radius")
    judged = stream.demand["within_radius"].dropna()
    assert 0 < len(judged) < len(stream.demand)
    assert share == pytest.approx(100 * judged.mean())


def test_nearest_sites_of_any_point_are_those_of_a_search(made):
    _, index = made
    network, (tier,) = index.network, index.tiers
    graph = network.graph(tier.facts.vehicle)
    sites = RoadPositions(tier.sites.edge, tier.sites.fraction)
    rng = np.random.default_rng(1)
    checked = 0
    for _ in range(60):
        k = int(rng.integers(len(tier.villages)))
        lon = float(tier.villages.lon[k] + rng.normal(0, 0.003))
        lat = float(tier.villages.lat[k] + rng.normal(0, 0.003))
        position = network.snapped(lon, lat, tier.facts.vehicle)
        if position.edge < 0:
            continue
        place = RoadPositions(np.array([position.edge], np.int32), np.array([position.fraction]))
        road = cost_matrix(graph, place, sites)[0] + position.leg_m + tier.sites.leg_m
        for one in tier.nearest_sites(network, position, 3):
            if one.measured == "straight":
                continue
            assert one.metres == pytest.approx(float(road[one.site]), abs=0.01)
            checked += 1
        near = [
            one for one in tier.nearest_sites(network, position, 3) if one.measured != "straight"
        ]
        if near:
            assert near[0].metres <= road[np.isfinite(road)].min() + 0.01
    assert checked > 50


def test_routes_run_from_the_place_to_the_site_and_are_as_long_as_said(made):
    _, index = made
    network, (tier,) = index.network, index.tiers
    for k in range(len(tier.villages)):
        position = position_of(tier.villages, k, network)
        for near in tier.nearest_sites(network, position, 3):
            line = np.array(tier.route(network, position, near))
            assert line[0] == pytest.approx([tier.villages.lon[k], tier.villages.lat[k]], abs=1e-5)
            site = [tier.sites.lon[near.site], tier.sites.lat[near.site]]
            assert line[-1] == pytest.approx(site, abs=1e-5)
            if near.measured != "straight":
                xy = network.metres_of(line[:, 0], line[:, 1])
                drawn = np.hypot(*np.diff(xy, axis=0).T).sum()
                assert drawn == pytest.approx(near.metres, rel=0.02, abs=5)


def test_villages_are_answered_as_the_plan_says(made):
    plan, index = made
    (tier,) = index.tiers
    table = plan.streams["pesticide_packaging"].demand
    for k, row in enumerate(table.itertuples()):
        answer = village_answer(index, tier, k, "en")
        assert answer["served"] == row.served
        if row.served:
            assert answer["site"]["id"] == row.facility_id
            assert answer["site"]["distance_m"] == pytest.approx(row.impedance, abs=0.06)
            assert answer["site"]["minutes"] > 0 or row.impedance < 30


def test_without_roads_everything_is_straight(tmp_path):
    names = "编号,名称,乡镇,经度,纬度,人口\n"
    rows = "".join(
        f"V{k},村{k},甲,{115.5 + k / 100},{36.5 + (k % 3) / 100},500\n" for k in range(8)
    )
    (tmp_path / "v.csv").write_text(names + rows, encoding="utf-8")
    given = []
    document = {
        "title": "t", "layers": {"villages": {"file": "v.csv", "crs": "wgs84"}},
        "streams": [{"stream": "pesticide_packaging"}],
    }  # fmt: skip
    plan = run(Scenario.model_validate(document), folder=tmp_path, on_inputs=given.append)
    index = build_index(plan, given[0])
    answer = point_answer(index, index.tiers[0], 115.503, 36.5, "zh")
    assert answer["site"]["measured"] == "straight"
    assert len(answer["route"]["coordinates"]) == 2

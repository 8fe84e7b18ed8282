"""The precomputed service check against searches of its own, from any point."""

from __future__ import annotations

import numpy as np
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

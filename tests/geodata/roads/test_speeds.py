from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geodata.faults import InputError
from geodata.roads.access import Access
from geodata.roads.build import build_graph
from geodata.roads.classes import SPEED_CLASSES, is_known, speed_class
from geodata.roads.graph import CONNECTOR, at_nodes
from geodata.roads.speeds import by_length, by_time, usable, vehicle, vehicles
from tests.geodata.roads.networks import lines_between

IDS = {
    "walk", "farm_tricycle", "light_truck", "bale_truck", "semi_trailer", "compactor", "hook_lift",
    "dump_truck", "hazardous_van", "medical_van", "car",
}  # fmt: skip


@pytest.fixture
def graph():
    nodes = np.array([[0, 0], [1000, 0], [1000, 1000]])
    return build_graph(lines_between(nodes, [(0, 1), (1, 2)]), contracted=False)


def test_every_vehicle_of_the_house_is_there_with_its_evidence():
    assert set(vehicles()) == IDS
    for each in vehicles().values():
        assert set(each.speed_kph) == set(SPEED_CLASSES)
        assert each.evidence == "recalled"
        assert each.source
        assert all(s is None or s <= each.top_speed_kph for s in each.speed_kph.values())


def test_an_unknown_vehicle_is_named_with_the_nearest():
    with pytest.raises(InputError, match="'compacter'; use compactor"):
        vehicle("compacter")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("motorway_link", "motorway"), ("国道", "trunk"), ("省道", "primary"), ("县道", "secondary"),
     ("乡道", "tertiary"), ("村道", "village"), ("高速", "motorway"), ("unclassified", "village"),
     ("Residential", "street"), ("机耕路", "track"), ("footway", "path"), ("county", "secondary"),
     ("???", "other")],
)  # fmt: skip
def test_classes_of_osm_and_china(name, expected):
    assert speed_class(name) == expected
    assert is_known(name) == (name != "???")


def test_length_and_time(graph):
    truck = vehicle("light_truck")
    assert by_length(graph, truck).cost == pytest.approx(graph.length_m)
    by_hour = by_time(graph, truck)
    assert by_hour.unit == "s"
    assert by_hour.cost == pytest.approx(graph.length_m / (truck.speed_kph["village"] / 3.6))


@pytest.mark.parametrize(
    "change",
    [
        {"closed": np.array([True] * 4)},
        {"access": np.full(4, int(Access.ALL & ~Access.HGV), np.uint16)},
        {"max_weight_t": np.full(4, 10, np.float32)},
        {"max_height_m": np.full(4, 2.5, np.float32)},
    ],
)
def test_what_forbids_a_lorry(graph, change):
    barred = replace(graph, **change)
    for cost in (by_length(barred, vehicle("dump_truck")), by_time(barred, vehicle("dump_truck"))):
        assert np.isinf(cost.cost).all()
    may_walk = "closed" not in change
    assert np.isfinite(by_length(barred, vehicle("walk")).cost).all() == may_walk


def test_classes_that_a_vehicle_does_not_use(graph):
    tracks = replace(graph, road_class=np.ones(4, np.int16))
    assert not usable(tracks, vehicle("semi_trailer")).any()
    assert usable(tracks, vehicle("farm_tricycle")).all()


def test_measured_speeds_replace_the_default_and_limits_cap_it(graph):
    car = vehicle("car")
    measured = graph.with_speeds(np.array([45, np.nan, 300, np.nan], np.float32))
    limited = replace(measured, speed_limit_kph=np.array([np.nan, 20, 60, np.nan], np.float32))
    speeds = limited.length_m / by_time(limited, car).cost * 3.6
    assert speeds == pytest.approx([45, 20, 60, car.speed_kph["village"]])
    top = graph.with_speeds(np.full(4, 300, np.float32))
    assert top.length_m / by_time(top, car).cost * 3.6 == pytest.approx(np.full(4, 120))


def test_connectors_cost_nothing(graph):
    linked = replace(graph, class_names=(CONNECTOR, "track"), length_m=np.zeros(4))
    assert (by_time(linked, vehicle("semi_trailer")).cost == 0).all()


def test_closures_close_both_ways_unless_told_not_to(graph):
    assert graph.with_closures(np.array([0])).closed.sum() == 2
    assert graph.with_closures(np.array([0]), both_ways=False).closed.sum() == 1


def test_positions_at_nodes(graph):
    at = at_nodes(graph.topology, np.arange(3))
    assert (graph.topology.edge_from[at.edge] == np.arange(3)).all()
    assert (at.fraction == 0).all()
    into_last = graph.topology.edge_to == 2
    arriving = at_nodes(graph.topology, np.array([2, 0]), into_last)
    assert arriving.edge.tolist() == [int(np.flatnonzero(into_last)[0]), -1]
    assert arriving.fraction[0] == 1

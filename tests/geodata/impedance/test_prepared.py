"""What is kept, what is stored, and that neither is ever trusted too far."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.impedance_roads import synthetic_roads
from geodata.impedance import cost_matrix, prepared
from geodata.impedance.compiled import workers
from geodata.impedance.kept import Kept
from geodata.impedance.order_store import cache_folder, read_order, write_order
from geodata.impedance.prepared import forget
from geodata.roads.graph import RoadTopology, at_nodes

from .networks import assert_costs_equal, oracle


@pytest.fixture
def county():
    return synthetic_roads(300, seed=2)


@pytest.fixture
def places(county):
    return at_nodes(county.topology, np.arange(0, 300, 17))


@pytest.fixture
def orders_made(monkeypatch):
    made = []
    original = prepared.elimination_order
    monkeypatch.setattr(
        prepared, "elimination_order", lambda *a, **k: made.append(1) or original(*a, **k)
    )
    return made


def stored():
    return list((cache_folder() / "orders").glob("*.order"))


def test_closures_and_speeds_customise_the_same_hierarchy(county, places, orders_made):
    cost_matrix(county, places, places)
    closed = county.cost.copy()
    closed[:40] = np.inf
    for cost in (closed, county.cost * 3):
        other = replace(county, cost=cost)
        assert_costs_equal(cost_matrix(other, places, places), oracle(other, places, places))
    assert len(orders_made) == 1
    first = prepared.prepared(county).hierarchy
    assert prepared.prepared(replace(county, cost=closed)).hierarchy is first


def test_the_stored_order_serves_another_process(county, places, orders_made):
    want = cost_matrix(county, places, places)
    forget()
    np.testing.assert_array_equal(cost_matrix(county, places, places), want)
    assert len(orders_made) == 1


def test_without_cache_nothing_is_read_or_left(county, places, orders_made):
    cost_matrix(county, places, places, use_cache=False)
    cost_matrix(county, places, places, use_cache=False)
    assert len(orders_made) == 2
    assert stored() == []


def test_costs_changed_in_place_are_seen(county, places):
    before = cost_matrix(county, places, places)
    county.cost[:] *= 2
    assert_costs_equal(cost_matrix(county, places, places), 2 * before)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-4],
        lambda data: data + b"more",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"",
        lambda data: b"\x00" * 5000,
        lambda data: b"[1, 2]\n" + data.split(b"\n", 1)[1],
        lambda data: data.replace(b"wangdian-order-1", b"wangdian-order-0"),
    ],
)
def test_a_damaged_file_is_found_and_replaced(county, places, orders_made, spoil, caplog):
    want = cost_matrix(county, places, places)
    (file,) = stored()
    good = file.read_bytes()
    file.write_bytes(spoil(good))
    forget()
    with caplog.at_level(logging.WARNING, "geodata.impedance"):
        np.testing.assert_array_equal(cost_matrix(county, places, places), want)
    assert len(orders_made) == 2
    assert "anew" in caplog.text
    assert stored()[0].read_bytes() == good


def test_a_file_of_another_network_is_not_taken():
    write_order("mine", np.arange(5, dtype=np.int32))
    (file,) = stored()
    file.rename(file.with_name("yours.order"))
    assert read_order("yours", 5) is None


def test_a_well_signed_file_that_is_no_order_is_not_taken():
    write_order("mine", np.zeros(5, np.int32))
    assert read_order("mine", 5) is None
    write_order("mine", np.array([4, 3, 2, 1, 0], np.int32))
    assert read_order("mine", 5).tolist() == [4, 3, 2, 1, 0]
    assert read_order("mine", 6) is None


def test_a_folder_that_cannot_be_written_costs_a_log_line_only(
    county, places, tmp_path, monkeypatch, caplog
):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("WANGDIAN_CACHE_DIR", str(blocked))
    cost_matrix(county, places, places)
    assert "could not be stored" in caplog.text


def test_a_header_names_the_topology(county, places):
    cost_matrix(county, places, places)
    (file,) = stored()
    header = json.loads(file.read_bytes().split(b"\n", 1)[0])
    assert header["nodes"] == county.topology.n_nodes
    assert file.stem == header["key"]


def test_another_topology_has_an_order_of_its_own(county, places):
    cost_matrix(county, places, places)
    topology = county.topology
    shifted = RoadTopology(
        topology.node_lon + 1, topology.node_lat, topology.edge_from, topology.edge_to
    )
    cost_matrix(replace(county, topology=shifted), places, places)
    assert len(stored()) == 2


def test_only_the_last_values_are_kept():
    kept = Kept(2)
    made = []
    for key in ("a", "b", "a", "c", "a", "b"):
        kept.get(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]


def test_the_number_of_threads_may_be_set(monkeypatch):
    monkeypatch.setenv("WANGDIAN_THREADS", "3")
    assert workers() == 3
    monkeypatch.setenv("WANGDIAN_THREADS", "many")
    assert workers() >= 1

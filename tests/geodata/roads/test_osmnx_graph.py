"""GraphML files, and places by name from stub servers on loopback."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import networkx as nx
import numpy as np
import osmnx as ox
import pytest

from geodata.faults import InputError
from geodata.roads.access import Access
from geodata.roads.read import load_roads
from tests.geodata.roads.networks import distances, node_at, osm_file, place

ROAD = {"highway": "tertiary", "name": "育才路"}
NODES = {1: (0, 0), 2: (200, 0), 3: (400, 0), 4: (400, 300), 5: (200, -150), 6: (-90, 0), 7: (400, 390),
         8: (460, 0)}  # fmt: skip
WAYS = [
    ([1, 2, 3], ROAD),
    ([3, 4], {"highway": "residential", "oneway": "yes", "maxspeed": "30", "maxweight": "5"}),
    ([2, 5], {"highway": "service", "oneway": "-1"}),
    ([4, 1], {"highway": "footway"}),
    ([6, 1], ROAD),
    ([4, 7], ROAD),
    ([3, 8], ROAD),
]


def same_network(graph):
    """What every way of reading NODES and WAYS must give."""
    table = distances(graph)
    a, b, c, d, e = (node_at(graph, *NODES[i]) for i in (1, 2, 3, 4, 5))
    assert table[a, d] == pytest.approx(700, rel=0.01)
    assert np.isinf(table[d, c])
    assert np.isfinite(table[e, b])
    assert np.isinf(table[b, e])
    walk = distances(graph, Access.WALK)
    assert walk[d, c] == pytest.approx(300, rel=0.01)
    assert walk[a, d] == pytest.approx(500, rel=0.01)
    assert "育才路" in graph.names
    assert graph.speed_limit_kph is not None
    assert np.nanmin(graph.speed_limit_kph) == 30
    assert np.nanmin(graph.max_weight_t) == 5
    assert graph.is_line_leader.sum() == 8


@pytest.fixture(params=[True, False], ids=["simplified", "as drawn"])
def graphml(request, tmp_path, monkeypatch):
    monkeypatch.setattr(ox.settings, "useful_tags_way", [*ox.settings.useful_tags_way, "maxweight"])
    monkeypatch.setattr(ox.settings, "all_oneway", False)
    path = osm_file(tmp_path / "a.osm", NODES, WAYS)
    graph = ox.graph_from_xml(path, simplify=request.param, retain_all=True)
    ox.save_graphml(graph, tmp_path / "a.graphml")
    return tmp_path / "a.graphml"


def test_graphml_is_the_same_network_as_its_osm_file(graphml, tmp_path):
    same_network(load_roads(tmp_path / "a.osm"))
    same_network(load_roads(graphml))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<graphml>",
        b"{}",
        b'<?xml version="1.0"?><graphml><graph edgedefault="directed"/></graphml>',
    ],
)
def test_damaged_graphml(tmp_path, content):
    path = tmp_path / "a.graphml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.graphml"):
        load_roads(path)


def test_cut_graphml(graphml, tmp_path):
    cut = tmp_path / "cut.graphml"
    cut.write_bytes(graphml.read_bytes()[:3000])
    with pytest.raises(InputError, match="not a whole GraphML"):
        load_roads(cut)


def test_graphml_of_something_else(tmp_path):
    nx.write_graphml(nx.MultiDiGraph([("a", "b")]), tmp_path / "a.graphml")
    with pytest.raises(InputError, match="graphml"):
        load_roads(tmp_path / "a.graphml")


class _Servers(BaseHTTPRequestHandler):
    """Nominatim by GET, Overpass by POST."""

    asked: ClassVar[list[str]]

    def _send(self, answer) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        type(self).asked.append("GET")
        if "nowhere" in self.path:
            self._send([])
            return
        (west, south), (east, north) = place(-500, -500), place(900, 900)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        self._send([{
            "place_id": 1, "osm_type": "relation", "osm_id": 1, "lat": str(south), "lon": str(west),
            "class": "boundary", "type": "administrative", "place_rank": 14, "importance": 0.5,
            "addresstype": "county", "name": "试县", "display_name": "试县",
            "boundingbox": [str(south), str(north), str(west), str(east)],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }])  # fmt: skip

    def do_POST(self) -> None:
        type(self).asked.append("POST")
        nodes = []
        for number, xy in NODES.items():
            lon, lat = place(*xy)
            nodes.append({"type": "node", "id": number, "lon": lon, "lat": lat})
        nodes[1]["tags"] = {"barrier": "gate"}
        ways = [
            {"type": "way", "id": i, "nodes": list(refs), "tags": dict(tags)}
            for i, (refs, tags) in enumerate(WAYS, 1)
        ]
        self._send({"elements": [*nodes, *ways]})

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def servers(monkeypatch):
    class Handler(_Servers):
        asked: ClassVar[list[str]] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(ox.settings, "nominatim_url", url + "/")
    monkeypatch.setattr(ox.settings, "overpass_url", url + "/api")
    monkeypatch.setattr(ox.settings, "overpass_rate_limit", False)
    yield Handler
    server.shutdown()
    server.server_close()


def test_a_place_by_name_and_its_cache(servers, tmp_path):
    settings = dict(vars(ox.settings))
    graph = load_roads(place="试县", cache=tmp_path / "cache")
    same_network(graph)
    assert "试县" in graph.source
    assert "OpenStreetMap" in graph.source
    gate = distances(graph, Access.HGV)
    assert np.isinf(gate[node_at(graph, 0, 0), node_at(graph, 400, 0)])
    assert servers.asked == ["GET", "POST"]
    again = load_roads(place="试县", cache=tmp_path / "cache")
    assert servers.asked == ["GET", "POST"]
    assert again.topology.fingerprint == graph.topology.fingerprint
    assert dict(vars(ox.settings)) == settings


def test_a_place_that_is_not_known(servers, tmp_path):
    with pytest.raises(InputError, match=r"nowhere.*knows no area"):
        load_roads(place="nowhere", cache=tmp_path)


def test_offline_says_what_to_do(monkeypatch, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(ox.settings, "nominatim_url", f"http://127.0.0.1:{port}/")
    monkeypatch.setattr(ox.settings, "overpass_rate_limit", False)
    with pytest.raises(InputError, match=r"cannot reach.*\.osm\.pbf"):
        load_roads(place="冠县", cache=tmp_path)

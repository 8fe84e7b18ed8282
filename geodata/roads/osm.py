"""OpenStreetMap files, ``.osm.pbf`` and ``.osm[.gz|.bz2]``, as road lines.

Ways meet where they share a node, whatever their coordinates: a bridge that crosses a road without
a shared node does not meet it. libosmium reads nodes, ways and relations in one pass; GDAL's OSM
driver knows neither node ids nor the members of restriction relations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium

from geodata.faults import N_, Fault, InputError
from geodata.roads.access import Access
from geodata.roads.lines import LineAttributes, RoadLines, TurnRule
from geodata.roads.osm_tags import (
    HIGHWAYS,
    WayAttributes,
    barrier_access,
    turn_groups,
    way_attributes,
)

_DEGREES = 1e-7  # libosmium keeps coordinates as whole numbers of this
# A node that the file does not hold is at 2^31 - 1; damaged ones may be anywhere.
_MOST_X, _MOST_Y = 1_800_000_000, 900_000_000


@dataclass
class _Collected:
    """What one pass over the file gathers."""

    refs: list[int] = field(default_factory=list)
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    way_ids: list[int] = field(default_factory=list)
    attributes: list[WayAttributes] = field(default_factory=list)
    highways: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    barriers: dict[int, int] = field(default_factory=dict)
    turns: list[tuple[int, int, int, bool, int]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, kind: str, number: int = 1) -> None:
        self.left_out[kind] = self.left_out.get(kind, 0) + number


def read_osm(path: Path) -> RoadLines:
    """Read every road and footway of an OSM file.

    Ferries, areas and unbuilt roads are left out and counted. A way's points that the file does
    not hold (at the edge of an extract), or that are no place on earth, cut the way there.

    Raises
    ------
    InputError
        The file is no OSM file, is damaged or cut short, or has no road.
    """
    collected = _Collected()
    keys = osmium.filter.KeyFilter("highway", "barrier", "restriction", "type", "route")
    try:
        entities = osmium.FileProcessor(str(path)).with_locations().with_filter(keys)
        for entity in entities:
            if isinstance(entity, osmium.osm.Node):
                _take_node(entity, collected)
            elif isinstance(entity, osmium.osm.Way):
                _take_way(entity, collected)
            elif isinstance(entity, osmium.osm.Relation):
                _take_relation(entity, collected)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        message = N_("not a whole OSM file ({error}); fetch or copy it again")
        raise InputError([Fault(path.name, message, {"error": str(error)})]) from error
    if not collected.count:
        message = N_("no road (highway=*) in this OSM file; {n} ways were of other kinds")
        others = sum(collected.left_out.values())
        raise InputError([Fault(path.name, message, {"n": others})])
    return _lines(collected, path.name)


def _take_node(node: osmium.osm.Node, collected: _Collected) -> None:
    tags = dict(node.tags)
    if "barrier" in tags:
        access = barrier_access(tags)
        if access != Access.ALL:
            collected.barriers[node.id] = int(access)


def _take_way(way: osmium.osm.Way, collected: _Collected) -> None:
    tags = dict(way.tags)
    attributes = way_attributes(tags)
    if attributes is None:
        if tags.get("route") == "ferry":
            collected.leave_out("ferries")
        elif "highway" in tags:
            unbuilt = tags["highway"] not in HIGHWAYS
            collected.leave_out("not_roads" if unbuilt else "areas")
        return
    points = [(node.ref, node.x, node.y) for node in way.nodes]
    known = [point for point in points if abs(point[1]) <= _MOST_X and abs(point[2]) <= _MOST_Y]
    if len(known) < len(points):
        collected.leave_out("missing_nodes", len(points) - len(known))
    for run in _runs(points) if len(known) < len(points) else [points]:
        if len(run) < 2:
            continue
        refs, x, y = zip(*run, strict=True)
        collected.refs.extend(refs)
        collected.x.extend(x)
        collected.y.extend(y)
        collected.count.append(len(run))
        collected.way_ids.append(way.id)
        collected.attributes.append(attributes)
        collected.highways.append(tags["highway"])
        collected.names.append(tags.get("name") or tags.get("ref") or "")


def _runs(points: list[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Stretches of points between those that have no coordinates."""
    runs: list[list[tuple[int, int, int]]] = [[]]
    for point in points:
        if abs(point[1]) <= _MOST_X and abs(point[2]) <= _MOST_Y:
            runs[-1].append(point)
        else:
            runs.append([])
    return runs


def _take_relation(relation: osmium.osm.Relation, collected: _Collected) -> None:
    tags = dict(relation.tags)
    if not tags.get("type", "").startswith("restriction"):
        return
    kind, groups = turn_groups(tags)
    roles: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
    for member in relation.members:
        if member.role in roles:
            roles[member.role].append((member.type, member.ref))
    via_is_node = len(roles["via"]) == 1 and roles["via"][0][0] == "n"
    if not kind.startswith(("no_", "only_")) or not via_is_node or not groups:
        # Over ways, at certain hours, or for buses and bicycles only.
        collected.leave_out("turn_rules_unused")
        return
    via = roles["via"][0][1]
    for _, from_way in roles["from"]:
        for _, to_way in roles["to"]:
            only = kind.startswith("only_")
            collected.turns.append((from_way, via, to_way, only, int(groups)))


def _lines(collected: _Collected, source: str) -> RoadLines:
    class_names, road_class = np.unique(np.array(collected.highways), return_inverse=True)
    names, name = np.unique(np.array(["", *collected.names]), return_inverse=True)
    known = collected.attributes
    speed = np.full((len(known), 2), np.nan, np.float32)
    attributes = LineAttributes(
        road_class=road_class.astype(np.int16),
        name=(name[1:] - 1).astype(np.int32),  # "" sorts first and becomes -1
        access=np.array([a.access for a in known], np.uint16),
        max_weight_t=np.array([a.max_weight_t for a in known], np.float32),
        max_height_m=np.array([a.max_height_m for a in known], np.float32),
        speed_kph=speed,
        speed_limit_kph=np.array([a.speed_limit_kph for a in known], np.float32),
        closed=np.zeros(len(known), bool),
    )
    node = np.array(collected.refs, np.int64)
    on_roads = frozenset(np.intersect1d(node, list(collected.barriers)).tolist())
    return RoadLines(
        start=np.concatenate([[0], np.cumsum(collected.count)]),
        lon=np.array(collected.x) * _DEGREES,
        lat=np.array(collected.y) * _DEGREES,
        node=node,
        attributes=attributes,
        class_names=tuple(class_names.tolist()),
        names=tuple(names[1:].tolist()),
        barriers={ref: access for ref, access in collected.barriers.items() if ref in on_roads},
        turns=tuple(_turn_rules(collected)),
        source=f"{source}, © OpenStreetMap contributors (ODbL)",
        counts=collected.left_out,
    )


def _turn_rules(collected: _Collected) -> list[TurnRule]:
    """Rules by line; a way cut by missing points has several lines, of which one meets the node."""
    lines: dict[int, list[int]] = {}
    for line, way in enumerate(collected.way_ids):
        lines.setdefault(way, []).append(line)
    rules = []
    for from_way, via, to_way, only, groups in collected.turns:
        pairs = [(f, t) for f in lines.get(from_way, ()) for t in lines.get(to_way, ())]
        if not pairs:
            collected.leave_out("turn_rules_unused")
        rules += [TurnRule(f, via, t, only, groups) for f, t in pairs]
    return rules

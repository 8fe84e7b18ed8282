"""The road network as arrays: what every reader ends in and every search begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

CONNECTOR = "connector"
"""Class of the edges without length that join the copies of a split junction."""

Int32Array = NDArray[np.int32]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoadTopology:
    """Junctions and directed edges; what an elimination order depends on, and nothing more.

    Parameters
    ----------
    node_lon, node_lat : (v,) WGS84 degrees
    edge_from, edge_to : (e,) node positions; parallel edges and loops are allowed
    """

    node_lon: FloatArray
    node_lat: FloatArray
    edge_from: Int32Array
    edge_to: Int32Array

    @property
    def n_nodes(self) -> int:
        """Number of junctions."""
        return len(self.node_lon)

    @property
    def n_edges(self) -> int:
        """Number of directed edges."""
        return len(self.edge_from)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the structure (not of lengths or speeds): the key of a stored order."""
        digest = hashlib.sha256(f"{self.n_nodes}".encode())
        for array in (self.edge_from, self.edge_to, self.node_lon, self.node_lat):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """One directed road network. Closures and speeds make a new graph on the same topology.

    Parameters
    ----------
    topology : junctions and edges
    length_m : (e,) length along the road
    road_class : (e,) positions in ``class_names`` (``trunk``, ``county``, ``village`` ...)
    class_names : names of the classes, OSM's ``highway`` values or the layer's own
    name : (e,) positions in ``names``; -1 is unnamed
    reverse : (e,) the edge that runs the other way along the same line, -1 where there is none.
        A street that is one-way for vehicles has one where it may be walked both ways (``access``
        tells). At a junction that turn restrictions have split, the ends of an edge and of its
        reverse are different nodes at the same place.
    access : (e,) bits of ``geodata.roads.access.Access``: the groups that may use it
    max_weight_t, max_height_m : (e,) limits, NaN where none is known
    speed_kph : (e,) measured speed, NaN where the class default applies
    closed : (e,) closed to all
    shape_start, shape_lon, shape_lat : the line of edge ``e`` is points
        ``shape_start[e]:shape_start[e + 1]``, ends included, in driving order
    source : where the network is from, for maps and reports
    speed_limit_kph : (e,) posted limit, NaN where none is known; nobody drives faster. None: none
    counts : what reading met, left out or could not use (``ferries``, ``zero_length`` ...)
    """

    topology: RoadTopology
    length_m: FloatArray
    road_class: NDArray[np.int16]
    class_names: tuple[str, ...]
    name: Int32Array
    names: tuple[str, ...]
    reverse: Int32Array
    access: NDArray[np.uint16]
    max_weight_t: NDArray[np.float32]
    max_height_m: NDArray[np.float32]
    speed_kph: NDArray[np.float32]
    closed: NDArray[np.bool_]
    shape_start: NDArray[np.int64]
    shape_lon: FloatArray
    shape_lat: FloatArray
    source: str = ""
    speed_limit_kph: NDArray[np.float32] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_nodes(self) -> int:
        """Number of junctions."""
        return self.topology.n_nodes

    @property
    def n_edges(self) -> int:
        """Number of directed edges."""
        return self.topology.n_edges

    @cached_property
    def is_connector(self) -> NDArray[np.bool_]:
        """(e,) edges of no length inside a split junction or barrier: part of no line on a map."""
        if CONNECTOR not in self.class_names:
            return np.zeros(self.n_edges, bool)
        return np.asarray(self.road_class == self.class_names.index(CONNECTOR))

    @cached_property
    def is_line_leader(self) -> NDArray[np.bool_]:
        """(e,) one edge of every line, the first of its two directions: what a map draws."""
        edges = np.arange(self.n_edges)
        return ((self.reverse < 0) | (edges < self.reverse)) & ~self.is_connector

    def with_closures(self, edges: NDArray[np.int64], *, both_ways: bool = True) -> RoadGraph:
        """The same network with ``edges`` closed (and their reverse edges, unless told not to)."""
        closed = self.closed.copy()
        closed[edges] = True
        if both_ways:
            back = self.reverse[edges]
            closed[back[back >= 0]] = True
        return replace(self, closed=closed)

    def with_speeds(self, speed_kph: NDArray[np.float32]) -> RoadGraph:
        """The same network with other speeds, (e,); NaN keeps the class default."""
        return replace(self, speed_kph=np.asarray(speed_kph, np.float32))


@dataclass(frozen=True, eq=False)
class CostGraph:
    """A road graph under one metric: what the searches of ``geodata.impedance`` take.

    Made by ``geodata.roads.speeds.by_length`` and ``by_time`` (or from plain arrays in tests).

    Parameters
    ----------
    topology : shared with the road graph, so a stored order serves every metric
    cost : (e,) metres or seconds along the whole edge, >= 0; ``inf`` where it may not be used
    reverse : (e,) position of the opposite edge of the same line, -1 where there is none
    unit : "m" or "s"
    """

    topology: RoadTopology
    cost: FloatArray
    reverse: Int32Array
    unit: str = "m"


@dataclass(frozen=True, eq=False)
class RoadPositions:
    """Points on the network, as snapping leaves them.

    A position lies on edge ``edge`` at the fraction ``fraction`` of its length from the edge's
    start. Where that edge has a reverse edge, the same position may be left and entered in both
    directions (the fraction on the reverse edge is ``1 - fraction``). A node is the position at
    fraction 0 of one of its outgoing edges or 1 of an incoming one; see ``at_nodes``.

    Parameters
    ----------
    edge : (q,) edge position, -1 where the point is on no road (its costs are ``inf`` / absent)
    fraction : (q,) 0..1
    """

    edge: Int32Array
    fraction: FloatArray

    def __len__(self) -> int:
        return len(self.edge)


def at_nodes(
    topology: RoadTopology, nodes: NDArray[np.integer], usable: NDArray[np.bool_] | None = None
) -> RoadPositions:
    """Positions that stand on junctions.

    Parameters
    ----------
    nodes : (q,) node positions
    usable : (e,) edges that may be stood on; None is all

    Returns
    -------
    RoadPositions
        Fraction 0 of the node's first usable outgoing edge, else 1 of its first usable incoming
        one; -1 where the node has neither.
    """
    edges = np.arange(topology.n_edges) if usable is None else np.flatnonzero(usable)
    first = np.full((2, topology.n_nodes), -1, np.int32)
    for row, ends in enumerate((topology.edge_from, topology.edge_to)):
        first[row, ends[edges][::-1]] = edges[::-1]
    leaving, arriving = first[:, nodes]
    return RoadPositions(
        edge=np.where(leaving >= 0, leaving, arriving).astype(np.int32),
        fraction=np.where(leaving >= 0, 0.0, 1.0),
    )

"""Parts of a network that have no road between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from geodata.roads.graph import RoadTopology


def component_of_node(
    topology: RoadTopology, usable: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """(v,) the part each node is in, 0 the one with most nodes; one-way streets join both ways.

    Parameters
    ----------
    usable : (e,) edges that may be used; None is all
    """
    edges = slice(None) if usable is None else usable
    ends = topology.edge_from[edges], topology.edge_to[edges]
    graph = sparse.coo_array(
        (np.ones(len(ends[0]), np.int8), ends), shape=(topology.n_nodes, topology.n_nodes)
    )
    n_parts, part = sparse.csgraph.connected_components(graph.tocsr(), directed=False)
    by_size = np.argsort(-np.bincount(part, minlength=n_parts), kind="stable")
    rank = np.empty(n_parts, np.int32)
    rank[by_size] = np.arange(n_parts, dtype=np.int32)
    return np.asarray(rank[part])


def component_of_edge(
    topology: RoadTopology, usable: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """(e,) the part each edge is in, -1 where it may not be used."""
    part = component_of_node(topology, usable)[topology.edge_from]
    return part if usable is None else np.where(usable, part, np.int32(-1))

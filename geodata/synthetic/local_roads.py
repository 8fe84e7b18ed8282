"""Township and village roads: village to village and to the main roads, many ending in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from geodata.synthetic.draws import Draws
from geodata.synthetic.main_roads import TERTIARY, TRACK, UNCLASSIFIED, gabriel_edges
from geodata.synthetic.terrain import River, crosses_any

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_LONGEST_EXTRA_M = 2_600.0


@dataclass(frozen=True, eq=False)
class Anchors:
    """Places where local roads may begin.

    Parameters
    ----------
    xy : (a, 2) villages first, then gates of the towns, then bends of the main roads
    villages : number of villages
    spine : (k, 2) pairs of anchors that streets and main roads already join
    spine_m : (k,) length of each
    seats : anchors at the townships' seats
    """

    xy: FloatArray
    villages: int
    spine: IntArray
    spine_m: FloatArray
    seats: IntArray


@dataclass(frozen=True, eq=False)
class LocalRoads:
    """Local roads between anchors.

    Parameters
    ----------
    ends : (r, 2) anchors
    road_class : (r,) positions in ``CLASS_NAMES``
    over_river : (r,) has a small bridge
    only_way : (r,) one of the tree that joins everything: it bears every lorry
    separate, off_road, by_track : villages made exceptions: streets of their own that join no
        other road; no road within 600 m; a track the only way
    """

    ends: IntArray
    road_class: IntArray
    over_river: BoolArray
    only_way: BoolArray
    separate: IntArray
    off_road: IntArray
    by_track: IntArray


def lay_local_roads(seed: int, anchors: Anchors, rivers: tuple[River, ...]) -> LocalRoads:
    """Every village on the network by a tree and a few further links, but for the exceptions."""
    draws = Draws(seed, "local roads")
    ends = gabriel_edges(anchors.xy)
    ends = ends[ends[:, 0] < anchors.villages]
    ends = ends[~_cut_spine(anchors, ends)]
    over = crosses_any(rivers, anchors.xy[ends[:, 0]], anchors.xy[ends[:, 1]])
    length = np.linalg.norm(anchors.xy[ends[:, 0]] - anchors.xy[ends[:, 1]], axis=1)
    only_way, kept = _choose(draws, anchors, ends, length, over)
    only_way = only_way[kept]
    ends, over, length = ends[kept], over[kept], length[kept]
    road_class = _classes(anchors, ends, length)
    return _with_exceptions(
        draws, anchors, LocalRoads(ends, road_class, over, only_way, *[_NONE] * 3)
    )


_NONE = np.empty(0, np.int64)


def straight_lines(pairs: FloatArray) -> NDArray[np.object_]:
    """(r,) shapely lines between the (r, 2, 2) pairs of points."""
    return np.asarray(shapely.linestrings(pairs), dtype=object)


def _cut_spine(anchors: Anchors, ends: IntArray) -> BoolArray:
    """(e,) whether a link would cross a main road or a town's rim without a junction."""
    spine = straight_lines(anchors.xy[anchors.spine])
    links = straight_lines(anchors.xy[ends])
    cut = np.zeros(len(ends), np.bool_)
    cut[shapely.STRtree(spine).query(links, predicate="crosses")[0]] = True
    return cut


def _choose(
    draws: Draws, anchors: Anchors, ends: IntArray, length: FloatArray, over: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Links of a shortest tree; and links built, which are those and some short ones beside."""
    n = len(anchors.xy)
    pairs = np.concatenate([ends, anchors.spine])
    # A river is crossed only where nothing else joins; the spine is there already.
    cost = np.concatenate([length * np.where(over, 40, 1), np.full(len(anchors.spine), 0.01)])
    tree = minimum_spanning_tree(csr_matrix((cost, pairs.T), shape=(n, n))).tocoo()
    keys = tree.row.astype(np.int64) * n + tree.col
    in_tree = np.isin(ends[:, 0] * n + ends[:, 1], keys)
    both_villages = ends[:, 1] < anchors.villages
    # Beside the tree a village has at most one more way to a main road, its shortest.
    to_main = np.flatnonzero(~both_villages)
    to_main = to_main[np.lexsort((length[to_main], ends[to_main, 0]))]
    shortest = np.zeros(len(ends), np.bool_)
    shortest[to_main[np.unique(ends[to_main, 0], return_index=True)[1]]] = True
    chance = np.where(both_villages, 0.55, 0.45 * shortest) * np.where(over, 0.12, 1.0)
    extra = draws.happens(chance, len(ends)) & (length < _LONGEST_EXTRA_M)
    return in_tree, in_tree | extra


def _classes(anchors: Anchors, ends: IntArray, length: FloatArray) -> IntArray:
    """Links that several villages take to their seat are township roads, others village roads."""
    n = len(anchors.xy)
    pairs = np.concatenate([ends, anchors.spine])
    cost = np.concatenate([length, anchors.spine_m * 0.6])
    graph = csr_matrix((cost, pairs.T), shape=(n, n))
    distance, before, _ = dijkstra(
        graph, directed=False, indices=anchors.seats, min_only=True, return_predecessors=True
    )
    users = np.zeros(n)
    users[: anchors.villages] = 1
    reached = np.flatnonzero(np.isfinite(distance) & (before >= 0))
    for anchor in reached[np.argsort(-distance[reached], kind="stable")].tolist():
        users[before[anchor]] += users[anchor]
    used = np.zeros(len(ends))
    for near, far in ((0, 1), (1, 0)):
        on_way = before[ends[:, far]] == ends[:, near]
        used = np.where(on_way, users[ends[:, far]], used)
    return np.where(used >= 2, TERTIARY, UNCLASSIFIED)


def _with_exceptions(draws: Draws, anchors: Anchors, roads: LocalRoads) -> LocalRoads:
    """A few villages at the end of a road lose it, so that a plan has reasons to give."""
    each = round(anchors.villages / 350)
    count = np.bincount(roads.ends.ravel(), minlength=len(anchors.xy))[: anchors.villages]
    leaf = np.flatnonzero(count == 1)
    if not each or len(leaf) < 8 * each:
        return roads
    leaf = leaf[draws.order(len(leaf))]
    of_leaf = _link_of(roads.ends, anchors.villages)
    remote = leaf[: 40 * each]
    clear = _clearance(anchors, roads.ends, remote, of_leaf)
    remote = remote[np.argsort(-clear, kind="stable")]
    off_road, rest = remote[:each], np.setdiff1d(leaf, remote[:each], assume_unique=True)
    rest = rest[draws.order(len(rest))]
    separate, rest = rest[:each], rest[each : 20 * each]
    span = anchors.xy[roads.ends[of_leaf[rest], 0]] - anchors.xy[roads.ends[of_leaf[rest], 1]]
    by_track = rest[np.argsort(-np.hypot(span[:, 0], span[:, 1]), kind="stable")[:each]]
    road_class = roads.road_class.copy()
    road_class[of_leaf[by_track]] = TRACK
    kept = np.ones(len(road_class), np.bool_)
    kept[of_leaf[np.concatenate([off_road, separate])]] = False
    return LocalRoads(
        ends=roads.ends[kept],
        road_class=road_class[kept],
        over_river=roads.over_river[kept],
        only_way=roads.only_way[kept],
        separate=separate,
        off_road=off_road,
        by_track=by_track,
    )


def _link_of(ends: IntArray, villages: int) -> IntArray:
    """(n,) a link of each village; for a village with one link, that one."""
    link = np.full(villages, -1)
    for side in (0, 1):
        at_village = ends[:, side] < villages
        link[ends[at_village, side]] = np.flatnonzero(at_village)
    return link


def _clearance(anchors: Anchors, ends: IntArray, leaf: IntArray, of_leaf: IntArray) -> FloatArray:
    """(q,) metres from each village to the nearest road that is not its own."""
    lines = straight_lines(np.concatenate([anchors.xy[ends], anchors.xy[anchors.spine]]))
    tree = shapely.STRtree(lines)
    points = np.asarray(shapely.points(anchors.xy[leaf]))
    who, line = tree.query(points, predicate="dwithin", distance=2_500.0)
    distance = np.asarray(shapely.distance(points[who], lines[line]))
    distance[line == of_leaf[leaf[who]]] = np.inf
    nearest = np.full(len(leaf), 2_500.0)
    np.minimum.at(nearest, who, distance)
    return nearest

"""Branch and bound for one site a point: on sites, then on sizes, then on assignments.

Every node is bounded by the compiled single-source Lagrangian, loses the sites and pairs that
cannot be in a better plan, and hands its multipliers to its children. Nodes are taken best bound
first, a fixed number at a time whatever the machine, and merged in their order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.solving.capacitated import whole_fixing as fixing
from planner.solving.capacitated.bound import FROM_SCRATCH, Pace
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN
from planner.solving.capacitated.whole_bound import LEFT, NEVER, Pairs, Place, Seen, ascend
from planner.solving.open_nodes import MOST, next_node

NODE_ROUNDS = 40
TOLERANCE = 1e-5
"""By how much all knapsacks together may be missed, as a share of the cheapest service."""
TOGETHER = 8
"""Nodes bounded before their children are merged; more would be worse first choices."""
LISTEN_EVERY_S = 0.1
DECIDED = 0.02
"""A share this near to none or all is taken as decided."""
AGAIN = 0.15
"""A node that lost this share of its pairs is bounded again."""


@dataclass(order=True)
class WholeNode:
    """Part of the plans, and where its parent's bound stood."""

    bound: float
    serial: int
    place: Place = field(compare=False)
    depth: int = field(compare=False, default=0)


def _serial(node: WholeNode) -> int:
    return node.serial


@dataclass(eq=False)
class WholeResult:
    """A node's bound and children, and the shares that plans can be rounded from."""

    bound: float
    children: list[WholeNode]
    place: Place | None = None
    used: FloatArray | None = None
    share: FloatArray | None = None


def pairs_of(data: CapacitatedData) -> Pairs:
    """All pairs of a problem."""
    site, point = np.nonzero(np.isfinite(data.cost))
    total = float(data.weight.sum())
    start = np.searchsorted(site, np.arange(data.m + 1)).astype(np.int64)
    cheapest = float(data.cost.min(axis=0).sum())
    return Pairs(
        start=start,
        point=point.astype(np.int64),
        cost=np.ascontiguousarray(data.cost[site, point]),
        weight=np.ascontiguousarray(data.weight, np.float64),
        size_start=data.size_start,
        capacity=np.minimum(data.capacity, total),
        fixed_cost=np.ascontiguousarray(data.fixed_cost, np.float64),
        group=data.group,
        group_least=data.group_least,
        group_most=data.group_most,
        count_least=int(data.count_least),
        count_most=int(data.count_most),
        needed=total,
        tolerance=TOLERANCE * abs(cheapest) / data.m,
        mark_start=_mark_start(start, data.size_start),
    )


def _mark_start(start: IntArray, size_start: IntArray) -> IntArray:
    """Where the marks of each size begin: one for each pair of its site."""
    marks = np.repeat(np.diff(start), np.diff(size_start))
    return np.concatenate([[0], np.cumsum(marks)]).astype(np.int64)


def whole_place(data: CapacitatedData, pairs: Pairs, multiplier: FloatArray) -> Place:
    """The whole problem, from given multipliers."""
    return Place(
        state=np.where(data.required, OPEN, FREE).astype(np.int64),
        low=data.size_start[:-1].copy(),
        high=data.size_start[1:] - 1,
        pair=np.full(len(pairs.point), LEFT, np.int8),
        multiplier=np.array(multiplier, np.float64),
        price=np.zeros(1),
    )


def copied(place: Place) -> Place:
    """A place of its own."""
    return Place(
        place.state.copy(),
        place.low.copy(),
        place.high.copy(),
        place.pair.copy(),
        place.multiplier.copy(),
        place.price.copy(),
    )


def nothing_seen(pairs: Pairs) -> Seen:
    """Room for what an ascent leaves."""
    k, a, n = len(pairs.capacity), len(pairs.point), len(pairs.weight)
    return Seen(np.zeros(k), np.zeros(k), np.zeros(a), np.zeros(n), np.zeros(4))


def compressed(pairs: Pairs, place: Place) -> tuple[Pairs, Place]:
    """Without the pairs that are in no plan."""
    kept = place.pair != NEVER
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    start = before[pairs.start]
    fewer = pairs._replace(
        start=start,
        mark_start=_mark_start(start, pairs.size_start),
        point=np.ascontiguousarray(pairs.point[kept]),
        cost=np.ascontiguousarray(pairs.cost[kept]),
    )
    return fewer, place._replace(pair=np.ascontiguousarray(place.pair[kept]))


def ascended(
    pairs: Pairs,
    place: Place,
    seen: Seen,
    *,
    target: float,
    stop_at: float,
    rounds: int,
    pace: Pace = FROM_SCRATCH,
) -> float:
    """Raise a place's bound; see :func:`whole_bound.ascend`.

    Bold steps at the nodes too: where capacity is tight, multipliers move far once sites are
    decided (measured: Holmberg's p30 in 379 nodes; with a tenth of the step the bound stands).
    """
    return float(
        ascend(pairs, place, seen, target, stop_at, rounds, pace.step, pace.weight, pace.patience)
    )


def fixed(
    pairs: Pairs,
    place: Place,
    seen: Seen,
    limit: float,
    *,
    exact: bool = False,
    halt: IntArray | None = None,
) -> FloatArray | None:
    """Rule out what cannot be under ``limit``; the lift of each site, None if nothing is left.

    ``halt`` (1,), set by another thread, ends it with what it has.
    """
    halt = np.zeros(1, np.int64) if halt is None else halt
    lift = np.empty((len(place.state), 2))
    if not fixing.fix_sites(pairs, place, seen.value, limit, lift):
        return None
    if fixing.fix_pairs(pairs, place, seen.value, limit, lift, exact, halt) < 0:
        return None
    return lift


class WholeTree:
    """One search tree over the plans that are left at its root."""

    def __init__(
        self,
        pairs: Pairs,
        place: Place,
        bound: float,
        *,
        objective: Callable[[], float],
        prune_at: Callable[[], float],
        threads: int = 1,
        most_open: int = MOST,
    ) -> None:
        self.pairs = pairs
        self.heap = [WholeNode(bound, 0, place)]
        self.closed_bound = np.inf
        self.nodes = 0
        self._in_work = np.inf
        self._serial = 1
        self._halted = False
        self._objective = objective
        self._prune_at = prune_at
        self._threads = threads
        self._most_open = most_open
        self._owner = np.repeat(np.arange(len(place.state)), np.diff(pairs.size_start))
        self.site = np.repeat(np.arange(len(place.state)), np.diff(pairs.start))

    @property
    def bound(self) -> float:
        """Lower bound of the whole: what was ruled out on the way is not under the limit."""
        open_bound = self.heap[0].bound if self.heap else np.inf
        return min(open_bound, self.closed_bound, self._in_work, self._prune_at())

    @property
    def work(self) -> int:
        """Pairs of all nodes bounded: a measure of effort that no clock enters."""
        return self.nodes * len(self.pairs.point)

    def run(self, *, on_result: Callable[[WholeResult], None], pause: Callable[[], bool]) -> None:
        """Search until nothing under the limit is left or ``pause()``.

        Both are called in the thread of the caller and may raise: the bound stays valid.
        """
        with ThreadPoolExecutor(self._threads) as pool:
            while self.heap and not pause():
                batch: list[WholeNode] = []
                while self.heap and len(batch) < TOGETHER:
                    node = next_node(self.heap, self._most_open, _serial)
                    if node.bound < self._prune_at():
                        batch.append(node)
                    else:
                        self.closed_bound = min(self.closed_bound, node.bound)
                results = self._solved(pool, batch, pause)
                for k, result in enumerate(results):
                    self._in_work = min((node.bound for node in batch[k + 1 :]), default=np.inf)
                    self._merge(result)
                    on_result(result)
                self._in_work = np.inf

    def _solved(
        self, pool: ThreadPoolExecutor, batch: list[WholeNode], pause: Callable[[], bool]
    ) -> list[WholeResult]:
        """Bound the nodes in threads, asking ``pause`` meanwhile."""
        limit = self._prune_at()
        target = self._objective()
        self._halted = False
        self._in_work = min((node.bound for node in batch), default=np.inf)
        jobs: list[Future[WholeResult]] = [
            pool.submit(partial(self._solve, node, limit, target)) for node in batch
        ]
        try:
            while wait(jobs, timeout=LISTEN_EVERY_S).not_done:
                self._halted = self._halted or pause()
            return [job.result() for job in jobs]
        except BaseException:
            self._halted = True
            wait(jobs)
            for node in batch:
                heapq.heappush(self.heap, node)
            raise

    def _merge(self, result: WholeResult) -> None:
        self.nodes += 1
        for child in result.children:
            child.serial = self._serial
            self._serial += 1
            heapq.heappush(self.heap, child)
        if not result.children:
            self.closed_bound = min(self.closed_bound, result.bound)

    def _solve(self, node: WholeNode, limit: float, target: float) -> WholeResult:
        """Bound one node and split it."""
        if self._halted:
            return WholeResult(node.bound, [node])
        place, seen, bound = copied(node.place), nothing_seen(self.pairs), node.bound
        rounds = NODE_ROUNDS
        lift = np.zeros((0, 2))
        for _ in range(3):
            raised = ascended(
                self.pairs,
                place,
                seen,
                target=min(target, bound + 0.05 * abs(bound)),
                stop_at=limit,
                rounds=rounds,
            )
            bound = max(raised, bound)
            if bound >= limit:
                return WholeResult(bound, [])
            before = int((place.pair == LEFT).sum())
            found = fixed(self.pairs, place, seen, limit)
            if found is None:
                return WholeResult(limit, [])
            lift = found
            after = int((place.pair == LEFT).sum())
            if before - after <= AGAIN * before:
                break
        children = self._children(node, place, seen, lift, bound)
        return WholeResult(bound, children, place, seen.used, seen.share)

    def _children(
        self, node: WholeNode, place: Place, seen: Seen, lift: FloatArray, bound: float
    ) -> list[WholeNode]:
        """Two halves: of a site, of the sizes of an open site, or of a pair."""
        share = np.zeros(len(place.state))
        np.add.at(share, self._owner, seen.share)
        site = self._site_to_split(place, share, lift, bound)
        halves: list[tuple[Place, float]]
        if site >= 0:
            halves = []
            for side, state in enumerate((CLOSED, OPEN)):
                changed = place.state.copy()
                changed[site] = state
                halves.append((place._replace(state=changed), max(bound, lift[site, side])))
        else:
            halves = [(half, bound) for half in self._halves(place, seen)]
        return [WholeNode(low, 0, half, node.depth + 1) for half, low in halves]

    def _site_to_split(
        self, place: Place, share: FloatArray, lift: FloatArray, bound: float
    ) -> int:
        free = np.flatnonzero(place.state == FREE)
        if not len(free):
            return -1
        undecided = np.minimum(share[free], 1 - share[free])
        gain = np.clip(lift[free] - bound, 1e-9 * max(1.0, abs(bound)), 1e18)
        score = (0.05 + np.maximum(undecided, 0)) * gain[:, 0] * gain[:, 1]
        return int(free[np.argmax(score)])

    def _halves(self, place: Place, seen: Seen) -> list[Place]:
        """By the sizes of an open site, else by a pair; none where all is decided."""
        many = np.flatnonzero((place.state == OPEN) & (place.high > place.low))
        if len(many):
            spread = [self._spread(place, seen.share, int(j)) for j in many]
            if max(spread) > DECIDED:
                return self._size_halves(place, seen.share, int(many[int(np.argmax(spread))]))
        left = np.flatnonzero(place.pair == LEFT)
        if len(left):
            point = self.pairs.point[left]
            used = np.minimum(seen.used[left], 1 - seen.used[left])
            score = (1e-3 + np.maximum(used, 0)) * (self.pairs.weight[point] + 1e-9)
            return self._pair_halves(place, int(left[int(np.argmax(score))]))
        if len(many):
            return self._size_halves(place, seen.share, int(many[0]))
        return []

    def _spread(self, place: Place, share: FloatArray, j: int) -> float:
        """How far from one size an open site is."""
        part = share[place.low[j] : place.high[j] + 1]
        return float(part.sum() - part.max())

    def _size_halves(self, place: Place, share: FloatArray, j: int) -> list[Place]:
        low, high = int(place.low[j]), int(place.high[j])
        part = share[low : high + 1]
        mean = (np.arange(high - low + 1) @ part) / max(1e-9, float(part.sum()))
        middle = low + int(np.clip(mean, 0, high - low - 1))
        small, large = place.high.copy(), place.low.copy()
        small[j], large[j] = middle, middle + 1
        return [place._replace(high=small), place._replace(low=large)]

    def _pair_halves(self, place: Place, pair: int) -> list[Place]:
        used = place._replace(state=place.state.copy(), pair=place.pair.copy())
        fixing.settle_pair(self.pairs, used, pair, int(self.site[pair]))
        unused = place.pair.copy()
        unused[pair] = NEVER
        return [used, place._replace(pair=unused)]

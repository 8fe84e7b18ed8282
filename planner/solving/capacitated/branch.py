"""Branch and bound on sites and sizes over the Lagrangian bound.

Nodes are taken best bound first, two at a time where there are two cores, and merged in a fixed
order: the same problem and settings give the same search however fast the machine is.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.bound import (
    FROM_PARENT,
    BoundResult,
    Multipliers,
    Relaxation,
    improve,
    rounded_down,
)
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN

NODE_ROUNDS = 25
"""Subgradient rounds a node: the parent's multipliers are near, more pays little."""

LISTEN_EVERY_S = 0.1
"""How often the caller is asked whether to stop while nodes are bounded."""


@dataclass(order=True)
class Node:
    """Part of the choices: ``state`` of each site and sizes that are banned."""

    bound: float
    serial: int
    state: IntArray = field(compare=False)
    banned: BoolArray = field(compare=False)
    multipliers: Multipliers = field(compare=False)
    depth: int = field(compare=False, default=0)


@dataclass(eq=False)
class NodeResult:
    """What one node gave: its bound, what to open next to it, and its children."""

    bound: float
    children: list[Node]
    choices: list[IntArray]
    """Sizes to open (m,), -1 where closed, that are worth trying as plans."""
    leaf: IntArray | None = None


def root(data: CapacitatedData, multipliers: Multipliers, bound: float) -> Node:
    """The whole problem."""
    state = np.where(data.required, OPEN, FREE).astype(np.int64)
    return Node(bound, 0, state, np.zeros(len(data.capacity), np.bool_), multipliers)


def fixed_by_bound(
    relaxation: Relaxation, result: BoundResult, node: Node, limit: float
) -> tuple[IntArray, BoolArray, FloatArray]:
    """Sites that must be open or closed for anything under ``limit``; lift of each free choice.

    A choice that alone raises the bound at the same multipliers to ``limit`` is ruled out
    (reduced-cost fixing). The counts and the capacity row stay in every evaluation.

    Returns
    -------
    state : (m,) with what could be fixed
    banned : (k,)
    lift : (m, 2) bound with the site closed, and open
    """
    data = relaxation.data
    base = float(result.multipliers.demand.sum())
    price = result.multipliers.price
    state, banned = node.state.copy(), node.banned.copy()
    value = np.where(banned, np.inf, result.value)
    lift = np.full((data.m, 2), -np.inf)
    for j in np.flatnonzero(node.state == FREE):
        for side, decision in enumerate((CLOSED, OPEN)):
            trial = state.copy()
            trial[j] = decision
            lift[j, side] = rounded_down(relaxation.at_price(value, trial, price) + base)
        if lift[j, 0] >= limit and lift[j, 1] >= limit:
            return state, banned, np.full((data.m, 2), np.inf)
        if lift[j, 0] >= limit:
            state[j] = OPEN
        elif lift[j, 1] >= limit:
            state[j] = CLOSED
    return state, banned, lift


class Branching:
    """One search tree over a relaxation."""

    def __init__(
        self,
        relaxation: Relaxation,
        node: Node,
        *,
        objective: Callable[[], float],
        prune_at: Callable[[], float],
        threads: int = 1,
    ) -> None:
        self.relaxation = relaxation
        self.data = relaxation.data
        self.heap = [node]
        self.closed_bound = np.inf
        """Least bound among what was closed without being proven dearer than the limit."""
        self.nodes = 0
        self._in_work = np.inf
        """Least bound of nodes that are off the heap and not merged yet."""
        self._serial = 1
        self._halted = False
        """Tells the threads that bound nodes to come to an end; their bounds stay valid."""
        self._objective = objective
        self._prune_at = prune_at
        self._threads = threads

    @property
    def bound(self) -> float:
        """Lower bound of the whole: what was ruled out on the way is not under the limit."""
        open_bound = self.heap[0].bound if self.heap else np.inf
        return min(open_bound, self.closed_bound, self._in_work, self._prune_at())

    def run(
        self,
        *,
        on_result: Callable[[NodeResult], float],
        pause: Callable[[], bool],
    ) -> None:
        """Search until nothing under the limit is left or ``pause()``.

        ``on_result`` tries the node's choices as plans and returns, for a leaf, its proven bound.
        Both are called in the thread of the caller and may raise: the bound stays valid.
        """
        with ThreadPoolExecutor(self._threads) as pool:
            while self.heap and not pause():
                batch: list[Node] = []
                while self.heap and len(batch) < self._threads:
                    node = heapq.heappop(self.heap)
                    if node.bound < self._prune_at():
                        batch.append(node)
                    else:
                        self.closed_bound = min(self.closed_bound, node.bound)
                results = self._solved(pool, batch, pause)
                for k, result in enumerate(results):
                    self._in_work = min((node.bound for node in batch[k + 1 :]), default=np.inf)
                    self._merge(result, on_result)

    def _solved(
        self, pool: ThreadPoolExecutor, batch: list[Node], pause: Callable[[], bool]
    ) -> list[NodeResult]:
        """Bound the nodes in threads, asking ``pause`` meanwhile."""
        limit = self._prune_at()
        self._halted = False
        self._in_work = min((node.bound for node in batch), default=np.inf)
        jobs: list[Future[NodeResult]] = [pool.submit(self._solve, node, limit) for node in batch]
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

    def _merge(self, result: NodeResult, on_result: Callable[[NodeResult], float]) -> None:
        self.nodes += 1
        for child in result.children:
            child.serial = self._serial
            self._serial += 1
            heapq.heappush(self.heap, child)
        if result.leaf is None and not result.children:
            self.closed_bound = min(self.closed_bound, result.bound)
        before = self._in_work
        self._in_work = min(before, result.bound)  # a leaf counts until its bound is proven
        proven = on_result(result)
        self._in_work = before
        if result.leaf is not None:
            self.closed_bound = min(self.closed_bound, max(result.bound, proven))

    def _solve(self, node: Node, limit: float) -> NodeResult:
        """Bound one node and split it."""
        if self._decided(node):
            return NodeResult(node.bound, [], [], self._sizes(node))
        view = self.relaxation.restricted(node.banned)
        result = improve(
            view,
            node.multipliers,
            node.state,
            target=lambda: min(self._objective(), 1.05 * abs(node.bound)),
            rounds=NODE_ROUNDS,
            stop_at=lambda: -np.inf if self._halted else limit,
            pace=FROM_PARENT,
        )
        bound = max(result.bound, node.bound)
        if bound >= limit:
            return NodeResult(bound, [], [])
        state, banned, lift = fixed_by_bound(self.relaxation, result, node, limit)
        if np.isinf(lift).all() and (lift > 0).all():
            return NodeResult(limit, [], [])
        fixed = Node(bound, 0, state, banned, result.multipliers, node.depth)
        choices = [self._rounded(result, state)]
        return NodeResult(bound, self._children(fixed, result, lift), choices)

    def _decided(self, node: Node) -> bool:
        """Whether every site is closed or open at one size."""
        if (node.state == FREE).any():
            return False
        left = np.add.reduceat((~node.banned).astype(np.int64), self.data.size_start[:-1])
        return bool((left[node.state == OPEN] <= 1).all())

    def _sizes(self, node: Node) -> IntArray:
        """The one choice left in a decided node."""
        chosen = np.full(self.data.m, -1, np.int64)
        for j in np.flatnonzero(node.state == OPEN):
            options = np.arange(self.data.size_start[j], self.data.size_start[j + 1])
            left = options[~node.banned[options]]
            chosen[j] = left[0] if len(left) else -1
        return chosen

    def _rounded(self, result: BoundResult, state: IntArray) -> IntArray:
        """The relaxation's average choice as a choice."""
        opened = (result.opened > 0.5) & (state != CLOSED) | (state == OPEN)
        return np.where(opened, self.data.size_start[1:] - 1, -1)

    def _children(self, node: Node, result: BoundResult, lift: FloatArray) -> list[Node]:
        """Two halves of the node: of a site, or of the sizes of a site that is open."""
        free = np.flatnonzero(node.state == FREE)
        if len(free):
            share = result.opened[free]
            undecided = np.minimum(share, 1 - share)
            gain = np.clip(lift[free] - node.bound, 1e-9 * max(1.0, abs(node.bound)), None)
            score = (0.05 + undecided) * np.minimum(gain[:, 0], 1e18) * np.minimum(gain[:, 1], 1e18)
            j = free[np.argmax(score)]
            return [
                self._child(node, j, decision, max(node.bound, lift[j, side]))
                for side, decision in enumerate((CLOSED, OPEN))
            ]
        return self._size_children(node)

    def _child(self, node: Node, j: int, decision: int, bound: float) -> Node:
        state = node.state.copy()
        state[j] = decision
        return Node(bound, 0, state, node.banned, node.multipliers, node.depth + 1)

    def _size_children(self, node: Node) -> list[Node]:
        """Split the sizes of the open site with most left into small and large."""
        data = self.data
        left = np.add.reduceat((~node.banned).astype(np.int64), data.size_start[:-1])
        left[node.state != OPEN] = 0
        j = int(np.argmax(left))
        if left[j] <= 1:
            return [node]  # decided: it comes back as a leaf
        options = np.arange(data.size_start[j], data.size_start[j + 1])
        options = options[~node.banned[options]]
        children = []
        for ban in (options[: len(options) // 2], options[len(options) // 2 :]):
            banned = node.banned.copy()
            banned[ban] = True
            children.append(
                Node(node.bound, 0, node.state, banned, node.multipliers, node.depth + 1)
            )
        return children

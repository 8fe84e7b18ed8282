"""Branch and bound on the sites and sizes of a divided problem, several nodes side by side.

Nodes are taken best bound first in batches of one size and merged in their order, however many
threads there are: the same problem and settings give the same search however fast the machine is.
The threads do not wait for one another's Python, because a node is bounded by one compiled call.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.bound import FROM_PARENT, Multipliers, Pace
from planner.solving.capacitated.divided_bound import DividedBound, Stand
from planner.solving.capacitated.opening import CLOSED, FREE, OPEN
from planner.solving.open_nodes import MOST, next_node

NODE_ROUNDS = 25
"""Rounds a node: the parent's multipliers are near, more pays little."""
BATCH = 8
"""Nodes taken together, whatever the number of threads."""
UNDECIDED = 1e-3
"""Least score of a site that the average has decided."""
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


def _serial(node: Node) -> int:
    return node.serial


@dataclass(eq=False)
class Turn:
    """What one node gave: its bound, its children, sizes (m,) worth trying as a plan."""

    bound: float
    children: list[Node]
    choice: IntArray | None = None
    preference: FloatArray | None = None
    leaf: bool = False


class DividedTree:
    """One search tree; ``bound`` holds for the whole problem at any moment."""

    def __init__(
        self,
        relaxation: DividedBound,
        root: Node,
        *,
        objective: Callable[[], float],
        prune_at: Callable[[], float],
        threads: int,
        most_open: int = MOST,
    ) -> None:
        self.data = relaxation.data
        self.heap = [root]
        self.nodes = 0
        self.pace: Pace = FROM_PARENT
        self.rounds = NODE_ROUNDS
        self._relaxation = relaxation
        self._closed = np.inf
        """Least bound among what was closed without being proven dearer than the limit."""
        self._out: list[Node] = []
        """Nodes off the heap and not merged yet, in the order of their merging."""
        self._leaf = np.inf
        self._serial = 1
        self._halt = np.zeros(1, np.int64)
        self._objective, self._prune_at, self._threads = objective, prune_at, threads
        self._most_open = most_open

    @property
    def bound(self) -> float:
        """Lower bound of the whole: what was ruled out on the way is not under the limit."""
        open_bound = self.heap[0].bound if self.heap else np.inf
        out = min((node.bound for node in self._out), default=np.inf)
        return min(open_bound, self._closed, out, self._leaf, self._prune_at())

    def run(self, *, on_turn: Callable[[Turn], float], pause: Callable[[], bool]) -> None:
        """Search until nothing under the limit is left or ``pause()``.

        ``on_turn`` tries a node's choice as a plan and returns, for a leaf, its proven bound. Both
        are called in the thread of the caller and may raise: the bound stays valid. While the
        caller looks at one batch the threads bound the next.
        """
        ahead: list[Future[Turn]] = []
        self._halt[0] = 0
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                while (self.heap or ahead) and not pause():
                    jobs = self._submitted(pool)
                    while ahead and wait(ahead, timeout=LISTEN_EVERY_S).not_done:
                        self._halt[0] = self._halt[0] or int(pause())
                    for job in ahead:
                        turn = job.result()
                        self._out.pop(0)
                        self._merge(turn, on_turn)
                    ahead = jobs
            finally:
                self._halt[0] = 1
                for node in self._out:
                    heapq.heappush(self.heap, node)
                self._out = []

    def _submitted(self, pool: ThreadPoolExecutor) -> list[Future[Turn]]:
        """The next batch, given to the threads."""
        limit, objective = self._prune_at(), self._objective()
        jobs: list[Future[Turn]] = []
        while self.heap and len(jobs) < BATCH:
            node = next_node(self.heap, self._most_open, _serial)
            if node.bound < limit:
                self._out.append(node)
                jobs.append(pool.submit(self._bound, node, limit, objective))
            else:
                self._closed = min(self._closed, node.bound)
        return jobs

    def _merge(self, turn: Turn, on_turn: Callable[[Turn], float]) -> None:
        self.nodes += 1
        for child in turn.children:
            child.serial = self._serial
            self._serial += 1
            heapq.heappush(self.heap, child)
        self._leaf = turn.bound  # the node counts until it is merged, a leaf until it is proven
        proven = on_turn(turn)
        self._leaf = np.inf
        if turn.leaf:
            self._closed = min(self._closed, max(turn.bound, proven))
        elif not turn.children:
            self._closed = min(self._closed, turn.bound)

    def _bound(self, node: Node, limit: float, objective: float) -> Turn:
        """Bound one node and split it."""
        if self._decided(node):
            return Turn(node.bound, [], self._sizes(node), leaf=True)
        if self._halt[0]:
            return Turn(node.bound, [node])
        stand = self._relaxation.begin(node.multipliers, self.pace)
        self._relaxation.rise(
            stand,
            node.state,
            node.banned,
            rounds=self.rounds,
            target=min(objective, node.bound + 0.05 * abs(node.bound)),
            stop_at=limit,
            halt=self._halt,
            pace=self.pace,
        )
        bound = max(stand.bound, node.bound)
        if bound >= limit:
            return Turn(bound, [])
        state, banned, lift = self._relaxation.fixed(stand, node.state, node.banned, limit)
        if lift.size and np.isinf(lift).all() and (lift > 0).all():
            return Turn(limit, [])
        fixed = Node(bound, 0, state, banned, stand.multipliers)
        children = self._children(fixed, stand, lift)
        return Turn(bound, children, self._rounded(stand, state), stand.opened)

    def _decided(self, node: Node) -> bool:
        """Whether every site is closed or open at one size."""
        if (node.state == FREE).any():
            return False
        return bool((self._sizes_left(node)[node.state == OPEN] <= 1).all())

    def _sizes_left(self, node: Node) -> IntArray:
        left: IntArray = np.add.reduceat((~node.banned).astype(np.int64), self.data.size_start[:-1])
        return left

    def _sizes(self, node: Node) -> IntArray:
        """The one choice left in a decided node."""
        chosen = np.full(self.data.m, -1, np.int64)
        for j in np.flatnonzero(node.state == OPEN):
            options = np.arange(self.data.size_start[j], self.data.size_start[j + 1])
            left = options[~node.banned[options]]
            chosen[j] = left[0] if len(left) else -1
        return chosen

    def _rounded(self, stand: Stand, state: IntArray) -> IntArray:
        """The relaxation's average choice as a choice."""
        opened = (stand.opened > 0.5) & (state != CLOSED) | (state == OPEN)
        return np.where(opened, self.data.size_start[1:] - 1, -1)

    def _children(self, node: Node, stand: Stand, lift: FloatArray) -> list[Node]:
        """Two halves of the node: of a site, or of the sizes of a site that is open."""
        free = np.flatnonzero(node.state == FREE)
        if not len(free):
            return self._size_children(node)
        share = stand.opened[free]
        # Measured: products of reduced-cost lifts take eight times the nodes, because the lifts of
        # the sites that matter are near zero on both sides.
        undecided = np.minimum(share, 1 - share)
        j = free[np.argmax((UNDECIDED + undecided) * (0.5 + share))]
        return [
            self._child(node, j, decision, max(node.bound, lift[j, side]))
            for side, decision in enumerate((CLOSED, OPEN))
        ]

    def _child(self, node: Node, j: int, decision: int, bound: float) -> Node:
        state = node.state.copy()
        state[j] = decision
        return Node(bound, 0, state, node.banned, node.multipliers)

    def _size_children(self, node: Node) -> list[Node]:
        """Split the sizes of the open site with most left into small and large."""
        left = self._sizes_left(node)
        left[node.state != OPEN] = 0
        j = int(np.argmax(left))
        if left[j] <= 1:
            return [node]  # decided: it comes back as a leaf
        options = np.arange(self.data.size_start[j], self.data.size_start[j + 1])
        options = options[~node.banned[options]]
        children = []
        for ban in (options[: len(options) // 2], options[len(options) // 2 :]):
            banned = node.banned.copy()
            banned[ban] = True
            children.append(Node(node.bound, 0, node.state, banned, node.multipliers))
        return children

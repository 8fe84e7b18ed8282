"""Branch-and-bound on sites with a Lagrangian bound at every node.

A node is which sites are open and which are still free; all others are closed. Its bound starts
from its parent's multipliers, so a few dozen steps suffice, and what a forced change of a site
would cost at the best prices fixes sites that cannot belong to a better plan. Nodes are taken
lowest bound first, a fixed number at a time, so that the tree is the same on any number of threads.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from operator import itemgetter

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving import memory
from planner.solving.open_nodes import most_open, next_node
from planner.solving.uncapacitated.core import needed_mib
from planner.solving.uncapacitated.kicks import Kicks
from planner.solving.uncapacitated.pmedian_bound import Ascent, advance, begin, slice_steps
from planner.solving.uncapacitated.rest import Rest
from planner.solving.uncapacitated.rows import Rows, Rules, countable, narrowed, restrict
from planner.solving.uncapacitated.search import Search
from planner.solving.uncapacitated.selection import exchange_costs

_BATCH = 4
"""Nodes split at a time; each gives two children, so two to eight threads are kept busy."""
_NODE_STEPS = 45
_ROUNDS = 4
"""Times that fixing in a node is followed by a fresh ascent, while it removes sites."""
_KICKED_SHARE = 5
"""One part in so many of the tree's work goes to kicks."""


@dataclass(frozen=True, eq=False)
class Node:
    """What is decided, the bound of it, and where its search for a bound stopped.

    Parameters
    ----------
    free, opened : (m,) disjoint
    bound : lower bound of every choice within
    multiplier : (n,)
    undecided, use : positions of the free sites and how often each was chosen; None if closed
    chosen : (m,) the allowed choice at the best prices
    visited : rows and entries visited for its bound
    """

    free: BoolArray
    opened: BoolArray
    bound: float
    multiplier: FloatArray
    undecided: IntArray | None = None
    use: FloatArray | None = None
    chosen: BoolArray | None = None
    visited: int = 0


@dataclass(frozen=True)
class Effort:
    """How far the ascent of a node goes, each turn of fixing anew.

    Parameters
    ----------
    steps : at most, in a turn
    scale : first step factor; a thousandth of it ends the ascent
    patience : steps without a gain after which the step factor shrinks
    look : called now and then; may raise, which ends it
    """

    steps: int = _NODE_STEPS
    scale: float = 0.5
    patience: int = 5
    look: Callable[[], None] | None = None


_USUAL = Effort()


def settle(
    rows: Rows, rules: Rules, node: Node, cutoff: float, aim: float, effort: Effort = _USUAL
) -> Node:
    """Bound a node and fix what its prices fix, until that removes little.

    Parameters
    ----------
    cutoff : the node is closed where its bound reaches this
    aim : upper bound that the steps reach for

    Returns
    -------
    Node
        With ``undecided`` None where nothing better than the cutoff is in it; where all sites are
        decided the bound is the value of the one choice left.
    """
    turns = 0
    node = replace(node, visited=0)
    while True:
        left = narrowed(rules, node.free, node.opened)
        if not countable(left):
            return replace(node, bound=np.inf, undecided=None)
        part = restrict(rows, node.free, node.opened)
        if np.isinf(part.outside[np.diff(part.start) == 0]).any():
            return replace(node, bound=np.inf, undecided=None)
        constant = float(rules.fixed[node.opened].sum())
        if not node.free.any() or left.most[-1] == 0:
            return _decided(node, constant + float(part.outside.sum()))
        ascent = _climb(part, left, node.multiplier, cutoff - constant, aim - constant, effort)
        bound = ascent.bound + constant
        node = replace(
            node,
            bound=max(bound, node.bound),
            multiplier=ascent.best_multiplier,
            visited=node.visited + ascent.visited,
        )
        if node.bound >= cutoff:
            return replace(node, undecided=None)
        node, removed = _fixed(node, ascent, left, cutoff + ascent.slack - bound)
        turns += 1
        # With nothing left to decide one more turn closes the node, however many there were.
        if node.free.any() and (removed <= 0.1 * len(left.fixed) or turns > _ROUNDS):
            return node


def _decided(node: Node, value: float) -> Node:
    """A node closed at the value of the one choice that it leaves."""
    none = np.zeros(len(node.free), np.bool_)
    return replace(node, free=none, bound=value, undecided=None, chosen=node.opened.copy())


def _climb(
    part: Rows, left: Rules, multiplier: FloatArray, goal: float, aim: float, effort: Effort
) -> Ascent:
    """An ascent from these multipliers, ended early where it reaches the goal."""
    ascent = begin(np.minimum(multiplier, part.outside), len(left.fixed), scale=effort.scale)
    slice_ = effort.steps if effort.look is None else slice_steps(part)
    for done in range(0, effort.steps, slice_):
        few = min(slice_, effort.steps - done)
        advance(part, left, ascent, goal, aim, few, effort.patience, 1e-3 * effort.scale)
        if effort.look is not None:
            effort.look()
        if ascent.reached(goal):
            break
    return ascent


def _fixed(node: Node, ascent: Ascent, left: Rules, room: float) -> tuple[Node, int]:
    """The node without the sites whose change would cost ``room`` or more, and how many those are.

    A site left out whose inclusion costs too much is closed; a chosen one whose loss costs too
    much is opened.
    """
    free = np.flatnonzero(node.free)
    decided = exchange_costs(ascent.price, left, ascent.chosen) >= room
    opened, still = node.opened.copy(), node.free.copy()
    opened[free[decided & ascent.chosen]] = True
    still[free[decided]] = False
    chosen = node.opened.copy()
    chosen[free[ascent.chosen]] = True
    undecided = free[~decided]
    return (
        replace(
            node,
            free=still,
            opened=opened,
            undecided=undecided,
            use=ascent.use[~decided],
            chosen=chosen,
        ),
        int(decided.sum()),
    )


class Tree:
    """The open nodes of one search, over what its root leaves to decide.

    Parameters
    ----------
    rest : what ``root``, a node of the search's core, leaves
    kicks : gets a share of the work for better plans, where that pays
    """

    def __init__(self, search: Search, rest: Rest, root: Node, kicks: Kicks | None = None) -> None:
        self._search, self._rest, self._kicks = search, rest, kicks
        self._order = count()
        first = _within(rest, root)
        self._heap: list[tuple[float, int, Node]] = [(first.bound, next(self._order), first)]
        free_mib = memory.allowed_mib(search.settings) - needed_mib(search.problem)
        self._most_open = most_open(first.multiplier.nbytes + 3 * first.free.nbytes, free_mib)
        self.nodes = 0
        self.work = 0
        """Rows and entries visited, a measure of effort that no clock enters."""

    @property
    def _cutoff(self) -> float:
        return self._search.cutoff - self._rest.constant

    @property
    def bound(self) -> float:
        """Lower bound of everything that is left, at most the cutoff."""
        lowest = self._heap[0][0] if self._heap else np.inf
        return min(lowest + self._rest.constant, self._search.cutoff)

    @property
    def done(self) -> bool:
        """Whether nothing better than the incumbent is left."""
        return not self._heap or self._heap[0][0] >= self._cutoff

    def grow(self, work: int) -> None:
        """Split nodes until done, out of time, or this much work is spent."""
        limit = self.work + work
        with ThreadPoolExecutor(max(1, self._search.settings.threads)) as pool:
            while not self.done and self.work < limit and not self._search.out_of_time():
                children = [child for node in self._next() for child in self._split(node)]
                aim = self._search.aim - self._rest.constant
                rows, rules = self._rest.rows, self._rest.rules
                bounded = partial(settle, rows, rules, cutoff=self._cutoff, aim=aim)
                before = self.work
                for child in list(pool.map(bounded, children)):
                    self._take(child)
                if self._kicks is not None:
                    self._kicks.spend((self.work - before) // _KICKED_SHARE)
                self._search.raise_bound(self.bound, "branch")

    def _next(self) -> list[Node]:
        nodes: list[Node] = []
        while self._heap and len(nodes) < _BATCH and self._heap[0][0] < self._cutoff:
            nodes.append(next_node(self._heap, self._most_open, itemgetter(1))[2])
        return nodes

    def _split(self, node: Node) -> tuple[Node, Node]:
        """Two nodes: the site nearest to being chosen half the time opened, and closed."""
        assert node.undecided is not None and node.use is not None  # noqa: S101, PT018 - open nodes
        site = node.undecided[np.argmin(np.abs(node.use - 0.5))]
        free, opened = node.free.copy(), node.opened.copy()
        free[site], opened[site] = False, True
        return replace(node, free=free, opened=opened), replace(node, free=free.copy())

    def _take(self, child: Node) -> None:
        self.nodes += 1
        self.work += child.visited + 1
        if child.undecided is None:
            if child.bound + self._rest.constant < self._search.value and child.chosen is not None:
                self._search.offer(np.flatnonzero(self._rest.with_opened(child.chosen)))
            return
        if child.bound < self._cutoff:
            if self.nodes % 8 == 0 and child.chosen is not None:
                self._search.improve(self._rest.with_opened(child.chosen))
            heapq.heappush(self._heap, (child.bound, next(self._order), child))


def _within(rest: Rest, node: Node) -> Node:
    """An open node as a node of the rest that it leaves: nothing is decided there yet."""
    f = len(rest.sites)
    return replace(
        node,
        free=np.ones(f, np.bool_),
        opened=np.zeros(f, np.bool_),
        bound=node.bound - rest.constant,
        multiplier=rest.inward(node.multiplier),
        undecided=np.arange(f),
        chosen=None,
    )

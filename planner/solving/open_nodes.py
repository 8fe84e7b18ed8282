"""Which open node of a tree is next: the least bound, until the open ones fill their memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, TypeVar

from planner.solving import memory

T = TypeVar("T")

SHARE = 0.5
"""Of the memory that a solve may still take, for the open nodes of one tree."""
LEAST, MOST = 1_000, 1_000_000
"""Open nodes that any tree may keep, and that none keeps more of."""


def most_open(bytes_each: int, free_mib: float) -> int:
    """How many nodes of this size may be open where so much memory is left."""
    if free_mib == float("inf"):
        return MOST
    return max(LEAST, min(MOST, int(SHARE * free_mib * memory.MIB / max(1, bytes_each))))


def next_node(heap: list[T], most: int, serial: Callable[[T], int]) -> T:
    """Take a node off the heap.

    With ``most`` nodes open or more it is the youngest instead of the one of least bound: going
    down, a tree keeps no more than one more node a level.
    """
    ordered: list[Any] = heap
    if len(ordered) < most:
        node: T = heapq.heappop(ordered)
        return node
    at = max(range(len(heap)), key=lambda k: serial(heap[k]))
    node, last = heap[at], heap.pop()
    if last is not node:
        heap[at] = last
        heapq.heapify(ordered)
    return node

"""What one process keeps between searches: a few prepared graphs, the last used ones."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

from geodata.roads.graph import CostGraph

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last ``size`` values made, by key; safe to use from several threads.

    Two threads that ask for the same new key at once may both make it; either result serves.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of ``key``, made now if it is not here."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


def metric_key(graph: CostGraph) -> tuple[str, bytes]:
    """Topology and costs by content, so that costs changed in place are never answered from here.

    Hashing takes about a millisecond per megabyte, a fortieth of the quickest matrix.
    """
    cost = np.ascontiguousarray(graph.cost, np.float64)
    return graph.topology.fingerprint, hashlib.blake2b(cost.data, digest_size=16).digest()

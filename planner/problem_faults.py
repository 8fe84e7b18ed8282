"""Arrays of problems made read-only, and what can be wrong with them, all of it said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
_MOST_NAMED = 5


class ProblemError(ValueError):
    """A problem whose parts do not fit together; lists every fault found."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def frozen(values: object, dtype: type) -> NDArray:  # type: ignore[type-arg]
    """A read-only copy, so that a problem can be shared and hashed."""
    array: NDArray = np.array(values, dtype=dtype, copy=True)  # type: ignore[type-arg]
    array.setflags(write=False)
    return array


def named(ids: Sequence[str]) -> str:
    """The first few ids and how many more there are."""
    shown = ", ".join(map(str, ids[:_MOST_NAMED]))
    more = len(ids) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def id_faults(what: str, ids: Sequence[str]) -> list[str]:
    """Ids that are given twice."""
    if len(set(ids)) == len(ids):  # a third of the time it takes to count them
        return []
    twice = [one for one, count in Counter(ids).items() if count > 1]
    return [f"{what}: id {one!r} is given twice; give each its own" for one in sorted(twice)]


def shape_faults(what: str, array: Array, *shape: int) -> list[str]:
    """An array of another shape than needed."""
    return [] if array.shape == shape else [f"{what} has shape {array.shape}, needs {shape}"]


def range_faults(what: str, array: NDArray[np.float64], *, finite: bool) -> list[str]:
    """Values that are no numbers, negative, or endless where that is not allowed."""
    faults = []
    if np.isnan(array).any():
        faults.append(f"{what} has values that are not numbers; leave such rows out")
    if finite and np.isinf(array).any():
        faults.append(f"{what} has infinite values; give a number")
    if (array < 0).any():
        faults.append(f"{what} has negative values (first: {array[array < 0][0]:g})")
    return faults


def raise_all(faults: list[str]) -> None:
    """Refuse a problem with any fault."""
    if faults:
        raise ProblemError(faults)

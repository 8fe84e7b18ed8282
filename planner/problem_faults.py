"""What can be wrong with the parts of a problem, all of it said at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class ProblemError(ValueError):
    """A problem whose parts do not fit together; lists every fault found."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def id_faults(what: str, ids: tuple[str, ...]) -> list[str]:
    """Ids that are given twice."""
    seen: set[str] = set()
    twice = {one for one in ids if one in seen or seen.add(one)}  # type: ignore[func-returns-value]
    return [f"{what}: id {one!r} is given twice" for one in sorted(twice)]


def shape_faults(what: str, array: NDArray, size: int) -> list[str]:  # type: ignore[type-arg]
    """An array that is not one-dimensional of this size."""
    return [] if array.shape == (size,) else [f"{what} has shape {array.shape}, needs ({size},)"]


def range_faults(what: str, array: NDArray[np.float64], *, finite: bool) -> list[str]:
    """Values that are no numbers, negative, or endless where that is not allowed."""
    faults = []
    if np.isnan(array).any():
        faults.append(f"{what} has values that are not numbers")
    if finite and np.isinf(array).any():
        faults.append(f"{what} has infinite values")
    if (array < 0).any():
        faults.append(f"{what} has negative values (first: {array[array < 0][0]:g})")
    return faults


def raise_all(faults: list[str]) -> None:
    """Refuse a problem with any fault."""
    if faults:
        raise ProblemError(faults)

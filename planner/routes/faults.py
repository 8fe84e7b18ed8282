"""Checks that the parts of a rounds problem share: ranges by id and positions, with a remedy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.problem_faults import named

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def range_faults(
    what: str, array: FloatArray, ids: Sequence[str], *, least: float = 0.0, finite: bool = True
) -> list[str]:
    """Values that are no numbers, infinite where they may not be, or too small; by id."""
    faults = []
    rows = array if array.ndim == 1 else array.reshape(len(array), -1).sum(axis=1)
    bad = np.flatnonzero(np.isnan(rows))
    if len(bad):
        faults.append(f"{what} is not a number at {named_at(ids, bad)}; give a number")
    low = array if array.ndim == 1 else array.reshape(len(array), -1).min(axis=1, initial=np.inf)
    bad = np.flatnonzero(low < least)
    if len(bad):
        faults.append(
            f"{what} is {low[bad[0]]:g} at {named_at(ids, bad)}; give a number from {least:g} up"
        )
    bad = np.flatnonzero(np.isinf(rows))
    if finite and len(bad):
        faults.append(f"{what} is infinite at {named_at(ids, bad)}; give a finite number")
    return faults


def position_faults(
    what: str, positions: IntArray, count: int, of: str, *, least: int = 0
) -> list[str]:
    """Positions outside ``least..count - 1``."""
    bad = positions[(positions < least) | (positions >= count)]
    if not len(bad):
        return []
    return [f"{what} names {of} {int(bad[0])}, which is outside {least}..{count - 1}"]


def named_at(ids: Sequence[str], positions: IntArray) -> str:
    """The first few ids at these positions and how many more there are."""
    return named([ids[one] for one in positions.tolist()])

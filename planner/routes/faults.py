"""Checks that the parts of a rounds problem share: shapes, ranges and ids, each with a remedy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_MOST_NAMED = 5


def frozen(values: object, dtype: type) -> NDArray:  # type: ignore[type-arg]
    """A read-only copy of one type."""
    array: NDArray = np.array(values, dtype=dtype, copy=True)  # type: ignore[type-arg]
    array.setflags(write=False)
    return array


def named(ids: Sequence[str], positions: IntArray) -> str:
    """The first ids and how many more there are."""
    shown = ", ".join(ids[int(one)] for one in positions[:_MOST_NAMED])
    more = len(positions) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def id_faults(what: str, ids: Sequence[str]) -> list[str]:
    """Ids given twice."""
    seen: set[str] = set()
    twice = {one for one in ids if one in seen or seen.add(one)}  # type: ignore[func-returns-value]
    return [f"{what}: id {one!r} is given twice; give each its own" for one in sorted(twice)]


def shape_faults(what: str, array: NDArray, shape: tuple[int, ...]) -> list[str]:  # type: ignore[type-arg]
    """An array of another shape than needed."""
    return [] if array.shape == shape else [f"{what} has shape {array.shape}, needs {shape}"]


def range_faults(
    what: str, array: FloatArray, ids: Sequence[str], *, least: float = 0.0, finite: bool = True
) -> list[str]:
    """Values that are no numbers, infinite where they may not be, or too small; by id."""
    faults = []
    rows = array if array.ndim == 1 else array.reshape(len(array), -1).sum(axis=1)
    bad = np.flatnonzero(np.isnan(rows))
    if len(bad):
        faults.append(f"{what} is not a number at {named(ids, bad)}; give a number")
    low = array if array.ndim == 1 else array.reshape(len(array), -1).min(axis=1, initial=np.inf)
    bad = np.flatnonzero(low < least)
    if len(bad):
        faults.append(
            f"{what} is {low[bad[0]]:g} at {named(ids, bad)}; give a number from {least:g} up"
        )
    bad = np.flatnonzero(np.isinf(rows))
    if finite and len(bad):
        faults.append(f"{what} is infinite at {named(ids, bad)}; give a finite number")
    return faults


def position_faults(
    what: str, positions: IntArray, count: int, of: str, *, least: int = 0
) -> list[str]:
    """Positions outside ``least..count - 1``."""
    bad = positions[(positions < least) | (positions >= count)]
    if not len(bad):
        return []
    return [f"{what} names {of} {int(bad[0])}, which is outside {least}..{count - 1}"]

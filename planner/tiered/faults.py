"""Checks of a tiered problem's arrays: every fault is collected, none stops the looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.problem_faults import ProblemError

Array = NDArray[np.generic]
_MOST_NAMED = 5


def frozen(values: object, dtype: type) -> NDArray:  # type: ignore[type-arg]
    """A read-only copy, so that a problem can be shared and hashed."""
    array: NDArray = np.array(values, dtype=dtype, copy=True)  # type: ignore[type-arg]
    array.setflags(write=False)
    return array


def set_array(part: object, name: str, dtype: type, default: object) -> None:
    """Freeze an array field of a frozen dataclass, or its default where it was left out."""
    given = getattr(part, name)
    object.__setattr__(part, name, frozen(default if given is None else given, dtype))


def named(ids: Sequence[str]) -> str:
    """The first few ids and how many more there are."""
    shown = ", ".join(map(str, ids[:_MOST_NAMED]))
    more = len(ids) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


class Checks:
    """Collects the faults of one part of a problem.

    Parameters
    ----------
    where : what the sentences begin with, e.g. "stream straw, tier village"
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self.faults: list[str] = []

    def fault(self, sentence: str) -> None:
        """Add one fault."""
        self.faults.append(f"{self._where}: {sentence}")

    def unique(self, what: str, ids: Sequence[str]) -> None:
        """No id may be given twice."""
        twice = [one for one, count in Counter(ids).items() if count > 1]
        if twice:
            self.fault(f"{what} {named(twice)} given twice; ids must be unique")

    def shape(self, what: str, array: Array, *shape: int) -> bool:
        """Whether the array has the shape; a fault where it has not."""
        if array.shape == shape:
            return True
        self.fault(f"{what} has shape {array.shape}, needs {shape}")
        return False

    def numbers(self, what: str, array: Array, *, finite: bool = True) -> None:
        """Numbers from 0 up, finite unless ``inf`` is a meaning here."""
        values = np.asarray(array, np.float64)
        if np.isnan(values).any():
            self.fault(f"{what} has values that are not numbers; leave such rows out")
        if finite and np.isinf(values).any():
            self.fault(f"{what} has infinite values; give a number")
        if (values < 0).any():
            self.fault(f"{what} has negative values (first: {values[values < 0][0]:g})")

    def positions(self, what: str, array: Array, count: int, *, absent: bool = False) -> None:
        """Positions in ``0..count - 1``, and -1 for "none" where that is a meaning."""
        values = np.asarray(array, np.int64)
        if len(values) and (values.min() < (-1 if absent else 0) or values.max() >= count):
            self.fault(f"{what} names a position outside 0..{count - 1}")

    def rows(self, what: str, start: Array, entries: int) -> bool:
        """Whether ``start`` is a row index of compressed sparse rows."""
        values = np.asarray(start, np.int64)
        if not len(values) or values[0] != 0 or values[-1] != entries:
            self.fault(f"{what}.start must run from 0 to the number of entries, {entries}")
            return False
        if (np.diff(values) < 0).any():
            self.fault(f"{what}.start must not fall")
            return False
        return True

    def done(self) -> None:
        """Raise all faults at once.

        Raises
        ------
        ProblemError
            If there is any.
        """
        if self.faults:
            raise ProblemError(self.faults)

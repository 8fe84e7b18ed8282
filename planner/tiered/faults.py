"""Checks of a tiered problem's arrays: every fault is collected, none stops the looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from planner.problem_faults import Array, ProblemError, frozen, named, range_faults, shape_faults


def set_array(part: object, name: str, dtype: type, default: object) -> None:
    """Freeze an array field of a frozen dataclass, or its default where it was left out."""
    given = getattr(part, name)
    object.__setattr__(part, name, frozen(default if given is None else given, dtype))


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
        found = shape_faults(what, array, *shape)
        for one in found:
            self.fault(one)
        return not found

    def numbers(self, what: str, array: Array, *, finite: bool = True) -> None:
        """Numbers from 0 up, finite unless ``inf`` is a meaning here."""
        for one in range_faults(what, np.asarray(array, np.float64), finite=finite):
            self.fault(one)

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

"""Who is within the service radius of which facilities: counting, no optimiser.

Answers the official's question (is my village covered?) and the first step of a plan, the present
state. Nothing here chooses sites.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from planner.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Coverage:
    """Service of every demand point by a given set of facilities.

    Parameters
    ----------
    radius : the promise, in the unit of the impedance
    nearest : (n,) position of the nearest facility, -1 where none can be reached
    impedance : (n,) impedance to it, ``inf`` where none can be reached
    within : (n,) whether it lies within the radius
    choices : (n,) how many facilities lie within the radius
    served_weight : (m,) weight within the radius that has this facility as its nearest
    weight : (n,)
    """

    radius: float
    nearest: IntArray
    impedance: FloatArray
    within: BoolArray
    choices: IntArray
    served_weight: FloatArray
    weight: FloatArray

    @property
    def count_rate(self) -> float:
        """Covered points over all points (by count: villages); NaN without points."""
        return _rate(float(self.within.sum()), float(len(self.within)))

    @property
    def weight_rate(self) -> float:
        """Covered weight over all weight (people or tonnes); NaN without weight."""
        return _rate(float(self.weight[self.within].sum()), float(self.weight.sum()))

    @property
    def uncovered(self) -> IntArray:
        """Positions of the points outside the radius, those that reach nothing among them."""
        return np.flatnonzero(~self.within)


def coverage(
    impedance: Any,
    radius: float,
    *,
    weight: ArrayLike | None = None,
    open_sites: ArrayLike | None = None,
) -> Coverage:
    """Coverage of demand by facilities.

    Parameters
    ----------
    impedance : (n, m) metres or seconds; dense with ``inf`` for no way, or sparse with absent for
        no way and stored zeros kept
    radius : covered means impedance <= radius
    weight : (n,); 1 each if left out
    open_sites : (m,) mask of the facilities that count; all if left out

    Raises
    ------
    ValueError
        If the radius is negative or not a number, or the shapes do not fit.
    """
    if not radius >= 0:
        raise ValueError(f"radius is {radius}; give a number of metres or seconds from 0 up")
    (n, m), row, column, value = _entries(impedance)
    amount = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    is_open = np.ones(m, np.bool_) if open_sites is None else np.asarray(open_sites, np.bool_)
    if amount.shape != (n,) or is_open.shape != (m,):
        raise ValueError(
            f"impedance is {n} x {m}, weight has shape {amount.shape}, open_sites {is_open.shape}"
        )
    kept = np.flatnonzero(is_open[column] & np.isfinite(value))
    row, column, value = row[kept], column[kept], value[kept]
    order = np.lexsort((column, value, row))
    served, first = np.unique(row[order], return_index=True)
    nearest, best = np.full(n, -1), np.full(n, np.inf)
    nearest[served], best[served] = column[order[first]], value[order[first]]
    within = best <= radius
    return Coverage(
        radius=float(radius),
        nearest=nearest,
        impedance=best,
        within=within,
        choices=np.bincount(row[value <= radius], minlength=n),
        served_weight=np.asarray(
            np.bincount(nearest[within], amount[within], minlength=m), np.float64
        ),
        weight=amount,
    )


def _entries(impedance: Any) -> tuple[tuple[int, int], IntArray, IntArray, FloatArray]:
    if hasattr(impedance, "tocoo"):
        entries = impedance.tocoo()
        value = np.asarray(entries.data, np.float64)
        return (entries.shape[0], entries.shape[1]), entries.row, entries.col, value
    full = np.asarray(impedance, np.float64)
    if full.ndim != 2:
        raise ValueError(f"impedance has shape {full.shape}, needs (n_demand, n_facilities)")
    row, column = np.nonzero(np.isfinite(full))
    return (full.shape[0], full.shape[1]), row, column, full[row, column]


def _rate(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")

"""Tonnes a year of demand points: stated, or estimated from population, area, floor space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.faults import Fault


@dataclass(frozen=True)
class Factor:
    """``tonnes a year = quantity x value``, in a unit as written: "kg/人·d", "t/亩", "t/万m²"."""

    of: str
    value: float | None
    unit: str


@dataclass(frozen=True, eq=False)
class Demand:
    """What each point of a layer wants, and on what basis.

    Parameters
    ----------
    t_per_yr : (n,) what to plan with: stated where stated, else estimated; NaN where neither
    basis : (n,) "stated", "estimated" or "count" (no tonnes known: each point counts as one)
    stated_t_per_yr, estimated_t_per_yr : (n,) both, NaN where not there
    faults : gaps over the tolerance by name, columns missing, points without any figure
    """

    t_per_yr: NDArray[np.float64]
    basis: NDArray[np.str_]
    stated_t_per_yr: NDArray[np.float64]
    estimated_t_per_yr: NDArray[np.float64]
    faults: tuple[Fault, ...]


def estimate_demand(
    table: gpd.GeoDataFrame,
    stated_column: str | None = None,
    factors: Sequence[Factor] = (),
    *,
    where: str = "villages",
    growth: float = 1.0,
    gap_tolerance: float = 0.2,
) -> Demand:
    """Stated tonnes where the layer states them, else quantity x factor summed over the factors.

    ``growth`` scales both to the planning year. A layer with neither has basis "count" and NaN
    tonnes.
    """
    raise NotImplementedError

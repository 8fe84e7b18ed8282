"""Candidates kept or dropped: exclusion zones with setbacks, and the least area of a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS


@dataclass(frozen=True)
class Setback:
    """A candidate in, or nearer than ``setback_m`` to, an exclusion of ``kind`` is dropped."""

    kind: str
    setback_m: float = 0.0


@dataclass(frozen=True)
class Drop:
    """Why one candidate was dropped.

    ``rule`` is "setback", "inside" or "least_area"; the fields that do not concern it are empty.
    """

    rule: str
    kind: str = ""
    setback_m: float = 0.0
    distance_m: float = 0.0
    exclusion_id: str = ""
    exclusion_name: str = ""
    area_m2: float = 0.0
    least_area_m2: float = 0.0


@dataclass(frozen=True, eq=False)
class Screening:
    """(n,) ``kept``; ``drops`` has the first rule broken, None where kept."""

    kept: NDArray[np.bool_]
    drops: tuple[Drop | None, ...]

    @property
    def dropped_by(self) -> tuple[str, ...]:
        """(n,) English sentence, "" where kept."""
        raise NotImplementedError


def screen(
    candidates: gpd.GeoDataFrame,
    exclusions: gpd.GeoDataFrame,
    rules: Sequence[Setback],
    least_area_m2: float,
    metric_crs: CRS,
) -> Screening:
    """Screen candidates; a candidate whose area is unknown passes the area rule."""
    raise NotImplementedError

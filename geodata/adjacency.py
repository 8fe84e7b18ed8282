"""Which areas border on each other, and which area a point lies in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from shapely.geometry.base import BaseGeometry


def shared_borders(
    polygons: Sequence[BaseGeometry | None], *, sliver_m: float = 30.0, least_border_m: float = 50.0
) -> sparse.csr_array:
    """(n, n) symmetric, metres of border that two areas share; 0 (absent) where they do not touch.

    Parameters
    ----------
    polygons : WGS84 areas; None (and empty) borders on nothing
    sliver_m : gaps and overlaps of drawing up to this wide still are a shared border
    least_border_m : less than this, such as a touch at a corner, is no border
    """
    raise NotImplementedError


def membership(
    lon: NDArray[np.float64], lat: NDArray[np.float64], polygons: Sequence[BaseGeometry | None]
) -> NDArray[np.int32]:
    """(q,) the area each point lies in, the smallest where areas overlap; -1 where in none."""
    raise NotImplementedError


def voronoi_areas(
    lon: NDArray[np.float64], lat: NDArray[np.float64], outline: BaseGeometry | None = None
) -> list[BaseGeometry]:
    """The area nearer to each point than to any other, clipped to the outline (WGS84)."""
    raise NotImplementedError

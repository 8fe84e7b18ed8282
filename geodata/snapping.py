"""Points to the nearest place on a road that the vehicle may use, with a cap on the distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.roads.graph import CostGraph, RoadGraph, RoadPositions


@dataclass(frozen=True, eq=False)
class Snapped:
    """Where points meet the road.

    Parameters
    ----------
    positions : one a point; edge -1 where the nearest usable road is beyond the cap
    distance_m : (q,) straight-line distance to the road, also where it is beyond the cap
    lon, lat : (q,) the foot of the perpendicular, WGS84
    """

    positions: RoadPositions
    distance_m: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    @property
    def ok(self) -> NDArray[np.bool_]:
        """(q,) whether the point found a road within the cap."""
        return self.positions.edge >= 0


def snap(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    graph: RoadGraph,
    usable: NDArray[np.bool_] | CostGraph,
    cap_m: float,
) -> Snapped:
    """Nearest point of the usable roads for each point.

    Parameters
    ----------
    lon, lat : (q,) WGS84 degrees
    usable : (e,) edges that may be snapped to, or the cost graph whose finite edges are meant
    cap_m : beyond this distance a point is on no road
    """
    raise NotImplementedError

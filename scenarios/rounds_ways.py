"""The ways of rounds as lines: straight at once, and on the roads where there is time to draw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.routes import Kind, Round
from scenarios.rounds_problem import RoundsCase

Points = NDArray[np.float64]


def places_of(case: RoundsCase, one: Round) -> list[int]:
    """Where a round calls, in positions of the road matrices."""
    problem = case.problem
    places = {
        Kind.STOP: problem.stops.place,
        Kind.DISPOSAL: problem.disposal.place,
        Kind.DEPOT: problem.depots.place,
    }
    return [int(places[call.kind][call.position]) for call in one.visits]


def straight_ways(case: RoundsCase, rounds: Sequence[Round]) -> list[shapely.LineString]:
    """A line a round from call to call as the crow flies, WGS84."""
    found = []
    for one in rounds:
        roads = case.roads[case.problem.vehicles[one.vehicle].id]
        found.append(_line([roads.straight_way(places_of(case, one))]))
    return found


def ways_on_roads(case: RoundsCase, rounds: Sequence[Round]) -> list[shapely.LineString]:
    """A line a round on the roads, WGS84; straight where no road leads."""
    found = []
    for one in rounds:
        roads = case.roads[case.problem.vehicles[one.vehicle].id]
        places = places_of(case, one)
        legs = [roads.way(start, end) for start, end in pairwise(places) if start != end]
        found.append(_line([roads.straight_way(places[:1]), *legs]))
    return found


def _line(pieces: Sequence[Points]) -> shapely.LineString:
    """One line; of a lorry that goes nowhere, from where it stands to there."""
    from geodata.impedance import without_repeats  # noqa: PLC0415 - compiles on import

    points = without_repeats(np.concatenate(pieces))
    return shapely.LineString(points if len(points) > 1 else np.repeat(points, 2, axis=0))

"""What the solver cannot know: who lies on no road, and what radius would reach the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.solution import Reason
from scenarios.problems import TierProblem
from scenarios.schema import ProblemType
from scenarios.travel import Travel


def with_causes(
    reasons: Iterable[Reason], problem: TierProblem, travel: Travel
) -> tuple[Reason, ...]:
    """The solver's reasons and the pipeline's own; whom no road reaches is named for that alone."""
    off_road = set(np.array(problem.wants.place.ids, dtype=object)[~problem.on_road].tolist())
    own = tuple(_pipeline_reasons(problem, travel))
    return (*_without(reasons, off_road), *own)


def _without(reasons: Iterable[Reason], off_road: set[str]) -> Iterator[Reason]:
    for one in reasons:
        if one.kind != "unreachable":
            yield one
        elif left := tuple(point for point in one.subjects if point not in off_road):
            yield replace(one, subjects=left)


def _pipeline_reasons(problem: TierProblem, travel: Travel) -> Iterator[Reason]:
    ids = np.array(problem.wants.place.ids, dtype=object)
    off_road = ~problem.on_road
    if off_road.any():
        yield Reason("no_road", tuple(ids[off_road]))
    if problem.tier.problem not in (ProblemType.SET_COVER, ProblemType.MAXIMAL_COVER):
        return
    beyond = np.flatnonzero(~problem.problem.reachable & problem.on_road)
    if len(beyond) == 0:
        return
    nearest = _nearest_m(problem, travel, beyond)
    known = np.isfinite(nearest)
    if known.any():
        by_point = dict(zip(ids[beyond[known]].tolist(), nearest[known].tolist(), strict=True))
        values = {
            "radius": problem.cutoff_m,
            "smallest": float(nearest[known].max()),
            "by_point": by_point,
        }
        yield Reason("needs_radius", tuple(by_point), values)


def _nearest_m(
    problem: TierProblem, travel: Travel, positions: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Metres to the nearest site of some points, without a cutoff."""
    place = problem.wants.place
    some = place.take(positions, f"{place.key}:beyond:{problem.tier.id}")
    trips = travel.trips(some, problem.site_place, problem.tier, np.inf)
    nearest = np.full(len(positions), np.inf)
    np.minimum.at(nearest, trips.row, trips.out_m)
    return nearest

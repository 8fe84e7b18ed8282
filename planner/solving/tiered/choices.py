"""The few choices at the top of a stream, which everything below depends on.

Where at most one facility of the last tier may be open (one centre a county), a relaxation opens a
sixth of each of six and hauls to the nearest; with the choice made it cannot. So the choices are
tried one by one: the bound of the whole is the least of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.models.tiered import TieredModel
from planner.problem import FloatArray, IntArray, Strength
from planner.solving.highs import LinearProgram
from planner.solving.tiered.prices import Priced
from planner.tiered.problem import TieredProblem

MOST_CHOICES = 40
"""More than so many candidates at the top are left to the solver."""


@dataclass(eq=False)
class Choice:
    """One facility at the top, or None for no choice made; its bound and what was tried for it.

    Parameters
    ----------
    shut : columns of the whole model that the choice closes
    guess : what the haul alone says it may come to; the order in which choices are tried
    """

    facility: int | None
    shut: IntArray
    guess: float = float("-inf")
    bound: float = float("-inf")
    tried: bool = False
    exhausted: bool = False
    opened: FloatArray | None = None
    prices: tuple[Priced, FloatArray] | None = None
    disagreement: FloatArray | None = None
    steps: int = 0
    reach: float = 1.0


def choices_of(problem: TieredProblem, model: TieredModel) -> list[Choice]:
    """Every choice of the one facility at the top, or the one choice of leaving it open."""
    stream, none = problem.streams[0], np.zeros(0, np.int64)
    k = len(stream.tiers) - 1
    tier = stream.tiers[k]
    count = len(tier.facilities)
    candidates = np.flatnonzero(problem.alive(tier).any(axis=0))
    if k == 0 or not _at_most_one(problem, k) or len(candidates) > MOST_CHOICES:
        return [Choice(None, none)]
    owner = tier.facilities.facility_of_size
    columns = model.open[0, k]
    return [Choice(j, columns[:, owner != j].ravel()) for j in candidates.tolist() if count]


def _at_most_one(problem: TieredProblem, k: int) -> bool:
    """Whether a quota that holds allows one facility of the tier and no more, in every phase."""
    stream = problem.streams[0]
    for quota in problem.quotas:
        if (quota.tier, quota.maximum, quota.strength) != (stream.tiers[k].id, 1, Strength.MUST):
            continue
        everywhere = len(problem.quota_phases(quota)) == len(problem.phases)
        if everywhere and len(quota.facilities) == len(stream.tiers[k].facilities):
            # Over the phases it is the same one unless it may close, end or be cleared.
            part = stream.tiers[k].facilities
            years = problem.alive(stream.tiers[k])
            stays = not (part.closable.any() or problem.is_temporary(stream.tiers[k]).any())
            if stays and (years == years[:1]).all():
                return True
    return False


def closed(program: LinearProgram, columns: IntArray) -> LinearProgram:
    """The program with these columns at 0."""
    upper = program.upper.copy()
    upper[columns] = 0.0
    return replace(program, upper=upper)

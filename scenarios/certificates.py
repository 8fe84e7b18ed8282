"""One certificate for a stream of several tiers: what may be added up, and what may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.solution import Certificate, Outcome

WEAKEST_FIRST = (
    Outcome.INFEASIBLE,
    Outcome.NO_ANSWER,
    Outcome.CANCELLED,
    Outcome.FEASIBLE,
    Outcome.OPTIMAL,
)


def weakest(outcomes: Sequence[Outcome]) -> Outcome:
    """The least that can be said of all of them together."""
    return min(outcomes, key=WEAKEST_FIRST.index, default=Outcome.NO_ANSWER)


def overall(certificates: Sequence[Certificate], *, independent: bool) -> Certificate:
    """The certificate of a stream.

    Tiers that stand side by side (``independent``) and count the same thing add up: the sum of
    their bounds bounds the sum of their objectives. A tier that serves another's sites does not:
    its bound holds for those sites only, so that the sum would bound nothing. Then the stream
    shows the tier with the largest gap, whose bound is true of that tier, and the list of all.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not certificates:
        raise ValueError("a stream without any tier solved has no certificate")
    if len(certificates) == 1:
        return certificates[0]
    outcome = weakest([one.outcome for one in certificates])
    seconds = sum(one.seconds for one in certificates)
    checked = all(one.checked for one in certificates)
    problem_hash = "+".join(one.problem_hash[:16] for one in certificates)
    if independent and len({one.sense for one in certificates}) == 1:
        return replace(
            certificates[0],
            outcome=outcome,
            objective=float(np.sum([one.objective for one in certificates])),
            bound=float(np.sum([one.bound for one in certificates])),
            seconds=seconds,
            method="sum of tiers",
            problem_hash=problem_hash,
            bound_verified=all(one.bound_verified for one in certificates),
            checked=checked,
            multipliers=None,
        )
    shown = max(certificates, key=lambda one: one.gap)
    return replace(
        shown, outcome=outcome, seconds=seconds, checked=checked, method=f"by tier: {shown.method}"
    )

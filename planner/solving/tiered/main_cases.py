"""The bound of the main tier, case by case of the one facility above it.

The relaxation of a phase (:mod:`main_tier`) lets every facility hand on by its own cheapest way,
as if all above were open. Where a quota allows but one of them, each is a case: the same items with
the ways over that one alone. Every plan is of some case, so the least of their bounds is a bound.
The prices of the whole put most cases above a plan; the others are raised, the weakest first,
and what one case learnt about prices is tried on all (neighbouring centres are much alike).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.solving.tiered.main_bound import Bounded, raised
from planner.solving.tiered.main_tier import MainTier, least_above, with_only
from planner.solving.tiered.ways import may_be_open, onward_cny_per_t
from planner.tiered.problem import TieredProblem

MOST_ENTRIES = 40_000_000
"""Cases times items that are held at once."""
ROUNDS = 150
"""Of the prices, each time that a case is raised."""
LEAST_RISE = 1e-4
"""A case that rises by less in so many rounds, as a share, is done."""


@dataclass(eq=False)
class Case:
    """One facility above, and what is known of it.

    Parameters
    ----------
    facility : position in its tier
    done : whether more rounds would bring little
    """

    facility: int
    main: MainTier
    bounded: Bounded
    done: bool = False

    @property
    def value(self) -> float:
        """The bound, with what every plan of the case pays."""
        return self.bounded.value + self.main.constant


class Cases:
    """The cases of one phase."""

    def __init__(self, cases: list[Case]) -> None:
        self.cases = cases

    @property
    def weakest(self) -> Case:
        """The case that bounds the phase."""
        return min(self.cases, key=lambda one: one.value)

    def of(self, facility: int) -> Case:
        """The case of a facility."""
        return next(one for one in self.cases if one.facility == facility)

    def rise(self, enough: float, stop: Callable[[], bool]) -> None:
        """Raise the weakest case until it is above ``enough``, done, or ``stop`` says so."""
        while not stop():
            case = self.weakest
            if case.done or case.value >= enough:
                return
            before = case.value
            case.bounded = _raised(case, case.bounded.pay, ROUNDS, stop, enough)
            case.done = case.value - before < LEAST_RISE * abs(before)
            self._share(case.bounded.pay, enough, stop)

    def _share(self, pay: FloatArray, enough: float, stop: Callable[[], bool]) -> None:
        """Try a case's prices on the others that are not above ``enough``."""
        for other in self.cases:
            if other.value < enough and not stop():
                found = _raised(other, pay, 0, stop, enough)
                if found.value > other.bounded.value:
                    other.bounded = found


def cases_above(
    problem: TieredProblem, t: int, main: MainTier, root: Bounded, stop: Callable[[], bool]
) -> Cases | None:
    """The cases of a phase; None where more than one facility above may be open, or time is up."""
    choices = _one_of(problem, t, main)
    if choices is None or len(choices) * len(main.cost) > MOST_ENTRIES:
        return None
    found = []
    for facility in choices.tolist():
        if stop():
            return None
        part = over(problem, t, main, facility)
        found.append(Case(facility, part, raised(part, root.pay, rounds=0, stop=stop)))
    return Cases(found)


def by_facility(phases: Sequence[Cases]) -> list[tuple[int, float]]:
    """Facilities that are a case in every phase with the sum of their bounds, the weakest first."""
    sums = [
        (one.facility, sum(cases.of(one.facility).value for cases in phases))
        for one in phases[0].cases
        if all(any(one.facility == c.facility for c in cases.cases) for cases in phases)
    ]
    return sorted(sums, key=lambda pair: pair[1])


def over(problem: TieredProblem, t: int, main: MainTier, facility: int) -> MainTier:
    """The relaxation with no other facility of the tier above open: dearer ways, the same items."""
    level = problem.streams[0].tiers[main.tier].id
    held = with_only(problem, main.tier + 1, np.array([facility]))
    before = onward_cny_per_t(problem, problem.streams[0], t)[level]
    after = onward_cny_per_t(held, held.streams[0], t)[level]
    dearer = np.where(np.isfinite(before), after, 0.0) - np.where(np.isfinite(before), before, 0.0)
    each = float(problem.phases.weight[t]) * dearer[main.choice.facility]
    return replace(
        main,
        cost=main.cost + main.weight * each[main.facility],
        above=least_above(
            held,
            held.streams[0],
            main.tier,
            t,
            float(main.tonnes[problem.streams[0].reachable].sum()),
        ),
    )


def _one_of(problem: TieredProblem, t: int, main: MainTier) -> IntArray | None:
    """Facilities above of which a quota allows but one to be open; None without such a quota."""
    stream, above = problem.streams[0], main.tier + 1
    if above >= len(stream.tiers) or main.past >= 0:
        return None
    tier = stream.tiers[above]
    may = np.flatnonzero(may_be_open(problem, tier, t))
    for quota in problem.quotas:
        one = quota.tier == tier.id and quota.binds and quota.maximum == 1 and quota.minimum == 1
        if one and t in problem.quota_phases(quota) and np.isin(may, quota.facilities).all():
            return may
    return None


def _raised(
    case: Case, pay: FloatArray, rounds: int, stop: Callable[[], bool], enough: float
) -> Bounded:
    target = enough - case.main.constant
    return raised(case.main, pay, rounds=rounds, stop=stop, enough=target)

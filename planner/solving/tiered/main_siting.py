"""A main tier without limits of room: the one-tier problem as it stands.

Where nothing fills up (village points that take whatever comes), the relaxation is location with
fixed costs, which the one-tier methods prove to the end: plan and bound in one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import (
    Arcs,
    BoolArray,
    Demand,
    IntArray,
    Objective,
    Quota,
    Sites,
    SitingProblem,
)
from planner.solution import SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.main_choice import NO_LIMIT
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier

MOST_ITEMS = 20_000
"""More are left to prices."""


def suits(main: MainTier) -> bool:
    """Whether every size of every facility takes all there is, and no way leads over lower ones."""
    room = main.choice.room
    return (
        len(main.cost) <= MOST_ITEMS
        and bool((main.leg >= 0).all())
        and bool((room >= main.tonnes.sum() * (1 - 1e-9)).all())
    )


def load_kernels() -> None:
    """Have the one-tier methods ready: inside :func:`solved` the tiered clock runs already."""
    from planner.solving.loading import practise  # noqa: PLC0415 - as in solved

    one = np.ones(1)
    sites = Sites.simple(["s"], fixed_cost=one)
    arcs = Arcs.from_dense(np.ones((1, 1)), one)
    practise(SitingProblem(Objective.MIN_COST, Demand(("d",), one), sites, arcs))


def solved(
    main: MainTier,
    facilities: int,
    allowed: BoolArray,
    settings: SolverSettings,
    watch: Watch,
    seconds: float,
) -> tuple[float, MainPlan | None]:
    """A bound of the relaxation, without :attr:`MainTier.constant`, and its plan.

    Parameters
    ----------
    allowed : (o,) options that may be open; a bound holds for these alone
    """
    # The public call of the one-tier problems, which itself knows the tiered ones.
    from planner.solving.solve import solve  # noqa: PLC0415 - would be circular at import

    option, problem = _problem(main, allowed)
    part = watch.part(seconds)
    found = solve(
        problem,
        replace(settings, time_limit_s=seconds, gap=min(5e-4, settings.gap / 10)),
        lambda event: part.report("main tier", bound=event.bound),
    )
    bound = found.certificate.bound
    bound = bound if np.isfinite(bound) else -np.inf
    if not found.has_plan:
        return bound, None
    size = np.full(facilities, -1)
    for site in np.flatnonzero(found.size >= 0).tolist():
        chosen = option[found.size[site]]
        j = int(main.choice.facility[site])
        if j >= 0:
            size[j] = main.choice.size[chosen]
    at = np.full((len(main.choice.facility), len(main.tonnes)), -1)
    at[main.facility, main.point] = np.arange(len(main.cost))
    item = np.full(len(main.tonnes), -1)
    item[found.demand] = at[found.site, found.demand]
    return bound, MainPlan(size, item, found.certificate.objective)


def _problem(main: MainTier, allowed: BoolArray) -> tuple[IntArray, SitingProblem]:
    """The cheapest option of each facility, and the problem over them."""
    choice, count = main.choice, len(main.choice.facility)
    fixed = np.where(allowed, choice.fixed, np.inf)
    option = np.array(
        [
            first + int(np.argmin(fixed[first:end]))
            for first, end in zip(choice.size_start[:-1], choice.size_start[1:], strict=True)
        ],
        np.int64,
    )
    possible = np.isfinite(fixed[option])
    order = np.lexsort((main.facility, main.point))
    start = np.searchsorted(main.point[order], np.arange(len(main.tonnes) + 1))
    rules = [
        Quota(
            f"group {g}",
            np.flatnonzero(choice.group == g),
            int(least),
            None if most >= NO_LIMIT else int(most),
        )
        for g, (least, most) in enumerate(zip(choice.least, choice.most, strict=True))
        if least > 0 or most < NO_LIMIT
    ]
    problem = SitingProblem(
        Objective.MIN_COST,
        Demand(tuple(f"d{i}" for i in range(len(main.tonnes))), main.tonnes),
        Sites(
            tuple(f"s{j}" for j in range(count)),
            choice.must & possible,
            ~possible,
            np.zeros(count, np.bool_),
            np.arange(count + 1),
            np.full(count, np.inf),
            np.where(possible, fixed[option], 0.0),
            np.zeros(count),
        ),
        Arcs(start, main.facility[order], np.zeros(len(order)), main.cost[order]),
        quotas=tuple(rules),
    )
    return option, problem

"""A main tier as the one-tier problem that it is where no way leads over lower facilities.

Where nothing fills up (village points that take whatever comes), it is location with fixed costs,
which the one-tier methods prove to the end: plan and bound in one. With limits of room they find
better plans than sizes chosen by prices alone, and often a better bound.
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
from planner.solution import FEASIBILITY_TOLERANCE, SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.main_choice import NO_LIMIT
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier

MOST_ITEMS = 20_000
"""More are left to prices."""
PRACTISED = 24
"""Points and places of a problem large enough for the methods of large ones."""


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

    points, places = np.ones(PRACTISED), np.ones(PRACTISED)
    demand = Demand(tuple(f"d{i}" for i in range(PRACTISED)), points)
    arcs = Arcs.from_dense(np.ones((PRACTISED, PRACTISED)), points)
    for room in (None, places * PRACTISED):
        ids = tuple(f"s{j}" for j in range(PRACTISED))
        sites = Sites.simple(ids, capacity=room, fixed_cost=places)
        practise(SitingProblem(Objective.MIN_COST, demand, sites, arcs))


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

    option, problem = _problem(main, _options(main, allowed))
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


def _options(main: MainTier, allowed: BoolArray) -> list[IntArray]:
    """The options of each facility that are left, the first one where none is.

    Without limits of room only the cheapest counts.
    """
    choice = main.choice
    left = allowed & np.isfinite(choice.fixed)
    options = []
    for first, end in zip(choice.size_start[:-1].tolist(), choice.size_start[1:], strict=True):
        span = np.arange(first, end)
        there = span[left[span]] if left[span].any() else span[:1]
        options.append(there[[np.argmin(choice.fixed[there])]] if suits(main) else there)
    return options


def _problem(main: MainTier, options: list[IntArray]) -> tuple[IntArray, SitingProblem]:
    """The problem over some options of each facility, and these in its order of sizes."""
    choice, count = main.choice, len(main.choice.facility)
    option = np.concatenate(options)
    size_start = np.concatenate([[0], np.cumsum([len(one) for one in options])])
    possible = np.isfinite(choice.fixed[option])
    # A little over its room is no fault to the checker, so the bound must know of it.
    room = choice.room[option] * (1 + FEASIBILITY_TOLERANCE / 2)
    if suits(main):
        room = np.full(len(option), np.inf)
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
    open_to = possible[size_start[:-1]]
    problem = SitingProblem(
        Objective.MIN_COST,
        Demand(tuple(f"d{i}" for i in range(len(main.tonnes))), main.tonnes),
        Sites(
            tuple(f"s{j}" for j in range(count)),
            choice.must & open_to,
            ~open_to,
            np.zeros(count, np.bool_),
            size_start,
            room,
            np.where(possible, choice.fixed[option], 0.0),
            np.zeros(len(option)),
        ),
        Arcs(start, main.facility[order], np.zeros(len(order)), main.cost[order]),
        quotas=tuple(rules),
    )
    return option, problem

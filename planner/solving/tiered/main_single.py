"""A main tier of which but one facility may be open: it takes everything, so each is tried.

What is above a county's stores is often one centre with many candidates. Its relaxation needs no
prices: a facility's cost is the sum of its hauls and the cheapest size that holds all.
"""

from __future__ import annotations

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE, SolverSettings
from planner.solving.method import Watch
from planner.solving.tiered.main_plan import MainPlan
from planner.solving.tiered.main_tier import MainTier


def suits(main: MainTier) -> bool:
    """Whether a quota lets one facility be open, and all is hauled straight to it."""
    choice = main.choice
    one_group = len(choice.most) == 1 and int(choice.most[0]) == 1
    return one_group and main.past < 0 and bool((main.leg >= 0).all())


def solved(
    main: MainTier,
    facilities: int,
    allowed: BoolArray,
    settings: SolverSettings,  # noqa: ARG001 - asked as main_siting.solved is
    watch: Watch,  # noqa: ARG001
    seconds: float,  # noqa: ARG001
) -> tuple[float, MainPlan | None]:
    """The least that one facility costs, without :attr:`MainTier.constant`, and its plan.

    Parameters
    ----------
    allowed : (o,) options that may be open; a bound holds for these alone
    """
    haul, load = _of_all(main)
    least, _ = _cheapest(main, allowed, haul, load * (1 - 2 * FEASIBILITY_TOLERANCE))
    cost, option = _cheapest(main, allowed, haul, load)
    best = int(np.argmin(cost))
    bound = float(least.min())
    if not np.isfinite(cost[best]):
        return bound, None
    size, item = np.full(facilities, -1), np.full(len(main.tonnes), -1)
    size[main.choice.facility[best]] = main.choice.size[option[best]]
    own = np.arange(main.start[best], main.start[best + 1])
    item[main.point[own]] = own
    return bound, MainPlan(size, item, float(cost[best]))


def _of_all(main: MainTier) -> tuple[FloatArray, FloatArray]:
    """(f,) cost of hauling every point to each facility, ``inf`` without a way, and its tonnes."""
    count = len(main.choice.facility)
    haul = np.bincount(main.facility, main.cost, count)
    load = np.bincount(main.facility, main.weight, count)
    reached = np.bincount(main.facility, minlength=count)
    whole = reached == len(np.unique(main.point))
    return np.where(whole, haul, np.inf), load.astype(np.float64)


def _cheapest(
    main: MainTier, allowed: BoolArray, haul: FloatArray, load: FloatArray
) -> tuple[FloatArray, IntArray]:
    """(f,) cost with the cheapest size that holds the load, and that size."""
    choice = main.choice
    fits = allowed & (choice.room >= load[choice.owner])
    fixed = np.where(fits, choice.fixed, np.inf)
    order = np.lexsort((fixed, choice.owner))
    option = order[choice.size_start[:-1]]
    return haul + fixed[option], option

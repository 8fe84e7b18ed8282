"""A second search of a task in a process of its own, beside ours, from another beginning."""

from __future__ import annotations

import time
from dataclasses import replace

from planner.routes.day_task import DayTask
from planner.routes.pyvrp_lorries import fewest
from planner.routes.pyvrp_model import build
from planner.routes.route_day import GIVE_UP_SHARE, DayAnswer, route_day
from planner.routes.search import FICKLE, HEATS, PATIENT, SHORT_S, SearchLimits, search_anew
from planner.routes.side_process import SideProcess

WORTH_S = 4.0
"""A shorter search is over before a child has begun."""
HAND_OVER_S = 0.05
"""By so much the child ends earlier, to have its answer there in time."""
PATIENCE_S = 0.4
"""So long after its end a child's answer is waited for."""
OTHER_SEED = 7919
"""Added to the seed: the same beginning twice would be the same search."""


class Twin:
    """A child that searches a task; whoever started it ends it."""

    def __init__(self, task: DayTask, limits: SearchLimits) -> None:
        self._end_s = limits.end_s
        self._child = SideProcess()
        # A moment on the wall's clock: processes do not share any other for certain.
        moment = time.time() + limits.left_s - HAND_OVER_S
        self._child.ask(search_beside, task, moment, (limits.seed + OTHER_SEED) % 2**31)

    def answer(self) -> DayAnswer | None:
        """What it found, waited for until shortly after its end; None where it has nothing."""
        found: DayAnswer | None = self._child.answer(self._end_s + PATIENCE_S)
        return found

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        self._child.end()


def search_beside(task: DayTask, moment: float, seed: int) -> DayAnswer:
    """What the child does: a search until a moment of the wall's clock."""
    left_s = moment - time.time()
    temper = FICKLE if left_s <= SHORT_S else PATIENT
    return _searched(task, SearchLimits(time.perf_counter() + left_s, seed, temper=temper))


def _searched(task: DayTask, limits: SearchLimits) -> DayAnswer:
    """With about as few lorries as can be, where that holds: from many, a search seldom gets there.

    One or two more are often cheaper than the very fewest, which leave hardly any choice of loads.
    """
    few = fewest(task)
    if few is not None:
        give_up_s = time.perf_counter() + GIVE_UP_SHARE * limits.left_s
        models = [build(replace(task, fleet=((few + more,),))) for more in range(HEATS)]
        found = search_anew(models, replace(limits, give_up_s=give_up_s))
        if found.feasible:
            return DayAnswer(found.orders, ())
    return route_day(task, limits)

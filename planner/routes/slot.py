"""A task of the plan with the best answer to it so far."""

from __future__ import annotations

from dataclasses import dataclass

from planner.routes.day_task import DayTask
from planner.routes.route_day import DayAnswer
from planner.routes.site_room import excess_t


@dataclass(eq=False)
class Slot:
    """A task and its answer; days with the same stops share one."""

    task: DayTask
    days: list[int]
    answer: DayAnswer | None = None
    priced: tuple[DayAnswer | None, float] = (None, 0.0)
    """The answer last asked for its cost, and that: listeners ask all the time."""

    @property
    def cost_cny(self) -> float:
        """Of all its days."""
        if self.answer is not None and self.priced[0] is not self.answer:
            self.priced = self.answer, self.answer.cost_cny(self.task) * len(self.days)
        return self.priced[1]


def worth(slot: Slot, answer: DayAnswer | None) -> tuple[int, float, float]:
    """What is to be small: stops left out, tonnes beyond what sites take, then money."""
    if answer is None:
        return len(slot.task) + 1, 0.0, float("inf")
    over_t = excess_t(slot.task, answer.orders) if slot.task.sites_limited else 0.0
    return len(answer.left_out), over_t, answer.cost_cny(slot.task)

"""Parts of a whole plan drawn anew by small models, those that share no site side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.attended import Pause, wait_for
from planner.solving.capacitated.data import NO_LIMIT, CapacitatedData

LEAST_GAIN = 1e-9
"""Of the plan's worth; less is rounding."""

Listen = Callable[[], None]
Job = Callable[[], WholePlan | None]


class HaltedError(Exception):
    """A small model that is no longer wanted."""


@dataclass(frozen=True)
class Drawing:
    """How a part is drawn anew and judged.

    ``job`` makes the work for a plan and some of its sites, which calls what it is given now and
    then; ``worth`` is what is to be lowered; ``pause`` is asked in the caller's thread.
    """

    job: Callable[[WholePlan, IntArray, Listen], Job]
    worth: Callable[[WholePlan], float]
    pause: Pause
    on_better: Callable[[WholePlan], None]


class Redrawing:
    """The present plan, and what was tried from it."""

    def __init__(
        self, data: CapacitatedData, plan: WholePlan, drawing: Drawing, threads: int
    ) -> None:
        self.plan = plan
        self._data, self._drawing = data, drawing
        # Two models side by side could each open the last site that a count allows.
        self._together = 1 if _counted(data) else max(1, threads)
        self._halt = np.zeros(1, np.int64)
        self._seen: set[bytes] = set()

    def forget(self) -> None:
        """Let everything be tried again."""
        self._seen.clear()

    def improved(self, groups: list[IntArray]) -> bool:
        """Draw anew around each group of sites once; whether that made the plan better."""
        before = self._drawing.worth(self.plan)
        left = list(groups)
        with ThreadPoolExecutor(self._together) as pool:
            while left and not self._drawing.pause():
                batch, left = self._apart(left)
                base = self.plan
                for site, plan in zip(batch, self._drawn(pool, batch), strict=True):
                    if plan is not None:
                        self._merge(site, base, plan)
        return self._drawing.worth(self.plan) < before - LEAST_GAIN * abs(before)

    def _apart(self, groups: list[IntArray]) -> tuple[list[IntArray], list[IntArray]]:
        """The first groups that share no site and are new, and what is left after them."""
        batch, left = list[IntArray](), list[IntArray]()
        taken: BoolArray = np.zeros(self._data.m, np.bool_)
        for site in groups:
            if len(batch) == self._together or taken[site].any():
                left.append(site)
            elif self._is_new(site):
                batch.append(site)
                taken[site] = True
        return batch, left

    def _is_new(self, site: IntArray) -> bool:
        serving = np.where(np.isin(self.plan.site, site), self.plan.site, -1)
        key = site.tobytes() + serving.tobytes() + self.plan.chosen[site].tobytes()
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _drawn(self, pool: ThreadPoolExecutor, batch: list[IntArray]) -> list[WholePlan | None]:
        """Each group drawn anew from the present plan; None where nothing came of it."""
        listen = partial(obey, self._halt)
        jobs = [self._drawing.job(self.plan, site, listen) for site in batch]
        running = [pool.submit(partial(unless_halted, job)) for job in jobs]
        wait_for(running, self._halt, self._drawing.pause)
        return [one.result() for one in running]

    def _merge(self, site: IntArray, base: WholePlan, plan: WholePlan) -> None:
        """Take over what some sites serve from ``plan`` where that is better than in ``base``."""
        was = self._drawing.worth(base)
        if self._drawing.worth(plan) >= was - LEAST_GAIN * abs(was):
            return
        chosen = self.plan.chosen.copy()
        chosen[site] = plan.chosen[site]
        serving = np.where(np.isin(base.site, site), plan.site, self.plan.site)
        service = self._data.cost[serving, np.arange(self._data.n)].sum()
        fixed = self._data.fixed_cost[chosen[chosen >= 0]].sum()
        self.plan = WholePlan(chosen, serving, float(service + fixed))
        self._drawing.on_better(self.plan)


def obey(halt: IntArray) -> None:
    """End a small model once ``halt`` (1,) is set by another thread."""
    if halt[0]:
        raise HaltedError


def unless_halted(job: Job) -> WholePlan | None:
    """What a job finds; None where it was halted."""
    try:
        return job()
    except HaltedError:
        return None


def _counted(data: CapacitatedData) -> bool:
    """Whether any count of sites is limited."""
    most = np.append(data.group_most, data.count_most)
    return bool((most < NO_LIMIT // 2).any() or data.group_least.any() or data.count_least)

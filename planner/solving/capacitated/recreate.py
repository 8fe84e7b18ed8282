"""Whole plans by ruin and recreate: part of a few neighbouring sites is emptied and filled anew.

After Christiaens and Vanden Berghe (2020, slack induction by string removals): points are put back
one by one where they cost least, now and then passing over the best place, and what comes out is
kept as simulated annealing says. A site costs the cheapest size that holds its load and nothing
when it is empty, so that sites open, close and change their size by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from planner.problem import IntArray
from planner.solving.capacitated.assignment import WholePlan, improve_assignment
from planner.solving.capacitated.attended import Pause, attended
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.neighbourhood import nearness
from planner.solving.capacitated.recreate_kernels import Setting, anneal


def setting_of(data: CapacitatedData) -> Setting:
    """The kernel's view of a problem; only required sites are open for nobody."""
    cost = np.ascontiguousarray(data.cost.T)
    near = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    every = np.arange(data.n)
    first, second = cost[every, near[:, 0]], cost[every, near[:, min(1, data.m - 1)]]
    return Setting(
        cost=cost,
        weight=np.ascontiguousarray(data.weight, np.float64),
        near=near,
        beside=nearness(data).astype(np.int32),
        regret=np.where(np.isfinite(second), second - first, first + 1e9),
        size_start=data.size_start,
        capacity=data.capacity,
        fixed_cost=np.ascontiguousarray(data.fixed_cost, np.float64),
        always=data.required.copy(),
        group=data.group,
        group_least=data.group_least,
        group_most=data.group_most,
        count_least=int(data.count_least),
        count_most=int(data.count_most),
    )


@dataclass(frozen=True)
class Schedule:
    """How long and how hot: ``warm`` and ``cold`` are shares of the objective a point."""

    rounds: int
    warm: float = 0.3
    cold: float = 0.001


class Recreation:
    """Ruin and recreate for one problem; its view of the problem is made once."""

    def __init__(self, data: CapacitatedData) -> None:
        self.data = data
        self._setting = setting_of(data)

    def improved(
        self,
        plans: list[WholePlan],
        schedule: Schedule,
        seeds: list[int],
        *,
        same_sites: bool = False,
        pause: Pause = lambda: False,
    ) -> list[WholePlan]:
        """What becomes of each plan, side by side; one that got no better is returned as it was.

        ``same_sites`` opens no further ones. ``pause`` is asked in the thread of the caller; once
        it says so, or raises, work ends.
        """
        halt = np.zeros(1, np.int64)
        jobs = [
            partial(self._one, plan, self._view(plan, same_sites), schedule, seed, halt)
            for plan, seed in zip(plans, seeds, strict=True)
        ]
        return attended(jobs, halt, pause)

    def _view(self, plan: WholePlan, same_sites: bool) -> Setting:
        data, opened = self.data, plan.chosen >= 0
        serves = np.bincount(plan.site, minlength=data.m) > 0
        setting = self._setting
        if same_sites:
            setting = setting_of(replace(data, cost=np.where(opened[:, None], data.cost, np.inf)))
        return setting._replace(always=data.required | (opened & ~serves))

    def _one(
        self, plan: WholePlan, setting: Setting, schedule: Schedule, seed: int, halt: IntArray
    ) -> WholePlan:
        site, best_site = plan.site.copy(), plan.site.copy()
        unit = abs(plan.objective) / max(1, self.data.n)
        anneal(
            setting,
            site,
            best_site,
            schedule.rounds,
            max(schedule.warm * unit, 1e-9),
            max(schedule.cold * unit, 1e-10),
            seed,
            halt,
        )
        better = _plan(self.data, setting, best_site, halt)
        return better if better is not None and better.objective < plan.objective else plan


def _plan(
    data: CapacitatedData, setting: Setting, site: IntArray, halt: IntArray
) -> WholePlan | None:
    """The plan of an assignment, exchanged to its end, with the cheapest sizes that hold it."""
    load = np.bincount(site, weights=data.weight, minlength=data.m)
    chosen = np.full(data.m, -1)
    for j in np.flatnonzero((np.bincount(site, minlength=data.m) > 0) | setting.always):
        options = np.arange(data.size_start[j], data.size_start[j + 1])
        holds = options[data.capacity[options] >= load[j] * (1 - 1e-12)]
        if not len(holds):
            return None
        chosen[j] = holds[np.argmin(data.fixed_cost[holds])]
    opened = np.flatnonzero(chosen >= 0)
    at = np.searchsorted(opened, site)
    cost = np.ascontiguousarray(data.cost[opened].T)
    if improve_assignment(cost, data.weight, data.capacity[chosen[opened]], at, 20, halt):
        site = opened[at]
    service = data.cost[site, np.arange(data.n)].sum()
    return WholePlan(chosen, site, float(service + data.fixed_cost[chosen[opened]].sum()))

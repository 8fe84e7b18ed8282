"""Plans of the main tier in one phase: from the sizes that the bound chose to whole points.

The arrays are those of the one-tier problems (:mod:`planner.solving.capacitated`): interchange of
sizes for divided points, rounding with repair and swaps, ruin and recreate, small models of
neighbouring sites. A point whose only way is over a facility below takes that one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.assignment import WholePlan, rounded
from planner.solving.capacitated.data import NO_LIMIT, CapacitatedData
from planner.solving.capacitated.neighbourhood import improved_by_neighbourhoods
from planner.solving.capacitated.recreate import Recreation, Schedule
from planner.solving.capacitated.search import PlanSearch, SitePlan
from planner.solving.tiered.main_bound import Bounded
from planner.solving.tiered.main_kernels import knapsacks
from planner.solving.tiered.main_tier import MainTier

SPARE = (0.0, 0.004, 0.01, 0.02, 0.04)
"""Room to spare, as a share of the need, in the choices that plans start from."""
STARTS = 4
"""Sets of sites that are made whole."""
SITES_AT_ONCE = 5
"""Neighbouring sites of a small model."""


@dataclass(frozen=True, eq=False)
class MainPlan:
    """Sizes and items of one phase.

    Parameters
    ----------
    size : (f,) position in the tier's options by facility of the tier, -1 closed
    item : (n,) item of each point, -1 for a point without any
    value : as the bound counts, without :attr:`MainTier.constant`
    """

    size: IntArray
    item: IntArray
    value: float


class Planner:
    """Plans of one phase; keeps the best."""

    def __init__(
        self,
        main: MainTier,
        facilities: int,
        allowed: BoolArray,
        stop: Callable[[], bool],
        seed: int,
    ) -> None:
        """``allowed`` (o,) options of the choice that may be open."""
        self._main, self._facilities, self._stop = main, facilities, stop
        self._seed, self._tried = seed, 0
        self._option = np.flatnonzero(allowed & np.isfinite(main.choice.fixed))
        self._data, self._item = _data(main, self._option)
        self._recreation = Recreation(self._data) if self._data.servable else None
        self.best: WholePlan | None = None

    @property
    def possible(self) -> bool:
        """Whether every point has somewhere to go at all."""
        return self._data.servable

    def from_bound(self, bounded: Bounded) -> None:
        """Plans near the bound's choice, with more and more room to spare for whole points."""
        search, data = PlanSearch(self._data), self._data
        value = self._values(bounded)
        worth = value[data.size]
        best = np.minimum.reduceat(worth, data.size_start[:-1])
        begun: SitePlan | None = None
        for spare in SPARE:
            chosen = self._chosen(search, value, spare)
            start = search.evaluate_anew(search.completed(chosen, -best))
            if start is None:
                continue
            self._take(rounded(data, start))
            if begun is None or start.objective < begun.objective:
                begun = start
            if self._stop():
                return
        if begun is None:
            return
        search.interchange(begun, worth, breadth=20, candidates=30, pause=self._stop)
        for other in search.ranked(STARTS):
            plan = search.evaluate_anew(other)
            if plan is not None and not self._stop():
                self._take(rounded(data, plan))

    def offer(self, plan: MainPlan) -> None:
        """Take over a plan that was found otherwise, where its sizes are among the options."""
        data, choice = self._data, self._main.choice
        position = np.full(len(choice.facility), -1)
        position[data.site] = np.arange(data.m)
        at = np.full(len(choice.size), -1)
        at[data.size] = np.arange(len(data.size))
        chosen = np.full(data.m, -1)
        for a, place in enumerate(data.site.tolist()):
            j = int(choice.facility[place])
            span = np.arange(choice.size_start[place], choice.size_start[place + 1])
            wanted = span[choice.size[span] == (plan.size[j] if j >= 0 else -1)]
            if len(wanted):
                chosen[a] = at[wanted[0]]
        site = position[self._main.facility[plan.item[data.point]]]
        if (site >= 0).all() and (chosen[site] >= 0).all():
            self._take(WholePlan(chosen, site, plan.value))

    def improve(self, rounds: int, warm: float) -> None:
        """Ruin and recreate from the best plan."""
        if self.best is None or self._recreation is None:
            return
        self._tried += 1
        seeds = [self._seed + self._tried]
        better = self._recreation.improved(
            [self.best], Schedule(rounds, warm), seeds, pause=self._stop
        )
        self._take(better[0])

    def improve_around(self, seconds_each: float) -> None:
        """Small models around each site, once round."""
        if self.best is not None:
            improved_by_neighbourhoods(
                self._data,
                self.best,
                count=SITES_AT_ONCE,
                seconds_each=seconds_each,
                pause=self._stop,
                on_better=self._take,
            )

    @property
    def plan(self) -> MainPlan | None:
        """The best, in the problem's positions."""
        if self.best is None:
            return None
        data, main, choice = self._data, self._main, self._main.choice
        size = np.full(self._facilities, -1)
        chosen = self.best.chosen
        for a in np.flatnonzero(chosen >= 0).tolist():
            j = int(choice.facility[data.site[a]])
            if j >= 0:
                size[j] = choice.size[data.size[chosen[a]]]
        item = np.full(len(main.tonnes), -1)
        item[data.point] = self._item[self.best.site, np.arange(data.n)]
        return MainPlan(size, item, self.best.objective)

    def _take(self, plan: WholePlan | None) -> None:
        if plan is not None and (self.best is None or plan.objective < self.best.objective):
            self.best = plan

    def _chosen(self, search: PlanSearch, value: FloatArray, spare: float) -> IntArray:
        """The best choice at the bound's prices with some room to spare, in search positions."""
        choice = self._main.choice
        size = np.empty(len(choice.facility), np.int64)
        allowed = np.full(len(value), np.inf)
        allowed[self._data.size] = value[self._data.size]
        need = int(np.ceil(choice.need * (1 + spare)))
        replace(choice, need=need, units=choice.whole_units).chosen(allowed, np.inf, size)
        at = np.full(len(value), -1)
        at[self._data.size] = np.arange(len(self._data.size))
        there = size[self._data.site]
        chosen = np.where(there >= 0, at[np.maximum(there, 0)], -1).astype(np.int64)
        return _reaching(search.data, chosen)

    def _values(self, bounded: Bounded) -> FloatArray:
        """(o,) fixed cost and knapsack of each option at the bound's prices."""
        main, choice = self._main, self._main.choice
        value = np.empty(len(choice.room))
        knapsacks(
            main.start,
            main.point,
            main.cost,
            main.weight,
            choice.size_start,
            choice.room,
            choice.fixed,
            bounded.pay,
            value,
        )
        return value


def _reaching(data: CapacitatedData, chosen: IntArray) -> IntArray:
    """With further sites where a point has none in reach: those that reach most such points."""
    chosen, reach = chosen.copy(), np.isfinite(data.cost)
    missing = ~reach[chosen >= 0].any(axis=0)
    while missing.any():
        gain = reach[:, missing].sum(axis=1)
        j = int(np.argmax(np.where(chosen < 0, gain, -1)))
        if gain[j] == 0:
            break
        chosen[j] = data.size_start[j + 1] - 1
        missing &= ~reach[j]
    return chosen


def _data(main: MainTier, option: IntArray) -> tuple[CapacitatedData, IntArray]:
    """Dense arrays of the facilities with an option left, and the item of each pair."""
    choice, n = main.choice, len(main.tonnes)
    owner = choice.owner[option]
    site = np.unique(owner)
    cost = np.full((len(choice.facility), n), np.inf)
    item = np.full(cost.shape, -1)
    # Straight hauls first; ways over a facility below only where there is no other.
    straight = np.zeros(n, np.bool_)
    straight[main.point[main.leg >= 0]] = True
    used = np.flatnonzero((main.leg >= 0) | ~straight[main.point])
    cost[main.facility[used], main.point[used]] = main.cost[used]
    item[main.facility[used], main.point[used]] = used
    point = np.flatnonzero(np.isfinite(cost).any(axis=0))
    weight = main.tonnes[point]
    start = np.searchsorted(owner, np.append(site, len(choice.facility)))
    room = np.where(np.isfinite(choice.room), choice.room, main.tonnes.sum() + 1.0)[option]
    kept = np.ascontiguousarray(cost[np.ix_(site, point)])
    largest = np.maximum.reduceat(room, start[:-1])
    kept[weight[None, :] > largest[:, None]] = np.inf
    data = CapacitatedData(
        cost=kept,
        weight=weight,
        site=site,
        point=point,
        size_start=start.astype(np.int64),
        capacity=room,
        fixed_cost=choice.fixed[option],
        size=option,
        required=choice.must[site],
        group=choice.group[site],
        group_least=choice.least,
        group_most=choice.most,
        count_least=0,
        count_most=NO_LIMIT,
        single_source=True,
    )
    return data, item[np.ix_(site, point)]

"""One day's work of one territory: the unit that is routed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.routes.fleet import VehicleClass
from planner.routes.problem import RoundsProblem
from planner.routes.schedule import Call, Order
from planner.routes.screening import parts_needed, servable_by
from planner.routes.solution import Kind

Fleet = tuple[tuple[int | None, ...], ...]
"""(classes, depots) lorries that are free; None is as many as are needed."""


@dataclass(frozen=True, eq=False)
class DayTask:
    """Stops of one day and territory, and the lorries that are free for them.

    Parameters
    ----------
    stop : (j,) positions; a divisible stop that is larger than a lorry comes several times
    share : (j,) of what the stop has that day
    room_t : (sites,) tonnes that disposal sites still take on that day
    toll_cny : (sites,) put on every emptying by a search that would overfill sites
    """

    problem: RoundsProblem
    day: int
    territory: int
    stop: IntArray
    share: FloatArray
    fleet: Fleet
    room_t: FloatArray
    toll_cny: FloatArray

    def __len__(self) -> int:
        return len(self.stop)

    def part(self, jobs: IntArray, fleet: Fleet) -> DayTask:
        """Some of the jobs, with a fleet of their own."""
        return replace(self, stop=self.stop[jobs], share=self.share[jobs], fleet=fleet)

    def depots(self, vehicle: int) -> tuple[int, ...]:
        """Depots with free lorries of a class."""
        found = self.problem.depots_of(self.problem.vehicles[vehicle], self.territory)
        return tuple(k for k in found if self.fleet[vehicle][k] is None or self.fleet[vehicle][k])

    def sites(self, vehicle: int) -> tuple[int, ...]:
        """Where a class may empty: sites that take anything at all on that day."""
        return self._sites[vehicle]

    @cached_property
    def _sites(self) -> tuple[tuple[int, ...], ...]:
        found = [self.problem.sites_of(one, self.territory) for one in self.problem.vehicles]
        return tuple(tuple(site for site in one if self.room_t[site] > 0) for one in found)

    @property
    def sites_limited(self) -> bool:
        """Whether a site's daily capacity could bind: not all of the task would go there."""
        used = sorted({site for v in range(len(self.problem.vehicles)) for site in self.sites(v)})
        total_t = float(self.problem.stops.amount_t.sum(axis=1)[self.stop] @ self.share)
        return bool((self.room_t[used] < total_t).any())

    @cached_property
    def allowed(self) -> np.ndarray:
        """(classes, j) jobs that a class could do by itself."""
        return np.array(
            [
                servable_by(self.problem, vehicle, self.territory)[self.stop]
                for vehicle in self.problem.vehicles
            ]
        )

    @cached_property
    def prices_cny(self) -> dict[Order, float]:
        """Prices of rounds that were asked for lately: of most, again and again."""
        return {}

    def amounts(self, streams: tuple[int, ...], measure: str) -> FloatArray:
        """(j,) what each job adds to a limit."""
        found: FloatArray = self.problem.amounts(streams, measure)[self.stop] * self.share
        return found


def day_task(
    problem: RoundsProblem, day: int, territory: int, stops: IntArray, fleet: Fleet
) -> DayTask:
    """The task of visiting ``stops``, those larger than a lorry cut into equal parts."""
    parts = np.full(len(problem.stops), np.iinfo(np.int64).max)
    for vehicle in problem.vehicles:
        can = servable_by(problem, vehicle, territory)
        parts = np.where(can, np.minimum(parts, parts_needed(problem, vehicle)), parts)
    parts = np.where(problem.stops.divisible, parts, 1)[stops]
    return DayTask(
        problem,
        day,
        territory,
        np.repeat(stops, parts),
        1.0 / np.repeat(parts, parts),
        fleet,
        problem.disposal.capacity_t_per_day,
        np.zeros(len(problem.disposal)),
    )


def whole_fleet(problem: RoundsProblem) -> Fleet:
    """All lorries free."""
    return tuple(vehicle.available for vehicle in problem.vehicles)


def fleet_left(fleet: Fleet, orders: Sequence[Order]) -> Fleet:
    """What is free after some rounds have been given out."""
    left = [list(row) for row in fleet]
    for one in orders:
        number = left[one.vehicle][one.depot]
        if number is not None:
            left[one.vehicle][one.depot] = number - 1
    return tuple(tuple(row) for row in left)


def calls_of(task: DayTask, jobs: Sequence[int]) -> tuple[Call, ...]:
    """The jobs as calls."""
    return tuple((Kind.STOP, int(task.stop[j]), float(task.share[j])) for j in jobs)


def needs_time(task: DayTask, vehicle: VehicleClass) -> bool:
    """Whether hours matter to a class at all; if not, the search is spared them."""
    stops = task.problem.stops
    windows = (stops.opens_s[task.stop] > 0).any() or np.isfinite(stops.closes_s[task.stop]).any()
    sites = task.problem.disposal
    return bool(
        windows
        or np.isfinite(vehicle.longest_out_s)
        or vehicle.cny_per_h > 0
        or vehicle.overtime_cny_per_h > 0
        or np.isfinite(task.problem.longest_on_board_s(vehicle))
        or (sites.opens_s > 0).any()
        or np.isfinite(sites.closes_s).any()
    )

"""Depots to open and stops to reach, what it costs, and an answer with its cost recomputed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import FloatArray
from planner.problem_faults import ProblemError, frozen, shape_faults
from planner.routes.faults import range_faults

Depots = tuple[int, ...]
"""Positions of open depots."""
DepotRound = tuple[int, tuple[int, ...]]
"""The depot's position and its stops' in order."""


@dataclass(frozen=True, eq=False)
class LocationRouting:
    """Depots that may open, stops that want a round, and what everything costs.

    Parameters
    ----------
    depot_ids, stop_ids : unique
    opening_cost, capacity : (m,) of each depot; ``inf`` is no limit
    demand : (n,) of each stop, in units of capacity
    lorry_capacity, lorry_cost : of the one class there is
    way_cost : (m + n, m + n) of driving from row to column, depots first
    """

    depot_ids: tuple[str, ...]
    stop_ids: tuple[str, ...]
    opening_cost: FloatArray
    capacity: FloatArray
    demand: FloatArray
    lorry_capacity: float
    lorry_cost: float
    way_cost: FloatArray

    def __post_init__(self) -> None:
        for name in ("opening_cost", "capacity", "demand", "way_cost"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        m, n = len(self.depot_ids), len(self.stop_ids)
        faults = shape_faults("opening_cost", self.opening_cost, m)
        faults += shape_faults("capacity", self.capacity, m)
        faults += shape_faults("demand", self.demand, n)
        faults += shape_faults("way_cost", self.way_cost, m + n, m + n)
        if not faults:
            faults += range_faults("opening_cost", self.opening_cost, self.depot_ids)
            faults += range_faults("capacity", self.capacity, self.depot_ids, finite=False)
            faults += range_faults("demand", self.demand, self.stop_ids)
            names = (*self.depot_ids, *self.stop_ids)
            faults += range_faults("way_cost", self.way_cost, names)
            faults += self._room_faults()
        if faults:
            raise ProblemError(faults)

    def _room_faults(self) -> list[str]:
        faults = [
            f"stop {self.stop_ids[i]} has {self.demand[i]:g}, more than a lorry takes "
            f"({self.lorry_capacity:g}); split it or use larger lorries"
            for i in np.flatnonzero(self.demand > self.lorry_capacity)
        ]
        if self.demand.sum() > self.capacity.sum():
            faults.append(
                f"all depots together take {self.capacity.sum():g}, the stops have "
                f"{self.demand.sum():g}; add a depot or enlarge one"
            )
        return faults


@dataclass(frozen=True, eq=False)
class LocatedRounds:
    """Open depots and the rounds from each: stops in order.

    ``rounds`` holds the depot's position and the stops' positions.
    """

    rounds: tuple[DepotRound, ...]
    cost: float
    seconds: float = float("nan")

    @property
    def opened(self) -> Depots:
        """Depots with at least one round."""
        return tuple(sorted({depot for depot, _ in self.rounds}))


def cost_of(problem: LocationRouting, rounds: Iterable[DepotRound]) -> float:
    """Opening, lorries and ways; ``inf`` where a capacity does not hold or a stop is amiss."""
    m = len(problem.depot_ids)
    held = np.zeros(m)
    total = 0.0
    served: list[int] = []
    for depot, stops in rounds:
        load = float(problem.demand[list(stops)].sum())
        if load > problem.lorry_capacity * (1 + 1e-9) or not stops:
            return float("inf")
        held[depot] += load
        path = [depot, *(m + i for i in stops), depot]
        total += problem.lorry_cost + float(problem.way_cost[path[:-1], path[1:]].sum())
        served += stops
    if sorted(served) != list(range(len(problem.stop_ids))):
        return float("inf")
    if (held > problem.capacity * (1 + 1e-9)).any():
        return float("inf")
    return total + float(problem.opening_cost[held > 0].sum())


def loose_cost(problem: LocationRouting, rounds: Sequence[DepotRound]) -> float:
    """The cost where capacities of depots are forgotten."""
    free = np.full(len(problem.capacity), np.inf)
    return cost_of(replace(problem, capacity=free), rounds)

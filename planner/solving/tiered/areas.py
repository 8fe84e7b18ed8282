"""Service areas in one piece: what they stand on, whether they hold, and growing the first ones.

Positions are those of :class:`CapacitatedData`; an area's *root* is the point that it grows from:
its home where it has one.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.data import CapacitatedData
from planner.tiered.rules import Contiguity

NOWHERE = -1
OVERFULL = 10.0
"""How much dearer than the dearest service a unit over a site's capacity counts while growing."""


@dataclass(frozen=True, eq=False)
class Areas:
    """A capacitated problem whose areas must be in one piece.

    Parameters
    ----------
    data : sites, points and costs
    far : (m, n) cost of a point by weight: how far it is, by which areas grow
    start, neighbour : (n + 1,), (e,) borders of the points
    home : (m,) point that an open site must serve, NOWHERE without
    possible : (m,) sites whose home, where they have one, can be served by them
    least_units, most_units : (m,) points that an open site must, and may, serve
    """

    data: CapacitatedData
    far: FloatArray
    start: IntArray
    neighbour: IntArray
    home: IntArray
    possible: BoolArray
    least_units: IntArray
    most_units: IntArray

    @classmethod
    def of(cls, data: CapacitatedData, rule: Contiguity) -> Areas:
        """Borders between the points that are served; the others part areas as open land does."""
        position = np.full(len(rule.start) - 1, NOWHERE)
        position[data.point] = np.arange(data.n)
        row = position[np.repeat(np.arange(len(rule.start) - 1), np.diff(rule.start))]
        to = position[rule.neighbour]
        inside = (row >= 0) & (to >= 0) & (row != to)
        order = np.lexsort((to[inside], row[inside]))
        start = np.searchsorted(row[inside][order], np.arange(data.n + 1))
        unit = rule.home[data.site]
        home = np.where(unit >= 0, position[np.maximum(unit, 0)], NOWHERE)
        served = np.isfinite(data.cost[np.arange(data.m), np.maximum(home, 0)])
        most = data.n if rule.most_units is None else rule.most_units
        return cls(
            data=data,
            far=data.cost / np.maximum(data.weight, 1e-12),
            start=start.astype(np.int64),
            neighbour=to[inside][order],
            home=home,
            possible=(unit < 0) | ((home >= 0) & served),
            least_units=rule.least_units[data.site],
            most_units=np.full(data.m, most),
        )

    def beside(self, i: int) -> IntArray:
        """Points that border on point ``i``."""
        return self.neighbour[self.start[i] : self.start[i + 1]]

    def root(self, j: int, inside: BoolArray) -> int:
        """The point that the area of site ``j`` grows from: NOWHERE if there is none."""
        if self.home[j] >= 0:
            return int(self.home[j])
        far = np.where(inside, self.far[j], np.inf)
        nearest = int(np.argmin(far))
        return nearest if np.isfinite(far[nearest]) else NOWHERE

    def reached(self, root: int, inside: BoolArray) -> BoolArray:
        """(n,) the points of ``inside`` that are in one piece with ``root``."""
        seen = np.zeros(self.data.n, np.bool_)
        if root < 0 or not inside[root]:
            return seen
        seen[root], queue = True, deque([root])
        while queue:
            for k in self.beside(queue.popleft()).tolist():
                if inside[k] and not seen[k]:
                    seen[k] = True
                    queue.append(k)
        return seen

    def order_of_growth(
        self, far: FloatArray, root: int, allowed: BoolArray, inside: BoolArray
    ) -> IntArray:
        """(n,) when each point joins an area that grows from ``root``, NOWHERE if never.

        The point least ``far`` (n,) that borders on what there is joins next; points of the present
        area (``inside``) join from within it, so that each of them has a neighbour of it before
        itself.
        """
        joined, count = np.full(self.data.n, NOWHERE), 0
        waiting = [(0.0, root)]
        while waiting:
            _, i = heapq.heappop(waiting)
            if joined[i] >= 0:
                continue
            joined[i] = count
            count += 1
            for k in self.beside(i).tolist():
                if joined[k] < 0 and allowed[k] and (inside[i] or not inside[k]):
                    heapq.heappush(waiting, (float(far[k]), k))
        return joined

    def overload(self, plan: WholePlan) -> FloatArray:
        """(m,) weight over the size of each site."""
        load = np.bincount(plan.site, weights=self.data.weight, minlength=self.data.m)
        room = np.where(plan.chosen >= 0, self.data.capacity[plan.chosen], 0.0)
        slack = 1e-9 * max(1.0, float(self.data.weight.sum()))
        over: FloatArray = np.maximum(load - room, 0.0)
        return np.where(over > slack, over, 0.0)

    @property
    def overload_cost(self) -> float:
        """Of a unit of weight over a site's capacity: dearer than any service or opening."""
        finite = self.far[np.isfinite(self.far)]
        rate = self.data.fixed_cost / np.maximum(self.data.capacity, 1e-12)
        rates = rate[np.isfinite(rate)]
        return OVERFULL * float(np.abs(finite).max(initial=1.0) + np.abs(rates).max(initial=0.0))

    def as_grown(self, plan: WholePlan) -> float:
        """Objective of a plan whose sites may be overfull."""
        return plan.objective + self.overload_cost * float(self.overload(plan).sum())


def grown(areas: Areas, opened: Iterable[int], wanted: IntArray) -> WholePlan | None:
    """Areas in one piece around the opened sites, as near to ``wanted`` (n,) as may be.

    What is in one piece with its root stays; the rest joins the areas that it borders on, where it
    costs least and there is room. Sites are opened where none can be reached. They may end up
    overfull; None if some point borders on no area that could take it.
    """
    site = np.full(areas.data.n, NOWHERE)
    roots: dict[int, int] = {}
    for j in opened:
        _found(areas, roots, site, int(j), wanted == j)
    for j, root in roots.items():
        inside = (site == NOWHERE) & (wanted == j)
        inside[root] = True
        site[areas.reached(root, inside)] = j
    _joined(areas, roots, site)
    while (site < 0).any():
        further = _to_open(areas, roots, site)
        if further is None:
            return None
        _found(areas, roots, site, further, site < 0)
        _joined(areas, roots, site)
    return _sized(areas, roots, site)


def _found(areas: Areas, roots: dict[int, int], site: IntArray, j: int, inside: BoolArray) -> None:
    """Give site ``j`` its root, unless another has it."""
    root = areas.root(j, inside & (site == NOWHERE)) if areas.possible[j] else NOWHERE
    if root >= 0 and site[root] == NOWHERE:
        roots[j] = root
        site[root] = j


def _joined(areas: Areas, roots: dict[int, int], site: IntArray) -> None:
    """Let points without an area join one that they border on, cheapest first."""
    data, dear = areas.data, areas.overload_cost
    load = np.bincount(site[site >= 0], weights=data.weight[site >= 0], minlength=data.m)
    least = np.min(data.cost, axis=0)
    waiting: list[tuple[float, int, int]] = []

    def offer(i: int) -> None:
        j = int(site[i])
        for k in areas.beside(i).tolist():
            if site[k] == NOWHERE and np.isfinite(data.cost[j, k]):
                heapq.heappush(waiting, (price(k, j), k, j))

    def price(k: int, j: int) -> float:
        over = max(0.0, load[j] + data.weight[k] - data.largest[j])
        return float(data.cost[j, k] - least[k] + dear * over)

    for i in np.flatnonzero(np.isin(site, list(roots))).tolist():
        offer(i)
    while waiting:
        told, k, j = heapq.heappop(waiting)
        if site[k] != NOWHERE:
            continue
        now = price(k, j)
        if now > told + 1e-9 * max(1.0, abs(told)):  # its site has filled up meanwhile
            heapq.heappush(waiting, (now, k, j))
            continue
        site[k] = j
        load[j] += data.weight[k]
        offer(k)


def _to_open(areas: Areas, roots: dict[int, int], site: IntArray) -> int | None:
    """The closed site that takes points without an area cheapest, None if no site can."""
    without = site < 0
    best, at = np.inf, None
    for j in np.flatnonzero(areas.possible).tolist():
        root = areas.root(j, without)
        if j in roots or root < 0 or not without[root] or not np.isfinite(areas.far[j, root]):
            continue
        count = int((without & np.isfinite(areas.far[j])).sum())
        price = float(areas.data.fixed_cost[areas.data.size_start[j]]) / max(1, count)
        if price < best:
            best, at = price, j
    return at


def _sized(areas: Areas, roots: dict[int, int], site: IntArray) -> WholePlan:
    """The plan of an assignment: the cheapest size that holds each area, else the largest."""
    data = areas.data
    load = np.bincount(site, weights=data.weight, minlength=data.m)
    chosen = np.full(data.m, -1)
    for j in roots:
        option = np.arange(data.size_start[j], data.size_start[j + 1])
        holds = option[data.capacity[option] >= load[j] * (1 - 1e-12)]
        chosen[j] = holds[np.argmin(data.fixed_cost[holds])] if len(holds) else option[-1]
    service = data.cost[site, np.arange(data.n)].sum()
    return WholePlan(chosen, site, float(service + data.fixed_cost[chosen[chosen >= 0]].sum()))

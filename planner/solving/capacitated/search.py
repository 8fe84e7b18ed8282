"""Plans by interchange: open, close, swap and resize sites, each judged by an exact transport.

Moves are ranked by what nearest open sites would cost without capacity (a lower bound of the
move, so a ranking that also prunes) and the most promising are evaluated exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray
from planner.solving.capacitated.attended import Pause, attended
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.transport import transport

TOGETHER = 8
"""Moves at different sites that are tried at once while plans are far from good."""
MOST_RANKED, KEPT_RANKED = 200, 50
"""Choices that are remembered by rank, and how many of them when there are too many."""
LONG_TRANSPORT = 100_000
"""Points x open sites from which a transport is listened to; smaller ones take milliseconds."""


@njit(cache=True, nogil=True)
def move_bounds(
    cost: FloatArray, weight: FloatArray, opened: IntArray, price: FloatArray, room: FloatArray
) -> FloatArray:
    """(q + 1, m + 1) lower bound of the service cost after "close a, open b"; the last is "none".

    The capacity prices of the present transport stay dual feasible for the sites that remain, and
    a new site may take price 0: ``sum_i min_j (c_ij + price_j w_i) - sum_j price_j room_j``.
    """
    m, n = cost.shape
    q = opened.size
    first = np.full(n, np.inf)
    second = np.full(n, np.inf)
    nearest = np.zeros(n, np.int64)
    kept = 0.0
    for a in range(q):
        kept += price[a] * room[a]
        for i in range(n):
            x = cost[opened[a], i] + price[a] * weight[i]
            if x < first[i]:
                second[i] = first[i]
                first[i] = x
                nearest[i] = a
            elif x < second[i]:
                second[i] = x
    total = np.empty((q + 1, m + 1))
    extra = np.empty(q)
    for b in range(m + 1):
        base = 0.0
        extra[:] = 0.0
        for i in range(n):
            x = cost[b, i] if b < m else np.inf
            stay = min(x, first[i])
            away = min(x, second[i])
            base += stay
            if away > stay:
                extra[nearest[i]] += away - stay
        total[q, b] = base - kept
        for a in range(q):
            total[a, b] = base + extra[a] - kept + price[a] * room[a]
    return total


@dataclass(frozen=True, eq=False)
class SitePlan:
    """Opened sizes with the exact cost of the best division of demand among them.

    ``chosen`` (m,) size option or -1; ``flow`` (q, n) shares by opened site; ``price`` (q,) what
    one more unit of capacity there would save.
    """

    chosen: IntArray
    objective: float
    flow: FloatArray
    price: FloatArray

    @property
    def opened(self) -> IntArray:
        """Positions of opened sites."""
        return np.flatnonzero(self.chosen >= 0)


class PlanSearch:
    """Finds and keeps good plans of one problem; every plan is evaluated once."""

    def __init__(self, data: CapacitatedData, pause: Pause = lambda: False) -> None:
        self.data = data
        self._pause = pause
        self._halt = np.zeros(1, np.int64)
        self.best: SitePlan | None = None
        self._needed = float(data.weight.sum())
        self._price = np.zeros(data.m)
        """What capacity was worth in the latest plan that had the site: where transports begin."""
        self._seen: dict[bytes, float] = {}
        self._ranking: dict[bytes, float] = {}

    @property
    def objective(self) -> float:
        """Of the best plan, ``inf`` without one."""
        return np.inf if self.best is None else self.best.objective

    @property
    def halted(self) -> bool:
        """Whether a transport was stopped: from then on "no plan" says nothing about a choice."""
        return bool(self._halt[0])

    def allowed(self, chosen: IntArray) -> bool:
        """Whether counts, required sites and total capacity hold."""
        data, opened = self.data, chosen >= 0
        if (data.required & ~opened).any():
            return False
        if not data.count_least <= opened.sum() <= data.count_most:
            return False
        count = np.bincount(data.group[opened], minlength=len(data.group_least))
        if (count < data.group_least).any() or (count > data.group_most).any():
            return False
        return bool(data.capacity[chosen[opened]].sum() >= self._needed * (1 - 1e-9))

    def evaluate(
        self, chosen: IntArray, limit: float = np.inf, *, shrink: bool = True
    ) -> SitePlan | None:
        """The plan with these sizes if it can be had for less than ``limit``.

        Sizes are shrunk to what the division of demand needs, unless ``shrink`` says not to.
        """
        key = chosen.tobytes()
        if self._seen.get(key, -np.inf) >= limit or not self.allowed(chosen):
            return None
        data = self.data
        opened = np.flatnonzero(chosen >= 0)
        fixed = float(data.fixed_cost[chosen[opened]].sum())
        flow, price = np.empty((len(opened), data.n)), np.empty(len(opened))
        room = np.minimum(data.capacity[chosen[opened]], self._needed)
        start = self._price[opened]
        served = self._served(opened, room, start, limit - fixed, flow, price)
        if self._halt[0]:
            return None
        self._seen[key] = fixed + served if np.isfinite(served) else limit
        if not np.isfinite(served):
            return None
        self._price[opened] = price
        self._rank(key, fixed + served)
        if shrink:
            chosen = self._shrunk(chosen, flow @ data.weight)
        fixed = float(data.fixed_cost[chosen[opened]].sum())
        return SitePlan(chosen, fixed + served, flow, price)

    def _served(
        self,
        opened: IntArray,
        room: FloatArray,
        start: FloatArray,
        limit: float,
        flow: FloatArray,
        price: FloatArray,
    ) -> float:
        """Cost of a transport; a large one, which may take seconds, stops when asked to."""
        job = partial(
            transport,
            self.data.cost,
            self.data.weight,
            opened,
            room,
            start,
            limit,
            flow,
            price,
            self._halt,
        )
        if flow.size < LONG_TRANSPORT:
            return float(job())
        return float(attended([job], self._halt, self._pause)[0])

    def evaluate_anew(self, chosen: IntArray, *, shrink: bool = True) -> SitePlan | None:
        """Evaluate even if it was before; None if there is no way to serve everybody."""
        self._seen.pop(chosen.tobytes(), None)
        return self.evaluate(chosen, shrink=shrink)

    def ranked(self, count: int) -> list[IntArray]:
        """The best choices seen so far, best first."""
        return [np.frombuffer(key, np.int64) for key in self._in_order()[:count]]

    def _rank(self, key: bytes, objective: float) -> None:
        self._ranking[key] = objective
        if len(self._ranking) > MOST_RANKED:
            self._ranking = {one: self._ranking[one] for one in self._in_order()[:KEPT_RANKED]}

    def _in_order(self) -> list[bytes]:
        return sorted(self._ranking, key=lambda key: (self._ranking[key], key))

    def _shrunk(self, chosen: IntArray, load: FloatArray) -> IntArray:
        """The cheapest size of each opened site that still holds its load."""
        data, fitted = self.data, chosen.copy()
        for j, used in zip(np.flatnonzero(chosen >= 0), load, strict=True):
            options = np.arange(data.size_start[j], data.size_start[j + 1])
            holds = options[data.capacity[options] >= used * (1 - 1e-12)]
            best = holds[np.argmin(data.fixed_cost[holds])] if len(holds) else chosen[j]
            if data.fixed_cost[best] < data.fixed_cost[chosen[j]]:
                fitted[j] = best
        return fitted

    def offer(self, chosen: IntArray) -> SitePlan | None:
        """Evaluate and keep if it is the best."""
        plan = self.evaluate(chosen)
        if plan is not None:
            self.take(plan)
        return plan

    def take(self, plan: SitePlan) -> None:
        """Keep the plan if it is the best."""
        if plan.objective < self.objective:
            self.best = plan

    def completed(self, chosen: IntArray, preference: FloatArray) -> IntArray:
        """Open further sites, most preferred first, until capacity and counts are met."""
        chosen = chosen.copy()
        for j in np.argsort(-preference, kind="stable"):
            if self.allowed(chosen):
                break
            if chosen[j] < 0:
                chosen[j] = self.data.size_start[j + 1] - 1
        return chosen

    def interchange(
        self,
        start: SitePlan,
        worth: FloatArray,
        *,
        breadth: int = 40,
        candidates: int = 40,
        pause: Callable[[], bool] = lambda: False,
    ) -> SitePlan:
        """Improve a plan until no ranked move does, or ``pause()`` says to stop.

        ``worth`` (k,) reduced cost of the sizes: only the best ``candidates`` closed sites are
        tried, and ``breadth`` moves are evaluated exactly before giving up.
        """
        current, together = start, TOGETHER
        while not pause():
            moves = self._moves(current, worth, breadth, candidates, current.objective)
            better = self._together(current, moves, together)
            together = min(TOGETHER, 2 * together) if better is not None else together // 2
            for chosen in moves:
                if better is not None or pause():
                    break
                better = self.evaluate(chosen, current.objective * (1 - 1e-9))
                if better is not None and better.objective >= current.objective:
                    better = None
            if better is None:
                break
            current = better
            self.take(current)
        return current

    def look_around(
        self,
        plan: SitePlan,
        worth: FloatArray,
        limit: float,
        *,
        breadth: int,
        candidates: int,
        pause: Callable[[], bool],
    ) -> None:
        """Evaluate, and so rank, the choices one move away that may cost less than ``limit``."""
        for chosen in self._moves(plan, worth, breadth, candidates, limit):
            if pause():
                return
            self.evaluate(chosen, limit)

    def _together(self, plan: SitePlan, moves: list[IntArray], count: int) -> SitePlan | None:
        """The plan after the best moves that touch different sites, if that is better."""
        chosen, touched, made = plan.chosen.copy(), np.zeros(self.data.m, np.bool_), 0
        for move in moves:
            changed = move != plan.chosen
            if made < count and not (touched & changed).any():
                chosen[changed] = move[changed]
                touched |= changed
                made += 1
        if made < 2:
            return None
        better = self.evaluate(chosen, plan.objective * (1 - 1e-9))
        return better if better is not None and better.objective < plan.objective else None

    def _moves(
        self, plan: SitePlan, worth: FloatArray, breadth: int, candidates: int, limit: float
    ) -> list[IntArray]:
        """The moves most likely to lead under ``limit``, best first: close, open, swap and resize.

        Each is ranked by a lower bound of what it leads to, at the plan's prices of capacity.
        """
        data, opened = self.data, plan.opened
        owner = np.repeat(np.arange(data.m), np.diff(data.size_start))
        is_open = plan.chosen[owner] >= 0
        closed = np.flatnonzero(~is_open)
        closed = closed[np.argsort(worth[closed], kind="stable")[:candidates]]
        room = np.minimum(data.capacity[plan.chosen[opened]], self._needed)
        totals = move_bounds(data.cost, data.weight, opened, plan.price, room)
        spare = room.sum() - self._needed * (1 - 1e-9)
        fixed = data.fixed_cost[plan.chosen[opened]]
        score = totals[:, np.append(owner[closed], data.m)] + fixed.sum()
        score -= np.append(fixed, 0.0)[:, None]
        score += np.append(data.fixed_cost[closed], 0.0)[None, :]
        after = spare - np.append(room, 0.0)[:, None] + np.append(data.capacity[closed], 0.0)
        score[after < 0] = np.inf
        score[-1, -1] = np.inf
        other = np.flatnonzero(is_open & (plan.chosen[owner] != np.arange(len(owner))))
        place = np.searchsorted(opened, owner[other])
        less = room[place] - np.minimum(data.capacity[other], self._needed)
        resized = totals[-1, -1] + fixed.sum() - fixed[place] + data.fixed_cost[other]
        resized = np.where(spare < less, np.inf, resized + plan.price[place] * less)
        ranking = np.concatenate([score.ravel(), resized])
        moves = []
        for at in np.argsort(ranking, kind="stable")[:breadth]:
            if ranking[at] >= limit:
                break
            chosen = plan.chosen.copy()
            if at >= score.size:
                chosen[owner[other[at - score.size]]] = other[at - score.size]
            else:
                drop, add = divmod(int(at), score.shape[1])
                if drop < len(opened):
                    chosen[opened[drop]] = -1
                if add < len(closed):
                    chosen[owner[closed[add]]] = closed[add]
            moves.append(chosen)
        return moves

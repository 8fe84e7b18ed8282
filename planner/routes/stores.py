"""Stores for clusters, rounds for the scattered: which of both costs least.

Producers near a store bring their waste there themselves or have it brought; the store holds it
until a lorry takes a full load. Scattered producers are visited on rounds. Opening every store is
one extreme, no store the other; between them lies the split that costs least: stores open where
they save more of rounds than they cost.

The cost of rounds is estimated while sets of stores are compared, and the best few sets are decided
by rounds that are really planned. The estimate is a continuous approximation (Daganzo,
Transportation Science 18, 1984): ways to the area and back for each load, and between stops the
root of the area
that each of them has; its two factors are fitted to solved rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.problem_faults import ProblemError, frozen, shape_faults
from planner.routes.estimate import HaulEstimate

RoundsCost = Callable[[IntArray], float]
"""Cost a year of really planned rounds, given the store of each producer (-1: it is visited)."""

FINALISTS = 4
"""Sets whose rounds are really planned, besides both extremes."""
STARTING = 3
"""Stores of the second start."""


@dataclass(frozen=True, eq=False)
class StoreChoice:
    """Producers, and stores that could open.

    Parameters
    ----------
    producer_t : (n,) tonnes a year
    store_cost : (m,) a year, of having the store
    bring_cost : (n, m) a year, of bringing everything of a producer to a store; ``inf`` if too far
        or not allowed
    capacity_t : (m,) a year
    """

    producer_t: FloatArray
    store_cost: FloatArray
    bring_cost: FloatArray
    capacity_t: FloatArray

    def __post_init__(self) -> None:
        for name in ("producer_t", "store_cost", "bring_cost", "capacity_t"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        n, m = len(self.producer_t), len(self.store_cost)
        faults = shape_faults("bring_cost", self.bring_cost, n, m)
        faults += shape_faults("capacity_t", self.capacity_t, m)
        if not faults and (np.isnan(self.bring_cost).any() or (self.bring_cost < 0).any()):
            faults.append(
                "bring_cost has values that are negative or no numbers; use inf for never"
            )
        if faults:
            raise ProblemError(faults)


@dataclass(frozen=True, eq=False)
class Split:
    """An answer with its cost in parts.

    Parameters
    ----------
    opened : (m,) stores that are open
    store_of : (n,) where each producer brings its waste, -1 where it is visited on rounds
    """

    opened: BoolArray
    store_of: IntArray
    stores_cny: float
    bringing_cny: float
    rounds_cny: float

    @property
    def cost_cny(self) -> float:
        """A year, of all three."""
        return self.stores_cny + self.bringing_cny + self.rounds_cny


@dataclass(frozen=True, eq=False)
class SplitComparison:
    """The split that costs least, beside both extremes."""

    best: Split
    all_rounds: Split
    all_stores: Split
    """Everybody who may brings to a store; who may not is still visited."""
    divided: Split | None = None
    """The cheapest that has both stores and rounds: rounds searched for longer may make it best."""


def choose_split(
    choice: StoreChoice,
    estimate: HaulEstimate,
    rounds_cost: RoundsCost,
    beat: Callable[[], None] | None = None,
) -> SplitComparison:
    """Stores to open and who uses them, with rounds for the rest.

    Local search over sets of stores on the estimate (open one, close one, exchange two), then the
    rounds of the best few sets and of both extremes planned, and the cheapest taken. ``beat`` is
    called for every set that is looked at; raising in it ends the search.
    """
    none = np.zeros(len(choice.store_cost), bool)
    tried: dict[bytes, tuple[float, BoolArray]] = {}

    def guess(opened: BoolArray) -> float:
        key = opened.tobytes()
        if beat is not None:
            beat()
        if key not in tried:
            store_of = assigned(choice, estimate, opened)
            tried[key] = (_estimated(choice, estimate, opened, store_of), opened)
        return tried[key][0]

    _descend(none, guess)
    _descend(_largest(choice), guess)
    ranked = [opened for _, opened in sorted(tried.values(), key=lambda one: one[0])]
    known = [
        _planned(choice, opened, assigned(choice, estimate, opened), rounds_cost)
        for opened in ranked[:FINALISTS]
    ]
    everywhere = _cover(choice)
    all_rounds = _planned(choice, none, np.full(len(choice.producer_t), -1), rounds_cost)
    all_stores = _planned(choice, everywhere, nearest(choice, everywhere), rounds_cost)
    best = min([*known, all_rounds, all_stores], key=lambda one: one.cost_cny)
    both = [one for one in known if one.opened.any() and (one.store_of < 0).any()]
    divided = min(both, key=lambda one: one.cost_cny, default=None)
    return SplitComparison(best, all_rounds, all_stores, divided)


def assigned(choice: StoreChoice, estimate: HaulEstimate, opened: BoolArray) -> IntArray:
    """(n,) the store that each producer uses: where bringing is cheaper than being visited."""
    store_of = nearest(choice, opened)
    for _ in range(2):
        visited = store_of < 0
        marginal = estimate.marginal(visited)
        options = np.where(opened, choice.bring_cost, np.inf)
        worth = options.min(axis=1, initial=np.inf) < marginal
        store_of = _with_room(choice, np.where(worth[:, None], options, np.inf))
    return store_of


def nearest(choice: StoreChoice, opened: BoolArray) -> IntArray:
    """(n,) the cheapest open store with room of each producer, -1 where there is none."""
    return _with_room(choice, np.where(opened, choice.bring_cost, np.inf))


def _with_room(choice: StoreChoice, options: FloatArray) -> IntArray:
    """The cheapest store that still has room, producers with the most to lose first."""
    n, m = options.shape
    store_of = np.full(n, -1)
    if m == 0:
        return store_of
    room = choice.capacity_t.copy()
    ordered = np.sort(options, axis=1)
    second = ordered[:, 1] if m > 1 else np.full(n, np.inf)
    with np.errstate(invalid="ignore"):
        regret = np.where(np.isfinite(ordered[:, 0]), second - ordered[:, 0], -1.0)
    for i in np.argsort(-np.nan_to_num(regret, nan=-1.0, posinf=1e18), kind="stable"):
        for j in np.argsort(options[i], kind="stable"):
            if not np.isfinite(options[i, j]):
                break
            if choice.producer_t[i] <= room[j] + 1e-9:
                store_of[i] = j
                room[j] -= choice.producer_t[i]
                break
    return store_of


def _cover(choice: StoreChoice) -> BoolArray:
    """Few stores that everybody who may can bring to (greedy set cover, by cost a producer)."""
    within = np.isfinite(choice.bring_cost)
    left: BoolArray = np.any(within, axis=1)
    opened = np.zeros(len(choice.store_cost), bool)
    while left.any():
        gain = (within & left[:, None]).sum(axis=0)
        price = np.where(gain > 0, choice.store_cost / np.maximum(gain, 1), np.inf)
        best = int(np.argmin(price))
        opened[best] = True
        left &= ~within[:, best]
    return opened


def _largest(choice: StoreChoice) -> BoolArray:
    """The stores that the most producers could bring to: a start that no single store leads to."""
    opened = np.zeros(len(choice.store_cost), bool)
    opened[np.argsort(-np.isfinite(choice.bring_cost).sum(axis=0), kind="stable")[:STARTING]] = True
    return opened


def _estimated(
    choice: StoreChoice, estimate: HaulEstimate, opened: BoolArray, store_of: IntArray
) -> float:
    stores, bringing = _fixed_parts(choice, opened, store_of)
    held = np.bincount(
        store_of[store_of >= 0],
        choice.producer_t[store_of >= 0],
        minlength=len(choice.store_cost),
    ).astype(np.float64)
    return stores + bringing + estimate.rounds(store_of < 0) + estimate.from_stores(held)


def _fixed_parts(choice: StoreChoice, opened: BoolArray, store_of: IntArray) -> tuple[float, float]:
    brings = np.flatnonzero(store_of >= 0)
    used = np.zeros(len(opened), bool)
    used[store_of[brings]] = True
    bringing = float(choice.bring_cost[brings, store_of[brings]].sum())
    return float(choice.store_cost[opened & used].sum()), bringing


def _planned(
    choice: StoreChoice, opened: BoolArray, store_of: IntArray, rounds_cost: RoundsCost
) -> Split:
    used = np.zeros(len(opened), bool)
    used[store_of[store_of >= 0]] = True
    stores, bringing = _fixed_parts(choice, opened, store_of)
    return Split(used, store_of, stores, bringing, rounds_cost(store_of))


def _descend(start: BoolArray, guess: Callable[[BoolArray], float]) -> BoolArray:
    """The best of all sets that differ by one store, or by an exchange, until none is better."""
    best, cost = start.copy(), guess(start)
    while True:
        near: Sequence[BoolArray] = _near(best)
        costs = [guess(one) for one in near]
        k = int(np.argmin(costs)) if costs else -1
        if k < 0 or costs[k] >= cost - 1e-9:
            return best
        best, cost = near[k], costs[k]


def _near(opened: BoolArray) -> list[BoolArray]:
    found = []
    for j in range(len(opened)):
        other = opened.copy()
        other[j] = ~other[j]
        found.append(other)
    for out in np.flatnonzero(opened):
        for new in np.flatnonzero(~opened):
            other = opened.copy()
            other[out], other[new] = False, True
            found.append(other)
    return found

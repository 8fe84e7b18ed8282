"""PyVRP's iterated local search on one model, with a clock, a listener and a start."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyvrp
from pyvrp.IteratedLocalSearch import (
    IteratedLocalSearch,
    IteratedLocalSearchCallbacks,
    IteratedLocalSearchParams,
)
from pyvrp.PenaltyManager import PenaltyManager, PenaltyParams
from pyvrp.search import (
    OPERATORS,
    LocalSearch,
    NeighbourhoodParams,
    PerturbationManager,
    compute_neighbours,
)

from planner.routes.pyvrp_model import PyvrpModel
from planner.routes.schedule import Order

OnOrders = Callable[[list[Order], float], None]
"""Hears every better set of rounds with its cost in CNY; raising in it ends the search."""


NONE = 2**62
"""A cost from here on is PyVRP's for a solution that breaks a rule."""
MAX_PENALTY = 100_000.0
"""PyVRP's default cap of the price of a unit of excess."""


@dataclass(frozen=True)
class Temper:
    """How a search behaves.

    Parameters
    ----------
    history : a solution is compared with the one of so many iterations back (late acceptance)
    updates : solutions between changes of the prices of excess
    exhaustive : each new best solution is searched in every neighbourhood; worth it where new best
        ones are rare
    """

    history: int
    updates: int
    exhaustive: bool = True


SHORT_S = 30.0
"""In a search of so few seconds there are some thousand iterations, not some hundred thousand."""
PATIENT = Temper(300, 500)
"""PyVRP's own, for long searches."""
HASTY = Temper(100, 500, exhaustive=False)
"""For short ones: worse solutions are left sooner."""
FICKLE = Temper(300, 100, exhaustive=False)
"""For a second search beside a short one: prices change oftener, so that it goes other ways."""
HEATS = 3
HEAT_SHARE, LEAST_HEAT_S, LONGEST_HEAT_S = 0.15, 0.6, 5.0
"""Beginnings, and the share of the time, or the seconds, that each of them has."""
BEAT_S = 0.2
"""A listener is asked this often whether to go on."""


@dataclass(frozen=True)
class SearchLimits:
    """When to stop: a moment of ``time.perf_counter`` (checked every iteration), and a seed."""

    end_s: float
    seed: int = 0
    iterations: int | None = None
    give_up_s: float = float("inf")
    """Stop at this moment where nothing yet keeps every rule."""
    temper: Temper | None = None
    """None is the one that suits the time."""
    processes: int = 1
    """2 where parts of a large task may be searched in a second process."""

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.end_s - time.perf_counter()


@dataclass(frozen=True, eq=False)
class Searched:
    """Orders with their cost (of the model's whole numbers, in CNY), or why there are none."""

    orders: list[Order]
    cost_cny: float
    feasible: bool
    left_out: list[int]
    """Jobs that no lorry takes."""


class _Listener(IteratedLocalSearchCallbacks):
    def __init__(
        self, model: PyvrpModel, hear: OnOrders | None, beat: Callable[[], None] | None
    ) -> None:
        self._model = model
        self._hear = hear
        self._beat = beat
        self._next_s = 0.0
        self._best: pyvrp.Solution | None = None
        """What the listener has not heard of; at first many are found in a moment."""

    def on_best(self, best: pyvrp.Solution) -> None:
        if best.is_feasible():
            self._best = best

    def on_iteration(self, *_: object) -> None:
        if time.perf_counter() < self._next_s:
            return
        self._next_s = time.perf_counter() + BEAT_S
        best, self._best = self._best, None
        if self._hear is not None and best is not None:
            self._hear(self._model.orders(best), cost_cny(self._model, best))
        if self._beat is not None:
            self._beat()


def cost_cny(model: PyvrpModel, solution: pyvrp.Solution) -> float:
    """Prices of a solution without penalties: lorries, driving, hours."""
    units = solution.distance_cost() + solution.duration_cost() + solution.fixed_vehicle_cost()
    return float(units) / model.cost_scale


def search(
    model: PyvrpModel,
    limits: SearchLimits,
    *,
    start: Sequence[Order] | None = None,
    hear: OnOrders | None = None,
    beat: Callable[[], None] | None = None,
) -> Searched:
    """The best rounds of a model within the limits, from ``start`` where there is one."""
    begin = None if start is None else model.solution(start)
    return searched(
        model, solved(model.data, model.cost_scale, limits, begin, _Listener(model, hear, beat))
    )


def search_anew(
    models: Sequence[PyvrpModel],
    limits: SearchLimits,
    *,
    hear: OnOrders | None = None,
    beat: Callable[[], None] | None = None,
) -> Searched:
    """The best of some short searches from different beginnings, searched on.

    A search seldom leaves the number of lorries that its beginning led to; so it is not left to
    one beginning. Counted iterations, and times too short to divide, are for one.

    Parameters
    ----------
    models : of one task, taken by turns; they may differ in the lorries that there are
    """
    best, model = None, models[0]
    heat_s = min(HEAT_SHARE * limits.left_s, LONGEST_HEAT_S)
    heats = HEATS if limits.iterations is None and heat_s >= LEAST_HEAT_S else 0
    for heat in range(heats):
        end_s = min(limits.end_s, time.perf_counter() + heat_s)
        part = replace(limits, end_s=end_s, seed=limits.seed + heat, temper=limits.temper or HASTY)
        other = models[heat % len(models)]
        found = search(other, part, hear=hear, beat=beat)
        if found.feasible and (best is None or found.cost_cny < best.cost_cny):
            best, model = found, other
    start = None if best is None else best.orders
    rest = replace(limits, seed=limits.seed + heats)
    found = search(model, rest, start=start, hear=hear, beat=beat)
    return found if best is None or found.cost_cny <= best.cost_cny else best


def solved(
    data: pyvrp.ProblemData,
    cost_scale: float,
    limits: SearchLimits,
    begin: pyvrp.Solution | None,
    listener: IteratedLocalSearchCallbacks | None = None,
) -> pyvrp.Solution:
    """PyVRP's best solution of its own data, from ``begin`` or from a random one."""
    rng = pyvrp.RandomNumberGenerator(seed=limits.seed)
    local = LocalSearch(
        data, rng, compute_neighbours(data, NeighbourhoodParams()), PerturbationManager()
    )
    for operator in OPERATORS:
        if operator.supports(data):
            local.add_operator(operator(data))
    temper = limits.temper or (HASTY if limits.left_s <= SHORT_S else PATIENT)
    # PyVRP's own cap is for prices of about one; a cent here is a thousand of its units.
    params = PenaltyParams(
        solutions_between_updates=temper.updates,
        max_penalty=MAX_PENALTY * max(1.0, cost_scale / 100),
    )
    penalties = PenaltyManager(params.midpoint_penalties(data), params)
    listener = listener or IteratedLocalSearchCallbacks()
    strict = penalties.max_cost_evaluator()
    first = pyvrp.Solution.make_random(data, rng) if begin is None else begin
    polished = local(first, strict, exhaustive=True)
    if begin is None or strict.cost(polished) <= strict.cost(first):
        first = polished
    if first.is_feasible():
        listener.on_best(first)
    algorithm = IteratedLocalSearch(
        data,
        penalties,
        local,
        first,
        IteratedLocalSearchParams(
            history_length=temper.history,
            exhaustive_on_best=temper.exhaustive,
            callbacks=listener,
        ),
    )
    return algorithm.run(_Stop(limits), collect_stats=False).best


def searched(model: PyvrpModel, best: pyvrp.Solution) -> Searched:
    """PyVRP's solution in our terms."""
    return Searched(
        model.orders(best), cost_cny(model, best), best.is_feasible(), model.left_out(best)
    )


class _Stop:
    """The clock, and iterations where runs have to be alike."""

    def __init__(self, limits: SearchLimits) -> None:
        self._limits = limits
        self._count = 0

    def __call__(self, best_cost: float) -> bool:
        self._count += 1
        most = self._limits.iterations
        if most is not None and self._count > most:
            return True
        now = time.perf_counter()
        return now >= self._limits.end_s or (now >= self._limits.give_up_s and best_cost >= NONE)

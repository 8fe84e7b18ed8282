"""Large streams from the top tier down: choose at the top, bound below, improve by parts.

1. For each choice at the top (:mod:`choices`) the upper tiers are solved as a linear program with
   hauls alone; its duals price a tonne handed on by the first tier.
2. At these prices the first tier falls apart into facilities (:mod:`first_tier`, :mod:`prices`) and
   the upper tiers into a program of their own (:mod:`upper`): the sum is a bound of the choice.
3. The most promising choices get a plan: whole sizes above for the hauls, then the first tier with
   these fixed, then both again by parts (:mod:`improving`).
4. What is not beaten yet gets better onward prices, along what the two halves disagree on, the
   weakest bound first, in turn with better plans.

Rules that the bound leaves out (they speak of the first tier and others at once) only weaken it:
plans are always plans of the whole model.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import numpy as np

from planner.models.modelling import ArrayWriter
from planner.models.tiered import build
from planner.problem import FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE, SolverSettings
from planner.solving import highs, judging
from planner.solving.highs import Ending, HighsOptions, LinearProgram
from planner.solving.method import Watch
from planner.solving.tiered import linear
from planner.solving.tiered.below import planned_below
from planner.solving.tiered.choices import Choice, choices_of, closed
from planner.solving.tiered.first_tier import FirstTier
from planner.solving.tiered.improving import Improver
from planner.solving.tiered.plain import GroupAnswer, arcs_of, solve_plain
from planner.solving.tiered.prices import Priced, first_prices, moved_prices, raised
from planner.solving.tiered.upper import Upper
from planner.tiered.network import DEMAND
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import GoalKind

METHOD = "tiered decomposition"
LEAST_ARCS = 8_000
"""Smaller problems are solved sooner as they stand."""
ROUNDS = 250
ROUNDS_AGAIN = 60
"""Rounds of the first tier's prices, from scratch and from another choice's."""
STEPS, MOST_STEPS = 4, 40
"""Moves of the onward prices at a time, and in all."""


def suits(problem: TieredProblem) -> bool:
    """One large stream whose points all give to the first tier, for cost, wholly served."""
    if len(problem.streams) != 1 or arcs_of(problem) < LEAST_ARCS:
        return False
    stream = problem.streams[0]
    kinds = [part for goal in problem.goals for part in goal.parts]
    from_demand = [stream.legs[n].destination for n in stream.legs_from(DEMAND)]
    return (
        kinds == [(GoalKind.COST, 1.0)]
        and len(stream.tiers) > 1
        and from_demand == [stream.tiers[0].id]
        and bool(stream.legs_from(stream.tiers[0].id))
        and not stream.tiers[0].single_destination
        and bool((stream.coverage_target >= 1 - 1e-9).all())
    )


def load_kernels(problem: TieredProblem) -> None:
    """Compile (once a machine) and load the kernels, before a clock runs."""
    first = FirstTier.of(problem, 0)
    onward = np.zeros((len(problem.phases), first.count))
    raised(first, onward, first_prices(first, onward), rounds=1, stop=lambda: False)
    planned_below(problem, first, onward, seed=0, rounds=1)


def lacks_room(problem: TieredProblem) -> bool:
    """Whether the first tier at its largest cannot take all, or a point fits nowhere, in a phase.

    Sums say so at once; prices and searches would only find no plan for as long as they are let.
    """
    stream = problem.streams[0]
    leg, tier = stream.legs[stream.legs_from(DEMAND)[0]], stream.tiers[0]
    start = tier.facilities.size_start
    largest = np.maximum.reduceat(tier.usable_capacity_t_per_yr, start[:-1])
    slack = 1 + 2 * FEASIBILITY_TOLERANCE
    for tonnes, alive in zip(stream.demand.tonnes, problem.alive(tier), strict=True):
        room = largest * alive * slack + FEASIBILITY_TOLERANCE
        if tonnes[stream.reachable].sum() > room.sum():
            return True
        most = np.full(len(tonnes), np.inf if not stream.single_source else 0.0)
        np.maximum.at(most, leg.row, room[leg.to])
        if (tonnes > most)[stream.reachable].any():
            return True
    return False


def solve_decomposed(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """Solve one stream; ``answer`` holds the best so far at every moment."""
    if lacks_room(problem):
        # Nothing to decompose: the plain model proves it at once, which leaves time to explain.
        solve_plain(problem, settings, watch, answer)
        return
    run = _Run(problem, settings, watch, answer)
    run.solve()
    if answer.plans is None and watch.remaining_s > 0:
        # Rules that clash are the plain model's to prove and to explain.
        bounds = list(answer.bounds)
        solve_plain(problem, settings, watch, answer)
        if bounds and answer.bounds and not answer.infeasible:
            answer.bounds[0] = max(answer.bounds[0], bounds[0])


class _Run:
    """One solve of one stream."""

    def __init__(
        self, problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
    ) -> None:
        self._problem, self._settings, self._watch = problem, settings, watch
        self._answer = answer
        answer.method, answer.bound_proof = METHOD, "lagrangian + solver"
        answer.reached, answer.bounds = [np.inf], [-np.inf]
        watch.report("build")
        with _Timed(answer, "build"):
            write = partial(ArrayWriter, tick=lambda: watch.report("build"))
            self._model = build(problem, write)
            self._program = self._model.linear.arrays()
            self._first = FirstTier.of(problem, 0)
            self._upper = Upper.of(problem, self._model, self._program, self._first)
            self._choices = choices_of(problem, self._model)
        position = np.full(len(self._program.cost), -1)
        position[self._upper.kept] = np.arange(len(self._upper.kept))
        self._position: IntArray = position
        self._rounds = 0
        self._known: tuple[Priced, FloatArray] | None = None
        self._improver = Improver(problem, self._model, self._program, settings, watch, answer)

    def solve(self) -> None:
        """Guess, bound and plan every choice, then close what is left."""
        with _Timed(self._answer, "guess"):
            prices = self._guess()
        with _Timed(self._answer, "bound"):
            order = np.argsort([choice.guess for choice in self._choices], kind="stable")
            ranked = [(self._choices[c], prices[c]) for c in order.tolist()]
            self._bound_each(ranked[:1])
        self._settle("bound")
        with _Timed(self._answer, "plan"):
            self._plan(ranked[0][0])
        with _Timed(self._answer, "bound"):
            self._bound_each(ranked[1:])
        self._settle("bound")
        self._close()

    def _bound_each(self, ranked: list[tuple[Choice, FloatArray | None]]) -> None:
        for choice, onward in ranked:
            if onward is not None and not self._is_beaten(choice) and not self._over():
                self._bound(choice, onward)

    def _over(self) -> bool:
        self._watch.report("bound", *self._progress())
        return self._watch.remaining_s <= 0

    def _progress(self) -> tuple[float, float]:
        reached, bound = self._answer.reached[0], self._answer.bounds[0]
        return (
            reached if np.isfinite(reached) else float("nan"),
            bound if np.isfinite(bound) else float("nan"),
        )

    @property
    def _limit(self) -> float:
        """A choice bounded from here up cannot improve on the gap asked for."""
        reached = self._answer.reached[0]
        return reached - self._settings.gap * abs(reached) if np.isfinite(reached) else np.inf

    def _is_beaten(self, choice: Choice) -> bool:
        return choice.bound >= self._limit

    def _settle(self, phase: str) -> None:
        """The bound of the whole is the least of the choices', or the objective."""
        bound = min(choice.bound for choice in self._choices)
        bound = min(judging.outward(bound, maximise=False), self._answer.reached[0])
        self._answer.bounds[0] = max(self._answer.bounds[0], bound)
        self._watch.report(phase, *self._progress())

    def _guess(self) -> list[FloatArray | None]:
        """Hauls alone for each choice: its guess, and the prices of handing on a tonne."""
        prices: list[FloatArray | None] = []
        program = _relaxed(self._upper.hauled())
        for choice in self._choices:
            solved = linear.solved(closed(program, self._columns(choice)), self._left())
            if solved.infeasible:
                choice.bound = np.inf
            choice.guess = solved.objective
            if solved.dual is not None:  # what the first tier costs to build is left out
                choice.bound = max(choice.bound, _weakened(solved.objective))
            prices.append(None if solved.dual is None else self._upper.prices(solved.dual))
            self._watch.report("guess")
        return prices

    def _left(self) -> float | None:
        return None if np.isinf(self._watch.remaining_s) else max(0.5, self._watch.remaining_s)

    def _columns(self, choice: Choice) -> IntArray:
        inside: IntArray = self._position[choice.shut]
        return inside[inside >= 0]

    def _bound(self, choice: Choice, onward: FloatArray) -> None:
        """First tier and upper tiers at the choice's own prices."""
        pay, rounds = first_prices(self._first, onward), ROUNDS
        if self._known is not None:
            pay, rounds = moved_prices(self._first, *self._known, onward), ROUNDS_AGAIN
        priced = raised(self._first, onward, pay, rounds=rounds, stop=self._over)
        self._known = (priced, onward)
        program = closed(self._upper.priced(onward), self._columns(choice))
        found = highs.run(_relaxed(program), HighsOptions(self._left()))
        if found.ending is Ending.FINISHED:
            choice.bound = max(choice.bound, priced.bound + _weakened(found.bound))
        choice.opened = priced.opened.max(axis=0)
        choice.prices = (priced, onward)

    def _plan(self, choice: Choice) -> None:
        """Whole sizes above for the hauls, then the first tier below them."""
        choice.tried = True
        program = closed(self._upper.hauled(), self._columns(choice))
        seconds = self._slice(0.15)
        found = highs.run(program, HighsOptions(seconds, 2e-3, seed=self._settings.seed))
        if not found.has_values:
            return
        fixed = np.full(len(self._program.cost), np.nan)
        fixed[self._upper.kept] = found.values[: len(self._upper.kept)]
        if choice.prices is not None:
            below = planned_below(self._problem, self._first, choice.prices[1], self._settings.seed)
            if below is not None:
                self._improver.take_below(fixed, below)
        if np.isfinite(self._answer.reached[0]):
            self._improver.above(choice.shut, self._slice(0.3))
        else:
            self._improver.plan_below(fixed, choice.opened, self._slice(0.3))
        self._settle("plan")

    def _below_again(self, choice: Choice) -> None:
        """The first tier anew for what the best plan's upper tiers ask, and the upper over it."""
        values = self._improver.values
        if not len(values):
            return
        program = _relaxed(self._upper.hauled())
        lower, upper = program.lower.copy(), program.upper.copy()
        whole = np.flatnonzero(self._program.integer[self._upper.kept])
        lower[whole] = upper[whole] = np.rint(values[self._upper.kept[whole]])
        solved = linear.solved(replace(program, lower=lower, upper=upper), self._left())
        if solved.dual is None:
            return
        onward = self._upper.prices(solved.dual)
        self._rounds += 1
        below = planned_below(
            self._problem, self._first, onward, self._settings.seed + self._rounds
        )
        if below is not None:
            fixed = np.full(len(values), np.nan)
            fixed[self._upper.kept] = values[self._upper.kept]
            self._improver.take_below(fixed, below)
        self._improver.above(choice.shut, self._slice(0.2))

    def _slice(self, share: float) -> float:
        """Seconds for one step."""
        left = self._watch.remaining_s
        return 20.0 if np.isinf(left) else max(0.5, share * left)

    def _close(self) -> None:
        """Raise the weakest bound or find a better plan, in turn, until gap or time says enough."""
        while self._watch.remaining_s > 0:
            self._settle("close")
            open_ones = [one for one in self._choices if not self._is_beaten(one)]
            if not open_ones or all(one.exhausted for one in open_ones):
                return
            untried = [one for one in open_ones if not one.tried]
            if untried:
                best = min(untried, key=lambda one: one.guess)
                with _Timed(self._answer, "plan"):
                    self._plan(best)
            with _Timed(self._answer, "improve"):
                self._below_again(min(open_ones, key=lambda one: one.guess))
                self._improver.improve(self._slice(0.1))
            weakest = min(
                (one for one in open_ones if not one.exhausted), key=lambda one: one.bound
            )
            if not self._is_beaten(weakest):
                with _Timed(self._answer, "close"):
                    self._raise(weakest)
        self._settle("close")

    def _raise(self, choice: Choice) -> None:
        """Move the onward prices along what the two halves disagree on, a few steps at a time."""
        if choice.prices is None or choice.steps >= MOST_STEPS:
            choice.exhausted = True
            return
        if choice.disagreement is None:
            choice.disagreement = np.zeros_like(choice.prices[1])
        for _ in range(STEPS):
            if self._over() or self._is_beaten(choice):
                return
            self._step(choice)

    def _step(self, choice: Choice) -> None:
        assert choice.prices is not None  # noqa: S101 - asked before
        assert choice.disagreement is not None  # noqa: S101
        priced, onward = choice.prices
        program = closed(_relaxed(self._upper.priced(onward)), self._columns(choice))
        found = highs.run(program, HighsOptions(self._left()))
        if found.ending is not Ending.FINISHED:
            choice.exhausted = True
            return
        wanted = priced.supply - self._upper.supply(onward, found.values)
        share = 1.0 if choice.steps == 0 else 0.4
        choice.disagreement = share * wanted + (1 - share) * choice.disagreement
        size = float((choice.disagreement**2).sum())
        choice.steps += 1
        if size <= 0:
            choice.exhausted = True
            return
        ahead = choice.reach * 0.01 * abs(choice.bound) / size
        moved = onward + ahead * choice.disagreement
        pay = moved_prices(self._first, priced, onward, moved)
        again = raised(self._first, moved, pay, rounds=ROUNDS_AGAIN, stop=self._over)
        program = closed(_relaxed(self._upper.priced(moved)), self._columns(choice))
        found = highs.run(program, HighsOptions(self._left()))
        if found.ending is Ending.FINISHED:
            bound = again.bound + _weakened(found.bound)
            if bound > choice.bound:
                choice.bound, choice.prices = bound, (again, moved)
                return
        choice.reach *= 0.5


def _relaxed(program: LinearProgram) -> LinearProgram:
    return replace(program, integer=np.zeros(len(program.cost), np.bool_))


def _weakened(bound: float) -> float:
    """A solver's bound, less what its tolerances may have added."""
    return bound - 1e-7 * abs(bound)


class _Timed:
    """Adds the seconds of a stage to the answer."""

    def __init__(self, answer: GroupAnswer, stage: str) -> None:
        self._answer, self._stage = answer, stage

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = self._answer.stage_seconds
        spent = time.perf_counter() - self._began_s
        seconds[self._stage] = seconds.get(self._stage, 0.0) + spent

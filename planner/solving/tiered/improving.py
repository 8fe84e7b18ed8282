"""Better plans of the whole model with most of it held: below fixed upper tiers, zone by zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.models.tiered import TieredModel
from planner.problem import BoolArray, FloatArray, IntArray
from planner.solution import SolverSettings
from planner.solving.highs import EMPTY, LinearProgram
from planner.solving.method import Watch
from planner.solving.pulp_solver import run_program
from planner.solving.tiered.plain import GroupAnswer
from planner.solving.tiered.reading import completed, plans_of_values
from planner.tiered.network import DEMAND
from planner.tiered.objectives import goal_value
from planner.tiered.problem import TieredProblem

LOOKED_AT = 0.02
"""Share of rounds in which a first facility must have been open to be looked at."""
ZONES = 6
"""Pieces that the points are cut into for improvement, overlapping."""


class Improver:
    """Restricted solves of one stream's whole model; the best plan goes to the answer."""

    def __init__(
        self,
        problem: TieredProblem,
        model: TieredModel,
        program: LinearProgram,
        settings: SolverSettings,
        watch: Watch,
        answer: GroupAnswer,
    ) -> None:
        self._problem, self._model, self._program = problem, model, program
        self._settings, self._watch, self._answer = settings, watch, answer
        self._values: FloatArray = EMPTY
        self._zone = 0
        self._random = np.random.default_rng(settings.seed)

    def take_below(self, fixed: FloatArray, phases: Sequence[tuple[IntArray, IntArray]]) -> None:
        """A plan from whole decisions above and a first tier by phases.

        Parameters
        ----------
        fixed : (c,) values of upper columns, NaN elsewhere; only whole decisions are held
        phases : for each phase the size of each first facility and the arc of each point
        """
        values = np.where(np.isfinite(fixed), fixed, 0.0)
        for t, (size, arc) in enumerate(phases):
            values[self._model.open[0, 0][t, size[size >= 0]]] = 1.0
            columns = self._model.carried[0, 0][t, arc[arc >= 0]]
            values[columns] = 1.0
        finished = completed(self._program, values)
        if finished is not None:
            self._take(finished)

    def above(self, shut: IntArray, seconds: float) -> None:
        """The best upper tiers over the first tier as it is, with some columns closed."""
        if not len(self._values):
            return
        held = np.zeros(len(self._values), np.bool_)
        held[self._model.open[0, 0].ravel()] = True
        shares = self._model.carried[0, 0]
        held[shares[shares >= 0]] = True
        lower, upper = self._program.lower.copy(), self._program.upper.copy()
        lower[held] = upper[held] = self._values[held]
        upper[shut] = 0.0
        start = self._values if not self._values[shut].any() else EMPTY
        self._solve(replace(self._program, lower=lower, upper=upper), seconds, start)

    @property
    def values(self) -> FloatArray:
        """(c,) of the best plan in the whole model, empty without one."""
        return self._values

    def plan_below(self, fixed: FloatArray, opened: FloatArray | None, seconds: float) -> None:
        """The best first tier under whole decisions above, by the whole model."""
        lower, upper = self._program.lower.copy(), self._program.upper.copy()
        held = self._program.integer & np.isfinite(fixed)
        lower[held] = upper[held] = np.rint(fixed[held])
        if opened is not None:
            part = self._problem.streams[0].tiers[0].facilities
            seldom = (opened < LOOKED_AT)[part.facility_of_size]
            columns = self._model.open[0, 0][:, seldom]
            upper[columns[lower[columns] == 0]] = 0.0
        self._solve(replace(self._program, lower=lower, upper=upper), seconds, EMPTY)

    def improve(self, seconds: float) -> None:
        """Free the first tier of one zone after the other, and the upper tiers with it."""
        if not len(self._values):
            return
        end_s = self._watch.seconds + seconds
        for _ in range(ZONES):
            left = end_s - self._watch.seconds
            if left <= 0:
                return
            self._solve(self._around(self._next_zone()), min(left, 4.0), self._values)

    def _next_zone(self) -> BoolArray:
        """(n,) points of the next zone: those that share first facilities with a seed."""
        stream = self._problem.streams[0]
        leg = stream.legs[stream.legs_from(DEMAND)[0]]
        n = len(stream.demand)
        seed = int(self._random.integers(n))
        zone = np.zeros(n, np.bool_)
        zone[seed] = True
        wanted = max(8, n // ZONES)
        while zone.sum() < wanted:
            facilities = np.unique(leg.to[zone[leg.row]])
            grown = zone.copy()
            grown[leg.row[np.isin(leg.to, facilities)]] = True
            if grown.sum() == zone.sum():
                break
            zone = grown
        return zone

    def _around(self, zone: BoolArray) -> LinearProgram:
        """Hold everything whole except what the zone's points may use, and one tier above."""
        stream, values = self._problem.streams[0], self._values
        lower, upper = self._program.lower.copy(), self._program.upper.copy()
        free = np.zeros(len(lower), np.bool_)
        leg = stream.legs[stream.legs_from(DEMAND)[0]]
        near = zone[leg.row]
        for t in range(len(self._problem.phases)):
            shares = self._model.carried[0, 0][t, near]
            free[shares[shares >= 0]] = True
        facilities = np.unique(leg.to[near])
        free[self._opening(0, facilities)] = True
        for n in stream.legs_from(stream.tiers[0].id):
            onward = stream.legs[n]
            if onward.destination in stream.tier_ids:
                k = stream.tier_ids.index(onward.destination)
                cheap = np.isin(onward.row, facilities)
                nearest = self._nearest(onward.row[cheap], onward.to[cheap], n, cheap)
                free[self._opening(k, nearest)] = True
        held = self._program.integer & ~free
        lower[held] = upper[held] = np.rint(values[held])
        return replace(self._program, lower=lower, upper=upper)

    def _nearest(self, row: IntArray, to: IntArray, n: int, cheap: BoolArray) -> IntArray:
        """Destinations that are among the three nearest of any of these facilities."""
        cost = self._problem.streams[0].legs[n].cost_cny_per_t[cheap]
        order = np.lexsort((cost, row))
        first = np.searchsorted(row[order], row[order], side="left")
        rank = np.arange(len(order)) - first
        return np.unique(to[order][rank < 3])

    def _opening(self, k: int, facilities: IntArray) -> IntArray:
        part = self._problem.streams[0].tiers[k].facilities
        columns: IntArray = self._model.open[0, k][:, np.isin(part.facility_of_size, facilities)]
        return columns.ravel()

    def _solve(self, program: LinearProgram, seconds: float, start: FloatArray) -> None:
        watch = self._watch.part(seconds)
        settings = replace(self._settings, gap=min(self._settings.gap / 4, 2e-3))
        found = run_program(program, settings, watch, phase="improve", start=start)
        if found.has_values:
            finished = completed(self._program, found.values)
            self._take(found.values if finished is None else finished)

    def _take(self, values: FloatArray) -> None:
        plans = plans_of_values(self._problem, self._model, values)
        reached = goal_value(self._problem, plans, self._problem.goals[0])
        if reached < self._answer.reached[0]:
            self._answer.plans, self._answer.reached[0] = plans, reached
            self._values = values

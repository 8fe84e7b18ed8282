"""The incumbent of a search in row form, and the value from which nothing better is left.

Everything that looks for sites reports here; everything that proves asks here for the cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving import assignment
from planner.solving.method import Found, Watch
from planner.solving.uncapacitated.core import Core
from planner.solving.uncapacitated.interchange import interchange
from planner.solving.uncapacitated.rows import Rows, Rules, offered_by

_MOVES = 100_000
_WHOLE_SLACK = 1e-3
"""How far above the next lower whole number a bound must be to be lifted; bounds are safe for
rounding already, so this only keeps subtraction of large numbers out of the matter."""
_LARGEST_EXCHANGE = 10_000_000
"""Entries (rows' arcs, or open sites x sites) up to which interchange is worth its time."""


@dataclass(eq=False)
class Search:
    """One search over a core: its incumbent and what is known of the optimum.

    Parameters
    ----------
    value : of the best choice so far, in row form; ``inf`` before there is one
    chosen : positions of its sites in the core
    bound : best proven lower bound in row form
    any_plan : the first choice that serves everybody ends the search, and nothing of it is told
        to the listener but that it is alive
    """

    problem: SitingProblem
    core: Core
    settings: SolverSettings
    watch: Watch
    method: str
    any_plan: bool = False
    value: float = np.inf
    chosen: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    bound: float = -np.inf
    tried: set[bytes] = field(default_factory=set)
    penalty: FloatArray = field(init=False)
    ceiling: float = field(init=False)
    """A value that no allowed choice exceeds: a bound above it proves that there is none."""

    def __post_init__(self) -> None:
        rows, rules = self.core.rows, self.core.rules
        self.penalty = _penalties(rows, rules)
        self.ceiling = _ceiling(rows, rules)

    @property
    def has_plan(self) -> bool:
        """Whether any allowed choice serves everybody who must be served."""
        return bool(np.isfinite(self.value))

    @property
    def cutoff(self) -> float:
        """A bound at or above this ends the search: nothing much better than the incumbent is left.

        With whole objectives the next better one is 1 lower; otherwise the asked gap, a little
        tightened so that rounding the bound outward does not miss it.
        """
        if not self.has_plan:
            return self.ceiling
        if self.any_plan:
            return -np.inf
        gap = max(0.0, self.settings.gap - 2e-9) * abs(self.core.objective(self.value))
        if not self.core.whole:
            return self.value - gap
        return self.value - max(gap, 1.0 - _WHOLE_SLACK)

    @property
    def aim(self) -> float:
        """Finite value that an ascent's steps reach for."""
        return self.value if self.has_plan else self.ceiling

    def settled(self, bound: float) -> float:
        """The best that may be claimed once nothing under ``bound`` is left.

        Whole objectives lift it to the next whole number.
        """
        if self.core.whole and np.isfinite(bound):
            bound = float(np.ceil(bound - 0.5 * _WHOLE_SLACK))
        return min(bound, self.value) if self.has_plan else bound

    def raise_bound(self, bound: float, phase: str) -> None:
        """Take in a proven bound and tell the listener.

        One at the cutoff says that nothing better is left, or nothing at all without a plan.
        """
        nothing = not self.has_plan and bound >= self.ceiling
        self.bound = np.inf if nothing else max(self.bound, self.settled(bound))
        self.report(phase)

    def report(self, phase: str) -> None:
        """Tell the listener how far it is; raises ``Cancelled`` when it has had enough."""
        if self.any_plan:
            self.watch.report(phase)
            return
        objective = self.core.objective(self.value) if self.has_plan else float("nan")
        known = np.isfinite(self.bound)
        bound = self.core.objective(self.bound) if known else float("nan")
        self.watch.report(phase, objective, bound)

    @property
    def infeasible(self) -> bool:
        """Whether it is proven that no allowed choice serves everybody."""
        return not self.has_plan and self.bound == np.inf

    def out_of_time(self) -> bool:
        """Whether the watch's time is up."""
        return self.watch.remaining_s <= 0.0

    def offer(self, chosen: IntArray) -> bool:
        """Take a choice that keeps the counts as incumbent if it is the best so far."""
        opened = np.zeros(len(self.core.rules.fixed), np.bool_)
        opened[chosen] = True
        served = offered_by(self.core.rows, opened).sum()
        value = float(served + self.core.rules.fixed[chosen].sum())
        if not value < self.value:
            return False
        self.value, self.chosen = value, np.asarray(chosen, np.int64)
        return True

    def improve(self, chosen: BoolArray) -> bool:
        """Improve an allowed choice by interchange and offer it; each start is tried once."""
        first = np.flatnonzero(chosen)
        key = first.tobytes()
        if key in self.tried:
            return False
        self.tried.add(key)
        if self.exchanges:
            rows, rules = self.core.rows, self.core.rules
            first, _ = interchange(rows, rules, self.penalty, first, _MOVES)
        return self.offer(first)

    @property
    def exchanges(self) -> bool:
        """Whether interchange is worth its time and memory."""
        rows, rules = self.core.rows, self.core.rules
        m = len(rules.fixed)
        slots = min(m, int(rules.most[-1]))
        return slots * m <= _LARGEST_EXCHANGE and len(rows.site) <= 8 * _LARGEST_EXCHANGE

    def found(self, proof: str) -> Found:
        """The incumbent (or an earlier plan that beats it) as the seam wants it."""
        worst = -np.inf if self.core.covered_of is None else np.inf
        bound = self.core.objective(self.bound) if np.isfinite(self.bound) else worst
        earlier = self.watch.best
        if earlier is not None and self._is_beaten_by(earlier):
            return replace(earlier, bound=bound, bound_proof=proof, reduced=self.core.reduced)
        if not self.has_plan:
            return replace(Found.nothing(self.method, bound=bound), reduced=self.core.reduced)
        plan = assignment.to_best_open_site(self.problem, self.core.sizes(self.chosen))
        objective = plan.objective(self.problem)
        if self.bound >= self.value:
            bound = objective  # the same number, without the rounding of two ways to it
        return Found(
            plan.size,
            plan.demand,
            plan.site,
            plan.share,
            objective,
            bound,
            self.method,
            bound_proof=proof,
            reduced=self.core.reduced,
        )

    def _is_beaten_by(self, earlier: Found) -> bool:
        mine, theirs = self.core.objective(self.value), earlier.objective
        if not np.isfinite(theirs):
            return False
        return theirs > mine if self.core.covered_of is not None else theirs < mine


def _penalties(rows: Rows, rules: Rules) -> FloatArray:
    """(n,) finite cost of a point left unserved, so dear that serving it always pays."""
    dearest = float(rows.cost.max(initial=0.0)) + float(rules.fixed.max(initial=0.0))
    return np.where(np.isfinite(rows.outside), rows.outside, 4.0 * dearest + 1.0)


def _ceiling(rows: Rows, rules: Rules) -> float:
    """The dearest that any choice can be, and a little more than rounding can add."""
    held = np.diff(rows.start) > 0
    dearest = np.where(np.isfinite(rows.outside), rows.outside, 0.0)
    dearest[held] = np.maximum(dearest[held], rows.cost[rows.start[1:][held] - 1])
    opened = np.sort(rules.fixed)[len(rules.fixed) - max(0, int(rules.most[-1])) :]
    total = float(dearest.sum() + opened.sum())
    return total + 1e-6 * max(1.0, total)

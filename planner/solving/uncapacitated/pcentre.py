"""p-centre by bisection: the shortest radius at which some allowed choice covers everybody.

Every question "does this radius suffice?" is a set cover with counts (Minieka 1970), and rows that
shrink with the radius make most of them small. The worst impedance is one of those that occur, so
the answer is exact; what is proven at any moment is the largest radius shown not to suffice, plus
one step.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit

from planner.problem import FloatArray, IntArray, Objective, SitingProblem
from planner.solution import Cancelled, SolverSettings, relative_gap
from planner.solving import assignment
from planner.solving.method import Found, Watch
from planner.solving.uncapacitated import reduce
from planner.solving.uncapacitated.core import (
    cheapest_sizes,
    cover_core,
    keeps_rules,
    needed_mib,
    site_rules,
)
from planner.solving.uncapacitated.interchange import interchange
from planner.solving.uncapacitated.prove import Prover
from planner.solving.uncapacitated.rows import (
    Rows,
    Rules,
    by_site,
    countable,
    narrowed,
    offered_by,
    restrict,
    select_rows,
    sort_rows,
)
from planner.solving.uncapacitated.search import Search
from planner.solving.uncapacitated.selection import choose

_MOVES = 1000


class PCentre:
    """Shortest worst impedance with a number of sites without limits (``MIN_WORST``)."""

    name = "p-centre"

    def applies(self, problem: SitingProblem) -> bool:
        """Whether the row form states every rule of the problem."""
        return problem.objective is Objective.MIN_WORST and keeps_rules(problem)

    def needs_mib(self, problem: SitingProblem) -> float:
        """By the number of arcs."""
        return needed_mib(problem)

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""
        watch.report("reduce")
        bisection = _Bisection.of(problem, settings, watch)
        try:
            bisection.run()
        except (Cancelled, KeyboardInterrupt):
            if bisection.opened is not None:
                watch.keep(bisection.found())
            raise
        return bisection.found()


@dataclass(eq=False)
class _Bisection:
    """The radii still in question, and the best choice so far.

    Parameters
    ----------
    rows, rules : impedances of what is left to decide, ways out by required sites
    sites : (m',) position in the problem of each site of ``rows``
    radii : the values that the worst impedance can take, rising
    low, high : ``radii[:low]`` are shown not to suffice, ``radii[high]`` is reached by ``opened``
    """

    problem: SitingProblem
    settings: SolverSettings
    watch: Watch
    rows: Rows
    rules: Rules
    sites: IntArray
    radii: FloatArray
    low: int = 0
    high: int = 0
    opened: IntArray | None = None
    questions: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> _Bisection:
        arcs, sites = problem.arcs, problem.sites
        demand = np.flatnonzero(problem.reachable)
        start = np.append(arcs.start[:-1][demand], len(arcs))
        site, impedance = arcs.site.astype(np.int32), arcs.impedance.copy()
        sort_rows(start, site, impedance)
        every = Rows(start, site, impedance, np.full(len(demand), np.inf))
        free = ~(sites.required | sites.forbidden)
        rows = restrict(every, free, sites.required)
        kept = np.flatnonzero(free)
        rules = narrowed(site_rules(problem, np.zeros(len(sites))), free, sites.required)
        if countable(rules) and len(kept):
            gone = reduce.dominated_sites(rows, rules)
            none = np.zeros(len(kept), np.bool_)
            rows, rules = restrict(rows, ~gone, none), narrowed(rules, ~gone, none)
            kept = kept[~gone]
        return cls(problem, settings, watch, rows, rules, kept, _radii(rows))

    def run(self) -> None:
        """Ask until the radius is settled or the time is up."""
        self.high = len(self.radii)
        if not countable(self.rules):
            self.low = self.high
            return
        self._guess()
        while self.low < self.high and not self._near_enough():
            # Without a plan the largest radius comes first: it may not suffice either.
            middle = self.high - 1 if self.opened is None else (self.low + self.high) // 2
            began_s = self.watch.seconds
            if not self._ask(middle):
                break
            name = f"radius {self.radii[middle]:g}"
            self.questions[name] = self.watch.seconds - began_s
            self.watch.report("bisect", self._objective(), self._bound())

    def _near_enough(self) -> bool:
        return relative_gap(self._objective(), self._bound()) <= self.settings.gap

    def _guess(self) -> None:
        """A first plan by interchange on the sum instead of the worst."""
        chosen = np.zeros(len(self.sites), np.bool_)
        if not np.isfinite(choose(np.zeros(len(self.sites)), self.rules, chosen)):
            return
        first = np.flatnonzero(chosen)
        if len(first) and len(self.rows.site):
            far = 4.0 * float(self.rows.cost.max()) + 1.0
            limit = np.where(np.isfinite(self.rows.outside), self.rows.outside, far)
            first, _ = interchange(self.rows, self.rules, limit, first, _MOVES)
        self._offer(first)

    def _offer(self, chosen: IntArray) -> None:
        opened = np.zeros(len(self.sites), np.bool_)
        opened[chosen] = True
        worst = float(offered_by(self.rows, opened).max(initial=0.0))
        reached = int(np.searchsorted(self.radii, worst))
        if np.isfinite(worst) and (self.opened is None or reached < self.high):
            self.opened, self.high = np.asarray(chosen, np.int64), reached

    def _ask(self, middle: int) -> bool:
        """Settle whether this radius suffices; False where the time was too short."""
        radius = self.radii[middle]
        far = select_rows(self.rows, self.rows.outside > radius)
        search = Search(
            self.problem,
            cover_core(by_site(_within(far, radius)), self.rules),
            replace(self.settings, gap=0.0),
            self.watch,
            PCentre.name,
            any_plan=True,
        )
        Prover(search).prove()
        if search.has_plan:
            self._offer(search.core.sites[search.chosen])
        elif search.infeasible:
            self.low = middle + 1
        return search.has_plan or search.infeasible

    def _objective(self) -> float:
        return float("nan") if self.opened is None else float(self.radii[self.high])

    def _bound(self) -> float:
        return float(self.radii[self.low]) if self.low < len(self.radii) else float("nan")

    def found(self) -> Found:
        """The best choice, and the shortest radius not shown to be too short."""
        if self.opened is None:
            infeasible = self.low >= len(self.radii)
            nothing = Found.nothing(PCentre.name, bound=self._bound(), infeasible=infeasible)
            return replace(nothing, stage_seconds=self.questions)
        size = np.full(len(self.problem.sites), -1)
        opened = np.append(self.sites[self.opened], np.flatnonzero(self.problem.sites.required))
        size[opened] = cheapest_sizes(self.problem)[opened]
        plan = assignment.to_best_open_site(self.problem, size)
        return Found(
            plan.size,
            plan.demand,
            plan.site,
            plan.share,
            plan.objective(self.problem),
            self._bound(),
            PCentre.name,
            bound_proof="bisection",
            stage_seconds=self.questions,
        )


def _radii(rows: Rows) -> FloatArray:
    """The values that the worst impedance can take, from what somebody cannot avoid upwards."""
    nearest = rows.outside.copy()
    held = np.diff(rows.start) > 0
    nearest[held] = rows.cost[rows.start[:-1][held]]
    unavoidable = float(nearest.max(initial=0.0))
    if not np.isfinite(unavoidable):
        return np.zeros(0)
    ways_out = rows.outside[np.isfinite(rows.outside)]
    every = np.unique(np.concatenate([rows.cost, ways_out, [unavoidable]]))
    return every[every >= unavoidable]


@njit(cache=True, nogil=True)
def _reached(rows: Rows, radius: float) -> IntArray:
    length = np.zeros(len(rows.outside) + 1, np.int64)
    for i in range(len(rows.outside)):
        for t in range(rows.start[i], rows.start[i + 1]):
            if rows.cost[t] > radius:
                break
            length[i + 1] += 1
    return length


def _within(rows: Rows, radius: float) -> Rows:
    """The entries of at most this cost."""
    start = np.cumsum(_reached(rows, radius))
    kept = rows.cost <= radius
    return Rows(start, rows.site[kept], rows.cost[kept], rows.outside)

"""From nothing to a proof: improve and bound, fix, branch, and hand what stays to HiGHS.

1. Subgradient ascent on all sites, interchange from the choices met on the way.
2. Where cover counts and the steps stall, the linear relaxation for better multipliers.
3. Sites fixed by what changing them would cost; ascent on the rest.
4. Lagrangian branch-and-bound, for an amount of work.
5. HiGHS on the radius formulation of what is left, if that is small enough; otherwise 4 goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from planner.problem import BoolArray, FloatArray
from planner.solution import Cancelled
from planner.solving.memory import NotEnoughMemoryError
from planner.solving.method import Found
from planner.solving.uncapacitated import reduce
from planner.solving.uncapacitated.core import counts_sites, cover_core, plain_cover
from planner.solving.uncapacitated.cover_search import search_cover
from planner.solving.uncapacitated.kicks import Kicks
from planner.solving.uncapacitated.pmedian_bound import (
    Ascent,
    advance,
    begin,
    first_multipliers,
    slice_steps,
)
from planner.solving.uncapacitated.pmedian_branch import Effort, Node, Tree, settle
from planner.solving.uncapacitated.relaxation import relaxed_multipliers
from planner.solving.uncapacitated.rest import Rest
from planner.solving.uncapacitated.rest_solver import solve_rest
from planner.solving.uncapacitated.reverify import reverify_bound
from planner.solving.uncapacitated.rows import Rows, Rules, by_site, select_rows
from planner.solving.uncapacitated.search import Search
from planner.solving.uncapacitated.selection import choose

_ROOT_STEPS = 2500
_TREE_WORK = 150_000_000
"""Rows and entries visited by the tree before HiGHS gets its turn: one to three seconds."""
_FIRST_COVER_WORK = 3_000_000
_COVER_WORK = 150_000_000
_ANY_COVER_WORK = 20_000_000
"""Entries visited by the local search for covers: 0.03, 1.5 and 0.2 s."""
_LARGEST_RELAXATION = 100_000
_RELAXED_GAP = 1e-4
"""A root gap wider than this makes the relaxation worth its time, where cover counts."""


@dataclass(eq=False)
class Stages:
    """Seconds by stage, in the order in which they ran."""

    search: Search
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Do one stage and note how long it took."""
        began_s = self.search.watch.seconds
        try:
            work()
        finally:
            spent_s = self.search.watch.seconds - began_s
            self.seconds[name] = self.seconds.get(name, 0.0) + spent_s


class Prover:
    """One search from nothing to a proof, or to the end of its time."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._stages = Stages(search)
        self._proof = "branch-and-bound"
        self._kicks = Kicks(search) if Kicks.pay(search) else None
        self._multiplier = np.zeros(len(search.core.rows.outside))
        m = len(search.core.rules.fixed)
        self._node = Node(np.ones(m, np.bool_), np.zeros(m, np.bool_), -np.inf, self._multiplier)

    def run(self) -> Found:
        """Go through the stages until the gap is closed; the answer as the seam wants it.

        Raises
        ------
        Cancelled
            When the listener asks to stop; the best plan is then with the watch.
        """
        search = self._search
        try:
            self.prove()
        except (Cancelled, KeyboardInterrupt):
            if search.has_plan:
                search.watch.keep(self._best())
            raise
        return self._found()

    def prove(self) -> None:
        """Go through the stages until the gap is closed or the time is up."""
        if not self._search.core.possible:
            self._search.bound = np.inf
            return
        if not len(self._search.core.rules.fixed):
            self._search.offer(np.zeros(0, np.int64))
            self._search.raise_bound(self._search.value, "start")
            return
        self._stages_in_turn()

    def _stages_in_turn(self) -> None:
        for name, stage in (
            ("start", self._start),
            ("cover", self._cover),
            ("bound", self._ascend),
            ("relax", self._relax),
            ("fix", self._fix),
            ("branch", self._branch),
        ):
            if not self._finished():
                self._stages.run(name, stage)

    def _finished(self) -> bool:
        search = self._search
        return search.bound >= search.cutoff or search.out_of_time()

    def _start(self) -> None:
        """First multipliers and first plans: the cheapest choice and an earlier plan's."""
        search = self._search
        rows, rules = search.core.rows, search.core.rules
        self._multiplier = _first_guess(rows, rules)
        self._improve_near(np.zeros(len(rules.fixed)))
        self._search_cover(_FIRST_COVER_WORK)
        earlier = None if search.any_plan else search.watch.best
        if earlier is not None and earlier.size is not None:
            self._improve_near(np.where(earlier.size[search.core.sites] >= 0, -1.0, 1.0))
        search.report("start")

    def _search_cover(self, work: int) -> None:
        """A set cover by local search, where no count but the one over all stands in its way."""
        search = self._search
        rows, rules = search.core.rows, search.core.rules
        m = len(rules.fixed)
        if not len(rows.site) or not plain_cover(rows) or not counts_sites(rules):
            return
        first = np.ones(m, np.bool_)
        if search.has_plan:
            first = np.zeros(m, np.bool_)
            first[search.chosen] = True
        start, row, _ = reduce.columns(rows, m)
        entries = len(rows.site)
        effort = 2 * (entries / m) * (entries / len(rows.outside)) + len(rows.outside) + m
        fixed = np.maximum(rules.fixed, 1e-6 * max(1e-300, float(rules.fixed.max())))
        enough = float(rules.most[-1]) * fixed[0] if search.any_plan else search.bound
        found = search_cover(
            rows,
            (start, row),
            fixed,
            first,
            enough,
            int(work / effort) + 1,
            search.settings.seed + 1,
        )
        chosen = np.flatnonzero(found)
        if len(chosen) <= rules.most[-1]:
            search.offer(chosen)

    def _improve_near(self, price: FloatArray) -> None:
        """Improve the allowed choice that these prices make cheapest."""
        chosen = np.zeros(len(price), np.bool_)
        if np.isfinite(choose(price, self._search.core.rules, chosen)):
            self._search.improve(chosen)

    def _cover(self) -> None:
        """A first plan where none came by itself: any choice within everybody's reach."""
        search = self._search
        core = search.core
        if search.has_plan or search.any_plan or not core.rows.cost.any():
            return
        must = np.isinf(core.rows.outside)
        rows = by_site(select_rows(core.rows, must))
        covered = Search(
            search.problem,
            cover_core(rows, core.rules),
            search.settings,
            search.watch,
            search.method,
            any_plan=True,
        )
        Prover(covered).prove()
        if covered.infeasible:
            search.bound = np.inf
        elif covered.has_plan:
            opened: BoolArray = np.zeros(len(core.rules.fixed), np.bool_)
            opened[covered.core.sites[covered.chosen]] = True
            search.improve(opened)

    def _ascend(self) -> None:
        search = self._search
        rows, rules = search.core.rows, search.core.rules
        ascent = begin(self._multiplier, len(rules.fixed))
        steps = slice_steps(rows)
        while not ascent.resting and ascent.steps < _ROOT_STEPS and not self._finished():
            goal = search.cutoff + ascent.slack
            advance(rows, rules, ascent, goal, search.aim, steps, 10, 1e-5)
            search.improve(ascent.chosen)
            search.raise_bound(ascent.bound, "bound")
        self._take(ascent.best_multiplier, ascent)

    def _take(self, multiplier: FloatArray, ascent: Ascent) -> None:
        self._multiplier = multiplier
        self._node = replace(
            self._node, multiplier=multiplier, bound=max(self._node.bound, ascent.bound)
        )

    def _relax(self) -> None:
        """Better multipliers from the linear relaxation of what the first bound leaves."""
        search = self._search
        if not self._relaxation_pays():
            return
        node = self._settled(self._node, 1)
        if node.undecided is None or node.bound >= search.cutoff:
            self._close(node)
            return
        rest = self._rest(node)
        multiplier = relaxed_multipliers(rest.rows, rest.rules, search.settings, search.watch)
        if multiplier is None:
            return
        spread = rest.outward(multiplier, node.multiplier)
        better = self._settled(replace(node, multiplier=spread), 60)
        if better.bound > node.bound:
            self._multiplier = better.multiplier
            self._node = better
            search.raise_bound(min(better.bound, search.cutoff), "relax")

    def _relaxation_pays(self) -> bool:
        search = self._search
        rows = search.core.rows
        plain = not rows.cost.any()
        gap = (search.value - search.bound) / max(1e-9, abs(search.value))
        return plain and gap > _RELAXED_GAP and len(rows.site) <= _LARGEST_RELAXATION

    def _settled(self, node: Node, steps: int) -> Node:
        search = self._search
        effort = Effort(steps, scale=0.3, patience=8, look=lambda: search.report("fix"))
        core = search.core
        return settle(core.rows, core.rules, node, search.cutoff, search.aim, effort)

    def _fix(self) -> None:
        search = self._search
        self._search_cover(_ANY_COVER_WORK if search.any_plan else _COVER_WORK)
        if self._finished():
            return
        if self._kicks is not None:
            self._kicks.begin()
        node = self._settled(self._node, 200)
        if node.chosen is not None and node.undecided is not None:
            search.improve(node.chosen)
        self._close(node)

    def _close(self, node: Node) -> None:
        """Take over a node that now stands for the whole problem."""
        search = self._search
        if node.undecided is None and node.chosen is not None:
            search.offer(np.flatnonzero(node.chosen))
        self._node = node
        search.raise_bound(min(node.bound, search.cutoff), "fix")
        if node.undecided is None:
            search.raise_bound(search.cutoff, "fix")

    def _branch(self) -> None:
        search = self._search
        tree = Tree(search, self._rest(self._node), self._node, self._kicks)
        # Steps on a plain cover come to rest short of its relaxation: HiGHS has better bounds.
        tree.grow(_TREE_WORK // 10 if plain_cover(search.core.rows) else _TREE_WORK)
        if tree.done or search.out_of_time():
            return
        if not self._proven_by_solver():
            while not tree.done and not search.out_of_time():
                tree.grow(_TREE_WORK)

    def _proven_by_solver(self) -> bool:
        """Whether the tree has nothing left to do; a solver short of memory proves nothing."""
        try:
            return self._solve_rest()
        except NotEnoughMemoryError:
            return False

    def _rest(self, node: Node) -> Rest:
        core = self._search.core
        return Rest.of(core.rows, core.rules, node.free, node.opened)

    def _solve_rest(self) -> bool:
        """HiGHS on what the root leaves; False where that is too large for it."""
        search = self._search
        node = self._settled(self._node, 100)
        self._close(node)
        if node.undecided is None or self._finished():
            return True
        bound = solve_rest(search, self._rest(node))
        if bound is None:
            return False
        self._proof = "solver"
        search.raise_bound(bound, "solve")
        return True

    def _best(self) -> Found:
        """The plan and the bound as they stand, on the search's word."""
        return replace(self._search.found(self._proof), stage_seconds=self._stages.seconds)

    def _found(self) -> Found:
        """The answer, its bound re-verified by one evaluation where that suffices."""
        search = self._search
        if search.infeasible:
            return replace(
                Found.nothing(search.method, bound=float("nan"), infeasible=True),
                bound_proof=self._proof,
                stage_seconds=self._stages.seconds,
                reduced=search.core.reduced,
            )
        found = self._best()
        multiplier = search.core.multipliers(self._node.multiplier)
        again = reverify_bound(search.problem, multiplier)
        claim_kept = (
            again <= found.bound if search.core.covered_of is not None else again >= found.bound
        )
        if claim_kept:
            return replace(
                found, multipliers=multiplier, bound_proof="lagrangian", bound_verified=True
            )
        return replace(found, multipliers=multiplier)


def _first_guess(rows: Rows, rules: Rules) -> FloatArray:
    """(n,) multipliers to begin with."""
    if not rows.cost.any():
        if np.isfinite(rows.outside).all():
            return 0.5 * rows.outside
        size = np.bincount(rows.site, minlength=len(rules.fixed))
        share = (rules.fixed / np.maximum(1, size))[rows.site]
        held = np.diff(rows.start) > 0
        guess = np.zeros(len(rows.outside))
        guess[held] = np.minimum.reduceat(share, rows.start[:-1][held])
        return np.minimum(guess, rows.outside)
    typical = len(rows.site) / max(1, len(rows.outside))
    most = int(rules.most[-1])
    rank = int(1.3 * typical / most) if 0 < most < len(rules.fixed) else 1
    return first_multipliers(rows, max(1, rank))

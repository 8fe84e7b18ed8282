"""Capacitated location: bound, search, then branch until gap or time says enough.

For single-source problems the divided (multi-source) cost of a set of sites is a bound for that
set; whole assignments are sought where it leaves room for a better plan.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving.capacitated.assignment import WholePlan, refined, rounded
from planner.solving.capacitated.bound import (
    BoundResult,
    Relaxation,
    first_multipliers,
    improve,
    rounded_down,
)
from planner.solving.capacitated.branch import Branching, NodeResult, root
from planner.solving.capacitated.course import NAME, Course
from planner.solving.capacitated.data import suits
from planner.solving.capacitated.divided import DividedRun
from planner.solving.capacitated.neighbourhood import improved_by_neighbourhoods
from planner.solving.capacitated.reduced_model import (
    MOST_PAIRS,
    ReducedModel,
    proven,
    reduced_model,
)
from planner.solving.capacitated.search import SitePlan
from planner.solving.method import Found, Watch

ROOT_ROUNDS, ROOT_ROUNDS_LARGE = 600, 200
"""Rounds at the root; of large problems the search needs the time more."""
LARGE_PAIRS = 1_000_000
STARTS, STARTS_LARGE = 16, 4
"""Plans of the root that interchange begins from."""
SMALL_PAIRS = 5_000
"""Demand points x sites up to which the reduced model goes to HiGHS before the tree."""
REFINE_S = 1.5
"""Longest that one small assignment model may take."""
ROUNDED_AT_ROOT, REFINED_AT_ROOT = 12, 2
"""Sets of sites whose assignment is made whole, and refined, before branching."""
NEIGHBOURHOODS = ((4, 1.0), (6, 2.0), (8, 4.0), (10, 8.0))
"""Sites and seconds of the small models, a round each."""
NODES_WITHOUT_PLAN = 300
"""Nodes after which a search that has no plan leaves the problem to the next method."""
FIRST_NODES = 200
"""Nodes of the tree before whole plans get their turn, four times as many each time."""
MADE_SHARE = 0.3
"""Share of the tree's time that whole assignments of its choices may take."""
SHRUNK = 0.7
"""A model is tried again where a better plan has brought its pairs under this share."""
SEARCH_SHARE = 0.5
"""Share of the time left that the neighbourhoods may take; the rest raises the bound."""


class CapacitatedLocation:
    """The method as ``planner.solve`` sees it."""

    name: ClassVar[str] = NAME

    def applies(self, problem: SitingProblem) -> bool:
        """Least cost with capacities, no least throughput, quotas that do not overlap."""
        return suits(problem)

    def run(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
        """Solve as far as gap, time and the watch allow."""
        if not problem.single_source:
            return DividedRun(problem, settings, watch).solve()
        return _Run(problem, settings, watch).solve()


class _Run(Course):
    """One solve: which stage comes when."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        super().__init__(problem, settings, watch)
        self._offers = 0
        self._made: dict[bytes, float] = {}
        self._made_s = 0.0
        pairs = max(1, self.data.n * self.data.m)
        self._large = pairs >= LARGE_PAIRS
        self._period = 40 if self._large else 15
        self._rounds = ROOT_ROUNDS_LARGE if self._large else ROOT_ROUNDS
        self._breadth = int(np.clip(1.5e8 / pairs, 16, 1500))

    def solve(self) -> Found:
        """Bound, search and branch; a cancelled solve leaves its best with the watch."""
        if not self.data.servable:
            return Found.nothing(NAME, bound=np.inf, infeasible=True)
        relaxation = Relaxation(self.data, self.settings.threads)
        try:
            self._run(relaxation)
        except BaseException:
            if np.isfinite(self.objective):
                self.watch.keep(self._found())
            raise
        finally:
            relaxation.close()
        self._ended = True
        return self._found()

    def _run(self, relaxation: Relaxation) -> None:
        with self._stage("bound"):
            self.root = self._bound(relaxation)
        if self.root.bound == np.inf:
            return
        with self._stage("search"):
            self._improve(self.root)
        tree = self._tree(self.root)
        if self.data.single_source:
            self._run_whole(tree)
        with self._stage("branch"):
            self._branch(tree, None)

    def _run_whole(self, tree: Branching) -> None:
        """Tree, model and neighbourhoods in turn: which of them closes the gap is not known."""
        with self._stage("search"):
            self._improve_whole()
        # A small model is solved sooner than a tree is grown.
        small = self.data.n * self.data.m <= SMALL_PAIRS
        model = self._prove(None) if small else None
        with self._stage("branch"):
            self._branch(tree, FIRST_NODES)
        for level, (count, seconds) in enumerate(NEIGHBOURHOODS):
            with self._stage("search"):
                self._neighbourhoods(count, seconds)
            with self._stage("branch"):
                self._branch(tree, FIRST_NODES * 4 ** (level + 1))
            model = self._prove(model) if level else model

    def _bound(self, relaxation: Relaxation) -> BoundResult:
        """Raise the root's bound, trying its choices as plans on the way."""

        def on_round(k: int, bound: float, choice: IntArray, average: FloatArray) -> None:
            self.bound = max(self.bound, bound)
            if k % self._period == self._period // 3:
                if not self._large:  # sizes that fit tightly take seconds to divide
                    self._offer(choice, average)
                self._offer(np.where(average > 0.5, self._largest, -1), average)
                self._report("bound")
            self._listen("bound")

        result = improve(
            relaxation,
            first_multipliers(self.data),
            self._first_state,
            target=lambda: self.search.objective,
            rounds=self._rounds,
            stop_at=lambda: -np.inf if self.watch.remaining_s <= 0 else self.limit,
            on_round=on_round,
        )
        self.bound = max(self.bound, result.bound)
        return result

    @property
    def _largest(self) -> IntArray:
        return self.data.size_start[1:] - 1

    def _offer(self, chosen: IntArray, preference: FloatArray) -> SitePlan | None:
        self._offers += 1
        return self.search.offer(self.search.completed(chosen, preference))

    def _improve(self, root_result: BoundResult) -> None:
        """Interchange from the best plans, then whole assignments where they are asked."""
        for chosen in self.search.ranked(STARTS_LARGE if self._large else STARTS):
            plan = self.search.evaluate_anew(chosen)
            if plan is None or self._enough():
                break
            self._interchange(plan, root_result)
            self._report("search")

    def _improve_whole(self) -> None:
        """Whole assignments for the best sets of sites."""
        for chosen in self.search.ranked(ROUNDED_AT_ROOT):
            plan = self.search.evaluate_anew(chosen)
            if plan is not None and plan.objective < self.wanted:
                self._take(rounded(self.data, plan))
        for chosen in self.search.ranked(REFINED_AT_ROOT):
            if not self._enough():
                self._make_whole(chosen)

    def _neighbourhoods(self, count: int, seconds: float) -> None:
        """Improve the whole plan around each site once."""
        if self.whole is None or self._done("search"):
            return
        until = self.watch.seconds + SEARCH_SHARE * self.watch.remaining_s
        improved_by_neighbourhoods(
            self.data,
            self.whole,
            count=count,
            seconds_each=seconds,
            pause=lambda: self._done("search") or self.watch.seconds > until,
            listen=lambda: self._listen("search"),
            on_better=self._take_whole,
        )

    def _prove(self, before: ReducedModel | None) -> ReducedModel | None:
        """Give what the bounds leave to HiGHS, if it is small or became much smaller."""
        if self.root is None or self.whole is None or self._done("prove"):
            return before
        # Over the objective itself, so that the best plan stays a start of the model.
        limit = self.objective + 1e-7 * max(1.0, abs(self.objective))
        model = reduced_model(self.data, self.root.multipliers, limit)
        tried = before is not None and len(model.point) > SHRUNK * len(before.point)
        if tried or len(model.point) > MOST_PAIRS:
            return before
        with self._stage("prove"):
            self._take_proven(model)
        return model

    def _take_proven(self, model: ReducedModel) -> None:
        seconds = SEARCH_SHARE * self.watch.remaining_s

        def on_bound(bound: float) -> None:
            if bound > self.bound:
                self.bound, self._proof_of_bound = bound, "solver"
            self._listen("prove")

        result = proven(
            model,
            self.whole,
            gap=self.settings.gap / 2,
            abs_gap=0.5 if self._integral else 1e-9,
            time_limit_s=seconds if np.isfinite(seconds) else None,
            threads=self.settings.threads,
            on_bound=on_bound,
        )
        self._take(result.plan)
        on_bound(min(result.bound, self.objective))

    def _take_whole(self, plan: WholePlan) -> None:
        self._take(plan)
        self._report("search")

    def _interchange(self, plan: SitePlan, root_result: BoundResult) -> SitePlan:
        return self.search.interchange(
            plan,
            root_result.value,
            breadth=self._breadth,
            candidates=100,
            pause=lambda: self._over("search"),
        )

    def _make_whole(self, chosen: IntArray, *, to_the_end: bool = False) -> float:
        """Seek a whole assignment for these sizes; a proven bound for them.

        ``to_the_end`` takes whatever time is left where a first try was too short.
        """
        key = chosen.tobytes()
        if key not in self._made or (to_the_end and self._made[key] < self.limit):
            began_s = self.watch.seconds
            self._made[key] = self._sought(chosen, np.inf if to_the_end else REFINE_S)
            self._made_s += self.watch.seconds - began_s
        return self._made[key]

    def _sought(self, chosen: IntArray, most_s: float) -> float:
        plan = self.search.evaluate_anew(chosen, shrink=False)
        if plan is None:
            return np.inf
        divided = rounded_down(plan.objective)
        if divided >= self.wanted:
            return divided
        self._take(rounded(self.data, plan))
        if divided >= self.wanted or self.watch.remaining_s <= 0:
            return divided
        limit_s = min(most_s, self.watch.remaining_s)
        result = refined(
            self.data,
            plan,
            self.wanted,
            gap=self.settings.gap / 4,
            time_limit_s=limit_s if np.isfinite(limit_s) else None,
            on_news=lambda _news: self._listen("assign"),
        )
        self._take(result.plan)
        return result.bound

    def _take(self, plan: WholePlan | None) -> None:
        if plan is not None and plan.objective < self.objective:
            self.whole = plan

    def _tree(self, root_result: BoundResult) -> Branching:
        return Branching(
            Relaxation(self.data),
            root(self.data, root_result.multipliers, root_result.bound),
            objective=lambda: self.objective,
            prune_at=lambda: self.limit,
            threads=self.settings.threads,
        )

    def _branch(self, tree: Branching, nodes: int | None) -> None:
        """Go on with the tree, for so many nodes or to the end."""
        if self._enough():
            return
        stop_at = np.inf if nodes is None else tree.nodes + nodes
        began_s, made_s = self.watch.seconds, self._made_s

        def on_result(result: NodeResult) -> float:
            spent_s = self.watch.seconds - began_s
            proven_bound = self._try_node(
                result, try_whole=self._made_s - made_s < MADE_SHARE * spent_s
            )
            self._take_bound(tree)
            self._listen("branch")
            return proven_bound

        def pause() -> bool:
            hopeless = not np.isfinite(self.objective) and tree.nodes >= NODES_WITHOUT_PLAN
            return self._done("branch") or hopeless or tree.nodes >= stop_at

        tree.run(on_result=on_result, pause=pause)
        self._take_bound(tree)

    def _take_bound(self, tree: Branching) -> None:
        self._nodes = tree.nodes
        if tree.bound > self.bound:
            self.bound, self._proof_of_bound = tree.bound, "lagrangian tree"

    def _try_node(self, result: NodeResult, *, try_whole: bool) -> float:
        """Plans from a node's choices; for a leaf, the proven bound of its one choice."""
        for choice in result.choices:
            if self.watch.remaining_s <= 0:
                break
            plan = self._offer(choice, (choice >= 0).astype(np.float64))
            if plan is not None and self.root is not None and self._offers % 3 == 0:
                plan = self._interchange(plan, self.root)
            if self.data.single_source and plan is not None and plan.objective < self.wanted:
                if try_whole:
                    self._make_whole(plan.chosen)
                else:
                    self._take(rounded(self.data, plan))
        if result.leaf is None:
            return -np.inf
        if self.data.single_source:
            return self._make_whole(result.leaf, to_the_end=True)
        plan = self.search.evaluate_anew(result.leaf)
        if plan is None:
            return np.inf
        self.search.take(plan)
        return rounded_down(plan.objective)

"""Capacitated location with divided demand: bound, search, then branch until gap or time is enough.

The plans of a set of sites are found by an exact transport, so only the sites and sizes are
searched; the bound is :mod:`planner.solving.capacitated.divided_bound`'s.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving.capacitated import answer
from planner.solving.capacitated.assignment import nearest_with_room
from planner.solving.capacitated.attended import wait_for
from planner.solving.capacitated.bound import (
    BoundResult,
    Multipliers,
    first_multipliers,
    rounded_down,
)
from planner.solving.capacitated.course import NAME, Course
from planner.solving.capacitated.data import tiny_data
from planner.solving.capacitated.divided_bound import DividedBound, Stand
from planner.solving.capacitated.divided_dive import dive
from planner.solving.capacitated.divided_tree import DividedTree, Node, Turn
from planner.solving.capacitated.opening import FREE
from planner.solving.capacitated.search import PlanSearch, SitePlan
from planner.solving.method import Watch

ROOT_ROUNDS = 600
PERIOD = 20
"""Rounds at the root between two looks at its choices as plans."""
STARTS = 3
"""Plans of the root that interchange begins from; the tree's choices are better ones soon."""
LARGE_PAIRS, ROOT_SHARE = 1_000_000, 0.3
"""From so many pairs on a dive finds far better plans than the root; it must have its time."""
NODES_WITHOUT_PLAN = 300
"""Nodes after which a search that has no plan leaves the problem to the next method."""
DIVES = (0.1, 0.05)
"""Share of the undecided sites that a step of each dive decides."""
OFFER_EVERY = 4
"""One node in so many gives its choice to the search."""
NEAR = 1.01
"""Interchange begins from plans that are no dearer than the best by more than this."""


@lru_cache(maxsize=1)
def load_kernels() -> None:
    """Run every kernel once: a small first problem may be solved before it needs them all."""
    data = tiny_data(single_source=False)
    relaxation = DividedBound(data)
    stand = relaxation.begin(first_multipliers(data))
    state, banned = np.full(data.m, FREE, np.int64), np.zeros(len(data.capacity), np.bool_)
    halt = np.zeros(1, np.int64)
    relaxation.rise(stand, state, banned, rounds=2, target=9.0, stop_at=9.0, halt=halt)
    relaxation.fixed(stand, state, banned, 20.0)
    search = PlanSearch(data)
    plan = search.evaluate(np.arange(data.m))
    if plan is not None:
        search.interchange(plan, stand.value)


class DividedRun(Course):
    """One solve: which stage comes when."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        load_kernels()
        super().__init__(problem, settings, watch)
        pairs = max(1, self.data.n * self.data.m)
        self._large = pairs >= LARGE_PAIRS
        self._breadth = int(np.clip(1e7 / pairs, 16, 100))
        self._relaxation = DividedBound(self.data)
        self._halt = np.zeros(1, np.int64)
        self._starts: list[IntArray] = []

    def _run(self) -> None:
        if self._large and self.watch.best is None:
            with self._stage("search"):
                self._keep_nearest()
        with ThreadPoolExecutor(1) as pool, self._stage("bound"):
            stand = self._bound(pool)
        if self.bound == np.inf:
            return
        with self._stage("search"):
            self._dive(stand)
        self._starts = self.search.ranked(STARTS)
        if self._large:  # a node takes longer than many plans
            with self._stage("search"):
                while self._starts and not self._enough():
                    self._improve(stand)
        with self._stage("branch"):
            self._branch(stand)

    def _keep_nearest(self) -> None:
        """Leave a plan with the watch, so that the shortest limit has an answer.

        It is far from what the bound's choices give, and the search is better off without it.
        """
        plan = nearest_with_room(self.data)
        if plan is not None and self.search.allowed(plan.chosen):
            kept = answer.found(self.problem, self.data, answer.whole_flows(plan), NAME)
            self.watch.keep(replace(kept, objective=plan.objective))
            self._kept = plan.objective
            self.watch.report("search", plan.objective)

    def _bound(self, pool: ThreadPoolExecutor) -> Stand:
        """Raise the root's bound, trying its choices as plans meanwhile."""
        stand = self._relaxation.begin(first_multipliers(self.data))
        none = np.zeros(len(self.data.capacity), np.bool_)
        period = int(np.clip(PERIOD * 2e6 / (self.data.n * self.data.m), 2, PERIOD))
        until = ROOT_SHARE * self.watch.remaining_s if self._large else np.inf
        began_s = self.watch.seconds
        while not stand.ended and stand.rounds < ROOT_ROUNDS and not self._done("bound"):
            if self.watch.seconds - began_s > until:
                break
            before, opened, choice = stand.rounds, stand.opened.copy(), stand.choice.copy()
            job = pool.submit(
                self._relaxation.rise,
                stand,
                self._first_state,
                none,
                rounds=period,
                target=self.objective,
                stop_at=self.limit,
                halt=self._halt,
            )
            try:
                if before:
                    self._offer(np.where(opened > 0.5, self._largest, -1), opened)
                    if not self._large:  # sizes that fit tightly take seconds to divide
                        self._offer(choice, opened)
                wait_for([job], self._halt, lambda: self._done("bound"))
            except BaseException:
                self._halt[0] = 1
                raise
            job.result()
            self._halt[0] = 0
            self.bound = max(self.bound, stand.bound)
            self.root = _result(stand)
            if self.bound == np.inf or stand.rounds == before:
                break
            self._report("bound")
        return stand

    @property
    def _largest(self) -> IntArray:
        return self.data.size_start[1:] - 1

    def _offer(self, chosen: IntArray, preference: FloatArray) -> SitePlan | None:
        return self.search.offer(self.search.completed(chosen, preference))

    def _dive(self, stand: Stand) -> None:
        """Plans from the relaxation, the second more carefully than the first."""
        for share in DIVES:
            if self._enough():
                return
            chosen = dive(
                self._relaxation,
                stand,
                self._first_state,
                share=share,
                pause=lambda: self._done("search"),
            )
            if chosen is not None:
                self._offer(chosen, stand.opened)
                self._report("search")

    def _improve(self, stand: Stand) -> None:
        """Interchange from the next of the root's best plans."""
        plan = self.search.evaluate_anew(self._starts.pop(0))
        if plan is not None and not self._enough():
            self._interchange(plan, stand.value)
            self._report("search")

    def _interchange(self, plan: SitePlan, worth: FloatArray) -> SitePlan:
        return self.search.interchange(
            plan,
            worth,
            breadth=self._breadth,
            candidates=100,
            pause=lambda: self._over("search"),
        )

    def _branch(self, stand: Stand) -> None:
        """Grow the tree to its end."""
        if self._enough():
            return
        none = np.zeros(len(self.data.capacity), np.bool_)
        tree = DividedTree(
            self._relaxation,
            Node(stand.bound, 0, self._first_state, none, stand.multipliers),
            objective=lambda: self.objective,
            prune_at=lambda: self.limit,
            threads=self.settings.threads,
            most_open=self._most_open(
                none.nbytes + self._first_state.nbytes + stand.multipliers.demand.nbytes
            ),
        )

        def on_turn(turn: Turn) -> float:
            self._nodes = tree.nodes
            if self._starts:
                self._improve(stand)
            proven = self._try_turn(turn, tree.nodes, stand.value)
            if tree.bound > self.bound:
                self.bound, self._proof_of_bound = tree.bound, "lagrangian tree"
            self._listen("branch")
            return proven

        def pause() -> bool:
            hopeless = not np.isfinite(self.objective) and tree.nodes >= NODES_WITHOUT_PLAN
            return self._done("branch") or hopeless

        tree.run(on_turn=on_turn, pause=pause)
        if tree.bound > self.bound:
            self.bound, self._proof_of_bound = tree.bound, "lagrangian tree"

    def _try_turn(self, turn: Turn, nodes: int, worth: FloatArray) -> float:
        """Plans from a node's choice; for a leaf, the proven bound of its one choice."""
        if turn.leaf:
            plan = None if turn.choice is None else self.search.evaluate_anew(turn.choice)
            if plan is None:  # a transport that was stopped proves nothing
                return -np.inf if self.search.halted else np.inf
            self.search.take(plan)
            return rounded_down(plan.objective)
        if (
            turn.choice is None
            or turn.preference is None
            or nodes % OFFER_EVERY
            or self.watch.remaining_s <= 0
        ):
            return -np.inf
        plan = self._offer(turn.choice, turn.preference)
        if plan is not None and plan.objective < NEAR * self.objective:
            self._interchange(plan, worth)
        return -np.inf


def _result(stand: Stand) -> BoundResult:
    """The stand as what the certificate keeps of the root."""
    multipliers = Multipliers(stand.demand.copy(), stand.price)
    return BoundResult(
        stand.bound, multipliers, stand.value.copy(), stand.opened.copy(), stand.rounds
    )

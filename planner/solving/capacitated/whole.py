"""One site a point: the course of a solve.

The root's multipliers give a bound and sets of sites; sets are improved by interchange of what
they would cost divided, made whole, and improved by ruin and recreate. Then tree and search take
turns, each longer than the one before: a node's choice of sites may start a better plan, and a
better plan prunes the tree.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from planner.problem import SitingProblem
from planner.solution import Progress, SolverSettings
from planner.solving.capacitated import answer
from planner.solving.capacitated.assignment import WholePlan, improved, rounded
from planner.solving.capacitated.attended import attended
from planner.solving.capacitated.bound import BoundResult, Multipliers, first_multipliers
from planner.solving.capacitated.data import tiny_data
from planner.solving.capacitated.divided import DividedRun
from planner.solving.capacitated.opening import FREE
from planner.solving.capacitated.recreate import Recreation, Schedule
from planner.solving.capacitated.whole_bound import LEAST_STEP, Place
from planner.solving.capacitated.whole_branch import (
    WholeResult,
    WholeTree,
    ascended,
    compressed,
    copied,
    fixed,
    nothing_seen,
    pairs_of,
    whole_place,
)
from planner.solving.capacitated.whole_fixing import settle_pair
from planner.solving.capacitated.whole_search import COOL, ROUNDED_AT_ROOT, SCHEDULES, WholeSearch
from planner.solving.method import Watch
from planner.solving.pulp_solver import PulpMethod

ROOT_ROUNDS, FIRST_LOOK = 600, 100
"""Rounds at the root, and of them those before a divided problem is solved."""
CHUNK_PAIRS = 2_000_000
"""Pairs x rounds between two looks at the listener."""
DIVIDED_PAIRS = 500
"""From so many pairs on the divided problem is solved first; the tree proves smaller ones."""
DIVIDED_SHARE, DIVIDED_S, DIVIDED_GAP = 0.3, 120.0, 1e-5
"""Share of the time left, most seconds, and gap of the divided problem."""
LARGE_SHARE = 0.5
"""The share where there are very many pairs."""
DIVIDED_PART = 0.7
"""Of the asked gap that the divided problem is solved to; the rest is for making points whole."""
MODEL_PAIRS, PLAIN_SHARE, PLAIN_S = 5_000, 0.35, 60.0
"""Up to so many pairs the plain model is tried, for what share of the time and at most how long."""
PLAIN_TURN = 1
"""The turn of the tree after which that is: most of Holmberg's are proven by then."""
ROUNDED_OF_LARGE = 3
"""The same of very many pairs, where each takes about a second."""
FIRST_NODES = 150
"""Nodes of the tree before the search gets its turn, three times as many each time."""
TURNS, MOST_GROWTH = 30, 9
"""Turns before the tree gets the rest of the time, and how much longer than the first they grow."""
LARGE_TURNS = 7
"""The same of very many pairs, each three times as long as the one before."""
REGIONS = ((6, 0.8), (6, 1.6), (8, 1.6))
"""Small models of neighbouring open sites that stay: how many sites, and how wide.

They find in 10 s on gya2 (Kong 2021) what CPLEX does not in two hours.
"""
WIDER_TURN, WIDER, WIDER_S = 1, ((8, 3.2), (8, 3.2)), 3.0
"""From this turn on these, too, and seconds for each: on gya3 they find what was published."""
MODEL_TURN, MODELS = 2, (5, 7, 6, 8)
"""From this turn on those in which sites open and close, too: their sites, in turn."""
EXPLORED, DEALT, DEALT_AGAIN = 8, 8, 3
"""Sets of sites that are looked around in a turn, of the best that are annealed once, and of the
best plans' that are annealed twice in every turn."""
PACKED, PACKED_S = 4, 3.0
"""Plans whose points small models deal out anew in a turn, and seconds for each at first."""
TREE_WORK = 600_000
"""Nodes x pairs of branching before plans are worth all this, some three seconds: what the tree
proves, it mostly proves in less (Holmberg's p56 to p58 with 270,000 to 520,000)."""
GROWTH = 3
NODES_WITHOUT_PLAN = 300
"""Nodes after which a search that has no plan leaves the problem to the next method."""
POLISH_EVERY = 4
"""Nodes for one short search from a new set of sites."""
POLISH = Schedule(3_000, 0.03)


@lru_cache(maxsize=1)
def load_kernels() -> None:
    """Run every kernel once: a small first problem may be solved before it needs them all."""
    data = tiny_data(single_source=True)
    pairs = pairs_of(data)
    place, seen = whole_place(data, pairs, np.full(3, 2.0)), nothing_seen(pairs)
    ascended(pairs, place, seen, target=9.0, stop_at=9.0, rounds=3)
    fixed(pairs, copied(place), seen, 20.0, exact=True)
    settle_pair(pairs, copied(place), 0, 0)
    plan = improved(data, np.arange(2), np.array([0, 0, 1]))
    if plan is not None:
        Recreation(data).improved([plan], Schedule(3), [1])


class WholeRun(WholeSearch):
    """One solve: which stage comes when."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        load_kernels()
        super().__init__(problem, settings, watch)
        self._polished: set[bytes] = set()

    def _run(self) -> None:
        place = self._divided_root() if self._large else self._whole_root()
        if place is None or self._enough():
            return
        with self._stage("bound"):
            self._ascend(place, ROOT_ROUNDS)
        with self._stage("reduce"):
            tree = self._tree(place)
        if tree is None:
            return
        for turn in range(TURNS):
            growth = min(GROWTH**turn, MOST_GROWTH)
            with self._stage("branch"):
                # A tree that is behind the bound of the divided problem gets no growing share.
                behind = tree.bound < self.bound
                self._branch(tree, FIRST_NODES * (1 if behind else growth))
            if not tree.heap:  # what is left between plan and bound is rounding
                return
            if turn == PLAIN_TURN:
                with self._stage("model"):
                    self._model()
            with self._stage("search"):
                if tree.work >= TREE_WORK:
                    self._explore(EXPLORED)
                    self._deal(DEALT, DEALT_AGAIN)
                    self._pack(PACKED, PACKED_S * (1 + turn))
                    self._redraw_regions(REGIONS)
                    if turn >= WIDER_TURN:
                        self._redraw_regions(WIDER, WIDER_S)
                self._recreate(self._rounds * growth, SCHEDULES[turn % len(SCHEDULES)])
                if turn >= MODEL_TURN:
                    self._neighbourhoods(MODELS[(turn - MODEL_TURN) % len(MODELS)], None)
        with self._stage("branch"):
            self._branch(tree, None)

    def _whole_root(self) -> Place | None:
        """Bound and plans of the root; None where nothing can be served."""
        with self._stage("search"):
            self._first_plan()
        with self._stage("bound"):
            place = self._bound()
        if self.root is None or self.root.bound == np.inf:
            return None
        with self._stage("search"):
            self._improve(self.root)
        if len(self.pairs.point) > DIVIDED_PAIRS:
            with self._stage("divide"):
                self._divide(DIVIDED_SHARE)
        with self._stage("search"):
            self._improve_whole(ROUNDED_AT_ROOT)
        return place

    def _divided_root(self) -> Place | None:
        """The same for very many pairs, where points are small and one round takes long.

        Dividing them costs next to nothing there, so that the divided problem gives the bound and
        the sites; the rest of the time is for making its points whole.
        """
        with self._stage("search"):
            self._first_plan()
        with self._stage("divide"):
            self.root = self._divide(LARGE_SHARE)
        if self.root is None or self.bound == np.inf:
            return None
        with self._stage("search"):
            self._improve_whole(ROUNDED_OF_LARGE)
            for turn in range(LARGE_TURNS):
                self._recreate(self._rounds * GROWTH**turn, COOL)
        if self._enough():
            return None
        self.pairs = pairs_of(self.data)
        self._seen = nothing_seen(self.pairs)
        return whole_place(self.data, self.pairs, self.root.multipliers.demand)

    def _bound(self) -> Place:
        """Raise the root's bound, trying its choices as plans on the way."""
        data = self.data
        self.pairs = pairs_of(data)
        place = whole_place(data, self.pairs, first_multipliers(data).demand)
        self._seen = nothing_seen(self.pairs)
        large = len(self.pairs.point) > DIVIDED_PAIRS
        self._ascend(place, FIRST_LOOK if large else ROOT_ROUNDS)
        return place

    def _ascend(self, place: Place, rounds: int) -> None:
        """Go on at the root for so many rounds."""
        seen = self._seen
        chunk = int(np.clip(CHUNK_PAIRS // max(1, len(self.pairs.point)), 1, 25))
        for done in range(0, rounds, chunk):
            bound = ascended(
                self.pairs,
                place,
                seen,
                target=self.objective if np.isfinite(self.objective) else self.search.objective,
                stop_at=-np.inf if self.watch.remaining_s <= 0 else self.limit,
                rounds=chunk,
            )
            self.bound = max(self.bound, bound)
            if bound == np.inf or self._done("bound"):
                break
            if done // chunk % 2 == 0:
                self._offer_shares(place, seen.share)
            if seen.motion[0] < LEAST_STEP:
                break
        multipliers = Multipliers(place.multiplier.copy(), float(place.price[0]))
        self.root = BoundResult(float(seen.motion[3]), multipliers, seen.value, seen.share, 0)

    def _divide(self, share: float) -> BoundResult | None:
        """Solve the problem with divided points: a bound, and sets of sites worth making whole."""
        if self._enough():
            return None
        limit_s = min(share * self.watch.remaining_s, DIVIDED_S)
        gap = max(DIVIDED_GAP, DIVIDED_PART * self.settings.gap)
        settings = replace(self.settings, gap=gap, time_limit_s=limit_s)

        def hear(event: Progress) -> None:
            if np.isfinite(event.bound):
                self._raise(event.bound)
            self._listen("divide")

        part = Watch(settings, hear)
        if np.isfinite(self.objective):
            part.keep(self._found())
        divided = DividedRun(replace(self.problem, single_source=False), settings, part)
        self._raise(divided.solve().bound)
        few = ROUNDED_OF_LARGE if self._large else ROUNDED_AT_ROOT
        for chosen in divided.search.ranked(few):
            if self._done("divide"):
                break
            self.search.offer(chosen)
        return divided.root

    def _model(self) -> None:
        """Give a small problem to the plain model for a while.

        Where a few sites take everything, the knapsacks leave a gap that HiGHS's cuts close; the
        tree, which goes on afterwards, has it hard there.
        """
        if self._enough() or len(self.pairs.point) > MODEL_PAIRS:
            return
        limit_s = min(PLAIN_SHARE * self.watch.remaining_s, PLAIN_S)
        part = self.watch.part(limit_s)
        if np.isfinite(self.objective):
            part.keep(self._found())
        found = PulpMethod().run(self.problem, replace(self.settings, time_limit_s=limit_s), part)
        if found.infeasible:
            self.bound, self._proof_of_bound = np.inf, "solver"
        elif found.bound > self.bound:
            self.bound, self._proof_of_bound = found.bound, "solver"
        self._take(answer.whole_plan(self.data, found))

    def _tree(self, place: Place) -> WholeTree | None:
        """What the root leaves under the limit; None if that is nothing."""
        rest, halt = copied(place), np.zeros(1, np.int64)
        job = partial(fixed, self.pairs, rest, self._seen, self.limit, exact=True, halt=halt)
        if attended([job], halt, lambda: self._over("reduce"))[0] is None:
            self._raise(self.limit)
            return None
        pairs, rest = compressed(self.pairs, rest)
        self._left = len(pairs.point)
        return WholeTree(
            pairs,
            rest,
            float(self._seen.motion[3]),
            objective=lambda: self.objective,
            prune_at=lambda: self.limit,
            threads=self.settings.threads,
            most_open=self._most_open(sum(one.nbytes for one in rest)),
        )

    def _branch(self, tree: WholeTree, nodes: int | None) -> None:
        """Go on with the tree, for so many nodes or to the end."""
        if self._enough():
            return
        stop_at = np.inf if nodes is None else tree.nodes + nodes

        def on_result(result: WholeResult) -> None:
            self._try_node(tree, result)
            self._take_bound(tree)
            self._listen("branch")

        def pause() -> bool:
            hopeless = not np.isfinite(self.objective) and tree.nodes >= NODES_WITHOUT_PLAN
            return self._done("branch") or hopeless or tree.nodes >= stop_at

        tree.run(on_result=on_result, pause=pause)
        self._take_bound(tree)

    def _take_bound(self, tree: WholeTree) -> None:
        self._nodes = tree.nodes
        self._raise(tree.bound)

    def _raise(self, bound: float) -> None:
        if bound > self.bound:
            self.bound, self._proof_of_bound = bound, "lagrangian tree"

    def _try_node(self, tree: WholeTree, result: WholeResult) -> None:
        """Plans from a node's shares."""
        if result.place is None or result.used is None or result.share is None:
            return
        if self.watch.remaining_s <= 0:
            return
        if not (result.place.state == FREE).any():
            self._take(self._from_pairs(tree, result))
            return
        plan = self._offer_shares(result.place, result.share)
        if plan is not None and self.root is not None and self._offers % 3 == 0:
            plan = self._interchange(plan, self.root)
        if plan is None or plan.objective >= self.wanted:
            return
        made = rounded(self.data, plan)
        self._take(made)
        key = (plan.chosen >= 0).tobytes()
        few = len(self._polished) * POLISH_EVERY <= tree.nodes
        if made is not None and key not in self._polished and few:
            self._polished.add(key)
            self._seed += 1
            polished = self._recreation.improved(
                [made], POLISH, [self._seed], pause=lambda: self._over("branch")
            )
            self._take(polished[0])

    def _from_pairs(self, tree: WholeTree, result: WholeResult) -> WholePlan | None:
        """The plan that the average use of the pairs is nearest to, repaired."""
        used, place = result.used, result.place
        if used is None or place is None or result.share is None:
            return None
        pairs = tree.pairs
        order = np.lexsort((used + (place.pair > 0), pairs.point))
        last = np.searchsorted(pairs.point[order], np.arange(self.data.n), side="right") - 1
        site = tree.site[order[last]]
        chosen, _ = self._sizes(place, result.share)
        return improved(self.data, chosen, site)

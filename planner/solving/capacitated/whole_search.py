"""One site a point: the plans of a solve, found and improved.

Sets of sites come from the bound's multipliers; they are improved by interchange of what they
would cost divided, made whole, and improved by ruin and recreate and by small models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving.capacitated.assignment import WholePlan, nearest_with_room, rounded
from planner.solving.capacitated.attended import attended
from planner.solving.capacitated.bound import BoundResult
from planner.solving.capacitated.course import Course
from planner.solving.capacitated.divided import LARGE_PAIRS
from planner.solving.capacitated.kernel import packed, priced_pairs
from planner.solving.capacitated.neighbourhood import improved_by_neighbourhoods
from planner.solving.capacitated.opening import FREE
from planner.solving.capacitated.recreate import Recreation, Schedule
from planner.solving.capacitated.redrawing import Job, obey, unless_halted
from planner.solving.capacitated.search import SitePlan
from planner.solving.capacitated.whole_bound import Place
from planner.solving.method import Watch

STARTS = 8
"""Plans of the root that interchange begins from."""
ROUNDED_AT_ROOT = 12
"""Sets of sites whose assignment is made whole before branching."""
CHUNK_POINTS, LEAST_CHUNK = 8_000_000, 4_000
"""Rounds x points of ruin and recreate between two reports, and rounds at least: about a second."""
FIRST_ROUNDS, ROUNDS_A_PAIR = 40_000, 200
"""Rounds of ruin and recreate in the first turn, fewer of few pairs; three times as many a time."""
MODEL_S, MODEL_SHARE = 2.0, 0.25
"""Seconds for a small model of neighbouring sites, and of the time left for all in a turn."""
AROUND = 60
"""Moves from a set of sites that are evaluated, and closed sites that they may open."""
DEALT_POINTS, DEALT_WARM = 20_000_000, 30.0
"""Rounds x points of annealing among given sites, a second or two, and its first warmth: in units
of what it costs a point to be whole (zya and gya of Kong 2021, where these differ by a hundred)."""
MOST_PLANS, OTHERS, ALIKE = 8, 6, 0.02
"""Best plans of different sites, and plans of the same sites, that are kept; plans of the same
sites that differ in fewer points than the last, a share, are the same."""
SCHEDULES, COOL = (0.3, 3.0, 1.0), 0.03
"""Warmth of the turns, in turn; and where plans are good and rounds are few."""


class WholeSearch(Course):
    """The side of a solve that finds plans."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        super().__init__(problem, settings, watch)
        self._offers = 0
        self._plans: list[WholePlan] = []
        self._seed = 0
        self._explored: set[bytes] = set()
        self._dealt: set[bytes] = set()
        self._packed: dict[tuple[bytes, float], float] = {}
        self._redrawn: set[tuple[bytes, float, int, float]] = set()
        self._others: defaultdict[bytes, list[WholePlan]] = defaultdict(list)
        pairs = max(1, self.data.n * self.data.m)
        self._breadth = int(np.clip(1.5e8 / pairs, 16, 1500))
        self._rounds = min(FIRST_ROUNDS, ROUNDS_A_PAIR * pairs)
        self._large = pairs >= LARGE_PAIRS

    @cached_property
    def _recreation(self) -> Recreation:
        return Recreation(self.data)

    def _first_plan(self) -> None:
        """A plan before anything else, so that the shortest limit has an answer.

        As few sites as hold the demand, those with most room for their cost first; where whole
        points do not fit into them, all sites. Of very many points, the nearest site with room.
        """
        data = self.data
        if self._large:
            self._take(nearest_with_room(data))
            return
        worth = data.largest / np.maximum(data.fixed_cost[data.size_start[1:] - 1], 1e-9)
        for first in (np.full(data.m, -1), data.size_start[1:] - 1):
            plan = self.search.offer(self.search.completed(first, worth))
            if plan is not None:
                self._take(rounded(data, plan))
            if self.whole is not None:
                return
        self._take(nearest_with_room(data))

    def _sizes(self, place: Place, share: FloatArray) -> tuple[IntArray, FloatArray]:
        """Sizes of the sites that are open for the most part, and the share of every site."""
        data = self.data
        whole = np.add.reduceat(share, data.size_start[:-1])
        opened = ((whole > 0.5) & (place.state >= FREE)) | (place.state > FREE)
        return np.where(opened, data.size_start[1:] - 1, -1), whole

    def _offer_shares(self, place: Place, share: FloatArray) -> SitePlan | None:
        chosen, preference = self._sizes(place, share)
        self._offers += 1
        return self.search.offer(self.search.completed(chosen, preference))

    def _improve(self, root_result: BoundResult) -> None:
        """Interchange from the best plans of the root."""
        for chosen in self.search.ranked(STARTS):
            plan = self.search.evaluate_anew(chosen)
            if plan is None or self._enough():
                break
            self._interchange(plan, root_result)
            self._report("search")

    def _interchange(self, plan: SitePlan, root_result: BoundResult) -> SitePlan:
        return self.search.interchange(
            plan,
            root_result.value,
            breadth=self._breadth,
            candidates=100,
            pause=lambda: self._over("search"),
        )

    def _improve_whole(self, count: int) -> None:
        """Whole assignments for the best sets of sites, and the best of them improved."""
        for chosen in self.search.ranked(count):
            if self._done("search"):
                return
            plan = self.search.evaluate_anew(chosen)
            if plan is not None and plan.objective < self.wanted:
                self._take_reported(self._made_whole(plan))
        self._recreate(self._rounds // 2, SCHEDULES[0])

    def _take(self, plan: WholePlan | None) -> None:
        """Keep the plan among the best of different sets of sites."""
        if plan is None or not self.search.allowed(plan.chosen):
            return
        if plan.objective < self.objective:
            self.whole = plan
        others = self._others[_sites(plan)]
        if all((one.site != plan.site).sum() > ALIKE * self.data.n for one in others):
            self._others[_sites(plan)] = sorted([*others, plan], key=_objective)[:OTHERS]
        same = [one for one in self._plans if _sites(one) == _sites(plan)]
        if same and same[0].objective <= plan.objective:
            return
        rest = [one for one in self._plans if _sites(one) != _sites(plan)]
        self._plans = sorted([*rest, plan], key=_objective)[:MOST_PLANS]

    def _recreate(self, rounds: int, warm: float) -> None:
        """Ruin and recreate from the best plan and the best of another set of sites."""
        chunk = max(LEAST_CHUNK, CHUNK_POINTS // max(1, self.data.n))
        parts = max(1, -(-rounds // chunk))
        starts = self._plans[:1] * 2 if len(self._plans) < 2 else self._plans[:2]
        if not starts:
            return
        for part in range(parts):
            if self._done("search"):
                return
            cooler = Schedule(
                -(-rounds // parts),
                warm * (0.01 ** (part / parts)),
                warm * (0.01 ** ((part + 1) / parts)),
            )
            self._seed += 2
            seeds = [self._seed, self._seed + 1]
            starts = self._recreation.improved(
                starts, cooler, seeds, pause=lambda: self._over("search")
            )
            for plan in starts:
                self._take(plan)
            self._report("search")

    def _explore(self, count: int) -> None:
        """Look around the best sets of sites for others that may be worth making whole.

        Where capacity fits tightly the set that divides best is not the one that packs best, and
        interchange, which only goes down, passes by the others.
        """
        for chosen in self.search.ranked(count):
            key = chosen.tobytes()
            if key in self._explored or self.root is None:
                continue
            plan = None if self._done("search") else self.search.evaluate_anew(chosen)
            if plan is None or plan.objective >= self.wanted:
                return
            self._explored.add(key)
            self.search.look_around(
                plan,
                self.root.value,
                self.wanted,
                breadth=AROUND,
                candidates=AROUND,
                pause=lambda: self._done("search"),
            )

    def _deal(self, fresh: int, again: int) -> None:
        """Anneal the points of sets of sites among these: best ones that are new, and the best."""
        known = [one.chosen for one in self._plans[:again]]
        new = [one for one in self.search.ranked(fresh) if one.tobytes() not in self._dealt]
        self._dealt |= {one.tobytes() for one in new}
        starts = list[tuple[WholePlan, float]]()
        for chosen in [*new, *known, *known]:
            divided = None if self._done("search") else self.search.evaluate_anew(chosen)
            whole = None
            if divided is not None and divided.objective < self.wanted:
                whole = self._made_whole(divided)
            if divided is not None and whole is not None:
                starts.append((whole, whole.objective - divided.objective))
        for at in range(0, len(starts), 2):
            self._anneal_among(starts[at : at + 2])

    def _anneal_among(self, starts: list[tuple[WholePlan, float]]) -> None:
        """Anneal plans without opening further sites; what whole points cost them is the warmth."""
        if self._done("search"):
            return
        warm = max(cost / abs(plan.objective) for plan, cost in starts)
        self._seed += 2
        annealed = self._recreation.improved(
            [plan for plan, _ in starts],
            Schedule(max(LEAST_CHUNK, DEALT_POINTS // self.data.n), DEALT_WARM * warm, warm / 10),
            [self._seed, self._seed + 1][: len(starts)],
            same_sites=True,
            pause=lambda: self._done("search"),
        )
        for plan in annealed:
            self._take_reported(plan)

    def _pack(self, count: int, seconds: float) -> None:
        """Deal the points of the best plans out anew, each for so many seconds."""
        tried = [one for one in self._plans[:count] if self._packed.get(_key(one), 0.0) < seconds]
        together = max(1, self.settings.threads)
        for at in range(0, len(tried), together):
            if self._done("search"):
                return
            halt = np.zeros(1, np.int64)
            batch = tried[at : at + together]
            jobs = [job for job in (self._packing(plan, seconds, halt) for plan in batch) if job]
            self._packed |= {_key(plan): seconds for plan in batch}
            for plan in attended(jobs, halt, lambda: self._done("search")) if jobs else ():
                self._take_reported(plan)

    def _packing(self, plan: WholePlan, seconds: float, halt: IntArray) -> Job | None:
        """The work of packing a plan anew, for a thread that obeys ``halt``."""
        divided = self.search.evaluate_anew(plan.chosen, shrink=False)
        if divided is None:
            return None
        job = partial(
            packed,
            self.data,
            divided,
            [plan, *self._others[_sites(plan)]],
            seconds=min(seconds, self.watch.remaining_s),
            gap=0.1 * self.settings.gap,
            listen=partial(obey, halt),
        )
        return partial(unless_halted, job)

    def _made_whole(self, plan: SitePlan) -> WholePlan | None:
        """Whole points of a plan; of very many points it takes long and may be stopped."""
        pause = (lambda: self._over("search")) if self._large else None
        return rounded(self.data, plan, pause=pause)

    def _redraw_regions(
        self, regions: Sequence[tuple[int, float]], seconds: float = MODEL_S
    ) -> None:
        """Deal points out anew among neighbouring sites of the best plan, if it is new."""
        for count, width in regions:
            if self.whole is None or self._done("search"):
                return
            key = (*_key(self.whole), count, width)
            divided = self.search.evaluate_anew(self.whole.chosen, shrink=False)
            if divided is not None and key not in self._redrawn:
                self._redrawn.add(key)
                allowed = priced_pairs(self.data, divided, self.whole, width)
                self._neighbourhoods(count, allowed, seconds)

    def _neighbourhoods(
        self, count: int, allowed: BoolArray | None, seconds: float = MODEL_S
    ) -> None:
        """Improve the whole plan around each site once, by small models.

        With ``allowed`` pairs (m, n) sites stay open or closed; without, they are chosen too.
        """
        if self.whole is None or self._done("search"):
            return
        until = self.watch.seconds + MODEL_SHARE * self.watch.remaining_s
        improved_by_neighbourhoods(
            self.data,
            self.whole,
            count=count,
            seconds_each=seconds,
            pause=lambda: self._done("search") or self.watch.seconds > until,
            on_better=self._take_reported,
            threads=self.settings.threads,
            allowed=allowed,
        )

    def _take_reported(self, plan: WholePlan | None) -> None:
        self._take(plan)
        self._report("search")


def _sites(plan: WholePlan) -> bytes:
    """The sites of a plan, whatever their sizes."""
    return (plan.chosen >= 0).tobytes()


def _objective(plan: WholePlan) -> float:
    return plan.objective


def _key(plan: WholePlan) -> tuple[bytes, float]:
    """What a plan was tried as: its sites, and how good it was then."""
    return _sites(plan), plan.objective

"""Areas in one piece: made to fit into their sites, then better, by small models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.neighbourhood import nearness
from planner.solving.capacitated.redrawing import Drawing, Job, Listen, Redrawing
from planner.solving.capacitated.search import PlanSearch
from planner.solving.method import Watch
from planner.solving.tiered.area_models import solved_in_pieces
from planner.solving.tiered.areas import Areas

FITTING = (4, 6, 9, 13)
"""Neighbouring sites at once while areas are overfull, more where few do not help."""
IMPROVING = (4, 7, 12, 20)
"""The same while they are made better."""
MODEL_S, WIDE_S = 3.0, 1.0
"""Seconds for a small model, and for each site of a wide one if that is more."""
PAIRS_A_POINT = 6
"""Nearest sites that a point may go to while areas are overfull."""
PART = 0.5
"""After that pairs may cost, at the prices of the divided plan, this part of what the plan does."""
AGAIN, DISTORTED = 3, 0.4
"""Rounds after that, with distances distorted by up to this share: other ways of growing."""


class AreaSearch:
    """One search from grown areas; every plan that fits is handed to ``on_better``."""

    def __init__(
        self,
        areas: Areas,
        plan: WholePlan,
        watch: Watch,
        *,
        seed: int,
        threads: int,
        on_better: Callable[[WholePlan], None],
        enough: Callable[[], bool],
    ) -> None:
        self._areas, self._watch = areas, watch
        self._on_better, self._enough = on_better, enough
        self._near = nearness(areas.data)
        self._draw = np.random.default_rng(seed)
        self._distorted = 0.0
        drawing = Drawing(self._job, areas.as_grown, self._done, self._take)
        self._redrawing = Redrawing(areas.data, plan, drawing, threads)

    def run(self) -> None:
        """Until neighbourhoods of every width give nothing more, or time or gap is reached."""
        self._take(self._redrawing.plan)
        if not self._fitted():
            return
        for turn in range(AGAIN + 1):
            self._distorted = DISTORTED if turn else 0.0
            for count in IMPROVING:
                while self._redrawing.improved(list(self._groups(count))):
                    pass
            self._redrawing.forget()

    def _fitted(self) -> bool:
        """Whether every area fits into its site, after what could be done for it."""
        for count in FITTING:
            better = True
            while better:
                over = self._areas.overload(self._redrawing.plan)
                if not over.any():
                    return True
                worst = np.argsort(-over)[: int((over > 0).sum())]
                better = self._redrawing.improved([self._around(int(j), count) for j in worst])
        return not self._areas.overload(self._redrawing.plan).any()

    def _around(self, j: int, count: int) -> IntArray:
        return np.unique(np.append(self._near[j, :count], j))

    def _groups(self, count: int) -> Iterator[IntArray]:
        """Neighbouring sites around each open one: those that are open, and then all."""
        opened = self._redrawing.plan.chosen >= 0
        for j in np.flatnonzero(opened).tolist():
            near = self._near[j]
            yield np.unique(np.append(near[opened[near]][:count], j))
            yield self._around(j, count + 2)

    def _job(self, plan: WholePlan, site: IntArray, listen: Listen) -> Job:
        """The areas of some sites drawn anew, in an order of growth of its own."""
        distortion = 1.0 + self._distorted * self._draw.random(self._areas.data.n)
        seconds = min(max(MODEL_S, WIDE_S * len(site)), self._watch.remaining_s)
        allowed = self._allowed(plan)
        return partial(
            solved_in_pieces,
            self._areas,
            plan,
            site,
            allowed,
            distortion,
            seconds=seconds,
            listen=listen,
        )

    def _allowed(self, plan: WholePlan) -> BoolArray:
        """(m, n) pairs worth looking at: the others cost more than a better plan may.

        As in :mod:`planner.solving.capacitated.kernel`, for sites that are closed too.
        """
        data = self._areas.data
        opened = plan.chosen >= 0
        divided = None
        if not self._areas.overload(plan).any():
            divided = PlanSearch(data).evaluate_anew(plan.chosen, shrink=False)
        if divided is None:
            keep = min(PAIRS_A_POINT, data.m)
            near: BoolArray = data.cost <= np.partition(data.cost, keep - 1, axis=0)[keep - 1]
            return near
        price = np.zeros(data.m)
        price[opened] = divided.price
        priced = data.cost + price[:, None] * data.weight
        over = priced - priced[opened].min(axis=0)
        worth: BoolArray = over <= PART * (plan.objective - divided.objective)
        return worth

    def _done(self) -> bool:
        self._watch.report("areas")
        return self._watch.remaining_s <= 0 or self._enough()

    def _take(self, plan: WholePlan) -> None:
        if not self._areas.overload(plan).any():
            self._on_better(plan)

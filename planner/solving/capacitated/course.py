"""What one solve knows so far: its best plan, its bound and on whose word, its clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from planner.problem import FloatArray, IntArray, SitingProblem
from planner.solution import SolverSettings
from planner.solving import memory, open_nodes
from planner.solving.capacitated import answer
from planner.solving.capacitated.assignment import WholePlan
from planner.solving.capacitated.bound import BoundResult, Multipliers
from planner.solving.capacitated.data import CapacitatedData
from planner.solving.capacitated.opening import FREE, OPEN
from planner.solving.capacitated.reverify import evaluated_once
from planner.solving.capacitated.search import PlanSearch
from planner.solving.method import Found, Watch

NAME = "capacitated lagrangian branch and bound"
REPORT_EVERY_S = 0.2


class Course(ABC):
    """The state of one solve, and the reports to its watch."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        self.problem, self.settings, self.watch = problem, settings, watch
        allowed_mib = memory.allowed_mib(settings)
        self.data = CapacitatedData.of(problem)
        self._nodes_mib = allowed_mib - self.data.held_mib
        self.search = PlanSearch(self.data, lambda: self._over("search"))
        self.whole: WholePlan | None = None
        self.bound = -np.inf
        self.root: BoundResult | None = None
        self.stages: dict[str, float] = {}
        self._integral = self.data.integral
        self._nodes = 0
        self._reported_s = -np.inf
        self._kept = np.inf if watch.best is None else watch.best.objective
        self._ended = False
        self._proof_of_bound = "lagrangian"

    def solve(self) -> Found:
        """Bound, search and branch; a cancelled solve leaves its best with the watch."""
        if not self.data.servable:
            return Found.nothing(NAME, bound=np.inf, infeasible=True)
        try:
            self._run()
        except BaseException:
            if np.isfinite(self.objective):
                self.watch.keep(self._found())
            raise
        self._ended = True
        return self._found()

    def _most_open(self, bytes_each: int) -> int:
        """Nodes that may be open in the memory left beside the pairs."""
        return open_nodes.most_open(bytes_each, self._nodes_mib)

    @abstractmethod
    def _run(self) -> None:
        """The stages in their order; may end at any look at the watch."""

    @property
    def objective(self) -> float:
        """Of the best plan that keeps every rule, ``inf`` without one."""
        if self.data.single_source:
            return np.inf if self.whole is None else self.whole.objective
        return self.search.objective

    @property
    def limit(self) -> float:
        """What cannot give a plan under this needs no further look: the gap is reached."""
        return answer.limit(self.objective, self.settings.gap, integral=self._integral)

    @property
    def wanted(self) -> float:
        """A plan under this is worth some search: a better plan closes the gap as a bound does."""
        if not np.isfinite(self.objective):
            return self.objective
        return max(self.limit, self.objective - 0.1 * self.settings.gap * abs(self.objective))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        before = self.watch.seconds
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + self.watch.seconds - before

    def _enough(self) -> bool:
        return self.watch.remaining_s <= 0 or self.bound >= self.limit

    def _report(self, phase: str) -> None:
        if self.objective < self._kept:
            self._kept = self.objective
            self.watch.keep(self._found())
        objective = self.objective if np.isfinite(self.objective) else float("nan")
        bound = self.bound if np.isfinite(self.bound) else float("nan")
        self._reported_s = self.watch.seconds
        self.watch.report(phase, objective, bound)

    def _listen(self, phase: str) -> None:
        """Let the listener stop a long stage; news are not repeated more often than useful."""
        if self.watch.seconds - self._reported_s >= REPORT_EVERY_S:
            self._report(phase)

    def _over(self, phase: str) -> bool:
        """Whether to stop for lack of time."""
        self._listen(phase)
        return self.watch.remaining_s <= 0

    def _done(self, phase: str) -> bool:
        """Whether to stop for lack of time or because the gap is reached."""
        self._listen(phase)
        return self._enough()

    def _found(self) -> Found:
        if self.data.single_source:
            flows = None if self.whole is None else answer.whole_flows(self.whole)
        else:
            flows = None if self.search.best is None else answer.divided_flows(self.search.best)
        if flows is None:
            plan = Found.nothing(NAME, bound=self.bound, infeasible=self.bound == np.inf)
        else:
            plan = answer.found(self.problem, self.data, flows, NAME)
            bound = min(self.bound, self.objective)
            plan = replace(plan, objective=self.objective, bound=bound)
        at_root = self._proof_of_bound == "lagrangian"
        return replace(
            plan,
            reduced={
                "nodes": self._nodes,
                "pairs": self.data.n * self.data.m,
                "held_mib": self.data.held_mib,
            },
            stage_seconds=dict(self.stages),
            bound_proof=self._proof_of_bound,
            bound_verified=at_root and self._ended and self._reproven(),
            multipliers=None if self.root is None else self._multipliers(self.root),
        )

    def _multipliers(self, root_result: BoundResult) -> FloatArray:
        pay = np.zeros(len(self.problem.demand))
        pay[self.data.point] = root_result.multipliers.demand
        return pay

    @property
    def _first_state(self) -> IntArray:
        return np.where(self.data.required, OPEN, FREE).astype(np.int64)

    def _reproven(self) -> bool:
        """Whether one evaluation at the kept multipliers gives the bound again."""
        if self.root is None:
            return False
        again = evaluated_once(self.data, Multipliers(self.root.multipliers.demand))
        return again >= self.bound - 1e-9 * max(1.0, abs(self.bound))

"""The public call: pick a method, run it, check what it found, certify it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import pulp

from planner.problem import Arcs, Demand, FloatArray, IntArray, SitingProblem
from planner.solution import (
    Cancelled,
    Certificate,
    OnProgress,
    Reason,
    SitingSolution,
    SolverSettings,
)
from planner.solving import checker, explain, highs, judging, loading, methods, repair, tidying
from planner.solving.assignment import Plan
from planner.solving.judging import InternalError
from planner.solving.memory import NotEnoughMemoryError
from planner.solving.method import Found, Watch
from planner.solving.tiered.solve import solve_tiered
from planner.tiered.problem import TieredProblem
from planner.tiered.solution import TieredSolution


@overload
def solve(
    problem: SitingProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    start: SitingSolution | None = None,
) -> SitingSolution: ...


@overload
def solve(
    problem: TieredProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
) -> TieredSolution: ...


def solve(
    problem: SitingProblem | TieredProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    start: SitingSolution | None = None,
) -> SitingSolution | TieredSolution:
    """Best plan of a problem, with its proof, within the settings' time and gap.

    Parameters
    ----------
    problem : of one tier, or tiered
    on_progress : hears of every phase, incumbent and bound; raising :class:`Cancelled` in it (or
        Ctrl-C) ends the solve within a second with the best plan so far
    start : an earlier plan of a problem with the same demand and sites, used as a warm start as it
        is where it keeps the rules of this one, otherwise repaired where that is simple

    Returns
    -------
    SitingSolution or TieredSolution
        Checked by the independent checker. Infeasible is an answer, with its reasons.

    Raises
    ------
    NotEnoughMemoryError
        If no method fits into the memory there is (``settings.memory_mib``): before any work, or
        where the solver's process has used it up without a plan.
    InternalError
        If a method found something that the checker refutes: a fault of this program.
    """
    if isinstance(problem, TieredProblem):
        return solve_tiered(problem, settings, on_progress)
    settings = SolverSettings() if settings is None else settings
    watch = Watch(settings, on_progress)
    with ThreadPoolExecutor(1) as beside:
        # Of five million arcs it takes a third of a second, which a short limit has not got.
        beside.submit(problem.fingerprint)
        return _solved(problem, settings, watch, start)


def _solved(
    problem: SitingProblem, settings: SolverSettings, watch: Watch, start: SitingSolution | None
) -> SitingSolution:
    """The answer to a problem of one tier, however its listener or its clock ends it."""
    reduced = _Reduced.of(problem)
    cancelled = False
    try:
        _keep_start(reduced, start, watch)
        found = _run_methods(reduced.problem, settings, watch)
    except (Cancelled, KeyboardInterrupt):
        cancelled = True
        found = watch.best or _nothing(problem)
    if not cancelled:
        found, cancelled = _tidied(reduced.problem, found, settings, watch)
    reasons = found.reasons
    if found.infeasible and not reasons:
        reasons = _explained(reduced.problem, settings, watch)
    found = replace(found, reasons=reasons)
    return _certified(problem, reduced, found, watch, cancelled=cancelled)


@dataclass(frozen=True, eq=False)
class _Reduced:
    """The problem without the demand that no site can reach."""

    problem: SitingProblem
    demand: IntArray
    """Positions of the remaining demand points in the whole problem."""

    @classmethod
    def of(cls, problem: SitingProblem) -> _Reduced:
        kept = np.flatnonzero(problem.reachable)
        if len(kept) == len(problem.demand):
            return cls(problem, kept)
        arcs = problem.arcs
        ids = tuple(problem.demand.ids[i] for i in kept.tolist())
        demand = Demand(ids, problem.demand.weight[kept])
        start = np.append(arcs.start[:-1][kept], len(arcs))  # rows left out are empty
        smaller = Arcs(start, arcs.site, arcs.impedance, arcs.cost)
        return cls(replace(problem, demand=demand, arcs=smaller), kept)

    def whole_multipliers(self, multipliers: FloatArray | None, n: int) -> FloatArray | None:
        """(n,) multipliers of the whole problem's demand points, 0 for those left out."""
        if multipliers is None:
            return None
        spread = np.zeros(n)
        spread[self.demand] = multipliers
        return spread


def _run_methods(problem: SitingProblem, settings: SolverSettings, watch: Watch) -> Found:
    """The first method that comes to an answer; one that ends with nothing hands over."""
    found = _nothing(problem)
    for method in methods.applicable(problem, settings):
        loading.load(method, problem, settings, watch)
        found = method.run(problem, settings, watch)
        if found.size is not None or found.infeasible or watch.remaining_s <= 0:
            break
    if watch.best is not None and not found.infeasible and _beats(watch.best, found, problem):
        return found.with_plan_of(watch.best)
    return found


def _beats(kept: Found, found: Found, problem: SitingProblem) -> bool:
    """Whether the plan kept on the way is better than the one that a method ended with."""
    if found.size is None:
        return True
    maximise = judging.maximised(problem.objective)
    gain = kept.objective - found.objective
    return gain > 0 if maximise else gain < 0


def _nothing(problem: SitingProblem) -> Found:
    worst = np.inf if judging.maximised(problem.objective) else -np.inf
    return Found.nothing("none", bound=worst)


def _keep_start(reduced: _Reduced, start: SitingSolution | None, watch: Watch) -> None:
    """Make an earlier plan the first incumbent if it is a plan of this problem."""
    if start is None or not start.has_plan or len(start.size) != len(reduced.problem.sites):
        return
    position = {int(i): p for p, i in enumerate(reduced.demand)}
    known = np.array([int(i) in position for i in start.demand], np.bool_)
    demand = np.array([position[int(i)] for i in start.demand[known]], np.int64)
    plan: Plan | None = Plan(start.size, demand, start.site[known], start.share[known])
    if plan is not None and not plan.kept_rules(reduced.problem):
        plan = repair.repaired(reduced.problem, start.size)
    if plan is None:
        return
    watch.keep(
        replace(
            _nothing(reduced.problem),
            size=plan.size,
            demand=plan.demand,
            site=plan.site,
            share=plan.share,
            objective=plan.objective(reduced.problem),
            method="start",
        )
    )


def _tidied(
    problem: SitingProblem, found: Found, settings: SolverSettings, watch: Watch
) -> tuple[Found, bool]:
    """Shorter ways at the same objective, and whether the listener would not wait for them."""
    began_s = watch.seconds
    try:
        neat = tidying.tidied(problem, found, settings, watch)
    except (Cancelled, KeyboardInterrupt):
        return found, True
    if neat is found:
        return found, False
    stages = {**found.stage_seconds, "tidy": watch.seconds - began_s}
    return replace(neat, stage_seconds=stages), False


def _explained(
    problem: SitingProblem, settings: SolverSettings, watch: Watch
) -> tuple[Reason, ...]:
    """Reasons for an infeasible problem; none if listener or memory do not allow for them."""
    try:
        return explain.explain(problem, settings, watch)
    except (Cancelled, KeyboardInterrupt, NotEnoughMemoryError):
        return ()


def _certified(
    problem: SitingProblem,
    reduced: _Reduced,
    found: Found,
    watch: Watch,
    *,
    cancelled: bool,
) -> SitingSolution:
    maximise = judging.maximised(problem.objective)
    size = np.full(len(problem.sites), -1) if found.size is None else np.asarray(found.size)
    demand = reduced.demand[found.demand]
    objective, bound = float("nan"), found.bound
    if found.size is not None:
        flows = (size, demand, found.site, found.share)
        broken = checker.check_plan(problem, *flows)
        if broken:
            raise InternalError(f"{found.method} broke {broken[0]} ({len(broken)} in all)")
        objective = checker.objective_of(problem, *flows)
    if found.infeasible:
        bound = float("nan")
    else:
        bound = judging.sharpened(bound, reduced.problem)
        bound = judging.settled_bound(objective, bound, maximise=maximise)
    certificate = Certificate(
        outcome=judging.outcome_of(
            objective, bound, infeasible=found.infeasible, cancelled=cancelled
        ),
        sense="max" if maximise else "min",
        objective=objective,
        bound=bound,
        seconds=watch.seconds,
        method=found.method,
        solver=f"HiGHS, models by PuLP {pulp.__version__}",
        solver_version=highs.version(),
        problem_hash=problem.fingerprint(),
        bound_proof=found.bound_proof,
        bound_verified=found.bound_verified,
        stage_seconds=found.stage_seconds,
        reduced={"unreachable": len(problem.demand) - len(reduced.demand), **found.reduced},
        checked=found.size is not None,
        multipliers=reduced.whole_multipliers(found.multipliers, len(problem.demand)),
    )
    served = np.zeros(len(problem.demand))
    np.add.at(served, demand, found.share)
    unserved = np.flatnonzero(served < 1 - 1e-6)
    return SitingSolution(
        certificate=certificate,
        objective_kind=problem.objective,
        size=size,
        demand=demand,
        site=found.site,
        share=found.share,
        unserved=unserved,
        reasons=(*explain.unserved_reasons(problem, size, served), *found.reasons),
    )

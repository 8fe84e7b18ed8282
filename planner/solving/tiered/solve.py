"""The tiered half of the public call: solve group by group, check, certify."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

import numpy as np
import pulp

from planner.solution import (
    Cancelled,
    Certificate,
    OnProgress,
    Outcome,
    Progress,
    Reason,
    SolverSettings,
)
from planner.solving import highs, judging
from planner.solving.judging import InternalError
from planner.solving.method import Watch
from planner.solving.tiered import (
    alike,
    contiguous,
    coupled,
    explain,
    left_out,
    main_solve,
    units,
)
from planner.solving.tiered.clashes import clashes
from planner.solving.tiered.decomposition import (
    LEAST_ARCS,
    load_kernels,
    suits,
)
from planner.solving.tiered.groups import groups_of, part_of
from planner.solving.tiered.one_stream import solve_one
from planner.solving.tiered.plain import (
    GroupAnswer,
    arcs_of,
    hopeless_lowered,
    solve_plain,
)
from planner.tiered import checker
from planner.tiered.objectives import goal_value
from planner.tiered.problem import TieredProblem
from planner.tiered.solution import (
    GroupResult,
    Stage,
    StreamPlan,
    TieredSolution,
)

MOST_ARCS_TOGETHER = 60_000
"""Up to so many arcs streams that join are tried as one model where they find no plan in turn."""


def solve_tiered(
    problem: TieredProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
) -> TieredSolution:
    """Best programme of a tiered problem, with its proof, within the settings' time and gap.

    Streams that share nothing are solved apart, several at once, and their bounds added.

    Raises
    ------
    InternalError
        If what was found is refuted by the independent checker: a fault of this program.
    """
    settings = SolverSettings() if settings is None else settings
    small = units.merged(problem) if units.merges(problem) else problem
    run = _Run(small, settings, on_progress)
    lost = units.out_of_reach(problem, small)
    cancelled = False if lost else run.solve()
    if lost:
        run.give_up(lost)
    solution = run.solution(cancelled=cancelled)
    return solution if small is problem else _told_apart(problem, small, solution)


def _told_apart(
    problem: TieredProblem, small: TieredProblem, solution: TieredSolution
) -> TieredSolution:
    """The answer to the merged problem as one to the problem, checked again."""
    certificate = replace(solution.certificate, problem_hash=problem.fingerprint())
    groups = tuple(_group_apart(problem, small, one) for one in solution.groups)
    if not solution.has_plan:
        return replace(solution, certificate=certificate, groups=groups)
    plans = units.told_apart(problem, small, solution.streams)
    _refuse_broken(problem, plans, "units told apart")
    return replace(
        solution,
        certificate=certificate,
        groups=groups,
        streams=plans,
        unserved=left_out.unserved_of(problem, plans),
        yielded=left_out.yielded_of(problem, plans),
    )


def _group_apart(problem: TieredProblem, small: TieredProblem, group: GroupResult) -> GroupResult:
    """A group's plans of the merged problem as plans of the problem."""
    if not group.plans:
        return group
    whole, merged = (
        part_of(one, [one.stream_ids.index(name) for name in group.streams])
        for one in (problem, small)
    )
    return replace(group, plans=units.told_apart(whole, merged, group.plans))


class _Run:
    """One solve of all groups."""

    def __init__(
        self, problem: TieredProblem, settings: SolverSettings, on_progress: OnProgress | None
    ) -> None:
        self._problem, self._settings = problem, settings
        self._listener, self._lock = on_progress, Lock()
        self._groups = groups_of(problem)
        self._whole = [hopeless_lowered(part_of(problem, group)) for group in self._groups]
        self._runs = [alike.runs_of(part) for part in self._whole]
        self._parts = [
            alike.merged(part, run) for part, run in zip(self._whole, self._runs, strict=True)
        ]
        self._answers = [GroupAnswer() for _ in self._groups]
        self._watches: dict[int, Watch] = {}
        self._stopped = False
        if settings.accelerate:
            for part in filter(suits, self._parts):
                load_kernels(part)
                break
            for part in sorted(filter(main_solve.applies, self._parts), key=_size)[:1]:
                main_solve.load_kernels(part)
            for part in filter(contiguous.suits, self._parts):
                contiguous.load_kernels(part)
                break
        self.watch = Watch(settings)

    def solve(self) -> bool:
        """Every group; whether the listener stopped it."""
        try:
            if len(self._groups) == 1:
                self._solve_group(0, self._settings.threads)
            else:
                self._solve_groups()
            self._explain()
        except (Cancelled, KeyboardInterrupt):
            return True
        return False

    def give_up(self, reasons: tuple[Reason, ...]) -> None:
        """There is no plan, for reasons that were seen without solving."""
        self._answers[0].infeasible, self._answers[0].reasons = True, reasons

    def _solve_groups(self) -> None:
        order = sorted(range(len(self._groups)), key=lambda g: _size(self._parts[g]))
        workers = max(1, min(self._settings.threads, len(order)))
        with ThreadPoolExecutor(workers) as pool:
            jobs = [pool.submit(self._solve_group, g, 1, workers) for g in order]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                self._stopped = True
                for job in jobs:
                    job.cancel()
                raise

    def _solve_group(self, g: int, threads: int, workers: int = 1) -> None:
        part, answer = self._parts[g], self._answers[g]
        settings = replace(self._settings, threads=threads, time_limit_s=self._time_of(g, workers))
        watch = Watch(settings, lambda event: self._tell(g, event))
        self._watches[g] = watch
        if clashes(part):
            answer.infeasible = True
            return
        if settings.accelerate and coupled.suits(part):
            coupled.solve_coupled(part, settings, watch, answer, solve_one)
            small = arcs_of(part) <= MOST_ARCS_TOGETHER
            if answer.plans is None and small and watch.remaining_s > 0:
                bound = answer.bounds[0]
                solve_plain(part, settings, watch, answer)
                if answer.bounds and not answer.infeasible:
                    answer.bounds[0] = max(answer.bounds[0], bound)
        else:
            solve_one(part, settings, watch, answer)

    def _explain(self) -> None:
        """Why groups have no plan, once the others have had their time.

        What is seen by counting is enough for large ones: to stretch their rules takes minutes.
        """
        for part, answer in zip(self._whole, self._answers, strict=True):
            if not answer.infeasible or answer.plans is not None or answer.reasons:
                continue
            counted = clashes(part)
            if not counted or arcs_of(part) < LEAST_ARCS:
                counted = explain.explain(part, self._settings, self.watch) or counted
            answer.reasons = counted

    def _time_of(self, g: int, workers: int) -> float | None:
        """Seconds for a group: an equal part of what it and the groups not yet begun share.

        Small groups come first and seldom need theirs, which leaves more for the large ones.
        """
        if self._settings.time_limit_s is None:
            return None
        with self._lock:
            waiting = sum(not answer.reached for answer in self._answers)
            self._answers[g].reached, self._answers[g].bounds = [float("inf")], [-np.inf]
            return self.watch.remaining_s * min(1.0, workers / max(waiting, 1))

    def _tell(self, g: int, event: Progress) -> None:
        """Progress of the whole: the groups' objectives and bounds added."""
        if self._stopped:
            raise Cancelled
        with self._lock:
            objective = sum(_objective(answer) for answer in self._answers)
            bound = sum(answer.bounds[0] if answer.bounds else -np.inf for answer in self._answers)
            if self._will_do(objective, bound):
                for watch in self._watches.values():
                    watch.end()
            if self._listener is None:
                return
            self._listener(
                Progress(
                    f"{event.phase} {g + 1}/{len(self._groups)}",
                    self.watch.seconds,
                    objective if np.isfinite(objective) else float("nan"),
                    bound if np.isfinite(bound) else float("nan"),
                )
            )

    def _will_do(self, objective: float, bound: float) -> bool:
        """Whether the whole is within the gap, though a stream alone may not be.

        Asked of one goal: of several, a group's first bound says nothing of the later ones.
        """
        return (
            len(self._problem.goals) == 1
            and all(answer.plans is not None for answer in self._answers)
            and objective - bound <= self._settings.gap * abs(objective)
        )

    def solution(self, *, cancelled: bool) -> TieredSolution:
        """What was found, checked and certified."""
        problem, answers = self._problem, self._answers
        infeasible = any(answer.infeasible and answer.plans is None for answer in answers)
        plans = self._whole_plan()
        stages = self._stages(plans)
        outcome = _outcome(stages, problem, infeasible=infeasible, cancelled=cancelled)
        if plans is not None:
            _refuse_broken(problem, plans, ", ".join(sorted({one.method for one in answers})))
        first = stages[0] if stages else None
        bound = self._bound(0) if first is None else first.bound
        certificate = Certificate(
            outcome=outcome,
            sense="min",
            objective=float("nan") if first is None else first.objective,
            bound=float("nan") if infeasible else bound,
            seconds=self.watch.seconds,
            method=" + ".join(sorted({answer.method for answer in answers})),
            solver=f"HiGHS, models by PuLP {pulp.__version__}",
            solver_version=highs.version(),
            problem_hash=problem.fingerprint(),
            bound_proof=" + ".join(sorted({answer.bound_proof for answer in answers})),
            stage_seconds=_summed([answer.stage_seconds for answer in answers]),
            checked=plans is not None,
        )
        reasons: tuple[Reason, ...] = tuple(one for answer in answers for one in answer.reasons)
        return TieredSolution(
            certificate=certificate,
            streams=() if plans is None else plans,
            stages=tuple(stages),
            unserved=() if plans is None else left_out.unserved_of(problem, plans),
            yielded=() if plans is None else left_out.yielded_of(problem, plans),
            reasons=reasons,
            groups=tuple(
                self._group_result(g, cancelled=cancelled) for g in range(len(self._groups))
            ),
        )

    def _group_result(self, g: int, *, cancelled: bool) -> GroupResult:
        """What became of a group, checked by itself."""
        group, answer = self._groups[g], self._answers[g]
        bound = answer.bounds[0] if answer.bounds else -np.inf
        ids = tuple(self._problem.stream_ids[s] for s in group)
        if answer.plans is None:
            nan = float("nan")
            infeasible = answer.infeasible
            outcome = judging.outcome_of(nan, nan, infeasible=infeasible, cancelled=cancelled)
            bound = nan if infeasible else bound
            return GroupResult(ids, outcome, nan, bound, reasons=answer.reasons)
        part, goal = part_of(self._problem, group), self._problem.goals[0]
        plans = tuple(alike.repeated(answer.plans, self._runs[g]))
        _refuse_broken(part, plans, answer.method)
        objective = goal_value(part, plans, goal)
        bound = judging.settled_bound(objective, bound, maximise=False)
        outcome = judging.outcome_of(objective, bound, cancelled=cancelled)
        return GroupResult(ids, outcome, objective, bound, plans)

    def _whole_plan(self) -> tuple[StreamPlan, ...] | None:
        plans: list[StreamPlan | None] = [None] * len(self._problem.streams)
        for group, run, answer in zip(self._groups, self._runs, self._answers, strict=True):
            if answer.plans is None:
                return None
            for s, plan in zip(group, alike.repeated(answer.plans, run), strict=True):
                plans[s] = plan
        return tuple(plan for plan in plans if plan is not None)

    def _bound(self, number: int) -> float:
        values = [
            answer.bounds[number] if len(answer.bounds) > number else -np.inf
            for answer in self._answers
        ]
        return float(sum(values))

    def _stages(self, plans: tuple[StreamPlan, ...] | None) -> list[Stage]:
        """One stage a goal that was looked at; the last is what the plan comes to."""
        if plans is None:
            return []
        looked = min(len(answer.reached) for answer in self._answers)
        stages = []
        for number, goal in enumerate(self._problem.goals[:looked]):
            reached = float(sum(answer.reached[number] for answer in self._answers))
            if number == looked - 1:
                reached = goal_value(self._problem, plans, goal)
            bound = judging.settled_bound(reached, self._bound(number), maximise=False)
            stages.append(Stage(goal, reached, bound))
        return stages


def _refuse_broken(problem: TieredProblem, plans: tuple[StreamPlan, ...], method: str) -> None:
    broken = checker.check_plan(problem, plans)
    if broken:
        raise InternalError(f"{method} broke {broken[0]} ({len(broken)} in all)")


def _size(part: TieredProblem) -> int:
    return sum(len(leg) for stream in part.streams for leg in stream.legs) + 1


def _objective(answer: GroupAnswer) -> float:
    return answer.reached[0] if answer.reached else float("inf")


def _summed(parts: list[dict[str, float]]) -> dict[str, float]:
    names = {name for part in parts for name in part}
    return {name: sum(part.get(name, 0.0) for part in parts) for name in sorted(names)}


def _outcome(
    stages: list[Stage], problem: TieredProblem, *, infeasible: bool, cancelled: bool
) -> Outcome:
    if not stages:
        return judging.outcome_of(
            float("nan"), float("nan"), infeasible=infeasible, cancelled=cancelled
        )
    every = [judging.outcome_of(one.objective, one.bound, cancelled=cancelled) for one in stages]
    if len(stages) == len(problem.goals) and all(one is Outcome.OPTIMAL for one in every):
        return Outcome.OPTIMAL
    return Outcome.CANCELLED if cancelled else Outcome.FEASIBLE

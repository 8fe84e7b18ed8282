"""Scenario -> Plan: the one pipeline that the CLI, the API and the tests use.

Inputs are read and validated, the present state is assessed, then the tiers of each stream are
sited in turn: the first serves the demand points, a later one may serve the sites that an earlier
one opened, with the tonnes that they handle. While one stream is solved the next is prepared.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from geodata.faults import N_, Fault, Severity
from planner.solution import Cancelled, Outcome, Progress, SitingSolution
from scenarios.changes import changed_inputs
from scenarios.clock import Clock
from scenarios.earlier_plan import EarlierPlan
from scenarios.inputs import Inputs, load_inputs
from scenarios.joint import is_joint
from scenarios.load import profiles_of
from scenarios.plan import Plan, StreamPlan, plan_of
from scenarios.problems import practice_problem
from scenarios.programme.course import run_programme
from scenarios.progress import OnRunProgress, RunProgress, unheard
from scenarios.schema import ProblemType, Scenario, StreamProfile
from scenarios.solvers import Answer, Question, Solvers, solvers
from scenarios.stream_run import Course, Shared, StreamRun


def run(
    scenario: Scenario,
    *,
    folder: Path | str = ".",
    on_progress: OnRunProgress | None = None,
    on_inputs: Callable[[Inputs], None] | None = None,
    start: EarlierPlan | None = None,
    on_idle: Callable[[], object] | None = None,
) -> Plan:
    """Plan a scenario; one of several phases as a building programme.

    Parameters
    ----------
    folder : that the scenario's relative file names start from
    on_progress : hears of every step; raising :class:`planner.Cancelled` in it stops the run and
        keeps the streams and the incumbents there are
    on_inputs : is given what the plan is made from, for whoever needs the roads themselves
    start : an earlier plan to start from where sites and points are still the same
    on_idle : called once if this process waits for children to solve and one of them has no more
        to do

    Raises
    ------
    InputError
        With every fault of the inputs.
    Cancelled
        If it was stopped before there was any plan.
    """
    profiles = profiles_of(scenario, folder)
    if any(
        tier.rounds and tier.rounds.sets_haul_cost for p in profiles.values() for tier in p.tiers
    ):
        return _run_with_fitted_haul(
            scenario, profiles, folder=folder, on_progress=on_progress, on_inputs=on_inputs,
            start=start, on_idle=on_idle,
        )  # fmt: skip
    if is_joint(scenario):
        # Years that follow on one another, and tiers that one would site in turn, are one question.
        return run_programme(scenario, folder=folder, on_progress=on_progress, on_inputs=on_inputs)
    return _run_in_turn(
        scenario, profiles, folder, on_progress or unheard,
        on_inputs=on_inputs, start=start, on_idle=on_idle,
    )  # fmt: skip


def _run_in_turn(
    scenario: Scenario,
    profiles: Mapping[str, StreamProfile],
    folder: Path | str,
    notify: OnRunProgress,
    *,
    on_inputs: Callable[[Inputs], None] | None,
    start: EarlierPlan | None,
    on_idle: Callable[[], object] | None,
) -> Plan:
    """One year: the tiers of each stream sited in turn."""
    clock = Clock()
    notify(RunProgress("inputs"))
    with clock.of("inputs"):
        inputs = changed_inputs(load_inputs(scenario, profiles, folder), scenario)
    if on_inputs is not None:
        on_inputs(inputs)
    tiers = sum(len(one.tiers) for one in profiles.values())
    shared = Shared(scenario, inputs, notify, clock, start, tiers)
    planning = _Planning(shared)
    points = sum(len(inputs.layer(one.demand.layer)) for one in profiles.values())
    threads = scenario.solver.threads
    with solvers(points, len(profiles), threads, planning.hear) as found:
        planning.plan(profiles, found, on_idle)
    streams = {name: planning.plans[name] for name in profiles if name in planning.plans}
    if not streams:
        raise Cancelled
    return _plan(planning, [*profiles], streams)


def _run_with_fitted_haul(
    scenario: Scenario,
    profiles: Mapping[str, StreamProfile],
    *,
    folder: Path | str,
    on_progress: OnRunProgress | None,
    **given: Any,
) -> Plan:
    """Haul costs fitted to planned rounds first, then the run with them."""
    from scenarios.rounds_haul import fitted_scenario, with_fitted  # noqa: PLC0415 - it calls run

    read, found = fitted_scenario(scenario, profiles, folder=folder, on_progress=on_progress)
    return with_fitted(run(read, folder=folder, on_progress=on_progress, **given), found)


class _Planning:
    """All streams of a run, each as far as it has come."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.runs: dict[str, StreamRun] = {}
        self.plans: dict[str, StreamPlan] = {}
        self._courses: dict[str, Course] = {}
        self._answers: deque[Answer] = deque()

    def plan(
        self,
        profiles: Mapping[str, StreamProfile],
        solvers: Solvers,
        on_idle: Callable[[], object] | None,
    ) -> None:
        """Begin the streams in turn, and take up each again when its answer is there."""
        order = [*profiles.values()]
        if solvers.many > 1:
            # What takes longest is begun first, so that it is not waited for alone at the end.
            order.sort(key=self._expected_work, reverse=True)
            solvers.practise(practice_problem(order[0].tiers[0]))
        for profile in order:
            if not self.shared.cancelled:
                self._stoppable(solvers, partial(self._begin, profile, solvers))
            while self._stoppable(solvers, partial(self._take, solvers, block=False)):
                pass
        while self._courses:
            spare = solvers.keep(len(self._courses))
            if spare and on_idle is not None and not self.shared.cancelled:
                self._stoppable(solvers, partial(_called, on_idle))
                on_idle = None
            self._stoppable(solvers, partial(self._take, solvers, block=True))

    def _expected_work(self, profile: StreamProfile) -> int:
        """A guess for the order alone: location of one source with many sizes takes longest."""
        choices = sum(
            max(1, len(tier.sizes)) * (2 if tier.single_source else 1)
            for tier in profile.tiers
            if tier.serves == "demand" and tier.problem is ProblemType.CAPACITATED_LOCATION
        )
        return choices * len(self.shared.inputs.layer(profile.demand.layer))

    def hear(self, question: Question, event: Progress) -> None:
        """Pass a solver's event on."""
        self._tell("solve", question, event)

    def _tell(self, step: str, question: Question, event: Progress | None = None) -> None:
        shared = self.shared
        shared.notify(
            RunProgress(step, question.stream, question.tier, shared.done, shared.total, event)
        )

    def _stoppable(self, solvers: Solvers, act: Callable[[], bool]) -> bool:
        """Act; Ctrl-C ends what is being solved with its best plan and begins nothing more."""
        try:
            return act()
        except (Cancelled, KeyboardInterrupt):
            if self.shared.cancelled:
                raise
            self.shared.cancelled = True
            solvers.stop()
            return False

    def _begin(self, profile: StreamProfile, solvers: Solvers) -> bool:
        self.runs[profile.id] = StreamRun(self.shared, profile)
        self._courses[profile.id] = self.runs[profile.id].course()
        self._go_on(profile.id, None, solvers)
        return True

    def _take(self, solvers: Solvers, *, block: bool) -> bool:
        """Go on with a stream that has been answered; whether there was one."""
        if not self._answers:
            with self.shared.clock.of("solve"):
                self._answers.extend(solvers.answers(block=block))
        if not self._answers:
            if block:  # Ctrl-C in the middle of an answer: nobody will give it again
                self._courses.clear()
            return False
        question, solution = self._answers.popleft()
        stopped = solution is not None and solution.outcome is Outcome.CANCELLED
        self.shared.cancelled = self.shared.cancelled or stopped
        self._go_on(question.stream, solution, solvers)
        if not self.shared.cancelled:
            self._tell("solved", question)
        return True

    def _go_on(self, stream: str, solution: SitingSolution | None, solvers: Solvers) -> None:
        """Take a stream to its next question or to its end."""
        course = self._courses.pop(stream)
        try:
            question = course.send(solution)
        except StopIteration as ended:
            self.plans[stream] = ended.value
            return
        except Cancelled:
            if not self.shared.cancelled:
                raise
            return  # stopped before its first tier was begun
        self._courses[stream] = course
        solvers.submit(question)


def _called(act: Callable[[], object]) -> bool:
    act()
    return True


@dataclass(frozen=True, eq=False)
class Present:
    """The present state of a scenario: by stream id, with the faults of its inputs."""

    profiles: Mapping[str, StreamProfile]
    assessments: Mapping[str, Mapping[str, Any]]
    faults: tuple[Fault, ...]
    synthetic: bool


def assess(
    scenario: Scenario, *, folder: Path | str = ".", on_progress: OnRunProgress | None = None
) -> Present:
    """现状评估: what exists, whom it serves, what is missing; nothing is planned."""
    notify = on_progress or unheard
    notify(RunProgress("inputs"))
    profiles = profiles_of(scenario, folder)
    inputs = load_inputs(scenario, profiles, folder)
    shared = Shared(scenario, inputs, notify, Clock())
    runs = {profile.id: StreamRun(shared, profile) for profile in profiles.values()}
    assessments = {name: one.assessment() for name, one in runs.items()}
    faults = (*inputs.faults, *(fault for one in runs.values() for fault in one.faults))
    return Present(profiles, assessments, faults, inputs.synthetic)


def _interrupted(left: list[str]) -> Fault:
    message = N_("the run was stopped early; not planned: {streams}")
    values = {"streams": ", ".join(left) or "-"}
    return Fault("run", message, values, Severity.WARNING)


def _plan(planning: _Planning, names: Sequence[str], streams: Mapping[str, StreamPlan]) -> Plan:
    shared = planning.shared
    # In the order of the scenario, whatever the order that the streams were begun in.
    runs = [planning.runs[name] for name in names if name in planning.runs]
    faults = [fault for one in runs for fault in one.faults]
    if shared.cancelled:
        faults.append(_interrupted([name for name in names if name not in streams]))
    return plan_of(
        shared.scenario,
        shared.inputs,
        streams,
        screened=[part for one in runs for part in one.screened],
        faults=faults,
        seconds=shared.clock.seconds,
    )

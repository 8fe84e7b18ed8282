"""Scenario with phases -> Plan: every tier of every stream decided together, over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from geodata.faults import N_, Fault, raise_errors
from planner.solution import Cancelled, Certificate, Outcome, Progress, Reason
from planner.solving.tiered.groups import groups_of, part_of
from planner.tiered import Flow, Stream, TieredSolution
from planner.tiered import StreamPlan as TieredPlan
from scenarios.changes import changed_inputs
from scenarios.clock import Clock
from scenarios.inputs import Inputs, load_inputs
from scenarios.joint import joint_of
from scenarios.load import profiles_of
from scenarios.plan import Plan, StreamPlan, TierResult, plan_of
from scenarios.programme.cases import WhatIf
from scenarios.programme.file import ProgrammePart
from scenarios.programme.levels import StreamLevels, stream_levels
from scenarios.programme.problem import Programme, programme_problem
from scenarios.programme.reading import phase_states
from scenarios.progress import OnRunProgress, RunProgress, unheard
from scenarios.provenance import stream_hash
from scenarios.schema import ProblemType, Scenario, StreamProfile
from scenarios.stream_run import Shared, present_state


def run_programme(
    scenario: Scenario,
    *,
    folder: Path | str = ".",
    on_progress: OnRunProgress | None = None,
    on_inputs: Callable[[Inputs], None] | None = None,
) -> Plan:
    """Plan a scenario's building programme.

    Parameters and errors are those of :func:`scenarios.run.run`.
    """
    clock, notify = Clock(), on_progress or unheard
    notify(RunProgress("inputs"))
    with clock.of("inputs"):
        profiles = profiles_of(scenario, folder)
        inputs = changed_inputs(load_inputs(scenario, profiles, folder), scenario)
    raise_errors(_unsuitable(profiles))
    if on_inputs is not None:
        on_inputs(inputs)
    shared = Shared(scenario, inputs, notify, clock, None, len(profiles))
    levels = tuple(_levels(shared, profiles))
    programme = programme_problem(
        scenario, levels, metric_crs=inputs.metric_crs, neighbours=shared.neighbours
    )
    programme, solution = _with_zones_if_possible(shared, programme)
    cases = _what_if(shared, programme, solution)
    with clock.of("tables"):
        streams = {
            one.profile.id: _stream_plan(shared, programme, solution, position, cases)
            for position, one in enumerate(levels)
        }
    met = [fault for one in levels for fault in one.faults]
    return plan_of(
        scenario,
        inputs,
        streams,
        screened=[part.screened for one in levels for part in one.sites.values()],
        faults=(*met, *programme.faults, *cases.faults),
        seconds=clock.seconds,
    )


def _unsuitable(profiles: Mapping[str, StreamProfile]) -> Iterator[Fault]:
    """Tiers whose objective is no cost, so that their years cannot be weighed."""
    message = N_(
        "{tier} asks for {problem}, and a programme over several years weighs costs; make it "
        "capacitated_location or set_cover, or leave out phases"
    )
    for profile in profiles.values():
        for tier in profile.tiers:
            if tier.problem not in (ProblemType.CAPACITATED_LOCATION, ProblemType.SET_COVER):
                yield Fault(profile.id, message, {"tier": tier.id, "problem": tier.problem.value})


def _levels(shared: Shared, profiles: Mapping[str, StreamProfile]) -> list[StreamLevels]:
    found = []
    for profile in profiles.values():
        shared.notify(RunProgress("sites", profile.id, "", shared.done, shared.total))
        found.append(stream_levels(shared, profile, profiles))
        shared.done += 1
    return found


def _with_zones_if_possible(
    shared: Shared, programme: Programme
) -> tuple[Programme, TieredSolution]:
    """The solution; without the zones that may yield where they leave no plan, and saying so."""
    solution = _solved(shared, programme)
    freer = programme.without_zones()
    if solution.outcome is not Outcome.INFEASIBLE or freer is None:
        return programme, solution
    again = _solved(shared, freer)
    return (freer, again) if again.has_plan else (programme, solution)


def _solved(shared: Shared, programme: Programme) -> TieredSolution:
    from planner import solve  # noqa: PLC0415 - PuLP and HiGHS are loaded when first needed

    def hear(event: Progress) -> None:
        shared.notify(RunProgress("solve", "", "", shared.done, shared.total, event))

    with shared.clock.of("solve"):
        solution: TieredSolution = solve(programme.problem, shared.solver_settings, hear)
    if not solution.has_plan and solution.outcome is Outcome.CANCELLED:
        raise Cancelled
    return solution


def _what_if(shared: Shared, programme: Programme, solution: TieredSolution) -> WhatIf:
    """The cases that the scenario asks for, with the programme that was found."""
    joint = joint_of(shared.scenario)
    if not solution.has_plan or not (joint.outages or joint.compare_estimates):
        return WhatIf()
    from scenarios.programme.what_if import what_if  # noqa: PLC0415 - it loads PuLP and HiGHS

    with shared.clock.of("what if"):
        return what_if(programme.problem, solution.streams, joint, shared.solver_settings)


def _stream_plan(
    shared: Shared,
    programme: Programme,
    solution: TieredSolution,
    position: int,
    cases: WhatIf,
) -> StreamPlan:
    """One stream: the last phase as its tables, every phase beside it."""
    levels = programme.levels[position]
    shown = solution if solution.has_plan else _with_what_there_is(programme, solution)
    states = phase_states(programme, shown, position, shared.travel)
    last = states[-1]
    part, certificate = _part(programme, shown, position)
    return StreamPlan(
        profile=levels.profile,
        facilities=last.facilities,
        demand=last.demand,
        assignments=last.assignments,
        indicators=last.indicators,
        tiers=tuple(
            TierResult(tier.id, certificate, _reasons(solution, levels.profile.id))
            for tier in levels.sited[:1]
        ),
        certificate=certificate,
        assessment=present_state(shared, levels.profile, levels.points, levels.facilities),
        input_hash=stream_hash(shared.scenario, levels.profile, shared.inputs.digest),
        phases=states,
        programme=part,
        what_if=cases.of_stream(levels.profile.id),
    )


def _with_what_there_is(programme: Programme, solution: TieredSolution) -> TieredSolution:
    """Where the whole has no plan: the plans of the streams that have one.

    Of the others what exists stays, and nobody is said to be served.
    """
    streams = []
    for stream in programme.problem.streams:
        group = solution.group_of(stream.id)
        if group is not None and group.plans:
            streams.append(group.plans[group.streams.index(stream.id)])
        else:
            streams.append(_as_it_stands(stream, len(programme.years)))
    return replace(solution, streams=tuple(streams))


def _as_it_stands(stream: Stream, years: int) -> TieredPlan:
    return TieredPlan(
        size=tuple(np.tile(one.facilities.existing_size, (years, 1)) for one in stream.tiers),
        flows=tuple(Flow.none() for _ in stream.legs),
    )


def _reasons(solution: TieredSolution, stream: str) -> tuple[Reason, ...]:
    """Why the streams that are decided with this one have no plan."""
    group = solution.group_of(stream)
    return solution.reasons if group is None else group.reasons


def _part(
    programme: Programme, solution: TieredSolution, position: int
) -> tuple[ProgrammePart, Certificate]:
    """The streams that were decided together with this one, and their certificate."""
    problem, whole = programme.problem, solution.certificate
    found = solution.group_of(problem.stream_ids[position])
    group = next(one for one in groups_of(problem) if position in one)
    part = part_of(problem, group)
    plans = tuple(solution.streams[s] for s in group)
    whole = replace(whole, problem_hash=part.fingerprint())
    if found is None:
        return ProgrammePart(part, plans), whole
    own = replace(
        whole,
        outcome=found.outcome,
        objective=found.objective,
        bound=found.bound,
        checked=bool(found.plans),
    )
    return ProgrammePart(part, plans), own

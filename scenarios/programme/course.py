"""Scenario with phases -> Plan: every tier of every stream decided together, over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from geodata.faults import N_, Fault, raise_errors
from planner import SolverSettings
from planner.solution import Cancelled, Certificate, Outcome, Progress
from planner.solving import judging
from planner.solving.tiered.groups import groups_of, part_of
from planner.tiered import Flow, TieredSolution
from planner.tiered import StreamPlan as TieredPlan
from planner.tiered.objectives import goal_value
from scenarios.changes import changed_inputs
from scenarios.clock import Clock
from scenarios.inputs import Inputs, load_inputs
from scenarios.joint import joint_of
from scenarios.load import profiles_of
from scenarios.plan import Plan, StreamPlan, TierResult
from scenarios.programme.cases import WhatIf
from scenarios.programme.file import ProgrammePart
from scenarios.programme.levels import StreamLevels, stream_levels
from scenarios.programme.problem import Programme, programme_problem
from scenarios.programme.reading import phase_states
from scenarios.progress import OnRunProgress, RunProgress, unheard
from scenarios.provenance import stream_hash, versions
from scenarios.schema import ProblemType, Scenario, StreamProfile
from scenarios.stream_run import Shared, present_state, stacked


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
    return Plan(
        scenario=scenario,
        title=scenario.title,
        synthetic=inputs.synthetic,
        streams=streams,
        roads=inputs.road_lines,
        districts=inputs.layer("districts"),
        exclusions=inputs.layer("exclusions"),
        candidates=stacked([part.screened for one in levels for part in one.sites.values()]),
        faults=(
            *inputs.faults,
            *(fault for one in levels for fault in one.faults),
            *programme.faults,
            *cases.faults,
        ),
        sources=(*scenario.sources, *inputs.sources),
        versions=versions(),
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


def _settings(shared: Shared) -> SolverSettings:
    spec = shared.scenario.solver
    return SolverSettings(
        time_limit_s=spec.time_limit_s, gap=spec.gap, threads=spec.threads, seed=spec.seed
    )


def _solved(shared: Shared, programme: Programme) -> TieredSolution:
    from planner import solve  # noqa: PLC0415 - PuLP and HiGHS are loaded when first needed

    settings = _settings(shared)

    def hear(event: Progress) -> None:
        shared.notify(RunProgress("solve", "", "", shared.done, shared.total, event))

    with shared.clock.of("solve"):
        solution: TieredSolution = solve(programme.problem, settings, hear)
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
        return what_if(programme.problem, solution.streams, joint, _settings(shared))


def _stream_plan(
    shared: Shared,
    programme: Programme,
    solution: TieredSolution,
    position: int,
    cases: WhatIf,
) -> StreamPlan:
    """One stream: the last phase as its tables, every phase beside it."""
    levels = programme.levels[position]
    shown = solution if solution.has_plan else _as_it_stands(programme, solution)
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
            TierResult(tier.id, certificate, solution.reasons) for tier in levels.sited[:1]
        ),
        certificate=certificate,
        assessment=present_state(shared, levels.profile, levels.points, levels.facilities),
        input_hash=stream_hash(shared.scenario, levels.profile, shared.inputs.digest),
        phases=states,
        programme=part,
        what_if=cases.of_stream(levels.profile.id),
    )


def _as_it_stands(programme: Programme, solution: TieredSolution) -> TieredSolution:
    """Where there is no plan: what exists stays, and nobody is said to be served."""
    t = len(programme.years)
    streams = tuple(
        TieredPlan(
            size=tuple(np.tile(one.facilities.existing_size, (t, 1)) for one in stream.tiers),
            flows=tuple(Flow.none() for _ in stream.legs),
        )
        for stream in programme.problem.streams
    )
    return replace(solution, streams=streams)


def _part(
    programme: Programme, solution: TieredSolution, position: int
) -> tuple[ProgrammePart, Certificate]:
    """The streams that were decided together with this one, and their certificate."""
    problem, whole = programme.problem, solution.certificate
    group = next(one for one in groups_of(problem) if position in one)
    part = part_of(problem, group)
    plans = tuple(solution.streams[s] for s in group)
    whole = replace(whole, problem_hash=part.fingerprint())
    name = ", ".join(problem.stream_ids[s] for s in group)
    if not np.isfinite(whole.objective) or name not in solution.bounds_by_group:
        return ProgrammePart(part, plans), whole
    objective = goal_value(part, plans, problem.goals[0])
    bound = judging.settled_bound(objective, solution.bounds_by_group[name], maximise=False)
    outcome = judging.outcome_of(objective, bound, cancelled=whole.outcome is Outcome.CANCELLED)
    return (
        ProgrammePart(part, plans),
        replace(whole, outcome=outcome, objective=objective, bound=bound),
    )

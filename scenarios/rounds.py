"""Scenario -> plan -> rounds: who drives where, when, for every stream that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner.routes import (
    OnRounds,
    RoundsProgress,
    RoundsSettings,
    RoundsSolution,
    plan_rounds,
)
from planner.routes.changes import replan_record
from planner.routes.record import RoundsChange, RoundsRecord
from planner.solution import Cancelled, Outcome, Progress
from scenarios.earlier_plan import EarlierPlan
from scenarios.inputs import Inputs
from scenarios.plan import Plan
from scenarios.progress import OnRunProgress, RunProgress
from scenarios.rounds_changes import RoundsChanges
from scenarios.rounds_problem import RoundsCase, rounds_case, rounds_tiers, with_rounds
from scenarios.rounds_tables import StreamRounds, tables
from scenarios.run import run
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from scenarios.rounds_split import StreamSplit


@dataclass(frozen=True, eq=False)
class RoundsPlan:
    """A plan with the rounds of its streams; of those that were done, where it was stopped."""

    plan: Plan
    streams: Mapping[str, StreamRounds]
    stopped: bool = False


OnStream = Callable[[str, RoundsProgress], None]
OnCase = Callable[[RoundsCase], None]


def run_rounds(
    scenario: Scenario,
    *,
    folder: Path | str = ".",
    streams: Sequence[str] = (),
    settings: RoundsSettings | None = None,
    start: EarlierPlan | None = None,
    service_areas: bool = True,
    split: bool = False,
    earlier: Mapping[str, RoundsRecord] | None = None,
    on_progress: OnRunProgress | None = None,
    on_rounds: OnStream | None = None,
) -> RoundsPlan:
    """Plan a scenario and the rounds of its streams.

    Parameters
    ----------
    streams : ids; none is every stream whose profile asks for rounds
    settings : of the search; the time is shared by the streams
    start : an earlier plan, whose sites need not be found again
    service_areas : lorries of a site serve only the points that the plan gives to it
    split : stores for clusters and rounds for the scattered, also where no profile asks for them
    earlier : rounds by stream that are kept where they still hold: only what changed is planned

    Raises
    ------
    InputError
        With every fault of the inputs, or a stream that has no rounds.
    Cancelled
        Where it was stopped before there were any rounds.
    """
    kept: list[Inputs] = []
    plan = run(scenario, folder=folder, on_progress=on_progress, on_inputs=kept.append, start=start)
    return rounds_of_plan(
        plan, kept[0], streams=streams, settings=settings, service_areas=service_areas,
        split=split, earlier=earlier, on_rounds=on_rounds or _steps(on_progress),
    )  # fmt: skip


def rounds_of_plan(
    plan: Plan,
    inputs: Inputs,
    *,
    streams: Sequence[str] = (),
    settings: RoundsSettings | None = None,
    service_areas: bool = True,
    split: bool = False,
    earlier: Mapping[str, RoundsRecord] | None = None,
    changes: Mapping[str, RoundsChanges] | None = None,
    on_rounds: OnStream | None = None,
    on_case: OnCase | None = None,
    draw: bool = True,
) -> RoundsPlan:
    """The rounds of a plan that is there; see :func:`run_rounds`.

    Parameters
    ----------
    earlier : shared stores that these rounds called at are kept too, and who brings where
    changes : by stream, what is otherwise than in the plan
    on_case : told the question of each stream before its rounds are searched
    draw : ways as lines on the roads; without, they are straight, which is quicker
    """
    asked = list(streams) or list(with_rounds(plan))
    settings = settings or RoundsSettings()
    each = replace(settings, time_limit_s=settings.time_limit_s / max(len(asked), 1))
    found: dict[str, StreamRounds] = {}
    for name in asked:
        wanted = _Wanted(
            each,
            service_areas=service_areas,
            stores=split or asks_for_stores(plan, name),
            earlier=None if earlier is None else earlier.get(name),
            changes=None if changes is None else changes.get(name),
            listen=None if on_rounds is None else _naming(name, on_rounds),
            on_case=on_case,
            draw=draw,
        )
        try:
            found[name] = _of_stream(plan, inputs, name, wanted)
        except (Cancelled, KeyboardInterrupt):
            if not found:
                raise Cancelled from None
            return RoundsPlan(plan, found, stopped=True)
        if found[name].solution.outcome is Outcome.CANCELLED:
            return RoundsPlan(plan, found, stopped=True)
    return RoundsPlan(plan, found)


@dataclass(frozen=True, eq=False)
class _Wanted:
    """How the rounds of one stream are to be made; see :func:`rounds_of_plan`."""

    settings: RoundsSettings
    service_areas: bool
    stores: bool
    earlier: RoundsRecord | None
    changes: RoundsChanges | None
    listen: OnRounds | None
    on_case: OnCase | None
    draw: bool


def _of_stream(plan: Plan, inputs: Inputs, name: str, wanted: _Wanted) -> StreamRounds:
    areas = wanted.service_areas and not wanted.stores
    case = rounds_case(plan, inputs, name, service_areas=areas, changes=wanted.changes)
    if wanted.on_case is not None:
        wanted.on_case(case)
    split: StreamSplit | None = None
    differs: RoundsChange | None = None
    if wanted.earlier is not None:
        case, split = _with_kept_stores(case, wanted.earlier)
        solution, differs = replan_record(
            wanted.earlier, case.problem, wanted.settings, wanted.listen
        )
    elif wanted.stores:
        from scenarios.rounds_split import split_case  # noqa: PLC0415 - seldom asked for

        case, solution, split = split_case(case, wanted.settings, wanted.listen)
    else:
        solution = plan_rounds(case.problem, wanted.settings, wanted.listen)
    return replace(_tables(case, solution, draw=wanted.draw), split=split, change=differs)


def _with_kept_stores(
    case: RoundsCase, earlier: RoundsRecord
) -> tuple[RoundsCase, StreamSplit | None]:
    """The case with the shared stores that the earlier rounds called at, where they did."""
    if not earlier.brings:
        return case, None
    from scenarios.rounds_kept_stores import with_kept_stores  # noqa: PLC0415 - seldom needed

    return with_kept_stores(case, earlier.brings)


def _tables(case: RoundsCase, solution: RoundsSolution, *, draw: bool) -> StreamRounds:
    """The tables, with straight ways where somebody does not wait for them to be drawn."""
    try:
        return tables(case, solution, draw=draw)
    except KeyboardInterrupt:
        stopped = replace(solution, outcome=Outcome.CANCELLED)
        return tables(case, stopped, draw=False)


def _steps(on_progress: OnRunProgress | None) -> OnStream | None:
    """A listener of the run that is told of rounds too, and may end them as it may the sites."""
    if on_progress is None:
        return None

    def hear(stream: str, event: RoundsProgress) -> None:
        found = Progress(event.phase, event.seconds, event.cost_cny)
        on_progress(RunProgress("rounds", stream, solving=found))

    return hear


def asks_for_stores(plan: Plan, stream: str) -> bool:
    """Whether a stream's profile wants stores and rounds compared."""
    found = plan.streams.get(stream)
    tiers = [] if found is None else rounds_tiers(found)
    return any(tier.rounds is not None and tier.rounds.shared_stores for tier in tiers[:1])


def _naming(stream: str, on_rounds: OnStream) -> Callable[[RoundsProgress], None]:
    return lambda event: on_rounds(stream, event)

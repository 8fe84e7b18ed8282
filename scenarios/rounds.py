"""Scenario -> plan -> rounds: who drives where, when, for every stream that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planner.routes import OnRounds, RoundsProgress, RoundsSettings
from planner.routes.record import RoundsRecord
from planner.solution import Cancelled, Outcome, Progress
from scenarios.earlier_plan import EarlierPlan
from scenarios.inputs import Inputs
from scenarios.plan import Plan
from scenarios.progress import OnRunProgress, RunProgress
from scenarios.rounds_changes import RoundsChanges
from scenarios.rounds_problem import RoundsCase, rounds_case, rounds_tiers, with_rounds
from scenarios.rounds_search import RoundsWish, StreamSearch
from scenarios.rounds_tables import StreamRounds
from scenarios.run import run
from scenarios.schema import Scenario


@dataclass(frozen=True, eq=False)
class RoundsPlan:
    """A plan with the rounds of its streams; of those that were done, where it was stopped."""

    plan: Plan
    streams: Mapping[str, StreamRounds]
    stopped: bool = False

    def drawn(self) -> RoundsPlan:
        """The same with ways on the roads instead of straight ones."""
        return replace(self, streams={name: one.drawn() for name, one in self.streams.items()})


OnStream = Callable[[str, RoundsProgress], None]


class RoundsListener:
    """Hears how far the streams are; this one does nothing about it."""

    def begin(self, case: RoundsCase) -> None:
        """The rounds of a stream are about to be searched."""

    def done(self, stream: str, found: StreamRounds) -> None:
        """They will not become any better."""


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
    found = rounds_of_plan(
        plan, kept[0], streams=streams, settings=settings, service_areas=service_areas,
        split=split, earlier=earlier, on_rounds=on_rounds or _steps(on_progress),
    )  # fmt: skip
    try:
        return found.drawn()
    except KeyboardInterrupt:
        return replace(found, stopped=True)


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
    hear: RoundsListener | None = None,
) -> RoundsPlan:
    """The rounds of a plan that is there, with straight ways; see :func:`run_rounds`.

    Every stream has its first rounds before one of them is improved.

    Parameters
    ----------
    earlier : shared stores that these rounds called at are kept too, and who brings where
    changes : by stream, what is otherwise than in the plan
    hear : of streams that begin and that are done
    """
    asked = list(streams) or list(with_rounds(plan))
    settings = settings or RoundsSettings()
    each = replace(settings, time_limit_s=settings.time_limit_s / max(len(asked), 1))
    hear = hear or RoundsListener()
    searches: dict[str, StreamSearch] = {}
    found: dict[str, StreamRounds] = {}
    try:
        for name in asked:
            stores = split or asks_for_stores(plan, name)
            case = rounds_case(
                plan, inputs, name, service_areas=service_areas and not stores,
                changes=(changes or {}).get(name),
            )  # fmt: skip
            hear.begin(case)
            listen = _naming(name, on_rounds)
            wish = RoundsWish(each, stores, (earlier or {}).get(name), listen)
            searches[name] = StreamSearch(case, wish)
        # The one with the fewest visits first: somebody waits to see any rounds at all.
        for search in sorted(searches.values(), key=lambda one: one.visits):
            search.first()
        for name, search in searches.items():
            found[name] = search.best()
            if found[name].solution.outcome is Outcome.CANCELLED:
                raise Cancelled  # noqa: TRY301 - as if it had been asked between two streams
            hear.done(name, found[name])
    except (Cancelled, KeyboardInterrupt):
        return _stopped(plan, searches, found)
    return RoundsPlan(plan, found)


def _stopped(
    plan: Plan, searches: Mapping[str, StreamSearch], found: Mapping[str, StreamRounds]
) -> RoundsPlan:
    """The rounds of a search that was stopped, of the streams that have some.

    Raises
    ------
    Cancelled
        Where none has.
    """
    so_far = {name: found.get(name) or one.so_far() for name, one in searches.items()}
    there = {name: one for name, one in so_far.items() if one is not None}
    if not there:
        raise Cancelled from None
    return RoundsPlan(plan, there, stopped=True)


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


def _naming(stream: str, on_rounds: OnStream | None) -> OnRounds | None:
    return None if on_rounds is None else lambda event: on_rounds(stream, event)

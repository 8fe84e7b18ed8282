"""Scenario -> plan -> rounds: who drives where, when, for every stream that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.routes import (
    Kind,
    OnRounds,
    Round,
    RoundsProgress,
    RoundsSettings,
    RoundsSolution,
    plan_rounds,
)
from planner.routes.changes import replan_record
from planner.routes.fleet import M_PER_KM, S_PER_H
from planner.routes.record import RoundsChange, RoundsRecord
from planner.solution import Cancelled, Outcome, Progress
from scenarios.earlier_plan import EarlierPlan
from scenarios.inputs import Inputs
from scenarios.plan import Plan
from scenarios.progress import OnRunProgress, RunProgress
from scenarios.rounds_changes import RoundsChanges
from scenarios.rounds_problem import RoundsCase, rounds_case, rounds_tiers, with_rounds
from scenarios.run import run
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from scenarios.rounds_split import StreamSplit

KG_PER_T = 1_000.0

ROUND_COLUMNS = (
    "round_id", "day", "day_name", "vehicle", "lorry", "depot_id", "depot_name", "stops", "trips",
    "leaves_s", "returns_s", "km", "hours", "tonnes", "cost_cny", "co2_kg", "geometry",
)  # fmt: skip
CALL_COLUMNS = (
    "round_id", "day", "lorry", "order", "kind", "id", "name", "district", "share", "arrive_s",
    "begin_s", "leave_s", "leg_km", "load_t", "geometry",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class StreamRounds:
    """Rounds of one stream, solved and in tables.

    Parameters
    ----------
    rounds : ROUND_COLUMNS; geometry is the way on the roads, WGS84
    calls : CALL_COLUMNS; every call of every lorry in order
    unserved : id, name, missing, reason and the reason's figures
    split : stores and rounds compared, where they were asked for; stops are then who is called at
    change : against earlier rounds, where those were to be kept
    """

    case: RoundsCase
    solution: RoundsSolution
    rounds: gpd.GeoDataFrame
    calls: gpd.GeoDataFrame
    unserved: pd.DataFrame
    split: StreamSplit | None = None
    change: RoundsChange | None = None

    @property
    def figures(self) -> dict[str, float]:
        """The rounds of a year in numbers."""
        problem, found, years = self.case.problem, self.solution, self.case.cycles_per_yr
        load, shift = found.utilisation(problem)
        return {
            "lorries": float(sum(found.fleet_needed(problem).values())),
            "rounds_per_yr": len(found.rounds) * years,
            "km_per_yr": found.distance_m / M_PER_KM * years,
            "hours_per_yr": sum(one.out_s for one in found.rounds) / S_PER_H * years,
            "t_per_yr": sum(one.tonnes(problem) for one in found.rounds) * years,
            "cost_wan_cny_per_yr": found.cost_cny(problem) * years / 1e4,
            "co2_t_per_yr": found.co2_kg(problem) * years / KG_PER_T,
            "payload_used": load,
            "shift_used": shift,
            "unserved": float(len(found.unserved)),
        }


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


def tables(case: RoundsCase, solution: RoundsSolution, *, draw: bool = True) -> StreamRounds:
    """The solution in tables, its ways drawn on the roads unless they need not be."""
    ids = [f"{case.stream.profile.id}-{k + 1}" for k in range(len(solution.rounds))]
    rounds = [
        _round_row(case, one, name, draw=draw)
        for name, one in zip(ids, solution.rounds, strict=True)
    ]
    facts = _facts(case)
    calls = [
        row
        for name, one in zip(ids, solution.rounds, strict=True)
        for row in _call_rows(case, one, name, facts)
    ]
    return StreamRounds(
        case,
        solution,
        gpd.GeoDataFrame(rounds, columns=list(ROUND_COLUMNS), geometry="geometry", crs="EPSG:4326"),
        gpd.GeoDataFrame(calls, columns=list(CALL_COLUMNS), geometry="geometry", crs="EPSG:4326"),
        _unserved(case, solution),
    )


def _round_row(case: RoundsCase, one: Round, name: str, *, draw: bool) -> dict[str, object]:
    problem = case.problem
    vehicle = problem.vehicles[one.vehicle]
    depot = case.depots.iloc[one.depot]
    return {
        "round_id": name,
        "day": one.day,
        "day_name": problem.day_names[one.day],
        "vehicle": vehicle.id,
        "lorry": lorry_name(case, one),
        "depot_id": str(depot["id"]),
        "depot_name": str(depot["name"]),
        "stops": len(one.stops),
        "trips": one.trips,
        "leaves_s": one.visits[0].leave_s,
        "returns_s": one.visits[-1].arrive_s,
        "km": one.distance_m / M_PER_KM,
        "hours": one.out_s / S_PER_H,
        "tonnes": one.tonnes(problem),
        "cost_cny": one.cost_cny(problem),
        "co2_kg": one.distance_m / M_PER_KM * vehicle.co2_kg_per_km,
        "geometry": _way(case, one, draw=draw),
    }


def lorry_name(case: RoundsCase, one: Round) -> str:
    """What a driver's sheet is called: the depot and the lorry's number there."""
    depot = case.depots["name"].iloc[one.depot]
    if len(case.problem.vehicles) == 1:
        return f"{depot}-{one.lorry + 1}"
    return f"{depot}-{chr(ord('A') + one.vehicle)}{one.lorry + 1}"


def _place(case: RoundsCase, kind: Kind, position: int) -> int:
    problem = case.problem
    places = {
        Kind.STOP: problem.stops.place,
        Kind.DISPOSAL: problem.disposal.place,
        Kind.DEPOT: problem.depots.place,
    }
    return int(places[kind][position])


def _way(case: RoundsCase, one: Round, *, draw: bool) -> shapely.LineString:
    points: list[tuple[float, ...]] = []
    roads = case.roads[case.problem.vehicles[one.vehicle].id]
    places = [_place(case, call.kind, call.position) for call in one.visits]
    for start, end in pairwise(places):
        if start != end:
            line = roads.line(start, end) if draw else roads.straight_line(start, end)
            points += [xy for xy in line.coords if not points or xy != points[-1]]
    if len(points) < 2:
        at = (float(roads.lon[places[0]]), float(roads.lat[places[0]]))
        points = [at, at]
    return shapely.LineString(points)


Facts = Mapping[Kind, Sequence[tuple[str, str, str]]]
"""Id, name and district of each place by kind and position."""


def _facts(case: RoundsCase) -> Facts:
    """Read off the tables once: a row of a table costs more than all else of a call."""
    tables = {Kind.STOP: case.stops, Kind.DISPOSAL: case.sites, Kind.DEPOT: case.depots}
    return {
        kind: list(
            zip(*(one[name].astype(str) for name in ("id", "name", "district")), strict=True)
        )
        for kind, one in tables.items()
    }


def _call_rows(case: RoundsCase, one: Round, name: str, facts: Facts) -> list[dict[str, object]]:
    rows, number = [], 0
    roads = case.roads[case.problem.vehicles[one.vehicle].id]
    lorry = lorry_name(case, one)
    for call in one.visits:
        place_id, place_name, district = facts[call.kind][call.position]
        number += call.kind is Kind.STOP
        place = _place(case, call.kind, call.position)
        rows.append(
            {
                "round_id": name,
                "day": one.day,
                "lorry": lorry,
                "order": number if call.kind is Kind.STOP else None,
                "kind": call.kind.value,
                "id": place_id,
                "name": place_name,
                "district": district,
                "share": call.share,
                "arrive_s": call.arrive_s,
                "begin_s": call.begin_s,
                "leave_s": call.leave_s,
                "leg_km": call.leg_m / M_PER_KM,
                "load_t": call.load_t,
                "geometry": shapely.Point(roads.lon[place], roads.lat[place]),
            }
        )
    return rows


def _unserved(case: RoundsCase, solution: RoundsSolution) -> pd.DataFrame:
    rows = [
        {
            "id": case.problem.stops.ids[one.stop],
            "name": str(case.stops["name"].iloc[one.stop]),
            "district": str(case.stops["district"].iloc[one.stop]),
            "missing": one.missing,
            "reason": one.reason.kind,
            "figures": {
                key: value
                for key, value in one.reason.values.items()  # noqa: PD011 - no data frame
                if not isinstance(value, float) or np.isfinite(value)
            },
        }
        for one in solution.unserved
    ]
    columns = ["id", "name", "district", "missing", "reason", "figures"]
    return pd.DataFrame(rows, columns=columns)

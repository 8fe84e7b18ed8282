"""Rounds as tables: the rounds of a stream with their ways, and every call in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.routes import Kind, Round, RoundsSolution
from planner.routes.fleet import M_PER_KM, S_PER_H
from planner.routes.record import RoundsChange
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_ways import places_of, straight_ways, ways_on_roads

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
    rounds : ROUND_COLUMNS; geometry is the way, WGS84: straight, or on the roads if drawn
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

    def drawn(self) -> StreamRounds:
        """The same with ways on the roads, which takes some milliseconds a leg."""
        lines = ways_on_roads(self.case, self.solution.rounds)
        return replace(self, rounds=self.rounds.set_geometry(lines, crs="EPSG:4326"))

    @cached_property
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


def tables(case: RoundsCase, solution: RoundsSolution) -> StreamRounds:
    """The solution in tables, with straight ways; :meth:`StreamRounds.drawn` has those on roads."""
    ids = [f"{case.stream.profile.id}-{k + 1}" for k in range(len(solution.rounds))]
    facts = _facts(case)
    lorries = [_lorry_name(case, one, facts) for one in solution.rounds]
    named = list(zip(ids, lorries, solution.rounds, strict=True))
    rounds = pd.DataFrame(
        [_round_row(case, one, name, lorry, facts) for name, lorry, one in named],
        columns=list(ROUND_COLUMNS[:-1]),
    )
    calls = [row for name, lorry, one in named for row in _call_rows(one, name, lorry, facts)]
    places = [place for one in solution.rounds for place in places_of(case, one)]
    return StreamRounds(
        case,
        solution,
        gpd.GeoDataFrame(rounds, geometry=straight_ways(case, solution.rounds), crs="EPSG:4326"),
        gpd.GeoDataFrame(
            pd.DataFrame(calls, columns=list(CALL_COLUMNS[:-1])),
            geometry=_points(case, places),
            crs="EPSG:4326",
        ),
        _unserved(case, solution),
    )


def _points(case: RoundsCase, places: list[int]) -> NDArray[np.object_]:
    """Points at places of the road matrices; those of every class are the same."""
    roads = next(iter(case.roads.values()))
    return np.asarray(shapely.points(roads.straight_way(places)), object)


Facts = Mapping[Kind, Sequence[tuple[str, str, str]]]
"""Id, name and district of each place by kind and position."""


def _round_row(
    case: RoundsCase, one: Round, name: str, lorry: str, facts: Facts
) -> dict[str, object]:
    problem = case.problem
    vehicle = problem.vehicles[one.vehicle]
    depot_id, depot_name, _ = facts[Kind.DEPOT][one.depot]
    return {
        "round_id": name,
        "day": one.day,
        "day_name": problem.day_names[one.day],
        "vehicle": vehicle.id,
        "lorry": lorry,
        "depot_id": depot_id,
        "depot_name": depot_name,
        "stops": len(one.stops),
        "trips": one.trips,
        "leaves_s": one.visits[0].leave_s,
        "returns_s": one.visits[-1].arrive_s,
        "km": one.distance_m / M_PER_KM,
        "hours": one.out_s / S_PER_H,
        "tonnes": one.tonnes(problem),
        "cost_cny": one.cost_cny(problem),
        "co2_kg": one.distance_m / M_PER_KM * vehicle.co2_kg_per_km,
    }


def _lorry_name(case: RoundsCase, one: Round, facts: Facts) -> str:
    """What a driver's sheet is called: the depot and the lorry's number there."""
    _, depot, _ = facts[Kind.DEPOT][one.depot]
    if len(case.problem.vehicles) == 1:
        return f"{depot}-{one.lorry + 1}"
    return f"{depot}-{chr(ord('A') + one.vehicle)}{one.lorry + 1}"


def _facts(case: RoundsCase) -> Facts:
    """Read off the tables once: a row of a table costs more than all else of a call."""
    tables = {Kind.STOP: case.stops, Kind.DISPOSAL: case.sites, Kind.DEPOT: case.depots}
    return {
        kind: list(
            zip(*(one[name].astype(str) for name in ("id", "name", "district")), strict=True)
        )
        for kind, one in tables.items()
    }


def _call_rows(one: Round, name: str, lorry: str, facts: Facts) -> list[dict[str, object]]:
    rows, number = [], 0
    for call in one.visits:
        place_id, place_name, district = facts[call.kind][call.position]
        number += call.kind is Kind.STOP
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

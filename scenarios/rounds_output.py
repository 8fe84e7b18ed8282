"""Rounds into a folder: map, driver sheets, GeoPackage, GeoJSON, and the rounds as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from geodata.faults import N_, Fault, InputError
from planner.routes import Kind, Round, RoundsProblem, RoundsSolution, Visit, check_solution
from planner.routes.checker import Finding
from planner.routes.record import RecordedRound, RoundsRecord
from planner.routes.solution import Unserved
from planner.solution import Outcome, Reason
from scenarios.output import staging_folder
from scenarios.rounds import RoundsPlan
from scenarios.rounds_tables import StreamRounds

MAP, WORKBOOK, GEOPACKAGE, GEOJSON, ROUNDS = (
    "rounds.html", "rounds.xlsx", "rounds.gpkg", "rounds.geojson", "rounds.json",
)  # fmt: skip

Writer = Callable[[RoundsPlan, Path, str], object]


def default_writers() -> dict[str, Writer]:
    """The deliverables by file name."""
    from scenarios.deliverables.rounds_geopackage import (  # noqa: PLC0415 - heavy
        write_rounds_geopackage,
    )
    from scenarios.deliverables.rounds_map import write_rounds_map  # noqa: PLC0415 - folium
    from scenarios.deliverables.rounds_workbook import write_rounds_workbook  # noqa: PLC0415

    return {
        MAP: write_rounds_map,
        WORKBOOK: write_rounds_workbook,
        GEOPACKAGE: write_rounds_geopackage,
        GEOJSON: _write_geojson,
    }


def write_rounds(rounds: RoundsPlan, folder: Path | str, lang: str = "zh") -> list[Path]:
    """Write all files of the rounds; all of them or none.

    Raises
    ------
    InputError
        Where the disk is full or the folder may not be written.
    """
    return _written(rounds, Path(folder), lang, {**default_writers(), ROUNDS: _write_json})


def write_searched(rounds: RoundsPlan, folder: Path) -> list[Path]:
    """Write the rounds as JSON and GeoJSON alone, in a moment; both of them or none.

    Raises
    ------
    InputError
        As :func:`write_rounds`.
    """
    return _written(rounds, folder, "", {GEOJSON: _write_geojson, ROUNDS: _write_json})


def _written(
    rounds: RoundsPlan, folder: Path, lang: str, writers: Mapping[str, Writer]
) -> list[Path]:
    with staging_folder(folder) as staging:
        for name, write in writers.items():
            write(rounds, staging / name, lang)
    return sorted(folder / name for name in writers)


def _write_geojson(rounds: RoundsPlan, path: Path, _lang: str) -> None:
    from scenarios.deliverables.rounds_geopackage import rounds_geojson  # noqa: PLC0415 - heavy

    text = json.dumps(rounds_geojson(rounds), ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")


def _write_json(rounds: RoundsPlan, path: Path, _lang: str) -> None:
    document = {key: rounds_dict(one) for key, one in rounds.streams.items()}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")


def rounds_dict(one: StreamRounds) -> dict[str, Any]:
    """A stream's rounds as plain values, ids in place of positions."""
    problem, found = one.case.problem, one.solution
    figures = {key: value if np.isfinite(value) else None for key, value in one.figures.items()}
    return {
        "outcome": str(found.outcome),
        "checked": found.checked,
        "problem_hash": found.problem_hash,
        "seconds": round(found.seconds, 3),
        "days": list(problem.day_names),
        "figures": figures,
        "fleet": [
            {"vehicle": vehicle, "depot": depot, "by_day": list(by_day)}
            for (vehicle, depot), by_day in found.fleet(problem).items()
        ],
        "calendar": {
            stop: [int(day) for day in np.flatnonzero(found.calendar[i])]
            for i, stop in enumerate(problem.stops.ids)
        },
        "rounds": [_round_dict(problem, each) for each in found.rounds],
        "unserved": one.unserved.to_dict(orient="records"),
        **({} if one.split is None else {"split": one.split.as_dict()}),
        **({} if one.change is None else {"change": asdict(one.change)}),
    }


def _tables(problem: RoundsProblem) -> dict[Kind, tuple[str, ...]]:
    return {
        Kind.DEPOT: problem.depots.ids,
        Kind.STOP: problem.stops.ids,
        Kind.DISPOSAL: problem.disposal.ids,
    }


def _round_dict(problem: RoundsProblem, one: Round) -> dict[str, Any]:
    names = _tables(problem)
    territory = None if one.territory < 0 else problem.territories[one.territory].id
    return {
        "day": one.day,
        "vehicle": problem.vehicles[one.vehicle].id,
        "depot": problem.depots.ids[one.depot],
        "lorry": one.lorry,
        "territory": territory,
        "visits": [_visit_dict(call, names[call.kind][call.position]) for call in one.visits],
    }


def _visit_dict(call: Visit, place: str) -> dict[str, Any]:
    return {
        "kind": call.kind.value,
        "position": place,
        "share": call.share,
        "arrive_s": call.arrive_s,
        "begin_s": call.begin_s,
        "leave_s": call.leave_s,
        "leg_m": call.leg_m,
        "load_t": call.load_t,
    }


def record_of(written: dict[str, Any]) -> RoundsRecord:
    """Written rounds by ids, for a plan that is to keep them where it can.

    Raises
    ------
    KeyError, ValueError
        If they are not what :func:`rounds_dict` makes.
    """
    return RoundsRecord(
        tuple(map(str, written["days"])),
        {str(stop): tuple(map(int, days)) for stop, days in written["calendar"].items()},
        tuple(
            RecordedRound(
                int(one["day"]), str(one["vehicle"]), str(one["depot"]),
                tuple(
                    (Kind(call["kind"]), str(call["position"]), float(call["share"]))
                    for call in one["visits"][1:-1]
                ),
            )
            for one in written["rounds"]
        ),
        {str(key): str(to) for key, to in written.get("split", {}).get("brings", {}).items()},
    )  # fmt: skip


def read_earlier_rounds(folder: Path) -> dict[str, RoundsRecord]:
    """The rounds that stand in a folder, by stream.

    Raises
    ------
    InputError
        There are none, or the file is broken.
    """
    path = folder / ROUNDS
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): record_of(one) for key, one in document.items()}
    except FileNotFoundError:
        message = N_("there are no earlier rounds here; give the folder that rounds.json is in")
        raise InputError([Fault(str(path), message)]) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = N_("is no file of rounds that could be kept ({problem})")
        raise InputError([Fault(str(path), message, {"problem": str(error)})]) from None


def solution_of(problem: RoundsProblem, written: dict[str, Any]) -> RoundsSolution:
    """Written rounds in the positions of a problem.

    Raises
    ------
    KeyError
        If they name something that the problem does not have.
    """
    at = {kind: {name: k for k, name in enumerate(ids)} for kind, ids in _tables(problem).items()}
    vehicle_at = {one.id: k for k, one in enumerate(problem.vehicles)}
    territory_at = {one.id: k for k, one in enumerate(problem.territories)} | {None: -1}
    rounds = []
    for one in written["rounds"]:
        visits = []
        for call in one["visits"]:
            kind = Kind(call["kind"])
            visits.append(Visit(**(call | {"kind": kind, "position": at[kind][call["position"]]})))
        rounds.append(
            Round(
                one["day"], vehicle_at[one["vehicle"]], at[Kind.DEPOT][one["depot"]], one["lorry"],
                territory_at[one["territory"]], tuple(visits),
            )
        )  # fmt: skip
    calendar = np.zeros(problem.stops.days.shape, bool)
    for stop, days in written["calendar"].items():
        calendar[at[Kind.STOP][stop], days] = True
    unserved = tuple(
        Unserved(at[Kind.STOP][one["id"]], one["missing"], Reason(one["reason"], (one["id"],)))
        for one in written["unserved"]
    )
    return RoundsSolution(
        Outcome(written["outcome"]), tuple(rounds), unserved, calendar, written["seconds"]
    )


def check_written(problem: RoundsProblem, written: dict[str, Any]) -> list[Finding]:
    """What the independent checker finds wrong with written rounds."""
    return check_solution(problem, solution_of(problem, written))

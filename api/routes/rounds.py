"""Collection rounds over a plan: started as a run, read by stream, day and lorry."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.auth.principal import Principal, require_whole_plan, require_writer
from api.jobs.rows import run_folder
from api.jobs.task import so_far_folder
from api.problems import Problem, request_language
from api.routes.results import GEOJSON, ROUNDS, ROUNDS_LAYER
from api.routes.runs import accepted
from api.running import start_run
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.rounds_changes import RoundsChanges
from scenarios.store.models import Role, RunKind, RunRow, RunState
from scenarios.wording import Language

router = APIRouter(prefix="/api/runs/{run_id}", tags=["rounds"])

MOST_S = 3600.0

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Word = Annotated[str, Query(max_length=80)]
Stream = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]


class RoundsOptions(BaseModel):
    """How the rounds of a plan are to be made."""

    model_config = ConfigDict(extra="forbid")

    streams: list[Stream] = Field(default_factory=list, max_length=50)
    """Ids; none is every stream whose profile asks for rounds."""
    time_limit_s: float = Field(default=20.0, ge=0.5, le=MOST_S, allow_inf_nan=False)
    """Of the search, for all streams together; what is best by then is the answer."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    anywhere: bool = False
    """Lorries of a site may serve any point, not only those that the plan gives to it."""
    split: bool = False
    """Compare shared stores for clusters with rounds to everybody."""


class RoundsWanted(RoundsOptions):
    """Rounds asked for."""

    lang: Language | None = None
    anew: bool = False
    """Plan again although there is an answer to the same inputs."""


@router.post("/rounds", status_code=202)
def start(
    run_id: str, wanted: RoundsWanted, request: Request, who: Who, service: Served
) -> Response:
    """Plan the rounds of a plan: a run of its own, 202 and where it stands."""
    require_writer(who)
    plan = service.finished_run(run_id, who)
    lang = wanted.lang or request_language(request)
    row, there = start_rounds(service, plan, wanted, who, lang, anew=wanted.anew)
    return accepted(row, request, there=there)


class RoundsChanged(BaseModel):
    """What is otherwise than in the rounds of a run, by stream."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[Stream, RoundsChanges] = Field(min_length=1, max_length=50)
    time_limit_s: float = Field(default=10.0, ge=0.5, le=MOST_S, allow_inf_nan=False)
    """Of the search for what does not fit into the rounds as they are."""
    lang: Language | None = None
    anew: bool = False
    """Plan again although there is an answer to the same inputs."""


@router.post("/rounds/changes", status_code=202)
def change(
    run_id: str, wanted: RoundsChanged, request: Request, who: Who, service: Served
) -> Response:
    """Rounds after a change (a lorry out, a stop more, less or larger): most stay as they were.

    A run of its own for the streams that change; its result says which rounds are kept and which
    stops have moved. Earlier changes of the same rounds hold on. Shared stores stay with who brings
    there; rounds asked for over the plan decide on them anew.
    """
    require_writer(who)
    before = service.finished_run(run_id, who, RunKind.ROUNDS)
    plan = service.finished_run(before.start_run_id or "", who)
    told = before.summary.get("streams", {})
    for stream in wanted.changes:
        if stream not in told:
            values = {"stream": stream, "known": ", ".join(told)}
            raise Problem(404, N_("the plan has no stream {stream}; it has {known}"), values)
    earlier = before.options.get("changes", {})
    options = {
        **before.options,
        "streams": list(wanted.changes),
        "time_limit_s": wanted.time_limit_s,
        "keep": before.folder,
        "changes": {
            stream: one.after(
                RoundsChanges.model_validate(earlier.get(stream, {}))
            ).model_dump(mode="json")
            for stream, one in wanted.changes.items()
        },
    }  # fmt: skip
    row, there = start_run(
        service, plan.document, who, wanted.lang or request_language(request),
        scenario_id=plan.scenario_id, start_run_id=plan.id, anew=wanted.anew, rounds=options,
    )  # fmt: skip
    return accepted(row, request, there=there)


def start_rounds(
    service: Service,
    plan: RunRow,
    wanted: RoundsOptions,
    who: Principal,
    lang: Language,
    *,
    anew: bool = False,
) -> tuple[RunRow, bool]:
    """A run that makes rounds over a plan, and whether it was there already.

    Raises
    ------
    Problem
        404 where the plan has no such stream, 503 where too many runs are waiting.
    """
    unknown = [one for one in wanted.streams if one not in plan.streams]
    if unknown:
        values = {"stream": unknown[0], "known": ", ".join(plan.streams)}
        raise Problem(404, N_("the plan has no stream {stream}; it has {known}"), values)
    options = wanted.model_dump(include=set(RoundsOptions.model_fields))
    return start_run(
        service, plan.document, who, lang, scenario_id=plan.scenario_id, start_run_id=plan.id,
        anew=anew, rounds=options,
    )  # fmt: skip


@router.get("/rounds")
def rounds(run_id: str, who: Who, service: Served, stream: Word = "") -> dict[str, Any]:
    """The rounds as JSON by stream: days, fleet, calls with times and loads, who is not served.

    Of a run that goes on the best so far; each stream then has ``so_far`` with what a cycle costs
    and whether it is still being improved.
    """
    row, found = _read(service, run_id, who, ROUNDS)
    require_whole_plan(who, row)
    if stream and stream not in found:
        values = {"stream": stream, "known": ", ".join(found)}
        raise Problem(404, N_("the plan has no stream {stream}; it has {known}"), values)
    return {stream: found[stream]} if stream else dict(found)


def _read(service: Service, run_id: str, who: Principal, name: str) -> tuple[RunRow, Any]:
    """A file of finished rounds, or of the best so far of a run that goes on.

    Raises
    ------
    Problem
        404 and 409 as of :meth:`Service.finished_run`; 409 too while there are no rounds at all.
    """
    row = service.run(run_id, who)
    if row.kind == RunKind.ROUNDS.value and row.state == RunState.RUNNING.value:
        with suppress(FileNotFoundError):
            key = f"{so_far_folder(run_folder(row))}/{name}"
            with service.store.open(key) as stream:
                return row, orjson.loads(stream.read())
    row = service.finished_run(run_id, who, RunKind.ROUNDS)
    return row, orjson.loads(service.plans.path(row, name).read_bytes())


@router.get("/rounds.geojson", response_class=Response)
def rounds_layer(
    run_id: str, who: Who, service: Served, stream: Word = "",
    day: Annotated[int | None, Query(ge=0, le=400)] = None,
    lorry: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Rounds as lines and their calls as points; a township sees the calls in it.

    Of a run that goes on the best so far, ``still_improving``, with straight ways.
    """
    _, whole = _read(service, run_id, who, ROUNDS_LAYER)
    asked = {"stream": stream or None, "day": day, "lorry": lorry or None}
    features = [
        one
        for one in whole["features"]
        if all(value is None or one["properties"][key] == value for key, value in asked.items())
        and _sees(who, one["properties"])
    ]
    return Response(orjson.dumps({**whole, "features": features}), media_type=GEOJSON)


def _sees(who: Principal, facts: dict[str, Any]) -> bool:
    if not who.sees_stream(facts["stream"]) or not who.sees_places_of(facts["stream"]):
        return False
    # A lorry's way leads through other townships; when it comes is one's own.
    return who.role is not Role.TOWNSHIP or facts.get("district") == who.district

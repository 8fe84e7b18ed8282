"""Runs: started, watched, stopped, compared, changed and planned again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.auth.principal import Principal, require_writer
from api.comparing import compared, difference_layer
from api.looking import read_document
from api.problems import Problem, request_language, stored_faults
from api.routes.scenarios import Limit, Offset, known
from api.running import cancel_run, delete_run, start_run
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.schema import RoadClosure, SiteChange
from scenarios.store import runs
from scenarios.store.models import FILES_COME, Role, RunKind, RunRow, RunState
from scenarios.store.runs import RunLine
from scenarios.wording import Language

router = APIRouter(prefix="/api/runs", tags=["runs"])

LOOK_EVERY_S = 0.15
"""At the news of a run that somebody watches; first rounds are shown so much later at most."""
KEEP_ALIVE_S = 15.0
MOMENTS = ("created_at", "started_at", "finished_at")

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]


class Start(BaseModel):
    """What to run: a kept scenario, or one given here."""

    model_config = ConfigDict(extra="forbid")

    scenario_id: str | None = None
    scenario: dict[str, Any] | None = None
    lang: Language | None = None
    """Of the workbook, map and GeoPackage; that of the request by default."""
    anew: bool = False
    """Plan again although there is an answer to the same inputs."""


class Radius(BaseModel):
    """Another service radius for a tier."""

    model_config = ConfigDict(extra="forbid")

    stream: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    tier: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    radius_km: float = Field(gt=0, le=1000)


class Changes(BaseModel):
    """What a planner changes in a plan."""

    model_config = ConfigDict(extra="forbid")

    sites: list[SiteChange] = Field(default_factory=list, max_length=1000)
    closed_roads: list[RoadClosure] = Field(default_factory=list, max_length=1000)
    radii: list[Radius] = Field(default_factory=list, max_length=100)
    overrides: list[Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=list, max_length=200
    )
    title: str = Field(default="", max_length=400)


class Publication(BaseModel):
    """Whether a plan is for everybody to see."""

    model_config = ConfigDict(extra="forbid")

    published: bool


@router.post("", status_code=202)
def start(wanted: Start, request: Request, who: Who, service: Served) -> Response:
    """Start a run: 202 and where it stands. The same inputs again: 200 with the kept run."""
    require_writer(who)
    if (wanted.scenario_id is None) == (wanted.scenario is None):
        raise Problem(400, N_("give either scenario_id or scenario"))
    if wanted.scenario_id is not None:
        document = known(wanted.scenario_id, service).document
    else:
        _, document = read_document(service, wanted.scenario or {})
    lang = wanted.lang or request_language(request)
    row, there = start_run(
        service, document, who, lang, scenario_id=wanted.scenario_id, anew=wanted.anew
    )
    return accepted(row, request, there=there)


def accepted(row: RunRow, request: Request, *, there: bool) -> JSONResponse:
    """202 and where a run stands; 200 where the answer is there already."""
    status = 200 if there and RunState(row.state).ended else 202
    body = {**shown(row, request_language(request)), "kept": there}
    return JSONResponse(body, status, {"Location": f"/api/runs/{row.id}"})


@router.get("")
def listed(
    who: Who,
    service: Served,
    limit: Limit = 50,
    offset: Offset = 0,
    scenario_id: Annotated[str | None, Query(max_length=32)] = None,
    state: RunState | None = None,
    kind: RunKind | None = None,
) -> dict[str, Any]:
    """A page of runs, the latest first; their faults are counted here, told by each run."""
    with service.database.reading() as session:
        rows, total = runs.listed(
            session,
            limit=limit,
            offset=offset,
            scenario_id=scenario_id,
            state=state.value if state is not None else None if who.may_write else "finished",
            published=True if who.role is Role.PUBLIC else None,
            kind=None if kind is None else kind.value,
        )
    return {"total": total, "runs": [shown_line(one) for one in rows if who.sees_run(one)]}


@router.get("/{run_id}")
def one(run_id: str, request: Request, who: Who, service: Served) -> dict[str, Any]:
    """Where a run stands; ``latest`` is the latest plan."""
    row = service.run(run_id, who)
    body = shown(row, request_language(request))
    return {**body, "scenario": row.document} if who.may_write else body


@router.post("/{run_id}/cancel", status_code=202)
def cancel(run_id: str, request: Request, who: Who, service: Served) -> JSONResponse:
    """Ask a run to stop; the best plan so far is kept.

    Rounds that are there end the run at once, as JSON and GeoJSON. Its ``phase`` is then ``files``
    until the map, the driver sheets and the GeoPackage have been made; an event tells.
    """
    require_writer(who)
    row = cancel_run(service, run_id)
    return JSONResponse(shown(row, request_language(request)), 202)


@router.delete("/{run_id}", status_code=204)
def remove(run_id: str, who: Who, service: Served) -> Response:
    """Remove a run that has ended, with its files."""
    require_writer(who)
    delete_run(service, run_id)
    return Response(status_code=204)


@router.put("/{run_id}/publication")
def publish(
    run_id: str, wanted: Publication, request: Request, who: Who, service: Served
) -> dict[str, Any]:
    """Let everybody see a plan, or no longer."""
    require_writer(who)
    service.finished_run(run_id, who, kind=None)
    with service.database.writing() as session:
        row = runs.run(session, run_id)
        if row is None:
            raise Problem(404, N_("there is no such run"))
        row.published = wanted.published
    return shown(row, request_language(request))


@router.post("/{run_id}/replan", status_code=202)
def replan(run_id: str, changes: Changes, request: Request, who: Who, service: Served) -> Response:
    """Change a plan and plan again, starting from it."""
    require_writer(who)
    row = service.finished_run(run_id, who)
    document = dict(row.document)
    later = [one.model_dump(mode="json", exclude_none=True) for one in changes.sites]
    again = {(one["stream"], one["site"]) for one in later}
    earlier = [
        one for one in document.get("site_changes", ())
        if (one["stream"], one["site"]) not in again
    ]  # fmt: skip
    closed = [one.model_dump(mode="json") for one in changes.closed_roads]
    document["site_changes"] = [*earlier, *later]
    document["closed_roads"] = [*document.get("closed_roads", ()), *closed]
    if changes.title:
        document["title"] = changes.title
    radii = [
        f"streams.{one.stream}.tiers.{one.tier}.radius_km={one.radius_km}" for one in changes.radii
    ]
    _, plain = read_document(service, document, [*radii, *changes.overrides])
    made, there = start_run(
        service, plain, who, row.lang, scenario_id=row.scenario_id, start_run_id=row.id
    )
    return accepted(made, request, there=there)


@router.get("/{run_id}/comparison/{other_id}")
def comparison(
    run_id: str,
    other_id: str,
    who: Who,
    service: Served,
    stream: Annotated[str, Query(max_length=80)] = "",
) -> dict[str, Any]:
    """What the second plan does otherwise than the first: opened, closed, moved, reassigned."""
    before, after = _pair(run_id, other_id, who, service)
    return compared(before, after, who, stream)


@router.get("/{run_id}/comparison/{other_id}/map")
def comparison_map(
    run_id: str,
    other_id: str,
    who: Who,
    service: Served,
    stream: Annotated[str, Query(max_length=80)] = "",
) -> JSONResponse:
    """The differences as GeoJSON, with a ``change`` for every feature."""
    before, after = _pair(run_id, other_id, who, service)
    layer = difference_layer(before, after, who, stream)
    return JSONResponse(layer, media_type="application/geo+json")


def _pair(run_id: str, other_id: str, who: Principal, service: Service) -> tuple[Any, Any]:
    if who.role is Role.TOWNSHIP:
        raise Problem(403, N_("the file holds more of the plan than is yours to see"))
    rows = [service.finished_run(one, who) for one in (run_id, other_id)]
    return service.plans.load(rows[0]), service.plans.load(rows[1])


@router.get("/{run_id}/events", response_class=StreamingResponse)
async def events(
    run_id: str,
    request: Request,
    who: Who,
    service: Served,
    after: Annotated[int, Query(ge=0)] = 0,
) -> StreamingResponse:
    """What happens in a run as server-sent events, from the beginning or after one of them."""
    row = await run_in_threadpool(service.run, run_id, who)
    last = request.headers.get("last-event-id", "")
    begin = int(last) if last.isdigit() and len(last) < 16 else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _stream(service, row.id, begin, request)
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


async def _stream(
    service: Service, run_id: str, after: int, request: Request
) -> AsyncIterator[str]:
    lang = request_language(request)
    quiet_s = 0.0
    while not await request.is_disconnected():
        found, row = await run_in_threadpool(_news, service, run_id, after)
        for event in found:
            after = event.id
            data = dict(event.data)
            if "faults" in data:
                data["faults"] = stored_faults(data["faults"], lang)
            data["at"] = event.at.isoformat()
            yield f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
        if not found and (row is None or _is_over(row)):
            yield "event: end\ndata: {}\n\n"
            return
        quiet_s = 0.0 if found else quiet_s + LOOK_EVERY_S
        if quiet_s >= KEEP_ALIVE_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        if not found:
            await asyncio.sleep(LOOK_EVERY_S)


def _is_over(row: RunRow) -> bool:
    """Whether nothing more is heard of a run: the files of one that was stopped may follow."""
    return RunState(row.state).ended and row.phase != FILES_COME


def _news(service: Service, run_id: str, after: int) -> tuple[list[Any], RunRow | None]:
    with service.database.reading() as session:
        row = runs.run(session, run_id)
        return runs.events(session, run_id, after), row


def shown(row: RunRow, lang: Language) -> dict[str, Any]:
    """A run as its own page tells it."""
    return {**shown_line(RunLine.of(row)), "faults": stored_faults(row.faults, lang)}


def shown_line(line: RunLine) -> dict[str, Any]:
    """A run as a list tells it."""
    base = f"/api/runs/{line.id}"
    facts = {name: value for name, value in vars(line).items() if name not in ("folder", *MOMENTS)}
    moments = {name: _moment(getattr(line, name)) for name in MOMENTS}
    links = {
        "self": base,
        "events": f"{base}/events",
        "results": f"{base}/results" if line.folder else None,
        "features": f"/ogc/runs/{line.id}" if line.folder else None,
    }
    return {**facts, **moments, "links": links}


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()

"""Scenarios: kept, copied with changes, checked, taken away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from api.auth.principal import Principal, require_writer
from api.looking import look, read_document
from api.problems import Problem, faults_for, request_language, stored_faults
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_, InputError
from scenarios.load_knowledge import stream_ids
from scenarios.schema import Scenario
from scenarios.store import keeping
from scenarios.store.models import ScenarioRow

router = APIRouter(prefix="/api", tags=["scenarios"])

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Document = Annotated[
    dict[str, Any],
    Body(
        description="A scenario as /api/schema/scenario describes it; the file of a layer is the "
        "'file' of an upload.",
        examples=[
            {
                "title": "示范县",
                "synthetic": {"villages": 60},
                "streams": [{"stream": "household_transfer"}],
            }
        ],
    ),
]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


class Copy(BaseModel):
    """What a copy changes."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(default="", max_length=400)
    overrides: list[Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=list, max_length=200
    )
    """``key=value`` with dotted keys, as ``wangdian plan --set``."""


@router.get("/schema/scenario")
def schema() -> dict[str, Any]:
    """The JSON schema of a scenario."""
    return Scenario.model_json_schema()


@router.get("/streams")
def streams() -> list[str]:
    """Ids of the waste streams that can be planned."""
    return list(stream_ids())


@router.post("/scenarios", status_code=201)
def create(document: Document, who: Who, service: Served) -> JSONResponse:
    """Keep a scenario; every fault of it is told at once."""
    require_writer(who)
    _, plain = read_document(service, document)
    with service.database.writing() as session:
        row = keeping.add_scenario(session, plain, owner_id=who.user_id)
    return JSONResponse(shown(row), 201, {"Location": f"/api/scenarios/{row.id}"})


@router.get("/scenarios")
def listed(who: Who, service: Served, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """A page of scenarios, the latest first."""
    require_writer(who)
    with service.database.reading() as session:
        rows, total = keeping.scenarios(session, limit=limit, offset=offset)
    return {"total": total, "scenarios": [_head(row) for row in rows]}


@router.post("/scenarios/validate")
async def validate_document(
    document: Document, request: Request, who: Who, service: Served
) -> dict[str, Any]:
    """Every fault of a scenario and of the files it names; nothing is kept."""
    require_writer(who)
    try:
        _, plain = await run_in_threadpool(read_document, service, document)
    except InputError as error:
        return {"valid": False, "faults": faults_for(error.faults, request_language(request))}
    return await _validated(service, plain, request)


@router.get("/scenarios/{scenario_id}")
def one(scenario_id: str, who: Who, service: Served) -> dict[str, Any]:
    """One scenario."""
    require_writer(who)
    return shown(known(scenario_id, service))


@router.put("/scenarios/{scenario_id}")
def change(scenario_id: str, document: Document, who: Who, service: Served) -> dict[str, Any]:
    """Put another document in its place; runs keep the one that they were started with."""
    require_writer(who)
    _, plain = read_document(service, document)
    with service.database.writing() as session:
        row = keeping.scenario(session, scenario_id)
        if row is None:
            raise _no_scenario()
        row.document, row.title = plain, str(plain["title"])
    return shown(row)


@router.post("/scenarios/{scenario_id}/copy", status_code=201)
def copy(scenario_id: str, wanted: Copy, who: Who, service: Served) -> JSONResponse:
    """A new scenario like this one, with overrides."""
    require_writer(who)
    row = known(scenario_id, service)
    document = {**row.document, **({"title": wanted.title} if wanted.title else {})}
    _, plain = read_document(service, document, wanted.overrides)
    with service.database.writing() as session:
        made = keeping.add_scenario(session, plain, owner_id=who.user_id, parent_id=row.id)
    return JSONResponse(shown(made), 201, {"Location": f"/api/scenarios/{made.id}"})


@router.post("/scenarios/{scenario_id}/validate")
async def validate(scenario_id: str, request: Request, who: Who, service: Served) -> dict[str, Any]:
    """Every fault of a kept scenario and of the files it names."""
    require_writer(who)
    row = await run_in_threadpool(known, scenario_id, service)
    return await _validated(service, row.document, request)


@router.delete("/scenarios/{scenario_id}", status_code=204)
def remove(scenario_id: str, who: Who, service: Served) -> Response:
    """Take a scenario away; its runs stay."""
    require_writer(who)
    with service.database.writing() as session:
        row = keeping.scenario(session, scenario_id)
        if row is None:
            raise _no_scenario()
        keeping.remove_scenario(session, row)
    return Response(status_code=204)


async def _validated(
    service: Service, document: dict[str, Any], request: Request
) -> dict[str, Any]:
    files = sorted(keeping.files_of(document))
    found = await look(service, {"look": "check", "scenario": document}, files)
    faults = stored_faults(found.pop("faults"), request_language(request))
    valid = not any(one["severity"] == "error" for one in faults)
    return {"valid": valid, "faults": faults, **found}


def known(scenario_id: str, service: Service) -> ScenarioRow:
    """A scenario by id.

    Raises
    ------
    Problem
        404 where there is none.
    """
    with service.database.reading() as session:
        row = keeping.scenario(session, scenario_id)
    if row is None:
        raise _no_scenario()
    return row


def _no_scenario() -> Problem:
    return Problem(404, N_("there is no such scenario"))


def _head(row: ScenarioRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "streams": [one["stream"] for one in row.document["streams"]],
        "parent_id": row.parent_id,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def shown(row: ScenarioRow) -> dict[str, Any]:
    """A scenario with its document."""
    return {**_head(row), "scenario": row.document}

"""OGC API - Processes (part 1: core, JSON, OpenAPI 3.0, jobs, dismiss): planning and coverage."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.principal import Principal, require_writer
from api.looking import read_document
from api.problems import Problem, request_language, stored_faults, validation_faults
from api.routes.coverage import Question, ask, plan_of
from api.routes.ogc import JSON, base_of, link
from api.routes.rounds import RoundsWanted, start_rounds
from api.routes.scenarios import known
from api.running import cancel_run, delete_run, start_run
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.store import runs
from scenarios.store.models import Role, RunKind, RunRow, RunState
from scenarios.store.runs import AnyRun
from scenarios.wording import Language, translator

router = APIRouter(prefix="/ogc", tags=["OGC API - Processes"])

CONFORMS = [
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{one}"
    for one in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")
]
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
STATUS = {
    RunState.QUEUED: "accepted",
    RunState.RUNNING: "running",
    RunState.FINISHED: "successful",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "dismissed",
}

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Inputs = Annotated[dict[str, Any], Body(examples=[{"inputs": {"scenario": {}}}])]

PROCESSES: dict[str, dict[str, Any]] = {
    "planning": {
        "title": N_("Plan a scenario"),
        "description": N_("Sites, sizes and service areas with a certificate"),
        "jobControlOptions": ["async-execute", "dismiss"],
        "outputTransmission": ["reference"],
        "inputs": {
            "scenario": {
                "title": "scenario",
                "description": "a scenario document as /api/schema/scenario describes it",
                "schema": {"type": "object"},
                "minOccurs": 0,
            },
            "scenario_id": {
                "title": "scenario_id",
                "description": "id of a kept scenario",
                "schema": {"type": "string"},
                "minOccurs": 0,
            },
            "lang": {
                "title": "lang",
                "schema": {"type": "string", "enum": ["zh", "en"], "default": "zh"},
                "minOccurs": 0,
            },
        },
        "outputs": {
            name: {"title": name, "schema": {"type": "string", "contentMediaType": kind}}
            for name, kind in {
                "map": "text/html",
                "workbook": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "geopackage": "application/geopackage+sqlite3",
                "features": JSON,
            }.items()
        },
    },
    "rounds": {
        "title": N_("Collection rounds"),
        "description": N_("Who drives where and when over a plan: fleet, days, driver sheets"),
        "jobControlOptions": ["async-execute", "dismiss"],
        "outputTransmission": ["reference"],
        "inputs": {
            "run": {
                "title": "run",
                "description": "id of a finished planning job",
                "schema": {"type": "string"},
                "minOccurs": 1,
            },
            **{
                name: {"title": name, "schema": schema, "minOccurs": 0}
                for name, schema in RoundsWanted.model_json_schema()["properties"].items()
            },
        },
        "outputs": {
            name: {"title": name, "schema": {"type": "string", "contentMediaType": kind}}
            for name, kind in {
                "map": "text/html",
                "workbook": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "geopackage": "application/geopackage+sqlite3",
                "rounds": "application/geo+json",
            }.items()
        },
    },
    "coverage": {
        "title": N_("Service check"),
        "description": N_("Which site serves a place, how far, by which clause"),
        "jobControlOptions": ["sync-execute"],
        "outputTransmission": ["value"],
        "inputs": {
            **{
                name: {"title": name, "schema": {"type": "number"}, "minOccurs": 0}
                for name in ("lon", "lat")
            },
            **{
                name: {"title": name, "schema": {"type": "string"}, "minOccurs": 0}
                for name in ("village", "name", "stream", "run")
            },
        },
        "outputs": {"answers": {"title": "answers", "schema": {"type": "array"}}},
    },
}


@router.get("")
def landing(request: Request) -> dict[str, Any]:
    """The landing page."""
    base = base_of(request)
    root = f"{request.url.scheme}://{request.url.netloc}"
    return {
        "title": "Wangdian 网点",
        "links": [
            link("self", base),
            link("service-desc", f"{root}/api/openapi.json", "application/openapi+json"),
            link("service-doc", f"{root}/docs", "text/html"),
            link("conformance", f"{base}/conformance"),
            link("http://www.opengis.net/def/rel/ogc/1.0/conformance", f"{base}/conformance"),
            link("http://www.opengis.net/def/rel/ogc/1.0/processes", f"{base}/processes"),
            link("http://www.opengis.net/def/rel/ogc/1.0/job-list", f"{base}/jobs"),
            link("related", f"{base}/runs/latest", JSON, "OGC API - Features"),
        ],
    }


@router.get("/conformance")
def conformance() -> dict[str, Any]:
    """What the API conforms to."""
    return {"conformsTo": CONFORMS}


@router.get("/processes")
def processes(request: Request, limit: Annotated[int, Query(ge=1)] = 100) -> dict[str, Any]:
    """The processes."""
    base = base_of(request)
    shown = [_process(name, request, whole=False) for name in list(PROCESSES)[:limit]]
    return {"processes": shown, "links": [link("self", f"{base}/processes")]}


@router.get("/processes/{process_id}")
def process(process_id: str, request: Request) -> dict[str, Any]:
    """One process with its inputs and outputs."""
    _check_process(process_id)
    return _process(process_id, request, whole=True)


def _check_process(process_id: str) -> None:
    if process_id not in PROCESSES:
        raise Problem(404, N_("there is no such process"), kind=f"{EXCEPTIONS}/no-such-process")


def _process(name: str, request: Request, *, whole: bool) -> dict[str, Any]:
    say = translator(request_language(request))
    facts = PROCESSES[name]
    base = f"{base_of(request)}/processes/{name}"
    body = {
        "id": name,
        "version": "1.0.0",
        "title": say(facts["title"]),
        "description": say(facts["description"]),
        "jobControlOptions": facts["jobControlOptions"],
        "outputTransmission": facts["outputTransmission"],
        "links": [
            link("self", base),
            link("http://www.opengis.net/def/rel/ogc/1.0/execute", f"{base}/execution"),
        ],
    }
    return {**body, "inputs": facts["inputs"], "outputs": facts["outputs"]} if whole else body


@router.post("/processes/{process_id}/execution", response_class=JSONResponse)
async def execute(
    process_id: str, wanted: Inputs, request: Request, who: Who, service: Served
) -> Response:
    """Execute: planning answers 201 with the job, coverage with its result."""
    _check_process(process_id)
    inputs = wanted.get("inputs", {})
    if not isinstance(inputs, dict):
        raise Problem(400, N_("'inputs' should be an object"))
    if process_id == "coverage":
        return await _coverage(inputs, request, who, service)
    require_writer(who)
    begin = _rounds if process_id == "rounds" else _planning
    row = await run_in_threadpool(begin, inputs, request, who, service)
    base = base_of(request)
    headers = {"Location": f"{base}/jobs/{row.id}", "Preference-Applied": "respond-async"}
    return JSONResponse(_status(row, request), 201, headers)


def _planning(inputs: dict[str, Any], request: Request, who: Principal, service: Service) -> RunRow:
    scenario, scenario_id = inputs.get("scenario"), inputs.get("scenario_id")
    if (scenario is None) == (scenario_id is None):
        raise Problem(400, N_("give either scenario_id or scenario"))
    if scenario_id is not None:
        document = known(str(scenario_id), service).document
    else:
        # A complex input may come qualified, as {"value": …, "mediaType": …}.
        given = scenario.get("value", scenario) if isinstance(scenario, dict) else scenario
        if not isinstance(given, dict):
            raise Problem(400, N_("the scenario is no JSON that can be kept"))
        _, document = read_document(service, given)
    asked = inputs.get("lang")
    lang: Language = "en" if asked == "en" else "zh" if asked == "zh" else request_language(request)
    row, _ = start_run(
        service, document, who, lang,
        scenario_id=None if scenario_id is None else str(scenario_id),
    )  # fmt: skip
    return row


def _rounds(inputs: dict[str, Any], request: Request, who: Principal, service: Service) -> RunRow:
    given = dict(inputs)
    run_id = given.pop("run", "")
    if not isinstance(run_id, str) or not run_id:
        raise Problem(400, N_("give run, the id of a finished planning job"))
    try:
        wanted = RoundsWanted.model_validate(given)
    except ValidationError as error:
        raise Problem(400, faults=validation_faults(error.errors())) from None
    plan = service.finished_run(run_id, who)
    lang = wanted.lang or request_language(request)
    row, _ = start_rounds(service, plan, wanted, who, lang, anew=wanted.anew)
    return row


async def _coverage(
    inputs: dict[str, Any], request: Request, who: Principal, service: Service
) -> Response:
    words = {name: str(inputs.get(name) or "") for name in ("village", "name", "stream", "run")}
    lon, lat = (_degrees(inputs.get(name), most) for name, most in (("lon", 180), ("lat", 90)))
    if (lon is None) != (lat is None) or (lon is None and not words["village"] + words["name"]):
        raise Problem(400, N_("give lon and lat (WGS84), or village (its id), or name"))
    plan = await plan_of(service, words["run"] or "latest", who)
    question = Question(
        village=words["village"], name=words["name"], stream=words["stream"], lon=lon, lat=lat
    )
    answers = ask(plan, question, who, request_language(request))
    return JSONResponse({"answers": answers, "run": plan.run_id})


def _degrees(value: Any, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        raise Problem(400, N_("lon and lat should be degrees (WGS84)"))
    return float(value)


@router.get("/jobs")
def jobs(
    request: Request, who: Who, service: Served,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> dict[str, Any]:  # fmt: skip
    """The jobs, the latest first: runs however they were started."""
    with service.database.reading() as session:
        published = True if who.role is Role.PUBLIC else None
        rows, _ = runs.listed(session, limit=limit, offset=offset, published=published)
    base = base_of(request)
    return {
        "jobs": [_status(row, request) for row in rows if who.sees_run(row)],
        "links": [link("self", f"{base}/jobs")],
    }


@router.get("/jobs/{job_id}")
def job(job_id: str, request: Request, who: Who, service: Served) -> dict[str, Any]:
    """Where a job stands."""
    return _status(_job(job_id, who, service), request)


@router.delete("/jobs/{job_id}")
def dismiss(job_id: str, request: Request, who: Who, service: Served) -> dict[str, Any]:
    """Stop a job; one that has ended is removed with its results."""
    require_writer(who)
    row = _job(job_id, who, service)
    if RunState(row.state).ended:
        delete_run(service, row.id)
    else:
        row = cancel_run(service, row.id)
    return {**_status(row, request), "status": "dismissed"}


@router.get("/jobs/{job_id}/results")
def job_results(job_id: str, request: Request, who: Who, service: Served) -> dict[str, Any]:
    """What came of a job, by reference."""
    row = _job(job_id, who, service)
    state = RunState(row.state)
    if not state.ended:
        raise Problem(404, N_("the job has not ended yet"), kind=f"{EXCEPTIONS}/result-not-ready")
    if not row.folder:
        faults = stored_faults(row.faults, request_language(request))
        raise Problem(404, N_("the job has no results"), faults=faults)
    root = f"{request.url.scheme}://{request.url.netloc}"
    run = f"{root}/api/runs/{row.id}"
    kinds = {name: one["schema"]["contentMediaType"]
             for name, one in PROCESSES[_process_of(row)]["outputs"].items()}  # fmt: skip
    name = "plan" if row.kind == RunKind.PLAN.value else "rounds"
    hrefs = {
        "map": f"{run}/map",
        "workbook": f"{run}/files/{name}.xlsx",
        "geopackage": f"{run}/files/{name}.gpkg",
        "features": f"{root}/ogc/runs/{row.id}",
        "rounds": f"{run}/rounds.geojson",
    }
    absent = _absent(row)
    hrefs = {name: href for name, href in hrefs.items() if name in kinds and name not in absent}
    return {name: {"href": href, "type": kinds[name]} for name, href in hrefs.items()}


def _absent(row: RunRow) -> set[str]:
    """Outputs that rounds which were stopped do not have, or not yet."""
    if row.kind == RunKind.PLAN.value:
        return set()
    files = {"map": "rounds.html", "workbook": "rounds.xlsx", "geopackage": "rounds.gpkg"}
    return {name for name, file in files.items() if file not in row.artefacts}


def _job(job_id: str, who: Principal, service: Service) -> RunRow:
    try:
        return service.run(job_id, who)
    except Problem as problem:
        if problem.status == 404:
            raise Problem(404, problem.detail, kind=f"{EXCEPTIONS}/no-such-job") from None
        raise


def _process_of(row: AnyRun) -> str:
    return "planning" if row.kind == RunKind.PLAN.value else "rounds"


def _status(row: AnyRun, request: Request) -> dict[str, Any]:
    base = f"{base_of(request)}/jobs/{row.id}"
    state = RunState(row.state)
    updated = row.finished_at or row.started_at or row.created_at
    body: dict[str, Any] = {
        "processID": _process_of(row),
        "type": "process",
        "jobID": row.id,
        "status": STATUS[state],
        "message": row.phase,
        "progress": int(row.percent),
        "created": row.created_at.isoformat(),
        "updated": updated.isoformat(),
        "links": [link("self", base)],
    }
    if row.started_at:
        body["started"] = row.started_at.isoformat()
    if row.finished_at:
        body["finished"] = row.finished_at.isoformat()
    if state is RunState.FINISHED:
        rel = "http://www.opengis.net/def/rel/ogc/1.0/results"
        body["links"].append(link(rel, f"{base}/results"))
    return body

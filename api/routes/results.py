"""What came of a run: files, layers, the map, the report, lists for a township."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import FileResponse, Response

from api.auth.principal import Principal, require_whole_plan
from api.features import visible
from api.problems import Problem, request_language
from api.routes.coverage import plan_of
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.output import GEOPACKAGE, MAP, PLAN, PROBLEM, WORKBOOK
from scenarios.store.models import Role, RunKind, RunRow

router = APIRouter(prefix="/api/runs/{run_id}", tags=["results"])

MAP_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob: https://*.tianditu.gov.cn; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The map runs inline script: it is given an origin of its own and no network but map tiles."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-modals"
)

# As scenarios.rounds_output names them, which loads the search for rounds.
ROUNDS_MAP, ROUNDS_LAYER, ROUNDS = "rounds.html", "rounds.geojson", "rounds.json"

MEDIA_TYPES = {
    MAP: "text/html; charset=utf-8",
    WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    GEOPACKAGE: "application/geopackage+sqlite3",
    PLAN: "application/json",
    PROBLEM: "application/octet-stream",
    ROUNDS_MAP: "text/html; charset=utf-8",
    "rounds.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "rounds.gpkg": "application/geopackage+sqlite3",
    ROUNDS_LAYER: "application/geo+json",
    ROUNDS: "application/json",
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GEOJSON = "application/geo+json"

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Stream = Annotated[str, Query(max_length=80)]


@router.get("/results")
def results(run_id: str, who: Who, service: Served) -> dict[str, Any]:
    """Everything that can be had of a plan, with its address."""
    row = service.finished_run(run_id, who, kind=None)
    base = f"/api/runs/{row.id}"
    try:
        require_whole_plan(who, row)
        files = [
            {"name": name, "size": one["size"], "href": f"{base}/files/{name}"}
            for name, one in row.artefacts.items()
            if name.rsplit("/", 1)[-1] in MEDIA_TYPES
        ]
        whole = {"map": f"{base}/map"} if _map_of(row) in row.artefacts else {}
    except Problem:
        files, whole = [], {}
    if row.kind == RunKind.ROUNDS.value:
        rounds = {"rounds": f"{base}/rounds", "layers": {"rounds": f"{base}/rounds.geojson"}}
        return {"run": row.id, "plan": row.start_run_id, "files": files, **rounds, **whole}
    if whole:
        whole |= {"report": f"{base}/report", "report_docx": f"{base}/report.docx"}
    plan = service.plans.load(row)
    return {
        "run": row.id,
        "files": files,
        "layers": {name: f"{base}/layers/{name}.geojson" for name in plan.contents},
        "features": f"/ogc/runs/{row.id}",
        "coverage": f"/api/coverage?run={row.id}",
        **whole,
    }


@router.get("/files/{name:path}", response_class=FileResponse)
def file(run_id: str, name: str, who: Who, service: Served) -> Response:
    """A file of the run: map, workbook, GeoPackage, plan.json, problem.npz; of rounds likewise."""
    row = service.finished_run(run_id, who, kind=None)
    require_whole_plan(who, row)
    return sent(service, row, name)


def sent(service: Service, row: RunRow, name: str) -> Response:
    """A file that the run's row names; nothing else is a file."""
    kind = name.rsplit("/", 1)[-1]
    if name not in row.artefacts or kind not in MEDIA_TYPES:
        raise Problem(404, N_("the run has no such file"))
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{row.artefacts[name]["sha256"]}"'}
    is_page = kind in (MAP, ROUNDS_MAP)
    if is_page:
        headers["Content-Security-Policy"] = MAP_POLICY
    return FileResponse(
        service.plans.path(row, name),
        media_type=MEDIA_TYPES[kind],
        filename=None if is_page else f"{row.id[:8]}-{name.replace('/', '-')}",
        headers=headers,
    )


@router.get("/map", response_class=FileResponse)
def map_page(run_id: str, who: Who, service: Served) -> Response:
    """The folium map, for a sandboxed frame."""
    row = service.finished_run(run_id, who, kind=None)
    require_whole_plan(who, row)
    return sent(service, row, _map_of(row))


def _map_of(row: RunRow) -> str:
    return MAP if row.kind == RunKind.PLAN.value else ROUNDS_MAP


@router.get("/plan")
def plan_json(run_id: str, who: Who, service: Served, stream: Stream = "") -> dict[str, Any]:
    """``plan.json`` of one stream."""
    row = service.finished_run(run_id, who)
    require_whole_plan(who, row)
    plans = service.plans.load(row).plans
    chosen = stream or next(iter(plans), "")
    if chosen not in plans:
        raise Problem(404, N_("the plan has no stream {stream}; it has {known}"),
                      {"stream": stream, "known": ", ".join(plans)})  # fmt: skip
    return dict(plans[chosen])


@router.get("/layers/{name}.geojson", response_class=Response)
def layer(run_id: str, name: str, who: Who, service: Served, stream: Stream = "") -> Response:
    """A whole layer as GeoJSON, with what the caller may see."""
    plan = service.plans.load(service.finished_run(run_id, who))
    lines = [
        line
        for feature, line in visible(plan, name, who)
        if not stream or feature["properties"].get("stream", stream) == stream
    ]
    body = b'{"type":"FeatureCollection","features":[' + b",".join(lines) + b"]}"
    return Response(body, media_type=GEOJSON)


@router.get("/report", response_class=Response)
def report(run_id: str, request: Request, who: Who, service: Served) -> Response:
    """The plan as a report made for printing."""
    from scenarios.deliverables.report import report_html  # noqa: PLC0415 - on demand

    row = service.finished_run(run_id, who)
    require_whole_plan(who, row)
    plans = list(service.plans.load(row).plans.values())
    text = report_html(plans, request_language(request))
    return Response(
        text, media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": REPORT_POLICY},
    )  # fmt: skip


@router.get("/report.docx", response_class=Response)
def report_docx(run_id: str, request: Request, who: Who, service: Served) -> Response:
    """The report as a Word document."""
    row = service.finished_run(run_id, who)
    require_whole_plan(who, row)
    try:
        from scenarios.deliverables.report_docx import report_document  # noqa: PLC0415
    except ImportError:
        raise Problem(503, N_("the server lacks python-docx, which writes this file")) from None
    plans = list(service.plans.load(row).plans.values())
    made = report_document(plans, request_language(request))
    headers = {"Content-Disposition": f'attachment; filename="{row.id[:8]}-report.docx"'}
    return Response(made, media_type=DOCX, headers=headers)


@router.get("/villages")
async def villages(
    run_id: str, request: Request, who: Who, service: Served, stream: Stream = "",
    district: Annotated[str, Query(max_length=120)] = "",
    served: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Villages with who serves them; a township sees its own."""
    plan = await plan_of(service, run_id, who)
    mine = _district(who, district)
    rows = []
    for tier in plan.index.tiers:
        if stream not in ("", tier.facts.stream) or not who.sees_stream(tier.facts.stream):
            continue
        told = who.sees_places_of(tier.facts.stream)
        names = tier.facts.tier_names
        for k, name in enumerate(tier.villages.names):
            site = int(tier.served_by[k])
            if not tier.answers_for[k]:
                continue
            if mine not in ("", tier.villages.districts[k]) or served not in (None, site >= 0):
                continue
            metres = float(tier.metres[k])
            rows.append(
                {
                    "id": tier.villages.ids[k],
                    "name": name,
                    "district": tier.villages.districts[k],
                    "lon": round(float(tier.villages.lon[k]), 7),
                    "lat": round(float(tier.villages.lat[k]), 7),
                    "stream": tier.facts.stream,
                    "tier": tier.facts.tier,
                    "tier_name": names[request_language(request)],
                    "served": site >= 0,
                    "within": None if tier.within[k] < 0 else bool(tier.within[k]),
                    "reason": tier.reason[k],
                    "site_id": tier.sites.ids[site] if site >= 0 and told else None,
                    "site_name": tier.sites.names[site] if site >= 0 and told else None,
                    "distance_m": round(metres, 1) if site >= 0 and told else None,
                }
            )
    return {"run": plan.run_id, "total": len(rows), "villages": rows}


@router.get("/tasks")
def tasks(
    run_id: str, who: Who, service: Served, stream: Stream = "",
    district: Annotated[str, Query(max_length=120)] = "",
) -> dict[str, Any]:  # fmt: skip
    """任务单: what must be built, enlarged or closed, where, how large, by when, by whom."""
    row = service.finished_run(run_id, who)
    plan = service.plans.load(row)
    mine = _district(who, district)
    rows = []
    for feature, _ in visible(plan, "facilities", who, whole_district=True):
        one = feature["properties"]
        wanted = one["status"] in ("new", "expanded", "closed")
        if wanted and stream in ("", one["stream"]) and mine in ("", one["district"]):
            place = (feature["geometry"] or {}).get("coordinates", [None, None])
            rows.append({**one, "lon": place[0], "lat": place[1]})
    by_year = {name: one.get("base_year") for name, one in plan.plans.items()}
    rows.sort(key=lambda one: (one["district"] or "", one["stream"], one["tier"], one["id"] or ""))
    return {"run": row.id, "base_year": by_year, "total": len(rows), "tasks": rows}


def _district(who: Principal, asked: str) -> str:
    """The district that is listed; a township's own.

    Raises
    ------
    Problem
        403 for another township's.
    """
    if who.role is not Role.TOWNSHIP:
        return asked
    if asked and not who.sees_district(asked):
        raise Problem(403, N_("the district is another township's"))
    return who.district

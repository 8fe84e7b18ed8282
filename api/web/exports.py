"""The township's lists as spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.principal import Principal
from api.routes import results
from api.routes.batch import XLSX
from api.routes.coverage import plan_of
from api.service import Service, principal_of_request, service_of
from api.sheets import as_csv, as_workbook
from api.web import knowledge
from api.web.rendering import page_language
from api.web.township import task_rows
from geodata.faults import N_
from scenarios import wording
from scenarios.wording import translator

router = APIRouter(prefix="/api/runs/{run_id}", tags=["results"])

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Word = Annotated[str, Query(max_length=120)]
Kind = Literal["csv", "xlsx"]

TASK_COLUMNS = (
    ("stream_name", N_("Stream")), ("tier_name", N_("Level")), ("status_name", N_("Status")),
    ("name", N_("Facility name")), ("district", N_("Township")), ("lon", N_("Longitude (WGS84)")),
    ("lat", N_("Latitude (WGS84)")), ("size_name", N_("Size class")),
    ("capacity_t_per_yr", N_("Design capacity (t/yr)")), ("land_m2", N_("Land area (m²)")),
    ("by_when", N_("By when")), ("n_served", N_("Points or sites served")),
    ("population_served", N_("Population served")),
    ("investment_wan_cny", N_("Investment (10,000 CNY)")), ("responsible", N_("Responsible body")),
    ("id", N_("Id")),
)  # fmt: skip
VILLAGE_COLUMNS = (
    ("name", N_("Village")), ("district", N_("Township")), ("stream_name", N_("Stream")),
    ("tier_name", N_("Level")), ("served_name", N_("Served")), ("site_name", N_("Serving site")),
    ("distance_m", N_("Distance (m)")), ("within_name", N_("Within the radius")),
    ("why", N_("Why")), ("lon", N_("Longitude (WGS84)")), ("lat", N_("Latitude (WGS84)")),
    ("id", N_("Id")),
)  # fmt: skip

Columns = Sequence[tuple[str, str]]


@router.get("/tasks.{kind}", response_class=Response)
async def tasks(
    run_id: str, kind: Kind, request: Request, who: Who, service: Served, district: Word = ""
) -> Response:
    """任务单 as a spreadsheet."""
    row = await run_in_threadpool(service.finished_run, run_id, who)
    plan = await plan_of(service, row.id, who)
    lang = page_language(request)
    rows = await run_in_threadpool(task_rows, row, plan, district, who, service, lang)
    return _sheet("tasks", kind, TASK_COLUMNS, rows, lang)


@router.get("/villages.{kind}", response_class=Response)
async def villages(
    run_id: str, kind: Kind, request: Request, who: Who, service: Served,
    stream: Word = "", district: Word = "", served: bool | None = None,
) -> Response:  # fmt: skip
    """Villages with who serves them as a spreadsheet; ``served=false`` lists the uncovered."""
    row = await run_in_threadpool(service.finished_run, run_id, who)
    lang = page_language(request)
    _ = translator(lang)
    found = await results.villages(
        row.id, request, who, service, stream=stream, district=district, served=None
    )
    names = knowledge.stream_names(row, lang)
    yes_no = {True: _("yes"), False: _("no"), None: ""}
    rows = [
        {
            **one,
            "stream_name": names.get(one["stream"], one["stream"]),
            "served_name": yes_no[one["served"]],
            "within_name": yes_no[one["within"]],
            "why": _(wording.UNSERVED_REASONS.get(one["reason"], "")),
        }
        for one in found["villages"]
        if served is None or served == (one["served"] and one["within"] is not False)
    ]
    return _sheet("villages", kind, VILLAGE_COLUMNS, rows, lang)


def _sheet(
    name: str, kind: Kind, columns: Columns, rows: Sequence[dict[str, Any]], lang: str
) -> Response:
    _ = translator(lang)
    header = [_(title) for _key, title in columns]
    cells = [[one.get(key) for key, _title in columns] for one in rows]
    body = (as_csv if kind == "csv" else as_workbook)(header, cells)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    media = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    return Response(body, media_type=media, headers=headers)

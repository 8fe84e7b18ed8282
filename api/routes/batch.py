"""The service check of a whole spreadsheet, and the areas that a site reaches."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.principal import Principal
from api.looking import look
from api.plans import LoadedPlan
from api.problems import Problem, request_language, stored_faults
from api.routes.coverage import Question, ask, plan_of
from api.service import Service, principal_of_request, service_of
from api.sheets import as_csv, as_workbook
from geodata.archives import check_archive
from geodata.faults import N_
from scenarios.service_check.answers import Answer
from scenarios.service_check.index import TierIndex
from scenarios.service_check.isochrones import isochrones
from scenarios.store.models import Role
from scenarios.wording import Language, translator

router = APIRouter(tags=["coverage"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xlsm"})
MOST_CUTOFFS, MOST_KM, MOST_MINUTES = 8, 100.0, 240.0
COLUMNS = (
    N_("Serving site"), N_("Distance (m)"), N_("Minutes"), N_("Radius (m)"),
    N_("Within the radius"), N_("Clause"), N_("Next nearest"),
)  # fmt: skip

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Word = Annotated[str, Query(max_length=80)]


@router.post("/api/coverage/batch", response_class=Response)
async def batch(
    file: UploadFile, request: Request, who: Who, service: Served,
    run: Word = "latest", stream: Word = "", crs: Word = "", sheet: Word = "",
) -> Response:  # fmt: skip
    """A spreadsheet of places back with columns added: who serves each, how far, within or not."""
    plan = await plan_of(service, run, who)
    name = PurePath((file.filename or "").replace("\\", "/")).name
    ending = PurePath(name).suffix.casefold()
    if ending not in ENDINGS:
        values = {"ending": ending[:12] or "-", "known": " ".join(sorted(ENDINGS))}
        raise Problem(415, N_("files ending in {ending} are not read; these are: {known}"), values)
    lang = request_language(request)
    work = Path(await run_in_threadpool(tempfile.mkdtemp, prefix="wangdian-batch-"))
    path = work / f"points{ending}"
    try:
        await run_in_threadpool(_save, file, path, service.settings.upload_mb * 2**20)
        most = service.settings.batch_rows
        spec = {"look": "points", "path": path.name, "crs": crs, "sheet": sheet, "most": most}
        found = await look(service, spec, given=path)
    finally:
        await run_in_threadpool(_remove, path)
    if "rows" not in found:
        raise Problem(422, faults=stored_faults(found["faults"], lang))
    header, rows = await run_in_threadpool(_answered, plan, found, stream, who, lang)
    text = ending not in (".xlsx", ".xlsm")
    body = await run_in_threadpool(as_csv if text else as_workbook, header, rows)
    kind = "csv" if text else "xlsx"
    headers = {"Content-Disposition": f'attachment; filename="coverage.{kind}"'}
    return Response(body, media_type="text/csv; charset=utf-8" if text else XLSX, headers=headers)


def _save(file: UploadFile, path: Path, most: int) -> None:
    data = file.file.read(most + 1)
    if len(data) > most:
        raise Problem(413, N_("at most {size} MB are taken at once"), {"size": most >> 20})
    path.write_bytes(data)
    if path.suffix in (".xlsx", ".xlsm"):
        check_archive(path, path.name)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


Sheet = tuple[list[Any], list[list[Any]]]


def _answered(
    plan: LoadedPlan, found: dict[str, Any], stream: str, who: Principal, lang: Language
) -> Sheet:
    _ = translator(lang)
    tiers = [
        one
        for one in (plan.index.of_stream(stream) if stream else plan.index.tiers)
        if who.sees_stream(one.facts.stream)
    ]
    added = [f"{tier.facts.tier_names[lang]} {_(name)}" for tier in tiers for name in COLUMNS]
    rows = []
    for cells, place in zip(found["rows"], found["places"], strict=True):
        told = [] if place is None else _cells(plan, place, stream, tiers, who, lang)
        rows.append([*cells, *(told or [""] * len(added))])
        time.sleep(0)  # whoever asks a single question goes first
    return [*found["headers"], *added], rows


def _cells(
    plan: LoadedPlan, place: list[float], stream: str, tiers: Sequence[TierIndex], who: Principal,
    lang: Language,
) -> list[Any]:  # fmt: skip
    """What is added to a row: cells a tier, blank where another tier of the stream answers."""
    _ = translator(lang)
    question = Question(lon=place[0], lat=place[1], stream=stream, route=False)
    try:
        answers = ask(plan, question, who, lang)
    except Problem as problem:
        return [_(problem.detail)]
    told = {(one["stream"], one["tier"]): _answer_cells(one, lang) for one in answers}
    blank = [""] * len(COLUMNS)
    keys = ((one.facts.stream, one.facts.tier) for one in tiers)
    return [cell for key in keys for cell in told.get(key, blank)]


def _answer_cells(answer: Answer, lang: Language) -> list[Any]:
    _ = translator(lang)
    site = answer["site"]
    others = "; ".join(
        f"{other['name'] or other['id']} {other['distance_m']:.0f} m"
        for other in answer["next_nearest"]
    )
    return [
        "" if site is None else site["name"] or site["id"] or _("not shown"),
        None if site is None else site["distance_m"],
        None if site is None else site["minutes"],
        answer["radius_m"],
        {True: _("yes"), False: _("no"), None: ""}[answer["within"]],
        answer["clause"],
        others,
    ]


@router.get("/api/runs/{run_id}/isochrones", response_class=Response)
async def areas(
    run_id: str, who: Who, service: Served, stream: Word,
    site: Annotated[str, Query(max_length=200)],
    tier: Word = "", cutoffs: Annotated[str, Query(max_length=100)] = "1000,3000,5000",
    unit: Annotated[str, Query(pattern="^(m|min)$")] = "m",
) -> Response:  # fmt: skip
    """The ground from which a site is reached within some metres or minutes, as polygons."""
    plan = await plan_of(service, run_id, who)
    index = plan.index
    chosen = [
        one for one in index.of_stream(stream)
        if tier in ("", one.facts.tier) and site in one.sites.at and who.sees_stream(stream)
        and who.sees_places_of(stream)
    ]  # fmt: skip
    if not chosen:
        raise Problem(404, N_("the plan has no such site"))
    _check_near(chosen[0], site, who)
    limits = _limits(cutoffs, unit)
    at = chosen[0].sites.at[site]
    found = await run_in_threadpool(isochrones, index.network, chosen[0], at, limits, unit)
    features = [
        b'{"type":"Feature","geometry":' + one["shape"].encode() + b',"properties":'
        + orjson.dumps(one["facts"]) + b"}"
        for one in found
    ]  # fmt: skip
    body = b'{"type":"FeatureCollection","features":[' + b",".join(features) + b"]}"
    return Response(body, media_type="application/geo+json")


def _check_near(tier: TierIndex, site: str, who: Principal) -> None:
    """A township sees its own sites and those that serve it."""
    if who.role is not Role.TOWNSHIP:
        return
    at = tier.sites.at[site]
    serves = any(
        int(by) == at and who.sees_district(district)
        for by, district in zip(tier.served_by, tier.villages.districts, strict=True)
    )
    if not serves and not who.sees_district(tier.sites.districts[at]):
        raise Problem(403, N_("the site lies in another township"))


def _limits(text: str, unit: str) -> list[float]:
    most = MOST_KM * 1000 if unit == "m" else MOST_MINUTES
    try:
        limits = [float(one) for one in text.split(",")]
    except ValueError:
        limits = []
    fit = all(math.isfinite(one) and 0 < one <= most for one in limits)
    if not limits or len(limits) > MOST_CUTOFFS or not fit:
        values = {"n": MOST_CUTOFFS, "most": most}
        raise Problem(400, N_("cutoffs should be up to {n} numbers from 0 to {most}"), values)
    return limits

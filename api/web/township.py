"""服务半径查询: a township asks who serves its villages, and sees what it must build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.principal import Principal
from api.plans import LoadedPlan
from api.problems import Problem
from api.routes import people, results
from api.routes.coverage import plan_of
from api.service import Service, principal_of_request, service_of
from api.web import knowledge
from api.web.rendering import page_language, render
from geodata.faults import N_
from scenarios import wording
from scenarios.store import runs
from scenarios.store.models import Role, RunKind, RunRow, RunState
from scenarios.store.runs import RunLine
from scenarios.wording import STATUS_NAMES, Language, translator

router = APIRouter(include_in_schema=False)

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Word = Annotated[str, Query(max_length=120)]

WHOLE_AREA = "*"
"""Asked for instead of a township: all of them."""
PLANS_SHOWN = 30

Row = dict[str, Any]


@router.get("/township")
async def page(
    request: Request, who: Who, service: Served, run: Word = "latest", district: Word = ""
) -> Response:
    """The township page."""
    plans = await run_in_threadpool(_plans, service, who)
    if not plans and run == "latest":
        return render(request, "no_plan.html")
    row = await run_in_threadpool(service.finished_run, run or "latest", who)
    plan = await plan_of(service, row.id, who)
    lang = page_language(request)
    districts = _districts(row, who)
    chosen = _chosen(districts, district, who)
    listed = await results.villages(
        row.id, request, who, service, stream="", district=chosen, served=None
    )
    told = await run_in_threadpool(_told, row, plan, chosen, who, service, lang)
    villages = _villages(listed["villages"])
    return render(
        request,
        "township.html",
        row=row,
        plans=plans,
        districts=districts,
        district=chosen,
        all_districts=WHOLE_AREA,
        may_see_all=who.role is not Role.TOWNSHIP,
        streams=knowledge.stream_names(row, lang),
        synthetic=bool(row.summary.get("synthetic")),
        villages=villages,
        uncovered=_uncovered(listed["villages"], row, lang),
        **told,
        data={
            "run": row.id,
            "district": chosen,
            "villages": villages,
            "comments_to": f"/api/runs/{row.id}/comments",
        },
    )


def _plans(service: Service, who: Principal) -> list[RunLine]:
    """Plans that somebody may see, the latest first."""
    with service.database.reading() as session:
        rows, _ = runs.listed(
            session,
            limit=PLANS_SHOWN,
            state=RunState.FINISHED.value,
            kind=RunKind.PLAN.value,
            published=True if who.role is Role.PUBLIC else None,
        )
    return [one for one in rows if who.sees_run(one)]


def _districts(row: RunRow, who: Principal) -> list[str]:
    if who.role is Role.TOWNSHIP:
        return [who.district]
    return [str(one) for one in row.summary.get("districts", ())]


def _chosen(districts: Sequence[str], asked: str, who: Principal) -> str:
    """The township shown, "" for all of them.

    Raises
    ------
    Problem
        403 for another official's township.
    """
    if asked and not who.sees_district(asked):
        raise Problem(403, N_("the district is another township's"))
    if asked == WHOLE_AREA:
        return ""
    return asked if asked in districts else next(iter(districts), "")


def _villages(rows: Sequence[Row]) -> list[Row]:
    """Every village once; it is covered where all levels that mean it serve it."""
    found: dict[str, Row] = {}
    for one in rows:
        known = found.setdefault(
            one["id"],
            {
                **{key: one[key] for key in ("id", "name", "district", "lon", "lat")},
                "covered": True,
            },
        )
        known["covered"] = known["covered"] and one["served"] and one["within"] is not False
    return list(found.values())


def _uncovered(rows: Sequence[Row], row: RunRow, lang: Language) -> list[Row]:
    """Villages that some level does not serve, or not within its radius, with the reason."""
    _ = translator(lang)
    streams = knowledge.stream_names(row, lang)
    found = []
    for one in rows:
        if one["served"] and one["within"] is not False:
            continue
        if one["served"]:
            reason = _("Beyond the service radius")
        else:
            reason = _(wording.UNSERVED_REASONS.get(one["reason"], one["reason"]))
        found.append({**one, "stream_name": streams.get(one["stream"], ""), "why": reason})
    return found


def _told(
    row: RunRow, plan: LoadedPlan, district: str, who: Principal, service: Service, lang: Language
) -> dict[str, Any]:
    """The task sheet with what has been said of each site."""
    tasks = task_rows(row, plan, district, who, service, lang)
    said: dict[tuple[str, str], list[Row]] = {}
    if who.may_comment:
        for one in people.comments(row.id, who, service):
            said.setdefault((one["stream"], one["site_id"]), []).append(one)
    for one in tasks:
        one["comments"] = said.get((one["stream"], one["id"] or ""), [])
        one["may_comment"] = (
            bool(one["id"]) and who.may_comment and who.sees_district(one["district"] or "")
        )
    return {"tasks": tasks}


def task_rows(
    row: RunRow, plan: LoadedPlan, district: str, who: Principal, service: Service, lang: Language
) -> list[Row]:
    """任务单: what is to be built, enlarged or closed, in words."""
    _ = translator(lang)
    streams = knowledge.stream_names(row, lang)
    tiers = knowledge.tier_names(plan, lang)
    listed = results.tasks(row.id, who, service, stream="", district=district)
    found = []
    for one in listed["tasks"]:
        sizes = knowledge.size_names(one["stream"], lang)
        found.append(
            {
                **one,
                "stream_name": streams.get(one["stream"], one["stream"]),
                "tier_name": tiers.get((one["stream"], one["tier"]), one["tier"]),
                "status_name": _(STATUS_NAMES.get(one["status"], one["status"])),
                "size_name": sizes.get(one["size"] or "", one["size"] or ""),
                "by_when": _by_when(one, listed["base_year"], lang),
                "land_words": wording.area(one["land_m2"], lang),
                "capacity_words": wording.quantity(one["capacity_t_per_yr"], "t/yr", lang),
                "money_words": wording.quantity(one["investment_wan_cny"], "wan_cny", lang),
            }
        )
    return found


def _by_when(task: Mapping[str, Any], base_years: Mapping[str, Any], lang: Language) -> str:
    del base_years
    _ = translator(lang)
    return str(task["phase"]) if task["phase"] else _("within the planning period")

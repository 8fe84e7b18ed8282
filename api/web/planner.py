"""The planner's pages: plans and scenarios, a new one, one as it runs and as it came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from api.auth.principal import Principal, require_writer
from api.problems import Problem, stored_faults
from api.progress import PHASES, STEPS
from api.routes import people, results
from api.routes.scenarios import known
from api.routes.uploads import ENDINGS
from api.service import Service, principal_of_request, service_of
from api.web import knowledge
from api.web.profile_form import form_groups, stream_choices
from api.web.rendering import page_language, render
from api.web.run_words import RUN_WORDS, gap_sentence, state_name
from geodata.columns import layer_kinds, layer_spec
from geodata.faults import N_
from scenarios.load_knowledge import stream_ids
from scenarios.store import keeping, runs
from scenarios.store.models import FILES_COME, Role, RunKind, RunRow, RunState, ScenarioRow
from scenarios.store.runs import RunLine
from scenarios.wording import Language, quantity, translator, unit_name

router = APIRouter(include_in_schema=False)

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]
Word = Annotated[str, Query(max_length=120)]

SHOWN = 100
ROUNDS_S = 30
"""Seconds that the search for rounds is given from a page."""
SYSTEMS = (
    ("", N_("as the file says")), ("wgs84", "WGS84"), ("cgcs2000", "CGCS2000"),
    ("gcj02", N_("GCJ-02 (Amap, Tencent)")), ("bd09", N_("BD-09 (Baidu)")),
)  # fmt: skip
LAYER_ORDER = (
    "districts", "exclusions", "exclusion_lines", "roads", "service_areas", "links", "candidates",
    "villages", "facilities",
)  # fmt: skip

Row = dict[str, Any]


@router.get("/planner")
def overview(request: Request, who: Who, service: Served) -> Response:
    """Scenarios and plans."""
    require_writer(who)
    lang = page_language(request)
    with service.database.reading() as session:
        plans, total = runs.listed(session, limit=SHOWN)
        scenarios, _ = keeping.scenarios(session, limit=SHOWN)
    return render(
        request,
        "planner.html",
        plans=[_plan_line(one, lang) for one in plans],
        total=total,
        scenarios=[_scenario_line(one, lang) for one in scenarios],
        data={"words": _words(lang)},
    )


@router.get("/planner/new")
def new(request: Request, who: Who, stream: Word = "") -> Response:
    """A form made from a stream's profile."""
    require_writer(who)
    lang = page_language(request)
    _ = translator(lang)
    profiles = [one for one in map(knowledge.profile, stream_ids()) if one is not None]
    profile = knowledge.profile(stream) if stream else None
    if stream and profile is None:
        raise Problem(404, N_("there is no stream of this name"))
    kinds = _layer_titles(lang)
    return render(
        request,
        "new_plan.html",
        choices=stream_choices(profiles, lang),
        profile=profile,
        groups=form_groups(profile, lang) if profile is not None else [],
        demand_layer=profile.demand.layer if profile is not None else "",
        kinds=[*kinds.items()],
        systems=[(key, _(name)) for key, name in SYSTEMS],
        endings=",".join(sorted(ENDINGS)),
        data={
            "stream": stream,
            "words": _words(lang),
            "kinds": kinds,
        },
    )


@router.get("/planner/scenarios/{scenario_id}")
def scenario(scenario_id: str, request: Request, who: Who, service: Served) -> Response:
    """A scenario with every fault of its inputs."""
    require_writer(who)
    lang = page_language(request)
    row = known(scenario_id, service)
    with service.database.reading() as session:
        plans, _ = runs.listed(session, limit=SHOWN, scenario_id=row.id)
        files = keeping.uploads(session, sorted(keeping.files_of(row.document)))
    return render(
        request,
        "scenario.html",
        scenario=_scenario_line(row, lang),
        files=files,
        plans=[_plan_line(one, lang) for one in plans],
        data={
            "scenario": row.id,
            "files": {one.file: one.name for one in files},
            "words": _words(lang),
        },
    )


@router.get("/planner/compare")
def compare(request: Request, who: Who, service: Served, a: Word = "", b: Word = "") -> Response:
    """Two plans side by side."""
    if who.role is Role.TOWNSHIP:
        raise Problem(403, N_("the file holds more of the plan than is yours to see"))
    lang = page_language(request)
    pair = [service.finished_run(one, who) for one in (a, b)]
    indicators: dict[str, str] = {}
    for row in pair:
        for one in service.plans.load(row).plans.values():
            told = (_indicator(each, lang) for each in one["indicators"])
            indicators |= {each["id"]: each["with_unit"] for each in told}
    return render(
        request,
        "compare.html",
        pair=[_plan(one, lang) for one in pair],
        data={
            "a": pair[0].id,
            "b": pair[1].id,
            "streams": knowledge.stream_names(pair[1], lang),
            "indicators": indicators,
            "words": _words(lang),
        },
    )


@router.get("/planner/runs/{run_id}")
def run(run_id: str, request: Request, who: Who, service: Served) -> Response:
    """A plan: as it runs, and what came of it."""
    if who.role is Role.TOWNSHIP:
        return RedirectResponse(f"/township?run={run_id}", 303)
    lang = page_language(request)
    row = service.run(run_id, who)
    values: Row = {"outcome": [], "files": {}, "comments": [], "tiers": [], "rounds": []}
    data: Row = {}
    if row.folder and row.kind == RunKind.ROUNDS.value:
        values |= {
            "rounds": _rounds(row, who, lang),
            "files": results.results(row.id, who, service),
        }
    elif row.folder:
        values, data = _came_of(row, who, service, lang)
    has_rounds = any(knowledge.has_rounds(str(one)) for one in row.streams)
    return render(
        request,
        "run.html",
        plan=_plan(row, lang),
        ended=RunState(row.state).ended,
        files_come=row.phase == FILES_COME,
        has_plan=bool(row.folder),
        rounds_of=row.folder and row.kind == RunKind.PLAN.value and has_rounds,
        rounds_seconds=ROUNDS_S,
        **values,
        data={
            "run": row.id,
            "plan": row.start_run_id,
            "state": row.state,
            "ended": RunState(row.state).ended,
            "files_come": row.phase == FILES_COME,
            "has_plan": bool(row.folder),
            "may_write": who.may_write,
            "streams": knowledge.stream_names(row, lang),
            "words": _words(lang),
            **data,
        },
    )


@router.get("/planner/runs/{run_id}/faults")
def faults(run_id: str, request: Request, who: Who, service: Served) -> Response:
    """Every fault of a run's inputs with its row."""
    require_writer(who)
    lang = page_language(request)
    row = service.run(run_id, who)
    with service.database.reading() as session:
        files = keeping.uploads(session, sorted(keeping.files_of(row.document)))
    names = {one.file: one.name for one in files}
    titles = {**_layer_titles(lang), **knowledge.stream_names(row, lang)}
    told = [_in_columns(one, names, titles) for one in stored_faults(row.faults, lang)]
    return render(request, "faults.html", plan=_plan(row, lang), faults=told)


def _in_columns(fault: Row, names: Mapping[str, str], titles: Mapping[str, str]) -> Row:
    """A fault whose place and row stand in columns of their own, and not in its sentence too.

    Parameters
    ----------
    names : of files, as they came
    titles : of layers and streams, where the place is one
    """
    where, text = fault["where"], fault["text"]
    if text.startswith(where):  # "where: what", "where, row 3: what"
        text = text.removeprefix(where).partition(": ")[2] or text
    for file, name in names.items():
        where, text = where.replace(file, name), text.replace(file, name)
    return {**fault, "where": titles.get(where, where), "text": text}


def _layer_titles(lang: Language) -> dict[str, str]:
    _ = translator(lang)
    return {kind: _(layer_spec(kind).noun) for kind in layer_kinds()}


def _came_of(row: RunRow, who: Principal, service: Service, lang: Language) -> tuple[Row, Row]:
    """What there is of a finished plan, for the page and for its scripts."""
    plan = service.plans.load(row)
    tiers = knowledge.tier_names(plan, lang)
    comments = people.comments(row.id, who, service) if who.may_comment else []
    outcome = [
        {
            "stream": stream,
            "name": knowledge.stream_names(row, lang)[stream],
            "sentence": gap_sentence(row.summary["streams"].get(stream, {}), lang),
            "figures": row.summary["streams"].get(stream, {}),
            "indicators": [_indicator(each, lang) for each in one["indicators"]],
        }
        for stream, one in plan.plans.items()
        if who.sees_stream(stream)
    ]
    values = {
        "outcome": outcome,
        "files": results.results(row.id, who, service),
        "comments": [{**one, "site_name": _site_name(plan, one)} for one in comments],
        "tiers": _radii(plan, lang),
    }
    layers = [name for name in LAYER_ORDER if name in plan.contents]
    data = {
        "layers": layers,
        "tiers": {f"{stream}/{tier}": name for (stream, tier), name in tiers.items()},
        "sizes": {one: dict(knowledge.size_names(one, lang)) for one in plan.plans},
    }
    return values, data


def _rounds(row: RunRow, who: Principal, lang: Language) -> list[Row]:
    """What came of the rounds, by stream."""
    told = row.summary.get("streams", {})
    return [
        {
            **one,
            "stream": stream,
            "name": one["name"][lang],
            "words": one["words"][lang],
            "fleet": _fleet(one, lang),
        }
        for stream, one in told.items()
        if who.sees_stream(stream) and who.sees_places_of(stream)
    ]


def _fleet(rounds: Row, lang: Language) -> list[Row]:
    """Lorries by day with the names of depot and class; earlier runs have ids alone."""
    names = rounds["words"][lang].get("fleet") or [
        (one["depot"], one["vehicle"]) for one in rounds["fleet"]
    ]
    return [
        {**one, "depot_name": depot, "vehicle_name": vehicle}
        for one, (depot, vehicle) in zip(rounds["fleet"], names, strict=True)
    ]


def _site_name(plan: Any, comment: Row) -> str:
    layer = plan.layer("facilities")
    for one in layer.features if layer is not None else ():
        facts = one["properties"]
        if facts["id"] == comment["site_id"] and facts["stream"] == comment["stream"]:
            return str(facts["name"] or facts["id"])
    return str(comment["site_id"])


def _radii(plan: Any, lang: Language) -> list[Row]:
    """Tiers with a promised radius, for changing it."""
    return [
        {
            "stream": stream,
            "tier": tier["tier"],
            "name": tier["name"][lang],
            "radius_km": tier["radius_km"],
        }
        for stream, one in plan.plans.items()
        for tier in (one.get("assessment") or {}).get("tiers", ())
        if tier.get("radius_km") is not None
    ]


def _indicator(one: Row, lang: Language) -> Row:
    name, formula = (translator(lang)(one[key]) for key in ("name", "formula"))
    return {
        "id": one["id"],
        "name": name,
        "with_unit": f"{name} ({unit_name(one['unit'], lang)})" if one["unit"] else name,
        "value": quantity(one["value"], one["unit"], lang),
        "formula": formula,
    }


def _plan(row: RunRow, lang: Language) -> Row:
    """A plan with what made it fail."""
    failed = row.state == RunState.FAILED.value
    failures = stored_faults(row.faults, lang) if failed else []
    return {**_plan_line(RunLine.of(row), lang), "failures": failures}


def _plan_line(row: RunLine, lang: Language) -> Row:
    names = knowledge.stream_names(row, lang)
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state,
        "state_name": state_name(row.state, lang),
        "streams": list(names.values()),
        "percent": row.percent,
        "kind": row.kind,
        "faults": row.fault_count,
        "published": row.published,
        "has_plan": bool(row.folder),
        "start_run_id": row.start_run_id,
        "scenario_id": row.scenario_id,
        "synthetic": bool(row.summary.get("synthetic")),
        "at": row.created_at.strftime("%Y-%m-%d %H:%M"),
    }


def _scenario_line(row: ScenarioRow, lang: Language) -> Row:
    streams = [str(one["stream"]) for one in row.document["streams"]]
    profiles = {one: knowledge.profile(one) for one in streams}
    return {
        "id": row.id,
        "title": row.title,
        "streams": [
            profile.name.in_language(lang) if profile else one for one, profile in profiles.items()
        ],
        "at": row.updated_at.strftime("%Y-%m-%d %H:%M"),
        "synthetic": row.document.get("synthetic") is not None,
    }


def _words(lang: Language) -> dict[str, str]:
    """Words of the planner's scripts; those of all pages come first."""
    _ = translator(lang)
    from api.web.words import SCRIPT_WORDS  # noqa: PLC0415 - beside its only other user

    steps = {f"step_{key}": text for key, text in {**STEPS, **PHASES}.items()}
    return {key: _(text) for key, text in {**SCRIPT_WORDS, **RUN_WORDS, **steps}.items()}

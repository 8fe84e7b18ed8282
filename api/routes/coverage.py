"""服务半径查询: who serves a place; thin, as thousands a second ask it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.auth.principal import Principal
from api.plans import LoadedPlan
from api.problems import Problem, request_language
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.service_check.answers import OUTSIDE_M, Answer, point_answer, village_answer
from scenarios.service_check.index import TierIndex
from scenarios.store.models import Role
from scenarios.wording import Language

JSON = "application/json"
PATHS = frozenset({"/coverage", "/api/coverage"})
COARSE_M = 1000.0
"""The public is told distances to a sensitive site rounded up to this."""


async def coverage(request: Request) -> Response:
    """Answer one question; the OpenAPI document describes it at :func:`described`."""
    principal, query = principal_of_request(request), request.query_params
    plan = await plan_of(service_of(request), query.get("run", "latest"), principal)
    return Response(answered(plan, query, principal, request_language(request)), media_type=JSON)


def answered(
    plan: LoadedPlan, query: Mapping[str, str], principal: Principal, lang: Language
) -> bytes:
    """The answer as JSON; of villages it is kept, for these are asked for again."""
    question = Question.of(query)
    key = (*question.of_village, *principal.view, lang) if question.lon is None else None
    kept = plan.answers.get(key)
    if kept is not None:
        return kept
    body = orjson.dumps({"run": plan.run_id, "answers": ask(plan, question, principal, lang)})
    if key is not None:
        plan.keep(key, body)
    return body


class Question:
    """A place and, where asked for, a stream."""

    __slots__ = ("lat", "lon", "name", "route", "stream", "village")

    def __init__(
        self,
        *,
        village: str = "",
        name: str = "",
        lon: float | None = None,
        lat: float | None = None,
        stream: str = "",
        route: bool = True,
    ) -> None:
        self.village, self.name = village, name
        self.lon, self.lat = lon, lat
        self.stream, self.route = stream, route

    @property
    def of_village(self) -> tuple[str, str, str, bool]:
        """All that the answer of a question without a point depends on."""
        return self.village, self.name, self.stream, self.route

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Question:
        """The question that a query asks.

        Raises
        ------
        Problem
            Where it asks for no place, or for one that is none.
        """
        lon, lat = _number(query.get("lon"), 180, "lon"), _number(query.get("lat"), 90, "lat")
        village, name = query.get("village", ""), query.get("name", "")
        if (lon is None) != (lat is None) or (lon is None and not village and not name):
            raise Problem(400, N_("give lon and lat (WGS84), or village (its id), or name"))
        route = query.get("route", "true") != "false"
        return cls(
            village=village, name=name, lon=lon, lat=lat, stream=query.get("stream", ""),
            route=route,
        )  # fmt: skip


def _number(text: str | None, most: float, name: str) -> float | None:
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= most:
        values = {"name": name, "value": text[:40], "most": most}
        raise Problem(400, N_("{name} is {value}; it should be a number within ±{most}"), values)
    return value


async def plan_of(service: Service, run_id: str, principal: Principal) -> LoadedPlan:
    """The plan asked about, ready in memory."""
    row = service.known_run(run_id, principal)
    if row is None:
        try:
            row = await asyncio.to_thread(service.finished_run, run_id, principal)
        except DBAPIError:
            # What was last known is the answer while the database is away.
            row = service.last_known_run(run_id, principal)
            if row is None:
                raise
        service.remember_run(run_id, principal, row)
    ready = service.plans.ready(row.id)
    if ready is not None:
        return ready
    return await asyncio.to_thread(service.plans.load_ready, row)


def ask(plan: LoadedPlan, question: Question, principal: Principal, lang: Language) -> list[Answer]:
    """One answer a tier that answers for the place, of the streams asked for and allowed."""
    index = plan.index
    tiers = _tiers(plan, question.stream, principal)
    answers: list[Answer] = []
    for tier in tiers:
        if question.lon is not None and question.lat is not None:
            _check_place(plan, tier, question, principal)
            one = point_answer(index, tier, question.lon, question.lat, lang, route=question.route)
            found = [] if one is None else [one]
        else:
            found = [
                village_answer(index, tier, at, lang, route=question.route)
                for at in _villages(tier, question, principal)
            ]
        answers += [discreet(one, tier, principal) for one in found]
    if not answers:
        raise Problem(
            404,
            N_("the plan has no village {village}"),
            {"village": (question.village or question.name)[:80]},
        )
    return answers


def _tiers(plan: LoadedPlan, stream: str, principal: Principal) -> Sequence[TierIndex]:
    index = plan.index
    if stream and stream not in index.streams:
        values = {"stream": stream[:80], "known": ", ".join(index.streams)}
        raise Problem(404, N_("the plan has no stream {stream}; it has {known}"), values)
    tiers = index.of_stream(stream) if stream else index.tiers
    allowed = [one for one in tiers if principal.sees_stream(one.facts.stream)]
    if not allowed:
        raise Problem(403, N_("the stream is another department's"))
    return allowed


def _villages(tier: TierIndex, question: Question, principal: Principal) -> list[int]:
    """Positions of the villages meant that the tier answers for; another township's are refused.

    Raises
    ------
    Problem
        403 where all villages meant are another township's.
    """
    villages = tier.villages
    if question.village:
        at = villages.at.get(question.village)
        found = [] if at is None else [at]
    else:
        found = [k for k, name in enumerate(villages.names) if name == question.name]
    allowed = [k for k in found if principal.sees_district(villages.districts[k])]
    if found and not allowed:
        raise Problem(403, N_("the village lies in another township"))
    return [k for k in allowed if tier.answers_for[k]]


def _check_place(
    plan: LoadedPlan, tier: TierIndex, question: Question, principal: Principal
) -> None:
    if principal.role is not Role.TOWNSHIP:
        return
    network = plan.index.network
    x, y = network.metres(float(question.lon or 0), float(question.lat or 0))
    village, away_m = tier.nearest_village(network, x, y)
    if away_m > OUTSIDE_M or not principal.sees_district(tier.villages.districts[village]):
        raise Problem(403, N_("the place lies in another township"))


def discreet(answer: Answer, tier: TierIndex, principal: Principal) -> Answer:
    """The answer without what the public is not told of sensitive sites."""
    facts = tier.facts
    if principal.sees_places_of(facts.stream):
        return answer
    site = answer["site"]
    return {
        **answer,
        "site": None if site is None else coarse_site(site),
        "next_nearest": [],
        "route": None,
        "redacted": True,
    }


def coarse_site(site: dict[str, Any]) -> dict[str, Any]:
    """A site by its district alone."""
    metres = math.ceil(site["distance_m"] / COARSE_M) * COARSE_M
    hidden = {"id": None, "name": None, "lon": None, "lat": None}
    return {**site, **hidden, "distance_m": metres, "minutes": None}


async def described(
    request: Request,
    lon: float | None = None,
    lat: float | None = None,
    village: str = "",
    name: str = "",
    stream: str = "",
    run: str = "latest",
    *,
    route: bool = True,
) -> Response:
    """Who serves a place: give lon and lat (WGS84), or a village's id, or its name.

    One answer for each tier that serves the place (where waste passes a tier over, the one that
    takes it): the site, the way to it in metres and minutes,
    how it was measured, the promised radius with its clause, whether it is kept, the next two
    nearest sites, and the route as a line. Without ``run`` the latest plan answers.
    """
    del lon, lat, village, name, stream, run, route  # named for the document; read from the query
    return await coverage(request)


THIN = [Route(path, coverage) for path in sorted(PATHS)]
router = APIRouter(tags=["coverage"])
router.add_api_route(
    "/coverage", described, methods=["GET"], summary="Service check", response_model=dict[str, Any]
)

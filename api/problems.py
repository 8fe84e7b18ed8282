"""RFC 9457 problem details: what went wrong, in the asked language, with nothing internal in it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from geodata.faults import N_, Fault, InputError
from planner.problem_faults import ProblemError
from scenarios.wording import LANGUAGES, Language, translator

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, str] = {
    400: N_("The request cannot be understood"),
    401: N_("Sign in or give a key first"),
    403: N_("This is not allowed"),
    404: N_("There is no such thing"),
    405: N_("This cannot be done here"),
    409: N_("This does not fit the present state"),
    413: N_("The request is too large"),
    415: N_("This kind of file is not read"),
    422: N_("The input has faults"),
    429: N_("Too many requests; wait a little"),
    500: N_("A fault of this program"),
    503: N_("Not ready; try again in a moment"),
    507: N_("There is no room left"),
}
DISK_FULL = N_(
    "the server's disk is full; remove runs or uploads that are not needed, then try again"
)
DATABASE_AWAY = N_("the database does not answer; try again in a moment")


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """Something to tell the caller; ``detail`` is an English msgid with ``{named}`` places."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        values: Mapping[str, Any] | None = None,
        *,
        faults: Sequence[dict[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        kind: str = "about:blank",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.values = dict(values or {})
        self.faults = list(faults)
        self.headers = dict(headers or {})
        self.kind = kind


def problem_of(error: Exception) -> Problem:
    """What to tell of an error that no route has foreseen: the machine's own troubles by name."""
    if is_disk_full(error):
        return Problem(507, DISK_FULL)
    if is_database_away(error):
        return Problem(503, DATABASE_AWAY, headers={"Retry-After": "5"})
    return Problem(500)


def is_disk_full(error: BaseException) -> bool:
    """Whether a file or the database could not grow."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    text = str(getattr(error, "orig", "")).casefold()
    full = ("disk is full", "no space left", "disk quota")
    return isinstance(error, DBAPIError) and any(words in text for words in full)


def is_database_away(error: BaseException) -> bool:
    """Whether the database was not there or went away."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def language_of(headers: Mapping[str, str], query: Mapping[str, str]) -> Language:
    """``?lang=`` or the first language of Accept-Language that this tool speaks; Chinese else."""
    asked = query.get("lang", "")
    wanted = [asked, *headers.get("accept-language", "").split(",")]
    for one in wanted:
        word = one.split(";")[0].strip().casefold()[:2]
        for known in LANGUAGES:
            if word == known:
                return known
    return "zh"


def request_language(request: Request) -> Language:
    """The language of a request."""
    return language_of(request.headers, request.query_params)


def problem_body(problem: Problem, lang: Language, instance: str = "") -> dict[str, Any]:
    """The members of a problem."""
    _ = translator(lang)
    title = TITLES.get(problem.status)
    body: dict[str, Any] = {
        "type": problem.kind,
        "title": _(title) if title else HTTPStatus(problem.status).phrase,
        "status": problem.status,
    }
    if problem.detail:
        body["detail"] = _(problem.detail).format(**problem.values)
    if instance:
        body["instance"] = instance
    if problem.faults:
        body["faults"] = problem.faults
    return body


def problem_response(problem: Problem, lang: Language, instance: str = "") -> Response:
    """A problem as an answer."""
    text = json.dumps(problem_body(problem, lang, instance), ensure_ascii=False)
    headers = {"Content-Language": lang, "Cache-Control": "no-store", **problem.headers}
    return Response(text, problem.status, headers, MEDIA_TYPE)


def faults_for(faults: Sequence[Fault], lang: Language) -> list[dict[str, Any]]:
    """Faults as members of a problem."""
    _ = translator(lang)
    return [
        {
            "where": one.where,
            "severity": one.severity.value,
            "row": one.row,
            "text": one.text(_),
        }
        for one in faults
    ]


def stored_faults(faults: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Faults that a job has left in both languages, in one."""
    return [
        {"where": one["where"], "severity": one["severity"], "row": one["row"], "text": one[lang]}
        for one in faults
    ]


def validation_faults(errors: Iterable[Any]) -> list[dict[str, Any]]:
    """What pydantic finds wrong as members of a problem."""
    return [
        {
            "where": ".".join(str(part) for part in one["loc"]),
            "severity": "error",
            "row": None,
            "text": str(one["msg"]),
        }
        for one in errors
    ]


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return problem_response(error, request_language(request), request.url.path)

    @app.exception_handler(InputError)
    async def _input(request: Request, error: InputError) -> Response:
        lang = request_language(request)
        problem = Problem(422, faults=faults_for(error.faults, lang))
        return problem_response(problem, lang, request.url.path)

    @app.exception_handler(ProblemError)
    async def _model(request: Request, error: ProblemError) -> Response:
        lang = request_language(request)
        faults = faults_for([Fault("scenario", one) for one in error.faults], lang)
        return problem_response(Problem(422, faults=faults), lang, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        faults = validation_faults(error.errors())
        lang = request_language(request)
        return problem_response(Problem(422, faults=faults), lang, request.url.path)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        problem = Problem(error.status_code, headers=error.headers)
        return problem_response(problem, request_language(request), request.url.path)

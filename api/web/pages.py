"""All pages put into the application: routes, static files, errors as pages."""

from __future__ import annotations

from typing import Any, cast

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.problems import Problem, problem_body
from api.service import principal_of_request
from api.web import exports, planner, township
from api.web.rendering import LEAFLET, STATIC, YEAR_S, page_language, render, wants_page

router = APIRouter(include_in_schema=False)
PARTS = (router, township.router, planner.router, exports.router)


class KeptFiles(StaticFiles):
    """Files whose address changes with their content: a browser asks once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, to be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return response


@router.get("/")
def first(request: Request) -> Response:
    """Planners begin at their plans, everybody else at the service check."""
    who = principal_of_request(request)
    return RedirectResponse("/planner" if who.may_write else "/township", 303)


@router.get("/sign-in")
def sign_in(request: Request) -> Response:
    """The sign-in page."""
    return render(request, "sign_in.html")


def install(app: FastAPI) -> None:
    """Put the pages into the application, after its other parts."""
    for part in PARTS:
        app.include_router(part)
    app.mount("/static/leaflet", KeptFiles(directory=LEAFLET), name="leaflet")
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    _errors_as_pages(app)


def _errors_as_pages(app: FastAPI) -> None:
    """Whoever asks for a page is told of an error by a page, others as before."""
    for kind in (Problem, HTTPException):
        app.exception_handler(kind)(_shown_as_page(app.exception_handlers[kind]))


def _shown_as_page(otherwise: Any) -> Any:
    async def handler(request: Request, error: Exception) -> Response:
        if not wants_page(request):
            return cast("Response", await otherwise(request, error))
        if isinstance(error, Problem):
            problem = error
        else:
            problem = Problem(cast("HTTPException", error).status_code)
        body = problem_body(problem, page_language(request))
        return render(request, "error.html", status=problem.status, problem=body)

    return handler

"""Signing in, users and keys, comments, the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.gate import COOKIE
from api.auth.principal import Principal, require_administrator
from api.auth.secrets import digest, new_key, new_session, password_hash, password_matches
from api.problems import Problem
from api.routes.scenarios import Offset
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.store import people
from scenarios.store.models import CommentRow, KeyRow, Role, SessionRow, UserRow, now

router = APIRouter(prefix="/api", tags=["people"])

SESSION_HOURS = 12
Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Strict):
    """Name and password."""

    name: str = Field(max_length=120)
    password: str = Field(max_length=1000)


class NewUser(_Strict):
    """Somebody to set up."""

    name: str = Field(min_length=1, max_length=120)
    role: Role
    password: str | None = Field(default=None, min_length=10, max_length=1000)
    district: str = Field(default="", max_length=120)
    streams: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]] = Field(
        default_factory=list, max_length=200
    )


class UserChange(_Strict):
    """What changes of a user; what is not given stays."""

    role: Role | None = None
    password: str | None = Field(default=None, min_length=10, max_length=1000)
    district: str | None = Field(default=None, max_length=120)
    streams: list[Annotated[str, Field(max_length=80)]] | None = None
    active: bool | None = None


class NewKey(_Strict):
    """A key to make."""

    label: str = Field(default="", max_length=120)


class NewComment(_Strict):
    """What is said of a site."""

    stream: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)
    site_id: str = Field(min_length=1, max_length=200)
    verdict: Literal["confirm", "object", "note"]
    text: str = Field(default="", max_length=4000)


@router.post("/sign-in")
def sign_in(given: Credentials, service: Served) -> JSONResponse:
    """Sign in with a browser: sets the session's cookie, gives the token for its writes."""
    with service.database.reading() as session:
        user = people.user_named(session, given.name)
    stored = user.password_hash if user is not None and user.active else None
    if not password_matches(given.password, stored) or user is None:
        raise Problem(401, N_("name or password is wrong"))
    token, secret, csrf = new_session()
    expires = now() + timedelta(hours=SESSION_HOURS)
    with service.database.writing() as session:
        people.end_old_sessions(session)
        row = SessionRow(digest=secret, user_id=user.id, csrf=csrf, expires_at=expires)
        session.add(row)
    response = JSONResponse({"name": user.name, "role": user.role, "csrf": csrf})
    response.set_cookie(
        COOKIE, token, max_age=SESSION_HOURS * 3600, httponly=True, samesite="strict",
        secure=service.settings.secure_cookies, path="/",
    )  # fmt: skip
    return response


@router.post("/sign-out", status_code=204)
def sign_out(request: Request, service: Served) -> Response:
    """End the session."""
    token = request.cookies.get(COOKIE, "")
    if token:
        with service.database.writing() as session:
            people.end_session(session, digest(token))
        service.users_changed()
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/me")
def me(who: Who) -> dict[str, Any]:
    """Who the service takes the caller for."""
    return {
        "name": who.name,
        "role": who.role.value,
        "district": who.district,
        "streams": list(who.streams),
        "via": who.via,
        "csrf": who.csrf,
        "may_write": who.may_write,
    }


@router.get("/users")
def users(who: Who, service: Served) -> list[dict[str, Any]]:
    """Everybody who is set up."""
    require_administrator(who)
    with service.database.reading() as session:
        return [_user(one) for one in people.users(session)]


@router.post("/users", status_code=201)
def add_user(wanted: NewUser, who: Who, service: Served) -> JSONResponse:
    """Set somebody up. From the first user on, nobody is let in without a key or a password."""
    require_administrator(who)
    _check_role(wanted.role, wanted.district, wanted.streams)
    row = UserRow(
        name=wanted.name, role=wanted.role.value, district=wanted.district,
        streams=wanted.streams,
        password_hash=None if wanted.password is None else password_hash(wanted.password),
    )  # fmt: skip
    with service.database.writing() as session:
        if people.user_named(session, wanted.name) is not None:
            raise Problem(409, N_("there is a user of this name already"))
        if people.count_users(session) == 0 and wanted.role is not Role.ADMINISTRATOR:
            raise Problem(409, N_("the first user must be an administrator"))
        session.add(row)
        session.flush()
        key, row_of_key = _key_row(row.id, "first key")
        session.add(row_of_key)
    service.users_changed()
    body = {**_user(row), "key": key}
    return JSONResponse(
        body, 201, {"Location": f"/api/users/{row.id}", "Cache-Control": "no-store"}
    )


@router.patch("/users/{user_id}")
def change_user(user_id: str, wanted: UserChange, who: Who, service: Served) -> dict[str, Any]:
    """Change somebody's role, district, streams or password, or shut them out."""
    require_administrator(who)
    with service.database.writing() as session:
        row = session.get(UserRow, user_id)
        if row is None:
            raise Problem(404, N_("there is no such user"))
        if row.id == who.user_id and (wanted.active is False or wanted.role is not None):
            raise Problem(409, N_("nobody shuts themselves out"))
        if wanted.password is not None:
            row.password_hash = password_hash(wanted.password)
        if wanted.role is not None:
            row.role = wanted.role.value
        for name in ("district", "streams", "active"):
            value = getattr(wanted, name)
            if value is not None:
                setattr(row, name, value)
        _check_role(Role(row.role), row.district, row.streams)
    service.users_changed()
    return _user(row)


@router.post("/users/{user_id}/keys", status_code=201)
def add_key(user_id: str, wanted: NewKey, who: Who, service: Served) -> JSONResponse:
    """A new key, shown this once."""
    require_administrator(who)
    with service.database.writing() as session:
        if session.get(UserRow, user_id) is None:
            raise Problem(404, N_("there is no such user"))
        key, row = _key_row(user_id, wanted.label)
        session.add(row)
        session.flush()
        body = {"id": row.id, "label": row.label, "key": key}
    return JSONResponse(body, 201, {"Cache-Control": "no-store"})


@router.delete("/users/{user_id}/keys/{key_id}", status_code=204)
def revoke_key(user_id: str, key_id: str, who: Who, service: Served) -> Response:
    """End a key."""
    require_administrator(who)
    with service.database.writing() as session:
        row = session.get(KeyRow, key_id)
        if row is None or row.user_id != user_id:
            raise Problem(404, N_("there is no such key"))
        row.revoked_at = now()
    service.users_changed()
    return Response(status_code=204)


@router.get("/runs/{run_id}/comments")
def comments(run_id: str, who: Who, service: Served) -> list[dict[str, Any]]:
    """What has been said of a plan's sites; a township sees its own district's."""
    if not who.may_comment:
        raise Problem(401 if not who.via else 403)
    row = service.run(run_id, who)
    district = who.district if who.role is Role.TOWNSHIP else None
    with service.database.reading() as session:
        found = people.comments(session, row.id, district=district)
    return [_comment(one) for one in found if who.sees_stream(one.stream)]


@router.post("/runs/{run_id}/comments", status_code=201)
def add_comment(run_id: str, wanted: NewComment, who: Who, service: Served) -> JSONResponse:
    """Confirm a site, object to it, or note something; a township for its own sites."""
    if not who.may_comment:
        raise Problem(401 if not who.via else 403)
    row = service.finished_run(run_id, who)
    site = _site(service, row, wanted)
    if not who.sees_stream(wanted.stream):
        raise Problem(403, N_("the stream is another department's"))
    if not who.sees_district(str(site["district"] or "")):
        raise Problem(403, N_("the site lies in another township"))
    made = CommentRow(
        run_id=row.id, stream=wanted.stream, site_id=wanted.site_id,
        district=str(site["district"] or ""), verdict=wanted.verdict, text=wanted.text,
        author=who.name,
    )  # fmt: skip
    with service.database.writing() as session:
        session.add(made)
    return JSONResponse(_comment(made), 201)


def _site(service: Service, row: Any, wanted: NewComment) -> dict[str, Any]:
    layer = service.plans.load(row).layer("facilities")
    for one in layer.features if layer is not None else ():
        facts: dict[str, Any] = one["properties"]
        if facts["stream"] == wanted.stream and facts["id"] == wanted.site_id:
            return facts
    raise Problem(404, N_("the plan has no such site"))


@router.get("/audit")
def audit(
    who: Who, service: Served, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Offset = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    """Who wrote what, the latest first."""
    require_administrator(who)
    with service.database.reading() as session:
        return [
            {
                "at": one.at.isoformat(), "who": one.who, "role": one.role,
                "address": one.address, "method": one.method, "path": one.path,
                "status": one.status,
            }
            for one in people.audit(session, limit=limit, offset=offset)
        ]  # fmt: skip


def _check_role(role: Role, district: str, streams: list[Any]) -> None:
    if role is Role.TOWNSHIP and not district:
        raise Problem(422, N_("a township official needs a district"))
    if role is Role.DEPARTMENT and not streams:
        raise Problem(422, N_("a department needs its streams"))


def _key_row(user_id: str, label: str) -> tuple[str, KeyRow]:
    key, secret = new_key()
    return key, KeyRow(user_id=user_id, label=label, digest=secret)


def _user(row: UserRow) -> dict[str, Any]:
    return {
        "id": row.id, "name": row.name, "role": row.role, "district": row.district,
        "streams": row.streams, "active": row.active,
    }  # fmt: skip


def _comment(row: CommentRow) -> dict[str, Any]:
    return {
        "id": row.id, "stream": row.stream, "site_id": row.site_id, "district": row.district,
        "verdict": row.verdict, "text": row.text, "author": row.author,
        "created_at": row.created_at.isoformat(),
    }  # fmt: skip

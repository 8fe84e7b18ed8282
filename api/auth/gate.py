"""What every request passes first: who is it, may it, how large is it; and the headers back.

One plain ASGI layer, as the service check answers thousands a second through it.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.limits import RateLimit
from api.auth.principal import NOBODY, OPEN, Principal, principal_of
from api.auth.secrets import KEY_PREFIX, digest
from api.problems import Problem, language_of, problem_of, problem_response
from api.settings import LOOPBACK
from geodata.faults import N_
from scenarios.store import people
from scenarios.store.models import AuditRow

if TYPE_CHECKING:
    from api.service import Service

log = logging.getLogger("wangdian.access")

COOKIE = "wangdian_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KNOWN_FOR_S = 5.0
"""Who a key is, is remembered this long: a revoked one stops within it."""

NOT_BEGUN = 0
"""Status of an answer of which nothing has gone out."""

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self), camera=(), microphone=()"),
    (b"content-security-policy", POLICY.encode()),
)
"""What a response has unless its route has said otherwise."""


class Gate:
    """The layer around the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service
        settings = service.settings
        service.gate = self
        self._rate = RateLimit(settings.requests_per_minute)
        self._sign_in = RateLimit(settings.sign_in_per_minute)
        self._known: dict[str, tuple[float, Principal | None]] = {}
        self._proxies = {one.strip() for one in settings.forwarded_by.split(",") if one.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        status = NOT_BEGUN

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {key.lower() for key, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(one for one in HEADERS if one[0] not in present),
                ]
            await send(message)

        try:
            principal = await self._admitted(scope, headers)
            scope.setdefault("state", {})["principal"] = principal
            receive = self._limited(scope, headers, receive)
            await self.app(scope, receive, answer)
        except Problem as problem:
            principal = scope.get("state", {}).get("principal", NOBODY)
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            response = problem_response(problem, language_of(headers, query), scope["path"])
            await response(scope, receive, answer)
        except Exception as error:
            log.exception("%s %s", scope["method"], scope["path"])
            if status != NOT_BEGUN:
                raise  # half an answer has gone out: the connection must break
            principal = scope.get("state", {}).get("principal", NOBODY)
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            lang = language_of(headers, query)
            response = problem_response(problem_of(error), lang, scope["path"])
            await response(scope, receive, answer)
        if scope["method"] not in SAFE:
            await self._audit(scope, headers, principal, status)

    async def _admitted(self, scope: Scope, headers: Mapping[str, str]) -> Principal:
        """Who it is.

        Raises
        ------
        Problem
            Where it may not even ask.
        """
        principal = await self._principal(headers)
        if principal.via == "open":
            self._check_host(headers)
        else:
            address = self.address(scope, headers)
            caller = principal.user_id or address
            self._check_rate(self._rate, caller)
            if scope["path"].endswith("/sign-in") and scope["method"] == "POST":
                self._check_rate(self._sign_in, address)
        if scope["method"] not in SAFE and principal.via in ("session", "open", ""):
            self._check_origin(headers)
            if principal.via == "session":
                token = headers.get("x-csrf-token", "")
                if not hmac.compare_digest(token.encode(), principal.csrf.encode()):
                    raise Problem(403, N_("the request lacks the token of this session"))
        return principal

    async def _principal(self, headers: Mapping[str, str]) -> Principal:
        if not await self.service.has_users():
            return OPEN
        key = _key(headers)
        if key:
            found = await self._look_up("key", digest(key))
            if found is None:
                raise Problem(
                    401, N_("the key is not known"), headers={"WWW-Authenticate": "Bearer"}
                )
            return found
        token = _cookie(headers.get("cookie", ""))
        if token:
            return await self._look_up("session", digest(token)) or NOBODY
        return NOBODY

    async def _look_up(self, via: str, secret: str) -> Principal | None:
        now = time.monotonic()
        known = self._known.get(via + secret)
        if known is not None and known[0] > now:
            return known[1]
        found = await asyncio.to_thread(self._stored, via, secret)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[via + secret] = (now + KNOWN_FOR_S, found)
        return found

    def forget(self) -> None:
        """Look everybody up anew: a key was revoked, somebody signed out."""
        self._known.clear()

    def _stored(self, via: str, secret: str) -> Principal | None:
        with self.service.database.reading() as session:
            if via == "key":
                user = people.user_of_key(session, secret)
                return None if user is None else principal_of(user, "key")
            found = people.session_of(session, secret)
            return None if found is None else principal_of(found[0], "session", found[1].csrf)

    def address(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Whose request it is; a proxy of ours says so for others."""
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        if peer in self._proxies and "x-forwarded-for" in headers:
            said = headers["x-forwarded-for"].split(",")[-1].strip()
            try:
                return str(ipaddress.ip_address(said))
            except ValueError:
                return peer
        return peer

    @staticmethod
    def _check_rate(limit: RateLimit, caller: str) -> None:
        wait_s = limit.wait_s(caller)
        if wait_s > 0:
            raise Problem(429, headers={"Retry-After": str(int(wait_s) + 1)})

    @staticmethod
    def _check_host(headers: Mapping[str, str]) -> None:
        """Open to whoever sits at this machine: not to a foreign page that resolves to it."""
        host = _host_name(headers.get("host", ""))
        if host not in LOOPBACK:
            raise Problem(403, N_("without users the service answers on this machine only"))

    @staticmethod
    def _check_origin(headers: Mapping[str, str]) -> None:
        """A write of a browser must come from a page of ours."""
        site = headers.get("sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            raise Problem(403, N_("the request comes from another site"))
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
            raise Problem(403, N_("the request comes from another site"))

    def _limited(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Receive:
        """The request's body up to the limit of its kind."""
        settings = self.service.settings
        large = scope["path"].startswith(("/api/uploads", "/api/coverage/batch"))
        most = settings.upload_mb * 2**20 if large else settings.body_kb * 1024
        stated = headers.get("content-length", "")
        if stated.isdigit() and int(stated) > most + (64 * 1024 if large else 0):
            raise _too_large(most)
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most + (64 * 1024 if large else 0):
                raise _too_large(most)
            return message

        return limited

    async def _audit(
        self, scope: Scope, headers: Mapping[str, str], principal: Principal, status: int
    ) -> None:
        row = AuditRow(
            who=principal.name,
            role=principal.role.value,
            address=self.address(scope, headers)[:64],
            method=scope["method"][:8],
            path=scope["path"][:500],
            status=status,
        )

        def write() -> None:
            with self.service.database.writing() as session:
                session.add(row)

        try:
            await asyncio.to_thread(write)
        except Exception:
            log.exception("the audit could not be written")


def _key(headers: Mapping[str, str]) -> str:
    stated = headers.get("authorization", "")
    kind, _, key = stated.partition(" ")
    if kind.casefold() == "bearer" and key.strip():
        return key.strip()
    key = headers.get("x-api-key", "").strip()
    return key if key.startswith(KEY_PREFIX) or key else ""


def _cookie(text: str) -> str:
    if COOKIE not in text:
        return ""
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


@lru_cache(maxsize=256)
def _host_name(host: str) -> str:
    name = urlsplit(f"//{host}").hostname if host else ""
    return name or ""


def _too_large(most: int) -> Problem:
    values: dict[str, Any] = {"size": round(most / 2**20, 1)}
    return Problem(413, N_("at most {size} MB are taken at once"), values)

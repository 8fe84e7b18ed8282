"""The service check from memory, before anything else looks at the request.

It is asked thousands of times a second and needs nothing of what other routes need: where the run
is known and its plan is in memory, the answer goes out from here. Everything else, and the first
question of a plan, goes the way of all requests, which answers the same
(:func:`api.routes.coverage.coverage`).
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.principal import Principal
from api.problems import language_of
from api.routes.coverage import JSON, PATHS, answered
from api.service import Service

ACCEPT_LANGUAGE = b"accept-language"
CONTENT_TYPE = (b"content-type", JSON.encode())


class QuickCheck:
    """A layer inside the gate: who asks is known already."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        body = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS:
            body = self._answer(scope)
        if body is None:
            await self.app(scope, receive, send)
            return
        headers = [CONTENT_TYPE, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> bytes | None:
        """The answer where nothing has to be read for it.

        Raises
        ------
        Problem
            Where the question is none, or not theirs to ask.
        """
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        principal: Principal = scope["state"]["principal"]
        row = self.service.known_run(query.get("run", "latest"), principal)
        plan = None if row is None else self.service.plans.ready(row.id)
        if plan is None:
            return None
        said = next((value for key, value in scope["headers"] if key == ACCEPT_LANGUAGE), b"")
        lang = language_of({"accept-language": said.decode("latin-1")}, query)
        return answered(plan, query, principal, lang)

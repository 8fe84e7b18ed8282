"""The web application: everything put together."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata

from fastapi import FastAPI

from api import problems
from api.ahead import make_ready
from api.auth.gate import Gate
from api.quick import QuickCheck
from api.routes import (
    batch,
    coverage,
    docs,
    health,
    people,
    results,
    rounds,
    runs,
    scenarios,
    uploads,
)
from api.routes.ogc import features, processes
from api.service import Service
from api.settings import Settings, read_settings

PARTS = (
    coverage, batch, scenarios, uploads, runs, results, rounds, people, features, processes, docs,
    health,
)  # fmt: skip

log = logging.getLogger("wangdian")

DESCRIPTION = (
    "Sites, sizes and service areas for zero-waste (无废城市) county plans, each with a proof. "
    "Errors are RFC 9457 problem details in the language of Accept-Language or ?lang= (zh, en). "
    "Give an API key as 'Authorization: Bearer …'."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of one server.

    Parameters
    ----------
    settings : from the environment by default
    """
    service = Service(settings or read_settings())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        await asyncio.to_thread(make_ready, app, service)
        yield
        service.close()

    app = FastAPI(
        title="Wangdian 网点",
        description=DESCRIPTION,
        version=metadata.version("wangdian"),
        license_info={"name": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.service = service
    # The last one added is the outermost.
    app.add_middleware(QuickCheck, service=service)
    app.add_middleware(Gate, service=service)
    app.router.routes.extend(coverage.THIN)
    for part in PARTS:
        app.include_router(part.router)
    problems.install(app)
    if _has_pages():
        importlib.import_module("api.web.pages").install(app)
    return app


def _has_pages() -> bool:
    """Whether the pages for people are installed beside the API."""
    try:
        return importlib.util.find_spec("api.web.pages") is not None
    except ModuleNotFoundError:
        return False

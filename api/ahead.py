"""What the first visitor would otherwise wait for, made before the server answers anybody."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from fastapi import FastAPI

from api.service import Service
from scenarios.wording import LANGUAGES, translator

log = logging.getLogger("wangdian")


def make_ready(app: FastAPI, service: Service) -> None:
    """Read the profiles, compile the pages, load the latest plan; what fails there fails later."""
    steps: Mapping[str, Callable[[], object]] = {
        "document": app.openapi,
        "words": lambda: [translator(lang) for lang in LANGUAGES],
        "pages": _pages,
        "plan": service.read_latest_plan,
    }
    began = time.perf_counter()
    for name, step in steps.items():
        try:
            step()
        except Exception:  # whoever asks for it is told; the others shall be answered
            log.exception("making ready: %s", name)
    log.info("ready after %.1f s", time.perf_counter() - began)


def _pages() -> None:
    from api.web import knowledge, rendering  # noqa: PLC0415 - the pages may be left out
    from scenarios.load_knowledge import stream_ids  # noqa: PLC0415

    for stream in stream_ids():
        knowledge.profile(stream)
    pages = rendering.environment()
    for name in pages.list_templates():
        pages.get_template(name)

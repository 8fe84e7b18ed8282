"""The API's description as a page of our own: no script, nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
body { font: 15px/1.6 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
details { border: 1px solid #ddd; border-radius: 4px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } code { font-family: ui-monospace, monospace; }
.verb { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .1rem 1rem .1rem 0;
  vertical-align: top; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
"""


@router.get("/docs", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """All routes with their parameters and answers."""
    document = request.app.openapi()
    parts = "".join(_topic(name, routes) for name, routes in _by_topic(document).items())
    title = html.escape(document["info"]["title"])
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{html.escape(document['info']['description'])}</p>"
        f'<p><a href="/api/openapi.json">OpenAPI</a></p>{parts}</body></html>'
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


Operation = tuple[str, str, Mapping[str, Any]]


def _by_topic(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    topics: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                topics.setdefault(tag, []).append((method, path, item[method]))
    return topics


def _topic(name: str, routes: list[Operation]) -> str:
    return f"<h2>{html.escape(name)}</h2>" + "".join(map(_route, routes))


def _route(one: Operation) -> str:
    method, path, facts = one
    about = html.escape(facts.get("description") or facts.get("summary", ""))
    rows = "".join(_rows(facts))
    table = f"<table>{rows}</table>" if rows else ""
    return (
        f'<details><summary><span class="verb">{method.upper()}</span>'
        f"<code>{html.escape(path)}</code></summary><p>{about}</p>{table}</details>"
    )


def _rows(facts: Mapping[str, Any]) -> Iterator[str]:
    for one in facts.get("parameters", ()):
        kind = one.get("schema", {}).get("type", "")
        needed = "required" if one.get("required") else ""
        yield _row(f"{one['in']} {one['name']}", f"{kind} {needed} {one.get('description', '')}")
    body = facts.get("requestBody", {}).get("content", {})
    for media, said in body.items():
        name = said.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        yield _row(f"body {media}", name)
    for status, said in facts.get("responses", {}).items():
        yield _row(f"answer {status}", said.get("description", ""))


def _row(name: str, text: str) -> str:
    return f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(text)}</td></tr>"

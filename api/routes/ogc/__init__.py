"""OGC API: Features for the layers of each plan, Processes for planning and the service check."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

Link = dict[str, Any]
JSON = "application/json"
GEOJSON = "application/geo+json"


def base_of(request: Request) -> str:
    """The address that the caller reached the service by."""
    return f"{request.url.scheme}://{request.url.netloc}/ogc"


def link(rel: str, href: str, kind: str = JSON, title: str = "") -> Link:
    """A link as the standards have them."""
    found: Link = {"rel": rel, "href": href, "type": kind}
    return {**found, "title": title} if title else found

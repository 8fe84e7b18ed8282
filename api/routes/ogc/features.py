"""OGC API - Features (part 1: core, GeoJSON, OpenAPI 3.0): one API a plan, for GDAL and QGIS."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.principal import Principal
from api.features import Feature, visible
from api.plans import LoadedPlan
from api.problems import Problem, request_language
from api.routes.ogc import GEOJSON, JSON, base_of, link
from api.service import Service, principal_of_request, service_of
from geodata.faults import N_
from scenarios.wording import translator

router = APIRouter(prefix="/ogc/runs/{run_id}", tags=["OGC API - Features"])

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMS = [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{one}"
    for one in ("core", "geojson", "oas30")
]
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MOST, USUAL = 10_000, 100
OWN_PARAMETERS = frozenset({"limit", "offset", "bbox", "bbox-crs", "datetime", "f", "lang"})

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]


def _plan(run_id: str, who: Who, service: Served) -> LoadedPlan:
    return service.plans.load(service.finished_run(run_id, who))


Loaded = Annotated[LoadedPlan, Depends(_plan)]


@router.get("")
def landing(request: Request, plan: Loaded) -> dict[str, Any]:
    """The landing page."""
    base = _base(request, plan)
    return {
        "title": str(plan.summary.get("title", "")),
        "description": str(plan.summary.get("area", "")),
        "links": [
            link("self", base),
            link("service-desc", f"{base}/api", OPENAPI, "OpenAPI 3.0"),
            link("service-doc", f"{request.url.scheme}://{request.url.netloc}/docs", "text/html"),
            link("conformance", f"{base}/conformance"),
            link("data", f"{base}/collections"),
        ],
    }


@router.get("/conformance")
def conformance(plan: Loaded) -> dict[str, Any]:
    """What the API conforms to."""
    del plan  # only those who may see it are told
    return {"conformsTo": CONFORMS}


@router.get("/api")
def definition(request: Request, plan: Loaded) -> Response:
    """The OpenAPI 3.0 document of this plan's features."""
    body = orjson.dumps(_definition(_base(request, plan), sorted(plan.contents)))
    return Response(body, media_type=OPENAPI)


@router.get("/collections")
def collections(request: Request, plan: Loaded) -> dict[str, Any]:
    """The layers."""
    base = _base(request, plan)
    return {
        "links": [link("self", f"{base}/collections")],
        "collections": [_collection(request, plan, name) for name in plan.contents],
    }


@router.get("/collections/{name}")
def collection(name: str, request: Request, plan: Loaded) -> dict[str, Any]:
    """One layer."""
    if name not in plan.contents:
        raise Problem(404, N_("the plan has no layer {name}"), {"name": name[:60]})
    return _collection(request, plan, name)


@router.get("/collections/{name}/items", response_class=Response)
def items(
    name: str, request: Request, plan: Loaded, who: Who,
    limit: Annotated[int, Query(ge=1)] = USUAL,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    bbox: Annotated[str, Query(max_length=200)] = "",
    datetime: Annotated[str, Query(max_length=100)] = "",
) -> Response:  # fmt: skip
    """A page of a layer's features; a property's name as a parameter filters by its value."""
    del datetime  # features of a plan have no time: every moment selects them all
    limit = min(limit, MOST)
    found = list(visible(plan, name, who))
    found = _filtered(found, plan, name, request)
    if bbox:
        found = _in_box(found, _box(bbox))
    page = found[offset : offset + limit]
    links = _page_links(request, plan, name, limit, offset, len(found))
    head = {
        "type": "FeatureCollection",
        "numberMatched": len(found),
        "numberReturned": len(page),
        "timeStamp": _now(),
        "links": links,
    }
    body = orjson.dumps(head)[:-1] + b',"features":[' + b",".join(line for _, line in page) + b"]}"
    return Response(body, media_type=GEOJSON)


@router.get("/collections/{name}/items/{feature_id}")
def item(name: str, feature_id: int, request: Request, plan: Loaded, who: Who) -> JSONResponse:
    """One feature."""
    for feature, _ in visible(plan, name, who):
        if feature["id"] == feature_id:
            base = f"{_base(request, plan)}/collections/{name}"
            links = [
                link("self", f"{base}/items/{feature_id}", GEOJSON),
                link("collection", base),
            ]
            return JSONResponse({**feature, "links": links}, media_type=GEOJSON)
    raise Problem(404, N_("the layer has no such feature"))


def _base(request: Request, plan: LoadedPlan) -> str:
    return f"{base_of(request)}/runs/{plan.run_id}"


def _collection(request: Request, plan: LoadedPlan, name: str) -> dict[str, Any]:
    base = f"{_base(request, plan)}/collections/{name}"
    facts = plan.contents[name]
    box = facts["bbox"]
    extent = {} if box is None else {"extent": {"spatial": {"bbox": [box], "crs": CRS84}}}
    return {
        "id": name,
        "title": translator(request_language(request))(facts["title"]),
        "itemType": "feature",
        "crs": [CRS84],
        **extent,
        "links": [link("self", base), link("items", f"{base}/items", GEOJSON)],
    }


Found = list[tuple[Feature, bytes]]


def _filtered(found: Found, plan: LoadedPlan, name: str, request: Request) -> Found:
    """Features whose properties have the values asked for.

    Raises
    ------
    Problem
        400 for a parameter that is neither ours nor a property.
    """
    known = plan.contents[name]["properties"] if name in plan.contents else {}
    for key, value in request.query_params.multi_items():
        if key in OWN_PARAMETERS:
            continue
        if key not in known:
            raise Problem(400, N_("{name} is no parameter of this layer"), {"name": key[:60]})
        found = [one for one in found if _text(one[0]["properties"].get(key)) == value]
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _box(text: str) -> Sequence[float]:
    try:
        numbers = [float(one) for one in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not np.isfinite(numbers).all() or numbers[1] > numbers[3]:
        raise Problem(400, N_("bbox should be west,south,east,north in degrees"))
    return numbers


def _in_box(found: Found, box: Sequence[float]) -> Found:
    west, south, east, north = box
    kept = []
    for one in found:
        bounds = one[0].get("bbox")
        if bounds is None or bounds[1] > north or bounds[3] < south:
            continue
        inside = (
            bounds[0] <= east and bounds[2] >= west
            if west <= east
            else bounds[0] <= east or bounds[2] >= west  # across the date line
        )
        if inside:
            kept.append(one)
    return kept


def _page_links(
    request: Request, plan: LoadedPlan, name: str, limit: int, offset: int, total: int
) -> list[dict[str, Any]]:
    base = f"{_base(request, plan)}/collections/{name}"
    kept = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if key not in ("limit", "offset")
    ]

    def at(begin: int) -> str:
        return f"{base}/items?{urlencode([*kept, ('limit', limit), ('offset', begin)])}"

    links = [link("self", at(offset), GEOJSON), link("collection", base)]
    if offset + limit < total:
        links.append(link("next", at(offset + limit), GEOJSON))
    if offset > 0:
        links.append(link("prev", at(max(0, offset - limit)), GEOJSON))
    return links


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _definition(base: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Wangdian 网点 - OGC API Features", "version": "1.0.0"},
        "servers": [{"url": base}],
        "paths": _paths(tuple(names)),
    }


@lru_cache(maxsize=8)
def _paths(names: tuple[str, ...]) -> dict[str, Any]:
    layer = {
        "name": "collectionId", "in": "path", "required": True,
        "schema": {"type": "string", "enum": list(names)},
    }  # fmt: skip
    feature = {
        "name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"},
    }  # fmt: skip
    number = {"type": "number"}
    page = [
        {
            "name": "limit", "in": "query", "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
            "style": "form", "explode": False,
        },
        {
            "name": "offset", "in": "query", "required": False,
            "schema": {"type": "integer", "minimum": 0, "default": 0},
        },
        {
            "name": "bbox", "in": "query", "required": False, "style": "form", "explode": False,
            "schema": {"type": "array", "minItems": 4, "maxItems": 6, "items": number},
        },
        {
            "name": "datetime", "in": "query", "required": False, "style": "form",
            "explode": False, "schema": {"type": "string"},
        },
    ]  # fmt: skip

    def get(what: str, kind: str, *parameters: dict[str, Any]) -> dict[str, Any]:
        answer = {"description": what, "content": {kind: {"schema": {"type": "object"}}}}
        return {
            "get": {
                "summary": what,
                "operationId": "".join(what.split()),
                "parameters": list(parameters),
                "responses": {"200": answer},
            }
        }

    return {
        "/": get("landing page", JSON),
        "/conformance": get("conformance", JSON),
        "/collections": get("the layers", JSON),
        "/collections/{collectionId}": get("one layer", JSON, layer),
        "/collections/{collectionId}/items": get("features of a layer", GEOJSON, layer, *page),
        "/collections/{collectionId}/items/{featureId}": get(
            "one feature", GEOJSON, layer, feature
        ),
    }

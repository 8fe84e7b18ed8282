"""The features of a plan that somebody may see, as they may see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from api.auth.principal import Principal
from api.plans import LoadedPlan
from api.problems import Problem
from geodata.faults import N_
from scenarios.store.models import Role

Feature = dict[str, Any]

BACKDROP = frozenset({"districts", "roads"})
OF_STREAMS = frozenset({"villages", "facilities", "links", "service_areas", "candidates"})
PLACES = frozenset({"facilities", "candidates", "links", "service_areas"})
"""Layers whose geometry tells where a site is."""
WHERE_WORDS = ("id", "name", "facility_id", "facility_name", "to_id", "village")


def visible(
    plan: LoadedPlan, name: str, who: Principal, *, whole_district: bool = False
) -> Iterator[tuple[Feature, bytes]]:
    """Features of a layer with their text.

    A department sees its streams, a township its own villages, its facilities and those that serve
    it; the public sees no place of a sensitive stream.

    Parameters
    ----------
    whole_district : of a township's facilities only those inside it

    Raises
    ------
    Problem
        404 where there is no such layer.
    """
    layer = plan.layer(name)
    if layer is None:
        raise Problem(404, N_("the plan has no layer {name}"), {"name": name[:60]})
    if who.sees_all or name in BACKDROP:
        yield from zip(layer.features, layer.lines, strict=True)
        return
    serving = _serving(plan, who) if who.role is Role.TOWNSHIP and not whole_district else set()
    hidden = sensitive_streams(plan, who)
    for feature, line in zip(layer.features, layer.lines, strict=True):
        facts = feature["properties"]
        stream = str(facts.get("stream") or "")
        if name in OF_STREAMS and not who.sees_stream(stream):
            continue
        if who.role is Role.TOWNSHIP and not _own(name, facts, who, serving):
            continue
        if stream in hidden and name in {*PLACES, "villages"}:
            if name in ("links", "service_areas", "candidates"):
                continue
            shown = _redacted(feature, keep_place=name == "villages")
            yield shown, orjson.dumps(shown)
            continue
        yield feature, line


def sensitive_streams(plan: LoadedPlan, who: Principal) -> set[str]:
    """Streams of a plan whose sites are not shown to somebody."""
    return {stream for stream in plan.streams if not who.sees_places_of(stream)}


def _serving(plan: LoadedPlan, who: Principal) -> set[str]:
    """Ids of the facilities that serve a township's villages."""
    layer = plan.layer("villages")
    return {
        str(one["properties"]["facility_id"])
        for one in (layer.features if layer is not None else ())
        if one["properties"]["district"] == who.district and one["properties"]["facility_id"]
    }


def _own(name: str, facts: Feature, who: Principal, serving: set[str]) -> bool:
    if name == "villages":
        return bool(facts["district"] == who.district)
    if name == "facilities":
        return facts["district"] == who.district or facts["id"] in serving
    if name == "service_areas":
        return facts["facility_id"] in serving
    # Candidates, links and exclusions are the planner's working papers.
    return False


def _redacted(feature: Feature, *, keep_place: bool) -> Feature:
    """A feature without what tells where a site is."""
    facts = {
        key: None if key in WHERE_WORDS and not (keep_place and key in ("id", "name")) else value
        for key, value in feature["properties"].items()
    }
    if keep_place:
        facts |= {"impedance": None, "straight_m": None}
        return {**feature, "properties": {**facts, "redacted": True}}
    return {
        "type": "Feature", "id": feature["id"], "geometry": None,
        "properties": {**facts, "redacted": True},
    }  # fmt: skip

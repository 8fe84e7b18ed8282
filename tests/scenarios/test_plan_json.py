"""``plan.json`` against its published schema."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scenarios.plan_json import SYNTHETIC_NOTE, plan_dict, plan_schema, plan_text

TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
}  # fmt: skip


def fits(value: Any, kind: str) -> bool:
    if kind in ("number", "integer"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (kind == "number" and isinstance(value, float))
    return isinstance(value, TYPES[kind])


def faults(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:  # noqa: PLR0912
    """The parts of JSON Schema that ours uses; no validator is among our packages."""
    found = []
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(fits(value, kind) for kind in kinds):
        return [f"{path}: {value!r} is no {kinds}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{path}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", -np.inf) or value > schema.get("maximum", np.inf):
            found.append(f"{path}: {value} is out of range")
        if value <= schema.get("exclusiveMinimum", -np.inf):
            found.append(f"{path}: {value} is out of range")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [
            f"{path}: {key} is missing" for key in schema.get("required", ()) if key not in value
        ]
        more = schema.get("additionalProperties", True)
        for key, one in value.items():
            if key in properties:
                found += faults(one, properties[key], f"{path}.{key}")
            elif more is False:
                found.append(f"{path}: {key} is not in the schema")
            elif isinstance(more, dict):
                found += faults(one, more, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        for position, one in enumerate(value):
            found += faults(one, schema["items"], f"{path}[{position}]")
    return found


def test_every_stream_keeps_the_published_schema(small_plan):
    schema = plan_schema()
    for stream in small_plan.streams.values():
        document = json.loads(plan_text(small_plan, stream))
        assert faults(document, schema) == []


def test_the_validator_sees_what_is_wrong(small_plan):
    stream = small_plan.streams["construction_waste"]
    document = plan_dict(small_plan, stream)
    del document["certificate"]["gap"]
    document["facilities"][0]["lon"] = "115"
    document["more"] = 1
    assert len(faults(document, plan_schema())) == 3


@pytest.mark.parametrize("stream", ["pesticide_packaging", "straw_storage", "household_transfer"])
def test_assignments_and_unserved_cover_everybody_once(small_plan, stream):
    one = small_plan.streams[stream]
    document = plan_dict(small_plan, one)
    first = document["tiers"][0]["id"]
    assigned = {row["from_id"] for row in document["assignments"] if row["tier"] == first}
    unserved = {row["id"] for row in document["unserved"]}
    assert assigned | unserved == set(one.demand["id"])
    assert not assigned & unserved
    opened = {(row["tier"], row["id"]) for row in document["facilities"]}
    assert {(row["tier"], row["to_id"]) for row in document["assignments"]} <= opened


def test_the_certificate_holds_together(small_plan):
    for stream in small_plan.streams.values():
        one = plan_dict(small_plan, stream)["certificate"]
        assert one["gap"] == pytest.approx(
            abs(one["objective"] - one["bound"]) / abs(one["objective"]), abs=1e-12
        )
        assert one["bound"] <= one["objective"] * (1 + 1e-9)
        assert one["checked"]


def test_made_up_counties_say_so_and_assumptions_are_marked(small_plan):
    document = plan_dict(small_plan, small_plan.streams["pesticide_packaging"])
    assert document["synthetic"]
    assert document["note"] == SYNTHETIC_NOTE
    marked = {row["key"]: row["planning_assumption"] for row in document["assumptions"]}
    assert marked["tiers.village_point.radius_km"]
    assert not marked["demand.factors.0.factor"]


def test_a_new_site_is_planned_and_a_standing_one_keeps_its_state(small_plan):
    for stream in small_plan.streams.values():
        for row in plan_dict(small_plan, stream)["facilities"]:
            assert (row["status"] == "new") == (row["state"] == "planned")

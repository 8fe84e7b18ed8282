"""``plan.json``: one stream's plan for programs; the schema is ``plan.schema.json`` beside this.

Numbers are rounded to what they can mean (1 mm, 1 g, 1e-9 degrees), unknown ones are null, and
everything stands in a settled order, so that the same inputs give the same file apart from times.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from geodata.faults import Fault
from planner.solution import Certificate, Reason
from scenarios.answers import is_open, shown_state
from scenarios.assess import formula_text
from scenarios.evidence import EDITABLE
from scenarios.numbers import numbers_in
from scenarios.plan import Indicator, Plan, StreamPlan
from scenarios.programme.cases import WhatIf, what_if_dict
from scenarios.programme.joint_tables import joint_tables
from scenarios.reasons import names_of, reason_text
from scenarios.schema import Sourced
from scenarios.targets import lines_of_stream

FORMAT = "wangdian-plan-1"
SYNTHETIC_NOTE = "合成数据 / synthetic"

UNITS: Mapping[str, str] = {
    "lon": "degree, WGS84",
    "lat": "degree, WGS84",
    "capacity": "t/yr",
    "throughput": "t/yr",
    "tonnes": "t/yr",
    "land": "m2",
    "investment": "10,000 CNY",
    "impedance": "as the assignment's unit says",
    "gap": "fraction of the objective",
}


def plan_schema() -> dict[str, Any]:
    """The published JSON schema of the file."""
    text = (resources.files("scenarios") / "plan.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def plan_text(plan: Plan, stream: StreamPlan) -> str:
    """The file's text."""
    return json.dumps(plan_dict(plan, stream), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plan_dict(plan: Plan, stream: StreamPlan) -> dict[str, Any]:
    """One stream of a plan as plain values."""
    names = names_of(stream.demand, stream.facilities)
    solved = {tier.tier: tier for tier in stream.tiers}
    found = {
        "format": FORMAT,
        "title": plan.title,
        "area": plan.scenario.area,
        "synthetic": plan.synthetic,
        "note": SYNTHETIC_NOTE if plan.synthetic else "",
        "base_year": plan.scenario.base_year,
        "stream": {"id": stream.profile.id, "name": stream.profile.name.model_dump()},
        "units": dict(UNITS),
        "facilities": _facilities(stream),
        "closed": _closed(stream),
        "assignments": _assignments(stream),
        "unserved": _unserved(stream),
        "indicators": [_indicator(one) for one in stream.indicators],
        "certificate": _certificate(stream.certificate, scope=_scope(stream)),
        "tiers": [
            {
                "id": tier.id,
                "name": tier.name.model_dump(),
                "problem": tier.problem.value,
                "serves": tier.serves,
                "metric": tier.metric.value,
                "certificate": _certificate(solved[tier.id].certificate, scope="tier"),
                "reasons": [_reason(one, names) for one in solved[tier.id].reasons],
            }
            for tier in stream.profile.tiers
            if tier.id in solved
        ],
        "assumptions": _assumptions(stream),
        "assessment": _assessment(stream.assessment),
        "faults": [_fault(one) for one in plan.faults],
        "sources": list(plan.sources),
        "input_hash": stream.input_hash,
        "versions": dict(plan.versions),
        "seconds": {key: round(value, 3) for key, value in plan.seconds.items()},
    }
    if stream.phases:
        found |= {"phases": _phases(stream), **_joint(stream)}
    if plan.scenario.document is not None:
        found["targets"] = _plain(lines_of_stream(plan.scenario.document, found))
    return found


def _joint(stream: StreamPlan) -> dict[str, Any]:
    """What streams that were decided together share, keep and miss, and what if."""
    cases = stream.what_if if isinstance(stream.what_if, WhatIf) else WhatIf()
    return {
        "joint": _plain(joint_tables(stream).as_dict()),
        "what_if": _plain(what_if_dict(cases)),
    }


def _phases(stream: StreamPlan) -> list[dict[str, Any]]:
    """A building programme year by year, each as the plan of one year has it."""
    years = []
    for state in stream.phases:
        then = replace(
            stream,
            facilities=state.facilities,
            demand=state.demand,
            assignments=state.assignments,
        )
        years.append(
            {
                "year": state.year,
                "facilities": _facilities(then),
                "closed": _closed(then),
                "assignments": _assignments(then),
                "unserved": _unserved(then),
                "indicators": [_indicator(one) for one in state.indicators],
            }
        )
    return years


def _scope(stream: StreamPlan) -> str:
    """What the stream's one certificate is true of."""
    if stream.phases:
        return "programme: all tiers and years of the streams decided together with this one"
    if len(stream.tiers) == 1:
        return "stream"
    if all(tier.serves == "demand" for tier in stream.profile.tiers):
        return "sum of tiers"
    worst = max(stream.tiers, key=lambda tier: tier.certificate.gap)
    return f"tier {worst.tier}, the one with the largest gap; each tier given the one below it"


def _facilities(stream: StreamPlan) -> list[dict[str, Any]]:
    table = stream.facilities[is_open(stream.facilities["status"]).to_numpy(bool)]
    return [
        {
            "id": str(row.id),
            "name": _text(row.name),
            "tier": row.tier,
            "district": _text(row.district),
            "lon": round(float(row.geometry.x), 9),
            "lat": round(float(row.geometry.y), 9),
            "status": row.status,
            "state": shown_state(_text(row.state), row.status),
            "size": _text(row.size),
            "capacity": _number(row.capacity_t_per_yr, 3),
            "throughput": _number(row.throughput_t_per_yr, 6),
            "load_rate": _number(row.load_rate, 6),
            "land": _number(row.land_m2, 1),
            "investment": _number(row.investment_wan_cny, 4),
            "n_served": int(row.n_served),
            "population_served": _number(row.population_served, 3),
            "mean_impedance": _number(row.mean_impedance, 3),
            "worst_impedance": _number(row.worst_impedance, 3),
            "responsible": _text(row.responsible),
            **({"phase": _text(row.phase)} if stream.phases else {}),
        }
        for row in _rows(table)
    ]


def _closed(stream: StreamPlan) -> list[dict[str, Any]]:
    table = stream.facilities[(stream.facilities["status"] == "closed").to_numpy(bool)]
    return [
        {
            "id": str(row.id),
            "name": _text(row.name),
            "tier": row.tier,
            "district": _text(row.district),
            "lon": round(float(row.geometry.x), 9),
            "lat": round(float(row.geometry.y), 9),
            "state": _text(row.state),
        }
        for row in _rows(table)
    ]


def _assignments(stream: StreamPlan) -> list[dict[str, Any]]:
    return [
        {
            "from_id": str(row.from_id),
            "to_id": str(row.to_id),
            "tier": row.tier,
            "impedance": _number(row.impedance, 3),
            "unit": row.unit,
            "measured": row.measured,
            "share": _number(row.share, 9),
            "tonnes": _number(row.tonnes_per_yr, 6),
            **({"from_tier": row.from_tier} if stream.phases else {}),
        }
        for row in _rows(stream.assignments)
    ]


def _unserved(stream: StreamPlan) -> list[dict[str, Any]]:
    table = stream.demand[~stream.demand["served"].to_numpy(bool)]
    return [
        {
            "id": str(row.id),
            "name": _text(row.name),
            "district": _text(row.district),
            "lon": round(float(row.geometry.x), 9),
            "lat": round(float(row.geometry.y), 9),
            "tonnes": _number(row.demand_t_per_yr, 6),
            "population": _number(row.population, 3),
            "snap_m": _number(row.snap_m, 3),
            "reason": row.reason,
        }
        for row in _rows(table)
    ]


def _rows(table: pd.DataFrame) -> Any:
    """Rows with their columns as attributes."""
    return table.itertuples(index=False, name="Row")


def _indicator(one: Indicator) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "value": _number(one.value, 6),
        "unit": one.unit,
        "formula": one.formula,
        "target": _number(one.target, 6),
    }


def _certificate(one: Certificate, *, scope: str) -> dict[str, Any]:
    return {
        "outcome": one.outcome.value,
        "scope": scope,
        "sense": one.sense,
        "objective": _number(one.objective, None),
        "bound": _number(one.bound, None),
        "gap": _number(one.gap, None),
        "seconds": round(one.seconds, 3),
        "method": one.method,
        "solver": one.solver,
        "solver_version": one.solver_version,
        "bound_proof": one.bound_proof,
        "bound_verified": bool(one.bound_verified),
        "checked": bool(one.checked),
        "problem_hash": one.problem_hash,
        "reduced": {key: int(value) for key, value in sorted(one.reduced.items())},
        "stage_seconds": {key: round(float(v), 3) for key, v in one.stage_seconds.items()},
    }


def _reason(one: Reason, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "subjects": [str(subject) for subject in one.subjects],
        "values": _plain(one.values),
        "text": reason_text(one, names),
    }


def _assumptions(stream: StreamPlan) -> list[dict[str, Any]]:
    """Every sourced number of the stream, with what is only a planning assumption marked."""
    return [
        {
            "key": one.key,
            "value": one.value,
            "unit": one.unit,
            "source": one.basis.source,
            "evidence": one.basis.evidence.value,
            "planning_assumption": one.basis.evidence in EDITABLE,
        }
        for one in numbers_in(stream.profile)
        if one.basis is not None
    ]


def sourced_numbers(value: Any, key: str) -> list[tuple[str, Sourced]]:
    """Every :class:`Sourced` inside a model with its dotted key."""
    if isinstance(value, Sourced):
        return [(key, value)]
    if isinstance(value, tuple):
        pairs = [
            (str(getattr(one, "id", "") or position), one) for position, one in enumerate(value)
        ]
    elif isinstance(value, BaseModel):
        pairs = [(name, getattr(value, name)) for name in type(value).model_fields]
    else:
        return []
    found = []
    for name, one in pairs:
        found += sourced_numbers(one, f"{key}.{name}" if key else name)
    return found


def _assessment(assessment: Mapping[str, Any]) -> Any:
    """Present state with its formulas in words."""
    tiers = [
        {**tier, "coverage": [{**row, "formula": formula_text(row)} for row in tier["coverage"]]}
        for tier in assessment.get("tiers", ())
    ]
    return _plain({**assessment, "tiers": tiers})


def _fault(one: Fault) -> dict[str, Any]:
    return {"where": one.where, "severity": one.severity.value, "text": one.text()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any, decimals: int | None) -> float | None:
    """A number that JSON can hold; null where there is none."""
    if value is None or pd.isna(value) or not math.isfinite(float(value)):
        return None
    return float(value) if decimals is None else round(float(value), decimals)


def _plain(value: Any) -> Any:
    """NumPy numbers, tuples and non-finite values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(one) for one in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(value, 9)
    return value if value is None else str(value)

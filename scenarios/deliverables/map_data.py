"""A plan as the compact JSON that the map page draws: columns of numbers, not an object a village.

Everything a reader sees is text or a number in this JSON; the page writes it with ``textContent``
or on a canvas, so no name can become markup or code.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from scenarios import wording
from scenarios.deliverables.map_geometry import SCALE, rings, road_lines, whole
from scenarios.deliverables.map_words import page_words
from scenarios.deliverables.service_areas import service_areas
from scenarios.plan import Plan, StreamPlan
from scenarios.schema import Evidence, Tier

PALETTE = ("#0072b2", "#117733", "#88498f", "#44aa99", "#332288", "#a05a2c")
"""Where a profile has no usable colour; told apart by colour-blind readers. Vermilion and amber are
kept for uncovered and far villages."""
AREA_TINTS = 5
STATUSES = ("kept", "expanded", "new", "closed", "not_chosen")
REASONS = ("", *wording.UNSERVED_REASONS)
METRICS = tuple(wording.METRIC_NAMES)
BASES = tuple(wording.DEMAND_BASES)
COVERED, BEYOND, UNCOVERED = 0, 1, 2

Row = Mapping[str, Any]


def map_data(plan: Plan, lang: str, day: date) -> dict[str, Any]:
    """The whole page's data, ready for :func:`script_json`."""
    points = Points()
    streams = [
        _stream(plan, stream, points, position, lang)
        for position, stream in enumerate(plan.streams.values())
    ]
    candidates = plan.candidates[plan.candidates.geometry.notna()]
    at = shapely.get_coordinates(candidates.geometry)
    return {
        "scale": SCALE,
        "lang": lang,
        "words": page_words(lang),
        "title": plan.title,
        "area": plan.scenario.area,
        "synthetic": plan.synthetic,
        "date": wording.long_date(day, lang),
        "sources": list(plan.sources or plan.scenario.sources),
        "roads": road_lines(plan.roads),
        "districts": _districts(plan.districts),
        "exclusions": _exclusions(plan.exclusions),
        "candidates": {
            "name": _texts(candidates["name"]),
            "x": whole(at[:, 0]),
            "y": whole(at[:, 1]),
            "kept": [int(bool(kept)) for kept in candidates["kept"]],
            "rule": [wording.retold(rule, lang) for rule in _texts(candidates["dropped_by"])],
            "stream": _texts(candidates["stream"]),
        },
        "points": points.columns(),
        "streams": streams,
    }


class Points:
    """Demand points of all streams, each place once: streams share most of their villages."""

    def __init__(self) -> None:
        self._position: dict[tuple[str, str, int, int], int] = {}
        self._rows: list[tuple[str, str, str, int, int, int | None]] = []

    def add(self, demand: gpd.GeoDataFrame) -> list[int]:
        """Positions of a stream's points."""
        at = shapely.get_coordinates(demand.geometry)
        rows = zip(
            _texts(demand["id"]),
            _texts(demand["name"]),
            _texts(demand["district"]),
            whole(at[:, 0]),
            whole(at[:, 1]),
            _integers(demand["population"]),
            strict=True,
        )
        found = []
        for row in rows:
            key = (row[0], row[1], row[3], row[4])
            if key not in self._position:
                self._position[key] = len(self._rows)
                self._rows.append(row)
            found.append(self._position[key])
        return found

    def columns(self) -> dict[str, Any]:
        """Columns of the page's table of points; districts by position."""
        names = sorted({row[2] for row in self._rows})
        district = {name: position for position, name in enumerate(names)}
        columns = list(zip(*self._rows, strict=True)) or [()] * 6
        return {
            "id": columns[0],
            "name": columns[1],
            "districts": names,
            "district": [district[name] for name in columns[2]],
            "x": columns[3],
            "y": columns[4],
            "population": columns[5],
        }


def _stream(
    plan: Plan, stream: StreamPlan, points: Points, position: int, lang: str
) -> dict[str, Any]:
    profile = stream.profile
    colour = profile.colour
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        colour = PALETTE[position % len(PALETTE)]
    tier_position = {tier.id: k for k, tier in enumerate(profile.tiers)}
    return {
        "id": profile.id,
        "name": profile.name.in_language(lang),
        "colour": colour,
        "department": profile.department,
        "definition": profile.demand.definition.in_language(lang)
        if profile.demand.definition
        else "",
        "certificate": wording.certificate_sentence(stream.certificate, lang),
        "tiers": [_tier(tier, tier_position, lang) for tier in profile.tiers],
        **_state(plan, stream, points, lang),
        "phases": _phases(plan, stream, points, lang),
    }


def _state(plan: Plan, stream: StreamPlan, points: Points, lang: str) -> dict[str, Any]:
    """What stands and who goes where."""
    tier_position = {tier.id: k for k, tier in enumerate(stream.profile.tiers)}
    facility_position = {
        (tier, name): k
        for k, (tier, name) in enumerate(
            zip(stream.facilities["tier"], stream.facilities["id"], strict=True)
        )
    }
    return {
        "facilities": _facilities(stream, tier_position, lang),
        "demand": _demand(stream, points),
        "links": _links(stream, tier_position, facility_position),
        "areas": _areas(service_areas(plan, stream), facility_position),
    }


def _phases(plan: Plan, stream: StreamPlan, points: Points, lang: str) -> list[dict[str, Any]]:
    """A building programme year by year; the last is what the stream shows anyway."""
    found = []
    for state in stream.phases[:-1]:
        then = replace(
            stream,
            facilities=state.facilities,
            demand=state.demand,
            assignments=state.assignments,
        )
        found.append({"year": state.year, **_state(plan, then, points, lang)})
    return [*found, *({"year": state.year} for state in stream.phases[-1:])]


def _tier(tier: Tier, tier_position: Mapping[str, int], lang: str) -> dict[str, Any]:
    _ = wording.translator(lang)
    radius = tier.radius_km
    clause = ""
    if radius is not None:
        clause = " ".join(part for part in (radius.source, radius.clause) if part)
        if radius.evidence in {Evidence.RECALLED, Evidence.ASSUMED}:
            note = _("planning assumption, not a clause")
            clause = f"{clause} · {note}" if clause else note
    return {
        "name": tier.name.in_language(lang),
        "serves": tier_position.get(tier.serves, -1),
        "radius_m": round(tier.radius_m) if tier.radius_m else None,
        "clause": clause,
        "metric": _(wording.METRIC_NAMES[tier.metric.value]),
        "circuity": tier.circuity if tier.metric.value == "straight" else None,
    }


def _facilities(stream: StreamPlan, tier_position: Mapping[str, int], lang: str) -> dict[str, Any]:
    _ = wording.translator(lang)
    table = stream.facilities
    at = shapely.get_coordinates(table.geometry)
    phases = "phase" in table and any(_texts(table["phase"]))
    return {
        "id": _texts(table["id"]),
        "name": _texts(table["name"]),
        "tier": [tier_position.get(tier, 0) for tier in table["tier"]],
        "status": [STATUSES.index(s) if s in STATUSES else 2 for s in table["status"]],
        "state": [_(wording.STATE_NAMES.get(s, s)) for s in _texts(table["state"])],
        "x": whole(at[:, 0]),
        "y": whole(at[:, 1]),
        "district": _texts(table["district"]),
        "village": _texts(table["village"]),
        "size": _texts(table["size"]),
        "capacity": _rounded(table["capacity_t_per_yr"]),
        "throughput": _rounded(table["throughput_t_per_yr"]),
        "load": _rounded(table["load_rate"], 3),
        "land": _rounded(table["land_m2"]),
        "investment": _rounded(table["investment_wan_cny"]),
        "served": _integers(table["n_served"]),
        "people": _integers(table["population_served"]),
        "mean": _rounded(table["mean_impedance"]),
        "worst": _rounded(table["worst_impedance"]),
        "phase": _texts(table["phase"]) if phases else [],
        "responsible": _texts(table["responsible"]),
    }


def _demand(stream: StreamPlan, points: Points) -> dict[str, Any]:
    table = stream.demand
    served = np.array([bool(value) for value in table["served"]])
    beyond = np.array([within is False for within in _flags(table)])
    status = np.where(served, np.where(beyond, BEYOND, COVERED), UNCOVERED)
    return {
        "point": points.add(table),
        "status": status.tolist(),
        "tonnes": _rounded(table["demand_t_per_yr"]),
        "basis": [BASES.index(b) if b in BASES else -1 for b in table["demand_basis"]],
        "impedance": _integers(table["impedance"]),
        "straight": _integers(table["straight_m"]),
        "snap": _integers(table["snap_m"]),
        "reason": [REASONS.index(r) if r in REASONS else len(REASONS) - 1 for r in table["reason"]],
    }


def _flags(table: gpd.GeoDataFrame) -> list[bool | None]:
    return [None if pd.isna(value) else bool(value) for value in table["within_radius"]]


def _links(
    stream: StreamPlan,
    tier_position: Mapping[str, int],
    facility_position: Mapping[tuple[str, str], int],
) -> list[dict[str, Any]]:
    """Per tier: from (demand row, or facility of a lower tier) to facility, its cost, share.

    ``level`` names each link's lower tier, -1 the demand, where not all come from the tier that the
    profile has it serve.
    """
    demand_position = {name: k for k, name in enumerate(stream.demand["id"])}
    found = []
    for tier in stream.profile.tiers:
        links = stream.assignments[stream.assignments["tier"] == tier.id]
        rows: list[tuple[int, int, object, float, str, int]] = []
        links = links if "measured" in links else links.assign(measured=tier.metric.value)
        links = links if "from_tier" in links else links.assign(from_tier=tier.serves)
        names = ("from_id", "to_id", "impedance", "share", "measured", "from_tier")
        for from_id, to_id, cost, share, measured, below in zip(
            *(links[name] for name in names), strict=True
        ):
            start = (
                demand_position.get(from_id)
                if below == "demand"
                else facility_position.get((below, from_id))
            )
            end = facility_position.get((tier.id, to_id))
            if start is not None and end is not None:
                level = tier_position.get(below, -1)
                rows.append((start, end, cost, float(share), str(measured), level))
        divided = any(row[3] < 0.9995 for row in rows)
        metrics = [METRICS.index(row[4]) if row[4] in METRICS else 0 for row in rows]
        levels = [row[5] for row in rows]
        found.append(
            {
                "from": [row[0] for row in rows],
                "to": [row[1] for row in rows],
                "cost": _integers(row[2] for row in rows),
                "share": [round(row[3], 4) for row in rows] if divided else None,
                # One number where all were measured alike, as nearly always.
                "measured": metrics if len(set(metrics)) > 1 else (metrics or [0])[0],
                "level": levels if set(levels) - {tier_position.get(tier.serves, -1)} else None,
                "unit": "s" if len(links) and (links["unit"] == "s").all() else "m",
            }
        )
    return found


def _areas(
    areas: gpd.GeoDataFrame, facility_position: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """Rings by facility, and a tint that differs from every neighbour's where possible."""
    tolerance = 2 / SCALE if len(areas) < 500 else 10 / SCALE
    return {
        "facility": [
            facility_position[tier, name]
            for tier, name in zip(areas["tier"], areas["facility_id"], strict=True)
        ],
        "tint": _tints(areas),
        "rings": rings(areas.geometry, tolerance),
    }


def _tints(areas: gpd.GeoDataFrame) -> list[int]:
    """Greedy colouring of the areas of each tier, at most :data:`AREA_TINTS` tints."""
    shapes = np.asarray(areas.geometry.array)
    tiers = areas["tier"].to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    neighbours: list[list[int]] = [[] for _ in shapes]
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if a != b and tiers[a] == tiers[b]:
            neighbours[a].append(b)
    tint = [-1] * len(shapes)
    for k in range(len(shapes)):
        taken = [tint[other] for other in neighbours[k]]
        tint[k] = min(range(AREA_TINTS), key=taken.count)
    return tint


def _districts(districts: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    rows = []
    outlines = rings(districts.geometry, 5 / SCALE)
    names = _texts(districts["name"])
    for name, shape, lines in zip(names, districts.geometry, outlines, strict=True):
        if shape is None or shape.is_empty:
            continue
        label = shape.representative_point()
        x, y = whole(np.array([label.x, label.y]))
        rows.append({"name": name, "rings": lines, "label": [x, y]})
    return rows


def _exclusions(exclusions: gpd.GeoDataFrame) -> dict[str, Any]:
    """Shapes by kind; polygons are filled, lines are drawn."""
    kinds: dict[str, Any] = {}
    shapes = exclusions.geometry
    outlines = rings(shapes, 5 / SCALE)
    for kind, shape, lines in zip(_texts(exclusions["kind"]), shapes, outlines, strict=True):
        if shape is None or shape.is_empty:
            continue
        entry = kinds.setdefault(kind, {"polygons": [], "lines": []})
        entry["lines" if "Line" in shape.geom_type else "polygons"].append(lines)
    return kinds


def _texts(values: Iterable[Any]) -> list[str]:
    return [
        "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)
        for value in values
    ]


def _rounded(values: Iterable[Any], decimals: int = 2) -> list[float | None]:
    return [round(float(value), decimals) if wording.is_number(value) else None for value in values]


def _integers(values: Iterable[Any]) -> list[int | None]:
    return [round(float(value)) if wording.is_number(value) else None for value in values]


def script_json(data: Mapping[str, Any]) -> str:
    """JSON that may stand inside ``<script>``: no ``<``, ``>``, ``&`` or line separator is left.

    Raises
    ------
    ValueError
        For a NaN or an infinite number, which JSON does not have.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = re.sub("[<>&\u2028\u2029\x7f]", lambda found: f"\\u{ord(found[0]):04x}", text)
    # Half of a surrogate pair cannot be written as UTF-8.
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def finite_bounds(data: Mapping[str, Any]) -> list[list[float]] | None:
    """South-west and north-east corner of everything planned, degrees; None if nothing is."""
    x = [*data["points"]["x"]]
    y = [*data["points"]["y"]]
    for stream in data["streams"]:
        x += stream["facilities"]["x"]
        y += stream["facilities"]["y"]
    for district in data["districts"]:
        for ring in district["rings"]:
            corners = np.cumsum(np.array(ring).reshape(-1, 2), axis=0)
            x += [int(corners[:, 0].min()), int(corners[:, 0].max())]
            y += [int(corners[:, 1].min()), int(corners[:, 1].max())]
    if not x or not all(map(math.isfinite, x + y)):
        return None
    return [[min(y) / SCALE, min(x) / SCALE], [max(y) / SCALE, max(x) / SCALE]]

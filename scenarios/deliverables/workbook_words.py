"""What the sheets share: the plan in one language, its tiers, distances and villages' places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geodata.faults import N_
from scenarios import wording
from scenarios.deliverables.workbook_sheet import Cell, Column
from scenarios.plan import Plan, StreamPlan
from scenarios.schema import Evidence, Tier

PROBLEM_NAMES: Mapping[str, str] = {
    "set_cover": N_("fewest sites that cover every point (set cover)"),
    "maximal_cover": N_("most covered with a given number of sites (maximal cover)"),
    "p_median": N_("shortest total distance with a given number of sites (p-median)"),
    "p_centre": N_("shortest longest distance with a given number of sites (p-centre)"),
    "capacitated_location": N_("least annual cost at the capacities (capacitated location)"),
}
"""What a tier's model looks for."""

STRENGTH_NAMES: Mapping[str, str] = {
    "must": N_("binding"),
    "in_principle": N_("in principle"),
    "encouraged": N_("encouraged"),
    "on_demand": N_("on demand"),
}
"""How binding a text's wording is."""

PLANNING_ASSUMPTION = frozenset({Evidence.RECALLED, Evidence.ASSUMED})
"""Evidence that is no clause of any text: 规划取值（非规范条文）."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A plan to be told in one language."""

    plan: Plan
    lang: str

    @cached_property
    def translate(self) -> Callable[[str], str]:
        """English sentence -> the language."""
        return wording.translator(self.lang)

    def stream_name(self, stream: StreamPlan) -> str:
        """The stream as a reader knows it."""
        return stream.profile.name.in_language(self.lang)

    def tier_name(self, tier: Tier) -> str:
        """The tier as a reader knows it."""
        return tier.name.in_language(self.lang)

    def joined(self, parts: list[str]) -> str:
        """A list in a sentence."""
        return wording.joined(parts, self.lang)

    def metric_name(self, tier: Tier, measured: str = "") -> str:
        """How a distance was measured; the tier's own way where the row does not say."""
        metric = measured or tier.metric.value
        words = self.translate(wording.METRIC_NAMES.get(metric, metric))
        return f"{words} {tier.circuity:g}" if metric == "straight" else words

    def distance(self, value: object, unit: str) -> Cell:
        """Kilometres as a number, a travel time in words."""
        if not wording.is_number(value):
            return None
        if unit == "s":
            return wording.impedance(value, unit, self.lang)
        return float(value) / 1000  # type: ignore[arg-type]  # seen by is_number

    def yes_no(self, value: object) -> Cell:
        """Yes, no, or nothing where it is not known."""
        if value is None or pd.isna(value):  # type: ignore[call-overload]  # a scalar of a table
            return None
        return self.translate(N_("yes") if value else N_("no"))

    def evidence(self, evidence: Evidence) -> str:
        """How well a number is known; a planning assumption says so."""
        words = self.translate(wording.EVIDENCE_NAMES[evidence.value])
        assumption = self.translate(wording.EVIDENCE_NAMES[Evidence.RECALLED.value])
        if evidence is Evidence.ASSUMED:
            return f"{assumption} · {words}"
        return words

    @cached_property
    def nearest_village(self) -> Callable[[float, float, str], str]:
        """``(lon, lat, township)`` -> name of the nearest village of that township, "" if none."""
        tables = [
            stream.demand[["id", "name", "district", "geometry"]]
            for stream in self.plan.streams.values()
            if stream.profile.demand.layer == "villages"
        ]
        if not tables:
            return lambda _lon, _lat, _district: ""
        villages = pd.concat(tables).drop_duplicates("id")
        shrink = np.cos(np.deg2rad(villages["geometry"].y.mean()))
        trees = {
            district: (
                cKDTree(np.column_stack([rows["geometry"].x * shrink, rows["geometry"].y])),
                rows["name"].to_numpy(object),
            )
            for district, rows in villages.groupby("district")
        }

        def find(lon: float, lat: float, district: str) -> str:
            if district not in trees:
                return ""
            tree, names = trees[district]
            return str(names[tree.query((lon * shrink, lat))[1]])

        return find


def tier_columns(subject: Subject, *columns: Column) -> tuple[Column, ...]:
    """Headings of a block whose rows are of a tier: its stream, its name, then ``columns``."""
    _ = subject.translate
    return (Column(_("Stream"), width=20), Column(_("Type / level"), width=20), *columns)


def tier_units(stream: StreamPlan) -> dict[str, str]:
    """Unit of the impedance of each tier: "m" or "s"."""
    pairs = stream.assignments[["tier", "unit"]].drop_duplicates("tier")
    return dict(zip(pairs["tier"], pairs["unit"], strict=True))


def tier_by_id(stream: StreamPlan) -> dict[str, Tier]:
    """Tiers of a stream."""
    return {tier.id: tier for tier in stream.profile.tiers}


def text_or_blank(value: object) -> str:
    """Text of a table's cell; "" where it is null."""
    return value if isinstance(value, str) else ""


def share(part: float, whole: float) -> float | None:
    """A fraction; None where there is nothing to divide by."""
    return part / whole if whole else None

"""Figures of a plan that an indicator is about, read from what ``plan.json`` holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geodata.faults import N_
from scenarios.document import Measure

FORMULAS: Mapping[str, str] = {
    "served_points": N_("points assigned to an open site / all points of the layer"),
    "served_population": N_("people of the points served / people of all points"),
    "served_tonnes": N_("tonnes a year of the points served / tonnes a year of all points"),
    "within_radius": N_(
        "points whose site is within its tier's radius, as the tier measures it / points "
        "whose tier promises one"
    ),
    "population_within_radius": N_(
        "people of the points within the radius / people of points whose tier promises one"
    ),
    "districts_with_site": N_("townships with an open site of the tier / all townships meant"),
    "sites": N_("open sites of the tier"),
    "capacity_t_per_yr": N_("capacity of the tier's open sites, 10,000 t/yr"),
    "throughput_t_per_yr": N_("tonnes that the tier's open sites handle, 10,000 t/yr"),
    "capacity_share": N_("capacity of the tier's open sites / tonnes a year that arise"),
}
"""What each figure is, so that nobody has to guess its 口径."""

WAN_T = 10_000.0


@dataclass(frozen=True)
class PlanValue:
    """A plan's value for an indicator, in the indicator's unit (%, 万吨, number)."""

    value: float
    measure: Measure
    formula: str

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "value": self.value,
            "stream": self.measure.stream,
            "tier": self.measure.tier,
            "figure": self.measure.figure,
            "role": self.measure.role,
            "formula": self.formula,
        }


def plan_value(measure: Measure, plan: Mapping[str, Any]) -> PlanValue | None:
    """The figure of one stream's plan; None where the plan does not have it.

    Parameters
    ----------
    plan : content of the stream's ``plan.json``
    """
    value = _FIGURES[measure.figure](measure, plan)
    if value is None:
        return None
    return PlanValue(value, measure, FORMULAS[measure.figure])


def plan_in(plan: Mapping[str, Any], year: int | None) -> Mapping[str, Any] | None:
    """A stream's plan as it stands in a year: that of the last phase not after it.

    Parameters
    ----------
    plan : content of the stream's ``plan.json``; one without phases is the plan of every year
    year : None is the last

    Returns
    -------
    The plan with what stands and is served then, and its ``year``; None before the first phase.
    """
    phases: Sequence[Mapping[str, Any]] = plan.get("phases", ())
    if not phases:
        return plan
    until = [one for one in phases if year is None or one["year"] <= year]
    if not until:
        return None
    return {**plan, **{key: until[-1][key] for key in _OF_PHASE}}


_OF_PHASE = ("year", "facilities", "assignments", "unserved", "indicators")


def _indicator(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    return next(
        (one["value"] for one in plan["indicators"] if one["id"] == measure.figure),
        None,
    )


def _open(measure: Measure, plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tier = _tier(measure, plan)
    return [one for one in plan["facilities"] if one["tier"] == tier]


def _tier(measure: Measure, plan: Mapping[str, Any]) -> str:
    """The tier that is named, else the first one that serves the demand itself."""
    tiers: Sequence[Mapping[str, Any]] = plan["tiers"]
    return measure.tier or next((str(one["id"]) for one in tiers if one["serves"] == "demand"), "")


def _sites(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    return float(len(_open(measure, plan)))


def _sum(measure: Measure, plan: Mapping[str, Any], column: str) -> float | None:
    """Over the open sites; None where one of them is without a figure."""
    values = [one[column] for one in _open(measure, plan)]
    return None if any(value is None for value in values) else float(sum(values))


def _capacity(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    total = _sum(measure, plan, "capacity")
    return None if total is None else total / WAN_T


def _throughput(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    total = _sum(measure, plan, "throughput")
    return None if total is None else total / WAN_T


def _assessed(measure: Measure, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    tier = _tier(measure, plan)
    tiers = plan["assessment"].get("tiers", ())
    shortfall: Mapping[str, Any] = next(
        (one["shortfall"] for one in tiers if one["tier"] == tier), {}
    )
    return shortfall


def _capacity_share(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    capacity = _sum(measure, plan, "capacity")
    arising = _assessed(measure, plan).get("demand_t_per_yr")
    if capacity is None or not arising:
        return None
    return 100.0 * capacity / (float(arising) * _growth(plan))


def _growth(plan: Mapping[str, Any]) -> float:
    """Tonnes of the phase's year / tonnes of today; 1 where the plan is of one year only."""
    if "year" not in plan:
        return 1.0
    then = sum(
        one["tonnes"] or 0.0
        for one in (*plan["assignments"], *plan["unserved"])
        if one.get("from_tier", "demand") == "demand"
    )
    first = next((str(one["id"]) for one in plan["tiers"] if one["serves"] == "demand"), "")
    today = next(
        (
            one["shortfall"].get("demand_t_per_yr")
            for one in plan["assessment"].get("tiers", ())
            if one["tier"] == first
        ),
        None,
    )
    return float(then / today) if today and then else 1.0


def _districts(measure: Measure, plan: Mapping[str, Any]) -> float | None:
    """Of the townships that the tier's quota means; None where no quota names any."""
    quotas = _assessed(measure, plan).get("quotas", ())
    meant = {row["name"] for row in quotas if row["per"] == "district"}
    if not meant:
        return None
    having = {one["district"] for one in _open(measure, plan)}
    return 100.0 * len(meant & having) / len(meant)


_FIGURES: Mapping[str, Callable[[Measure, Mapping[str, Any]], float | None]] = {
    "served_points": _indicator,
    "served_population": _indicator,
    "served_tonnes": _indicator,
    "within_radius": _indicator,
    "population_within_radius": _indicator,
    "districts_with_site": _districts,
    "sites": _sites,
    "capacity_t_per_yr": _capacity,
    "throughput_t_per_yr": _throughput,
    "capacity_share": _capacity_share,
}
